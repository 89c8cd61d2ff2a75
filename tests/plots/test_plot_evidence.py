import io
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import imread
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

NASTY = ["<script>alert(1)</script>", "$x_1$", "n" * 300, "Доход клиента", "_hidden", "", "a\nb"]
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


def drawn(figure):
    """A figure must show more than paper, and nothing may reach its edge: what does is cut."""
    assert isinstance(figure, Figure)
    paper = (imread(io.BytesIO(plots.to_png(figure)), format="png")[..., :3] > 0.99).all(axis=2)
    assert (~paper).sum() > 300
    assert paper[0].all() and paper[-1].all() and paper[:, 0].all() and paper[:, -1].all()
    return figure


def texts(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


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

    assert " ".join(sentence.split()) in [" ".join(text.split()) for text in texts(figure)]


def test_what_comes_back_in_other_customers_is_drawn_where_it_was_asked():
    cuts = (range(2, 11), [0.4] * 9, [0.3] * 9, "Reproducible.")

    assert len(drawn(plots.structure(*cuts)).findobj(Axes)) == 1
    both = drawn(plots.structure(*cuts, [0.9] * 7, [0.5] * 7)).findobj(Axes)

    assert both[1].get_ylabel().startswith("Agreement of two halves")
    np.testing.assert_array_equal(both[1].lines[0].get_ydata(), [0.9] * 7)
    # The same k stand above each other.
    assert both[0].get_xlim() == both[1].get_xlim()


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
@settings(deadline=None)
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


def test_the_winner_is_first_and_what_is_not_known_is_said():
    said = texts(drawn(plots.selection_evidence(CANDIDATES)))

    assert said.count("not known") == 2
    assert {"0.980", "0.550", "-0.100", "kmeans k=5"} <= set(said)


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
    "draw",
    [
        lambda: plots.structure([], [], [], ""),
        lambda: plots.structure([2, 3], [-1, -1], [0.2, 0.2], "Too few customers to tell."),
        lambda: plots.structure([2], [0.4], [np.nan], ""),
        lambda: plots.structure([2, 3], [-0.2, -0.1], [0.1, -0.3], "None."),
        lambda: plots.segment_stability(DOTS.iloc[:0]),
        lambda: plots.segment_stability(DOTS.assign(jaccard=np.nan)),
        lambda: plots.segment_stability(DOTS.iloc[:1], chosen=3),
        lambda: plots.segment_stability(DOTS.assign(jaccard=0.0), chosen=9),
        lambda: plots.segment_flows([]),
        lambda: plots.segment_flows([[0, 1]], chosen=2),
        lambda: plots.segment_flows([[], []]),
        lambda: plots.segment_flows([[-1] * 9, [0] * 9, [0] * 8 + [1]], chosen=1),
        lambda: plots.agreement_matrix(pd.DataFrame()),
        lambda: plots.agreement_matrix(pd.DataFrame([[1.0]], ["a"], ["a"])),
        lambda: plots.agreement_matrix(pd.DataFrame(np.nan, ["a", "b"], ["a", "b"])),
        lambda: plots.agreement_matrix(pd.DataFrame([[1.0, np.nan], [0.2, 1.0]], ["a", "a"], ["a", "a"])),
        lambda: plots.gap_curve([], [], []),
        lambda: plots.gap_curve([3], [0.5], [0.1], chosen=3, best=3),
        lambda: plots.gap_curve([1, 2], [0.5, np.nan], [0.1, np.nan], chosen=9, best=7),
        lambda: plots.pareto_front(pd.DataFrame({"a": [], "b": []}), "a", "b"),
        lambda: plots.pareto_front(pd.DataFrame({"a": [1.0], "b": [1.0]}), "a", "b", [0], winner=0),
        lambda: plots.selection_evidence(CANDIDATES.iloc[:0]),
        lambda: plots.selection_evidence(CANDIDATES.iloc[:1]),
        lambda: plots.selection_evidence(CANDIDATES.assign(stability=0.0, agreement=0.0, silhouette=-0.5)),
    ],
)
def test_little_or_nothing_to_draw_still_makes_a_figure(draw):
    drawn(draw())
