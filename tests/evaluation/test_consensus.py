import numpy as np
import pytest
from sklearn.cluster import DBSCAN, AgglomerativeClustering, KMeans
from sklearn.datasets import make_circles
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import FunctionTransformer

from segmentation.clustering import LatentClass
from segmentation.evaluation import ByConsensus, Candidate, Constraints, Field, Yardstick
from segmentation.evaluation._consensus import FITS

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
            self.candidates.append(Candidate(i, name, labels, yardstick.score(labels), asked))

    def fit(self, number, rows):
        self.refits += 1
        name, setting = self.tried[number]
        model = DBSCAN(eps=setting) if name == "dbscan" else ASKED[name](setting)
        return model.fit_predict(self.X[rows])

    def select(self, candidates=None, constraints=None, seed=0, **options):
        field = Field(self.X, self.fit)
        if candidates is None:
            candidates = self.candidates
        return ByConsensus(**options).select(candidates, field, constraints or Constraints(), seed)

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
    assert "as Gaussian groups" in found.reason
    found = rings.select()
    inner = np.linalg.norm(rings.X, axis=1) < 0.7
    assert same_groups(rings.labels(found.winner), inner)
    assert "tells most of what holds" in found.reason


def test_overlapping_groups_are_told_apart_where_gaussians_explain_them():
    rng = np.random.default_rng(1)
    X = np.vstack([rng.normal(size=(150, 2)) + c for c in ([0, 0], [4, 0], [14, 0])])
    study = Study(X, largest=5)
    assert study.candidates[study.select().winner].scores.n_segments == 3


def test_neither_order_nor_names_of_segments_nor_seed_of_candidates_matter(blobs):
    found = blobs.select()
    rng = np.random.default_rng(0)
    renamed = [
        Candidate(
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
    assert FITS <= blobs.refits - before < FITS * len(blobs.candidates) / 2
    # A budget beyond what is needed changes nothing.
    assert blobs.select(budget=10_000).ranking == found.ranking


def test_the_budget_bounds_the_fits_and_the_winner_is_then_the_best_guess(blobs):
    before = blobs.refits
    found = blobs.select(budget=FITS)
    assert blobs.refits - before == FITS
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
    assert blobs.select([]) is None
    assert blobs.select(constraints=Constraints(min_segments=15, max_segments=16)) is None


def test_every_candidate_that_was_left_out_says_why(blobs):
    found = blobs.select()
    for number, evidence in found.evidence.items():
        assert evidence.stability or "behind even if every sub-sample" in found.failed[number]


def test_of_answers_that_explain_alike_the_most_repeated_wins():
    # Of two names for nearly the same groups, one hangs on the rows that happen to be there.
    rng = np.random.default_rng(3)
    X = np.vstack([rng.normal(size=(60, 2)) + c for c in ([0, 0], [7, 0])])
    truth = np.repeat([0, 1], 60)
    shaky = truth.copy()
    shaky[[0, 70]] = 1 - shaky[[0, 70]]
    score = Yardstick(X, "as given", np.arange(120)).score
    candidates = [Candidate(0, "shaky", truth, score(truth), 2), Candidate(1, "firm", shaky, score(shaky), 2)]

    def refit(number, rows):
        labels = truth[rows].copy()
        flipped = np.random.default_rng(rows).random(len(rows)) < 0.1
        labels[flipped] = 1 - labels[flipped]
        return labels if number == 0 else shaky[rows]

    found = ByConsensus().select(candidates, Field(X, refit), Constraints())
    assert found.winner == 1


def test_columns_of_yes_and_no_do_not_decide_by_being_repeated():
    """What only repeats unrelated answers is stable, and still not what explains the customers."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 300)
    amounts = rng.normal(np.array([[0, 0], [4, 0], [2, 4]])[truth], 0.7)
    answers = 8.0 * rng.integers(0, 2, (300, 3))
    X = np.column_stack([amounts, answers])
    study = Study(X, algorithms=("kmeans", "ward"))
    model = LatentClass(3, random_state=0)

    class WithLatentClass(Study):
        def fit(self, number, rows):
            if number < len(self.tried):
                return super().fit(number, rows)
            return model.fit(X[rows]).labels_

    study.__class__ = WithLatentClass
    labels = model.fit(X).labels_
    scores = Yardstick.of(X, FunctionTransformer(), "as given").score(labels)
    number = len(study.candidates)
    chosen = study.select([*study.candidates, Candidate(number, "latent_class", labels, scores, 3)])
    assert chosen.winner == number
    assert "in amounts and levels" in chosen.reason
