import numpy as np
import pandas as pd
import pytest
from artists import bars, beside, drawn, panels, points, texts
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation.errors import InputError
from segmentation.plots import distributions, missing_values, outliers, scaler_preview
from segmentation.plots._columns import MAX_BINS, bin_edges
from segmentation.plots._distributions import box_info, distribution_info, missing_info, scaler_info

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


def test_outliers_lie_beyond_one_and_a_half_ranges():
    box = box_info("x", np.array([*range(1, 12), 100.0, np.nan]))

    assert box.n == 12
    assert len(box.outside) == 1
    assert box.quartiles[2] - box.quartiles[0] == pytest.approx(1)
    assert box.whiskers[1] == pytest.approx((11 - 6.5) / 5.5)


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


def test_the_most_skewed_features_are_drawn_and_those_of_two_values_last():
    random = np.random.default_rng(0)
    X = np.column_stack([random.normal(size=100), random.lognormal(size=(100, 5)), np.arange(100) == 0])
    names = ["normal", *(f"spend{i}" for i in range(5)), "flag"]
    assert scaler_info({"none": X, "half": X / 2}, names).features == tuple(f"spend{i}" for i in range(5))
    with pytest.raises(InputError, match="every scaler must give"):
        scaler_preview({"none": X, "half": X[:, :2]}, names)


def test_each_scaler_has_a_column_of_histograms_and_each_feature_a_row():
    X = np.array([[0, 5.0], [0, 6], [0, 7], [1, 8], [4, 9]])

    figure = scaler_preview({"none": X, "half": X / 2, "turned": -X}, ["spend", "age"])

    grid = np.array(panels(figure), dtype=object).reshape(2, 3)
    assert [axes.get_title() for axes in grid[0]] == ["None", "Half", "Turned"]
    assert [axes.get_ylabel() for axes in grid[:, 0]] == ["Spend", "Age"]
    for row, column in np.ndindex(grid.shape):
        (steps,) = grid[row, column].patches
        counts, edges, baseline = steps.get_data()
        values = (X[:, row], X[:, row] / 2, -X[:, row])[column]
        assert baseline == 0
        assert (edges[0], edges[-1]) == pytest.approx((values.min(), values.max()), abs=0.5)
        assert counts.tolist() == np.histogram(values, edges)[0].tolist()
        assert np.diff(grid[row, column].get_xlim()) > 0


@pytest.mark.parametrize("n", [0, 1, 2, 12, 40])
def test_scalers_of_any_number_of_features_are_drawn(n):
    X = np.random.default_rng(0).normal(size=(50, n))
    names = [f"$c_{i}" for i in range(n)]
    said = texts(drawn(scaler_preview({"none": X, "standard": X}, names)))
    assert n or "Nothing to draw: 2 scalers, 0 features." in said
