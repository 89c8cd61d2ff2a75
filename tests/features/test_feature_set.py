import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.utils.estimator_checks import parametrize_with_checks

from segmentation.errors import InputError
from segmentation.features import FeatureSet
from segmentation.tracking._models import TRUSTED


@pytest.fixture
def table():
    return pd.DataFrame(
        {
            "age": [20.0, 30.0, np.nan, 50.0],
            "spend": [0.0, 10.0, 100.0, 1000.0],
            "gender": ["f", "m", "f", None],
            "city": ["a", "b", "c", "a"],
            "store": [1.0, 1.0, 1.0, 1.0],
        },
        index=pd.Index([1, 2, 3, 4], name="id"),
    )


EXPECTED_FAILURES = {
    "check_dataframe_column_names_consistency": "columns that are not asked for may be missing or new, by design",
    "check_fit2d_1sample": "a single customer is constant in every column, which is refused",
}


@parametrize_with_checks([FeatureSet()], expected_failed_checks=lambda _: EXPECTED_FAILURES)
def test_is_a_scikit_learn_transformer(estimator, check):
    check(estimator)


def test_columns_are_taken_in_the_order_asked_and_missing_ones_filled(table):
    X = FeatureSet(["spend", "age"]).fit_transform(table)
    assert X.tolist() == [[0, 20], [10, 30], [100, 30], [1000, 50]]


def test_all_takes_numbers_and_categories_that_vary(table):
    features = FeatureSet("all", "all").fit(table)
    names = list(features.get_feature_names_out())
    assert names == ["age", "spend", "gender_m", "city_a", "city_b", "city_c"]
    assert features.transform(table).tolist()[3] == [50, 1000, 0, 1, 0, 0]


def test_log_is_taken_of_the_named_columns_and_the_order_stays(table):
    features = FeatureSet(["age", "spend"], log=["spend"]).fit(table)
    assert list(features.get_feature_names_out()) == ["age", "spend"]
    assert features.transform(table)[:, 1] == pytest.approx(np.log1p([0, 10, 100, 1000]))
    assert FeatureSet(["age", "spend"], log="all").fit_transform(table)[0] == pytest.approx(np.log1p([20, 0]))


def test_new_customers_are_filled_with_what_training_had(table):
    features = FeatureSet(["age"], ["city"]).fit(table)
    new = pd.DataFrame({"extra": ["?"], "city": ["never seen"], "age": [np.nan]})
    assert features.transform(new).tolist() == [[30, 0, 0, 0]]


def test_numbers_as_text_are_numbers(table):
    features = FeatureSet(["age"]).fit(table)
    assert features.transform(pd.DataFrame({"age": ["41", None]})).tolist() == [[41], [30]]


def test_categories_of_any_type_are_the_same_level():
    features = FeatureSet([], ["kind"]).fit(pd.DataFrame({"kind": ["1", "2", "3"]}))
    assert features.transform(pd.DataFrame({"kind": [2]})).tolist() == [[0, 1, 0]]


def test_a_level_spelled_in_another_way_is_the_same_level():
    features = FeatureSet([], ["plan"]).fit(pd.DataFrame({"plan": ["Gold card", "Basic", "None yet"]}))
    new = pd.DataFrame({"plan": ["gold  CARD ", "BASIC", "none yet"]})
    assert features.transform(new).tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1]]


@pytest.mark.parametrize(
    ("features", "sentence"),
    [
        (FeatureSet(["agee"]), "no column 'agee' in the data; did you mean 'age'"),
        (FeatureSet(["gender"]), "'gender' should be numeric but holds text in 3 of 4 rows .for example 'f'"),
        (FeatureSet(["store"]), "'store' is constant .1.0 in every row."),
        (
            FeatureSet(["age"], impute=None),
            "'age' has 1 missing values in 4 rows and features.impute is null",
        ),
        (FeatureSet(["age"], ["gender"], impute=None), "'age' has 1 missing"),
        (FeatureSet(["age"], impute="meen"), "features.impute is 'meen', did you mean 'mean'"),
        (FeatureSet(["age"], log=["spend"]), "features.log names 'spend', which is not a numeric feature"),
        (FeatureSet([], []), "No feature is left"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(table, features, sentence):
    with pytest.raises(InputError, match=sentence) as caught:
        features.fit(table)
    assert "\n" not in str(caught.value)


def test_values_that_no_model_can_use_are_refused(table):
    with pytest.raises(InputError, match="'age' is missing in all 4 rows"):
        FeatureSet(["age"]).fit(table.assign(age=np.nan))
    with pytest.raises(InputError, match="'spend' holds 1 infinite values"):
        FeatureSet(["spend"]).fit(table.replace({"spend": {10.0: np.inf}}))
    with pytest.raises(InputError, match="'spend', which goes down to -10; the logarithm"):
        FeatureSet(["spend"], log=["spend"]).fit(table.replace({"spend": {10.0: -10.0}}))
    fitted = FeatureSet(["age"]).fit(table)
    with pytest.raises(InputError, match="no column 'age' in the data; did you mean 'Age'"):
        fitted.transform(table.rename(columns={"age": "Age"}))


def test_survives_being_saved_without_pickle(table):
    features = FeatureSet("all", "all", log=["spend"]).fit(table)
    saved = skops.io.dumps(features)
    assert set(skops.io.get_untrusted_types(data=saved)) <= set(TRUSTED)
    loaded = skops.io.loads(saved, trusted=list(TRUSTED))
    assert (loaded.transform(table) == features.transform(table)).all()
