"""Whether MLflow serves a model as it is meant to be."""

import sys
from unittest import mock

import mlflow
import pandas as pd
from mlflow.exceptions import MlflowException

from segmentation.serving import SegmentModel

ROWS = 100


def unservable(uri: str, model: SegmentModel, customers: pd.DataFrame) -> str | None:
    """Ask MLflow for the segments of a few customers, as its scoring server would.

    Parameters
    ----------
    uri : str
        A model that `load_model` has loaded, and so has checked.
    model : SegmentModel
        What it gave.
    customers : DataFrame of shape (n, columns)
        Customers with at least the columns that the model reads.

    Returns
    -------
    str or None
        What is wrong; None where the signature names the model's columns and the answers are the model's.
    """
    columns = [str(column) for column in model.features.columns_]
    rows = customers[columns].dropna().head(ROWS)
    kinds = {column: "str" if column in model.levels_ else float for column in columns}
    # MLflow puts the code that a model carries before everything else, for all the rest of the process.
    with mock.patch.object(sys, "path", [*sys.path]):
        try:
            served = mlflow.pyfunc.load_model(uri)
            signature = served.metadata.signature
            if signature is None:
                return "it has no signature"
            asked = signature.inputs.input_names()
            if asked != columns:
                return f"its signature asks for {', '.join(asked)}, the model for {', '.join(columns)}"
            if signature.outputs is None or signature.outputs.input_names() != [*model.columns]:
                return f"its signature does not promise {', '.join(model.columns)}"
            answers = served.predict(rows.astype(kinds))
        except MlflowException as error:
            return f"MLflow refuses it ({f'{error}'.strip().splitlines()[0][:200]})"
    return None if answers.equals(model.assign(rows)) else "MLflow answers otherwise than the model"
