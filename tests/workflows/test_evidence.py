"""What is looked at beside the winner, on tables that a sample of rows does not show whole."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

import segmentation as sg
from segmentation.data.customers import ROW, fingerprint
from segmentation.evaluation import Constraints

OUTSIDE, SEED = 1, 1
"""A row of 4,500 that is not among the 3,000 drawn for evidence; the second test would tell if it were."""


def customers(X: np.ndarray) -> sg.Customers:
    table = pd.DataFrame(X, columns=["a", "b"], index=pd.RangeIndex(len(X), name=ROW))
    return sg.Customers(table, "generated", {}, (), fingerprint(table))


@pytest.fixture(scope="module")
def nothing() -> sg.SegmentationResult:
    names = list("abcdef")
    X = np.random.default_rng(7).normal(size=(120, 6))
    table = pd.DataFrame(X, columns=names, index=pd.RangeIndex(120, name=ROW))
    data = sg.Customers(table, "noise", {}, (), fingerprint(table))
    return sg.search(data, names, ["kmeans", "hierarchical"], k=(3, 8))


def test_that_nothing_is_stable_is_the_heading_of_the_report(
    nothing: sg.SegmentationResult, tmp_path: Path
) -> None:
    assert "(verdict: constructive; no stable segmentation)" in repr(nothing)
    nothing.report(tmp_path)
    title, lead, *_ = (tmp_path / "report.md").read_text().split("\n\n")
    assert title == "# No stable segmentation of noise"
    assert lead.startswith("No stable segmentation was found among the 120 customers of noise")
    assert json.loads((tmp_path / "segments.json").read_text())["unsure"] == nothing.summary.unsure


def test_candidates_that_were_refused_are_marked_in_the_picture_of_the_choice(
    nothing: sg.SegmentationResult,
) -> None:
    board = nothing.leaderboard.set_index("trial")["failed"].fillna("")
    (axes, *_) = nothing.figures()["selection"].findobj(Axes)
    shown = {int(t.get_text().split()[0]): t.get_text() for t in axes.get_yticklabels()}
    assert {number for number, words in shown.items() if words.endswith(" *")} == {
        number for number in shown if board.get(number)
    }
    assert sum(words.endswith(" *") for words in shown.values()) not in (0, len(shown))


def two_groups_and_one(n: int = 4_500) -> sg.Customers:
    X = np.random.default_rng(0).normal(size=(n, 2))
    X[: n // 2] += 8
    X[OUTSIDE] = [30, -30]
    return customers(X)


def kmeans(data: sg.Customers, k: tuple[int, int], **more: object) -> sg.SegmentationResult:
    return sg.search(
        data, ["a", "b"], ["kmeans"], scalers=["standard"], k=k, n_trials=k[1], seed=SEED, **more
    )


def test_a_neighbouring_solution_may_have_a_segment_that_no_sub_sample_holds() -> None:
    # One customer of 3,000 is alone in the solution with three segments, and not among the 2,000 drawn.
    found = kmeans(two_groups_and_one(), (2, 3))
    assert found.scores.n_segments == 2
    assert found.evidence["jaccard"].min() > 0.9
    assert found.summary.figures["segment_stability"]


def test_a_winner_with_a_segment_that_no_sub_sample_holds_says_so() -> None:
    found = kmeans(two_groups_and_one(), (3, 3), constraints=Constraints(min_share=0))
    assert found.evidence["size"].tolist()[2] == 1
    assert found.evidence["jaccard"].isna().tolist() == [False, False, True]
