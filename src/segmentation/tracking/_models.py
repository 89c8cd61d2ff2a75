"""Model files: written with skops, checked before they are read."""

import os
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import skops.io
from mlflow.exceptions import MlflowException
from mlflow.models import Model, ModelSignature
from mlflow.types.schema import ColSpec, Schema
from sklearn.pipeline import Pipeline

from segmentation.clustering import TRUSTED_TYPES
from segmentation.errors import InputError
from segmentation.tracking._store import Run

REQUIREMENTS = ("mlflow", "scikit-learn", "skops", "numpy", "scipy", "pandas")
TRUSTED = (*TRUSTED_TYPES, "segmentation.features._feature_set.FeatureSet", "numpy.dtype")
"""All types that a model file of this project holds, beyond those that skops trusts by itself."""

METADATA = "segmentation"


def log_model(
    run: Run,
    pipeline: Pipeline,
    example: pd.DataFrame,
    categorical: Sequence[str],
    metadata: Mapping[str, Any],
) -> str:
    """Log a fitted pipeline to a run as a model that anything of MLflow can load and serve.

    Parameters
    ----------
    run : Run
        The open run.
    pipeline : Pipeline
        Raw customers in, segments out.
    example : DataFrame
        A few customers, with just the columns that the pipeline reads.
    categorical : sequence of str
        Which of them are categories.
    metadata : mapping
        What must travel with the model: how its data is read, what was chosen.

    Returns
    -------
    str
        The model's URI.
    """
    inputs: list[Any] = [ColSpec("string" if c in categorical else "double", str(c)) for c in example.columns]
    signature = ModelSignature(Schema(inputs), Schema([ColSpec("long", "segment")]))
    package = Path(__file__).parents[1]
    info = mlflow.sklearn.log_model(
        pipeline,
        name="model",
        serialization_format="skops",
        skops_trusted_types=list(TRUSTED),
        signature=signature,
        input_example=example.astype({c: "str" if c in categorical else float for c in example.columns}),
        # Named, not inferred: inference imports the model in a new process and takes 6 to 9 s.
        pip_requirements=[f"{name}=={version(name)}" for name in REQUIREMENTS],
        # The package is on no registry, so the model carries the code that its steps are made of.
        code_paths=[str(package)],
        metadata={METADATA: dict(metadata)},
    )
    return str(info.model_uri)


def load_pipeline(uri: str) -> tuple[Pipeline, dict[str, Any]]:
    """Load a model of this project, after checking that its file holds nothing but known types.

    Parameters
    ----------
    uri : str
        For example ``models:/customer-segments@champion`` or ``runs:/ID/model``.

    Returns
    -------
    pipeline : Pipeline
        The fitted steps.
    metadata : dict
        What was logged with it.

    Raises
    ------
    InputError
        If there is no such model, or its file holds types that are not this project's.
    """
    try:
        folder = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri))
        metadata = Model.load(str(folder)).metadata or {}
    except (MlflowException, OSError) as error:
        raise InputError(f"There is no model at {uri} ({_first_line(error)}).") from error
    file = folder / "model.skops"
    if METADATA not in metadata or not file.is_file():
        raise InputError(f"The model at {uri} was not made by `segment`; valid are models of its runs.")
    # The list is ours: MLflow would trust whatever the model's own MLmodel file asks for.
    foreign = set(skops.io.get_untrusted_types(file=file)) - set(TRUSTED)
    if foreign:
        raise InputError(
            f"The model at {uri} holds types that `segment` does not load: {', '.join(sorted(foreign))}."
        )
    return skops.io.load(file, trusted=list(TRUSTED)), metadata[METADATA]


def _first_line(error: Exception) -> str:
    return f"{error}".strip().split(os.linesep)[0][:200]
