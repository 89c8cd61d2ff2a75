import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from segmentation.evaluation._dip import QUANTILES, TAIL, dip, dip_test

# Inches of rain in 70 cities of the USA: `precip` of R's package datasets.
# fmt: off
PRECIP = [
    67, 54.7, 7, 48.5, 14, 17.2, 20.7, 13, 43.4, 40.2, 38.9, 54.5, 59.8, 48.3, 22.9, 11.5, 34.4, 35.1, 38.7,
    30.8, 30.6, 43.1, 56.8, 40.8, 41.8, 42.5, 31, 31.7, 30.2, 25.9, 49.2, 37, 35.9, 15, 30.2, 7.2, 36.2,
    45.5, 7.8, 33.4, 36.1, 40.2, 42.7, 42.5, 16.2, 39, 35, 37, 31.4, 37.6, 39.9, 36.2, 42.8, 46.4, 24.7,
    49.1, 46, 35.9, 7.8, 48.2, 15.2, 32.5, 44.7, 42.6, 38.8, 17.4, 40.8, 29.1, 14.6, 59.2,
]
# fmt: on

samples = st.lists(st.integers(-50, 50), min_size=4, max_size=40).map(lambda values: np.array(values, float))


@pytest.mark.parametrize(
    ("x", "published"),
    [
        # R package diptest 0.75, tests/ex1.Rout.save: dip(c(1,1,2,2)), dip(cumsum(0:3)), both mirrored examples.
        ([1, 1, 2, 2], 1 / 4),
        ([0, 1, 3, 6], 1 / 8),
        ([0, 2, 3, 5, 6], 0.133333),
        ([0, 1, 3, 4, 6], 0.133333),
        ([1, 2, 2, 2, 2, 2, 2, 2, 2, 2], 0.05),
        # The same file, str(dip(precip)).
        (PRECIP, 0.0357),
    ],
)
def test_published_dips(x, published):
    assert dip(np.array(x, float)) == pytest.approx(published, abs=5e-5)


@given(samples, st.floats(0.1, 100), st.integers(-100, 100))
def test_neither_place_unit_nor_sign_matter(x, unit, place):
    assert dip(unit * x + place) == pytest.approx(dip(x), abs=1e-9)
    assert dip(-x) == pytest.approx(dip(x), abs=1e-9)


@given(samples)
def test_lies_between_one_mode_and_two_atoms(x):
    assert 1 / (2 * len(x)) - 1e-12 <= dip(x) <= 0.25 + 1e-12


@given(st.integers(0, 10_000), st.integers(20, 300))
@settings(max_examples=30)
def test_no_unimodal_distribution_is_nearer_than_the_dip(seed, n):
    # The dip is the least distance: the true (uniform) distribution cannot be nearer.
    x = np.sort(np.random.default_rng(seed).uniform(size=n))
    steps = np.arange(n + 1) / n
    distance = max((steps[1:] - x).max(), (x - steps[:-1]).max())
    assert dip(x) <= distance + 1e-12


def test_published_chance_of_a_dip():
    # R package diptest, table qDiptab: 95 % and 99 % points of the dip for n = 50 and 200 by 1,000,001 samples,
    # as in Hartigan and Hartigan 1985, table 1.
    for n, points in {50: (0.0702, 0.0811), 200: (0.0368, 0.0427)}.items():
        table = dict(zip(TAIL, QUANTILES[n], strict=True))
        assert table[0.05] / np.sqrt(n) == pytest.approx(points[0], abs=2e-4)
        assert table[0.01] / np.sqrt(n) == pytest.approx(points[1], abs=2e-4)


@pytest.mark.parametrize("n", [30, 150, 700])
def test_rejects_uniform_samples_as_often_as_it_says(n):
    rng = np.random.default_rng(n)
    rejected = sum(dip_test(rng.uniform(size=n)) <= 0.1 for _ in range(200))
    assert binom.ppf(0.001, 200, 0.1) <= rejected <= binom.ppf(0.999, 200, 0.1)


def test_two_groups_are_found_and_one_is_not():
    rng = np.random.default_rng(0)
    assert dip_test(np.r_[rng.normal(size=100), rng.normal(6, 1, 100)]) <= 1e-5
    assert dip_test(rng.normal(size=200)) > 0.2


def test_too_few_values_say_nothing():
    assert dip_test(np.array([0.0, 0.0, 1.0])) == 1.0
