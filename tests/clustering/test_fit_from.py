import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from segmentation.clustering import MiniBatchKMeans

CENTERS = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])


def around(centers, n, seed=0):
    rng = np.random.default_rng(seed)
    return np.vstack([c + rng.normal(scale=0.3, size=(n, 2)) for c in centers])


@given(st.integers(1, 500), st.integers(1, 40), st.integers(1, 7), st.integers(0, 5))
def test_a_centre_moves_to_the_mean_of_all_that_it_stands_for(weight, rows, batch, seed):
    X = np.random.default_rng(seed).normal(5.0, size=(rows, 2))
    fitted = MiniBatchKMeans(1, batch_size=batch).fit_from(X, CENTERS[:1], [weight])
    np.testing.assert_allclose(fitted.cluster_centers_[0], X.sum(axis=0) / (weight + rows), atol=1e-9)
    assert fitted.moved_weights_.tolist() == [weight + rows]


def test_centres_keep_their_order_and_those_without_rows_their_place():
    X = around(CENTERS[[0, 2]] + 1.0, 50)
    fitted = MiniBatchKMeans(3, batch_size=10).fit_from(X, CENTERS, [50, 50, 50])
    np.testing.assert_allclose(fitted.moved_centers_, CENTERS + np.array([[0.5], [0.0], [0.5]]), atol=0.1)
    assert fitted.moved_weights_.tolist() == [100, 50, 100]
    assert (fitted.n_segments_, len(fitted.segment_centers_)) == (2, 2)


def test_it_is_a_segmentation_like_any_other():
    X = around(CENTERS, 40)
    fitted = MiniBatchKMeans(3).fit_from(X[:70], CENTERS, [5, 5, 5])
    assert (fitted.predict(X[:70]) == fitted.labels_).all()
    assert np.bincount(fitted.labels_).tolist() == [40, 30]
