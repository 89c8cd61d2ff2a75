import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans

from segmentation.data import MallFile
from segmentation.errors import InputError
from segmentation.profiling import describe

FOUR = pd.DataFrame({"age": [20.0, 30.0, 60.0, np.nan], "gender": ["f", "m", "f", "f"]}, index=list("abcd"))


def mall_profile(real_data, **more):
    """The profile of the five segments that everybody finds."""
    table = MallFile(real_data / "Mall_Customers.csv").read().table
    features = ["annual_income", "spending_score"]
    labels = KMeans(5, n_init=10, random_state=0).fit_predict(table[features])
    by_size = np.argsort(np.argsort(-np.bincount(labels), kind="stable"))
    return describe(table, by_size[labels], features, **more)


def rows(long, **where):
    """The rows of a long table with these values, by segment."""
    for column, value in where.items():
        long = long[long[column] == value]
    return long.set_index("segment")


def test_the_mall_segments_have_the_known_centres(real_data):
    profile = mall_profile(real_data)
    assert profile.segments["customers"].tolist() == [81, 39, 35, 23, 22]
    centers = {c: rows(profile.numbers, column=c)["center"].tolist() for c in profile.numbers["column"]}
    assert centers["annual_income"] == pytest.approx([55.30, 86.54, 88.20, 26.30, 25.73], abs=0.005)
    assert centers["spending_score"] == pytest.approx([49.52, 82.13, 17.11, 20.91, 79.36], abs=0.005)
    assert centers["age"] == pytest.approx([42.7, 32.7, 41.1, 45.2, 25.3], abs=0.05)
    women = rows(profile.categories, column="gender", level="Female")["share"]
    assert women.tolist() == pytest.approx([0.593, 0.538, 0.457, 0.609, 0.591], abs=0.0005)


def test_only_what_did_not_make_the_segments_is_tested_age_tells_and_gender_does_not(real_data):
    tests = mall_profile(real_data).tests.set_index("column")
    assert set(tests.index) == {"age", "gender"}
    assert tests.loc["age", "p_holm"] < 1e-6
    assert tests.loc["gender", "p"] == pytest.approx(0.69, abs=0.005)
    assert tests.loc["gender", "effect"] < tests.loc["gender", "chance"]


def test_noise_is_a_group_of_its_own_and_the_last():
    profile = describe(FOUR, [0, 0, 1, -1], value="age")
    assert profile.segments.index.tolist() == [0, 1, -1]
    assert profile.segments["customers"].tolist() == [2, 1, 1]
    assert profile.segments["share"].sum() == 1
    assert rows(profile.numbers, column="age").loc[-1, "missing"] == 1
    assert set(profile.typical["segment"]) == set(profile.uncertain["segment"]) == set()


def test_exceptional_customers_are_placed_among_those_in_segments():
    table = pd.DataFrame({"x": [1.0, 2, 2, 3, 4, 2, 9, np.nan], "y": 1.0, "z": [*[np.nan] * 7, 1.0]})
    found = describe(table, [0, 0, 0, 1, 1, -1, -1, -1], ["x"]).exceptional
    assert found.index.tolist() == ["x", "y"]  # z is known of nobody in a segment
    assert found.loc["x", ["role", "median", "usual"]].tolist() == ["feature", 5.5, 2.0]
    # 2 stands in the middle of the two like it, 9 above all.
    assert found.loc["x", "position"] == pytest.approx((0.4 + 1) / 2)
    assert found.loc["x", ["lowest", "highest"]].tolist() == [0.0, 0.5]
    assert found.loc["y", ["role", "position", "highest"]].tolist() == ["descriptor", 0.5, 0.0]
    assert describe(table, [0] * 8, ["x"]).exceptional.empty
    assert describe(table, [-1] * 8, ["x"]).exceptional.empty


def test_customers_with_more_than_a_hundredth_of_the_value_are_listed():
    spend = np.array([*[1.0] * 300, 4.0, 50.0, np.nan, 3.0])
    table = pd.DataFrame({"spend": spend}, index=[f"c{i}" for i in range(len(spend))])
    found = describe(table, [0] * 300 + [1, -1, 0, 0], value="spend").largest
    assert found[["id", "segment"]].to_numpy().tolist() == [["c301", -1], ["c300", 1]]
    assert found["share"].tolist() == pytest.approx([50 / 357, 4 / 357])
    assert describe(table, [0] * 304).largest.empty
    assert describe(-table, [0] * 304, value="spend").largest.empty


def test_the_value_of_a_segment_is_what_is_known_of_it():
    segments = describe(FOUR, [0, 0, 1, -1], value="age").segments
    assert segments["value"].tolist()[:2] == [50, 60]
    assert np.isnan(segments.loc[-1, "value"])
    assert segments.loc[1, "value_share"] == pytest.approx(60 / 110)
    assert describe(FOUR, [0, 0, 1, -1]).segments[["value", "value_share"]].isna().all(axis=None)


def test_the_effect_is_in_standard_deviations_of_all_customers():
    table = pd.DataFrame({"x": [1.0, 2.0, 3.0, 6.0], "same": 5.0})
    numbers = describe(table, [0, 0, 1, 1], ["x", "same"]).numbers
    x = rows(numbers, column="x")
    assert x["effect"].tolist() == pytest.approx([-1.5 / table["x"].std(), 1.5 / table["x"].std()])
    assert x.loc[1, ["q25", "median", "q75"]].tolist() == [3.75, 4.5, 5.25]
    assert rows(numbers, column="same")["effect"].isna().all()


def test_a_logged_feature_is_centred_and_compared_on_its_scale():
    table = pd.DataFrame({"spend": np.expm1([0.0, 2.0, 5.0, 7.0])})
    spend = describe(table, [0, 0, 1, 1], ["spend"], log=["spend"]).numbers
    assert spend["center"].tolist() == pytest.approx([np.expm1(1), np.expm1(6)])
    assert spend["mean"].tolist() == pytest.approx([table["spend"][:2].mean(), table["spend"][2:].mean()])
    plain = describe(pd.DataFrame({"spend": [0.0, 2.0, 5.0, 7.0]}), [0, 0, 1, 1], ["spend"]).numbers
    assert spend["effect"].tolist() == pytest.approx(plain["effect"].tolist())


def test_rare_levels_of_a_category_are_taken_together():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"town": [f"t{i}" for i in range(5000)] * 4 + ["big"] * 100 + ["other"] * 50})
    labels = rng.integers(0, 3, len(table))
    town = describe(table, labels).categories
    assert town["level"].nunique() == 12
    assert town["level"].tolist()[0:12:11] == ["big", "other"]
    assert town.groupby("segment")["share"].sum().tolist() == pytest.approx([1, 1, 1])
    assert town.loc[town["level"] == "other", "overall"].iloc[0] > 0.99


def test_what_names_single_customers_or_is_the_same_for_all_describes_nobody():
    table = pd.DataFrame(
        {"name": [f"n{i}" for i in range(20)], "plan": ["a", "b"] * 10, "country": "PL", "gone": [None] * 20}
    )
    profile = describe(table, np.repeat([0, 1], 10))
    assert profile.descriptors == ("plan",)
    assert profile.summary().columns.tolist() == ["customers", "share", "plan=a", "plan=b"]


def test_true_and_false_are_levels():
    table = pd.DataFrame({"loyal": [True, True, False, False]})
    for kind in ("bool", "boolean", "object"):
        shares = describe(table.astype(kind), [0, 0, 1, 1]).summary()
        assert shares["loyal=True"].tolist() == [1, 0]


def test_what_is_missing_in_a_whole_segment_is_not_known_there():
    table = pd.DataFrame({"x": [1.0, 2.0, np.nan, np.inf], "plan": ["a", "b", None, None]})
    profile = describe(table, [0, 0, 1, 1], ["x"])
    assert profile.numbers["missing"].tolist() == [0, 2]
    assert np.isnan(profile.numbers["effect"].iloc[1])
    assert rows(profile.categories, level="a")["share"].tolist()[0] == 0.5
    assert np.isnan(rows(profile.categories, level="a")["share"].tolist()[1])
    assert profile.tests.empty


def test_the_typical_are_at_the_centre_and_the_uncertain_at_the_border():
    table = pd.DataFrame({"x": [0.0, 1, 2, 3, 4, 4.9, 6, 7, 8, 9, 10]}, index=list("abcdefghijk"))
    profile = describe(table, [0] * 6 + [1] * 5, ["x"])
    assert rows(profile.typical, segment=1)["id"].iloc[0] == "i"
    uncertain = rows(profile.uncertain, segment=0)
    assert uncertain["id"].iloc[0] == "f"
    assert uncertain["margin"].is_monotonic_increasing
    assert uncertain["margin"].between(0, 1).all()


def test_a_customer_beyond_the_border_is_the_least_certain():
    table = pd.DataFrame({"x": [0.0, 1, 2, 30, 31, 32, 29]}, index=list("abcdefg"))
    uncertain = describe(table, [0, 0, 0, 1, 1, 1, 0], X=table.to_numpy()).uncertain
    first = rows(uncertain, segment=0).iloc[0]
    assert (first["id"], first["margin"]) == ("g", 0)


@pytest.mark.parametrize("labels", [[-1] * 4, [0] * 4, [0, 1, 2, 3], [3, 3, 7, -2]], ids=str)
def test_every_labelling_has_a_profile(labels):
    profile = describe(FOUR, labels, ["age"], value="age")
    assert profile.segments["customers"].sum() == 4
    assert profile.segments.index.tolist() == profile.summary().index.tolist()


@pytest.mark.parametrize("column", ["<script>alert(1)</script>", "x" * 300, "Возраст 🧓", "customer id"])
def test_columns_may_be_called_anything(column):
    table = pd.DataFrame({column: [1.0, 2.0, 3.0, 5.0], "plan": ["a", "b", "a", "b"]})
    profile = describe(table, [0, 0, 1, 1], [column], value=column)
    assert profile.summary()[column].tolist() == [1.5, 4]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"features": ["agee"]}, "no column 'agee'.*did you mean 'age'"),
        ({"value": "gender"}, "'gender' is not numeric"),
        ({"log": ["gender"]}, "'gender' is not numeric"),
        ({"log": ["loss"]}, "goes down to -1"),
        ({"labels": [0, 1]}, r"shape \(2,\).*4 customers"),
        ({"labels": [0, 1, 2, 0.5]}, "hold 0.5"),
        ({"labels": [0, 1, 2, np.nan]}, "hold nan"),
        ({"labels": list("aabb")}, "hold a"),
        ({"X": np.zeros((3, 1))}, "X has 3 rows"),
    ],
    ids=str,
)
def test_a_mistake_is_one_sentence(given, message):
    table = FOUR.assign(loss=[-1.0, 0, 1, 2])
    with pytest.raises(InputError, match=message):
        describe(table, **{"labels": [0, 0, 1, 1], **given})


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.booleans())
def test_segments_put_together_are_all_customers(seed, k, has_noise):
    rng = np.random.default_rng(seed)
    n = 60
    table = pd.DataFrame(
        {"x": rng.normal(50, 9, n), "n": rng.poisson(2, n), "plan": rng.choice(list("abc"), n)}
    )
    table.loc[rng.random(n) < 0.2, "x"] = np.nan
    profile = describe(table, rng.integers(-has_noise, k, n), ["x"], value="n")
    weights = profile.segments["customers"]
    assert profile.segments["share"].sum() == pytest.approx(1)
    assert profile.segments["value"].sum() == table["n"].sum()
    x = rows(profile.numbers, column="x")
    known = weights - x["missing"]
    assert (x["mean"].fillna(0) * known).sum() / known.sum() == pytest.approx(table["x"].mean())
    assert (x["effect"].fillna(0) * known).sum() == pytest.approx(0, abs=1e-9)
    a = rows(profile.categories, level="a")
    assert (a["share"] * weights).sum() / n == pytest.approx((table["plan"] == "a").mean())


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_neither_the_order_of_rows_nor_the_numbers_of_segments_matter(seed):
    rng = np.random.default_rng(seed)
    n, k = 50, 4
    table = pd.DataFrame(
        {"x": rng.normal(size=n), "y": rng.normal(size=n), "plan": rng.choice(list("abc"), n)}
    )
    labels = np.append(np.arange(k), rng.integers(0, k, n - k))
    rows, renumbered = rng.permutation(n), rng.permutation(k)
    one = describe(table, labels, ["x"]).summary()
    two = describe(table.iloc[rows], renumbered[labels][rows], ["x"]).summary()
    pd.testing.assert_frame_equal(one, two.loc[renumbered].set_axis(one.index))
