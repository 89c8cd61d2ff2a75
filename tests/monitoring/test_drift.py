import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import NUMERIC, segment_model
from segmentation.clustering import DBSCAN, KMeans
from segmentation.data import Demo
from segmentation.errors import InputError
from segmentation.monitoring import DriftThresholds, Reference, Sample, drift


def trained(table, algorithm=None, **features):
    """A model and its reference, as read from a file."""
    model = segment_model(table, algorithm, **features)
    plain = json.loads(json.dumps(Reference.of(table, model).to_dict()))
    return model, Reference.from_dict(plain)


def seen(pair, table, **options):
    return drift(pair[1], pair[0], table, structure=options.pop("structure", False), **options)


@pytest.fixture(scope="module")
def table():
    return Demo(300).read().table


@pytest.fixture(scope="module")
def pair(table):
    return trained(table)


def test_the_reference_is_small_and_survives_json(table, pair):
    model, reference = pair
    plain = Reference.of(table, model).to_dict()
    assert reference.to_dict() == plain
    assert len(json.dumps(plain)) < 30_000
    assert sum(reference.segments.values()) == reference.customers == 300


def test_the_training_customers_are_like_themselves_in_any_order(table, pair):
    found = seen(pair, table.sample(frac=1, random_state=1), structure=True, trained="natural")
    assert found.verdict == "ok" and not found.reasons
    assert found.structure.verdict == "natural"
    assert (found.segments["change"] == 0).all()
    assert found.features[["psi", "ks"]].max().max() < 0.005
    assert "the 300 of the training data" in found.sentence
    assert found.metrics()["verdict_level"] == 0


def test_resampled_and_fresh_customers_hardly_ever_raise_an_alarm(table, pair):
    resampled = [table.sample(300, replace=True, random_state=seed) for seed in range(12)]
    fresh = [Demo(300, seed=seed).read().table for seed in range(1, 13)]
    alarms = [seen(pair, later).verdict != "ok" for later in [*resampled, *fresh]]
    assert sum(alarms) <= 1


def test_a_small_training_set_is_not_taken_for_the_truth():
    # Training and later customers are both drawn, the shares of their segments with them.
    rng = np.random.default_rng(0)
    centers = np.array([[0, 0], [8, 0], [0, 8], [8, 8], [4, 4]])

    def draw():
        labels = rng.choice(5, 200, p=[0.4, 0.2, 0.18, 0.12, 0.1])
        return pd.DataFrame(centers[labels] + rng.normal(size=(200, 2)), columns=["a", "b"])

    alarms = [seen(trained(draw(), numeric=("a", "b")), draw()).verdict != "ok" for _ in range(20)]
    assert sum(alarms) <= 2


@pytest.mark.parametrize("column", NUMERIC)
def test_half_a_standard_deviation_asks_for_retraining(table, pair, column):
    found = seen(pair, table.assign(**{column: table[column] + table[column].std() / 2}))
    assert found.verdict == "retrain"
    (reason,) = [r for r in found.reasons if r.about == "features"]
    assert reason.what == column and "+0.50" in reason.sentence
    assert found.features.loc[column, "shift"] == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("segment", range(5))
def test_a_doubled_segment_asks_for_retraining(table, pair, segment):
    labels = pair[0].predict(table)
    found = seen(pair, pd.concat([table, table[labels == segment]]))
    assert found.verdict == "retrain"
    grown = [r for r in found.reasons if r.about == "segments" and "grew" in r.sentence]
    assert [r.what for r in grown] == [f"part {segment}"]


@pytest.mark.parametrize("place", [(60, 85), (60, 12), (120, 50)])
def test_customers_at_a_new_place_are_seen_by_their_distance(table, pair, place):
    rng = np.random.default_rng(0)
    new = pd.DataFrame(rng.normal(place, 4, (33, 2)), columns=list(NUMERIC))
    found = seen(pair, pd.concat([table, new]))
    assert found.verdict == "retrain"
    assert "distance" in {r.about for r in found.reasons}


def test_of_very_many_customers_a_negligible_shift_is_no_alarm(table, pair):
    many = table.sample(100_000, replace=True, random_state=0)
    many = many.assign(annual_income=many["annual_income"] + 0.05 * table["annual_income"].std())
    large = trained(table.sample(50_000, replace=True, random_state=1))
    found = seen(large, many)
    assert found.features.loc["annual_income", "p"] < 1e-6
    assert found.verdict == "ok"


def test_who_is_outside_is_counted_and_the_column_named(table, pair):
    later = table.copy()
    later.iloc[:30, later.columns.get_loc("annual_income")] = 900
    found = seen(pair, later)
    assert found.outside == pytest.approx(0.1)
    (reason,) = [r for r in found.reasons if r.about == "outside"]
    assert reason.level == "retrain" and reason.what == "annual_income"


def test_values_that_went_missing_are_told(table, pair):
    later = table.assign(spending_score=table["spending_score"].where(np.arange(300) % 3 > 0))
    found = seen(pair, later)
    reason = next(r for r in found.reasons if r.what == "spending_score")
    assert "is missing in" in reason.sentence
    assert found.features.loc["spending_score", "missing"] > 0.3


def test_categories_and_levels_never_seen(table):
    pair = trained(table, categorical=("gender",))
    assert seen(pair, table).verdict == "ok"
    skewed = table.assign(gender=np.where(np.arange(300) % 10 > 0, "female", "Male"))
    found = seen(pair, skewed)
    assert next(r.what for r in found.reasons if r.about == "features") == "gender"
    assert found.features.loc["gender", "now"] == pytest.approx(0.9)
    assert found.outside == 0
    new = seen(pair, table.assign(gender=table["gender"].where(np.arange(300) % 5 > 0, "other")))
    assert "mostly in gender" in next(r.sentence for r in new.reasons if r.about == "outside")


def test_features_taken_as_logarithms_are_compared_so(table):
    spend = table.assign(spend=np.exp(np.random.default_rng(0).normal(5, 1, 300)))
    pair = trained(spend, numeric=("annual_income", "spend"), log=("spend",))
    found = seen(pair, spend.assign(spend=spend["spend"] * np.exp(0.5)))
    assert found.features.loc["spend", "shift"] == pytest.approx(0.5, abs=0.05)
    assert found.verdict == "retrain"


def test_structure_that_is_gone_is_watched(table, pair):
    rng = np.random.default_rng(0)
    flat = pd.DataFrame({c: rng.uniform(table[c].min(), table[c].max(), 300) for c in NUMERIC})
    found = seen(pair, flat, structure=True, trained="natural")
    assert found.structure.verdict == "constructive"
    assert "structure" in {r.about for r in found.reasons}
    assert "structure" not in {
        r.about for r in seen(pair, flat, structure=True, trained="reproducible").reasons
    }


@pytest.mark.parametrize("algorithm", [DBSCAN(eps=1e-6, min_samples=3), DBSCAN(eps=50), KMeans(1)])
def test_models_without_segments_and_with_one_can_be_watched(table, algorithm):
    pair = trained(table, algorithm)
    assert seen(pair, table).verdict == "ok"
    assert seen(pair, table.assign(annual_income=table["annual_income"] + 15)).verdict == "retrain"


def test_few_customers_prove_little_and_none_nothing(table, pair):
    few = seen(pair, table.head(5))
    assert few.verdict == "ok" and few.detectable_shift > 1
    with pytest.raises(InputError, match="no customers"):
        seen(pair, table.head(0))


def test_a_family_without_weight_raises_no_alarm(table, pair):
    shifted = table.assign(annual_income=table["annual_income"] + 15)
    alone = DriftThresholds(weights={"segments": 1, "distance": 0, "features": 0, "outside": 0})
    assert seen(pair, shifted, thresholds=alone).verdict == "ok"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"alpha": 0}, "drift.alpha"),
        ({"weights": {"segments": 1}}, "drift.weights.distance"),
        ({"weights": {"segments": 1, "distance": 1, "features": 0, "outside": 0}}, "sum to 2"),
        ({"watch": {"shfit": 0.1}}, "did you mean 'shift'"),
        ({"retrain": dict.fromkeys(("share", "distance", "shift", "psi", "missing", "outside"), 0)}, "above"),
        ({"structure": "retain"}, "did you mean 'retrain'"),
    ],
)
def test_thresholds_that_cannot_be_are_refused(options, said):
    with pytest.raises(InputError, match=said):
        DriftThresholds(**options)


@given(
    st.lists(st.integers(-20, 20), min_size=1, max_size=600),
    st.lists(st.floats(-25, 25), min_size=1, max_size=20),
)
@settings(max_examples=60)
def test_a_sample_knows_its_distribution_within_its_resolution(values, points):
    values, points = np.array(values, dtype=float), np.array(points)
    sample = Sample.of(values)
    exact = (values <= points[:, None]).mean(axis=1)
    assert np.abs(sample.below(points) - exact).max() <= sample.resolution + 1e-12
    assert sample.resolution <= 1 / 200
    threshold, reached = sample.tail(0.05)
    assert reached <= (values >= threshold).sum()
