import numpy as np
import pandas as pd
import pytest
from artists import cell_texts, color_bar, drawn, heat_map, panels, texts

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


def test_each_association_stands_in_its_row_and_column_with_the_numbers_first():
    m = pd.DataFrame(
        [[1, 0.2, 0.7], [0.2, 1, np.nan], [0.7, np.nan, 1]],
        ["city", "age", "income"],
        ["city", "age", "income"],
    )

    figure = plots.associations(m, ["age", "income"])

    (axes,) = panels(figure)
    names = ["Age", "Income", "City"]
    expected = pd.DataFrame([[1, np.nan, 0.2], [np.nan, 1, 0.7], [0.2, 0.7, 1]], names, names)
    pd.testing.assert_frame_equal(heat_map(axes), expected)
    assert cell_texts(axes)["Income", "City"] == cell_texts(axes)["City", "Income"] == "0.70"
    assert ("Age", "Income") not in cell_texts(axes)
    # From white for nothing to dark blue for all.
    assert color_bar(figure) == (0, 1, "#f7fbff", "#08306b")
    # Two lines between the numbers and the categories.
    assert [(set(a.get_xdata()), set(a.get_ydata())) for a in axes.lines] == [
        ({0, 1}, {1.5}),
        ({1.5}, {0, 1}),
    ]


def test_each_scaler_has_a_column_of_histograms_and_each_feature_a_row():
    X = np.array([[0, 5.0], [0, 6], [0, 7], [1, 8], [4, 9]])

    figure = plots.scaler_preview({"none": X, "half": X / 2, "turned": -X}, ["spend", "age"])

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
def test_pictures_of_any_size_are_made(n):
    said = texts(drawn(plots.associations(matrix(n), [f"c{i}" for i in range(n // 2)])))
    assert n or "Two columns that vary are needed, and there are 0." in said
    X = RANDOM.normal(size=(50, n))
    names = [f"$c_{i}" for i in range(n)]
    said = texts(drawn(plots.scaler_preview({"none": X, "standard": X}, names)))
    assert n or "Nothing to draw: 2 scalers, 0 features." in said


def test_long_names_of_many_columns_are_not_cut_at_the_edge():
    columns = [f"a_rather_long_column_name_{i}" for i in range(30)]
    table = pd.DataFrame(np.random.default_rng(0).normal(50, 9, (60, 30)), columns=columns)

    figure = plots.associations(table.corr("spearman").abs(), columns[:15])

    # Whoever shows a figure again lays it out again.
    drawn(figure)
    drawn(figure, dpi=110)
