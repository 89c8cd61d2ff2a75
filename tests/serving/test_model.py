import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import NUMERIC, segment_model
from segmentation.clustering import ALGORITHMS, DBSCAN, GaussianMixture, KMeans
from segmentation.data import Demo
from segmentation.errors import InputError
from segmentation.serving import SegmentModel

CUSTOMERS = Demo(n_customers=200).read().table


def fitted(algorithm=None, customers=CUSTOMERS, numeric=NUMERIC, categorical=("gender",)):
    return segment_model(
        customers,
        algorithm,
        numeric,
        categorical,
        called=lambda number: (f"S{9 - number}", f"name {number}"),
        noise_name="exceptional: very young",
    )


@pytest.fixture(scope="module")
def model():
    return fitted()


def by_definition(model, customers):
    """Distances to the own and to the nearest other centre, one customer and one centre at a time."""
    Z = model.pipeline[:-1].transform(customers)
    centers = model.algorithm.segment_centers_
    own, other = [], []
    for row, label in zip(Z, model.predict(customers), strict=True):
        apart = [float(np.sqrt(((row - c) ** 2).sum())) for c in centers]
        number = int(np.argmin(apart)) if label < 0 else label
        own.append(apart.pop(number))
        other.append(min(apart, default=np.inf))
    return np.array(own), np.array(other)


@pytest.mark.parametrize("kind", ALGORITHMS, ids=lambda kind: kind.__name__)
def test_every_algorithm_says_how_near_and_how_surely(kind):
    model = fitted(kind())
    found = model.assign(CUSTOMERS)
    own, other = by_definition(model, CUSTOMERS)
    assert found["segment"].tolist() == model.predict(CUSTOMERS).tolist()
    np.testing.assert_allclose(found["distance"], own, atol=1e-9)
    expected = np.where(found["segment"] < 0, 0.0, np.clip(1 - own / other, 0, 1))
    np.testing.assert_allclose(found["margin"], expected, atol=1e-7)
    assert [*found] == [*model.columns]
    if "probability" in found:
        assert found["probability"].between(1 / model.algorithm.n_segments_, 1).all()
    assert found.index.equals(CUSTOMERS.index)


def test_only_mixtures_give_probabilities(model):
    assert "probability" not in model.columns
    assert "probability" in fitted(GaussianMixture(3, random_state=0)).columns


def test_segments_are_called_by_their_id_and_name(model):
    found = model.assign(CUSTOMERS)
    assert set(zip(found["segment"], found["segment_id"], found["segment_name"], strict=True)) == {
        (i, f"S{9 - i}", f"name {i}") for i in range(5)
    }


def test_noise_has_neither_id_nor_margin():
    found = fitted(DBSCAN(0.4, min_samples=6)).assign(CUSTOMERS)
    noise = found[found["segment"] < 0]
    assert len(noise) and (noise["segment_id"] == "").all()
    assert (noise["segment_name"] == "exceptional: very young").all()
    assert (noise["margin"] == 0).all() and (noise["distance"] > 0).all()


def test_a_model_of_before_noise_had_a_name_calls_it_noise():
    model = fitted(DBSCAN(0.4, min_samples=6))
    del model.__dict__["noise_name"]
    assert {"name 0", "noise"} <= set(model.assign(CUSTOMERS)["segment_name"])


def test_a_model_without_segments_answers_all_the_same():
    found = fitted(DBSCAN(1e-9, min_samples=50)).assign(CUSTOMERS)
    assert (found["segment"] == -1).all() and found["distance"].isna().all() and (found["margin"] == 0).all()


def test_one_segment_leaves_no_doubt():
    assert (fitted(KMeans(1)).assign(CUSTOMERS)["margin"] == 1).all()


def test_customers_outside_the_training_are_told_with_the_reason(model):
    low, high = model.ranges_["annual_income"]
    assert (low, high) == (CUSTOMERS["annual_income"].min(), CUSTOMERS["annual_income"].max())
    new = pd.DataFrame(
        {
            "annual_income": [low, high, high + 110.5, None, low - 1],
            "spending_score": [50.0, 50.0, 50.0, 50.0, 1e9],
            "gender": ["FEMALE ", None, "Male", "Female", "Diverse"],
        }
    )
    found = model.assign(new)
    assert found["outside"].tolist() == [False, False, True, False, True]
    top = model.ranges_["spending_score"][1]
    assert found["outside_reason"].tolist() == [
        "",
        "",
        f"annual_income {high + 110.5:g} above {high:g}",
        "",
        f"annual_income {low - 1:g} below {low:g}; spending_score 1000000000 above {top:g}; "
        "gender 'Diverse' never seen",
    ]


def test_no_training_customer_is_outside(model):
    assert not model.assign(CUSTOMERS)["outside"].any()


def test_numbers_as_text_and_extra_columns_change_nothing(model):
    text = CUSTOMERS.assign(annual_income=CUSTOMERS["annual_income"].astype("str"), other="x")
    pd.testing.assert_frame_equal(model.assign(text), model.assign(CUSTOMERS))


def test_a_column_that_lacks_or_holds_text_is_named(model):
    with pytest.raises(InputError, match="no column 'gender'"):
        model.assign(CUSTOMERS.drop(columns="gender"))
    with pytest.raises(InputError, match="'annual_income' should be numeric but holds text in 1 of"):
        model.assign(
            CUSTOMERS.assign(annual_income="12")
            .replace({"annual_income": {0: "x"}})
            .head(3)
            .assign(annual_income=["12", "x", "13"])
        )


def test_levels_that_are_numbers_are_the_same_however_they_are_written():
    rng = np.random.default_rng(0)
    customers = pd.DataFrame(
        {"x": rng.normal(size=60), "tier": pd.Series(rng.integers(1, 4, 60)).astype("str")}
    )
    model = fitted(KMeans(2, random_state=0), customers, numeric=["x"], categorical=["tier"])
    for written in (int, float, "str"):
        found = model.assign(customers.assign(tier=customers["tier"].astype("int").astype(written)))
        assert not found["outside"].any()
        pd.testing.assert_frame_equal(found, model.assign(customers))


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.floats(1e-3, 1e6))
@settings(max_examples=25)
def test_the_order_of_customers_and_how_many_there_are_do_not_matter(model, seed, n, spread):
    rng = np.random.default_rng(seed)
    new = pd.DataFrame({c: rng.normal(50, spread, n) for c in NUMERIC}).assign(gender="Male")
    whole = model.assign(new)
    shuffled = model.assign(new.sample(frac=1, random_state=seed % 1000)).loc[new.index]
    pd.testing.assert_frame_equal(whole, shuffled)
    pd.testing.assert_frame_equal(whole, pd.concat([model.assign(new.iloc[[i]]) for i in range(n)]))
    assert whole["margin"].between(0, 1).all() and (whole["distance"] >= 0).all()


def test_segments_that_are_not_the_algorithms_are_a_mistake_of_the_program(model):
    with pytest.raises(ValueError, match="numbers 0 to 4"):
        SegmentModel(model.pipeline, model.segments[:2], CUSTOMERS)
