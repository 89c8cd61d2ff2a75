import re
import sqlite3
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans

from segmentation.data import Demo, MallFile
from segmentation.errors import InputError
from segmentation.profiling import Node, Rules, surrogate

NASTY = [
    'say "hi"',
    "a'b; DROP TABLE customers --",
    "Доход 💰 %s",
    "<script>alert(1)</script>",
    "x" * 300,
    "select",
]


def asked(table: pd.DataFrame, expressions: list[str]) -> list[list]:
    """What a database answers to each SQL expression, row by row."""
    names = ['"' + column.replace('"', '""') + '"' for column in table]
    numeric = [pd.api.types.is_numeric_dtype(dtype) for dtype in table.dtypes]
    columns = ", ".join(f"{name} {'REAL' if n else 'TEXT'}" for name, n in zip(names, numeric, strict=True))
    rows = table.astype(object).where(table.notna(), None).to_numpy().tolist()
    with sqlite3.connect(":memory:") as database:
        database.execute(f"CREATE TABLE customers ({columns})")
        database.executemany(f"INSERT INTO customers VALUES ({', '.join('?' * len(names))})", rows)
        return [
            [answer for (answer,) in database.execute(f"SELECT ({sql}) FROM customers ORDER BY rowid")]
            for sql in expressions
        ]


def assert_sql_is_the_tree(table: pd.DataFrame, rules: Rules, names: dict[int, str]) -> None:
    case, *where = asked(table, [rules.case, *(rule.sql for rule in rules.rules)])
    assert case == [names[label] for label in rules.labels]
    for rule, answers in zip(rules.rules, where, strict=True):
        assert answers == (rules.labels == rule.segment).astype(int).tolist()


def leaves(node: Node) -> list[Node]:
    return [leaf for child in node.children for leaf in leaves(child)] or [node]


def planted() -> tuple[pd.DataFrame, np.ndarray, dict[int, str]]:
    demo = Demo(missing=0.05).read()
    codes, names = pd.factorize(demo.truth)
    return demo.table, codes, dict(enumerate(names))


def test_mall_rules_say_what_a_marketer_would(real_data: Path):
    mall = MallFile(real_data / "Mall_Customers.csv").read()
    features = ["annual_income", "spending_score"]
    labels = KMeans(5, n_init=10, random_state=0).fit_predict(mall.table[features])
    labels = np.argsort(np.argsort(-np.bincount(labels)))[labels]
    rules = surrogate(mall.table, labels, features, dict(enumerate("abcde")), mall.units)
    assert [rule.words for rule in rules.rules] == [
        "annual income above 39.5 up to 69.5 k$",
        "annual income above 69.5 k$ and spending score above 50",
        "annual income above 69.5 k$ and spending score at most 50",
        "annual income at most 39.5 k$ and spending score at most 50",
        "annual income at most 39.5 k$ and spending score above 50",
    ]
    assert rules.fidelity == pytest.approx(0.975)
    assert 0.93 < rules.held_out <= rules.fidelity
    assert_sql_is_the_tree(mall.table, rules, dict(enumerate("abcde")))


def test_a_database_answers_as_the_tree_where_values_are_missing():
    table, labels, names = planted()
    rules = surrogate(table, labels, ["age", "annual_income", "spending_score", "gender"], names)
    assert table.isna().any().sum() == 3
    assert 0.9 < rules.fidelity < 1
    assert "missing value" in rules.note
    assert_sql_is_the_tree(table, rules, names)


@pytest.mark.parametrize("column", NASTY)
def test_names_and_levels_that_mean_something_to_sql_stay_names(column: str):
    levels = ["it's", 'a "b"', "'; --", "Ж💰", None]
    table = pd.DataFrame({column: np.resize([1.0, 2, 3, np.nan], 60), f"{column} 2": np.resize(levels, 60)})
    table[f"{column} 2"] = table[f"{column} 2"].astype("str")
    labels = pd.factorize(table[f"{column} 2"].fillna("'; --") + table[column].fillna(2).astype(str))[0]
    names = {i: f"{i} 'quoted' \"name\"; --" for i in range(12)}
    rules = surrogate(table, labels, list(table), names)
    assert rules.fidelity == 1
    assert_sql_is_the_tree(table, rules, names)
    assert all(len(rule.words) < 200 for rule in rules.rules)


@st.composite
def labelled_tables(draw: st.DrawFn) -> tuple[pd.DataFrame, np.ndarray]:
    n = draw(st.integers(1, 40))
    number = st.none() | st.floats(width=32, allow_nan=False, allow_infinity=False) | st.integers(-3, 3)
    level = st.none() | st.sampled_from(["a", "b", "it's", "", " a"])
    columns = {
        "x": pd.Series(draw(st.lists(number, min_size=n, max_size=n)), dtype=float),
        "y": pd.Series(draw(st.lists(number, min_size=n, max_size=n)), dtype=float),
        "c": pd.Series(draw(st.lists(level, min_size=n, max_size=n)), dtype="str"),
    }
    return pd.DataFrame(columns), np.array(draw(st.lists(st.integers(-1, 3), min_size=n, max_size=n)))


@settings(max_examples=60)
@given(labelled_tables())
def test_rules_share_the_customers_out_and_their_figures_are_counted(case: tuple[pd.DataFrame, np.ndarray]):
    table, labels = case
    rules = surrogate(table, labels, ["x", "y", "c"], {})
    names = {-1: "noise"} | {i: f"segment {i}" for i in range(4)}
    assert_sql_is_the_tree(table, rules, names)
    assert rules.fidelity == pytest.approx(np.mean(rules.labels == labels))
    for rule in rules.rules:
        chosen, true = rules.labels == rule.segment, labels == rule.segment
        assert rule.customers == chosen.sum()
        assert rule.recall == pytest.approx((chosen & true).sum() / true.sum())
        if rule.customers:
            assert rule.precision == pytest.approx((chosen & true).sum() / chosen.sum())
        # Bounds that a later split made needless are gone: two a number and one a category at most.
        for path in rule.sql.split(" OR "):
            assert max(path.count(f'("{column}"') for column in "xy") <= 2
            assert path.count('("c"') <= 1
    found = leaves(rules.tree)
    assert sum(leaf.customers for leaf in found) == len(labels)
    assert sum(leaf.customers * leaf.purity for leaf in found) == pytest.approx(rules.fidelity * len(labels))


@pytest.mark.parametrize(
    ("low", "high", "cut"),
    [
        (25, 61, "40"),
        (70, 71, "70.5"),
        (-3, 8, "0"),
        (0.1234, 0.1241, "0.124"),
        (1_000_000, 1_000_001, "1,000,000.5"),
        (16_777_216, 16_777_217, "16,777,216.5"),
        (1e-9, 3e-9, "2e-09"),
        (1e38, 3e38, "2e+38"),
    ],
)
def test_thresholds_are_the_shortest_decimals_between_two_values(low: float, high: float, cut: str):
    table = pd.DataFrame({"x": np.repeat([low, high], 6).astype(float)})
    rules = surrogate(table, np.repeat([0, 1], 6), ["x"], {})
    assert [rule.words for rule in rules.rules] == [f"x at most {cut}", f"x above {cut}"]
    assert rules.fidelity == 1


def test_neighbouring_floats_are_told_apart():
    low = 0.1
    table = pd.DataFrame({"x": np.repeat([low, np.nextafter(low, 1)], 6)})
    assert surrogate(table, np.repeat([0, 1], 6), ["x"], {}).fidelity == 1


@pytest.mark.parametrize(("label", "name"), [(0, "all customers"), (-1, "noise")])
def test_one_group_is_everybody(label: int, name: str):
    table, *_ = planted()
    rules = surrogate(table, np.full(len(table), label), ["age", "gender"], {label: name})
    (rule,) = rules.rules
    assert (rule.words, rule.sql, rule.precision, rule.recall) == ("all customers", "1 = 1", 1, 1)
    assert (rules.fidelity, rules.held_out, rules.tree.children) == (1, 1, ())
    assert_sql_is_the_tree(table, rules, {label: name})


def test_a_segment_that_the_tree_never_finds_has_a_rule_that_says_none():
    table, labels, names = planted()
    rules = surrogate(table, labels, ["age", "annual_income"], names, max_leaves=2)
    lost = [rule for rule in rules.rules if not rule.customers]
    assert len(lost) == 3
    for rule in lost:
        assert rule.words.startswith("none")
        assert (rule.recall, rule.f1, rules.reach()[rule.segment]) == (0, 0, 0)
        assert np.isnan(rule.precision)
        assert f"'{names[rule.segment]}'" not in rules.case
    assert_sql_is_the_tree(table, rules, names)


def test_noise_is_a_class_of_its_own_but_nobody_to_reach():
    table = pd.DataFrame({"x": [*range(20), *range(100, 120), *range(200, 220)]}, dtype=float)
    labels = np.repeat([0, -1, 1], 20)
    rules = surrogate(table, labels, ["x"], {})
    assert [rule.segment for rule in rules.rules] == [0, 1, -1]
    assert rules.rules[2].words == "x above 60 up to 160"
    assert rules.reach() == {0: 1, 1: 1}


def test_forty_segments():
    side = np.arange(400) % 40
    table = pd.DataFrame({"x": side % 8 + 0.01 * np.arange(400) / 400, "y": (side // 8).astype(float)})
    names = {i: f"s{i}" for i in range(40)}
    rules = surrogate(table, side, ["x", "y"], names)
    assert rules.fidelity == 1
    assert len(leaves(rules.tree)) == 40
    assert_sql_is_the_tree(table, rules, names)


def test_a_segment_for_every_second_customer_is_no_reason_to_warn():
    rules = surrogate(pd.DataFrame({"x": np.arange(30.0)}), np.arange(30) // 2, ["x"], {})
    assert len(rules.rules) == 15


def test_columns_that_tell_nothing_make_no_rules():
    table = pd.DataFrame(
        {"one": np.ones(10), "none": np.full(10, np.nan), "text": pd.Series([None] * 10, dtype="str")}
    )
    rules = surrogate(table, np.repeat([1, 0], [4, 6]), list(table), {})
    assert [rule.words for rule in rules.rules] == [
        "all customers",
        "none: the tree never finds this segment",
    ]
    assert rules.fidelity == 0.6


def test_of_a_category_of_thousands_of_levels_only_the_commonest_are_named():
    town = pd.Series(
        [*(["Paris"] * 3000), *(["Rome"] * 2000), *(f"village {i}" for i in range(4998))], dtype="str"
    )
    table = pd.DataFrame({"town": town})
    rules = surrogate(table, pd.factorize(town.where(town.isin(["Paris", "Rome"])))[0], ["town"], {})
    assert {rule.segment: rule.words for rule in rules.rules} == {
        0: "town is Paris",
        1: "town is Rome",
        -1: "town is not Paris or Rome",
    }
    assert rules.fidelity == 1


def test_fidelity_on_customers_not_seen_tells_rules_of_chance_from_rules():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(300, 4)), columns=list("abcd"))
    rules = surrogate(table, rng.integers(0, 3, 300), list("abcd"), {})
    assert rules.held_out < rules.fidelity < 0.45
    assert f"{rules.fidelity:.1%}" in rules.note
    assert f"{rules.held_out:.1%}" in rules.note


def test_more_leaves_are_taken_only_where_they_repeat_more():
    x, y = (side.ravel() for side in np.meshgrid(np.arange(30.0), np.arange(30.0)))
    table = pd.DataFrame({"x": x, "y": y})
    assert len(leaves(surrogate(table, (x > 14).astype(int), ["x", "y"], {}).tree)) == 2
    slanted = surrogate(table, (x + y > 29).astype(int), ["x", "y"], {})
    assert 4 <= len(leaves(slanted.tree)) <= 6
    assert len(leaves(surrogate(table, (x + y > 29).astype(int), ["x", "y"], {}, max_leaves=3).tree)) <= 3


def test_the_tree_is_there_for_pictures():
    table = pd.DataFrame({"annual_income": np.r_[np.arange(10), np.arange(50, 60.0)]})
    root = surrogate(table, np.repeat([0, 1], 10), ["annual_income"], {}, {"annual_income": "k$"}).tree
    assert (root.column, root.text, root.customers, root.purity) == (None, "", 20, 0.5)
    assert [(node.text, node.segment, node.customers, node.purity) for node in root.children] == [
        ("annual income at most 30 k$", 0, 10, 1),
        ("annual income above 30 k$", 1, 10, 1),
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"features": ["agee"]}, "no column 'agee' to make rules of; did you mean 'age'"),
        ({"max_leaves": 0}, "max_leaves is 0; valid are whole numbers of at least 1"),
        ({"labels": np.zeros(3)}, re.escape("shape (3,) and the table 600 rows")),
    ],
)
def test_a_mistake_is_answered_in_a_sentence(change: dict, message: str):
    table, labels, names = planted()
    given = {"table": table, "labels": labels, "features": ["age"], "names": names} | change
    with pytest.raises(InputError, match=message):
        surrogate(**given)
