import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans as ScikitKMeans
from sklearn.datasets import load_iris, load_wine
from sklearn.metrics import pairwise_distances, silhouette_samples, silhouette_score

from segmentation.clustering import GaussianMixture
from segmentation.evaluation import silhouette_values
from segmentation.evaluation._indices import (
    Gap,
    bic,
    dbcv,
    gap,
    icl,
    prediction_strength,
    segment_silhouettes,
    share_negative,
)


def groups(seed=0, apart=8.0, sizes=(40, 30, 20)):
    """Groups of deviation 1 on a line, and their labels."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(len(sizes)), sizes)
    return rng.normal(size=(len(truth), 2)) + apart * truth[:, None] * np.array([1.0, 0.0]), truth


def kmeans(X, k):
    return ScikitKMeans(k, n_init=3, random_state=0).fit_predict(X)


def test_silhouettes_of_segments_agree_with_scikit_learn():
    X, labels = load_iris(return_X_y=True)
    values = silhouette_values(pairwise_distances(X), labels)
    reference = silhouette_samples(X, labels)
    assert np.allclose(
        segment_silhouettes(values, labels), [reference[labels == segment].mean() for segment in range(3)]
    )
    assert np.average(segment_silhouettes(values, labels), weights=[50, 50, 50]) == pytest.approx(
        silhouette_score(X, labels)
    )
    assert share_negative(values, labels) == pytest.approx((reference < 0).mean())


def test_noise_is_no_misplaced_customer():
    silhouettes, labels = np.array([0.5, -0.1, -0.3, 0.0]), np.array([0, 0, 1, -1])
    assert share_negative(silhouettes, labels) == pytest.approx(2 / 3)
    assert np.allclose(segment_silhouettes(silhouettes, labels), [0.2, -0.3])
    assert share_negative(silhouettes, np.full(4, -1)) == 0.0


def wine(noise_each=None):
    X, labels = load_wine(return_X_y=True)
    labels = labels.copy()
    if noise_each:
        labels[::noise_each] = -1
    return (X - X.mean(axis=0)) / X.std(axis=0), labels


def blobs():
    rng = np.random.RandomState(0)
    centers = np.repeat([[0, 0], [4, 0], [0, 5.0]], [40, 30, 20], axis=0)
    return centers + rng.normal(size=centers.shape), np.repeat([0, 1, 2], [40, 30, 20])


# hdbscan 0.8.44, hdbscan.validity.validity_index. Mutual reachability has many ties, of which it takes those
# that come first in the file: the figures were made with 1e-9 of the distances added to it, as here.
@pytest.mark.parametrize(
    ("X", "labels", "published"),
    [
        pytest.param(*wine(), -0.2626219246, id="wine"),
        pytest.param(*wine(noise_each=5), -0.2135517040, id="wine-with-noise"),
        pytest.param(*blobs(), 0.0979436835, id="blobs"),
    ],
)
def test_dbcv_agrees_with_hdbscan(X, labels, published):
    assert dbcv(X, labels) == pytest.approx(published, abs=1e-6)


@given(st.integers(0, 1_000), st.floats(0.5, 10), st.permutations(range(3)))
@settings(max_examples=25)
def test_dbcv_knows_neither_names_order_nor_units(seed, unit, names):
    X, labels = groups(seed, apart=4)
    labels[::7] = -1
    expected = dbcv(X, labels)
    order = np.random.default_rng(seed).permutation(len(X))
    renamed = np.where(labels < 0, -1, np.array(names)[labels])
    assert dbcv(unit * X[order], renamed[order]) == pytest.approx(expected, abs=1e-6)
    assert -1 <= expected <= 1


def test_dbcv_falls_when_rows_of_a_dense_segment_are_called_noise():
    X, labels = groups(apart=20)
    fewer = labels.copy()
    fewer[:20] = -1
    assert dbcv(X, fewer) < dbcv(X, labels)


@pytest.mark.parametrize(
    "labels", [np.zeros(30, int), np.full(30, -1), np.arange(30), np.repeat([0, 1], [29, 1])]
)
def test_dbcv_of_degenerate_clusterings_is_a_number(labels):
    X = np.vstack([np.zeros((15, 2)), np.ones((15, 2))])
    assert -1 <= dbcv(X, labels) <= 1


def test_dbcv_of_many_rows_is_that_of_a_sample():
    X, labels = groups(sizes=(2_500, 2_000), apart=30)
    assert dbcv(X, labels) == dbcv(X, labels)
    assert dbcv(X, labels) > 0.5


def test_gap_agrees_with_its_definition_by_pairs():
    # Tibshirani, Walther and Hastie 2001, equations 1 to 3: W_k = sum over segments of D_r / (2 n_r), D_r all
    # pairwise squared distances. In one dimension the principal axis is the column itself.
    X = groups(1)[0][:, :1]
    X = X - X.mean()

    def log_w(rows, k):
        labels = kmeans(rows, k) if k > 1 else np.zeros(len(rows), int)
        parts = [rows[labels == segment] for segment in range(k)]
        return np.log(sum((pairwise_distances(part) ** 2).sum() / (2 * len(part)) for part in parts))

    rng = np.random.default_rng(5)
    sign = np.linalg.svd(X, full_matrices=False)[2][0, 0]
    low, high = (sign * X).min(), (sign * X).max()
    drawn = [rng.uniform(low, high, X.shape) * sign for _ in range(8)]
    expected = np.array([[log_w(rows, k) for k in (1, 2, 3, 4)] for rows in drawn])
    found = gap(X, kmeans, (1, 2, 3, 4), draws=8, seed=5)
    assert np.allclose(found.values, expected.mean(axis=0) - [log_w(X, k) for k in (1, 2, 3, 4)])
    assert np.allclose(found.errors, expected.std(axis=0) * np.sqrt(1 + 1 / 8))
    assert found.k == 3


@pytest.mark.parametrize(
    ("values", "errors", "k"),
    [
        ((0.1, 0.5, 0.9, 0.8), (0.05,) * 4, 3),
        ((0.3, 0.32, 0.9, 0.8), (0.05,) * 4, 1),
        ((0.1, 0.2, 0.3, 0.4), (0.01,) * 4, 4),
    ],
)
def test_gap_takes_the_first_k_within_one_error_of_the_next(values, errors, k):
    assert Gap((1, 2, 3, 4), values, errors).k == k


def test_gap_says_one_group_of_one_group():
    X = np.random.default_rng(0).normal(size=(150, 3))
    assert gap(X, kmeans, range(1, 5), draws=10).k == 1


def test_bic_of_iris_is_that_of_mclust():
    # mclust, Mclust(iris[, -5], G = 2, modelNames = "VVV"): BIC -574.0178 (it reports the other sign).
    X = load_iris().data
    mixture = GaussianMixture(2, tol=1e-7, random_state=0).fit(X)
    assert bic(mixture, X) == pytest.approx(574.0178, abs=0.01)


def test_icl_pays_for_overlap():
    apart, near = groups(apart=12, sizes=(60, 60))[0], groups(apart=2.2, sizes=(60, 60))[0]
    for X, least, most in ((apart, 0.0, 1e-3), (near, 5.0, np.inf)):
        mixture = GaussianMixture(2, random_state=0).fit(X)
        # Biernacki, Celeux and Govaert 2000: the log-likelihood of rows and segments together.
        shares = mixture.predict_proba(X)
        expected = bic(mixture, X) - 2 * np.log(shares[np.arange(len(X)), shares.argmax(axis=1)]).sum()
        assert icl(mixture, X) == pytest.approx(expected)
        assert least <= icl(mixture, X) - bic(mixture, X) <= most


def fit_kmeans(k):
    return lambda rows: ScikitKMeans(k, n_init=3, random_state=0).fit(rows).predict


def test_prediction_strength_agrees_with_its_definition_by_pairs():
    # Tibshirani and Walther 2005, equation 2, pair by pair.
    X = groups(3, apart=3)[0]
    order = np.random.default_rng(11).permutation(len(X))
    halves = X[order[:45]], X[order[45:]]
    shares = []
    for own, other in (halves, halves[::-1]):
        labels, predicted = fit_kmeans(3)(own)(own), fit_kmeans(3)(other)(own)
        pairs = {
            segment: [
                predicted[i] == predicted[j]
                for i in np.flatnonzero(labels == segment)
                for j in np.flatnonzero(labels == segment)
                if i != j
            ]
            for segment in range(3)
        }
        shares.append(min(np.mean(same) for same in pairs.values()))
    assert prediction_strength(X, fit_kmeans(3), splits=1, seed=11) == pytest.approx(np.mean(shares))


def test_prediction_strength_is_one_at_the_true_k_and_low_beyond():
    X = groups(apart=12, sizes=(60, 60, 60))[0]
    assert prediction_strength(X, fit_kmeans(3)) == 1.0
    assert prediction_strength(X, fit_kmeans(1)) == 1.0
    assert prediction_strength(X, fit_kmeans(5)) < 0.8
