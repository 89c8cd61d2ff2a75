from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf
from sklearn.cluster import KMeans

from segmentation.data import Demo, MallFile
from segmentation.errors import InputError
from segmentation.profiling import Naming, Play, Playbook, Profile, Recommendation, describe

CONF = Path(__file__).parents[2] / "conf" / "playbook"
PLAY = {"name": "a", "action": "b", "when": {"age": "low"}, "because": "c"}


def playbook(name: str) -> Playbook:
    return instantiate(OmegaConf.load(CONF / f"{name}.yaml"), _convert_="all")


def recommended(book: Playbook, profile: Profile) -> tuple[Recommendation, ...]:
    naming = Naming()
    traits = {**naming.traits(profile), -1: naming.exceptional(profile)}
    return book.recommend(profile, traits, naming.names(profile))


def test_every_mall_segment_has_a_play_with_the_figures_that_fired_it(real_data: Path):
    mall = MallFile(real_data / "Mall_Customers.csv").read()
    features = ["annual_income", "spending_score"]
    labels = KMeans(5, n_init=10, random_state=0).fit_predict(mall.table[features])
    labels = np.argsort(np.argsort(-np.bincount(labels)))[labels]
    found = recommended(playbook("mall"), describe(mall.table, labels, features, units=mall.units))
    assert [(r.segment, r.play) for r in found] == [
        (0, "Cross-sell"),
        (1, "Premium service"),
        (2, "Retention and personal offers"),
        (3, "Discounts"),
        (4, "Membership card"),
        (4, "Social media and referrals"),
    ]
    assert found[2].evidence == (
        "high annual income, low spending score: annual income high (88.2 k$, all customers 60.6 k$); "
        "spending score low (17.1, all customers 50.2); 35 customers, 17.5% of all"
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_every_planted_segment_of_the_demo_has_a_play(seed: int):
    demo = Demo(seed=seed).read()
    labels, _ = pd.factorize(demo.truth)
    found = recommended(playbook("mall"), describe(demo.table, labels, ["annual_income", "spending_score"]))
    assert {r.segment for r in found} == set(range(5))


@pytest.mark.parametrize(
    ("name", "columns"),
    [("mall", ["annual_income", "spending_score"]), ("rfm", ["recency", "frequency", "monetary"])],
)
def test_whatever_the_traits_exactly_one_play_fits(name: str, columns: list[str]):
    plays = playbook(name).plays
    fired = {
        traits: [play.name for play in plays if play.fires(dict(zip(columns, traits, strict=True)))]
        for traits in product(["low", "mid", "high"], repeat=len(columns))
    }
    assert {len(names) for names in fired.values()} == {1}
    assert {name for names in fired.values() for name in names} == {
        p.name for p in plays if "age" not in p.when
    }


@pytest.mark.parametrize(
    ("traits", "play"),
    [
        ({"recency": "low", "frequency": "high", "monetary": "high"}, "Champions"),
        ({"recency": "high", "frequency": "high", "monetary": "high"}, "Cannot lose them"),
        ({"recency": "low", "frequency": "low", "monetary": "low"}, "New or occasional"),
        ({"recency": "high", "frequency": "low", "monetary": "low"}, "Hibernating"),
    ],
)
def test_a_low_recency_is_good(traits: dict[str, str], play: str):
    assert [p.name for p in playbook("rfm").plays if p.fires(traits)] == [play]


def test_nothing_is_recommended_without_evidence():
    table = pd.DataFrame({"visits": [1.0, 2, 50, 60], "plan": ["a", "a", "b", "b"]})
    split = describe(table, np.array([0, 0, 1, 1]), ["visits"])
    assert recommended(playbook("mall"), split) == ()
    assert recommended(playbook("rfm"), split) == ()
    assert recommended(playbook("none"), split) == ()


def worth(own: float, n: int = 5) -> Profile:
    """A profile of 95 customers worth 10 each and of n in no segment, worth so much each."""
    table = pd.DataFrame({"x": [*range(95), *[200.0] * n], "spend": [10.0] * 95 + [own] * n})
    return describe(table, np.array([0] * 50 + [1] * 45 + [-1] * n), ["x"], value="spend")


@pytest.mark.parametrize(
    ("own", "play"),
    [
        (30.0, "Key accounts"),
        (12.0, "Case by case"),
        (1.0, "Check the records"),
        (np.nan, "Look through them"),
    ],
)
def test_exceptional_customers_have_the_play_of_what_they_are_worth(own: float, play: str):
    found = recommended(playbook("exceptional"), worth(own))
    assert [(r.segment, r.play) for r in found] == [(-1, play)]


def test_the_evidence_of_exceptional_customers_has_figures():
    (key,) = recommended(playbook("exceptional"), worth(90.0))
    assert key.evidence == (
        "exceptional: very high x: mean value high (6.43 times that of the average customer); "
        "5 customers, 5.0% of all, spend 450 (32.1% of all)"
    )
    (unknown,) = recommended(playbook("exceptional"), worth(np.nan))
    assert "mean value unknown; 5 customers" in unknown.evidence


def test_a_play_of_exceptional_customers_may_ask_how_far_they_are():
    play = PLAY | {"when": {"exceptional group": "low|mid|high", "x": "very high"}}
    book = Playbook([play])
    book.check(["x"])
    (found,) = recommended(book, worth(30.0))
    assert "x very high (median 200, customers in segments 47.0)" in found.evidence
    assert recommended(Playbook([play | {"when": {**play["when"], "x": "very low"}}]), worth(30.0)) == ()


def test_plays_of_segments_and_of_exceptional_customers_are_kept_apart():
    assert playbook("exceptional").exceptional
    assert not playbook("rfm").exceptional
    everybody = describe(pd.DataFrame({"x": [1.0, 2.0], "spend": 1.0}), np.array([-1, -1]), value="spend")
    assert recommended(playbook("exceptional"), everybody) == ()
    assert recommended(playbook("none"), worth(30.0)) == ()


def test_noise_is_left_alone_by_the_plays_of_segments():
    table = pd.DataFrame({"age": [20.0, 21, 22, 70, 71, 72]})
    book = Playbook([PLAY | {"when": {"age": "low|mid|high"}}])
    assert recommended(book, describe(table, np.full(6, -1), ["age"])) == ()
    assert [r.segment for r in recommended(book, describe(table, np.repeat([0, -1], 3), ["age"]))] == [0]
    traits = {-1: {"age": "high"}, 0: {"age": "low"}}
    profile = describe(table, np.repeat([0, -1], 3), ["age"])
    assert [r.segment for r in book.recommend(profile, traits, {0: "young", -1: "noise"})] == [0]


def test_evidence_of_a_category_shows_its_share_and_what_the_segment_is_worth():
    table = pd.DataFrame({"plan": list("aaabbbab"), "spend": [10.0, 20, 30, 1, 2, 3, 4, np.nan]})
    profile = describe(table, np.array([0, 0, 0, 1, 1, 1, 1, 1]), value="spend", units={"spend": "EUR"})
    book = Playbook([PLAY | {"when": {"plan": "z | a"}}])
    (found,) = book.recommend(profile, {0: {"plan": "a"}, 1: {"plan": "b"}}, {0: "fans", 1: "others"})
    assert found.segment == 0
    assert found.evidence == (
        "fans: plan a (100%, all customers 50%); 3 customers, 37.5% of all, spend 60.0 EUR (85.7% of all)"
    )


def test_the_centre_of_all_is_on_the_scale_of_the_segments_centre():
    rng = np.random.default_rng(0)
    spend = np.r_[rng.lognormal(2, 1, 40), rng.lognormal(5, 1, 60)]
    spend[3] = np.nan
    table = pd.DataFrame({"spend": spend})
    book = Playbook([PLAY | {"when": {"spend": "mid|high"}}])
    labels = np.repeat([1, 0], [40, 60])
    logged, plain = (
        recommended(book, describe(table, labels, ["spend"], log=log))[0].evidence for log in (["spend"], [])
    )
    assert f"all customers {np.expm1(np.nanmean(np.log1p(spend))):.1f})" in logged
    assert f"all customers {np.nanmean(spend):.0f})" in plain


def test_long_names_are_shortened_in_evidence():
    table = pd.DataFrame({"x" * 300: [1.0, 2, 50, 60]})
    book = Playbook([PLAY | {"when": {"x" * 300: "high"}}])
    (found,) = recommended(book, describe(table, np.array([0, 0, 1, 1]), ["x" * 300]))
    assert len(found.evidence) < 200


@pytest.mark.parametrize(
    ("plays", "message"),
    [
        ([PLAY, PLAY | {"whn": {}}], r"playbook.plays\[1\] has the key 'whn'; did you mean 'when'"),
        ([{"name": "a", "action": "b", "when": {"age": "low"}}], r"plays\[0\] has no 'because'"),
        ([PLAY | {"when": {}}], r"plays\[0\].when is \{\}; valid is a trait for at least one column"),
        ([PLAY | {"when": {"member": True}}], r"plays\[0\].when.member is True; valid is text"),
        ([PLAY | {"when": {"age": "low|"}}], r"plays\[0\].when.age is 'low\|'"),
        ([PLAY | {"action": None}], r"plays\[0\].action is None; valid is text"),
        ([PLAY, PLAY], r"plays\[1\].name is 'a', as of another play"),
        (
            [PLAY | {"when": {"exceptional group": "hihg"}}],
            "exceptional group asks 'hihg'; did you mean 'high'",
        ),
        (["discounts"], r"plays\[0\] is 'discounts'; a play has the keys name, action, when, because"),
    ],
)
def test_a_mistake_in_a_play_is_named(plays: list, message: str):
    with pytest.raises(InputError, match=message):
        Playbook(plays)


def test_a_trait_that_no_number_has_is_refused_before_the_work():
    book = Playbook([Play("a", "b", {"gender": "Female", "age": "low|hihg"}, "c")])
    with pytest.raises(InputError, match=r"plays\[0\].when.age asks 'hihg' .*; did you mean 'high'"):
        book.check(["age"])
    with pytest.raises(InputError, match="asks 'very high' of a column of numbers"):
        Playbook([Play("a", "b", {"age": "very high"}, "c")]).check(["age"])
    book.check(["visits"])
