from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hydra.utils import instantiate
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf
from sklearn.cluster import AgglomerativeClustering, KMeans

from segmentation.data import MallFile
from segmentation.errors import InputError
from segmentation.profiling import Naming, describe

CONF = Path(__file__).parents[2] / "conf" / "naming" / "default.yaml"
MALL = {
    "mid income, mid spending",
    "high income, high spending",
    "high income, low spending",
    "low income, low spending",
    "low income, high spending",
}


@pytest.fixture(scope="module")
def naming():
    """The naming of the default config."""
    return instantiate(OmegaConf.load(CONF), _convert_="all")


def at(*centers, columns="abcdefgh", **more):
    """A profile of segments of 40 customers around these centres, given in units of a spread of one."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(len(centers)), 40)
    X = np.array(centers)[labels] + rng.normal(0, 0.1, (len(labels), len(centers[0])))
    table = pd.DataFrame(X, columns=list(columns)[: X.shape[1]])
    return describe(table, labels, list(table), **more)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "algorithm", [KMeans(5, n_init=10), AgglomerativeClustering(5)], ids=["kmeans", "ward"]
)
def test_the_mall_segments_have_the_names_a_marketer_would_choose(real_data, naming, algorithm, seed):
    table = MallFile(real_data / "Mall_Customers.csv").read().table.sample(frac=1, random_state=seed)
    features = ["annual_income", "spending_score"]
    if isinstance(algorithm, KMeans):
        algorithm.set_params(random_state=seed)
    profile = describe(table, algorithm.fit_predict(table[features]), features)
    names = naming.names(profile)
    assert set(names.values()) == MALL
    rich = profile.summary()["annual_income"].idxmax()
    assert names[rich].startswith("high income")


def test_few_days_since_the_last_purchase_are_recent(naming):
    profile = at([9, 9, 9], [90, 5, 1], [180, 1, 1], columns=["recency", "frequency", "monetary"])
    assert naming.names(profile) == {
        0: "recent, frequent, high spend",
        1: "lapsing, regular, low spend",
        2: "lapsed, rare, low spend",
    }


def test_traits_are_of_all_columns_and_levels_only_where_they_mark():
    table = pd.DataFrame({"x": [0.0] * 6 + [9.0] * 6, "plan": list("aaaaab" + "bcbcac"), "same": 1.0})
    traits = Naming().traits(describe(table, [0] * 6 + [1] * 6, ["x"]))
    assert traits == {0: {"x": "low", "plan": "a"}, 1: {"x": "high", "plan": "c"}}
    noisy = describe(table, [0] * 6 + [-1] * 6, ["x"])
    assert Naming().traits(noisy) == {0: {"x": "low", "plan": "a"}}
    assert Naming(threshold=2).traits(noisy) == {0: {"x": "mid"}}


def test_what_the_rare_levels_have_in_common_marks_nobody():
    table = pd.DataFrame({"town": ["big"] * 60 + [f"t{i % 20}" for i in range(60)]})
    traits = Naming().traits(describe(table, [0] * 60 + [1] * 60))
    assert traits == {0: {"town": "big"}, 1: {}}


def test_the_columns_that_segments_differ_most_in_are_named():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 100)
    table = pd.DataFrame({f"x{i}": rng.normal(labels * (5 if i in (3, 11) else 2)) for i in range(20)})
    names = Naming(most=2).names(describe(table, labels, list(table)))
    assert names == {0: "low x3, low x11", 1: "high x3, high x11"}


def test_a_column_that_tells_segments_apart_goes_before_one_that_repeats_another():
    a, b = np.repeat([0, 1, 0, 1], 40), np.repeat([0, 0, 1, 1], 40)
    noise = np.random.default_rng(0).normal(0, 1, (3, 160))
    table = pd.DataFrame({"a": 9 * a + noise[0], "twin": 9 * a + noise[1], "b": 4 * b + noise[2]})
    names = Naming(most=2).names(describe(table, a + 2 * b, list(table)))
    assert set(names.values()) in [
        {f"{x} {column}, {y} b" for x in ("low", "high") for y in ("low", "high")} for column in ("a", "twin")
    ]


def test_a_column_that_says_the_same_of_all_is_not_named():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"x": np.repeat([0.0, 9.0], 50), "noise": rng.normal(size=100)})
    assert set(Naming().names(describe(table, np.repeat([0, 1], 50), ["x", "noise"])).values()) == {
        "low x",
        "high x",
    }


def test_a_further_column_tells_apart_whom_one_name_fits():
    profile = at([0, 0], [9, 0], [9, 9])
    assert Naming(most=1).names(profile) == {0: "low a", 1: "high a, low b", 2: "high a, high b"}


def test_then_very_and_then_numerals_by_content():
    profile = at(*[[0.0]] * 12, [20.0], [60.0])
    names = Naming().names(profile)
    assert (names[12], names[13]) == ("high a", "very high a")
    effects = profile.numbers.set_index("segment")["effect"]
    ordered = [names[segment] for segment in effects.sort_values(ascending=False).index]
    numerals = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"]
    assert ordered[2:] == [f"mid a {numeral}" for numeral in numerals]


def test_one_segment_is_all_customers_and_noise_is_noise():
    table = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0]})
    assert Naming().names(describe(table, [0] * 4, ["x"])) == {0: "all customers"}
    assert Naming().names(describe(table, [0, 0, 0, -1], ["x"])) == {0: "all but noise", -1: "noise"}
    assert Naming().names(describe(table, [-1] * 4, ["x"])) == {-1: "noise"}


def test_categories_are_named_by_the_level_that_marks():
    table = pd.DataFrame({"plan": ["a"] * 9 + ["b"] * 9 + ["a", "b", "c"] * 3, "sex": ["f"] * 18 + ["m"] * 9})
    profile = describe(table, np.repeat([0, 1, 2], 9), ["plan", "sex"])
    assert Naming(called={"sex": ""}).names(profile) == {0: "plan a, f", 1: "plan b, f", 2: "mixed plan, m"}


def test_a_feature_missing_in_a_whole_segment_is_unknown_there():
    table = pd.DataFrame({"x": [0.0, 1, 9, 10, np.nan, np.nan], "y": [0.0, 1, 0, 1, 0, 1]})
    assert Naming().names(describe(table, [0, 0, 1, 1, 2, 2], ["x", "y"]))[2] == "unknown x"


def test_a_person_may_rename():
    profile = at([0], [9])
    assert Naming(rename={"high a": "our best", "low z": "nobody"}).names(profile) == {
        0: "low a",
        1: "our best",
    }
    with pytest.raises(InputError, match="calls 'high a' 'low a', as another"):
        Naming(rename={"high a": "low a"}).names(profile)


def test_names_stay_legible_whatever_columns_are_called():
    names = Naming().names(at([0, 0, 0], [9, 9, 9], columns=["<b>", "x" * 300, "ДОХОД_В_МЕСЯЦ"]))
    assert names[1].startswith("high <b>, high xxx")
    assert names[1].endswith("…, high доход в месяц")
    assert len(names[1]) < 100


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"words": {"age": ["young", "old"]}}, "naming.words.age.*three different"),
        ({"words": {"age": ["a", "b", "a"]}}, "three different"),
        ({"words": {"age": "abc"}}, "three different"),
        ({"threshold": 0}, "naming.threshold is 0; valid"),
        ({"threshold": "high"}, "naming.threshold is 'high'"),
        ({"most": 0}, "naming.most is 0; valid"),
        ({"rename": {"a": "VIP", "b": "VIP"}}, "'VIP' twice"),
    ],
    ids=str,
)
def test_a_mistake_is_one_sentence(given, message):
    with pytest.raises(InputError, match=message):
        Naming(**given)


def scattered(seed, k, p, n=80):
    """Customers at random in k segments, of which each has some."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(rng.normal(size=(n, p)), columns=[f"x{i}" for i in range(p)])
    table["plan"] = rng.choice(list("abc"), n)
    return table, np.append(np.arange(k), rng.integers(0, k, n - k)), rng


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 20))
def test_names_hang_neither_on_the_order_of_rows_nor_on_the_numbers_of_segments(seed, k, p):
    table, labels, rng = scattered(seed, k, p)
    rows, renumbered = rng.permutation(len(table)), rng.permutation(k)
    one = Naming().names(describe(table, labels, list(table)))
    two = Naming().names(describe(table.iloc[rows], renumbered[labels][rows], list(table)))
    assert one == {segment: two[renumbered[segment]] for segment in one}


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(-1, 9), st.integers(0, 2), st.sampled_from("ab")), min_size=1, max_size=40)
)
def test_every_segment_has_a_name_of_its_own(customers):
    labels, x, plan = zip(*customers, strict=True)
    table = pd.DataFrame({"x": [float(v) for v in x], "plan": plan})
    profile = describe(table, labels, ["x", "plan"])
    names = Naming(words={"x": ["plan", "x", "y"]}, called={"x": "a"}).names(profile)
    assert set(names) == set(profile.segments.index)
    assert len(set(names.values())) == len(names)
    assert all(names.values())
