from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hydra.utils import instantiate
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from segmentation.errors import InputError
from segmentation.profiling import Attractiveness, Profile, describe

CONF = Path(__file__).parents[2] / "conf" / "attractiveness" / "default.yaml"
CRITERIA = ["size", "value", "distinctness", "stability", "reachability"]
STABLE, REACHED = {0: 0.9, 1: 0.8, 2: 0.6}, {0: 0.7, 1: 0.9, 2: 0.95}


def profile(value: str | None = "spend", labels: list[int] | None = None) -> Profile:
    table = pd.DataFrame(
        {"visits": [5.0, 5, 5, 5, 4, 4, 4, 20, 20, 1], "spend": [1.0, 1, 1, 1, 2, 2, 2, 30, 30, 99]}
    )
    return describe(table, labels or [0, 0, 0, 0, 1, 1, 1, 2, 2, -1], ["visits"], value=value)


def test_segments_are_ranked_by_the_weighted_mean_of_their_scores_and_noise_is_not():
    table = Attractiveness().rank(profile(), STABLE, REACHED)
    assert table.index.tolist() == [2, 0, 1]
    assert table["rank"].tolist() == [1, 2, 3]
    assert table["score"].to_numpy() == pytest.approx(table[CRITERIA].mean(axis=1).to_numpy())
    assert table.loc[2, ["size", "value", "distinctness", "stability"]].tolist() == [0.5, 1, 1, 0.6]
    assert table.loc[2, "value_raw"] == pytest.approx(60 / 169)
    assert set(table["not_known"]) == {""}


def test_weights_decide():
    by_size = Attractiveness(weights=dict.fromkeys(CRITERIA, 0) | {"size": 2})
    table = by_size.rank(profile(), STABLE, REACHED)
    assert table.index.tolist() == [0, 1, 2]
    assert table["score"].to_numpy() == pytest.approx([1, 0.75, 0.5])


def test_what_is_not_known_of_all_counts_for_none_and_is_said():
    table = Attractiveness().rank(profile(value=None), {0: 0.9, 1: 0.8}, REACHED)
    assert set(table["not_known"]) == {"value, stability"}
    assert table[["value", "stability"]].isna().all(axis=None)
    assert table.loc[0, "stability_raw"] == 0.9
    assert table["score"].to_numpy() == pytest.approx(
        table[["size", "distinctness", "reachability"]].mean(axis=1).to_numpy()
    )


def test_a_criterion_without_weight_is_not_missed():
    table = Attractiveness(weights={"value": 0}).rank(profile(value=None), STABLE, REACHED)
    assert set(table["not_known"]) == {""}


def test_a_knock_out_puts_a_segment_last_and_says_why():
    table = Attractiveness(knock_out={"stability": 0.7, "size": None}).rank(profile(), STABLE, REACHED)
    assert table.index.tolist() == [0, 1, 2]
    assert table["rank"].tolist()[:2] == [1, 2]
    assert table["rank"].isna().tolist() == [False, False, True]
    assert table.loc[2, "knocked_out"] == "stability 0.6 (Jaccard similarity under resampling) is below 0.7"
    assert table.loc[1, "knocked_out"] == ""


def test_a_knock_out_on_what_is_not_known_knocks_nobody_out():
    table = Attractiveness(knock_out={"value": 0.5}).rank(profile(value=None), STABLE, REACHED)
    assert table["rank"].tolist() == [1, 2, 3]


def test_without_anything_known_there_is_no_rank():
    only_value = Attractiveness(weights=dict.fromkeys(CRITERIA, 0) | {"value": 1})
    table = only_value.rank(profile(value=None))
    assert table["score"].isna().all()
    assert table["rank"].isna().all()


def test_one_segment_and_all_noise_are_results():
    one = Attractiveness().rank(profile(labels=[0] * 10), {0: 1.0}, {0: 1.0})
    assert one["rank"].tolist() == [1]
    assert one.loc[0, ["size", "value", "distinctness"]].tolist() == [1, 1, 0]
    assert Attractiveness().rank(profile(labels=[-1] * 10)).empty


def test_the_level_of_a_category_that_is_furthest_off_counts():
    table = pd.DataFrame({"plan": list("aaaaaabbcc"), "visits": [1.0] * 5 + [3] * 5})
    labels = [0, 0, 0, 0, 0, 0, 1, 1, 1, 1]
    found = describe(table, labels, ["plan", "visits"])
    raw = Attractiveness().rank(found)["distinctness_raw"]
    levels = found.categories.assign(off=found.categories["effect"].abs()).groupby("segment")["off"].max()
    numbers = found.numbers.set_index("segment")["effect"].abs()
    assert raw.sort_index().to_numpy() == pytest.approx(((levels + numbers) / 2).to_numpy())


shares = st.floats(0, 1)


@settings(max_examples=40)
@given(
    st.fixed_dictionaries({name: st.integers(1, 9) for name in CRITERIA}),
    st.lists(shares, min_size=3, max_size=3),
    st.lists(shares, min_size=3, max_size=3),
    st.sampled_from([0.5, 4.0]),
)
def test_scores_are_shares_and_only_proportions_of_weights_count(
    weights: dict[str, int], stable: list[float], reached: list[float], times: float
):
    given = profile(), dict(enumerate(stable)), dict(enumerate(reached))
    table = Attractiveness(weights=weights).rank(*given)
    assert table["score"].between(0, 1 + 1e-12).all()
    assert table["score"].round(9).is_monotonic_decreasing
    scaled = Attractiveness(weights={name: times * weight for name, weight in weights.items()}).rank(*given)
    pd.testing.assert_frame_equal(table, scaled)


def test_the_option_file_says_the_defaults():
    option = instantiate(OmegaConf.load(CONF), _convert_="all")
    table = option.rank(profile(), STABLE, REACHED)
    assert table["score"].tolist() == Attractiveness().rank(profile(), STABLE, REACHED)["score"].tolist()
    assert np.isin(list(option.knock_out), CRITERIA).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": {"siz": 1}}, r"attractiveness.weights has 'siz'; did you mean 'size'"),
        ({"weights": {"size": -1}}, r"weights.size is -1; valid are numbers of at least 0"),
        ({"weights": {"size": "much"}}, r"weights.size is 'much'"),
        ({"weights": {"size": None}}, r"weights.size is None"),
        ({"weights": {"size": np.nan}}, r"weights.size is nan"),
        ({"weights": dict.fromkeys(CRITERIA, 0)}, r"weights are all 0"),
        ({"knock_out": {"reachable": 0.5}}, r"knock_out has 'reachable'; did you mean 'reachability'"),
        ({"knock_out": {"size": True}}, r"knock_out.size is True"),
    ],
)
def test_a_mistake_in_the_weights_is_named(options: dict, message: str):
    with pytest.raises(InputError, match=message):
        Attractiveness(**options)
