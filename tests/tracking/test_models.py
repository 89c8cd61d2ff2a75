import io
import pickle
import shutil
import zipfile
from pathlib import Path

import mlflow
import pytest
import skops.io
from sklearn.pipeline import Pipeline
from sklearn.tree import DecisionTreeClassifier

from segmentation.data import Demo
from segmentation.errors import InputError
from segmentation.tracking import hash_model, load_model

OWNED = "owned"


@pytest.fixture
def model(segment):
    return segment("fit", "data.n_customers=100", "print=json").json()["model"]["uri"]


@pytest.fixture
def folder(model, store_dir):
    """A copy of the model's files, to be tampered with."""
    (file,) = (store_dir / "mlruns").rglob("model.skops")
    return Path(shutil.copytree(file.parent, store_dir / "copy"))


def test_a_logged_model_loads_with_what_travels_with_it(model):
    loaded, metadata = load_model(model)
    assert [name for name, _ in loaded.pipeline.steps] == ["features", "scaler", "reducer", "algorithm"]
    assert metadata["choice"]["algorithm"] == "kmeans"
    assert metadata["data"]["_target_"] == "segmentation.data.Demo"
    assert metadata["id"] == "customer_id"
    assert [s.id for s in loaded.segments] == ["S1", "S2", "S3", "S4", "S5"]
    assert sum(s.size for s in loaded.segments) == 100


def test_what_mlflow_answers_is_what_the_model_assigns(model):
    customers = Demo(n_customers=100).read().table[["annual_income", "spending_score"]]
    loaded, _ = load_model(model)
    served = mlflow.pyfunc.load_model(model)
    assert served.predict(customers).equals(loaded.assign(customers))
    assert served.metadata.get_output_schema().input_names() == [*loaded.columns]


def test_a_model_that_is_not_there_is_refused(store_dir):
    with pytest.raises(InputError, match="no model at models:/nothing/1"):
        load_model("models:/nothing/1")


class Foreign(DecisionTreeClassifier):
    """A type that is not on the list."""


class Payload:
    """A pickle of this writes a file when it is read."""

    def __reduce__(self):
        return (open, (OWNED, "w"))


def test_types_that_are_not_ours_are_not_loaded(folder):
    skops.io.dump(Pipeline([("algorithm", Foreign())]), folder / "model.skops")
    with pytest.raises(InputError, match=r"holds types that `segment` does not load: .*Foreign"):
        load_model(folder.as_uri())


@pytest.mark.parametrize("name", ["model.pkl", "model.skops"])
@pytest.mark.parametrize("protocol", [0, 5])
def test_a_pickle_in_its_place_is_refused_and_not_run(folder, store_dir, name, protocol):
    (folder / "model.skops").unlink()
    (folder / name).write_bytes(pickle.dumps(Payload(), protocol))
    with pytest.raises(InputError, match=r"is a pickle \(model\.(pkl|skops), which names .*io\.open"):
        load_model(folder.as_uri())
    assert not (store_dir / OWNED).exists()


def test_code_that_a_model_brings_is_not_run(folder, store_dir):
    # MLflow itself would import the module that the model's own file names.
    (folder / "code" / "evil.py").write_text(f"open({OWNED!r}, 'w')\n")
    text = (folder / "MLmodel").read_text()
    (folder / "MLmodel").write_text(text.replace("segmentation.tracking._models", "evil"))
    assert "loader_module: evil" in (folder / "MLmodel").read_text()
    assert load_model(folder.as_uri())[0].segments
    assert not (store_dir / OWNED).exists()


def test_a_file_that_is_no_model_at_all_is_refused(folder):
    for content in (b"PK", b"PK\x03\x04 and nothing", _zip({"schema.json": "[]"}), _zip({"other": ""})):
        (folder / "model.skops").write_bytes(content)
        with pytest.raises(InputError, match="cannot be read"):
            load_model(folder.as_uri())


def _zip(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.fixture
def registered(segment, client, store_dir):
    """A version that was registered with its hash, and its files."""
    segment("fit", "data.n_customers=100", "register=true", "print=json").json()
    (file,) = (store_dir / "mlruns").rglob("model.skops")
    client.set_model_version_tag("customer-segments", "1", "sha256", hash_model(file.parent))
    return file.parent


@pytest.mark.parametrize("uri", ["models:/customer-segments@challenger", "models:/customer-segments/1"])
def test_a_registered_model_is_checked_against_its_hash(registered, uri):
    assert load_model(uri)[0].segments
    # MLflow leaves files of its own behind; they are not the model's.
    mlflow.pyfunc.load_model(uri)
    (registered / "code" / "__pycache__").mkdir(exist_ok=True)
    assert load_model(uri)[0].segments


@pytest.mark.parametrize("name", ["model.skops", "MLmodel", "code/segmentation/errors.py"])
def test_a_changed_byte_is_refused_with_its_file_named(registered, name):
    file = registered / name
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(InputError, match=f"not what was registered: {name} was changed"):
        load_model("models:/customer-segments/1")


def test_a_file_that_was_added_is_refused_even_if_the_list_of_hashes_agrees(registered, store_dir):
    (registered / "code" / "new.py").write_text("")
    (listing,) = (store_dir / "mlruns").rglob("model.sha256")
    with pytest.raises(InputError, match=r"code/new\.py was changed"):
        load_model("models:/customer-segments/1")
    # The list lies beside the model, where whoever changes the one may change the other.
    listing.write_text("")
    with pytest.raises(InputError, match="some file was changed"):
        load_model("models:/customer-segments/1")


def test_a_model_of_before_segments_had_names_is_told_so(folder):
    loaded, _ = load_model(folder.as_uri())
    skops.io.dump(loaded.pipeline, folder / "model.skops")
    with pytest.raises(InputError, match="is a Pipeline, as `segment` made them before"):
        load_model(folder.as_uri())
