import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation.monitoring import migrate

SEGMENTS = st.sampled_from(["S1", "S2", "S3", ""])


@pytest.fixture
def moves():
    before = pd.Series(["S1", "S1", "S2", "S2", "", "S1"], index=[1, 2, 3, 4, 5, 9])
    now = pd.Series(["S1", "S3", "S2", "S1", "S2", "S1"], index=["1", "2", "3", "4", "5", "7"])
    between = pd.Series(["S1", "S1", "S2", "S1", "", "S1"], index=now.index)
    return before, now, between, pd.Series([1.0, 2, 3, 4, 5, 6], index=now.index)


def test_who_moved_is_split_into_changed_customers_and_a_changed_model(moves):
    found = migrate(*moves, order=["S1", "S2", "S3"])
    assert (found.known, found.new, found.gone) == (5, 1, 1)
    assert (found.moved(), found.moved("customer"), found.moved("model")) == (3, 1, 2)
    # Customer 4 changed and is worth 4; the new model put customers 2 and 5 elsewhere.
    assert (found.value_moved("customer"), found.value_moved("model")) == (4, 7)
    assert found.matrix().loc["S1", "S3"] == 1
    assert found.matrix("model", "value").loc["", "S2"] == 5
    assert found.matrix().index.tolist() == ["S1", "S2", ""]
    assert found.metrics()["migration_moved_by_model"] == 2


def test_with_one_model_whoever_moved_has_changed(moves):
    before, now, _, _ = moves
    found = migrate(before, now)
    assert found.moved("customer") == found.moved() == 3
    assert found.moved("model") == 0
    assert np.isnan(found.value_moved()) and "migration_value_moved" not in found.metrics()


def test_repeated_ids_cannot_be_followed(moves):
    before, now, _, _ = moves
    assert migrate(pd.concat([before, before[[1]]]), now).known == 4


def test_nobody_known(moves):
    before, now, _, _ = moves
    found = migrate(before.iloc[:0], now)
    assert (found.known, found.new, found.moved()) == (0, 6, 0)
    assert found.matrix().empty


@settings(max_examples=15)
@given(st.lists(st.tuples(SEGMENTS, SEGMENTS, SEGMENTS, st.floats(0, 1e6)), min_size=1, max_size=50))
def test_every_known_customer_and_its_value_is_on_one_path_of_each_cause(rows):
    before, between, now, value = (pd.Series(part) for part in zip(*rows, strict=True))
    found = migrate(before, now, between, value)
    for cause in ("all", "customer", "model"):
        assert found.matrix(cause).to_numpy().sum() == len(rows)
        assert found.matrix(cause, "value").to_numpy().sum() == pytest.approx(value.sum())
    # The two causes lead, one after the other, from before to now.
    assert found.matrix("customer").sum(axis=0).to_dict() == found.matrix("model").sum(axis=1).to_dict()
    assert found.matrix("all").sum(axis=1).to_dict() == found.matrix("customer").sum(axis=1).to_dict()
