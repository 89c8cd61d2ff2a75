import numpy as np
import pytest
from sklearn.cluster import DBSCAN, AgglomerativeClustering, KMeans
from sklearn.datasets import make_circles
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import FunctionTransformer

from segmentation.evaluation import Constraints, Yardstick
from segmentation.evaluation._consensus import Clustering, consensus
from segmentation.evaluation._plan import default_grid

ASKED = {
    "kmeans": lambda k: KMeans(k, n_init=3, random_state=0),
    "gaussian_mixture": lambda k: GaussianMixture(k, random_state=0),
    "ward": AgglomerativeClustering,
    "single": lambda k: AgglomerativeClustering(k, linkage="single"),
}


class Study:
    """Every k of a few algorithms, and DBSCAN at a few radii."""

    def __init__(self, X, largest=6, algorithms=(*ASKED, "dbscan")):
        yardstick = Yardstick.of(X, FunctionTransformer(), "as given")
        self.X, self.tried, self.refits = X, [], 0
        for name in algorithms:
            settings = (0.1, 0.3, 1.0) if name == "dbscan" else range(2, largest + 1)
            self.tried += [(name, setting) for setting in settings]
        self.candidates = []
        for i, (name, setting) in enumerate(self.tried):
            labels = self.fit(i, np.arange(len(X)))
            asked = None if name == "dbscan" else setting
            self.candidates.append(Clustering(i, name, labels, yardstick.score(labels), asked))

    def fit(self, number, rows):
        self.refits += 1
        name, setting = self.tried[number]
        model = DBSCAN(eps=setting) if name == "dbscan" else ASKED[name](setting)
        return model.fit_predict(self.X[rows])

    def select(self, candidates=None, **options):
        return consensus(candidates or self.candidates, self.X, self.fit, Constraints(), **options)

    def labels(self, number):
        return self.candidates[number].labels


@pytest.fixture(scope="module")
def blobs():
    rng = np.random.default_rng(0)
    centers = np.array([[0, 0], [9, 0], [0, 9], [9, 9]])
    return Study(np.vstack([rng.normal(size=(40, 2)) + c for c in centers]))


@pytest.fixture(scope="module")
def rings():
    return Study(make_circles(240, noise=0.02, factor=0.4, random_state=0)[0])


def same_groups(a, b):
    return len(set(zip(a, b, strict=True))) == len(set(a)) == len(set(b))


def test_separate_groups_are_found_whatever_their_shape(blobs, rings):
    found = blobs.select()
    assert same_groups(blobs.labels(found.winner), np.repeat(range(4), 40))
    assert found.shape == "gaussian"
    found = rings.select()
    inner = np.linalg.norm(rings.X, axis=1) < 0.7
    assert same_groups(rings.labels(found.winner), inner)
    assert found.shape == "any"


def test_overlapping_groups_are_told_apart_where_gaussians_explain_them():
    rng = np.random.default_rng(1)
    X = np.vstack([rng.normal(size=(150, 2)) + c for c in ([0, 0], [4, 0], [14, 0])])
    study = Study(X, largest=5)
    assert study.candidates[study.select().winner].scores.n_segments == 3


def test_neither_order_nor_names_of_segments_nor_seed_of_candidates_matter(blobs):
    found = blobs.select()
    rng = np.random.default_rng(0)
    renamed = [
        Clustering(
            c.number,
            c.algorithm,
            np.append(rng.permutation(c.labels.max() + 1), -1)[c.labels],
            c.scores,
            c.asked,
        )
        for c in blobs.candidates
    ]
    rng.shuffle(renamed)
    again = blobs.select(renamed)
    assert again.ranking == found.ranking
    assert again.reason == found.reason
    assert again.evidence[found.winner].disputed == pytest.approx(found.evidence[found.winner].disputed)


def test_the_reason_names_the_winner_and_the_evidence_is_there(blobs):
    found = blobs.select()
    won = found.evidence[found.winner]
    assert f"Trial {found.winner} (" in found.reason
    assert "4 segments" in found.reason
    assert won.information == pytest.approx(2)
    assert won.disputed < 0.05
    assert won.agreement > 0.95
    assert won.stability.score > 0.95
    assert sorted(found.ranking) == [c.number for c in blobs.candidates]


def test_what_cannot_win_is_not_fitted_again(blobs):
    before = blobs.refits
    found = blobs.select()
    assert 4 <= blobs.refits - before < 4 * len(blobs.candidates) / 2
    # A budget beyond what is needed changes nothing.
    assert blobs.select(budget=10_000).ranking == found.ranking


def test_without_any_budget_the_winner_is_the_best_guess(blobs):
    before = blobs.refits
    found = blobs.select(budget=0)
    assert blobs.refits - before <= 4
    assert found.winner in found.evidence


def test_a_candidate_says_which_test_it_failed(rings):
    found = rings.select()
    noisy = next(
        i for i, c in enumerate(rings.candidates) if c.scores.noise_share > 0.2 or c.scores.degenerate
    )
    assert found.failed[noisy]
    assert noisy in found.ranking[-len(found.failed) :]
    assert found.winner not in found.failed


def test_one_algorithm_alone_is_judged_by_its_stability(blobs):
    alone = Study(blobs.X, algorithms=("kmeans",))
    assert alone.candidates[alone.select().winner].scores.n_segments == 4


def test_nothing_fit_to_win_is_no_winner(blobs):
    assert consensus([], blobs.X, blobs.fit, Constraints()) is None
    impossible = Constraints(min_segments=15, max_segments=16)
    assert consensus(blobs.candidates, blobs.X, blobs.fit, impossible) is None


def test_the_plan_visits_every_k_and_each_prefix_every_kind():
    X = np.random.default_rng(0).normal(size=(300, 3))
    plan = default_grid(X, max_k=12)
    assert {p["n_clusters"] for a, p in plan if a == "kmeans"} == set(range(2, 13))
    kinds = {"kmeans", "gaussian_mixture", "hierarchical", "dbscan", "hdbscan"}
    assert {a for a, _ in plan[:40]} == kinds
    assert len({(a, *sorted(p.items())) for a, p in plan}) == len(plan)


def test_the_radii_follow_the_units_of_the_data_and_leave_a_share_of_core_rows():
    X = np.random.default_rng(0).normal(size=(300, 3))
    radii, larger = ([p["eps"] for a, p in default_grid(scale * X) if a == "dbscan"] for scale in (1, 1000))
    assert larger == pytest.approx(1000 * np.array(radii))


@pytest.mark.parametrize("n", [2, 9, 30])
def test_few_rows_have_a_plan_too(n):
    plan = default_grid(np.random.default_rng(0).normal(size=(n, 2)))
    assert all(p.get("n_clusters", 2) <= max(2, n // 4) for _, p in plan)


def test_repeated_rows_give_no_radius_of_zero():
    assert all(p["eps"] > 0 for a, p in default_grid(np.repeat(np.eye(3), 30, axis=0)) if a == "dbscan")
