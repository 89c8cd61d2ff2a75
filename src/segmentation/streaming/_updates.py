"""The records of a stream as customers that its model learns from."""

import json
from typing import Any

import pandas as pd

from segmentation.clustering import MiniBatchKMeans
from segmentation.data import TableFile
from segmentation.serving import SegmentModel
from segmentation.streaming._state import StreamState
from segmentation.streaming._worker import ServedModel

UPDATES = "updates"
LEARNED = "learned"
ID = "customer_id"


def recent_customers(state: StreamState, model: SegmentModel) -> TableFile:
    """Write the last record of each customer since the last update to a table, and return its reader."""
    table, features = state.recent(), model.features
    kinds: dict[str, Any] = {
        c: "str" if c in features.categorical_ else float for c in map(str, features.columns_)
    }
    kinds |= {c: "str" for c in table if c not in kinds and not pd.api.types.is_numeric_dtype(table[c])}
    table = table.astype(kinds)
    folder = state.folder / UPDATES
    folder.mkdir(exist_ok=True)
    path = folder / f"{len(list(folder.glob('*.parquet'))) + 1:06d}.parquet"
    table.rename_axis(ID).reset_index().to_parquet(path, index=False)
    numeric = [str(c) for c in table.select_dtypes("number")]
    return TableFile(
        str(path), ID, numeric=numeric, categorical=[str(c) for c in table if c not in numeric], dates={}
    )


def known_centers(state: StreamState, served: ServedModel) -> tuple[Any, Any]:
    """Where earlier updates moved the model's centres, and the number of customers that each represents."""
    noted = json.loads(state.note(LEARNED) or "{}")
    if noted.get("model") == served.version:
        return noted["centers"], noted["weights"]
    model = served.model
    return model.algorithm.cluster_centers_, [segment.size for segment in model.segments]


def keep_centers(state: StreamState, served: ServedModel, algorithm: MiniBatchKMeans) -> None:
    """Store where an update moved the centres of a model, and forget the records that it was made of."""
    moved = {"centers": algorithm.moved_centers_.tolist(), "weights": algorithm.moved_weights_.tolist()}
    # A new champion has another version, and starts with the customers that it was trained on.
    state.forget({LEARNED: json.dumps({"model": served.version, **moved})})
