"""What an algorithm takes over from scikit-learn's estimator."""

import doctest
import inspect

import pytest
from sklearn import cluster

from segmentation import clustering
from segmentation.clustering import ALGORITHMS, refine


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_only_the_first_parameter_is_given_by_position(algorithm):
    first, *_ = inspect.signature(algorithm).parameters
    assert getattr(algorithm(7), first) == 7
    with pytest.raises(TypeError, match="positional"):
        algorithm(7, 1)
    with pytest.raises(TypeError, match="metric"):
        algorithm(metric="cosine")


def test_parameters_keep_the_defaults_of_scikit_learn_but_where_ours_differ():
    theirs, ours = cluster.BisectingKMeans(), clustering.BisectingKMeans()
    assert (ours.tol, ours.bisecting_strategy) == (theirs.tol, theirs.bisecting_strategy)
    assert (ours.n_init, theirs.n_init) == (10, 1)


def test_help_names_the_estimator_that_explains_the_rest():
    said = inspect.getdoc(clustering.KMeans)
    assert said.startswith("Round segments")
    assert "max_starts : int" in said
    assert said.endswith("sklearn.cluster.KMeans : Explains the parameters that are not explained here.")


def test_examples():
    assert doctest.testmod(refine).failed == 0
