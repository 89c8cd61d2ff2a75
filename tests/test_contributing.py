"""What CONTRIBUTING.md says is true: its functions and files exist, and its example works."""

import re
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import segmentation as sg

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
FUNCTIONS = re.findall(r"(?m)^(segmentation\.\S+) ", TEXT)
PATHS = re.findall(r"`((?:src|tests|conf)/[^`<]*)`", TEXT)
(EXAMPLE,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def found(name: str) -> object:
    """What a dotted name stands for: modules first, then attributes."""
    words = name.split(".")
    for length in range(len(words), 0, -1):
        try:
            place = import_module(".".join(words[:length]))
        except ModuleNotFoundError:
            continue
        for word in words[length:]:
            place = getattr(place, word)
        return place
    raise ModuleNotFoundError(name)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_step_of_the_way_of_the_data_exists(name: str) -> None:
    assert callable(found(name))


@pytest.mark.parametrize("path", PATHS)
def test_each_place_where_something_is_added_exists(path: str) -> None:
    assert (ROOT / path).exists()


def test_the_drawing_and_the_table_are_read() -> None:
    assert len(FUNCTIONS) >= 8
    assert len(PATHS) >= 12


def test_the_example_of_an_algorithm_fits_and_scores_new_customers() -> None:
    made: dict[str, type] = {"__name__": "example"}
    exec(EXAMPLE, made)
    algorithm = made["AffinityPropagation"](damping=0.7, random_state=0)
    customers = sg.Demo(n_customers=120).read()

    result = sg.fit(customers, ["annual_income", "spending_score"], algorithm)

    assert result.scores.n_segments > 2
    assigned = result.model.assign(customers.table)["segment"]
    assert np.array_equal(assigned, result.labels)
