import dataclasses
import json

import pandas as pd
import pytest
from sklearn.preprocessing import StandardScaler

from models import segment_model
from segmentation.clustering import DBSCAN
from segmentation.data import Demo, MallFile, TableFile, Transactions
from segmentation.errors import InputError
from segmentation.streaming import (
    FileSource,
    ServedModel,
    StreamState,
    keep_centers,
    known_centers,
    recent_customers,
    record_reader,
    stream,
)
from segmentation.workflows import move_centers, require_centers

COLUMNS = ["annual_income", "spending_score"]
CUSTOMERS = Demo(n_customers=150).read().table
METADATA = {
    "choice": {"features": "two", "scaler": "standard", "reducer": "none", "algorithm": "kmeans"},
    "params": {"kmeans.n_clusters": 5, "standard.with_mean": True},
}


@pytest.fixture(scope="module")
def model():
    return segment_model(CUSTOMERS)


@pytest.fixture
def state(tmp_path, model):
    """A stream that has read 100 customers, whose income is 6 above that of the training."""
    table = Demo(n_customers=100, seed=1, missing=0.0).read().table[COLUMNS]
    table["annual_income"] += 6
    (tmp_path / "in").mkdir()
    table.to_csv(tmp_path / "in" / "a.csv")
    reader = record_reader(TableFile("train.csv", id="customer_id"), model)
    with StreamState(tmp_path / "out", "in", "m", keeps_records=True) as state:
        served = ServedModel(model, "1", reader.read_records)
        stream(FileSource(tmp_path / "in", state, 30, settle=0), state, lambda: served)
        yield state


def test_the_recent_customers_of_a_stream_can_be_read_as_a_table(state, model):
    customers = recent_customers(state, model).read()
    assert len(customers.table) == 100
    assert customers.table.dtypes.eq(float).all()
    assert [file.name for file in (state.folder / "updates").iterdir()] == ["000001.parquet"]
    recent_customers(state, model)
    assert (state.folder / "updates" / "000002.parquet").exists()


def test_centres_move_towards_the_customers_and_go_on_from_where_they_are(state, model):
    served = ServedModel(model, "1", MallFile("").read_records)
    centers, weights = known_centers(state, served)
    assert centers.tolist() == model.algorithm.cluster_centers_.tolist()
    assert weights == [segment.size for segment in model.segments]
    customers = recent_customers(state, model).read()
    found = move_centers(model, METADATA, customers, centers, weights, StandardScaler(), batch_size=10)
    moved = found.fitted.algorithm.moved_centers_ - centers
    assert moved[:, 0].mean() > 0
    assert found.configuration.algorithm == "minibatch_kmeans"
    assert dict(found.configuration.params) == {
        "minibatch_kmeans.batch_size": 10,
        "minibatch_kmeans.n_clusters": 5,
        "standard.with_mean": True,
    }
    assert found.scores.n_segments == 5
    keep_centers(state, served, found.fitted.algorithm)
    assert state.since_update == 0 and state.recent().empty
    again, heavier = known_centers(state, served)
    assert again == found.fitted.algorithm.moved_centers_.tolist()
    assert sum(heavier) == sum(weights) + 100
    # Another version starts at its own centres.
    assert known_centers(state, dataclasses.replace(served, version="2"))[1] == weights


def test_only_algorithms_with_centres_can_be_updated(model):
    require_centers(model, "here")
    with pytest.raises(InputError, match=r"the model at here is a DBSCAN; valid are KMeans, MiniBatchKMeans"):
        require_centers(segment_model(CUSTOMERS, DBSCAN(eps=0.5)), "here")


def test_records_are_read_with_the_columns_of_the_training(model):
    reader = record_reader(TableFile("train.csv", id="who"), model)
    assert (list(reader.numeric), list(reader.categorical)) == (COLUMNS, [])
    assert record_reader(TableFile("train.csv", id="who"), model, "buyer").id == "buyer"
    assert isinstance(record_reader(Demo(), model), MallFile)


@pytest.mark.parametrize(
    ("source", "id_column", "said"),
    [
        (TableFile("train.csv"), None, "name that of the records: id=..."),
        (Demo(), "x", "mall customers have their own column of ids"),
        (
            Transactions("lines.csv"),
            None,
            "trained on Transactions, of which a single record is not a customer",
        ),
    ],
)
def test_records_that_are_no_customers_are_refused(model, source, id_column, said):
    with pytest.raises(InputError, match=said.replace(".", r"\.")):
        record_reader(source, model, id_column)


def test_what_was_taken_away_half_read_is_told(tmp_path, model):
    (tmp_path / "in").mkdir()
    file = tmp_path / "in" / "a.csv"
    pd.DataFrame({"who": range(9), **dict.fromkeys(COLUMNS, 50)}).to_csv(file, index=False)
    reader = record_reader(TableFile("train.csv", id="who"), model)
    with StreamState(tmp_path / "out", "in", "m") as state:
        source = FileSource(tmp_path / "in", state, 4, settle=0)
        stream(
            source,
            state,
            lambda: ServedModel(model, "1", reader.read_records),
            stop=lambda: state.total.records >= 4,
        )
        assert source.unread() == ""
        file.unlink()
        assert source.unread() == "taken away before they were read to the end: a.csv"
    assert json.loads((tmp_path / "out/assignments/0000000001.jsonl").read_text().splitlines()[0])["row"] == 1
