import numpy as np
import pytest
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from segmentation.clustering import KMeans
from segmentation.data import Demo
from segmentation.features import FeatureSet
from segmentation.serving import Segment, SegmentModel
from segmentation.tracking import LatestModel, Registry, Store, log_model
from segmentation.tracking import _latest as module


@pytest.fixture
def register(store_dir):
    registry = Registry(Store.open("sqlite:///mlruns/mlflow.db", None, "mine"), "segments")
    table = Demo(60).read().table

    def make(k):
        steps = [
            FeatureSet(["spending_score"]),
            StandardScaler(),
            FunctionTransformer(),
            KMeans(k, random_state=0),
        ]
        named = zip(("features", "scaler", "reducer", "algorithm"), steps, strict=True)
        pipeline = Pipeline(list(named)).fit(table)
        sizes = np.bincount(pipeline[-1].labels_)
        model = SegmentModel(
            pipeline, [Segment(i, f"S{i}", f"{i}", int(n), n / 60) for i, n in enumerate(sizes)], table
        )
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
