"""The monitoring of a model: later customers compared with the training, and the moves of known customers."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from segmentation.data import Customers
from segmentation.data.customers import ROW
from segmentation.errors import InputError, nearest
from segmentation.monitoring._drift import Drift, drift
from segmentation.monitoring._migration import Migration, migrate
from segmentation.monitoring._reference import Reference
from segmentation.monitoring._thresholds import DriftThresholds
from segmentation.serving import SegmentModel


@dataclass(frozen=True, eq=False)
class MonitoringResult:
    """How later customers differ from those that a model was trained on, and who moved.

    Attributes
    ----------
    name : str
        The model's name.
    model : SegmentModel
        The model.
    customers : Customers
        The later customers.
    thresholds : DriftThresholds
        When a difference counted.
    drift : Drift
        The differences.
    migration : Migration or None
        The moves of known customers between segments; None where no customer is known.
    names : mapping of str to str
        Names of the segments by id, those of the previous model too; "" is noise.
    """

    name: str
    model: SegmentModel
    customers: Customers
    thresholds: DriftThresholds
    drift: Drift
    migration: Migration | None
    names: Mapping[str, str]

    def metrics(self) -> dict[str, float]:
        """The figures by name, for a run."""
        return {**self.drift.metrics(), **(self.migration.metrics() if self.migration else {})}

    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables by name, as they are to be stored: all of them with columns only."""
        found = self.drift
        tables = {
            "segments": found.segments.reset_index(),
            "features": found.features.reset_index(),
            "distance": found.distance.reset_index(),
            "far": found.far.reset_index(),
            "reasons": pd.DataFrame([asdict(reason) for reason in found.reasons]),
        }
        return {**tables, "migration": self.migration.flows} if self.migration else tables

    def record(self) -> dict[str, Any]:
        """The result as plain values, for JSON."""
        found, migration = self.drift, self.migration
        return {
            "verdict": found.verdict,
            "sentence": found.sentence,
            "reasons": [asdict(reason) for reason in found.reasons],
            "data": self.customers.name,
            "fingerprint": self.customers.fingerprint,
            "n_customers": found.customers,
            "trained_on": found.trained_on,
            "sees": found.detectable_shift,
            "metrics": found.metrics(),
            "segments": _rows(found.segments.reset_index()),
            "features": _rows(found.features.reset_index()),
            "structure": found.structure and found.structure.verdict,
            "migration": migration and {**migration.metrics(), "flows": _rows(migration.flows)},
        }


def monitor(
    model: SegmentModel,
    reference: Reference,
    customers: Customers,
    thresholds: DriftThresholds | None = None,
    *,
    name: str = "the model",
    trained: str | None = None,
    before: pd.Series | None = None,
    previous: SegmentModel | None = None,
    value: str | None = None,
    structure: bool = True,
    seed: int = 0,
) -> MonitoringResult:
    """Compare later customers with those that a model was trained on, and follow the customers known before.

    Parameters
    ----------
    model : SegmentModel
        The model.
    reference : Reference
        The summary of its training customers.
    customers : Customers
        The later customers.
    thresholds : DriftThresholds, optional
        When a difference counts; the defaults otherwise.
    name : str
        The model's name.
    trained : {"natural", "reproducible", "constructive"}, optional
        The verdict on the training customers, where it is known.
    before : Series, optional
        Customer id -> id of the segment before. Without it, or where the customers have no ids, no moves are counted.
    previous : SegmentModel, optional
        The model that gave them these segments, where it was another one.
    value : str, optional
        The column with the value of a customer.
    structure : bool, default=True
        Whether to test also if the customers form segments.
    seed : int, default=0
        Of the random draws.

    Returns
    -------
    MonitoringResult

    Raises
    ------
    InputError
        If there are no customers, a column that the model reads is missing, or `value` is no numeric column.
    """
    thresholds, table = thresholds or DriftThresholds(), customers.table
    values = _values(table, value)
    found = drift(reference, model, table, thresholds, trained, structure, seed)
    migration = None
    if before is not None and table.index.name != ROW:
        now = model.assign(table)["segment_id"]
        between = previous.assign(table)["segment_id"] if previous else None
        migration = migrate(before, now, between, values, [segment.id for segment in model.segments])
    if migration is not None and not migration.known:
        migration = None
    names = {**(_names(previous) if previous else {}), **_names(model)}
    return MonitoringResult(name, model, customers, thresholds, found, migration, names)


def _values(table: pd.DataFrame, column: str | None) -> pd.Series | None:
    if column is None:
        return None
    numeric = [str(c) for c in table.select_dtypes("number").columns]
    if column not in numeric:
        raise InputError(f"value={column} is no column of numbers; {nearest(column, numeric)}")
    return table[column]


def _names(model: SegmentModel) -> dict[str, str]:
    return dict(zip(*model.labels(), strict=True))


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    # JSON has no NaN.
    return [
        {key: None if isinstance(v, float) and np.isnan(v) else v for key, v in row.items()}
        for row in table.to_dict("records")
    ]
