import numpy as np
import pytest
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import FunctionTransformer

from segmentation.evaluation import TERMS, Candidate, EvaluationSpace, cheap_evidence, terms


def fits(X, *labellings):
    yardstick = EvaluationSpace.of(X, FunctionTransformer(), "as given")
    kept = [Candidate(i, "kmeans", labels, yardstick.score(labels), 2) for i, labels in enumerate(labellings)]
    return [e.fit for e in cheap_evidence(kept, X).values()]


@pytest.mark.parametrize("related", [False, True])
def test_fit_is_the_bic_of_the_shape_that_suits_best(related):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    X[:, 1] += 2 * X[:, 0] * related
    labels = np.repeat([0, 1], 150)
    X[150:] += 6
    found = fits(X, labels)[0]
    # Far apart, hard and soft membership are the same; BIC is minus twice the log-likelihood, the penalty included.
    best = min(
        GaussianMixture(2, covariance_type=shape, random_state=0).fit(X).bic(X)
        for shape in ("full", "tied", "diag")
    )
    one_more = np.log(300)
    assert found == pytest.approx(-(best + one_more) / (2 * 300 * np.log(2)), abs=0.03)


def test_groups_in_many_columns_are_seen_among_few_customers():
    rng = np.random.default_rng(1)
    truth = np.repeat([0, 1, 2], 50)
    X = rng.normal(size=(150, 14)) + 2.5 * np.eye(14)[truth * 4] + 2.5 * np.eye(14)[truth * 4 + 1]
    three, two, one = fits(X, truth, np.minimum(truth, 1), np.zeros(150, dtype=int))
    # An ellipsoid has 119 parameters here: with one for each segment fewer would always fit better.
    assert three > two > one


def test_terms_are_named_and_those_of_the_best_fit_are_not_behind():
    rng = np.random.default_rng(2)
    truth = np.repeat([0, 1], 100)
    X = rng.normal(size=(200, 2)) + 8 * truth[:, None]
    score = EvaluationSpace.of(X, FunctionTransformer(), "as given").score
    kept = [
        Candidate(i, f"a{i}", labels, score(labels), 2)
        for i, labels in enumerate((truth, np.arange(200) % 2))
    ]
    known = cheap_evidence(kept, X)
    right, wrong = (terms(known[c.number], c, known[0].fit) for c in kept)
    assert set(right) == set(wrong) == set(TERMS)
    assert right["fit_behind"] == 0 > wrong["fit_behind"]
    assert right["lost"] == 0
    for name in ("valley", "smallest"):
        assert right[name] >= wrong[name]


def test_a_gap_between_two_answers_speaks_for_no_clustering():
    rng = np.random.default_rng(3)
    answers = rng.integers(0, 2, size=(400, 2))
    X = np.column_stack([rng.normal(size=400), 2 * answers])
    labels = answers @ [1, 2]
    score = EvaluationSpace.of(X, FunctionTransformer(), "as given").score(labels)
    assert cheap_evidence([Candidate(0, "kmeans", labels, score, 4)], X)[0].boundaries.valley < 1
