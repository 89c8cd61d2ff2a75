"""How columns are judged, and what is made of them."""

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from segmentation.data import Demo
from segmentation.errors import InputError
from segmentation.features import AutoScaler, FeatureSet, prepared, prepared_text, treat
from segmentation.tracking._models import TRUSTED

N = 1_000


@pytest.fixture
def draw():
    return np.random.default_rng(3)


def scaled(**columns):
    table = pd.DataFrame(columns)
    scaler = AutoScaler().fit(table)
    return scaler, pd.DataFrame(scaler.transform(table), columns=table.columns)


@parametrize_with_checks([AutoScaler()])
def test_is_a_scikit_learn_transformer(estimator, check):
    check(estimator)


class TestOneColumn:
    def test_even_amounts_are_standardised(self, draw):
        assert treat(draw.normal(40, 10, N)).kind == "plain"

    def test_skewed_spend_is_logged_in_any_unit(self, draw):
        spend = draw.lognormal(4, 1, N)
        cents, millions = treat(100 * spend), treat(spend / 1e6)
        assert cents.kind == millions.kind == "log"
        assert cents.apply(100 * spend) == pytest.approx(millions.apply(spend / 1e6))
        assert cents.why.startswith("skewness ")
        assert "log(1 + x / " in cents.words

    def test_many_zeros_are_no_group_far_from_small_amounts(self, draw):
        spend = np.where(draw.random(N) < 0.6, 0, draw.lognormal(4, 1, N))
        found = treat(spend)
        low, middle, high = found.apply(np.array([0, *np.quantile(spend[spend > 0], [0.25, 0.75])]))
        assert found.kind == "log"
        assert middle - low < high - middle

    def test_a_rare_amount_is_not_blown_up(self, draw):
        spend = np.where(draw.random(N) < 0.97, 0, draw.lognormal(4, 1, N))
        z = treat(spend).apply(spend)
        assert np.median(z[spend > 0]) - z[spend == 0][0] <= 2 + 1e-9

    def test_counts_with_ties_are_logged(self, draw):
        assert treat(draw.negative_binomial(1, 0.1, N)).kind == "log"

    def test_losses_and_gains_with_a_long_tail_are_bent(self, draw):
        gains = draw.lognormal(0, 1, N) - 1.5
        found = treat(gains)
        assert found.kind == "power"
        assert np.abs(found.apply(gains)).max() <= 4

    def test_long_tails_on_both_sides_are_shortened(self, draw):
        found = treat(100 * draw.standard_t(2, N))
        assert found.kind == "log"
        assert "with the sign of x" in found.words
        assert found.apply(np.array([-50.0])) < found.apply(np.array([0.0])) < found.apply(np.array([50.0]))
        assert treat(draw.normal(size=N)).kind == "plain"

    def test_skewness_made_by_groups_is_left(self, draw):
        """A transform would pull them together."""
        for shift in (0, 100):
            values = shift + np.concatenate([draw.normal(10, 1, 900), draw.normal(20, 1, 100)])
            found = treat(values)
            assert found.kind == "plain"
            assert "groups of values" in found.why

    def test_few_levels_are_ranks(self, draw):
        rating = draw.choice([1, 2, 3, 4, 5], N, p=[0.02, 0.03, 0.05, 0.3, 0.6])
        found = treat(rating)
        z = found.apply(np.arange(1, 6))
        assert found.kind == "levels"
        assert "5 levels from 1 to 5" in found.why
        assert (np.diff(z) > 0).all()
        assert z[4] - z[3] > z[1] - z[0]
        assert np.diff(z).max() <= 2 + 1e-9
        # Between and beyond the levels that were there.
        assert z[3] < found.apply(np.array([4.5])) < z[4] == found.apply(np.array([9.0]))

    @pytest.mark.parametrize("share", [0.5, 0.1, 0.01])
    def test_yes_and_no_lie_2_apart_however_rare(self, share):
        values = (np.arange(N) < share * N).astype(float)
        for unit in (1, 7):
            z = treat(unit * values).apply(unit * values)
            assert z.max() - z.min() == pytest.approx(2)
            assert z.mean() == pytest.approx(0)

    def test_one_far_value_is_held_and_squeezes_nobody(self, draw):
        income = draw.normal(50_000, 10_000, N)
        usual = treat(income).apply(income)
        income[7] = 666_666
        found = treat(income)
        z = found.apply(income)
        assert z[7] == 4
        assert np.delete(z, 7) == pytest.approx(np.delete(usual, 7), abs=0.05)
        assert "1 value far out" in found.why
        assert "held" in found.words

    def test_without_far_values_later_ones_are_not_held(self, draw):
        found = treat(draw.uniform(size=N))
        assert found.apply(np.array([10.0])) > 20

    def test_the_order_of_the_rows_does_not_matter(self, draw):
        for values in (draw.lognormal(4, 1, N), draw.lognormal(0, 1, N) - 1.5, draw.normal(size=N)):
            one, other = treat(values), treat(draw.permutation(values))
            assert repr(one) == repr(other)


class TestAllColumns:
    def test_the_demo_is_standardised_as_ever(self):
        table = Demo(n_customers=200).read().table[["age", "annual_income", "spending_score"]].dropna()
        X = table.to_numpy(dtype=float)
        assert AutoScaler().fit_transform(X) == pytest.approx(StandardScaler().fit_transform(X))

    def test_yes_and_no_items_alone_are_all_on_one_scale(self, draw):
        items = (draw.random((N, 8)) < np.linspace(0.05, 0.6, 8)).astype(float)
        Z = AutoScaler().fit_transform(items)
        assert Z - Z[0] == pytest.approx(2 * (items - items[0]))

    def test_a_category_weighs_as_one_column(self, draw):
        for p in ([0.25] * 4, [0.94, 0.02, 0.02, 0.02]):
            levels = np.eye(4)[draw.choice(4, N, p=p)]
            scaler, Z = scaled(amount=draw.normal(size=N), **{f"l{i}": levels[:, i] for i in range(4)})
            category = Z[["l0", "l1", "l2", "l3"]]
            assert category.var(ddof=0).sum() <= 1 + 1e-9
            # As far apart as yes and no at most: a rare level is not blown up.
            assert np.ptp(category.to_numpy(), axis=0).max() <= np.sqrt(2) + 1e-9
            assert scaler.groups_ == [("category", [1, 2, 3, 4])]

    def test_what_is_told_twice_counts_once(self, draw):
        spend, other = draw.normal(40, 10, N), draw.normal(size=N)
        scaler, Z = scaled(spend=spend, other=other, minus=-5 * spend)
        assert Z[["spend", "minus"]].var(ddof=0).sum() == pytest.approx(1)
        assert Z["other"].var(ddof=0) == pytest.approx(1)
        assert scaler.groups_ == [("repeats", [0, 2])]

    def test_categories_that_name_the_same_weigh_once(self, draw):
        city = draw.integers(0, 4, N)
        indicators = np.column_stack(
            [draw.normal(size=N), np.eye(4)[city], np.eye(5)[city], np.eye(3)[draw.integers(0, 3, N)]]
        )
        scaler = AutoScaler().fit(indicators)
        variance = scaler.transform(indicators).var(axis=0)
        assert ("repeats", [1, 5]) in scaler.groups_
        assert variance[1:9].sum() == pytest.approx(1)
        assert scaler.weights_[9] == pytest.approx(AutoScaler().fit(indicators[:, 9:]).weights_[0])
        assert variance[9:].sum() == pytest.approx(1)

    def test_a_sum_and_its_parts_weigh_as_the_parts(self, draw):
        parts = draw.uniform(0, 5, size=(N, 3))
        scaler, Z = scaled(
            total=parts.sum(axis=1), a=parts[:, 0], b=parts[:, 1], c=parts[:, 2], d=draw.normal(size=N)
        )
        assert Z[["total", "a", "b", "c"]].var(ddof=0).sum() == pytest.approx(3)
        assert Z["d"].var(ddof=0) == pytest.approx(1)
        assert scaler.groups_ == [("sum", [0, 1, 2, 3])]

    def test_correlated_columns_that_tell_more_than_their_sum_keep_their_weight(self, draw):
        a, b = draw.normal(size=N), draw.normal(size=N)
        scaler, _ = scaled(a=a, b=b, c=a + b + draw.normal(size=N))
        assert (scaler.weights_ == 1).all()

    def test_constants_take_no_part(self, draw):
        _, Z = scaled(a=draw.normal(size=N), b=np.full(N, 0.1))
        assert (Z["b"] == 0).all()

    def test_shuffled_rows_are_treated_alike(self, draw):
        spend = draw.lognormal(4, 1, N)
        X = np.column_stack([spend, draw.normal(size=N), spend**2, draw.integers(0, 5, N), spend > 60])
        order = draw.permutation(N)
        assert AutoScaler().fit(X).transform(X)[order] == pytest.approx(AutoScaler().fit_transform(X[order]))

    def test_survives_being_saved_without_pickle(self, draw):
        X = np.column_stack([draw.lognormal(4, 1, N), draw.integers(0, 5, N), draw.lognormal(0, 1, N) - 1.5])
        scaler = AutoScaler().fit(X)
        assert [t.kind for t in scaler.treatments_] == ["log", "levels", "power"]
        saved = skops.io.dumps(scaler)
        assert set(skops.io.get_untrusted_types(data=saved)) <= set(TRUSTED)
        loaded = skops.io.loads(saved, trusted=list(TRUSTED))
        assert (loaded.transform(X) == scaler.transform(X)).all()


def test_columns_that_somebody_decided_about_are_only_standardised(draw):
    table = pd.DataFrame(
        {"a": draw.lognormal(4, 1, N), "b": draw.lognormal(4, 1, N), "c": draw.lognormal(4, 1, N)}
    )
    features = FeatureSet(["c", "a", "b"], log=["a"], plain=["b"]).fit(table)
    assert features.decided_ == [1, 2]
    scaler = AutoScaler(features.decided_).fit(features.transform(table))
    assert [t.kind for t in scaler.treatments_] == ["log", "plain", "plain"]


class TestRoles:
    def test_columns_that_tell_nobody_apart_are_left_out_and_codes_are_categories(self, draw):
        table = pd.DataFrame(
            {
                "row": np.arange(N),
                "customer_no": 3 * np.arange(N) + 7,
                "CustomerID": 3 * np.arange(N) + 7,
                "one": 1,
                "rare": np.arange(N) < 20,
                "holes": np.where(draw.random(N) < 0.5, np.nan, draw.random(N)),
                "postcode": draw.integers(10_000, 99_999, N),
                "branch": draw.choice([1, 2, 3], N),
                "office": draw.choice([101, 205, 310], N),
                "age": draw.integers(18, 80, N),
                "rating": draw.integers(1, 6, N),
                "tier": draw.choice([100, 250, 500], N),
                "since": draw.choice([2017, 2019, 2020, 2024], N),
                "n_stores": draw.integers(0, 7, N),
                "plan": draw.choice(["a", "b"], N),
                "note": [f"note {i % 400}" for i in range(N)],
            }
        )
        features = FeatureSet("all", "all").fit(table)
        out = {r.column: r.kind for r in features.roles_ if r.left_out}
        assert out == {
            "row": "id", "CustomerID": "id", "one": "constant", "rare": "constant", "holes": "missing",
            "postcode": "levels", "note": "levels",
        }  # fmt: skip
        assert features.categorical_ == ["branch", "office", "plan"]
        assert {"age", "rating", "tier", "since", "n_stores"} < set(features.columns_)
        # With numbers alone a code is a category too, and text is none of its business.
        assert FeatureSet("all").fit(table).categorical_ == ["branch", "office"]

    def test_named_columns_and_those_to_keep_are_not_judged(self, draw):
        table = pd.DataFrame(
            {"row": np.arange(N), "branch": draw.choice([1, 2], N), "x": draw.normal(size=N)}
        )
        assert FeatureSet(["row", "x"]).fit(table).columns_ == ["row", "x"]
        assert FeatureSet(keep=["row"]).fit(table).columns_ == ["row", "branch", "x"]
        assert FeatureSet(prepare=None).fit(table).columns_ == ["row", "branch", "x"]
        table["branch"] = draw.choice([1, 2, 3], N)
        assert FeatureSet(keep=["branch"]).fit(table).categorical_ == []
        with pytest.raises(InputError, match="no column 'branhc'.*did you mean 'branch'"):
            FeatureSet(keep=["branhc"]).fit(table)
        with pytest.raises(InputError, match="features.prepare is 'yes'; valid are auto and null"):
            FeatureSet(prepare="yes").fit(table)

    def test_rare_items_are_taken_where_there_is_nothing_else(self, draw):
        items = pd.DataFrame((draw.random((N, 4)) < 0.03).astype(int), columns=list("abcd"))
        assert FeatureSet().fit(items).columns_ == list("abcd")


class TestTable:
    def test_every_column_is_told_with_the_override_that_does_otherwise(self, draw):
        spend = draw.lognormal(4, 1, N)
        table = pd.DataFrame(
            {
                "id": np.arange(N),
                "spend": spend,
                "orders": np.ceil(spend / 10),
                "age": draw.normal(40, 10, N),
                "rating": draw.integers(1, 6, N),
                "branch": draw.choice([1, 2, 3], N),
                "plan": draw.choice(["a", "b"], N),
            }
        )
        features = FeatureSet("all", "all").fit(table)
        scaler = AutoScaler(features.decided_).fit(features.transform(table))
        told = prepared(features, scaler).set_index("column")
        assert list(told.index) == ["spend", "orders", "age", "rating", "branch", "plan", "id"]
        assert told["override"].to_dict() == {
            "spend": "'features.plain=[spend]'",
            "orders": "'features.plain=[orders]'",
            "age": "",
            "rating": "'features.plain=[rating]'",
            "branch": "'features.keep=[branch]'",
            "plan": "scaler=standard",
            "id": "'features.keep=[id]'",
        }
        assert told.loc["id", "treatment"] == "left out"
        assert told.loc["branch", "role"] == "code"
        assert "weighed once" in told.loc["spend", "treatment"]
        assert "nearly the same as orders" in told.loc["spend", "why"]
        text = prepared_text(prepared(features, scaler))
        assert "  left out: id\n" in text
        assert "  logarithms: spend, orders\n" in text
        assert "age" not in text

    def test_nothing_is_told_where_everything_is_named(self, draw):
        table = pd.DataFrame({"age": draw.normal(40, 10, N), "plan": draw.choice(["a", "b"], N)})
        features = FeatureSet(["age"], ["plan"]).fit(table)
        X = features.transform(table)
        assert prepared(features, StandardScaler().fit(X)) is None
        assert prepared_text(prepared(features, AutoScaler().fit(X))) == ""


KINDS = (
    lambda r, n: r.normal(size=n),
    lambda r, n: r.lognormal(4, 2, n),
    lambda r, n: -r.lognormal(2, 2, n),
    lambda r, n: r.standard_cauchy(n),
    lambda r, n: r.zipf(1.5, n).astype(float),
    lambda r, n: r.integers(0, 20, n),
    lambda r, n: r.choice([101, 205, 310], n),
    lambda r, n: np.where(r.random(n) < 0.9, 0, r.lognormal(5, 3, n)),
    lambda r, n: np.where(r.random(n) < r.random(), np.nan, r.normal(size=n)),
    lambda r, n: r.choice(list("abcdefgh"), n),
    lambda r, n: r.choice(np.array(["x", None, "y"], dtype=object), n),
    lambda r, n: r.random(n) < 0.1,
    lambda r, n: 1e12 + 1e-3 * r.normal(size=n),
    lambda r, n: np.r_[np.zeros(n - 1), 1e9],
    lambda r, n: np.arange(n),
    lambda r, n: np.full(n, 0.1),
)


@pytest.mark.parametrize("n", [2, 5, 30, 200])
def test_any_table_is_prepared_the_same_for_shuffled_rows_or_refused_in_a_sentence(n):
    prepared_tables = 0
    for seed in range(25):
        r = np.random.default_rng(seed)
        table = pd.DataFrame({f"c{i}": KINDS[r.integers(len(KINDS))](r, n) for i in range(r.integers(1, 9))})
        try:
            features = FeatureSet("all", "all").fit(table)
        except InputError:
            continue
        X, order = features.transform(table), r.permutation(n)
        scaler = AutoScaler(features.decided_).fit(X)
        Z = scaler.transform(X)
        assert np.abs(Z).max() <= 15
        assert AutoScaler(features.decided_).fit_transform(X[order]) == pytest.approx(Z[order], abs=1e-6)
        told = prepared(features, scaler)
        assert set(told["column"]) == set(table)
        prepared_tables += 1
    assert prepared_tables > 15
