import numpy as np
import pytest

from segmentation.evaluation._structureless import columns, references

KINDS = ("uniform", "gaussian", "skewed", "bent")


def survey(n=600):
    """Three yes/no items of one attitude, a rating of it, a category, a spend that most do not make, an age."""
    rng = np.random.default_rng(0)
    attitude = rng.normal(size=n)
    items = attitude[:, None] + rng.normal(size=(n, 3)) > np.array([0.0, 1.0, -1.0])
    rating = np.clip(np.round(3 + attitude + rng.normal(size=n)), 1, 5)
    category = np.eye(3)[rng.integers(0, 3, n)]
    spend = np.where(attitude > 0.3, rng.lognormal(3, 1, n), 0)
    return np.column_stack([items, rating, category, spend, rng.normal(40, 10, n)])


@pytest.fixture(scope="module")
def table():
    return columns(survey(), np.random.default_rng(0))


def test_columns_are_amounts_or_items(table):
    assert table.amounts == (8,)
    assert [item.columns for item in table.items] == [(0,), (1,), (2,), (3,), (7,), (4, 5, 6)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_reference_has_the_same_answers_as_often(table, kind):
    made = references(table)[kind](np.random.default_rng(1))
    for j in (0, 1, 2, 3, 7):
        np.testing.assert_array_equal(np.sort(made[:, j]), np.sort(table.X[:, j]))


@pytest.mark.parametrize("kind", KINDS)
def test_the_indicators_of_a_category_are_never_1_together_in_a_reference(table, kind):
    made = references(table)[kind](np.random.default_rng(1))
    np.testing.assert_array_equal(made[:, 4:7].sum(axis=1), 1)


def test_answers_correlate_in_a_reference_as_in_the_table(table):
    draw = references(table)["gaussian"]
    rng = np.random.default_rng(1)
    made = np.mean([np.corrcoef(draw(rng)[:, :4], rowvar=False) for _ in range(20)], axis=0)
    np.testing.assert_allclose(made, np.corrcoef(table.X[:, :4], rowvar=False), atol=0.05)


def test_yes_no_items_that_are_rarely_answered_yes_are_no_category():
    rare = np.random.default_rng(0).uniform(size=(400, 4)) < 0.03
    table = columns(rare[:, rare.any(axis=0)].astype(float), np.random.default_rng(0))
    assert all(len(item.columns) == 1 for item in table.items)


def test_a_parabola_is_in_a_bent_reference():
    rng = np.random.default_rng(0)
    x = rng.normal(size=800)
    X = np.column_stack([x, 0.5 * x**2 + 0.2 * rng.normal(size=800)])
    made = references(columns(X, rng))["bent"](rng)
    assert np.corrcoef(made[:, 0] ** 2, made[:, 1])[0, 1] > 0.8
