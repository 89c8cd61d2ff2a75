"""The dip of projections; the dip itself is tested where it comes from, in `diptest`."""

import numpy as np
import pytest
from diptest import diptest

from segmentation.evaluation._gaps import SMALLEST_P, p_dip


def halves(distance, n=100):
    """Two Gaussian groups of n, so far apart along the first of three columns, and their labels."""
    labels = np.repeat([0, 1], n)
    X = np.random.default_rng(0).normal(size=(2 * n, 3))
    X[:, 0] += distance * labels
    return X, labels


def test_a_gap_along_the_line_between_two_groups_is_seen_and_its_chance_is_never_zero():
    far, labels = halves(12)
    assert diptest(far[:, 0])[1] == 0
    # Twice the smallest chance, as there are components beside the line; wide columns do not hide it.
    assert p_dip(far, labels) == p_dip(far * [1, 20, 20], labels) == 2 * SMALLEST_P


def test_one_group_has_no_gap_however_it_is_cut():
    X = halves(0)[0]
    assert p_dip(X, (X[:, 0] > 0).astype(int)) > 0.2


@pytest.mark.parametrize("n", [20, 50, 400])
def test_uniform_tables_hardly_ever_look_gapped(n):
    rng = np.random.default_rng(n)
    found = [p_dip(X, (X[:, 0] > 0.5).astype(int)) for X in rng.uniform(size=(300, n, 2))]
    # Twelve times in 300 is more than chance 0.01 has in a thousand runs of this test.
    assert sum(p <= 0.01 for p in found) < 12


def test_the_chance_is_corrected_for_the_number_of_directions():
    X = halves(4)[0]
    one = diptest(X[:, 0])[1]
    assert p_dip(X[:, :1], np.arange(200) % 2) == pytest.approx(2 * one)
    # The components are the columns, where these do not correlate and vary by themselves.
    apart = np.linalg.qr(X - X.mean(axis=0))[0] * [3, 2, 1]
    assert diptest(apart[:, 0])[1] == pytest.approx(one)
    assert one > SMALLEST_P and p_dip(apart, np.arange(200) % 2) == pytest.approx(6 * one)
