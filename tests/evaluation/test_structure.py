import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import StandardScaler

from segmentation.evaluation._structure import verdict

NULLS = {
    "gaussian": lambda rng: rng.normal(size=(400, 2)),
    "uniform": lambda rng: rng.uniform(size=(400, 3)),
    "skewed": lambda rng: rng.lognormal(size=(400, 3)),
    # On a logarithmic scale the first counts stand far apart.
    "logged counts": lambda rng: np.column_stack([np.log1p(rng.geometric(0.45, 500)), rng.normal(size=500)]),
    "correlated": lambda rng: rng.normal(size=(300, 4)) @ rng.normal(size=(4, 4)),
    "yes/no items": lambda rng: rng.uniform(size=(400, 8)) < 0.3,
    "yes/no items of one attitude": lambda rng: rng.normal(size=(400, 8)) + rng.normal(size=(400, 1)) > 0.5,
    "ratings": lambda rng: np.clip(np.round(3 + rng.normal(size=(400, 6)) + rng.normal(size=(400, 1))), 1, 5),
    "one yes/no item among amounts": lambda rng: np.column_stack(
        [rng.uniform(size=400) < 0.5, rng.lognormal(size=(400, 2))]
    ),
    "a category": lambda rng: np.column_stack([np.eye(4)[rng.integers(0, 4, 400)], rng.normal(size=400)]),
    "spends, most of them none": lambda rng: np.log1p(
        rng.lognormal(4, 1, (400, 3)) * (rng.uniform(size=(400, 3)) < 0.4)
    ),
}


def blobs(seed=0):
    rng = np.random.default_rng(seed)
    return np.vstack([rng.normal(c, 1, size=(80, 2)) for c in ((0, 0), (8, 0), (0, 8))])


@pytest.mark.parametrize("kind", NULLS)
def test_data_without_groups_is_a_continuum(kind):
    X = StandardScaler().fit_transform(NULLS[kind](np.random.default_rng(0)))
    found = verdict(X)
    assert found.verdict == "constructive"
    assert found.sentence.startswith("The segments are constructive")


def test_groups_with_gaps_are_natural():
    found = verdict(StandardScaler().fit_transform(blobs()))
    assert found.verdict == "natural"
    assert found.sentence.startswith("The segments are natural")


def test_groups_with_gaps_are_natural_beside_yes_no_items():
    items = np.random.default_rng(0).uniform(size=(240, 2)) < 0.5
    found = verdict(StandardScaler().fit_transform(np.hstack([blobs(), items])))
    assert (found.verdict, found.columns) == ("natural", 4)


def test_the_verdict_repeats_and_does_not_depend_on_row_order_or_units():
    X = blobs()
    expected = verdict(StandardScaler().fit_transform(X))
    assert verdict(StandardScaler().fit_transform(X)) == expected
    other = X[np.random.default_rng(1).permutation(len(X))] * [100, 0.1]
    assert verdict(StandardScaler().fit_transform(other)).verdict == expected.verdict


def test_customers_who_hardly_differ_are_a_continuum():
    X = np.zeros((5000, 2))
    X[:2, 0] = 1
    assert verdict(X).verdict == "constructive"


def test_the_mall_has_segments_in_income_and_spending(real_data):
    mall = pd.read_csv(real_data / "Mall_Customers.csv").iloc[:, 3:5].to_numpy(float)
    assert verdict(StandardScaler().fit_transform(mall)).verdict == "natural"
