"""What is looked at beside the winner, on tables that a sample of rows does not show whole."""

import numpy as np
import pandas as pd

import segmentation as sg
from segmentation.data.customers import ROW, fingerprint
from segmentation.evaluation import Constraints

OUTSIDE, SEED = 0, 1
"""A row of 3,000 that is not among the 2,000 drawn with this seed; the second test would tell if it were."""


def customers(X: np.ndarray) -> sg.Customers:
    table = pd.DataFrame(X, columns=["a", "b"], index=pd.RangeIndex(len(X), name=ROW))
    return sg.Customers(table, "generated", {}, (), fingerprint(table))


def two_groups_and_one(n: int = 3_000) -> sg.Customers:
    X = np.random.default_rng(0).normal(size=(n, 2))
    X[: n // 2] += 8
    X[OUTSIDE] = [30, -30]
    return customers(X)


def kmeans(data: sg.Customers, k: tuple[int, int], **more: object) -> sg.Found:
    return sg.search(
        data, ["a", "b"], ["kmeans"], scalers=["standard"], k=k, n_trials=k[1], seed=SEED, **more
    )


def test_a_neighbouring_solution_may_have_a_segment_that_no_sub_sample_holds() -> None:
    # One customer of 3,000 is alone in the solution with three segments, and not among the 2,000 drawn.
    found = kmeans(two_groups_and_one(), (2, 3))
    assert found.scores.n_segments == 2
    assert found.evidence["jaccard"].min() > 0.9
    assert found.story.figures["segment_stability"]


def test_a_winner_with_a_segment_that_no_sub_sample_holds_says_so() -> None:
    found = kmeans(two_groups_and_one(), (3, 3), constraints=Constraints(min_share=0))
    assert found.evidence["size"].tolist()[2] == 1
    assert found.evidence["jaccard"].isna().tolist() == [False, False, True]
