"""The rules that are ours, and that the rest is scikit-learn's own partition."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn import cluster, mixture
from sklearn.metrics import adjusted_rand_score, pairwise_distances

from segmentation import clustering
from segmentation.clustering import cut_tree, k_distances
from segmentation.errors import InputError

X = np.random.default_rng(0).normal(size=(150, 3))
NEW = np.random.default_rng(1).normal(size=(200, 3))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (clustering.KMeans(4, random_state=0), cluster.KMeans(4, n_init=10, random_state=0)),
        (
            clustering.MiniBatchKMeans(4, random_state=0),
            cluster.MiniBatchKMeans(4, n_init=10, random_state=0),
        ),
        (
            clustering.BisectingKMeans(4, random_state=0),
            cluster.BisectingKMeans(4, init="k-means++", n_init=10, random_state=0),
        ),
        (
            clustering.GaussianMixture(4, init_params="kmeans", random_state=0),
            mixture.GaussianMixture(4, n_init=2, max_iter=300, random_state=0),
        ),
        (clustering.Birch(4), cluster.Birch(n_clusters=4, threshold=0.25)),
        (clustering.MeanShift(bandwidth=1.2, bin_seeding=False), cluster.MeanShift(bandwidth=1.2)),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_native_predictions_are_only_renumbered(ours, theirs):
    ours.fit(X), theirs.fit(X)
    assert adjusted_rand_score(ours.labels_, theirs.predict(X)) == 1
    assert adjusted_rand_score(ours.predict(NEW), theirs.predict(NEW)) == 1
    if hasattr(theirs, "inertia_"):
        assert ours.inertia_ == theirs.inertia_


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (clustering.HDBSCAN(5), cluster.HDBSCAN(min_cluster_size=5, copy=True)),
        (clustering.OPTICS(5), cluster.OPTICS(min_samples=5)),
        (clustering.Hierarchical(4), cluster.AgglomerativeClustering(4)),
        (
            clustering.Hierarchical(4, linkage="complete"),
            cluster.AgglomerativeClustering(4, linkage="complete"),
        ),
        (
            clustering.Spectral(4, affinity="rbf", random_state=0),
            cluster.SpectralClustering(4, n_init=10, random_state=0),
        ),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_training_partition_is_that_of_scikit_learn(ours, theirs):
    theirs.fit(X)
    assert adjusted_rand_score(ours.fit(X).labels_, theirs.labels_) == 1
    np.testing.assert_array_equal(ours.labels_ == -1, theirs.labels_ == -1)


def test_dbscan_gives_the_segment_of_the_nearest_core_row_within_eps():
    ours, theirs = clustering.DBSCAN(0.6).fit(X), cluster.DBSCAN(eps=0.6).fit(X)
    core = theirs.core_sample_indices_
    assert ours.n_segments_ > 1
    assert adjusted_rand_score(ours.labels_[core], theirs.labels_[core]) == 1
    np.testing.assert_array_equal(ours.labels_ == -1, theirs.labels_ == -1)
    distances = pairwise_distances(NEW, X[core])
    expected = np.where(distances.min(axis=1) <= 0.6, ours.labels_[core[distances.argmin(axis=1)]], -1)
    np.testing.assert_array_equal(ours.predict(NEW), expected)
    assert set(expected) == set(ours.labels_)


@pytest.mark.parametrize("ours", [clustering.HDBSCAN(5), clustering.OPTICS(5)], ids=["HDBSCAN", "OPTICS"])
def test_density_rule_gives_the_nearest_rows_segment_if_as_dense(ours):
    ours.fit(X)
    core = np.sort(pairwise_distances(X), axis=1)[:, 4]
    sparsest = np.array([core[ours.labels_ == label].max() for label in range(ours.n_segments_)])
    distances = pairwise_distances(NEW, X)
    labels = ours.labels_[distances.argmin(axis=1)]
    dense = np.sort(distances, axis=1)[:, 4] <= sparsest[labels]
    expected = np.where((labels >= 0) & dense, labels, -1)
    assert (~dense & (labels >= 0)).any() and (expected >= 0).any()
    np.testing.assert_array_equal(ours.predict(NEW), expected)


@pytest.mark.parametrize(
    "ours",
    [clustering.Hierarchical(4), clustering.Spectral(4, random_state=0)],
    ids=["Hierarchical", "Spectral"],
)
def test_nearest_row_rule(ours):
    ours.fit(X)
    nearest = pairwise_distances(NEW, X).argmin(axis=1)
    np.testing.assert_array_equal(ours.predict(NEW), ours.labels_[nearest])


def test_component_without_members_is_no_segment():
    rng = np.random.default_rng(0)
    core = np.concatenate([rng.normal(0, 0.1, (60, 2)), rng.normal(4, 0.1, (40, 2))])
    model = clustering.GaussianMixture(2, random_state=0).fit(core)
    # A third component so broad that no training row finds it the most probable one.
    inner = model._model
    inner.weights_ = np.array([*(inner.weights_ * 0.999), 0.001])
    inner.means_ = np.vstack([inner.means_, [[2.0, 2.0]]])
    broad = np.eye(2)[None] / 50
    inner.precisions_cholesky_ = np.concatenate([inner.precisions_cholesky_, broad])
    inner.covariances_ = np.concatenate([inner.covariances_, 2500 * np.eye(2)[None]])
    model._fit(core, lambda rows: 3)
    far = [[30.0, 30.0], [-30.0, -30.0]]
    np.testing.assert_array_equal(inner.predict(far), [2, 2])
    assert model.n_segments_ == 2
    np.testing.assert_array_equal(model.predict(far), [1, 0])
    np.testing.assert_allclose(model.predict_proba(far), [[0, 1], [1, 0]], atol=1e-6)


def test_mixture_probabilities_follow_the_numbering():
    model = clustering.GaussianMixture(3, random_state=0).fit(X)
    shares = model.predict_proba(NEW)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    np.testing.assert_array_equal(shares.argmax(axis=1), model.predict(NEW))


@pytest.mark.parametrize("shape", ["full", "tied", "diag", "spherical"])
def test_a_mixture_begins_at_the_segments_of_k_means(shape):
    labels = clustering.KMeans(4, max_starts=100, random_state=0).fit(X).labels_
    begun = clustering.GaussianMixture(4, covariance_type=shape, random_state=0).fit(X)._model
    segments = [X[labels == s] for s in range(4)]
    spread = np.array([np.cov(rows, rowvar=False, bias=True) for rows in segments])
    variances = np.array([rows.var(axis=0) for rows in segments])
    expected = {
        "full": np.linalg.inv(spread),
        "tied": np.linalg.inv(np.average(spread, axis=0, weights=np.bincount(labels))),
        "diag": 1 / variances,
        "spherical": 1 / variances.mean(axis=1),
    }
    np.testing.assert_allclose(begun.weights_init, np.bincount(labels) / len(X))
    np.testing.assert_allclose(begun.means_init, [rows.mean(axis=0) for rows in segments])
    np.testing.assert_allclose(begun.precisions_init, expected[shape], rtol=1e-4, atol=1e-4)


def test_a_mixture_hardly_depends_on_the_seed():
    rows = np.random.default_rng(0).uniform(size=(300, 2))

    def alike(**options):
        found = [
            clustering.GaussianMixture(5, random_state=seed, **options).fit(rows).labels_ for seed in range(4)
        ]
        return min(adjusted_rand_score(found[0], labels) for labels in found[1:])

    assert alike() > 0.95
    assert alike(init_params="kmeans", n_init=1) < 0.8


def test_k_means_goes_on_until_two_rounds_found_the_best(monkeypatch):
    fits = []
    theirs = cluster.KMeans.fit
    monkeypatch.setattr(cluster.KMeans, "fit", lambda self, X: fits.append(theirs(self, X)) or fits[-1])
    easy = np.repeat(np.eye(4) * 9, 30, axis=0) + np.random.default_rng(0).normal(size=(120, 4))
    clustering.KMeans(4, n_init=2, max_starts=40, random_state=0).fit(easy)
    assert len(fits) == 2
    fits.clear()
    hard = np.random.default_rng(0).uniform(size=(400, 6))
    found = clustering.KMeans(12, n_init=2, max_starts=40, random_state=0).fit(hard)
    assert len(fits) == 20
    assert found.inertia_ == min(fit.inertia_ for fit in fits) < fits[0].inertia_
    fits.clear()
    clustering.KMeans(12, init=hard[:12], n_init=1, max_starts=40).fit(hard)
    assert len(fits) == 1


def test_mixture_criteria_are_those_of_scikit_learn():
    ours = clustering.GaussianMixture(3, init_params="kmeans", random_state=0).fit(X)
    theirs = mixture.GaussianMixture(3, n_init=2, max_iter=300, random_state=0).fit(X)
    assert (ours.bic(X), ours.aic(X)) == (theirs.bic(X), theirs.aic(X))


@settings(max_examples=40)
@given(
    seed=st.integers(0, 99),
    method=st.sampled_from(["ward", "average", "complete", "single"]),
    k=st.integers(1, 12),
)
def test_cut_tree_gives_scipys_partition(seed, method, k):
    tree = linkage(np.random.default_rng(seed).normal(size=(12, 2)), method)
    assert adjusted_rand_score(cut_tree(tree, k), fcluster(tree, k, "maxclust")) == 1


def test_cut_tree_gives_the_number_asked_for_among_ties():
    tree = linkage(np.arange(10.0)[:, None], "single")
    assert len(set(fcluster(tree, 4, "maxclust"))) == 1
    assert len(set(cut_tree(tree, 4))) == 4


def test_one_tree_serves_every_number_of_segments():
    grown = clustering.Hierarchical(2).fit(X)
    assert grown.linkage_matrix_.shape == (149, 4)
    for k in (3, 7):
        cut = clustering.Hierarchical(k).fit(X, basis=grown)
        np.testing.assert_array_equal(cut.labels_, clustering.Hierarchical(k).fit(X).labels_)
        np.testing.assert_array_equal(cut.linkage_matrix_, grown.linkage_matrix_)
    with pytest.raises(InputError, match=r"shape \(99, 4\)"):
        clustering.Hierarchical(3).fit(X[:100], basis=grown)


def test_k_distances_give_the_share_of_core_rows():
    distances = k_distances(X, 5)
    np.testing.assert_allclose(distances, np.sort(np.sort(pairwise_distances(X), axis=1)[:, 4]))
    for eps in (0.4, 0.7):
        core = cluster.DBSCAN(eps=eps, min_samples=5).fit(X).core_sample_indices_
        assert len(core) == (distances <= eps).sum()


@pytest.mark.parametrize("k", [0, 151, 2.5])
def test_k_distances_need_that_many_rows(k):
    with pytest.raises(InputError, match="k must be a whole number from 1 to 150"):
        k_distances(X, k)


def test_birch_short_of_balls_finds_fewer_segments_and_says_so():
    with pytest.warns(match="Decrease the threshold"):
        model = clustering.Birch(5, threshold=50.0).fit(X)
    assert model.n_segments_ == 1


def test_mean_shift_estimates_its_bandwidth_from_the_quantile():
    narrow, wide = (clustering.MeanShift(quantile=quantile).fit(X) for quantile in (0.05, 0.3))
    assert narrow.bandwidth_ == pytest.approx(cluster.estimate_bandwidth(X, quantile=0.05))
    assert narrow.n_segments_ > wide.n_segments_


def test_separate_pieces_do_not_trouble_spectral():
    pieces = np.concatenate([X[:50] * 0.1, X[:30] * 0.1 + 50])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = clustering.Spectral(2, random_state=0).fit(pieces)
    assert np.bincount(model.labels_).tolist() == [50, 30]


def test_optics_takes_equal_rows_without_a_warning():
    X = np.repeat(np.random.default_rng(0).integers(0, 3, (10, 2)) * 10.0, 4, axis=0)
    model = clustering.OPTICS(3).fit(X)
    assert model.n_segments_ == len(np.unique(X, axis=0))
    for label in range(model.n_segments_):
        assert len(np.unique(X[model.labels_ == label], axis=0)) == 1


def test_birch_makes_one_segment_of_one_ball_and_of_many():
    for threshold in (0.1, 50.0):
        assert clustering.Birch(1, threshold=threshold).fit(X).n_segments_ == 1


def test_dbscan_refuses_an_eps_that_would_not_fit_in_memory(monkeypatch):
    monkeypatch.setattr("segmentation.clustering.rows._MOST_NEIGHBOURS", 2_000)
    rows = np.random.default_rng(0).uniform(size=(200, 2))
    with pytest.raises(InputError, match=r"eps=5 makes 200 of 200 customers neighbours .* at most 10\."):
        clustering.DBSCAN(5.0).fit(rows)
    assert clustering.DBSCAN(0.05).fit(rows).n_segments_ >= 1
