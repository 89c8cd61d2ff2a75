import numpy as np
import pandas as pd
import pytest
from artists import cell_texts, color_bar, drawn, heat_map, legend, panels, points_by_color, texts
from matplotlib.axes import Axes

from segmentation.errors import InputError
from segmentation.plots import associations, correlations, pair_relations, segment_color
from segmentation.plots._relations import association_info, correlation_info, pairs_info

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
        associations(matrix(3).iloc[:2], [])


def test_each_association_stands_in_its_row_and_column_with_the_numbers_first():
    m = pd.DataFrame(
        [[1, 0.2, 0.7], [0.2, 1, np.nan], [0.7, np.nan, 1]],
        ["city", "age", "income"],
        ["city", "age", "income"],
    )

    figure = associations(m, ["age", "income"])

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


@pytest.mark.parametrize("n", [0, 1, 2, 12, 40])
def test_pictures_of_any_size_are_made(n):
    said = texts(drawn(associations(matrix(n), [f"c{i}" for i in range(n // 2)])))
    assert n or "Two columns that vary are needed, and there are 0." in said


def test_long_names_of_many_columns_are_not_cut_at_the_edge():
    columns = [f"a_rather_long_column_name_{i}" for i in range(30)]
    table = pd.DataFrame(np.random.default_rng(0).normal(50, 9, (60, 30)), columns=columns)

    figure = associations(table.corr("spearman").abs(), columns[:15])

    # Whoever shows a figure again lays it out again.
    drawn(figure)
    drawn(figure, dpi=110)


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

    assert info.strength[0, 1] == pytest.approx(1)
    assert info.strength[0, 3] == pytest.approx(-1)
    assert np.isnan(info.strength[2]).all()


def test_labels_must_fit_the_customers():
    table = pd.DataFrame({"income": [1.0, 2.0, 3.0, 4.0]})
    with pytest.raises(InputError, match="3 labels for 4 customers"):
        pair_relations(table, {}, [0, 1, 0])
    with pytest.raises(InputError, match="whole numbers"):
        pair_relations(table, {}, [0, 1, 0.5, 1])


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
