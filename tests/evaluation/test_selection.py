import pytest

from segmentation.errors import InputError
from segmentation.evaluation import Candidate, Constraints, Scores, knee, select


def candidate(number, silhouette, k=3, noise=0.0, smallest=0.1, features="a", degenerate=None):
    return Candidate(number, features, Scores(silhouette, 1.0, k, noise, smallest, 1.0, 1.0, degenerate))


def test_the_highest_silhouette_wins_and_the_runner_up_is_named():
    selection = select(
        [candidate(0, 0.4), candidate(1, 0.6, k=5), candidate(2, 0.5)], Constraints(), {"a": 0}
    )
    assert selection.winner == 1
    assert selection.ranking == (1, 2, 0)
    assert "0.6000 with 5 segments" in selection.reason
    assert "trial 2 with 0.5000" in selection.reason


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ({"noise": 0.5}, "noise 50.0%, above 20.0%"),
        ({"smallest": 0.01}, "smallest segment 1.0%, below 2.0%"),
        ({"k": 40}, "40 segments, more than 20"),
        ({"degenerate": "all 9 customers are noise"}, "all 9 customers are noise"),
    ],
)
def test_what_fails_a_test_cannot_win_and_says_which(bad, why):
    selection = select([candidate(0, 0.9, **bad), candidate(1, 0.3)], Constraints(), {"a": 0})
    assert selection.winner == 1
    assert selection.ranking == (1, 0)
    assert selection.failed == {0: why}


def test_no_fit_candidate_means_no_winner():
    assert select([candidate(0, 0.9, noise=0.9)], Constraints(), {"a": 0}) is None
    assert select([], Constraints(), {"a": 0}) is None


def test_equal_scores_go_to_the_earlier_trial_whatever_the_order():
    both = [candidate(4, 0.5), candidate(2, 0.5)]
    assert select(both, Constraints(), {"a": 0}).winner == 2
    assert select(both[::-1], Constraints(), {"a": 0}).winner == 2


def test_feature_sets_are_compared_above_their_reference():
    both = [candidate(0, 0.6, features="easy"), candidate(1, 0.5, features="hard")]
    assert select(both, Constraints(), {"easy": 0.5, "hard": 0.2}).winner == 1


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
