import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.decomposition import PCA
from sklearn.metrics import silhouette_samples

from segmentation.errors import InputError
from segmentation.plots import pca_scatter, profile_bars, scatter_2d, silhouette_per_customer
from segmentation.plots._profile import heatmap_info, profile_info, sizes_info
from segmentation.plots._scatter import pca_info, points_info, spread_apart
from segmentation.plots._silhouette import knife_info
from segmentation.plots._tree import tree_info


@pytest.fixture(scope="module")
def blobs():
    rng = np.random.default_rng(3)
    centers = np.array([[0, 0, 0], [8, 0, 0], [0, 9, 1]])
    labels = np.repeat([0, 1, 2], [30, 20, 10])
    return centers[labels] + rng.normal(size=(60, 3)), labels


def test_blades_are_sorted_with_noise_last_and_all_customers_in_the_mean(blobs):
    X, labels = blobs
    marked = np.where(np.arange(60) % 13 == 0, -1, labels)
    samples = np.where(marked < 0, 0, silhouette_samples(X, labels))

    info = knife_info(samples, marked)

    assert [blade.label for blade in info.blades] == [0, 1, 2, -1]
    assert all((np.diff(blade.values) <= 0).all() for blade in info.blades)
    assert sum(len(blade.values) for blade in info.blades) == 60
    assert info.mean == pytest.approx(samples.mean())
    assert info.blades[1].mean == pytest.approx(samples[marked == 1].mean())


def test_silhouettes_must_fit_the_labels():
    with pytest.raises(InputError, match="2 silhouettes for 3 labels"):
        silhouette_per_customer([0.1, 0.2], [0, 1, 1], "x")


def test_rows_with_gaps_are_left_out_and_the_rest_keeps_its_labels():
    info = points_info(np.array([[1.0, 2.0], [np.nan, 1.0], [3.0, 4.0]]), [0, 1, 2])

    assert info.points.tolist() == [[1, 2], [3, 4]]
    assert info.labels.tolist() == [0, 2]


def test_projection_is_the_principal_plane(blobs):
    X, labels = blobs
    reference = PCA(2).fit(X)

    info = pca_info(X, labels)

    assert info.shares == pytest.approx(reference.explained_variance_ratio_)
    assert np.abs(info.points.points) == pytest.approx(np.abs(reference.transform(X)))
    assert np.abs(info.loadings) == pytest.approx(np.abs(reference.components_.T))
    # Signs do not hang on the machine: the strongest loading of a component is positive.
    assert (info.loadings[np.abs(info.loadings).argmax(axis=0), [0, 1]] > 0).all()


def test_arrows_are_the_strongest_features_and_none_for_a_constant_one():
    X = np.random.default_rng(0).normal(size=(50, 9)) * np.array([5, 4, 3, 2, 1, 1, 1, 1, 0])

    info = pca_info(X, np.zeros(50))

    assert info.arrows[:2] in {(0, 1), (1, 0)}
    assert len(info.arrows) == 6
    assert 8 not in pca_info(X[:, 6:], np.zeros(50)).arrows
    assert pca_info(np.ones((5, 3)), np.zeros(5)).shares == (0, 0)


@settings(max_examples=50)
@given(st.lists(st.floats(-5, 5), max_size=8))
def test_names_of_arrows_keep_their_order_and_distance(positions):
    before = np.array(positions)

    after = spread_apart(before, 0.5)

    assert (np.diff(after[np.argsort(before, kind="stable")]) >= 0.5 - 1e-9).all()


@pytest.mark.parametrize("call", [scatter_2d, pca_scatter])
def test_names_must_fit_the_matrix(call):
    with pytest.raises(InputError, match="3 names for the 2 columns"):
        call(np.zeros((4, 2)), [0, 0, 1, 1], names=["a", "b", "c"])


def test_centers_and_columns_must_fit():
    with pytest.raises(InputError, match="2 columns"):
        scatter_2d(np.zeros((4, 3)), [0, 0, 1, 1])
    with pytest.raises(InputError, match="centers must have the 2 columns"):
        scatter_2d(np.zeros((4, 2)), [0, 0, 1, 1], centers=[[0, 0, 0]])


TABLE = pd.DataFrame(
    {
        "income": [10.0, 20.0, 30.0, 100.0, np.nan],
        "gender": pd.Series(["F", "F", "M", "F", None], dtype="str"),
        "same": 3.0,
    }
)
LABELS = [0, 0, 1, -1, 1]


def test_profiles_are_means_or_medians_in_original_units_and_levels_are_shares():
    info = profile_info(TABLE, LABELS)
    income, gender, same = info.features

    assert info.labels == (0, 1, -1)
    assert income.values.tolist() == [15, 30, 100]
    assert income.population == 40
    assert profile_info(TABLE, LABELS, "median").features[0].population == 25
    assert gender.level == "F"
    assert gender.values.tolist() == [100, 0, 100]
    assert gender.population == 75
    assert same.values.tolist() == [3, 3, 3]


def test_a_wrong_statistic_is_named():
    with pytest.raises(InputError, match="'mean' or 'median', not 'mode'"):
        profile_bars(TABLE, LABELS, statistic="mode")


def test_heatmap_is_the_difference_in_standard_deviations():
    info = heatmap_info(TABLE, LABELS)

    deviation = np.std([10, 20, 30, 100])
    assert info.columns == ("income", "same")
    assert info.differences[0] == pytest.approx([-25 / deviation, -10 / deviation, 60 / deviation])
    assert info.differences[1].tolist() == [0, 0, 0]


@given(st.lists(st.integers(-1, 12), max_size=50))
def test_sizes_sum_to_all_customers(labels):
    info = sizes_info(labels)

    assert sum(info.counts) == len(labels)
    assert sum(info.shares) == pytest.approx(1 if labels else 0)
    assert -1 not in info.labels[:-1]


@pytest.mark.parametrize("method", ["ward", "single", "average", "centroid"])
@pytest.mark.parametrize("k", [1, 2, 3, 7, 45, 60])
def test_the_cut_makes_the_segments_asked_for(blobs, method, k):
    X, _ = blobs
    tree = linkage(X, method)

    info = tree_info(tree, k)

    sizes = np.bincount(info.labels)
    assert len(sizes) == k
    assert (np.diff(sizes) <= 0).all()
    assert sum(info.leaf_sizes) == 60
    assert set(info.leaf_segments) == set(range(k))
    if method == "ward":
        expected = fcluster(tree, k, "maxclust")
        assert len({*zip(info.labels, expected, strict=True)}) == k


def test_branches_take_the_labels_they_share_most_customers_with(blobs):
    X, labels = blobs
    swapped = np.array([2, 0, 1])[labels]
    swapped[[0, 31]] = -1

    info = tree_info(linkage(X, "ward"), 3, swapped)

    assert info.labels.tolist() == np.array([2, 0, 1])[labels].tolist()
    assert {s for s in info.segments if s is not None} == {0, 1, 2}
    assert info.segments.count(None) == 2
    # The cut lies below both merges of segments and above all others.
    tops = [path[:, 1].max() > info.cut for path in info.paths]
    assert tops == [s is None for s in info.segments]


def test_an_impossible_tree_is_refused():
    with pytest.raises(InputError, match="4 columns"):
        tree_info(np.zeros((3, 3)), 2)
    with pytest.raises(InputError, match="1 to 2 segments, not 3"):
        tree_info([[0, 1, 1.0, 2]], 3)
