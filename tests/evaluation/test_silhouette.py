import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import pairwise_distances, silhouette_samples

from segmentation.evaluation import mean_silhouette, silhouette_values


@st.composite
def labelled(draw, noise=False):
    n = draw(st.integers(6, 40))
    k = draw(st.integers(2, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    labels = rng.integers(-1 if noise else 0, k, size=n)
    labels[:k] = np.arange(k)
    return rng.normal(size=(n, draw(st.integers(1, 4)))), labels


@given(labelled())
def test_equals_scikit_learn_without_noise(case):
    X, labels = case
    mine = silhouette_values(pairwise_distances(X), labels)
    assert np.allclose(mine, silhouette_samples(X, labels))


@given(labelled(noise=True), st.permutations(range(4)))
def test_does_not_depend_on_names_or_order(case, names):
    X, labels = case
    renamed = np.where(labels < 0, -1, np.array(names)[labels])
    order = np.random.default_rng(0).permutation(len(X))
    expected = silhouette_values(pairwise_distances(X), labels)
    assert np.allclose(silhouette_values(pairwise_distances(X), renamed), expected)
    assert np.allclose(silhouette_values(pairwise_distances(X[order]), labels[order]), expected[order])


@given(labelled(noise=True))
def test_noise_scores_nothing_and_is_nobodys_neighbour(case):
    X, labels = case
    values = silhouette_values(pairwise_distances(X), labels)
    kept = labels >= 0
    # scikit-learn refuses a labelling in which every row is a segment of its own.
    assume(kept.sum() > len(set(labels[kept])))
    assert (values[~kept] == 0).all()
    assert np.allclose(values[kept], silhouette_samples(X[kept], labels[kept]))


def test_relabelling_a_tight_segment_as_noise_lowers_the_mean():
    rng = np.random.default_rng(0)
    X = np.vstack([rng.normal(c, 0.1, size=(30, 2)) for c in (0, 5, 10)])
    labels = np.repeat([0, 1, 2], 30)
    scores = []
    for dropped in (0, 5, 15, 25):
        part = labels.copy()
        part[:dropped] = -1
        scores.append(mean_silhouette(X, part))
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[-1] + 0.2


@pytest.mark.parametrize("labels", [[0, 0, 0, 0], [-1, -1, -1, -1], [0, 0, -1, -1]])
def test_fewer_than_two_segments_score_zero(labels):
    assert (silhouette_values(pairwise_distances(np.eye(4)), np.array(labels)) == 0).all()


def test_coinciding_rows_in_two_segments_belong_to_neither():
    assert (silhouette_values(np.zeros((4, 4)), np.array([0, 0, 1, 1])) == 0).all()


def test_on_a_sample_only_the_sample_counts():
    X = np.array([[0.0], [0.1], [5.0], [5.1], [100.0]])
    labels = np.array([0, 0, 1, 1, 0])
    assert mean_silhouette(X, labels, np.arange(4)) == pytest.approx(mean_silhouette(X[:4], labels[:4]))
