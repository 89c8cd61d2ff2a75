import numpy as np
import pandas as pd
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st

from segmentation.features import AutoScaler, FeatureSet, Preparation, prepared
from segmentation.overrides import listed
from segmentation.profiling import advise, associate, starting_features

N = 400
RANDOM = np.random.default_rng(1)
START = RANDOM.bit_generator.state
SETTABLE = ("drop", "checks", "levels", "id")


@pytest.fixture(autouse=True)
def _the_same_draws():
    """Whatever ran before in this process."""
    RANDOM.bit_generator.state = START


def advice(settable=SETTABLE, logged=(), **columns):
    table = pd.DataFrame({"age": RANDOM.normal(40, 10, N), "size": RANDOM.normal(5, 1, N), **columns})
    table = table.rename_axis("key")
    return table, {s.kind: s for s in advise(table, associate(table), None, settable, logged)}


def words(override: str) -> dict[str, object]:
    """What Hydra reads from what a shell hands on."""
    import shlex

    parsed = OverridesParser.create().parse_overrides(shlex.split(override))
    return {p.key_or_group: p.value() for p in parsed}


def test_good_data_needs_nothing():
    table, found = advice()
    assert found == {}
    start = starting_features(Preparation.of(table))
    assert (start.numeric, start.log) == (["age", "size"], [])


def test_skewed_spend_is_logged_or_bent_by_a_sweep_itself():
    table, _ = advice(spend=RANDOM.lognormal(4, 1, N), gains=RANDOM.lognormal(0, 1, N) - 1.5)
    every = advise(table, associate(table), None, SETTABLE)
    logged = next(s for s in every if s.columns == ("spend",) and s.kind == "skewed")
    assert words(logged.override) == {"features.plain": ["spend"]}
    assert "skewness" in logged.evidence
    assert "A sweep where nothing is named does so" in logged.action
    assert logged.automatic
    assert "Yeo-Johnson" in next(s for s in every if s.columns == ("gains",) and s.kind == "skewed").action
    start = starting_features(Preparation.of(table))
    assert (start.numeric, start.log) == (["age", "size", "spend", "gains"], ["spend"])


def test_the_advice_is_what_a_sweep_does():
    spend = RANDOM.lognormal(4, 1, N)
    table, found = advice(
        spend=spend,
        row=np.arange(N) + 1,
        rating=RANDOM.integers(1, 6, N),
        branch=RANDOM.choice([101, 205, 310], N),
        twin=spend**2,
        flag=np.arange(N) % 3 == 0,
    )
    features = FeatureSet("all", "all").fit(table)
    told = prepared(features, AutoScaler().fit(features.transform(table))).set_index("column")
    by_itself = {c for s in found.values() if s.automatic for c in s.columns}
    assert by_itself == {"spend", "row", "rating", "branch", "twin"}
    assert set(told.index[told["override"] != ""]) == {*by_itself, "flag"}


def test_a_logged_column_is_not_called_skewed_again():
    assert "skewed" not in advice(logged=("spend",), spend=RANDOM.lognormal(2, 0.6, N))[1]


def test_one_far_value_is_told_and_not_taken_for_skewness():
    income = RANDOM.normal(50_000, 10_000, N)
    income[7] = 666_666
    _, found = advice(income=income)
    assert "666,666 stands apart" in found["apart"].evidence
    assert "skewness" in found["apart"].evidence
    assert "skewed" not in found
    told = words(found["apart"].override)
    assert told["data.checks.out_of_range"] == "missing"
    low, high = told["data.checks.ranges"]["income"]
    assert low is None
    assert high == pytest.approx(np.sort(income)[-2])
    assert advice(settable=(), income=income)[1]["apart"].override == "scaler=robust"


def test_twins_constants_codes_and_ids():
    base = RANDOM.normal(size=N)
    rare = (np.arange(N) < 8).astype(float)
    flag = (np.arange(N) % 3 == 0).astype(float)
    kind = RANDOM.integers(1, 4, N)
    table, found = advice(
        a=base, b=2 * base, rare=rare, one=1.0, flag=flag, row=np.arange(N, dtype=float), product_type=kind
    )
    assert found["duplicate"].columns == ("a", "b")
    assert words(found["duplicate"].override) == {"scaler": "standard"}
    assert set(found["constant"].columns) == {"rare", "one"}
    assert words(found["constant"].override) == {"features.keep": ["rare", "one"]}
    assert words(found["code"].override) == {"features.keep": ["product_type"]}
    assert found["id"].columns == ("row",)
    assert all(found[kind].automatic for kind in ("duplicate", "constant", "code", "id"))
    # Yes and no is as good a column as any.
    assert "two_values" not in found
    assert starting_features(Preparation.of(table)).numeric == ["age", "size", "a", "b", "flag"]


def test_a_sum_is_told_with_its_parts():
    a, b = RANDOM.uniform(0, 9, N), RANDOM.uniform(0, 9, N)
    assert advice(total=a + b, a=a, b=b)[1]["sum"].evidence == "total is the sum of a and b."


def test_missing_values_and_levels():
    holes = np.where(np.arange(N) % 2 == 0, np.nan, RANDOM.normal(size=N))
    status = ["single", "wed"] * (N // 2 - 1) + ["YOLO", "Absurd"]
    city = [f"city {i % 60}" for i in range(N)]
    _, found = advice(holes=holes, status=status, city=city)
    assert found["missing"].columns == ("holes",)
    assert words(found["missing"].override) == {"features.keep": ["holes"]}
    assert "city (60 levels)" in found["levels"].evidence
    assert words(found["rare_levels"].override) == {
        "data.levels": {"status": {"Absurd": "other", "YOLO": "other"}}
    }
    assert not found["rare_levels"].automatic


def test_scales_and_too_few_customers():
    _, found = advice(spend=RANDOM.normal(50_000, 9_000, N))
    assert "unscaled, spend makes over 99.9%" in found["scales"].evidence
    few = pd.DataFrame(RANDOM.normal(size=(30, 4)), columns=list("abcd"))
    assert [s.kind for s in advise(few, associate(few))] == ["rows"]


def test_a_numbered_row_is_named_as_the_id_where_there_is_none():
    table = pd.DataFrame({"row": range(1, 101), "x": RANDOM.normal(size=100)})
    found = advise(table, associate(table), None, ("id", "drop"))
    assert next(s for s in found if s.kind == "id").override == "data.id=row"


def test_text_alone_is_no_mistake():
    table = pd.DataFrame({"name": [f"n {i}" for i in range(50)], "level": ["a", "b"] * 25})
    found = advise(table, associate(table), None, SETTABLE)
    assert [s.kind for s in found] == ["id"]
    assert starting_features(Preparation.of(table)).numeric == []


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1), min_size=1))
def test_any_column_name_survives_the_shell_and_hydra(names):
    names = [name for name in names if "${" not in name and name.strip() == name] or ["a b"]
    assert words(listed("features.log", names)) == {"features.log": names}
