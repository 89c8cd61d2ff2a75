import numpy as np
import pandas as pd
import pytest
from artists import (
    bars,
    beside,
    cell_texts,
    color_bar,
    heat_map,
    legend,
    panels,
    points,
    points_by_color,
    texts,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes

from segmentation.errors import InputError
from segmentation.plots import (
    correlations,
    distributions,
    missing_values,
    outliers,
    pair_relations,
    segment_color,
)
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


@settings(max_examples=60)
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


def test_missing_shares_are_bars_with_the_emptiest_column_on_top():
    figure = missing_values(TABLE)

    (axes,) = panels(figure)
    assert list(bars(axes).items()) == [("Age", 50), ("Gender", 25)]
    assert beside(axes) == {"Age": "2", "Gender": "1"}
    assert "1 of 3 columns are complete" in texts(figure)
    assert "No value is missing in 4 rows and 1 columns." in texts(missing_values(TABLE[["income"]]))


def test_distributions_are_counts_of_bins_and_of_levels():
    table = pd.DataFrame({"age": [1.0, 1, 1, 3, np.nan], "city": ["b", "b", "b", "a", None]})

    age, city = panels(distributions(table, {"age": "years"}))

    (histogram,) = age.containers
    assert [(b.get_x(), b.get_width(), b.get_height()) for b in histogram] == [
        (0.5, 1, 3),
        (1.5, 1, 0),
        (2.5, 1, 1),
    ]
    assert (age.get_xlabel(), age.get_ylabel()) == ("Age (years)", "Customers")
    assert list(bars(city).items()) == [("b", 3), ("a", 1)]
    assert (city.get_xlabel(), city.get_ylabel()) == ("Customers", "City")
    assert [t.get_text() for axes in (age, city) for t in axes.texts] == ["1 missing"] * 2


def test_pairs_lie_below_the_diagonal_with_their_correlation_above():
    table = pd.DataFrame({"a": [0.0, 1, 2, 3], "b": [9.0, 7, 8, 4]})
    labels = [0, 0, 1, -1]

    figure = pair_relations(table, {"b": "k$"}, labels)

    corner, above, below, last = figure.findobj(Axes)
    assert points_by_color(below) == {
        segment_color(0): [(0, 9), (1, 7)],
        segment_color(1): [(2, 8)],
        segment_color(-1): [(3, 4)],
    }
    assert (below.get_xlabel(), below.get_ylabel()) == ("A", r"B (k\$)")
    assert (last.get_xlabel(), corner.get_ylabel()) == (r"B (k\$)", "Customers")
    assert texts(above) == ["-0.80"]
    # Segments are stacked; what is on top of the last one counts all.
    for axes, column in ((corner, "a"), (last, "b")):
        counts, edges, _ = axes.patches[-1].get_data()
        assert counts.tolist() == np.histogram(table[column], edges)[0].tolist()
        assert axes.patches[0].get_data()[0].sum() == 2
    assert list(legend(figure)) == ["Segment 0 (2)", "Segment 1 (1)", "Noise (1)"]


def test_each_correlation_stands_in_its_row_and_column():
    table = pd.DataFrame({"a": [1.0, 2, 3, 4], "b": [1.0, 10, 1000, 100], "c": 5.0, "d": [4.0, 3, 2, 1]})

    figure = correlations(table)

    (axes,) = panels(figure)
    found, written = heat_map(axes), cell_texts(axes)
    assert list(found) == list(found.index) == ["A", "B", "C", "D"]
    assert (found.loc["A", "B"], found.loc["A", "D"], found.loc["D", "B"]) == (0.8, -1, -0.8)
    assert found["C"].isna().all()
    assert (written["A", "B"], written["D", "B"]) == ("0.80", "-0.80")
    # Blue for opposite, red for alike.
    low, high, least, most = color_bar(figure)
    assert (low, high) == (-1, 1)
    assert (least, most) == ("#053061", "#67001f")


def test_boxes_lie_around_their_medians_with_outliers_beyond_the_whiskers():
    usual = [1.0, 2, 3, 4, 5] * 2
    table = pd.DataFrame({"flat": usual, "far": [*usual[:-1], 8]})

    (axes,) = panels(outliers(table, {"far": "k$"}))

    # In interquartile ranges (here 2) from the median (here 3).
    boxes = [patch.get_path().vertices[:4].tolist() for patch in axes.patches]
    assert [{x for x, _ in box} for box in boxes] == [{-0.5, 0.5}, {-0.5, 0.5}]
    lines = [points(artist, down=True) for artist in axes.lines]
    for row in (0, 1):
        assert [(0.5, row), (1, row)] in lines
        assert [(-0.5, row), (-1, row)] in lines
        assert [(0, row - 0.275), (0, row + 0.275)] in lines
    assert [points(a, down=True) for a in axes.lines if a.get_marker() == "o"] == [[], [(2.5, 1)]]
    assert beside(axes) == {"Flat": "0", r"Far (k\$)": "1 (10.0%)"}
