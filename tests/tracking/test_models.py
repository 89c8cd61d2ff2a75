import shutil
from pathlib import Path

import pytest
import skops.io
from sklearn.pipeline import Pipeline
from sklearn.tree import DecisionTreeClassifier

from segmentation.errors import InputError
from segmentation.tracking import load_pipeline


@pytest.fixture
def model(segment):
    return segment("fit", "data.n_customers=100", "print=json").json()["model"]["uri"]


def test_a_logged_model_loads_with_what_travels_with_it(model):
    pipeline, metadata = load_pipeline(model)
    assert [name for name, _ in pipeline.steps] == ["features", "scaler", "reducer", "algorithm"]
    assert metadata["choice"]["algorithm"] == "kmeans"
    assert metadata["data"]["_target_"] == "segmentation.data.Demo"
    assert metadata["id"] == "customer_id"


def test_a_model_that_is_not_there_is_refused(store_dir):
    with pytest.raises(InputError, match="no model at models:/nothing/1"):
        load_pipeline("models:/nothing/1")


class Foreign(DecisionTreeClassifier):
    """A type that is not on the list."""


def test_types_that_are_not_ours_are_not_loaded(model, store_dir):
    (file,) = (store_dir / "mlruns").rglob("model.skops")
    copy = Path(shutil.copytree(file.parent, store_dir / "copy"))
    skops.io.dump(Pipeline([("algorithm", Foreign())]), copy / "model.skops")
    with pytest.raises(InputError, match=r"holds types that `segment` does not load: .*Foreign"):
        load_pipeline(copy.as_uri())


def test_a_pickle_in_its_place_is_not_loaded(model, store_dir):
    (file,) = (store_dir / "mlruns").rglob("model.skops")
    file.unlink()
    (file.parent / "model.pkl").write_bytes(b"cposix\nsystem\n(S'touch owned'\ntR.")
    with pytest.raises(InputError, match="was not made by `segment`"):
        load_pipeline(file.parent.as_uri())
    assert not (store_dir / "owned").exists()
