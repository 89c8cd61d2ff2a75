from itertools import pairwise

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
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from matplotlib.text import Text

from segmentation import plots
from segmentation.errors import InputError
from segmentation.plots._evidence import (
    agreement_info,
    dots_info,
    front_info,
    gap_info,
    selection_info,
    structure_info,
)
from segmentation.plots._flows import flows_info

DOTS = pd.DataFrame(
    {"k": [3, 2, 3, 2, 3, 3], "segment": [2, 1, 0, 0, 1, -1], "size": [9, 40, 50, 60, 41, 3], "jaccard": 0.8}
)
CANDIDATES = pd.DataFrame(
    {
        "title": ["kmeans k=5", "ward k=5", "dbscan"],
        "stability": [0.98, 0.95, 0.4],
        "agreement": [0.9, None, None],
        "silhouette": [0.55, 0.54, -0.1],
    }
)


def test_the_structure_is_ordered_and_an_impossible_cut_is_a_gap():
    info = structure_info([4, 2, 3], [-1.0, 0.4, 0.5], [0.2, 0.3, -1.0])

    assert info.ks.tolist() == [2, 3, 4]
    np.testing.assert_array_equal(info.silhouettes, [0.4, 0.5, np.nan])
    np.testing.assert_array_equal(info.expected, [0.3, np.nan, 0.2])
    with pytest.raises(InputError, match="'expected' has 2 numbers of segments and 1 values"):
        plots.structure([2, 3], [0.1, 0.2], [0.1], "None.")


def test_the_verdict_is_written_whole():
    sentence = (
        "There are segments: customers are missing (valley p = 0.00038, dip p = 1; clean cut p = 2.1e-09 " * 3
    )

    figure = drawn(plots.structure(range(2, 11), np.linspace(0.3, 0.6, 9), [0.3] * 9, sentence))

    assert " ".join(sentence.split()) in texts(figure)


def test_cuts_lie_above_what_data_without_segments_reaches():
    figure = plots.structure([3, 2], [0.5, 0.4], [0.3, 0.2], "Natural.", [0.9, 0.8], [0.7, 0.6])

    cuts, halves = panels(figure)
    references = "data without segments\n(highest mean of the references)"
    assert line(cuts, "the customers") == [(2, 0.4), (3, 0.5)]
    assert line(cuts, references) == [(2, 0.2), (3, 0.3)]
    assert line(halves, "the customers") == [(2, 0.8), (3, 0.9)]
    assert line(halves, references) == [(2, 0.6), (3, 0.7)]
    # What data without segments reaches is grey from the floor up to its line.
    (grey,) = cuts.collections
    corners = grey.get_paths()[0].vertices
    assert {x: corners[corners[:, 0] == x, 1].max() for x in (2, 3)} == {2: 0.2, 3: 0.3}
    assert (cuts.get_ylabel(), cuts.get_xlabel()) == ("Silhouette of the cut (-1 to 1)", "")
    assert halves.get_ylabel().startswith("Agreement of two halves")
    assert halves.get_xlabel() == "Number of segments k"
    # The same k stand above each other.
    assert cuts.get_xlim() == halves.get_xlim()
    assert len(panels(plots.structure([3, 2], [0.5, 0.4], [0.3, 0.2], "Natural."))) == 1


def test_each_dot_is_a_segment_in_the_column_of_its_solution():
    jaccards = [0.8, 0.7, 0.9, 0.3, 0.5, 0.1]

    figure = plots.segment_stability(DOTS.assign(jaccard=jaccards), chosen=3)

    (axes,) = panels(figure)
    dots = points_by_color(axes)
    assert dots[plots.segment_color(0)] == [(-0.08, 0.3), (0.84, 0.9)]
    assert dots[plots.segment_color(1)] == [(0.08, 0.7), (1, 0.5)]
    assert dots[plots.segment_color(2)] == [(1.16, 0.8)]
    assert ticks(axes.xaxis) == {0: "2 0 of 2 stable", 1: "3 2 of 3 stable chosen"}
    assert axes.get_xticklabels()[1].get_fontweight() == "bold"
    # More customers make a larger dot.
    sizes = {dot[1]: artist.get_markersize() for artist in axes.lines for dot in points(artist)}
    assert sizes[0.3] > sizes[0.9] > sizes[0.5] > sizes[0.7] > sizes[0.8]
    assert list(legend(figure)) == ["Segment 0", "Segment 1", "Segment 2"]


def test_the_bands_are_hennigs():
    (axes,) = panels(plots.segment_stability(DOTS.assign(jaccard=0.1)))

    tops = [round(patch.get_y() + patch.get_height(), 9) for patch in axes.patches]
    assert tops == [0.5, 0.6, 0.75, 1.04]
    words = [
        (t.get_text(), t.get_position()[1]) for t in sorted(axes.texts, key=lambda t: t.get_position()[1])
    ]
    assert [word for word, _ in words] == [
        "dissolved",
        "not to be trusted",
        "a pattern, edges unsure",
        "stable",
    ]
    for (_, place), patch in zip(words, axes.patches, strict=True):
        assert patch.get_y() < place < patch.get_y() + patch.get_height()


def test_segments_stand_side_by_side_in_the_order_of_k():
    info = dots_info(DOTS)

    assert info.ks == (2, 3)
    assert info.n_segments == (2, 3)
    assert info.n_stable == (2, 3)
    # Noise is no segment.
    assert [(dot.column, dot.segment, dot.size) for dot in info.dots] == [
        (0, 0, 60),
        (0, 1, 40),
        (1, 0, 50),
        (1, 1, 41),
        (1, 2, 9),
    ]
    assert [dot.offset for dot in info.dots[2:]] == pytest.approx([-0.16, 0, 0.16])


def test_the_dots_of_many_segments_stay_in_their_column():
    info = dots_info(
        pd.DataFrame({"k": 20, "segment": range(20), "size": 5, "jaccard": np.linspace(0, 1, 20)})
    )

    assert max(abs(dot.offset) for dot in info.dots) < 0.5
    assert info.n_stable == (5,)


def test_a_segment_whose_stability_is_not_known_keeps_its_place_without_a_dot():
    known = dots_info(DOTS)
    some = dots_info(DOTS.assign(jaccard=[np.nan, 0.8, 0.8, 0.8, 0.8, 0.8]))

    assert [dot.offset for dot in some.dots] == [dot.offset for dot in known.dots[:-1]]
    assert some.n_segments == (2, 3)
    assert some.n_stable == (2, 2)


def test_stability_needs_its_columns():
    with pytest.raises(InputError, match="no column 'jaccard'; did you mean 'jacard'"):
        plots.segment_stability(DOTS.rename(columns={"jaccard": "jacard"}))


def test_ribbons_carry_the_customers_from_block_to_block():
    info = flows_info([np.repeat([0, 1], [6, 4]), np.repeat([0, 2, 1, -1], [4, 2, 3, 1])])

    assert info.ks == (2, 3)
    # Each part lies beside its source; noise is at the bottom.
    assert [block.label for block in info.columns[1]] == [0, 2, 1, -1]
    assert [block.size for block in info.columns[1]] == [4, 2, 3, 1]
    assert [(r.before, r.after, r.count) for r in info.ribbons] == [
        (0, 0, 4),
        (0, 2, 2),
        (1, 1, 3),
        (1, -1, 1),
    ]
    assert [r.stability for r in info.ribbons[:3]] == [1, 1, 1]
    assert np.isnan(info.columns[0][0].stability)


def test_parts_are_moved_beside_their_source_whatever_their_names():
    info = flows_info([np.repeat([0, 1, 2], 4), np.repeat([2, 3, 0, 1], 3), np.repeat([2, 3, 0, 1], 3)])

    order = [block.label for block in info.columns[1]]
    assert order in ([2, 3, 0, 1], [1, 0, 3, 2])
    assert [block.label for block in info.columns[2]] == order


@given(st.integers(0, 2**32 - 1), st.integers(1, 60))
def test_ribbons_fill_their_blocks_and_blocks_do_not_overlap(seed, n):
    rng = np.random.default_rng(seed)
    info = flows_info([rng.integers(-1, k, n) for k in (2, 3, 20)])

    for column in info.columns:
        for upper, lower in pairwise(column):
            assert upper.top + upper.height < lower.top
        assert sum(block.height for block in column) == pytest.approx(1)
    for place, column in enumerate(info.columns):
        for block in column:
            out = [r for r in info.ribbons if (r.column, r.before) == (place, block.label)]
            into = [r for r in info.ribbons if (r.column + 1, r.after) == (place, block.label)]
            for edges, ribbons in (([r.start for r in out], out), ([r.end for r in into], into)):
                if ribbons:
                    assert sum(r.height for r in ribbons) == pytest.approx(block.height)
                    assert min(edges) == pytest.approx(block.top)
                # Each begins where the one above it ends.
                ordered = sorted(zip(edges, (r.height for r in ribbons), strict=True))
                for (above, height), (below, _) in pairwise(ordered):
                    assert below == pytest.approx(above + height)


def test_ribbons_join_the_blocks_that_share_customers():
    labels = [np.repeat([0, 1], [60, 40]), np.repeat([0, 2, 1, -1], [36, 24, 30, 10])]

    figure = plots.segment_flows(labels, chosen=3)

    (axes,) = panels(figure)
    assert axes.yaxis.get_inverted()
    blocks = {
        (round(b.get_x() + b.get_width() / 2), t.get_text()): b
        for b, t in zip(axes.patches, axes.texts, strict=True)
    }
    heights = {at: round(block.get_height(), 9) for at, block in blocks.items()}
    assert heights == {
        (0, "0"): 0.6,
        (0, "1"): 0.4,
        (1, "0"): 0.36,
        (1, "2"): 0.24,
        (1, "1"): 0.3,
        (1, "noise"): 0.1,
    }
    for block, text in zip(axes.patches, axes.texts, strict=True):
        assert block.get_y() + block.get_height() / 2 == pytest.approx(text.get_position()[1])
    (ribbons,) = axes.collections
    ends = []
    for x, y in (np.round(path.vertices, 9).T for path in ribbons.get_paths()):
        ends.append([sorted({*y[x == edge]}) for edge in (x.min(), x.max())])

    def joined(before, after, height):
        """How many ribbons of this height leave the one block and reach the other."""
        sides = [
            (block.get_y(), block.get_y() + block.get_height())
            for block in (blocks[0, before], blocks[1, after])
        ]
        return sum(
            all(
                low - 1e-9 <= top and bottom <= high + 1e-9 and round(bottom - top, 9) == height
                for (low, high), (top, bottom) in zip(sides, ribbon, strict=True)
            )
            for ribbon in ends
        )

    assert [
        joined("0", "0", 0.36),
        joined("0", "2", 0.24),
        joined("1", "1", 0.3),
        joined("1", "noise", 0.1),
    ] == [1] * 4
    assert len(ends) == 4
    assert list(ticks(axes.xaxis).values()) == ["k = 2", "k = 3 chosen"]
    # Whose members were together is green, and the colour bar says so.
    low, high, _, most = color_bar(figure)
    assert (low, high) == (0, 1)
    assert to_hex(blocks[1, "2"].get_facecolor()) == most
    assert to_hex(blocks[1, "noise"].get_facecolor()) == plots.segment_color(-1)
    mixed = plots.segment_flows([np.repeat([0, 1], 50), np.arange(100) % 3])
    assert most not in [to_hex(patch.get_facecolor()) for patch in panels(mixed)[0].patches]


def test_each_agreement_stands_in_its_row_and_column():
    names = ["kmeans", "ward", "dbscan"]
    table = pd.DataFrame([[1, 0.8, 0.1], [0.8, 1, np.nan], [0.1, np.nan, 1]], names, names)

    figure = plots.agreement_matrix(table)

    (axes,) = panels(figure)
    pd.testing.assert_frame_equal(heat_map(axes), table)
    assert cell_texts(axes)["kmeans", "ward"] == "0.80"
    assert cell_texts(axes)["dbscan", "kmeans"] == "0.10"
    assert ("ward", "dbscan") not in cell_texts(axes)
    # From white for none to dark blue for the same.
    assert color_bar(figure) == (0, 1, "#f7fbff", "#08306b")


def test_gaps_have_bars_of_their_own_errors():
    (axes,) = panels(figure := plots.gap_curve([3, 1, 2], [0.3, 0.1, 0.9], [0.03, 0.01, np.nan], 3, 2))

    assert points(axes.lines[0]) == [(1, 0.1), (2, 0.9), (3, 0.3)]
    (errors,) = axes.collections
    assert [np.round(bar, 9).tolist() for bar in errors.get_segments()] == [
        [[1, 0.09], [1, 0.11]],
        [[2, 0.9], [2, 0.9]],
        [[3, 0.27], [3, 0.33]],
    ]
    assert line(axes, "1-standard-error rule: k = 2") == [(2, 0.9)]
    assert line(axes, "chosen: k = 3") == [(3, 0), (3, 1)]
    assert list(legend(figure)) == ["gap", "1-standard-error rule: k = 2", "chosen: k = 3"]


def test_candidates_lie_over_their_objectives_with_the_front_joined():
    table = pd.DataFrame(
        {"silhouette": [0.5, 0.2, 0.6, None, 0.1], "stability": [0.8, 0.9, 0.1, 0.5, 0.3]}, list("abcde")
    )

    (axes,) = panels(plots.pareto_front(table, "silhouette", "stability", ["a", "b", "c"], winner="a"))

    assert line(axes, "candidate") == [(0.5, 0.8), (0.2, 0.9), (0.6, 0.1), (0.1, 0.3)]
    assert line(axes, "front: none is better in both") == [(0.2, 0.9), (0.5, 0.8), (0.6, 0.1)]
    assert line(axes, "winner: a") == [(0.5, 0.8)]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Silhouette", "Stability")


def test_each_candidate_has_a_bar_of_each_measure_the_winner_on_top():
    figure = plots.selection_evidence(CANDIDATES)

    found = {axes.get_title(loc="left"): axes for axes in panels(figure)}
    assert list(found) == ["Stability", "Agreement", "Silhouette"]
    assert list(bars(found["Stability"]).items()) == [
        ("kmeans k=5", 0.98),
        ("ward k=5", 0.95),
        ("dbscan", 0.4),
    ]
    assert list(bars(found["Agreement"]).values()) == [0.9, 0, 0]
    assert list(bars(found["Silhouette"]).values()) == [0.55, 0.54, -0.1]
    assert beside(found["Agreement"]) == {
        "kmeans k=5": "0.900",
        "ward k=5": "not known",
        "dbscan": "not known",
    }
    assert beside(found["Silhouette"])["dbscan"] == "-0.100"
    winner, *others = bar_colors(found["Stability"]).values()
    assert winner == plots.segment_color(0)
    assert winner not in others


def test_agreement_must_name_rows_and_columns_alike():
    table = pd.DataFrame(np.eye(14), [f"a{i}" for i in range(14)], [f"a{i}" for i in range(14)])

    info = agreement_info(table)

    assert info.values.shape == (12, 12)
    assert (len(info.names), info.n_names) == (12, 14)
    with pytest.raises(InputError, match="same names as rows and columns"):
        plots.agreement_matrix(table.iloc[:3])


def test_gaps_and_errors_keep_together():
    gaps, errors = gap_info([3, 1, 2], [0.3, 0.1, 0.9], [0.03, 0.01, np.nan])

    assert gaps.values.tolist() == [0.1, 0.9, 0.3]
    assert errors.values.tolist() == [0.01, 0, 0.03]
    assert gaps.best == 2


def test_the_front_goes_from_left_to_right():
    table = pd.DataFrame(
        {"silhouette": [0.5, 0.2, 0.6, None], "stability": [0.8, 0.9, 0.1, 0.5]}, [7, "b", "c", "d"]
    )

    info = front_info(table, "silhouette", "stability", [7, "b", "c"], winner=7)

    assert info.x[info.front].tolist() == [0.2, 0.5, 0.6]
    assert info.winner == 0
    assert (len(info.x), info.n) == (3, 4)
    # A winner without both objectives cannot be placed.
    assert front_info(table, "silhouette", "stability", [], winner="d").winner is None


def test_the_front_and_the_winner_must_be_candidates():
    table = pd.DataFrame({"silhouette": [0.5], "stability": [0.8]})

    with pytest.raises(InputError, match="'4' is on the front or the winner"):
        plots.pareto_front(table, "silhouette", "stability", [0], winner=4)
    with pytest.raises(InputError, match="no column 'stabilty'; did you mean 'stability'"):
        plots.pareto_front(table, "silhouette", "stabilty")


def test_a_measure_that_nobody_has_makes_no_panel():
    info = selection_info(CANDIDATES.assign(agreement=pd.array([pd.NA] * 3, dtype="Float64")))

    assert [name for name, _ in info.measures] == ["stability", "silhouette"]
    assert selection_info(pd.concat([CANDIDATES] * 5)).titles[:4] == (
        "kmeans k=5",
        "ward k=5",
        "dbscan",
        "kmeans k=5",
    )
    assert len(selection_info(pd.concat([CANDIDATES] * 5)).titles) == 12


def test_refused_candidates_have_a_star_and_are_compared_with_none():
    refused = CANDIDATES.assign(stability=[0.5, 0.97, 0.4], refused=[False, True, False])

    figure = drawn(plots.selection_evidence(refused))

    assert {t for t in texts(figure) if t.endswith(" *")} == {f"{CANDIDATES['title'].iloc[1]} *"}
    assert any("*: refused" in t for t in texts(figure))
    weights = {t.get_text(): t.get_fontweight() for t in figure.findobj(Text)}
    assert (weights["0.500"], weights["0.970"], weights["0.400"]) == ("bold", "normal", "normal")
    assert not any("refused" in t for t in texts(drawn(plots.selection_evidence(CANDIDATES))))


@pytest.mark.parametrize("name", NASTY)
def test_names_of_any_kind_are_drawn(name):
    names = [name, "other"]
    table = pd.DataFrame({name: [1.0, 2.0], "other": [1.0, 0.5]}, names)

    drawn(plots.agreement_matrix(pd.DataFrame(np.eye(2), names, names)))
    drawn(plots.pareto_front(table, name, "other", names, winner=name))
    drawn(plots.selection_evidence(CANDIDATES.assign(title=[name] * 3)))
    drawn(plots.structure([2, 3], [0.1, 0.2], [0.1, 0.1], name[:80]))


@pytest.mark.parametrize("seed", [0, 1])
def test_twenty_segments_and_twelve_long_names_fit(seed):
    rng = np.random.default_rng(seed)
    names = [f"hierarchical {i} with a long name for its linkage" for i in range(12)]
    many = pd.DataFrame(
        [(k, s, int(rng.integers(1, 500)), rng.random()) for k in range(16, 21) for s in range(k)],
        columns=["k", "segment", "size", "jaccard"],
    )

    drawn(plots.segment_flows([rng.integers(-1, k, 400) for k in range(16, 21)], chosen=18))
    drawn(plots.segment_stability(many, chosen=18))
    drawn(plots.agreement_matrix(pd.DataFrame(rng.uniform(-0.2, 1, (12, 12)), names, names)))
    drawn(plots.selection_evidence(pd.concat([CANDIDATES] * 4).assign(title=names)))


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (lambda: plots.structure([], [], [], ""), "No cut was possible."),
        (
            lambda: plots.structure([2, 3], [-1, -1], [0.2, 0.2], "Too few customers to tell."),
            "Too few customers to tell.",
        ),
        (lambda: plots.segment_stability(DOTS.iloc[:0]), "There is no segment to draw."),
        (lambda: plots.segment_stability(DOTS.assign(jaccard=np.nan)), "There is no segment to draw."),
        (lambda: plots.segment_flows([]), "Two solutions are needed; given: 0, for 0 customers."),
        (
            lambda: plots.segment_flows([[0, 1]], chosen=2),
            "Two solutions are needed; given: 1, for 2 customers.",
        ),
        (lambda: plots.segment_flows([[], []]), "Two solutions are needed; given: 2, for 0 customers."),
        (lambda: plots.agreement_matrix(pd.DataFrame()), "There is no agreement to draw between 0 answers."),
        (
            lambda: plots.agreement_matrix(pd.DataFrame([[1.0]], ["a"], ["a"])),
            "There is no agreement to draw between 1 answer.",
        ),
        (
            lambda: plots.agreement_matrix(pd.DataFrame(np.nan, ["a", "b"], ["a", "b"])),
            "There is no agreement to draw between 2 answers.",
        ),
        (lambda: plots.gap_curve([], [], []), "There is no gap to draw."),
        (
            lambda: plots.pareto_front(pd.DataFrame({"a": [], "b": []}), "a", "b"),
            "None of 0 candidates has both objectives.",
        ),
        (lambda: plots.selection_evidence(CANDIDATES.iloc[:0]), "Nothing to compare: 0 candidates."),
    ],
)
def test_a_figure_of_nothing_says_why(draw, said):
    assert said in texts(drawn(draw()))


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plots.structure([2], [0.4], [np.nan], ""),
        lambda: plots.structure([2, 3], [-0.2, -0.1], [0.1, -0.3], "None."),
        lambda: plots.segment_stability(DOTS.iloc[:1], chosen=3),
        lambda: plots.segment_stability(DOTS.assign(jaccard=0.0), chosen=9),
        lambda: plots.segment_flows([[-1] * 9, [0] * 9, [0] * 8 + [1]], chosen=1),
        lambda: plots.agreement_matrix(pd.DataFrame([[1.0, np.nan], [0.2, 1.0]], ["a", "a"], ["a", "a"])),
        lambda: plots.gap_curve([3], [0.5], [0.1], chosen=3, best=3),
        lambda: plots.gap_curve([1, 2], [0.5, np.nan], [0.1, np.nan], chosen=9, best=7),
        lambda: plots.pareto_front(pd.DataFrame({"a": [1.0], "b": [1.0]}), "a", "b", [0], winner=0),
        lambda: plots.selection_evidence(CANDIDATES.iloc[:1]),
        lambda: plots.selection_evidence(CANDIDATES.assign(stability=0.0, agreement=0.0, silhouette=-0.5)),
    ],
)
def test_little_to_draw_still_makes_a_figure(draw):
    drawn(draw())
