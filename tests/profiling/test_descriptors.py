import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, kruskal

from segmentation.profiling import significance


def test_numbers_are_ranked_and_categories_counted():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2, -1], 30)
    x = np.round(rng.normal(labels, 1), 1)
    plan = rng.integers(0, 3, 120)
    tests = significance({"x": x, "plan": plan}, {"plan"}, labels).set_index("column")
    groups = [x[labels == s] for s in range(3)]
    counts = [[((labels == s) & (plan == p)).sum() for p in range(3)] for s in range(3)]
    assert tests.loc["x", ["statistic", "p"]].tolist() == pytest.approx(list(kruskal(*groups)))
    assert tests.loc["plan", ["statistic", "p"]].tolist() == pytest.approx(list(chi2_contingency(counts)[:2]))
    assert tests["n"].tolist() == [90, 90]  # without noise


def test_effects_run_from_none_to_all():
    labels = np.repeat([0, 1], 50)
    tests = significance(
        {"x": labels + 0.0, "plan": 1 - labels, "even": np.tile([0, 1], 50)}, {"plan", "even"}, labels
    )
    assert tests["effect"].tolist() == pytest.approx([1, 1, 0])
    assert tests["effect_name"].tolist() == ["epsilon squared", "Cramer's V", "Cramer's V"]


def test_chance_is_the_effect_where_there_is_nothing():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 80)
    columns = {"x": np.round(rng.normal(size=80)), "plan": rng.integers(0, 5, 80)}
    tests = [significance(columns, {"plan"}, rng.permutation(labels)) for _ in range(200)]
    x, plan = np.transpose([test["effect"] for test in tests])
    assert x.mean() == pytest.approx(tests[0]["chance"][0], rel=0.1)
    assert np.sqrt((plan**2).mean()) == pytest.approx(tests[0]["chance"][1], rel=0.1)


def test_what_cannot_be_tested_is_not():
    labels = np.array([0, 0, 1, 1, -1])
    columns = {
        "same": np.ones(5),
        "one segment only": np.array([1, 2, np.nan, np.nan, 3]),
        "missing": np.full(5, np.nan),
        "level of noise only": np.array([0, 0, 0, 0, 1]),
    }
    assert significance(columns, {"level of noise only"}, labels).empty
    assert significance({"x": np.arange(5.0)}, (), np.full(5, -1)).empty


def test_few_customers_are_told():
    labels = np.repeat([0, 1], [3, 30])
    tests = significance({"x": np.arange(33.0), "plan": np.arange(33) % 4}, {"plan"}, labels)
    assert "1 of 2 segments have fewer than 5" in tests["note"][0]
    assert "50% of the cells expect fewer than 5" in tests["note"][1]
    assert significance({"x": np.arange(33.0)}, (), np.arange(33) % 2)["note"].tolist() == [""]


@settings(max_examples=30)
@given(st.lists(st.integers(0, 5), min_size=12, max_size=12), st.integers(1, 8))
def test_p_is_corrected_for_the_number_of_descriptors(drawn, m):
    rng = np.random.default_rng(drawn)
    labels = np.repeat([0, 1, 2], 10)
    tests = significance({f"x{i}": rng.normal(size=30) for i in range(m)}, (), labels)
    p, holm = tests["p"].to_numpy(), tests["p_holm"].to_numpy()
    # Of each p, the largest of those not above it, each times the number of those not below.
    wanted = [max(min(1, q * (p >= q).sum()) for q in p[p <= one]) for one in p]
    assert holm == pytest.approx(wanted)
