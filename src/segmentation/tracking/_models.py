"""Model files: written with skops, and checked against what is known of them before anything of them is loaded."""

import hashlib
import pickletools
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zipfile import BadZipFile

import mlflow
import pandas as pd
import skops.io
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.models import Model, ModelSignature
from mlflow.protos.databricks_pb2 import BAD_REQUEST
from mlflow.store.artifact.utils.models import get_model_name_and_version
from mlflow.types.schema import ColSpec, Schema

from segmentation.clustering import TRUSTED_TYPES
from segmentation.data.checks import MISSING_MARKS
from segmentation.errors import InputError
from segmentation.serving import SegmentModel
from segmentation.tracking._store import Run

REQUIREMENTS = ("mlflow", "scikit-learn", "skops", "numpy", "scipy", "pandas")
TRUSTED = (
    *TRUSTED_TYPES,
    "segmentation.features._auto_scaler.AutoScaler",
    "segmentation.features._feature_set.FeatureSet",
    "segmentation.features._preparation.Treatment",
    "segmentation.features._roles.Role",
    "segmentation.serving._model.SegmentModel",
    "numpy.dtype",
)
"""All types that a model file of this project holds, beyond those that skops trusts by itself."""

METADATA = "segmentation"
MODEL_FILE = "model.skops"
HASH_TAG = "sha256"
HASHES = "model.sha256"
"""Artifact of the run with the hash of each file of its model, as `sha256sum` writes them."""
MISSING = {mark.lower() for mark in MISSING_MARKS}
WRITTEN_LATER = ("registered_model_meta", "__pycache__")
"""What MLflow and Python leave in a model's folder when they load it."""


def log_model(run: Run, model: SegmentModel, example: pd.DataFrame, metadata: Mapping[str, Any]) -> str:
    """Log a model to a run, so that anything of MLflow can load and serve it.

    MLflow's answer is `SegmentModel.assign`: a row a customer, with segment, distance and what else is known.

    Parameters
    ----------
    run : Run
        The open run.
    model : SegmentModel
        Raw customers in, segments out.
    example : DataFrame
        A few customers, with just the columns that the model reads.
    metadata : mapping
        What must travel with the model: how its data is read, what was chosen.

    Returns
    -------
    str
        The model's URI.
    """
    info = Model.log(
        None,
        # What MLflow calls a flavour is anything that has save_model.
        SimpleNamespace(save_model=_save_model),
        name="model",
        sk_model=model,
        signature=signature(model),
        input_example=example.astype({c: "str" if c in model.levels_ else float for c in example.columns}),
        metadata={METADATA: dict(metadata)},
    )
    run.text(HASHES, _listing(_download(info.model_uri)))
    return str(info.model_uri)


def load_model(uri: str) -> tuple[SegmentModel, dict[str, Any]]:
    """Load a model of this project, after checking that its files are what they were and hold known types only.

    Parameters
    ----------
    uri : str
        For example ``models:/customer-segments@champion`` or ``runs:/ID/model``.

    Returns
    -------
    model : SegmentModel
        As it was logged.
    metadata : dict
        What was logged with it.

    Raises
    ------
    InputError
        If there is no such model, a registered one was changed since, or its file holds types that are not this
        project's. Nothing of it was executed then.
    """
    folder = _download(uri)
    _verify(uri, folder)
    return read_model(folder, uri)


def read_model(folder: Path, where: str) -> tuple[SegmentModel, dict[str, Any]]:
    """Load a model from its folder, as `load_model` does, without asking the registry for its hash.

    Parameters
    ----------
    folder : Path
        The folder that MLmodel is in.
    where : str
        What messages call it.
    """
    try:
        metadata = Model.load(str(folder)).metadata or {}
    except (MlflowException, OSError) as error:
        raise InputError(f"There is no model at {where} ({_first_line(error)}).") from error
    file = folder / MODEL_FILE
    for pickled in (*folder.rglob("*.pkl"), *folder.rglob("*.pickle"), file):
        _refuse_pickle(pickled, where)
    if METADATA not in metadata or not file.is_file():
        raise InputError(f"The model at {where} was not made by `segment`; valid are models of its runs.")
    _refuse_foreign(file, where)
    model = skops.io.load(file, trusted=list(TRUSTED))
    if not isinstance(model, SegmentModel):
        raise InputError(
            f"The model at {where} is a {type(model).__name__}, as `segment` made them before segments had names; "
            f"fit it again."
        )
    return model, metadata[METADATA]


def signature(model: SegmentModel) -> ModelSignature:
    """What MLflow is told of the columns that a model reads and answers with."""
    kinds = {str(c): "string" if c in model.levels_ else "double" for c in model.features.columns_}
    return ModelSignature(_schema(kinds), _schema(model.columns))


def hash_model(folder: Path) -> str:
    """Hash the files of a model.

    Parameters
    ----------
    folder : Path
        The folder that MLmodel is in.

    Returns
    -------
    str
        SHA-256 in hex of the list of the files' names and own hashes.
    """
    return _sha256(_listing(folder).encode())


def _download(uri: str) -> Path:
    try:
        return Path(mlflow.artifacts.download_artifacts(artifact_uri=uri))
    except (MlflowException, OSError) as error:
        raise InputError(f"There is no model at {uri} ({_first_line(error)}).") from error


def _save_model(path: str, mlflow_model: Model, **options: Any) -> None:
    mlflow.sklearn.save_model(
        path=path,
        mlflow_model=mlflow_model,
        serialization_format="skops",
        skops_trusted_types=list(TRUSTED),
        # Named, not inferred: inference imports the model in a new process and takes 6 to 9 s.
        pip_requirements=[f"{name}=={version(name)}" for name in REQUIREMENTS],
        # The package is on no registry, so the model carries the code that its steps are made of.
        code_paths=[str(Path(__file__).parents[1])],
        **options,
    )
    # MLflow's own loader takes the list of trusted types from the model, and answers with bare labels.
    mlflow_model.flavors["python_function"]["loader_module"] = __name__
    mlflow_model.save(str(Path(path, "MLmodel")))


class PyfuncWrapper:
    """A model as MLflow calls it."""

    def __init__(self, model: SegmentModel) -> None:
        self._model = model

    def get_raw_model(self) -> SegmentModel:
        """The model itself."""
        return self._model

    def predict(self, data: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Put customers into segments; what `InputError` says of them becomes MLflow's bad request."""
        try:
            return self._model.assign(self._with_missing(data))
        except InputError as error:
            raise MlflowException(str(error), error_code=BAD_REQUEST) from error

    def _with_missing(self, data: pd.DataFrame) -> pd.DataFrame:
        # MLflow makes the text "None" of a null in some formats; a file's "" and "None" are missing, too.
        unseen = self._model.features.unseen(data) if self._model.levels_.keys() <= {*data.columns} else {}
        for column in (column for column, new in unseen.items() if new.any()):
            marks = data[column].astype("str").str.strip().str.lower().isin(MISSING)
            data = data.assign(**{column: data[column].mask(unseen[column] & marks)})
        return data


def _load_pyfunc(path: str) -> PyfuncWrapper:
    """MLflow calls this by its name."""
    return PyfuncWrapper(read_model(Path(path), path)[0])


def _schema(types: Mapping[str, str]) -> Schema:
    columns: list[Any] = [ColSpec(kind, name) for name, kind in types.items()]
    return Schema(columns)


def _verify(uri: str, folder: Path) -> None:
    """Compare a registered version's files with the hash that it was registered with."""
    if not uri.startswith("models:/"):
        return
    client = MlflowClient()
    name, *number = get_model_name_and_version(client, uri)
    if not number:
        return
    registered = client.get_model_version(name, number[0])
    expected = registered.tags.get(HASH_TAG)
    if expected is None or hash_model(folder) == expected:
        return
    changed = _changed(f"runs:/{registered.run_id}/{HASHES}", expected, folder)
    raise InputError(
        f"The model at {uri} is not what was registered: {', '.join(changed) or 'some file'} was changed. Register it "
        f"again if you know why, otherwise restore it."
    )


def _changed(listing_uri: str, expected: str, folder: Path) -> list[str]:
    """The files that differ from a run's list of hashes, where that list is itself what it was."""
    try:
        listing = mlflow.artifacts.load_text(listing_uri)
    except (MlflowException, OSError):
        return []
    if _sha256(listing.encode()) != expected:
        return []
    lines = set(listing.splitlines()) ^ set(_listing(folder).splitlines())
    return sorted({line.partition("  ")[2] for line in lines})


def _listing(folder: Path) -> str:
    files = sorted(
        (file.relative_to(folder).as_posix(), file)
        for file in folder.rglob("*")
        if file.is_file() and not {*file.relative_to(folder).parts} & {*WRITTEN_LATER}
    )
    return "".join(f"{_sha256(file.read_bytes())}  {name}\n" for name, file in files)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _refuse_pickle(file: Path, where: str) -> None:
    if not file.is_file() or file.read_bytes()[:2] == b"PK":
        return
    named = ", ".join(sorted(set(_pickled_names(file.read_bytes())))) or "nothing readable"
    raise InputError(
        f"The model at {where} is a pickle ({file.name}, which names {named}); reading one runs what it names, so "
        f"`segment` loads skops files only."
    )


def _pickled_names(content: bytes) -> Iterator[str]:
    """What a pickle would import, read without running it."""
    texts: list[str] = []
    try:
        for opcode, argument, _ in pickletools.genops(content):
            if opcode.name in ("GLOBAL", "INST"):
                yield str(argument).replace(" ", ".")
            elif opcode.name == "STACK_GLOBAL":
                yield ".".join(texts[-2:])
            elif isinstance(argument, str):
                texts.append(argument)
    except ValueError:
        return


def _refuse_foreign(file: Path, where: str) -> None:
    # The list is ours: MLflow would trust whatever the model's own MLmodel file asks for.
    try:
        foreign = set(skops.io.get_untrusted_types(file=file)) - set(TRUSTED)
    except (BadZipFile, KeyError, ValueError, TypeError, AttributeError) as error:
        raise InputError(f"The model at {where} cannot be read ({_first_line(error)}).") from error
    if foreign:
        raise InputError(
            f"The model at {where} holds types that `segment` does not load: {', '.join(sorted(foreign))}."
        )


def _first_line(error: Exception) -> str:
    return f"{error}".strip().partition("\n")[0][:200]
