import io
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.image import imread
from matplotlib.text import Text

from segmentation import plots
from segmentation.errors import InputError
from segmentation.plots._effects import composition_info, effects_info
from segmentation.plots._life import drift_info, flow_table, share_info
from segmentation.plots._market import bubbles_info, value_info
from segmentation.plots._separation import boxes_info, separation_info
from segmentation.plots._surrogate import surrogate_info

NASTY = ["<script>alert(1)</script>", "$x_1$", "n" * 300, "Доход \N{UNICORN FACE}", "_hidden", "", "a\nb"]


@dataclass(frozen=True)
class Node:
    text: str
    segment: int
    customers: int
    purity: float = 0.9
    children: tuple["Node", ...] = ()


def drawn(figure):
    """A figure must show more than paper, and nothing may reach its edge: what does is cut."""
    picture = imread(io.BytesIO(plots.to_png(figure, dpi=50)), format="png")[..., :3]
    assert (picture < 0.9).any(axis=2).sum() > 60
    edge = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    assert (edge > 0.95).all()
    return figure


def texts(figure):
    return [text.get_text().replace("\n", " ") for text in figure.findobj(Text) if text.get_text()]


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


@settings(max_examples=25, deadline=None)
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


def test_value_is_shown_beside_customers_with_noise_last():
    table = pd.DataFrame(
        {"customers": [5, 10, 5], "share": [0.25, 0.5, 0.25], "value_share": [0.1, 0.8, 0.1]}, [-1, 0, 1]
    )

    assert value_info(table).labels == (0, 1, -1)
    assert "80.0%  1.6 times" in texts(drawn(plots.value_bars(table)))
    assert any(
        "no value column" in t for t in texts(drawn(plots.value_bars(table.assign(value_share=np.nan))))
    )


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
    "draw",
    [
        lambda: plots.segment_profile(numbers_of([], [])),
        lambda: plots.segment_profile(numbers_of([0], ["a"]).assign(effect=np.nan, center=np.nan)),
        lambda: plots.parallel_segments(numbers_of([], [])),
        lambda: plots.parallel_segments(numbers_of([0, 1], ["a"]).assign(effect=[30.0, -1.0])),
        lambda: plots.composition_bars(categories_of([], [], [])),
        lambda: plots.segment_separation(np.empty((0, 2)), []),
        lambda: plots.segment_separation(np.zeros((5, 3)), [0, 0, 1, 1, -1]),
        lambda: plots.segment_separation(np.arange(6.0).reshape(6, 1), [0, 0, 0, 1, 1, 1]),
        lambda: plots.segment_separation(np.full((3, 2), np.nan), [0, 0, 1]),
        lambda: plots.segment_separation(np.zeros((3, 0)), [0, 0, 1]),
        lambda: plots.feature_boxes(pd.DataFrame({"g": ["x", "y"]}), [0, 1]),
        lambda: plots.feature_boxes(pd.DataFrame({"a": [1.0, 2.0, 9e5, 8e5]}), [0, 0, 1, 1]),
        lambda: plots.feature_boxes(pd.DataFrame({"a": [np.nan, np.nan], "b": [1.0, np.inf]}), [0, 1]),
        lambda: plots.surrogate_tree(Node("", 0, 9)),
        lambda: plots.surrogate_tree(Node("", 0, 99, 0.2, tuple(Node("x", 0, 3) for _ in range(30)))),
        lambda: plots.migration_flows(pd.DataFrame()),
        lambda: plots.migration_flows(pd.DataFrame([[0]])),
        lambda: plots.drift_bars(pd.DataFrame({"column": [], "psi": []})),
        lambda: plots.drift_bars(pd.DataFrame({"column": ["a"], "psi": [0.0]})),
        lambda: plots.share_change({}, {}),
        lambda: plots.power_curve(pd.DataFrame({"change": [], "size": [], "alarms": []})),
        lambda: plots.power_curve(pd.DataFrame({"change": ["a"], "size": [0.5], "alarms": [1.0]}), None),
        lambda: plots.value_bars(pd.DataFrame({"customers": [3], "share": [1.0], "value_share": [-0.2]})),
        lambda: plots.value_bars(pd.DataFrame({"customers": [], "share": [], "value_share": []})),
    ],
)
def test_little_or_nothing_to_draw_still_makes_a_picture(draw):
    drawn(draw())
