"""Put records into segments, one micro-batch after another."""

import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from types import FrameType
from typing import Any

import pandas as pd

from segmentation.data.customers import ROW
from segmentation.data.files import RawTable, closest_header
from segmentation.errors import InputError
from segmentation.serving import SegmentModel
from segmentation.streaming._sources import STANDARD_INPUT, MicroBatch, Source
from segmentation.streaming._state import AssignedRecord, BatchResult, Counts, StreamState


@dataclass(frozen=True, eq=False)
class ServedModel:
    """A model and the reader that turns records into the customers it was trained on.

    Attributes
    ----------
    model : SegmentModel
        The model.
    version : str
        Its version, as results name it.
    read : callable
        Takes raw records and returns customers indexed by id, one for each record, in the same order.
    """

    model: SegmentModel
    version: str
    read: Callable[[RawTable], pd.DataFrame]


def stream(
    source: Source,
    state: StreamState,
    served: Callable[[], ServedModel],
    stop: Callable[[], bool] = lambda: False,
    wait: float = 1.0,
    on_batch: Callable[[Counts], None] = lambda counts: None,
) -> None:
    """Put records into segments until there are no more, or until `stop` says so.

    Parameters
    ----------
    source : Source
        Where the records come from; it must have been made with the same state.
    state : StreamState
        What is processed already, and where results go.
    served : callable
        Returns the model; it is called for each micro-batch.
    stop : callable
        Called between micro-batches; the stream ends where it returns True.
    wait : float, default=1.0
        Seconds to wait for records where there are none.
    on_batch : callable
        Called with its counts after each micro-batch.
    """
    while not stop():
        batch = source.take(wait, stop)
        if batch is not None:
            on_batch(state.write(assign_records(batch, served())))
        elif source.exhausted:
            return


@contextmanager
def stop_on_signals(asked: Event) -> Iterator[None]:
    """Set an event at the first SIGINT or SIGTERM, so that a stream ends after its micro-batch; raise at the second."""

    def stop(signum: int, frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def assign_records(batch: MicroBatch, served: ServedModel) -> BatchResult:
    """Give each record of a micro-batch its segment, or the reason why it has none."""
    where = "standard input" if batch.name == STANDARD_INPUT else batch.name
    rejected = dict(batch.rejected)
    rows = [row for table in batch.tables for row in _rows(table, where, served, rejected)]
    numbers = sorted(rejected, key=lambda number: -1 if number is None else number)
    return BatchResult(
        batch.name,
        batch.position,
        served.version,
        sorted(rows, key=lambda row: row.number),
        {number: rejected[number] for number in numbers},
    )


def _rows(
    table: pd.DataFrame, where: str, served: ServedModel, rejected: dict[int | None, tuple[str, Any]]
) -> list[AssignedRecord]:
    """Assign the records of a table; those that cannot be are added to `rejected`."""
    try:
        customers = served.read(RawTable(table, where))
        _require_ids(customers, where)
        found = served.model.assign(customers)
    except InputError as error:
        # Where no column is at fault, single records are: halving the table finds them.
        why = _trouble_with_columns(table, where, served) or (str(error) if len(table) == 1 else "")
        if not why:
            half = len(table) // 2
            return [
                row for part in (table[:half], table[half:]) for row in _rows(part, where, served, rejected)
            ]
        rejected.update({int(n): (why, what) for n, what in zip(table.index, _plain(table), strict=True)})
        return []
    named = customers.index.notna()
    why = f"{where} has no id in column '{customers.index.name}' here."
    nameless = table[~named]
    rejected.update({int(n): (why, what) for n, what in zip(nameless.index, _plain(nameless), strict=True)})
    found, customers = found[named], customers[named]
    ids = [_id(value) for value in customers.index]
    return [
        AssignedRecord(int(number), {"customer": customer, **answer}, record)
        for number, customer, answer, record in zip(
            table.index[named], ids, _plain(found), _plain(customers), strict=True
        )
    ]


def _trouble_with_columns(table: pd.DataFrame, where: str, served: ServedModel) -> str:
    try:
        customers = served.read(RawTable(table.iloc[:0], where))
        _require_ids(customers, where)
    except InputError as error:
        return str(error)
    absent = [column for column in served.model.features.columns_ if column not in customers]
    return (
        f"{where} has no column '{absent[0]}'; {closest_header(absent[0], table.columns)}" if absent else ""
    )


def _require_ids(customers: pd.DataFrame, where: str) -> None:
    if customers.index.name == ROW:
        raise InputError(f"{where} has no column of customer ids, so that customers cannot be recognized.")


def _id(value: Any) -> str:
    """An id as text; 7 and 7.0 are the same id."""
    return re.sub(r"^(-?\d+)\.0+$", r"\1", str(value))


def _plain(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as values that JSON can hold; missing values are None."""
    columns = {
        str(c): [None if gone else v for v, gone in zip(_values(table[c]), table[c].isna(), strict=True)]
        for c in table
    }
    return [{column: values[row] for column, values in columns.items()} for row in range(len(table))]


def _values(column: pd.Series) -> list[Any]:
    json_knows = pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)
    return column.tolist() if json_knows else column.astype("str").tolist()
