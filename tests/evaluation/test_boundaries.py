import numpy as np
import pytest

from segmentation.evaluation._boundaries import DEEPEST, NeighbourGraph
from segmentation.evaluation._structureless import without_ties


@pytest.fixture(scope="module")
def strip():
    """Evenly spread: any boundary cuts through a crowd."""
    return np.random.default_rng(0).uniform(size=(900, 2)) * [3, 1]


def test_a_boundary_through_a_crowd_is_no_valley(strip):
    found = NeighbourGraph.of(strip).boundaries((strip[:, 0] > 1.5).astype(int))
    assert abs(found.valley) < 0.25
    assert abs(found.weakest) < 0.25
    assert found.inner < 0.2


def test_a_boundary_where_few_are_is_a_valley_the_deeper_the_fewer():
    rng = np.random.default_rng(0)
    truth = np.repeat([0, 1], 400)
    depths = []
    for gap in (3.0, 4.0, 5.0):
        X = rng.normal(size=(800, 2)) + gap * truth[:, None] * [1, 0]
        depths.append(NeighbourGraph.of(X).boundaries(truth).valley)
    assert depths == sorted(depths)
    assert depths[0] + 0.5 < depths[-1]
    apart = rng.normal(size=(800, 2)) + 50 * truth[:, None]
    assert NeighbourGraph.of(apart).boundaries(truth).valley == DEEPEST


def test_a_gap_between_two_answers_is_no_valley():
    rng = np.random.default_rng(0)
    answers = rng.integers(0, 2, size=(600, 2))
    X = np.column_stack([rng.normal(size=600), 2 * answers])
    labels = answers @ [1, 2]
    assert NeighbourGraph.of(X).boundaries(labels).valley == DEEPEST
    assert NeighbourGraph.of(without_ties(X)).boundaries(labels).valley < 1
    # What the items have in common with an amount is there all the same.
    X[:, 0] += 8 * answers[:, 0]
    assert NeighbourGraph.of(without_ties(X)).boundaries(answers[:, 0]).valley > 1.5


def test_one_shallow_boundary_shows_in_the_weakest(strip):
    X = np.vstack([strip, strip + np.array([20, 0])])
    labels = np.repeat([0, 2], 900)
    labels[:900] += strip[:, 0] > 1.5
    labels[900:] = 2
    found = NeighbourGraph.of(X).boundaries(labels)
    # Two of three segments meet in a crowd, the third meets nobody.
    assert found.weakest == pytest.approx(DEEPEST / 3, abs=0.3)


def test_a_segment_that_holds_two_groups_has_an_inner_valley():
    rng = np.random.default_rng(0)
    X = np.vstack([rng.normal(size=(200, 2)) + c for c in ([0, 0], [8, 0], [40, 0])])
    graph = NeighbourGraph.of(X)
    joined, apart = np.repeat([0, 0, 1], 200), np.repeat([0, 1, 2], 200)
    assert graph.boundaries(joined).inner > 1.5
    assert graph.boundaries(apart).inner < 0.3


def test_a_segment_that_falls_apart_has_the_deepest_inner_valley():
    # A point within a ring: no straight cut parts them.
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 2 * np.pi, size=400)
    ring = 10 * np.column_stack([np.cos(angle), np.sin(angle)]) + rng.normal(scale=0.1, size=(400, 2))
    graph = NeighbourGraph.of(np.vstack([ring, rng.normal(scale=0.1, size=(100, 2))]))
    assert graph.boundaries(np.zeros(500, int)).inner == DEEPEST
    # The ring alone does not, but for the bend that a straight cut crosses.
    assert graph.boundaries(np.repeat([0, 1], [400, 100])).inner < 1


def test_a_few_rows_far_from_their_segment_are_no_part_of_it():
    rng = np.random.default_rng(0)
    X = np.vstack([rng.normal(size=(300, 2)), rng.normal(size=(300, 2)) + 20])
    labels = np.repeat([0, 1], 300)
    labels[:4] = 1
    assert NeighbourGraph.of(X).boundaries(labels).inner < 1


def test_noise_and_names_of_segments_change_nothing():
    rng = np.random.default_rng(0)
    X = np.vstack([rng.normal(size=(200, 2)), rng.normal(size=(200, 2)) + 6, [[100.0, 100.0]]])
    graph = NeighbourGraph.of(X)
    labels = np.append(np.repeat([0, 1], 200), -1)
    found = graph.boundaries(labels)
    assert graph.boundaries(np.array([5, 2, -1])[labels]) == found
    assert graph.boundaries(np.full(401, -1)).valley == DEEPEST


def test_rows_that_coincide_are_no_error():
    X = np.repeat([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]], 30, axis=0)
    found = NeighbourGraph.of(X).boundaries(np.repeat([0, 1, 1], 30))
    assert np.isfinite([found.valley, found.weakest, found.inner]).all()


def test_beyond_two_thousand_rows_a_sample_is_looked_at(strip):
    X = np.vstack([strip, strip + 0.001, strip + 0.002])
    graph = NeighbourGraph.of(X)
    assert len(graph.X) == 2_000
    labels = np.zeros(len(X), dtype=int)
    labels[np.setdiff1d(np.arange(len(X)), graph.rows)[0]] = 1
    # A segment that the sample does not hold has no boundary.
    assert graph.boundaries(labels).valley == DEEPEST
