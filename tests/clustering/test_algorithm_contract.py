"""What every algorithm promises, on the option files that users start from."""

import inspect
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
from hydra.utils import instantiate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf
from sklearn.base import clone
from sklearn.metrics import adjusted_rand_score, pairwise_distances
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from segmentation import clustering
from segmentation.clustering import ALGORITHMS, TRUSTED_TYPES, agreement
from segmentation.errors import InputError

CONF = Path(__file__).parents[2] / "conf" / "algorithm"
NAMES = sorted(path.stem for path in CONF.glob("*.yaml"))
# Some defaults are made for more rows than a test needs.
SHRUNK = {"mean_shift": {"bandwidth": 1.5}, "optics": {"cluster_method": "dbscan", "eps": 1.0}}


def option(name, **overrides):
    """Build the algorithm as a command would, with three segments where it takes a number."""
    config = OmegaConf.create({"seed": 7, "algorithm": OmegaConf.load(CONF / f"{name}.yaml")})
    config.algorithm.update(
        {key: value for key, value in SHRUNK.get(name, {}).items() if key not in overrides}
    )
    if "n_clusters" in config.algorithm:
        config.algorithm.n_clusters = 3
    return instantiate(config.algorithm, **overrides)


def blobs(sizes=(40, 30, 20), seed=0):
    """Three round segments far apart, in this order of size but shuffled."""
    rng = np.random.default_rng(seed)
    places = np.array([[6.0, 0.0], [0.0, 6.0], [-6.0, -6.0]])
    X = np.concatenate([rng.normal(place, 0.3, (size, 2)) for place, size in zip(places, sizes, strict=True)])
    return X[rng.permutation(len(X))]


def scatter(n_rows=120, n_features=3):
    """Rows without any structure."""
    return np.random.default_rng(3).normal(size=(n_rows, n_features))


def grid():
    """Whole numbers with many equal rows and equal distances."""
    return np.random.default_rng(4).integers(0, 4, (80, 2)).astype(float)


def test_every_algorithm_has_its_option_file():
    assert {type(option(name)) for name in NAMES} == set(ALGORITHMS)
    assert {kind.__name__ for kind in ALGORITHMS} <= set(clustering.__all__)


@pytest.mark.parametrize("name", NAMES)
class TestContract:
    def test_option_file_writes_out_every_parameter_and_its_default(self, name):
        written = OmegaConf.load(CONF / f"{name}.yaml")
        target = written.pop("_target_")
        parameters = inspect.signature(getattr(clustering, target.rsplit(".", 1)[1])).parameters
        assert set(written) == set(parameters)
        for key in set(written) - {"random_state"}:
            assert written[key] == parameters[key].default, key

    def test_finds_three_obvious_segments_numbered_by_size(self, name):
        X = blobs()
        estimator = option(name).fit(X)
        labels = estimator.labels_
        assert labels.dtype == np.int64
        sizes = np.bincount(labels[labels >= 0])
        assert estimator.n_segments_ == 3
        assert sizes[0] > sizes[1] > sizes[2] >= 15
        for label, sign in enumerate(([1, 0], [0, 1], [-1, -1])):
            assert np.linalg.norm(estimator.segment_centers_[label] - 6 * np.array(sign)) < 0.5
            np.testing.assert_allclose(estimator.segment_centers_[label], X[labels == label].mean(axis=0))

    @pytest.mark.parametrize("data", [blobs, scatter, grid])
    def test_predict_repeats_the_training_labels(self, name, data):
        X = data()
        estimator = option(name).fit(X)
        assert agreement(estimator, X) == 1.0
        sizes = np.bincount(estimator.labels_[estimator.labels_ >= 0], minlength=estimator.n_segments_)
        assert (np.diff(sizes) <= 0).all() and (sizes > 0).all()

    def test_own_centers_follow_the_numbering(self, name):
        estimator = option(name).fit(blobs())
        own = getattr(estimator, "cluster_centers_", estimator.segment_centers_)
        np.testing.assert_allclose(own, estimator.segment_centers_, atol=0.2)

    def test_row_near_a_center_gets_that_segment(self, name):
        estimator = option(name).fit(blobs())
        np.testing.assert_array_equal(estimator.predict(estimator.segment_centers_ + 0.05), [0, 1, 2])

    def test_far_row_is_noise_for_density_algorithms_only(self, name):
        estimator = option(name).fit(blobs())
        expected = -1 if estimator.looks_for_density else 0
        assert estimator.predict([[60.0, 0.0]])[0] == expected

    def test_distance_is_measured_to_the_own_center_and_for_noise_to_the_nearest(self, name):
        estimator = option(name).fit(blobs())
        new = np.vstack([blobs(seed=1), [[60.0, 0.0], [0.0, 60.0]]])
        to_centers = pairwise_distances(new, estimator.segment_centers_)
        labels = estimator.predict(new)
        expected = np.where(labels >= 0, to_centers[np.arange(len(new)), labels], to_centers.min(axis=1))
        np.testing.assert_allclose(estimator.distance(new), expected)
        np.testing.assert_array_equal(estimator.distance(new, labels), estimator.distance(new))

    def test_same_seed_same_result_whatever_the_threads(self, name):
        X = scatter(400)
        results = []
        for threads in (1, 2):
            with threadpool_limits(threads):
                estimator = option(name).fit(X)
                results.append((estimator.labels_, estimator.segment_centers_, estimator.predict(X + 0.1)))
        for one, other in zip(*results, strict=True):
            np.testing.assert_array_equal(one, other)

    def test_refit_forgets_the_first_data(self, name):
        fresh = option(name).fit(grid())
        refit = option(name).fit(scatter(60, 2)).fit(grid())
        np.testing.assert_array_equal(refit.labels_, fresh.labels_)
        np.testing.assert_array_equal(refit.segment_centers_, fresh.segment_centers_)

    def test_what_a_search_begins_with_can_be_fitted(self, name):
        X = blobs()
        bounds = {parameter: read([X, 2 * X]) for parameter, read in option(name).from_data.items()}
        for first in option(name).first_settings(X):
            option(name, **first).fit(X)
            for parameter in first.keys() & bounds:
                assert bounds[parameter].low <= first[parameter] <= bounds[parameter].high
        for end in ("low", "high"):
            option(name, **{parameter: getattr(found, end) for parameter, found in bounds.items()}).fit(X)

    @pytest.mark.parametrize("data", [blobs, scatter])
    def test_survives_skops_within_the_trusted_types(self, name, data):
        X = data()
        pipeline = make_pipeline(StandardScaler(), option(name)).fit(X)
        saved = skops.io.dumps(pipeline)
        untrusted = skops.io.get_untrusted_types(data=saved)
        assert set(untrusted) <= set(TRUSTED_TYPES)
        loaded = skops.io.loads(saved, trusted=untrusted)
        new = X + np.random.default_rng(5).normal(scale=0.3, size=X.shape)
        np.testing.assert_array_equal(loaded.predict(new), pipeline.predict(new))
        np.testing.assert_array_equal(loaded[-1].distance(new), pipeline[-1].distance(new))

    def test_data_frame_gives_the_same_and_is_held_to_its_columns(self, name):
        table = pd.DataFrame(blobs(), columns=["income", "score"], index=[f"c{i}" for i in range(90)])
        estimator = option(name).fit(table)
        np.testing.assert_array_equal(estimator.labels_, option(name).fit(table.to_numpy()).labels_)
        with pytest.raises(InputError, match="feature names"):
            estimator.predict(table[["score", "income"]])

    def test_equal_rows_are_one_segment_or_noise(self, name):
        X = np.full((20, 2), 5.0)
        estimator = option(name, **({"n_clusters": 1} if hasattr(option(name), "n_clusters") else {})).fit(X)
        assert set(estimator.labels_) in ({0}, {-1})
        assert estimator.segment_centers_.shape == (estimator.n_segments_, 2)
        np.testing.assert_array_equal(estimator.predict(X), estimator.labels_)

    def test_missing_value_is_an_input_error(self, name):
        X = blobs()
        X[3, 1] = np.nan
        with pytest.raises(InputError, match="NaN"):
            option(name).fit(X)

    @settings(max_examples=6, suppress_health_check=[HealthCheck.differing_executors])
    @given(
        shift=st.tuples(st.floats(-50, 50), st.floats(-50, 50)), swap=st.booleans(), seed=st.integers(0, 5)
    )
    def test_shift_and_order_of_columns_do_not_matter(self, name, shift, swap, seed):
        X = blobs(seed=seed)
        other = (X + shift)[:, [1, 0] if swap else [0, 1]]
        np.testing.assert_array_equal(option(name).fit(other).labels_, option(name).fit(X).labels_)


@pytest.mark.parametrize("name", [name for name in NAMES if hasattr(option(name), "n_clusters")])
class TestNumberOfSegments:
    def test_more_than_distinct_rows_says_how_many_there_are(self, name):
        X = np.repeat([[0.0, 0.0], [-0.0, 0.0], [1.0, 1.0], [5.0, 5.0]], 10, axis=0)
        with pytest.raises(InputError, match=r"n_clusters .* from 1 to 3, .* distinct rows .* got 4"):
            option(name, n_clusters=4).fit(X)

    @pytest.mark.parametrize("value", [0, -1, 2.5, None])
    def test_must_be_a_positive_whole_number(self, name, value):
        with pytest.raises(InputError, match="n_clusters must be a whole number from 1 to 90"):
            option(name, n_clusters=value).fit(blobs())

    @pytest.mark.parametrize("n_clusters", [1, 6])
    def test_from_one_segment_to_one_for_each_row(self, name, n_clusters):
        X = 10 * np.array([[0.0, 0], [1, 0], [0, 2], [5, 5], [7, 1], [-3, 4]])
        estimator = option(name, n_clusters=n_clusters).fit(X)
        # Batches may leave a centre without members.
        assert estimator.n_segments_ == n_clusters or name == "minibatch_kmeans"
        assert agreement(estimator, X) == 1.0


@pytest.mark.parametrize("name", [name for name in NAMES if hasattr(option(name), "max_rows")])
class TestMaxRows:
    def test_fits_on_a_sample_and_labels_every_row(self, name):
        X = blobs((200, 150, 100))
        estimator = option(name, max_rows=90).fit(X)
        assert estimator.n_rows_fitted_ == 90
        assert len(estimator.labels_) == 450
        assert agreement(estimator, X) == 1.0
        whole = option(name, max_rows=None).fit(X)
        assert whole.n_rows_fitted_ == 450
        both = (estimator.labels_ >= 0) & (whole.labels_ >= 0)
        assert both.mean() > 0.8
        np.testing.assert_array_equal(estimator.labels_[both], whole.labels_[both])

    def test_sample_is_the_same_every_time(self, name):
        X = scatter(200)
        one, other = (option(name, max_rows=80).fit(X) for _ in range(2))
        np.testing.assert_array_equal(one.labels_, other.labels_)

    def test_must_be_a_positive_whole_number(self, name):
        with pytest.raises(InputError, match="max_rows must be a whole number from 1 up"):
            option(name, max_rows=0).fit(blobs())


@pytest.mark.parametrize(
    ("name", "wrong", "valid"),
    [
        ("kmeans", {"n_init": 0}, r"n_init.* range \[1, inf\)"),
        ("kmeans", {"max_starts": 0}, r"max_starts.* from 1 up"),
        ("kmeans", {"algorithm": "loyd"}, r"algorithm.*elkan"),
        ("minibatch_kmeans", {"batch_size": 0}, r"batch_size.* range \[1, inf\)"),
        ("bisecting_kmeans", {"bisecting_strategy": "x"}, r"bisecting_strategy.*largest_cluster"),
        ("gaussian_mixture", {"covariance_type": "x"}, r"covariance_type.*spherical"),
        ("gaussian_mixture", {"reg_covar": -1.0}, r"reg_covar.* range \[0.0, inf\)"),
        ("hierarchical", {"linkage": "wrd"}, r"linkage.*did you mean 'ward'"),
        ("birch", {"threshold": 0.0}, r"threshold.* range \(0.0, inf\)"),
        ("dbscan", {"eps": -0.1}, r"eps.* range \(0.0, inf\)"),
        ("dbscan", {"min_samples": 0}, r"min_samples.* range \[1, inf\)"),
        ("hdbscan", {"min_cluster_size": 1}, r"min_cluster_size.* range \[2, inf\)"),
        ("hdbscan", {"min_samples": 91}, r"min_samples \(91\) must be at most .* \(90\)"),
        ("optics", {"min_samples": 91}, r"min_samples .* from 2 to 90"),
        ("optics", {"min_samples": 0.1}, r"min_samples .* from 2 to 90"),
        ("optics", {"xi": 2.0}, r"xi.* range \[0.0, 1.0\]"),
        ("mean_shift", {"bandwidth": -1.0}, r"bandwidth.* range \(0.0, inf\)"),
        ("mean_shift", {"bandwidth": None, "quantile": 2.0}, r"quantile.* range \[0.0, 1.0\]"),
        ("spectral", {"n_neighbors": 0}, r"n_neighbors.* range \[1, inf\)"),
        ("spectral", {"gamma": -1.0}, r"gamma.* range \[0.0, inf\)"),
    ],
)
def test_parameter_out_of_range_names_it_and_the_range(name, wrong, valid):
    with pytest.raises(InputError, match=valid):
        option(name, **wrong).fit(blobs())


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("dbscan", {"eps": 1e-6}),
        ("hdbscan", {"min_cluster_size": 80}),
        ("optics", {"cluster_method": "dbscan", "eps": 1e-6}),
    ],
)
def test_all_noise_is_a_result(name, parameters):
    X = scatter()
    estimator = option(name, **parameters).fit(X)
    assert set(estimator.labels_) == {-1}
    assert estimator.n_segments_ == 0
    assert estimator.segment_centers_.shape == (0, 3)
    assert set(estimator.predict(X + 1)) == {-1}
    assert np.isnan(estimator.distance(X)).all()
    loaded = skops.io.loads(skops.io.dumps(estimator), trusted=list(TRUSTED_TYPES))
    np.testing.assert_array_equal(loaded.predict(X), estimator.labels_)


def test_equal_sizes_are_ordered_by_center():
    X = np.array([[5.0, 1.0], [5.0, 1.2], [5.0, 0.0], [5.0, 0.2], [-1.0, 9.0], [-1.0, 9.2]])
    estimator = option("kmeans").fit(X)
    np.testing.assert_array_equal(estimator.labels_, [2, 2, 1, 1, 0, 0])


def test_unfitted_clone_keeps_the_parameters():
    fitted = option("gaussian_mixture", n_clusters=4).fit(blobs())
    assert clone(fitted).get_params() == option("gaussian_mixture", n_clusters=4).get_params()


def test_agreement_is_a_share():
    X = blobs()
    estimator = option("kmeans").fit(X)
    estimator.labels_ = np.where(np.arange(len(X)) < 9, 99, estimator.labels_)
    assert agreement(estimator, X) == pytest.approx(0.9)


def test_partitions_of_the_mall(real_data):
    mall = pd.read_csv(real_data / "Mall_Customers.csv")
    X = StandardScaler().fit_transform(mall[["Annual Income (k$)", "Spending Score (1-100)"]])
    kmeans = option("kmeans", n_clusters=5).fit(X)
    assert np.bincount(kmeans.labels_).tolist() == [81, 39, 35, 23, 22]
    assert kmeans.inertia_ == pytest.approx(65.5684, abs=1e-3)
    ward = option("hierarchical", n_clusters=5).fit(X)
    assert adjusted_rand_score(ward.labels_, kmeans.labels_) == pytest.approx(0.942, abs=1e-3)
