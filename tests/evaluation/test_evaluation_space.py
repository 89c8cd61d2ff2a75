import numpy as np
import pytest
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_score
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from segmentation.evaluation import EvaluationSpace, silhouette_reference
from segmentation.evaluation import _space as module


@pytest.fixture
def blobs():
    rng = np.random.default_rng(0)
    X = np.vstack([rng.normal(c, 1, size=(40, 2)) * [1, 100] for c in (0, 6, 12)])
    return X, np.repeat([0, 1, 2], 40)


def test_scores_are_those_of_scikit_learn_in_the_scaled_space(blobs):
    X, labels = blobs
    Z = StandardScaler().fit_transform(X)
    scores = EvaluationSpace.of(X, StandardScaler(), "standard").score(labels)
    assert scores.silhouette == pytest.approx(silhouette_score(Z, labels))
    assert scores.calinski_harabasz == pytest.approx(calinski_harabasz_score(Z, labels))
    assert scores.davies_bouldin == pytest.approx(davies_bouldin_score(Z, labels))
    assert scores.inertia == pytest.approx(
        sum(((Z[labels == s] - Z[labels == s].mean(0)) ** 2).sum() for s in range(3))
    )
    assert (scores.n_segments, scores.noise_share, scores.smallest_share) == (3, 0, pytest.approx(1 / 3))


def test_units_of_the_columns_do_not_matter(blobs):
    X, labels = blobs
    in_cents = EvaluationSpace.of(X * [100, 1], StandardScaler(), "s").score(labels)
    assert in_cents.silhouette == pytest.approx(
        EvaluationSpace.of(X, StandardScaler(), "s").score(labels).silhouette
    )


def test_noise_counts_against_every_score(blobs):
    X, labels = blobs
    yardstick = EvaluationSpace.of(X, StandardScaler(), "standard")
    noisy = labels.copy()
    noisy[::3] = -1
    clean, dirty = yardstick.score(labels), yardstick.score(noisy)
    assert dirty.noise_share == pytest.approx(1 / 3)
    assert dirty.silhouette < clean.silhouette
    assert dirty.davies_bouldin > clean.davies_bouldin
    assert dirty.calinski_harabasz < clean.calinski_harabasz
    assert dirty.inertia > clean.inertia


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        (np.full(6, -1), "all 6 customers are noise"),
        (np.zeros(6, int), "one segment holds all customers"),
        (np.array([0, 0, 0, -1, -1, -1]), "one segment holds all that is not noise"),
        (np.arange(6), "every customer is a segment of its own"),
    ],
)
def test_a_degenerate_labelling_is_a_result_with_a_reason(labels, why):
    scores = EvaluationSpace.of(np.arange(12.0).reshape(6, 2), StandardScaler(), "standard").score(labels)
    assert scores.degenerate == why
    assert scores.silhouette == -1
    assert set(scores.metrics()) == {
        "silhouette_yardstick", "inertia_yardstick", "n_segments", "noise_share", "smallest_share",
    }  # fmt: skip


def test_beyond_the_exact_size_one_fixed_sample_is_shared(monkeypatch, blobs):
    monkeypatch.setattr(module, "EXACT_ROWS", 50)
    X, labels = blobs
    first = EvaluationSpace.of(X, MinMaxScaler(), "minmax", seed=3)
    assert len(first.rows) == 50
    assert (first.rows == EvaluationSpace.of(X, MinMaxScaler(), "minmax", seed=3).rows).all()
    sampled = first.score(labels)
    assert sampled.silhouette == pytest.approx(silhouette_score(first.X[first.rows], labels[first.rows]))
    assert sampled.n_segments == 3


def test_the_reference_of_fewer_dimensions_is_higher():
    rng = np.random.default_rng(1)
    low = EvaluationSpace.of(rng.normal(size=(200, 2)), StandardScaler(), "s")
    high = EvaluationSpace.of(rng.normal(size=(200, 8)), StandardScaler(), "s")
    assert 0.25 < silhouette_reference(low) < 0.45
    assert silhouette_reference(high) < silhouette_reference(low) - 0.1
