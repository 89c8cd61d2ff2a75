import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation.errors import InputError
from segmentation.plots import pair_relations
from segmentation.plots._explore import (
    MAX_BINS,
    bin_edges,
    box_info,
    correlation_info,
    distribution_info,
    missing_info,
    pairs_info,
)

TABLE = pd.DataFrame(
    {
        "gender": ["Female", "Male", None, "Female"],
        "age": [20.0, np.nan, np.nan, 40.0],
        "income": [1.0, 2.0, 3.0, 4.0],
    }
)


def test_missing_values_are_counted_the_emptiest_column_first():
    info = missing_info(TABLE)

    assert info.columns == ("age", "gender")
    assert info.counts == (2, 1)
    assert (info.n_rows, info.n_columns) == (4, 3)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(width=64), max_size=60))
def test_every_number_is_in_a_bin_or_said_to_be_missing(values):
    info = distribution_info("x", pd.Series(values, dtype=float))

    assert info.counts.sum() + info.n_missing == len(values)
    assert len(info.counts) <= MAX_BINS


def test_few_whole_numbers_get_a_bin_each():
    assert bin_edges(np.array([1.0, 3.0, 3.0, 2.0])).tolist() == [0.5, 1.5, 2.5, 3.5]


def test_levels_are_counted_and_rare_ones_joined():
    values = pd.Series([f"city {i:02}" for i in range(30)] + ["city 07"] * 5 + [None], dtype="str")

    info = distribution_info("city", values)

    assert info.levels[0] == "city 07"
    assert info.counts[0] == 6
    assert info.levels[-1] == "other (18)"
    assert info.counts.sum() == 35
    assert info.n_missing == 1


def test_yes_and_no_are_levels():
    assert distribution_info("home", pd.Series([True, False, True])).levels == ("True", "False")


def test_pairs_skip_what_is_constant_and_take_five_columns():
    table = pd.DataFrame({"same": 1.0, **{f"x{i}": np.arange(10.0) ** (i + 1) for i in range(7)}})

    info = pairs_info(table)

    assert [name for name, _ in info.columns] == ["x0", "x1", "x2", "x3", "x4"]
    assert info.n_numeric == 8
    assert np.allclose(info.rho, 1)


def test_a_sample_of_many_customers_keeps_rows_and_labels_together():
    table = pd.DataFrame({"a": np.arange(12_000.0), "b": np.arange(12_000.0)[::-1]})
    labels = np.arange(12_000) % 7

    info = pairs_info(table, labels)

    assert len(info.labels) == 5_000
    assert info.n_rows == 12_000
    assert (info.columns[0][1] % 7 == info.labels).all()
    (note,) = pair_relations(table, {}, labels).subfigs[0].texts
    assert "5,000 of 12,000 customers drawn" in note.get_text()


def test_correlation_is_spearmans_and_unknown_for_a_constant():
    table = pd.DataFrame({"a": [1.0, 2, 3, 4], "b": [1.0, 10, 100, 1000], "c": 5.0, "d": [4.0, 3, 2, 1]})

    info = correlation_info(table)

    assert info.rho[0, 1] == pytest.approx(1)
    assert info.rho[0, 3] == pytest.approx(-1)
    assert np.isnan(info.rho[2]).all()


def test_outliers_lie_beyond_one_and_a_half_ranges():
    box = box_info("x", np.array([*range(1, 12), 100.0, np.nan]))

    assert box.n == 12
    assert len(box.outside) == 1
    assert box.quartiles[2] - box.quartiles[0] == pytest.approx(1)
    assert box.whiskers[1] == pytest.approx((11 - 6.5) / 5.5)


def test_labels_must_fit_the_customers():
    with pytest.raises(InputError, match="3 labels for 4 customers"):
        pair_relations(TABLE, {}, [0, 1, 0])
    with pytest.raises(InputError, match="whole numbers"):
        pair_relations(TABLE, {}, [0, 1, 0.5, 1])
