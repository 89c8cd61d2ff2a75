import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation.features import values_apart
from segmentation.profiling import describe_columns


def test_outliers_and_skewness_are_measured():
    table = describe_columns(pd.DataFrame({"x": [1.0, 2, 3, 4, 100], "city": ["a", "a", "b", None, "c"]}))
    assert table.loc["x", "outliers"] == 1
    assert table.loc["x", "skewness"] == pytest.approx(pd.Series([1.0, 2, 3, 4, 100]).skew())
    assert table.loc["city", ["type", "missing", "distinct", "commonest", "share"]].tolist() == [
        "category",
        1,
        3,
        "a",
        0.5,
    ]


def test_a_column_without_any_value_is_described():
    table = describe_columns(pd.DataFrame({"x": [np.nan, np.nan], "y": pd.Series([None, None], dtype="str")}))
    assert table["missing"].tolist() == [2, 2]
    assert table["distinct"].tolist() == [0, 0]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50))
def test_few_values_stand_apart_and_only_at_the_ends(values):
    below, above = values_apart(np.array(values))
    assert len(below) <= 1
    assert len(above) <= 1
    inner = np.sort(values)[len(below) : len(values) - len(above)]
    assert all(below < inner.min())
    assert all(above > inner.max())


def test_a_long_tail_does_not_stand_apart_but_a_lone_value_beyond_it_does():
    spend = np.random.default_rng(0).lognormal(4, 1, 2_000)
    assert [len(side) for side in values_apart(spend)] == [0, 0]
    assert values_apart(np.append(spend, 1e7))[1].tolist() == [1e7]
    years = np.append(np.random.default_rng(0).normal(1970, 12, 2_000), [1893, 1899])
    assert values_apart(years)[0].tolist() == [1893, 1899]
