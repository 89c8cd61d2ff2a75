"""What was logged when a model was made."""

from io import StringIO

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.utils.models import get_model_name_and_version

from segmentation.tracking._registry import ModelVersion

ASSIGNMENTS = "segments/assignments.csv"


def version_at(uri: str) -> ModelVersion | None:
    """The registered version that a URI names, such as ``models:/customer-segments@champion``; else None."""
    if not uri.startswith("models:/"):
        return None
    client = MlflowClient()
    try:
        name, number = get_model_name_and_version(client, uri)
        found = client.get_model_version(name, number)
    except (MlflowException, ValueError):
        return None
    return ModelVersion(name, str(found.version), found.run_id, found.tags)


def assignments(version: ModelVersion) -> pd.DataFrame | None:
    """The segments of a version's training customers, as text; None where its run does not have them any more.

    Parameters
    ----------
    version : ModelVersion
        The version.

    Returns
    -------
    DataFrame of shape (n, columns) or None
        Index: the customers' ids. Columns as the run logged them, `segment` among them.
    """
    if version.run_id is None:
        return None
    try:
        text = mlflow.artifacts.load_text(f"runs:/{version.run_id}/{ASSIGNMENTS}")
    except (MlflowException, OSError):
        return None
    table = pd.read_csv(StringIO(text), dtype="str", keep_default_na=False)
    return table.set_index(table.columns[0])
