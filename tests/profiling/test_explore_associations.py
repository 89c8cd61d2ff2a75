import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from segmentation.profiling import associate

N = 400
RANDOM = np.random.default_rng(0)
START = RANDOM.bit_generator.state
LEVEL = RANDOM.integers(0, 3, N)
X = RANDOM.normal(size=N)
TABLE = pd.DataFrame(
    {
        "x": X,
        "curved": np.exp(3 * X),
        "noise": RANDOM.normal(size=N),
        "constant": 1.0,
        "by_level": LEVEL * 10 + RANDOM.normal(size=N),
        "level": np.array(["a", "b", "c"])[LEVEL],
        "same_level": np.array(["u", "v", "w"])[LEVEL],
        "thousands": [f"id {i}" for i in range(N)],
        "many": [f"shop {i}" for i in RANDOM.integers(0, 150, N)],
        "coin": RANDOM.choice(["heads", "tails"], N),
    }
)


@pytest.fixture(autouse=True)
def _the_same_draws():
    """Whatever ran before in this process."""
    RANDOM.bit_generator.state = START


@pytest.fixture(scope="module")
def found():
    return associate(TABLE)


def test_each_pair_has_the_measure_of_its_kind_named(found):
    kinds = {
        frozenset((a, b)): kind for a, b, kind in found.pairs[["a", "b", "kind"]].itertuples(index=False)
    }
    assert kinds[frozenset(("x", "noise"))] == "rank correlation"
    assert kinds[frozenset(("x", "level"))] == "correlation ratio"
    assert kinds[frozenset(("coin", "level"))] == "Cramer's V"


def test_what_is_told_is_one_and_what_is_not_is_nothing(found):
    m = found.matrix
    assert m.loc["x", "curved"] == pytest.approx(1)
    assert m.loc["level", "same_level"] == pytest.approx(1)
    assert m.loc["by_level", "level"] > 0.98
    for other in ("noise", "coin", "many"):
        assert m.loc["x", other] < 0.15, "no bias by many levels"
    assert m.loc["many", "coin"] < 0.2
    assert m["constant"].drop("constant").isna().all()
    assert m["thousands"].drop("thousands").drop(["level", "same_level", "many", "coin"]).isna().all()


def test_the_matrix_is_symmetric_from_0_to_1(found):
    values = found.matrix.to_numpy()
    np.testing.assert_array_equal(values, values.T)
    assert (np.diag(values) == 1).all()
    assert np.nanmin(values) >= 0
    assert np.nanmax(values) <= 1


def test_numbers_have_both_correlations_with_their_signs(found):
    pair = found.pairs.query("a == 'x' and b == 'noise'").iloc[0]
    assert pair["spearman"] == pytest.approx(spearmanr(TABLE["x"], TABLE["noise"]).statistic)
    assert pair["pearson"] == pytest.approx(np.corrcoef(TABLE["x"], TABLE["noise"])[0, 1])
    assert pair["strength"] == pytest.approx(abs(pair["spearman"]))
    assert found.pairs["strength"].is_monotonic_decreasing


def test_a_missing_value_leaves_its_row_out_of_its_pairs_alone():
    holed = TABLE[["x", "noise", "by_level", "level"]].copy()
    holed.loc[::3, "noise"] = np.nan
    holed.loc[1::5, "level"] = None
    whole = associate(TABLE[["x", "noise", "by_level", "level"]]).matrix
    known = holed["noise"].notna()
    pair = associate(holed).pairs.query("a == 'x' and b == 'noise'").iloc[0]
    assert pair["pearson"] == pytest.approx(np.corrcoef(X[known], holed["noise"][known])[0, 1])
    m = associate(holed).matrix
    assert m.loc["x", "by_level"] == pytest.approx(whole.loc["x", "by_level"])
    assert m.loc["by_level", "level"] == pytest.approx(whole.loc["by_level", "level"], abs=0.01)


@given(st.permutations(range(30)))
def test_neither_the_order_of_rows_nor_of_columns_matters(order):
    part = TABLE.iloc[:30][["x", "level", "coin", "noise"]]
    shuffled = part.iloc[order][["noise", "coin", "x", "level"]]
    pd.testing.assert_frame_equal(
        associate(shuffled).matrix.loc[list(part), list(part)], associate(part).matrix
    )


def test_many_rows_are_sampled_and_said_so():
    assert associate(pd.DataFrame({"a": np.arange(12_000.0), "b": np.arange(12_000.0)})).rows == 10_000
    assert associate(TABLE).rows == N
