from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from artists import (
    NASTY,
    bar_colors,
    bars,
    beside,
    cell_texts,
    color_bar,
    drawn,
    heat_map,
    legend,
    line,
    panels,
    points,
    points_by_color,
    texts,
    ticks,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from segmentation import plots
from segmentation.errors import InputError
from segmentation.plots._effects import composition_info, effects_info
from segmentation.plots._life import BANDS, drift_info, flow_table, share_info
from segmentation.plots._market import bubbles_info
from segmentation.plots._separation import boxes_info, separation_info
from segmentation.plots._surrogate import surrogate_info


@dataclass(frozen=True)
class Node:
    text: str
    segment: int
    customers: int
    purity: float = 0.9
    children: tuple["Node", ...] = ()


def numbers_of(labels, columns, role="feature", seed=0):
    rng = np.random.default_rng(seed)
    rows = [(s, c, role, rng.uniform(0, 99), rng.normal()) for s in labels for c in columns]
    return pd.DataFrame(rows, columns=["segment", "column", "role", "center", "effect"])


def categories_of(labels, columns, levels, seed=0):
    rng = np.random.default_rng(seed)
    rows = []
    for column in columns:
        shares = rng.dirichlet(np.ones(len(levels)), len(labels))
        for s, own in zip(labels, shares, strict=True):
            for level, share, overall in zip(levels, own, shares.mean(axis=0), strict=True):
                effect = (share - overall) / max(np.sqrt(overall * (1 - overall)), 1e-9)
                rows.append((s, column, "descriptor", level, share, overall, effect))
    return pd.DataFrame(rows, columns=["segment", "column", "role", "level", "share", "overall", "effect"])


def tree_of(n_leaves, segment=0, customers=1000, text=""):
    if n_leaves == 1:
        return Node(text, segment, customers)
    left = n_leaves // 3 or 1
    part = customers * left // n_leaves
    below = (
        tree_of(left, segment, part, "age <= 3"),
        tree_of(n_leaves - left, segment + 1, customers - part, "age > 3"),
    )
    return Node(text, segment, customers, 0.5, below)


def test_variables_mark_a_segment_by_a_quarter():
    numbers = pd.DataFrame(
        {
            "segment": [0, 1, 0, 1],
            "column": ["a", "a", "b", "b"],
            "center": 5.0,
            "effect": [0.3, -0.2, 0.2, -0.26],
        }
    )
    categories = pd.DataFrame(
        {
            "segment": [0, 1],
            "column": "g",
            "role": "descriptor",
            "level": "F",
            "share": [0.8, 0.4],
            "overall": 0.5,
            "effect": [0.6, -0.2],
        }
    )

    info = effects_info(numbers, categories)

    assert [v.title for v in info.variables] == ["A", "B", "G: F"]
    assert [v.marks.tolist() for v in info.variables] == [[True, False], [False, True], [True, False]]
    assert info.variables[2].texts == ("80%", "40%")


def test_of_many_variables_the_features_stay_and_the_strongest_others():
    features, others = [f"f{i}" for i in range(18)], [f"d{i}" for i in range(9)]
    descriptors = numbers_of([0, 1], others, "descriptor").assign(
        effect=[0.0, 0, 0, 0.9, 0, 0, 0, 0.8, 0] * 2
    )

    info = effects_info(pd.concat([descriptors, numbers_of([0, 1], features)]))

    assert [v.title for v in info.variables] == [*(f"F{i}" for i in range(18)), "D3", "D7"]
    assert info.n_variables == 27


def test_of_two_levels_one_is_shown_and_of_many_the_three_that_differ_most():
    levels = [f"l{i}" for i in range(9)] + ["other"]

    assert len(effects_info(numbers_of([0, 1], []), categories_of([0, 1], ["g"], ["x", "y"])).variables) == 1
    many = effects_info(numbers_of([0, 1], []), categories_of([0, 1], ["g"], levels)).variables
    assert len(many) == 3
    assert "G: other" not in [v.title for v in many]


@settings(max_examples=25)
@given(st.integers(1, 30), st.integers(1, 4))
def test_shares_of_a_composition_sum_to_all(n_levels, n_segments):
    table = categories_of(range(n_segments), ["c"], [f"l{i}" for i in range(n_levels)], seed=n_levels)

    (composition,) = composition_info(table).compositions

    assert len(composition.levels) <= 13
    assert composition.shares.sum(axis=0) == pytest.approx(np.ones(n_segments + 1))
    assert (composition.levels[-1] == "other") == (n_levels > 12)


def test_the_inner_hull_lies_in_the_outer_one_and_touching_segments_are_neighbours():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 80)
    X = rng.normal(size=(240, 2)) + np.array([[0, 0], [3, 0], [40, 0]])[labels]

    info = separation_info(X, labels)

    def reach(hull):
        return np.linalg.norm(hull - hull.mean(axis=0), axis=1).max()

    assert all(reach(hull.inner) < reach(hull.outer) for hull in info.hulls)
    assert info.hulls[1].center == pytest.approx(X[labels == 1].mean(axis=0))
    strength = {(pair.one, pair.other): pair.similarity for pair in info.neighbours}
    assert max(strength, key=strength.get) == (0, 1)


def test_boxes_are_quantiles_of_the_known_values():
    table = pd.DataFrame({"a": [*range(101), np.nan], "text": "x"})

    info = boxes_info(table, [0] * 101 + [1])

    assert info.spreads[0].quantiles[0].tolist() == [5, 25, 50, 75, 95]
    assert np.isnan(info.spreads[0].quantiles[1]).all()
    assert len(info.spreads) == info.n_numeric == 1


@pytest.mark.parametrize("n", [2, 16, 17, 60])
def test_a_tree_closes_its_smallest_branches_and_loses_no_customer(n):
    info = surrogate_info(tree_of(n))

    ends = [b for i, b in enumerate(info.branches) if not any(c.parent == i for c in info.branches)]
    assert len(ends) == info.n_shown == min(n, 16)
    assert info.n_leaves == n
    assert sum(b.node.customers for b in ends) == 1000
    assert sum(b.closed + 1 for b in ends) == n
    assert sorted(b.place for b in ends) == list(range(len(ends)))
    # Whatever is still open has at least as many customers as each branch that is closed.
    shown = {b.parent for b in info.branches if b.parent is not None}
    still_open = [info.branches[i].node.customers for i in shown]
    assert all(b.node.customers <= min(still_open) for b in ends if b.closed)


def test_a_closed_tree_says_how_much_it_shows():
    assert any("16 of 40 leaves drawn" in text for text in texts(drawn(plots.surrogate_tree(tree_of(40)))))


def test_who_has_no_score_is_no_bubble_and_the_knocked_out_are_told():
    ranked = pd.DataFrame(
        {
            "value": [0.1, np.nan, 0.5],
            "distinctness": 0.4,
            "customers": [5, 9, 70],
            "knocked_out": ["too small", "", ""],
        }
    )

    bubbles, lost = bubbles_info(ranked, "value", "distinctness", "customers")

    assert [(b.label, b.out) for b in bubbles] == [(2, False), (0, True)]
    assert lost == 1
    with pytest.raises(InputError, match="no column 'stabilty'"):
        plots.attractiveness_bubbles(ranked.assign(stability=1.0), x="stabilty")


def test_rows_of_a_migration_are_shares_and_only_equal_segments_stayed():
    info = flow_table(pd.DataFrame([[3, 1, 0], [0, 0, 0]], index=[0, -1], columns=[0, 1, -1]))

    assert info.shares[0].tolist() == [0.75, 0.25, 0]
    assert np.isnan(info.shares[1]).all()
    assert info.stayed == ((0, 0), (1, 2))


def test_drift_is_ordered_and_banded_by_its_limits():
    info = drift_info(pd.DataFrame({"column": list("abcd"), "psi": [0.05, 0.3, np.nan, 0.1]}))

    assert info.columns == ("b", "d", "a")
    assert info.bands == (2, 1, 0)
    with pytest.raises(InputError, match="rising"):
        plots.drift_bars(pd.DataFrame({"column": ["a"], "psi": [1.0]}), (0.3, 0.1))


def test_a_new_and_a_vanished_segment_are_named_so():
    assert share_info({0: 0.6, -1: 0.4}, {1: 0.5, 0: 0.5}).labels == (0, 1, -1)
    said = texts(drawn(plots.share_change({0: 0.6, -1: 0.4}, {1: 0.5, 0: 0.5})))
    assert {"new", "gone", "-10.0"} <= set(said)


def test_without_a_value_column_the_picture_says_so():
    table = pd.DataFrame({"customers": [5], "share": [1.0], "value_share": [np.nan]})

    assert any("no value column" in text for text in texts(drawn(plots.value_bars(table))))


NUMBERS = pd.DataFrame(
    {
        "segment": [0, 1, -1, 0, 1, -1],
        "column": ["age", "age", "age", "income", "income", "income"],
        "center": [20.0, 40, 30, 15_000, 5, np.nan],
        "effect": [-0.5, 0.2, 0.1, 0.9, -0.3, np.nan],
    }
)
CATEGORIES = pd.DataFrame(
    {
        "segment": [0, 0, 1, 1],
        "column": "home",
        "role": "descriptor",
        "level": ["rent", "own"] * 2,
        "share": [0.96, 0.04, 0.3, 0.7],
        "overall": [0.6, 0.4] * 2,
        "effect": [0.7, -0.7, -0.6, 0.6],
    }
)


def test_each_panel_holds_the_effects_and_values_of_its_segment():
    figure = plots.segment_profile(NUMBERS, CATEGORIES, {"income": "EUR"})

    one, other, noise = panels(figure)
    assert [axes.get_title(loc="left") for axes in (one, other, noise)] == ["Segment 0", "Segment 1", "Noise"]
    names = ["Age", "Income (EUR)", "Home: rent"]
    assert list(bars(one).items()) == list(zip(names, [-0.5, 0.9, 0.7], strict=True))
    assert list(bars(other).values()) == [0.2, -0.3, -0.6]
    assert list(bars(noise).values()) == [0.1, 0, 0]
    assert beside(one) == dict(zip(names, ["20", "15k", "96%"], strict=True))
    assert beside(other) == dict(zip(names, ["40", "5", "30%"], strict=True))
    assert beside(noise) == {"Age": "30", "Income (EUR)": "none"}
    # What marks a segment is strong, all else pale.
    assert [color == plots.segment_color(0) for color in bar_colors(one).values()] == [True] * 3
    assert [color == plots.segment_color(1) for color in bar_colors(other).values()] == [False, True, True]
    assert plots.segment_color(-1) not in bar_colors(noise).values()


def test_each_segment_is_a_line_through_its_effects():
    figure = plots.parallel_segments(NUMBERS)

    (axes,) = panels(figure)
    assert list(ticks(axes.xaxis).items()) == [(0, "Age"), (1, "Income")]
    found = points_by_color(axes)
    assert found[plots.segment_color(0)] == [(0, -0.5), (1, 0.9)]
    assert found[plots.segment_color(1)] == [(0, 0.2), (1, -0.3)]
    assert found[plots.segment_color(-1)][0] == (0, 0.1)
    assert legend(figure) == {
        name: plots.segment_color(s) for name, s in (("Segment 0", 0), ("Segment 1", 1), ("Noise", -1))
    }


def test_bars_are_made_of_the_shares_of_their_levels():
    (axes,) = panels(figure := plots.composition_bars(CATEGORIES))

    names = ["All customers", "Segment 0", "Segment 1"]
    assert bars(axes, 0) == dict(zip(names, [60, 96, 30], strict=True))
    assert bars(axes, 1) == dict(zip(names, [40, 4, 70], strict=True))
    assert list(bars(axes)) == names
    # The second level begins where the first one ends.
    assert [round(patch.get_x(), 9) for patch in axes.containers[1]] == [60, 96, 30]
    written = {(round(t.get_position()[0]), t.get_position()[1]): t.get_text() for t in axes.texts}
    assert written == {
        (30, 0): "60%",
        (48, 1.3): "96%",
        (15, 2.3): "30%",
        (80, 0): "40%",
        (65, 2.3): "70%",
    }
    assert list(legend(figure)) == ["rent", "own"]
    assert list(legend(figure).values()) == [list(bar_colors(axes, i).values())[0] for i in (0, 1)]
    assert axes.get_title(loc="left") == "Home"


def test_hulls_and_centres_lie_around_their_customers():
    square = np.array([[0, 0], [0, 2], [2, 0], [2, 2], [1, 1.0]])
    X = np.vstack([square, np.add(square, [3, 10]), [[50, 50]]])

    figure = plots.segment_separation(X, [0] * 5 + [1] * 5 + [-1], ["age", "income"], {"income": "EUR"})

    (axes,) = panels(figure)
    colors = [plots.segment_color(s) for s in (0, 1)]
    centers = {t.get_text(): t.xy for t in axes.texts}
    assert centers == {"0": (1, 1), "1": (4, 11)}
    found = points_by_color(axes)
    assert found[colors[0]] == sorted([*map(tuple, square), (1, 1)])
    assert found[plots.segment_color(-1)] == [(50, 50)]
    *hulls, joined = axes.collections
    outer = [hull for hull in hulls if not len(hull.get_facecolor())]
    assert [to_hex(hull.get_edgecolor()[0]) for hull in outer] == colors
    assert {tuple(p) for p in outer[1].get_paths()[0].vertices} == {(3, 10), (3, 12), (5, 10), (5, 12)}
    inner = [hull for hull in hulls if len(hull.get_facecolor())]
    assert [to_hex(hull.get_facecolor()[0]) for hull in inner] == colors
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Age", "Income (EUR)")
    assert [path.tolist() for path in joined.get_segments()] == [[[1, 1], [4, 11]]]
    assert list(legend(figure)) == ["Segment 0 (5)", "Segment 1 (5)", "Noise (1)"]
    # Nearer neighbours have a thicker line, and none is drawn where none is asked for.
    near = plots.segment_separation(np.vstack([square, np.add(square, [1, 0])]), [0] * 5 + [1] * 5)
    assert panels(near)[0].collections[-1].get_linewidths()[0] > joined.get_linewidths()[0]
    alone = plots.segment_separation(X, [0] * 5 + [1] * 5 + [-1], neighbours=False)
    assert not panels(alone)[0].collections[-1].get_segments()


def test_boxes_show_the_quantiles_of_each_segment():
    table = pd.DataFrame({"a": [*range(101), *range(100, 201)]})

    (axes,) = panels(plots.feature_boxes(table, np.repeat([0, 1], 101), {"a": "EUR"}))

    whiskers, boxes, _, medians = axes.collections
    assert [path.tolist() for path in whiskers.get_segments()] == [[[0, 5], [0, 95]], [[1, 105], [1, 195]]]
    assert [{y for _, y in path.vertices} for path in boxes.get_paths()] == [{25, 75}, {125, 175}]
    assert [path[:, 1].tolist() for path in medians.get_segments()] == [[50, 50], [150, 150]]
    assert [round(path[:, 0].mean(), 9) for path in medians.get_segments()] == [0, 1]
    assert [to_hex(color) for color in boxes.get_facecolor()] == [
        plots.segment_color(0),
        plots.segment_color(1),
    ]
    assert points(axes.lines[0]) == [(0, 100), (1, 100)]
    assert list(ticks(axes.xaxis).values()) == ["0", "1"]
    assert axes.get_title(loc="left") == "A (EUR)"


def test_value_stands_below_the_customers_of_the_same_segment():
    table = pd.DataFrame(
        {"customers": [5, 10, 5], "share": [0.25, 0.5, 0.25], "value_share": [0.1, 0.85, 0.05]}, [-1, 0, 1]
    )

    (axes,) = panels(plots.value_bars(table))

    names = ["Segment 0", "Segment 1", "Noise"]
    assert bars(axes, 0) == dict(zip(names, [50, 25, 25], strict=True))
    assert bars(axes, 1) == dict(zip(names, [85, 5, 10], strict=True))
    assert list(bars(axes)) == names
    assert beside(axes) == {
        "Segment 0": ["50.0% (10)", "85.0%  1.7 times"],
        "Segment 1": ["25.0% (5)", "5.0%  0.2 times"],
        "Noise": ["25.0% (5)", "10.0%  0.4 times"],
    }
    # The customers are the pale ones.
    assert [container.patches[0].get_alpha() for container in axes.containers] == [0.35, None]


def test_bubbles_lie_at_their_scores_with_an_area_of_their_customers():
    ranked = pd.DataFrame(
        {
            "distinctness": [0.2, 0.9, 0.5],
            "value": [0.6, 0.1, 0.4],
            "customers": [25, 100, 64],
            "score": [0.3, 0.8, 0.9],
            "knocked_out": ["too small", "", ""],
        }
    )

    figure = plots.attractiveness_bubbles(ranked)

    (axes,) = panels(figure)
    assert {t.get_text(): t.xy for t in axes.texts} == {"0": (0.2, 0.6), "1": (0.9, 0.1), "2": (0.5, 0.4)}
    bubbles = {points(artist)[0]: artist for artist in axes.lines}
    areas = {at: artist.get_markersize() ** 2 for at, artist in bubbles.items()}
    largest = areas[0.9, 0.1]
    assert areas == {
        (0.9, 0.1): largest,
        (0.5, 0.4): pytest.approx(0.64 * largest),
        (0.2, 0.6): pytest.approx(0.25 * largest),
    }
    assert [at for at, artist in bubbles.items() if artist.get_markerfacecolor() == "none"] == [(0.2, 0.6)]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Distinctness (score, 0 to 1)", "Value (score, 0 to 1)")
    # The most attractive first, whoever is knocked out last.
    assert list(legend(figure).items()) == [
        ("Segment 2 (0.90)", plots.segment_color(2)),
        ("Segment 1 (0.80)", plots.segment_color(1)),
        ("Segment 0 (0.30)", plots.segment_color(0)),
    ]


def test_moves_are_read_from_the_row_to_the_column():
    matrix = pd.DataFrame([[30, 10, 0], [5, 0, 15]], index=[0, 1], columns=[0, 1, -1])

    figure = plots.migration_flows(matrix)

    (axes,) = panels(figure)
    names = ["Segment 0 (40)", "Segment 1 (20)"], ["Segment 0", "Segment 1", "Noise"]
    pd.testing.assert_frame_equal(heat_map(axes), pd.DataFrame([[0.75, 0.25, 0], [0.25, 0, 0.75]], *names))
    assert cell_texts(axes) == {
        (names[0][0], names[1][0]): "30\n75%",
        (names[0][0], names[1][1]): "10\n25%",
        (names[0][1], names[1][0]): "5\n25%",
        (names[0][1], names[1][2]): "15\n75%",
    }
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("To", "From")
    # Who stayed is framed.
    assert [frame.get_xy() for frame in axes.patches] == [(-0.5, -0.5), (0.5, 0.5)]
    assert any("60 customers; 50.0% stayed" in text for text in texts(figure))
    assert color_bar(figure) == (0, 1, "#f7fbff", "#08306b")


def test_the_feature_that_moved_most_is_on_top_in_the_colour_of_its_band():
    table = pd.DataFrame({"column": ["age", "income", "city"], "psi": [0.05, 0.3, 0.15]})

    (axes,) = panels(plots.drift_bars(table))

    assert list(bars(axes).items()) == [("Income", 0.3), ("City", 0.15), ("Age", 0.05)]
    stable, watch, changed = map(to_hex, BANDS)
    assert list(bar_colors(axes).values()) == [changed, watch, stable]
    assert [set(artist.get_xdata()) for artist in axes.lines] == [{0.1}, {0.25}]
    said = [t.get_text() for t in axes.texts]
    assert said == ["0.300", "0.150", "0.050", "watch 0.1", "changed 0.25"]


def test_shares_go_from_hollow_before_to_full_after():
    figure = plots.share_change({0: 0.6, -1: 0.4}, {1: 0.3, 0: 0.5, -1: 0.2})

    (axes,) = panels(figure)
    assert list(ticks(axes.yaxis).values()) == ["Segment 0", "Segment 1", "Noise"]
    assert beside(axes) == {"Segment 0": "-10.0", "Segment 1": "new", "Noise": "-20.0"}
    hollow = [points(a, down=True)[0] for a in axes.lines if a.get_color() == "white"]
    full = [points(a, down=True)[0] for a in axes.lines if a.get_marker() == "o" and a.get_color() != "white"]
    assert (hollow[0], hollow[2], full) == ((60, 0), (40, 2), [(50, 0), (30, 1), (20, 2)])
    assert np.isnan(hollow[1][0])


def test_alarms_rise_with_the_size_of_each_change():
    table = pd.DataFrame(
        {"change": ["a", "b", "a", "b"], "size": [1.0, 0.0, 0.0, 2.0], "alarms": [0.9, 0.05, 0.1, 0.4]}
    )

    (axes,) = panels(figure := plots.power_curve(table, 0.05))

    assert line(axes, "a") == [(0, 0.1), (1, 0.9)]
    assert line(axes, "b") == [(0, 0.05), (2, 0.4)]
    assert line(axes, "allowed without change: 0.05") == [(0, 0.05), (1, 0.05)]
    assert list(legend(figure)) == ["a", "b", "allowed without change: 0.05"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Size of the change", "Alarms (share)")


def test_each_branch_has_its_condition_and_each_leaf_its_segment():
    leaves = Node("age <= 3", 0, 30, 0.8), Node("age > 3", 1, 70, 1.0)

    (axes,) = plots.surrogate_tree(Node("", 1, 100, 0.7, leaves)).findobj(Axes)

    assert axes.yaxis.get_inverted()
    said = {}
    for text in axes.texts:
        said.setdefault(text.xy[1], []).append(text.get_text())
    assert said == {
        0: ["age <= 3", "Segment 0", "30 customers, 80% pure"],
        1: ["age > 3", "Segment 1", "70 customers, 100% pure"],
    }
    ends = {points(artist, down=True)[0]: to_hex(artist.get_color()) for artist in axes.lines}
    assert ends == {
        (0, 0.5): plots.segment_color(1),
        (1, 0): plots.segment_color(0),
        (1, 1): plots.segment_color(1),
    }
    (branches,) = axes.collections
    assert [(path[0].tolist(), path[-1].tolist()) for path in branches.get_segments()] == [
        ([0, 0.5], [1, 0]),
        ([0, 0.5], [1, 1]),
    ]
    thin, thick = branches.get_linewidths()
    assert thin < thick


@pytest.mark.parametrize(
    ("labels", "columns"), [([0, 1], NASTY[:5]), ([*range(24), -1], NASTY[:2]), ([-1], ["a"])]
)
def test_every_market_picture_can_be_drawn(labels, columns):
    labels = list(labels)
    X = np.random.default_rng(0).normal(size=(90, len(columns)))
    given_labels = np.resize(labels, 90)
    table = pd.DataFrame(X, columns=columns)
    units = dict.fromkeys(columns, "k$")
    numbers, categories = numbers_of(labels, columns), categories_of(labels, columns[:1], NASTY)
    segments = pd.DataFrame({"customers": 9, "share": 0.2, "value_share": 0.3, "value": 3.0}, index=labels)
    ranked = segments.assign(x=0.3, y=0.2, score=0.4, knocked_out="")
    with plots.identities({s: NASTY[s % len(NASTY)] + " name of forty letters or so" for s in labels}):
        drawn(plots.segment_profile(numbers, categories, units))
        drawn(plots.parallel_segments(numbers, units))
        drawn(plots.composition_bars(categories))
        drawn(plots.segment_separation(X, given_labels, columns, units))
        drawn(plots.feature_boxes(table, given_labels, units))
        drawn(plots.value_bars(segments))
        drawn(plots.attractiveness_bubbles(ranked, "x", "y"))
        drawn(plots.migration_flows(pd.DataFrame(np.eye(len(labels)), labels, labels)))
        drawn(plots.share_change(segments["share"], segments["share"] / 2))
        drawn(plots.drift_bars(pd.DataFrame({"column": columns, "psi": 0.2})))


def test_lines_join_segments_that_have_gaps_between_them_too():
    X = np.random.default_rng(0).normal(size=(90, 2))
    X[30:60] += [3, 0]
    X[60:] += [6, 0]
    (note,) = [
        t
        for t in texts(drawn(plots.segment_separation(X, np.repeat([0, 1, 2], 30), ["a", "b"])))
        if "lines" in t
    ]
    assert "lines join neighbours, thicker for more customers between them" in " ".join(note.split())
    assert "touch" not in note


@pytest.mark.parametrize("name", NASTY)
def test_names_of_any_kind_are_drawn_in_trees_moves_and_curves(name):
    drawn(plots.surrogate_tree(Node("", 0, 9, 0.5, (Node(name, 0, 4), Node(name * 3, -1, 5)))))
    drawn(plots.migration_flows(pd.DataFrame([[1, 2]], [name], [name, "x"])))
    drawn(plots.share_change({name: 0.5}, {name: 0.6}))
    drawn(plots.power_curve(pd.DataFrame({"change": name, "size": [0.0, 1.0], "alarms": [0.05, 1.0]})))


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (lambda: plots.segment_profile(numbers_of([], [])), "There is no variable to draw."),
        (lambda: plots.parallel_segments(numbers_of([], [])), "There is no variable to draw."),
        (lambda: plots.composition_bars(categories_of([], [], [])), "There is no column of categories."),
        (lambda: plots.segment_separation(np.empty((0, 2)), []), "There is no customer to draw."),
        (
            lambda: plots.segment_separation(np.full((3, 2), np.nan), [0, 0, 1]),
            "There is no customer to draw.",
        ),
        (lambda: plots.segment_separation(np.zeros((3, 0)), [0, 0, 1]), "There is no customer to draw."),
        (
            lambda: plots.feature_boxes(pd.DataFrame({"g": ["x", "y"]}), [0, 1]),
            "Nothing to draw: 2 customers, 0 features.",
        ),
        (lambda: plots.surrogate_tree(Node("", 0, 9)), "One rule for all 9 customers: no tree."),
        (lambda: plots.migration_flows(pd.DataFrame()), "There is no customer in both."),
        (lambda: plots.migration_flows(pd.DataFrame([[0]])), "There is no customer in both."),
        (
            lambda: plots.drift_bars(pd.DataFrame({"column": [], "psi": []})),
            "There is no feature with an index.",
        ),
        (lambda: plots.share_change({}, {}), "There is no segment."),
        (
            lambda: plots.power_curve(pd.DataFrame({"change": [], "size": [], "alarms": []})),
            "There is no change that was tried.",
        ),
        (
            lambda: plots.value_bars(pd.DataFrame({"customers": [], "share": [], "value_share": []})),
            "No value is known of the segments: no value column is named.",
        ),
    ],
)
def test_a_figure_of_nothing_says_why(draw, said):
    assert said in texts(drawn(draw()))


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plots.segment_profile(numbers_of([0], ["a"]).assign(effect=np.nan, center=np.nan)),
        lambda: plots.parallel_segments(numbers_of([0, 1], ["a"]).assign(effect=[30.0, -1.0])),
        lambda: plots.segment_separation(np.zeros((5, 3)), [0, 0, 1, 1, -1]),
        lambda: plots.segment_separation(np.arange(6.0).reshape(6, 1), [0, 0, 0, 1, 1, 1]),
        lambda: plots.feature_boxes(pd.DataFrame({"a": [1.0, 2.0, 9e5, 8e5]}), [0, 0, 1, 1]),
        lambda: plots.feature_boxes(pd.DataFrame({"a": [np.nan, np.nan], "b": [1.0, np.inf]}), [0, 1]),
        lambda: plots.surrogate_tree(Node("", 0, 99, 0.2, tuple(Node("x", 0, 3) for _ in range(30)))),
        lambda: plots.drift_bars(pd.DataFrame({"column": ["a"], "psi": [0.0]})),
        lambda: plots.power_curve(pd.DataFrame({"change": ["a"], "size": [0.5], "alarms": [1.0]}), None),
        lambda: plots.value_bars(pd.DataFrame({"customers": [3], "share": [1.0], "value_share": [-0.2]})),
    ],
)
def test_little_to_draw_still_makes_a_figure(draw):
    drawn(draw())
