import pytest

from models import segment_model
from segmentation.clustering import KMeans
from segmentation.data import Demo
from segmentation.tracking import LatestModel, Registry, Store, log_model
from segmentation.tracking import _latest as module


@pytest.fixture
def register(store_dir):
    registry = Registry(Store.open("sqlite:///mlruns/mlflow.db", None, "mine"), "segments")
    table = Demo(60).read().table

    def make(k):
        model = segment_model(table, KMeans(k, random_state=0), numeric=["spending_score"])
        with registry.store.run("fit", {}) as run:
            uri = log_model(run, model, table[["spending_score"]].dropna().head(3), {"k": k})
            registry.register(run, uri, "champion", {})
        return uri

    return make


def test_a_new_version_is_loaded_when_the_registry_is_asked_again(register, monkeypatch):
    register(2)
    prepared = []

    def prepare(model, metadata, version, uri):
        prepared.append((len(model.segments), metadata["k"], version, uri))
        return version

    latest = LatestModel("models:/segments@champion", prepare)
    assert (latest(), latest.name, latest.version) == ("1", "segments", "1")
    register(3)
    assert latest() == "1"
    latest.refresh()
    assert latest() == latest() == "2"
    assert latest.metadata == {"k": 3}
    monkeypatch.setattr(module, "REFRESH", 0.0)
    register(4)
    assert latest() == latest() == "3"
    assert prepared == [
        (2, 2, "1", "models:/segments/1"),
        (3, 3, "2", "models:/segments/2"),
        (4, 4, "3", "models:/segments/3"),
    ]


def test_a_model_of_a_run_has_no_version(register):
    uri = register(2)
    latest = LatestModel(uri, lambda model, metadata, version, uri: version)
    assert latest() == latest.name == latest.version == uri
    assert latest.registered is None
