import json

import numpy as np
import pytest
import yaml
from sklearn.cluster import DBSCAN, AgglomerativeClustering, KMeans
from sklearn.datasets import make_circles, make_moons
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import FunctionTransformer

from segmentation.configs import conf_dir
from segmentation.errors import InputError
from segmentation.evaluation import ByConsensus, Candidate, Constraints, EvaluationSpace, Limits, RefitContext
from segmentation.evaluation._consensus import ALL_FITS, FITS, SHORTLIST

ASKED = {
    "kmeans": lambda k: KMeans(k, n_init=5, random_state=0),
    "gaussian_mixture": lambda k: GaussianMixture(k, random_state=0),
    "ward": AgglomerativeClustering,
    "single": lambda k: AgglomerativeClustering(k, linkage="single"),
}


class StudyResult:
    """Every k of a few algorithms, and DBSCAN at a few radii."""

    def __init__(self, X, largest=6, algorithms=(*ASKED, "dbscan")):
        yardstick = EvaluationSpace.of(X, FunctionTransformer(), "as given")
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

    def select(self, candidates=None, constraints=None, seed=0, verdict="natural", **options):
        columns, value = options.pop("columns", None), options.pop("value", None)
        field = RefitContext(self.X, self.fit, verdict, columns, value)
        if candidates is None:
            candidates = self.candidates
        return ByConsensus(**options).select(candidates, field, constraints or Constraints(), seed)

    def labels(self, number):
        return self.candidates[number].labels

    def k(self, number):
        return self.candidates[number].scores.n_segments


@pytest.fixture(scope="module")
def blobs():
    rng = np.random.default_rng(0)
    centers = np.array([[0, 0], [9, 0], [0, 9], [9, 9]])
    return StudyResult(np.vstack([rng.normal(size=(40, 2)) + c for c in centers]))


@pytest.fixture(scope="module")
def rings():
    return StudyResult(make_circles(240, noise=0.02, factor=0.4, random_state=0)[0])


@pytest.fixture(scope="module")
def continuum():
    """Evenly spread over a long strip: k-means cuts it into as many parts as it is told to."""
    rng = np.random.default_rng(1)
    return StudyResult(
        rng.uniform(size=(400, 2)) * [12, 1], largest=10, algorithms=("kmeans", "gaussian_mixture")
    )


def same_groups(a, b):
    return len(set(zip(a, b, strict=True))) == len(set(a)) == len(set(b))


def test_separate_groups_are_found_whatever_their_shape(blobs, rings):
    found = blobs.select()
    assert same_groups(blobs.labels(found.winner), np.repeat(range(4), 40))
    assert not found.unsure
    found = rings.select()
    assert same_groups(rings.labels(found.winner), np.linalg.norm(rings.X, axis=1) < 0.7)


def test_a_crescent_is_not_paved_with_cells():
    X, truth = make_moons(500, noise=0.05, random_state=0)
    study = StudyResult(X, largest=12)
    assert same_groups(study.labels(study.select().winner), truth)


def test_overlapping_groups_are_told_apart_where_gaussians_explain_them():
    rng = np.random.default_rng(1)
    X = np.vstack([rng.normal(size=(150, 2)) + c for c in ([0, 0], [4.5, 0], [14, 0])])
    study = StudyResult(X, largest=5)
    assert study.k(study.select().winner) == 3


def test_neither_order_nor_names_of_segments_matter(blobs):
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
    assert won.stability.fits == ALL_FITS
    assert won.reproduced == pytest.approx(2, abs=0.05)
    assert sorted(found.ranking) == [c.number for c in blobs.candidates]


def test_only_the_shortlist_is_fitted_again(rings):
    before = rings.refits
    found = rings.select()
    resampled = [e for e in found.evidence.values() if e.stability]
    assert len(resampled) <= SHORTLIST < len(found.evidence)
    assert rings.refits - before == sum(e.stability.fits for e in resampled)
    # A budget beyond what is needed changes nothing.
    assert rings.select(budget=10_000).ranking == found.ranking


def test_the_budget_bounds_the_fits(blobs):
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


def test_nothing_fit_to_win_is_no_winner(blobs):
    assert blobs.select([]) is None
    assert blobs.select(constraints=Constraints(min_segments=15, max_segments=16)) is None


class TestOfAContinuum:
    def test_the_cut_tells_most_of_what_is_repeated_within_a_handful(self, continuum):
        found = continuum.select(verdict="constructive")
        won = found.evidence[found.winner]
        assert 3 <= continuum.k(found.winner) <= 8
        assert min(won.stability.jaccard) >= 0.75
        stable = [
            e.reproduced
            for i, e in found.evidence.items()
            if e.stability
            and e.stability.fits == ALL_FITS
            and min(e.stability.jaccard) >= 0.75
            and 3 <= continuum.k(i) <= 8
        ]
        assert won.reproduced >= max(stable) - 0.1
        assert "a choice among others" in found.reason

    def test_how_many_segments_are_useful_can_be_said(self, continuum):
        found = continuum.select(verdict="constructive", min_segments=2, max_segments=2)
        assert continuum.k(found.winner) == 2
        with pytest.raises(InputError, match="selection.min_segments is 5 and max_segments 4"):
            ByConsensus(min_segments=5, max_segments=4)

    def test_reproducible_segments_may_be_two(self):
        # Two overlapping groups: nothing finer comes back.
        rng = np.random.default_rng(0)
        X = np.vstack([rng.normal(size=(200, 3)), rng.normal(size=(200, 3)) + 3])
        study = StudyResult(X, algorithms=("kmeans",))
        strict = Limits(min_jaccard=0.9)
        assert study.k(study.select(verdict="reproducible", limits=strict).winner) == 2
        assert study.select(verdict="constructive", limits=strict).unsure

    def test_where_nothing_is_stable_the_best_is_unsure(self):
        study = StudyResult(np.random.default_rng(0).normal(size=(120, 6)), largest=8, algorithms=("kmeans",))
        found = study.select(verdict="constructive")
        assert found.reason.startswith("No stable segmentation: of the best that was found, ")
        assert "below 0.75" in found.unsure or "below 0.7" in found.unsure
        assert found.winner == found.ranking[0]

    def test_a_search_for_dense_places_wins_no_continuum(self, blobs):
        noisy = [c for c in blobs.candidates if c.algorithm == "dbscan"]
        assert any(not c.scores.degenerate for c in noisy)
        found = blobs.select(verdict="constructive")
        assert blobs.tried[found.winner][0] != "dbscan"


class TestRefusals:
    def test_the_values_of_one_column_are_no_segments(self):
        """Purchases once, twice, often: apart, stable, agreed on, and one column's ties."""
        rng = np.random.default_rng(0)
        purchases = rng.choice([1, 2, 3], 300, p=[0.5, 0.3, 0.2]).astype(float)
        group = rng.integers(0, 2, 300)
        spend = rng.normal(size=(300, 2)) + 6.0 * group[:, None]
        columns = np.column_stack([purchases, spend])
        study = StudyResult(columns * [9, 1, 1], largest=6, algorithms=("kmeans", "ward", "gaussian_mixture"))
        three = next(c for c in study.candidates if c.algorithm == "kmeans" and c.scores.n_segments == 3)
        assert same_groups(three.labels, purchases)
        found = study.select(columns=columns)
        assert found.failed[three.number] == "it is the values of one column again (column 1 of the features)"
        assert not same_groups(study.labels(found.winner), purchases)
        # Without knowing the columns nothing is refused.
        assert "column" not in study.select().failed.get(three.number, "")

    def test_two_columns_crossed_are_no_segments(self):
        """Every pair of yes/no items makes four tight groups, whatever the other columns say."""
        rng = np.random.default_rng(1)
        items = rng.integers(0, 2, (300, 2)).astype(float)
        columns = np.column_stack([items, rng.normal(size=(300, 2))])
        study = StudyResult(columns * [8, 8, 1, 1], largest=4, algorithms=("kmeans", "ward"))
        cells = items @ [1, 2]
        found = study.select(columns=columns)
        # Any of the cuts joins or parts the cells: there is nothing else to choose.
        assert found.unsure == "it is the values of 2 columns crossed (columns 1, 2 of the features)"
        assert found.reason.startswith("No stable segmentation: ")
        assert same_groups(study.labels(study.select().winner), cells)

    def test_levels_that_the_other_columns_show_too_are_segments(self, blobs):
        group = np.repeat(range(4), 40).astype(float)
        columns = np.column_stack([group, blobs.X])
        study = StudyResult(columns, algorithms=("kmeans", "ward"))
        assert same_groups(study.labels(study.select(columns=columns).winner), group)

    def test_a_group_without_segment_may_not_hold_the_value(self, rings):
        labels = np.where(np.linalg.norm(rings.X, axis=1) < 0.7, 0, 1)
        labels[:20] = -1
        scores = EvaluationSpace.of(rings.X, FunctionTransformer(), "as given").score(labels)
        candidate = Candidate(len(rings.candidates), "hdbscan", labels, scores)
        value = np.where(labels < 0, 50.0, 1.0)
        rings.tried.append(("dbscan", 0.3))
        found = rings.select([*rings.candidates, candidate], value=value)
        assert (
            "82% of the value lies with the 8.3% of customers in no segment" in found.failed[candidate.number]
        )
        found = rings.select([*rings.candidates, candidate], value=np.ones(240))
        assert "value" not in found.failed.get(candidate.number, "")
        rings.tried.pop()

    def test_a_segment_that_dissolves_never_wins(self):
        rng = np.random.default_rng(0)
        X = np.vstack([rng.normal(size=(100, 2)) + c for c in ([0, 0], [12, 0])])
        study = StudyResult(X, largest=2, algorithms=("kmeans", "ward"))
        # Better by every other figure, but each fit cuts somewhere else.
        better = np.repeat([0, 1], 100)
        better[better == 1] = rng.integers(1, 3, 100)
        scores = EvaluationSpace.of(X, FunctionTransformer(), "as given").score(better)
        number = len(study.candidates)
        fit = study.fit

        def shaky(i, rows):
            if i != number:
                return fit(i, rows)
            labels = better[rows].copy()
            labels[labels > 0] = np.random.default_rng(rows).integers(1, 3, int((labels > 0).sum()))
            return labels

        study.fit = shaky
        found = study.select([*study.candidates, Candidate(number, "shaky", better, scores, 3)])
        assert found.winner != number
        if found.evidence[number].stability:
            assert "does not come back in sub-samples" in found.failed[number]


@pytest.mark.parametrize(
    ("limits", "lacks"),
    [
        (Limits(min_stability=1.01), "sub-samples repeat it with ARI 1.00, below 1.01"),
        (Limits(min_jaccard=1.01), "a segment comes back with a Jaccard of 1.00, below 1.01"),
        (Limits(min_share=0.3), "its smallest segment holds 40 customers"),
        (Limits(min_customers=41), "its smallest segment holds 40 customers"),
    ],
)
def test_each_limit_can_be_missed(blobs, limits, lacks):
    assert not blobs.select().unsure
    found = blobs.select(limits=limits, constraints=Constraints(min_segments=4, max_segments=4))
    assert lacks in found.unsure


def test_an_answer_is_judged_by_who_was_asked_for_its_number_of_segments(rings):
    single = next(
        c for c in rings.candidates if rings.tried[c.number] == ("single", 2) and c.scores.n_segments == 2
    )
    radius = Candidate(len(rings.candidates), "dbscan", single.labels, single.scores, None)

    def refit(number, rows):
        # Among fewer rows the radius no longer joins what it joined.
        labels = single.labels[rows].copy()
        if number in (-1, radius.number):
            labels[np.random.default_rng(rows).random(len(rows)) < 0.3] = -1
        return labels

    for order in ([single, radius], [radius, single]):
        assert (
            ByConsensus().select(order, RefitContext(rings.X, refit), Constraints()).winner == single.number
        )
    # Whichever has the lower number.
    first = Candidate(-1, "dbscan", single.labels, single.scores, None)
    assert (
        ByConsensus().select([first, single], RefitContext(rings.X, refit), Constraints()).winner
        == single.number
    )


def test_the_weights_can_be_given_and_decide(blobs, tmp_path):
    path = tmp_path / "weights.json"
    few = {"information": -10.0}
    path.write_text(json.dumps({"cheap": few, "full": few}))
    rng = np.random.default_rng(0)
    pairs = np.vstack([rng.normal(size=(40, 2)) + np.array([x, 0]) for x in (0, 9, 40, 49)])
    study = StudyResult(pairs, largest=4, algorithms=("kmeans", "ward"))
    assert study.k(study.select().winner) == 4
    assert study.k(study.select(weights=str(path)).winner) == 2
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps({"cheap": {"informatoin": 1.0}, "full": few}))
    with pytest.raises(InputError, match="valid terms are agreement, "):
        blobs.select(weights=str(wrong))
    with pytest.raises(InputError, match="cannot be read"):
        blobs.select(weights=str(tmp_path / "none.json"))


def test_the_limits_are_those_of_the_gate():
    gate = yaml.safe_load((conf_dir() / "gate" / "default.yaml").read_text(encoding="utf-8"))
    shipped = yaml.safe_load((conf_dir() / "selection" / "consensus.yaml").read_text(encoding="utf-8"))
    shipped["limits"].pop("_target_")
    assert (
        Limits(**shipped["limits"]) == Limits() == Limits(**{name: gate[name] for name in shipped["limits"]})
    )


def test_a_number_of_segments_at_its_bound_is_told(continuum):
    rng = np.random.default_rng(0)
    rows = [rng.normal(size=(40, 2)) + 12 * np.array([i % 3, i // 3]) for i in range(6)]
    study = StudyResult(np.vstack(rows), largest=6, algorithms=("kmeans", "ward"))
    assert "6 segments are the most that were tried" in study.select().reason
    study = StudyResult(np.vstack(rows), largest=7, algorithms=("kmeans", "ward"))
    assert "the most that were tried" not in study.select().reason
    found = continuum.select(verdict="constructive", max_segments=3)
    assert "3 segments are the most that selection.max_segments allows" in found.reason
