"""The report of the data, of made-up findings: what is told, where, and what is left out."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from segmentation.data import Customers, Finding
from segmentation.evaluation import ClusteringTendency
from segmentation.profiling import Suggestion, associate, describe_columns
from segmentation.report import DataSummary, data_page, data_text

NATURAL = ClusteringTendency("natural", "There are gaps.", rows=40, columns=2)
CUT = ClusteringTendency("constructive", "There are none.", rows=40, columns=2)
TYPED = Suggestion("apart", ("year",), "1893 stands apart.", "Look whether it is an error.", "scaler=robust")
DONE = Suggestion("skewed", ("a", "b"), "Long tails.", "Take logarithms.", "features.plain=[a]", True)
PICTURES = (
    "structure",
    "distributions",
    "distributions_2",
    "missing_values",
    "outliers",
    "associations",
    "correlations",
    "pair_relations",
    "scalers",
)

# The variances are 1 and a third.
SCALED = np.tile([0.0, 2.0], 20)[:, None] * [1, 3**-0.5]
TABLE = pd.DataFrame({"year": [12_345.6, *range(1951, 1990)], "plan": ["<b>", "b" * 50] * 20})
SUMMARY = DataSummary(
    Customers(TABLE, "shop", {}, (), "ab12"),
    describe_columns(TABLE),
    associate(TABLE),
    (TYPED, DONE),
    NATURAL,
    None,
    ("year", "age"),
    {"standard": SCALED},
)


@pytest.fixture
def told(png: bytes) -> Callable[..., str]:
    """The page of a summary, changed as asked."""

    def made(*extra: str, config: str = "", **changed: Any) -> str:
        pictures = dict.fromkeys((*PICTURES, *extra), png)
        return data_page(replace(SUMMARY, **changed), pictures, "segment explore", "segment sweep", config)

    return made


def test_the_verdict_and_what_to_do_come_first(told: Callable[..., str]) -> None:
    page = told()
    assert (
        "40 customers, 2 columns. There are gaps. 1 suggestion before clustering. "
        "A sweep prepares columns in 1 way by itself."
    ) in page
    order = [
        "What to do",
        "A value far from all others: year",
        "1893 stands apart.",
        "scaler=robust",
        "Skewed",
        "To do otherwise",
        "features.plain=[a]",
        "segment sweep",
        "Are there segments?",
        "All features as configured, standard-scaled (2 columns): natural. There are gaps.",
        "What columns tell of each other",
        "What scalers do",
        "ab12",
        "segment explore",
    ]
    body = page[page.index("<main") :]
    places = [body.index(text) for text in order]
    assert places == sorted(places)
    assert "Config" not in page
    assert "seed: 3" in told(config="seed: 3")


def test_every_picture_is_shown_once(told: Callable[..., str]) -> None:
    page = told()
    assert page.count("data:image/png;base64") == len(PICTURES)
    assert "Outliers of shop" in page
    without = told(scaled={})
    assert without.count("data:image/png;base64") == len(PICTURES) - 1
    assert "What scalers do" not in without


def test_a_verdict_that_the_preparation_changes_is_told(told: Callable[..., str]) -> None:
    page = told("structure_suggested", prepared_verdict=CUT)
    assert "Prepared as a sweep does it, the verdict is &#39;constructive&#39;." in page
    assert "The two answers differ" in page
    assert "The same, prepared as a sweep does it (2 columns): constructive. There are none." in page
    same = told("structure_suggested", prepared_verdict=NATURAL)
    assert "The two answers differ" not in same
    assert "the verdict is" not in same


def test_samples_are_called_so(told: Callable[..., str]) -> None:
    whole = told()
    assert "ample of" not in whole
    sampled = told(verdict=replace(NATURAL, rows=30), scaled={"standard": SCALED[:20]})
    assert "A sample of 30 of 40 customers was looked at." in sampled
    assert "Under each scaler, of a sample of 20 of 40 customers:" in sampled


def test_figures_are_readable_and_long_texts_are_cut(told: Callable[..., str]) -> None:
    page = told()
    # A year has no comma, an amount has.
    assert "1951" in page
    assert "12,345.6" in page
    # Shares are percentages, of the commonest level and of what a scaler makes.
    assert all(share in page for share in ("50%", "0.0%", "75.0%"))
    assert "&lt;b&gt;" in page
    long = describe_columns(pd.DataFrame({"plan": ["b" * 50]}))
    assert f">{'b' * 39}\N{HORIZONTAL ELLIPSIS}<" in told(columns=long)


def test_of_many_columns_the_report_says_how_many_are_shown(told: Callable[..., str]) -> None:
    many = describe_columns(pd.DataFrame({f"c{i}": [1.0, 2.0] for i in range(120)}))
    page = told(columns=many)
    assert "(of the first 100 of 120 columns)" in page
    assert "c99" in page
    assert "c100" not in page
    assert "The first 48 of 120 columns are drawn." in page
    assert "columns are drawn" not in told()


def test_what_reading_met_is_told(told: Callable[..., str]) -> None:
    assert "Reading found nothing to repair or to tell." in told()
    found = Finding("duplicate_rows", None, 2, "repaired", "2 rows repeat others.")
    page = told(customers=replace(SUMMARY.customers, findings=(found,)))
    assert "2 rows repeat others." in page


def test_data_without_numbers_has_nothing_to_look_for_gaps_in(told: Callable[..., str]) -> None:
    nothing: dict[str, Any] = {"verdict": None, "suggestions": (), "scaled": {}}
    page = told(**nothing)
    assert "No column of numbers tells customers apart. Nothing needs to be done before clustering." in page
    assert "nothing to look for gaps in" in page
    said = data_text(replace(SUMMARY, **nothing))
    assert "Tendency" not in said
    assert "Suggestions" not in said


def test_the_terminal_says_the_same() -> None:
    said = data_text(replace(SUMMARY, prepared_verdict=CUT)).splitlines()
    assert said[0] == "40 customers, 2 columns"
    assert "Tendency: natural. There are gaps." in said
    assert "As a sweep prepares it: constructive. There are none." in said
    at = said.index("Suggestions")
    assert said[at + 1 :] == [
        "  A value far from all others: 1893 stands apart. Look whether it is an error.",
        "    scaler=robust",
        "  Skewed: Long tails. Take logarithms.",
        "    otherwise: features.plain=[a]",
    ]
