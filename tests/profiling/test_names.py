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


def test_one_segment_is_all_customers_and_without_segments_there_are_no_exceptions():
    table = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0]})
    assert Naming().names(describe(table, [0] * 4, ["x"])) == {0: "all customers"}
    assert Naming().names(describe(table, [0, 0, 0, -1], ["x"])) == {
        0: "all other customers",
        -1: "exceptional: very high x",
    }
    assert Naming().names(describe(table, [-1] * 4, ["x"])) == {-1: "noise"}
    assert Naming().exceptional(describe(table, [-1] * 4, ["x"])) == {}


def group(**columns):
    """A profile of 100 customers in a segment at 1, 2, ... 100 in each column, and those in none as given."""
    n = len(next(iter(columns.values())))
    table = pd.DataFrame({c: [*range(1, 101), *map(float, values)] for c, values in columns.items()})
    return describe(table, [0] * 100 + [-1] * n, list(table))


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ([95, 95, 50, 50], ""),  # the middle one is not among the highest tenth
        ([95, 95, 95, 5], "very low or very high"),  # a quarter is at the other end
        ([95, 95, 95, 20], "very high"),
        ([1, 1, 1, 60], "very low"),
        ([2, 2, 99, 99], "very low or very high"),
        ([80, 80, 80, 80], ""),  # as in many a segment
        ([1e9, 50, 50, 50], ""),  # one customer makes a mean, and no median
        ([95, np.nan, np.nan, np.nan], "very high"),
        ([np.nan] * 4, ""),
    ],
    ids=str,
)
def test_a_word_holds_of_exceptional_customers_where_it_is_true_of_half_of_them(values, word):
    assert Naming().exceptional(group(x=values)) == ({"x": word} if word else {})


def test_exceptional_customers_are_named_by_what_sets_them_most_apart(naming):
    profile = group(recency=[9, 9, 9], frequency=[93, 93, 93], monetary=[1e6, 2e6, 3e6], tenure=[50, 50, 50])
    assert list(Naming().exceptional(profile)) == ["monetary", "frequency", "recency"]
    assert naming.names(profile)[-1] == "exceptional: very high spend, very frequent, very recent"
    assert Naming(most=1).names(profile)[-1] == "exceptional: very high monetary"
    assert naming.names(group(age=[1, 1, 99, 99]))[-1] == "exceptional: very young or very older"
    assert naming.names(group(age=[40, 50, 60]))[-1] == "exceptional: unlike any segment"


def test_the_name_hangs_on_those_in_segments_however_many_are_exceptional():
    names = [Naming().names(group(x=[200.0] * n))[-1] for n in (1, 30, 300)]
    assert set(names) == {"exceptional: very high x"}


def test_a_level_may_mark_exceptional_customers():
    table = pd.DataFrame({"x": [*range(100), 50, 50], "plan": ["a", "b"] * 50 + ["c", "c"]})
    profile = describe(table, [0] * 50 + [1] * 50 + [-1] * 2, list(table))
    assert Naming().names(profile)[-1] == "exceptional: plan c"
    levels_alone = describe(table[["plan"]], [0] * 50 + [1] * 50 + [-1] * 2, ["plan"])
    assert Naming().names(levels_alone)[-1] == "exceptional: plan c"


def test_exceptional_customers_may_be_renamed():
    given = {"exceptional: very high x": "key accounts"}
    assert Naming(rename=given).names(group(x=[999.0]))[-1] == "key accounts"


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


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 20))
def test_names_hang_neither_on_the_order_of_rows_nor_on_the_numbers_of_segments(seed, k, p):
    table, labels, rng = scattered(seed, k, p)
    rows, renumbered = rng.permutation(len(table)), rng.permutation(k)
    one = Naming().names(describe(table, labels, list(table)))
    two = Naming().names(describe(table.iloc[rows], renumbered[labels][rows], list(table)))
    assert one == {segment: two[renumbered[segment]] for segment in one}


@settings(max_examples=60)
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
