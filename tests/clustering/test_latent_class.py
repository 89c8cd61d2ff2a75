"""What sets the latent class model apart: columns of few values count by their frequencies."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from segmentation.clustering import GaussianMixture, KMeans, LatentClass, few_levels


def customers(seed: int = 0, n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Three groups apart in two amounts, and three columns of yes or no that say nothing of them."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, 3, n)
    amounts = random.normal(np.array([[0.0, 0.0], [4.0, 0.0], [2.0, 4.0]])[truth], 0.7)
    unrelated = random.integers(0, 2, (n, 3)) * 8.0
    return np.column_stack([amounts, unrelated]), truth


def test_unrelated_answers_do_not_outweigh_the_amounts() -> None:
    X, truth = customers()
    assert adjusted_rand_score(truth, LatentClass(3, random_state=0).fit(X).labels_) > 0.9
    assert adjusted_rand_score(truth, KMeans(3, random_state=0).fit(X).labels_) < 0.2


def test_groups_that_differ_in_levels_alone_are_found() -> None:
    random = np.random.default_rng(0)
    truth = np.repeat([0, 1], 300)
    yes = random.random((600, 6)) < np.where(truth == 0, 0.9, 0.1)[:, None]
    found = LatentClass(2, random_state=0).fit(yes.astype(float))
    assert adjusted_rand_score(truth, found.labels_) > 0.9


def test_bic_prefers_the_true_number_of_classes() -> None:
    X, _ = customers()
    found = {k: LatentClass(k, random_state=0).fit(X).bic(X) for k in range(1, 6)}
    assert min(found, key=lambda k: found[k]) == 3


def test_without_columns_of_few_values_it_is_a_diagonal_mixture() -> None:
    X = customers()[0][:, :2]
    ours = LatentClass(3, reg_var=1e-6, tol=1e-9, random_state=0).fit(X)
    theirs = GaussianMixture(3, covariance_type="diag", tol=1e-9, random_state=0).fit(X)
    np.testing.assert_array_equal(ours.labels_, theirs.labels_)
    assert ours.bic(X) == pytest.approx(theirs.bic(X), rel=1e-5)


def test_a_level_never_seen_counts_as_its_nearest() -> None:
    X, _ = customers()
    model = LatentClass(3, random_state=0).fit(X)
    moved = X.copy()
    moved[:, 2:] = np.where(moved[:, 2:] > 4, 9.5, -3.0)
    np.testing.assert_array_equal(model.predict(moved), model.labels_)


@settings(max_examples=15)
@given(scale=st.floats(0.01, 100), shift=st.floats(-1e4, 1e4), seed=st.integers(0, 5))
def test_units_do_not_matter(scale: float, shift: float, seed: int) -> None:
    X, _ = customers(seed, 200)
    plain = LatentClass(3, n_init=2, random_state=0).fit(X)
    other = LatentClass(3, n_init=2, random_state=0).fit(X * scale + shift)
    assert adjusted_rand_score(plain.labels_, other.labels_) > 0.98


@pytest.mark.parametrize(
    ("column", "few"),
    [
        (np.tile([0.0, 1.0], 100), True),
        (np.tile(np.arange(8.0), 25), True),
        (np.tile(np.arange(12.0), 20), False),
        (np.linspace(0, 1, 200), False),
        # Five values of ten rows are as likely amounts.
        (np.tile(np.arange(5.0), 2), False),
    ],
)
def test_which_columns_have_few_values(column: np.ndarray, few: bool) -> None:
    assert few_levels(column[:, None]).tolist() == [few]
