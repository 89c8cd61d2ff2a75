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
}


def blobs(seed=0):
    rng = np.random.default_rng(seed)
    return np.vstack([rng.normal(c, 1, size=(80, 2)) for c in ((0, 0), (8, 0), (0, 8))])


@pytest.mark.parametrize("kind", NULLS)
def test_data_without_groups_is_not_called_segments(kind):
    X = StandardScaler().fit_transform(NULLS[kind](np.random.default_rng(0)))
    found = verdict(X)
    assert found.verdict == "none"
    assert found.sentence.startswith("No segments")


def test_groups_with_gaps_are_segments():
    found = verdict(StandardScaler().fit_transform(blobs()))
    assert found.verdict == "segments"
    assert found.sentence.startswith("There are segments")


def test_the_verdict_repeats_and_does_not_depend_on_row_order_or_units():
    X = blobs()
    expected = verdict(StandardScaler().fit_transform(X))
    assert verdict(StandardScaler().fit_transform(X)) == expected
    other = X[np.random.default_rng(1).permutation(len(X))] * [100, 0.1]
    assert verdict(StandardScaler().fit_transform(other)).verdict == expected.verdict


def test_the_mall_has_segments_in_income_and_spending(real_data):
    mall = pd.read_csv(real_data / "Mall_Customers.csv").iloc[:, 3:5].to_numpy(float)
    assert verdict(StandardScaler().fit_transform(mall)).verdict == "segments"
