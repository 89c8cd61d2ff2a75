import numpy as np
import pandas as pd
import pytest

from segmentation import plots
from segmentation.errors import InputError
from segmentation.plots._data import association_info, scaler_info

RANDOM = np.random.default_rng(0)
START = RANDOM.bit_generator.state


@pytest.fixture(autouse=True)
def _the_same_draws():
    """Whatever ran before in this process."""
    RANDOM.bit_generator.state = START


def matrix(n: int) -> pd.DataFrame:
    values = RANDOM.uniform(0, 0.5, (n, n))
    values = np.maximum(values, values.T)
    np.fill_diagonal(values, 1)
    names = [f"c{i}" for i in range(n)]
    return pd.DataFrame(values, names, names)


def test_numbers_come_first_and_the_strongest_of_many_are_taken():
    m = matrix(50)
    m.loc["c40", "c41"] = m.loc["c41", "c40"] = 0.9
    info = association_info(m, [f"c{i}" for i in range(1, 50, 2)])
    assert len(info.columns) == 30
    assert {"c40", "c41"} <= set(info.columns)
    odd = [int(name[1:]) % 2 for name in info.columns]
    assert odd == sorted(odd, reverse=True)
    assert info.n_numeric == sum(odd)


def test_constants_are_not_drawn():
    m = matrix(4)
    m.loc["c2"] = m["c2"] = np.nan
    assert association_info(m, list(m)).columns == ("c0", "c1", "c3")


def test_rows_that_are_not_the_columns_are_refused():
    with pytest.raises(InputError, match="same columns as rows"):
        plots.associations(matrix(3).iloc[:2], [])


def test_the_most_skewed_features_are_drawn_and_those_of_two_values_last():
    X = np.column_stack([RANDOM.normal(size=100), RANDOM.lognormal(size=(100, 5)), np.arange(100) == 0])
    names = ["normal", *(f"spend{i}" for i in range(5)), "flag"]
    assert scaler_info({"none": X, "half": X / 2}, names).features == tuple(f"spend{i}" for i in range(5))
    with pytest.raises(InputError, match="every scaler must give"):
        plots.scaler_preview({"none": X, "half": X[:, :2]}, names)


@pytest.mark.parametrize("n", [0, 1, 2, 12, 40])
def test_pictures_of_any_size_are_made(n):
    assert plots.to_png(plots.associations(matrix(n), [f"c{i}" for i in range(n // 2)]))
    X = RANDOM.normal(size=(50, n))
    assert plots.to_png(plots.scaler_preview({"none": X, "standard": X}, [f"$c_{i}" for i in range(n)]))
