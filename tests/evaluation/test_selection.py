import numpy as np
import pytest

from segmentation.errors import InputError
from segmentation.evaluation import (
    ByConsensus,
    ByPareto,
    BySilhouette,
    ByStability,
    Candidate,
    Constraints,
    EvaluationSpace,
    RefitContext,
    Scores,
    SetScore,
    knee,
)
from segmentation.evaluation._subsamples import FITS

NOWHERE = RefitContext(np.zeros((1, 1)), lambda number, rows: rows)


def candidate(number, silhouette, k=3, noise=0.0, smallest=0.1, degenerate=None):
    scores = Scores(silhouette, 1.0, k, noise, smallest, 1.0, 1.0, degenerate)
    return Candidate(number, "kmeans", np.zeros(1, dtype=int), scores, k)


def select(candidates, constraints=None, rule=None):
    return (rule or BySilhouette()).select(candidates, NOWHERE, constraints or Constraints())


def test_the_highest_silhouette_wins_and_the_runner_up_is_named():
    selection = select([candidate(0, 0.4), candidate(1, 0.6, k=5), candidate(2, 0.5)])
    assert selection.winner == 1
    assert selection.ranking == (1, 2, 0)
    assert "0.6000 with 5 segments" in selection.reason
    assert "trial 2 with 0.5000" in selection.reason


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ({"noise": 0.5}, "noise 50.0%, above 20.0%"),
        ({"smallest": 0.005}, "smallest segment 0.5%, below 1.0%"),
        ({"k": 40}, "40 segments, more than 20"),
        ({"degenerate": "all 9 customers are noise"}, "all 9 customers are noise"),
    ],
)
def test_what_fails_a_test_cannot_win_and_says_which(bad, why):
    selection = select([candidate(0, 0.9, **bad), candidate(1, 0.3)])
    assert selection.winner == 1
    assert selection.ranking == (1, 0)
    assert selection.failed == {0: why}


def test_no_fit_candidate_means_no_winner():
    assert select([candidate(0, 0.9, noise=0.9)]) is None
    assert select([]) is None


def test_equal_scores_go_to_the_earlier_trial_whatever_the_order():
    both = [candidate(4, 0.5), candidate(2, 0.5)]
    assert select(both).winner == 2
    assert select(both[::-1]).winner == 2


def test_feature_sets_are_compared_by_what_compares():
    def score(verdict="natural", stability=0.9, agreement=0.9, gain=0.2):
        return SetScore("a", 0, verdict, stability, agreement, gain).merit

    assert score() > score("reproducible", 1.0, 1.0, 0.9) > score("constructive", 1.0, 1.0, 0.9)
    assert score() > score(stability=0.5)
    assert score() > score(agreement=0.5)
    assert score() > score(gain=0.1)


class TestPareto:
    def test_the_front_is_what_nothing_beats_and_its_middle_wins(self):
        many = [
            candidate(0, 0.9, smallest=0.02),
            candidate(1, 0.8, smallest=0.30),
            candidate(2, 0.1, smallest=0.40),
            candidate(3, 0.7, smallest=0.25),
            candidate(4, 0.95, noise=0.5),
        ]
        found = select(many, rule=ByPareto())
        assert found.winner == 1
        assert set(found.failed) == {3, 4}
        assert "better in one" in found.failed[3]
        assert "noise" in found.failed[4]
        assert "on the Pareto front of 3" in found.reason
        assert set(found.ranking[:3]) == {0, 1, 2}
        assert select(many[4:], rule=ByPareto()) is None

    @pytest.mark.parametrize(
        "bad", [["silhouette"], ["silhouette", "silhouette"], ["silhouette", "silhuete"]]
    )
    def test_objectives_that_cannot_be_are_refused(self, bad):
        with pytest.raises(InputError, match="selection.objectives"):
            ByPareto(bad)


class TestStability:
    X = np.vstack([np.random.default_rng(i).normal(c, 1, size=(40, 2)) for i, c in enumerate((0, 9))])

    def candidates(self):
        halves = np.repeat([0, 1], 40)
        random = np.random.default_rng(5).integers(0, 2, 80)
        score = EvaluationSpace(self.X, "as given", np.arange(80)).score
        return [Candidate(i, "kmeans", x, score(x), 2) for i, x in enumerate((random, halves))]

    def refit(self, number, rows):
        return (
            np.random.default_rng(rows).integers(0, 2, len(rows)) if number == 0 else (rows >= 40).astype(int)
        )

    def test_what_is_repeated_wins_and_what_was_not_looked_at_says_so(self):
        field = RefitContext(self.X, self.refit)
        found = ByStability().select(self.candidates(), field, Constraints())
        assert found.ranking == (1, 0)
        assert found.evidence[1].stability.score == pytest.approx(1)
        assert abs(found.evidence[0].stability.score) < 0.2
        assert "Trial 1 (kmeans, 2 segments) is repeated best" in found.reason
        short = ByStability(budget=FITS).select(self.candidates(), field, Constraints())
        assert short.ranking == (1, 0)
        assert "not resampled" in short.failed[0]
        assert ByStability().select([], field, Constraints()) is None

    @pytest.mark.parametrize("rule", [ByStability, ByConsensus])
    def test_a_budget_for_less_than_one_candidate_is_refused(self, rule):
        with pytest.raises(InputError, match="selection.budget is 1; valid is"):
            rule(budget=1)


@pytest.mark.parametrize(
    "bad", [{"min_segments": 1}, {"max_segments": 1}, {"min_share": 1.0}, {"max_noise": -0.1}]
)
def test_constraints_that_cannot_be_are_refused(bad):
    with pytest.raises(InputError, match=next(iter(bad))):
        Constraints(**bad)


def test_the_knee_is_found_or_not_there():
    assert knee([2, 3, 4, 5, 6, 7], [100, 60, 25, 22, 20, 18]) == 4
    assert knee([2, 3], [10, 5]) is None
    assert knee([2, 3, 4, 5], [4.0, 3.0, 2.0, 1.0]) is None
