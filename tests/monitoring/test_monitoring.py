import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from models import segment_model
from segmentation.clustering import DBSCAN, KMeans
from segmentation.data import Demo
from segmentation.data.customers import ROW
from segmentation.errors import InputError
from segmentation.monitoring import Reference, build_report, monitor, monitoring_figures, monitoring_text
from segmentation.workflows import pictured

COLUMNS = ["annual_income", "spending_score"]


@pytest.fixture(scope="module")
def customers():
    return Demo(200).read()


@pytest.fixture(scope="module")
def model(customers):
    return segment_model(customers.table)


@pytest.fixture(scope="module")
def before(model, customers):
    return model.segment_ids(pd.DataFrame({"segment": model.predict(customers.table)}, customers.table.index))


def monitored(model, customers, **options):
    reference = Reference.of(options.pop("training", customers.table), model)
    return monitor(model, reference, customers, structure=False, **options)


def changed(customers, **columns):
    return dataclasses.replace(customers, table=customers.table.assign(**columns))


def test_moves_are_counted_by_cause_and_value(customers, model, before):
    table = customers.table
    later = changed(customers, annual_income=table["annual_income"] + 40, worth=np.arange(200.0))
    found = monitored(model, later, training=table, before=before, value="worth")
    moved = model.assign(later.table)["segment_id"] != before
    assert found.migration.moved() == found.migration.moved("customer") == moved.sum() > 0
    assert found.migration.value_moved() == later.table["worth"][moved].sum()
    assert found.migration.moved("model") == 0
    assert found.names == {"": "noise", **{s.id: s.name for s in model.segments}}
    assert set(found.metrics()) >= {"migration_moved", "psi_annual_income"}


def test_a_previous_model_is_told_from_changed_customers(customers, model):
    previous = segment_model(customers.table, KMeans(3, random_state=0))
    ids = previous.assign(customers.table)["segment_id"]
    found = monitored(model, customers, before=ids, previous=previous).migration
    assert found.moved("customer") == 0
    assert found.moved("model") == found.moved() > 0


@pytest.mark.parametrize("case", ["no segments before", "no ids", "nobody is known"])
def test_without_known_customers_there_are_no_moves(customers, model, before, case):
    if case == "no ids":
        customers = dataclasses.replace(customers, table=customers.table.rename_axis(ROW))
    known = {"no segments before": None, "no ids": before, "nobody is known": before.iloc[:0]}[case]
    assert monitored(model, customers, before=known).migration is None


def test_a_value_that_is_no_number_is_refused(customers, model):
    with pytest.raises(
        InputError, match=r"value=incme is no column of numbers; valid are: age, annual_income"
    ):
        monitored(model, customers, value="incme")


def test_page_text_and_record_say_what_was_found(customers, model):
    later = changed(customers, annual_income=customers.table["annual_income"] + 40)
    previous = segment_model(customers.table, KMeans(7, random_state=0))
    before = previous.assign(customers.table)["segment_id"]
    found = monitored(
        model, later, training=customers.table, before=before, previous=previous, name="segments version 7"
    )
    moved = f"{found.migration.moved():,} ({found.migration.moved() / 200:.1%})"
    text = monitoring_text(found)
    assert text.startswith("segments version 7 on 200 customers: retrain, the model should be trained again")
    assert all(reason.sentence in text for reason in found.drift.reasons)
    assert f"Of 200 known customers, {moved} are in another segment" in text
    first = found.drift.segments.iloc[0]
    (line,) = [line for line in text.splitlines() if line.startswith("part 0 ")]
    shares = f"{first['expected']:.1%} {first['share']:.1%} {100 * first['change']:+.1f} points"
    assert shares in " ".join(line.split()) and first["change"] != 0
    assert "id customers training now change p verdict" in " ".join(text.split())
    figures = monitoring_figures(found)
    assert set(figures) == {
        "share_change",
        "drift_bars",
        "migration",
        "migration_by_customer",
        "migration_by_model",
    }
    html = build_report(found, pictured(figures))
    assert "Retrain: the model should be trained again." in html and moved in html
    assert html.count("data:image/png") == len(figures)
    assert ">the customer changed<" in html and ">part 6<" in html
    record = json.loads(json.dumps(found.record(), allow_nan=False))
    assert (record["verdict"], record["migration"]["migration_moved"]) == ("retrain", found.migration.moved())
    assert {len(found.tables()[name]) for name in ("segments", "features")} == {5, 2}
    assert found.tables()["segments"]["customers"].sum() == 200


def test_a_model_without_segments_has_a_page_too(customers):
    found = monitored(segment_model(customers.table, DBSCAN(eps=1e-6, min_samples=3)), customers)
    html = build_report(found, pictured(monitoring_figures(found)))
    assert "This model has no centres" in html
    assert list(found.tables()["far"]) == ["tail", "beyond", "expected", "share", "p"]
