"""Scoring of any number of customers, batch by batch, into one file that is written completely or not at all."""

import os
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv, parquet
from threadpoolctl import threadpool_limits

from segmentation.errors import InputError
from segmentation.serving._model import SegmentModel

SUFFIXES = (".csv", ".parquet")
WORKERS = 2
_NAMES = pa.dictionary(pa.int32(), pa.string())
_TYPES = {
    "segment_id": _NAMES,
    "segment_name": _NAMES,
    "segment": pa.int64(),
    "distance": pa.float64(),
    "margin": pa.float64(),
    "outside": pa.bool_(),
    "outside_reason": _NAMES,
    "probability": pa.float64(),
}


@dataclass(frozen=True)
class Scored:
    """The result of scoring.

    Attributes
    ----------
    rows : int
        Customers scored.
    segments : dict of int to int
        Segment -> customers in it, by number; -1 is noise.
    outside : int
        Customers outside those that the model was trained on.
    """

    rows: int
    segments: dict[int, int]
    outside: int


class _TextIdsError(Exception):
    """The ids of a later batch are text, those of earlier ones were numbers."""


def score(
    model: SegmentModel,
    read: Callable[[], Iterable[pd.DataFrame]],
    output: Path,
    on_rows: Callable[[int], None] = lambda rows: None,
) -> Scored:
    """Assign customers to segments and write the result to a file.

    Batches are computed on two threads, while the next is read and the last is written. The file has another name
    until it is complete; what is interrupted leaves nothing under the final name.

    Parameters
    ----------
    model : SegmentModel
        Whose segments.
    read : callable
        Gives the batches, tables of customers indexed by id. It is called again where ids turn out to be text after
        all, since a Parquet column has one type.
    output : Path
        A file that ends in .csv or .parquet. Its columns: the id; segment_id, segment_name, segment, distance, margin,
        outside, outside_reason and (mixtures) probability, as `SegmentModel.assign` gives them.
    on_rows : callable
        Told how many customers were written, after each batch.

    Returns
    -------
    Scored

    Raises
    ------
    InputError
        If the output cannot be written, or the customers lack what the model needs.
    """
    require_suffix(output)
    with _complete_or_not(output) as partial:
        try:
            return _write(model, read(), partial, output.suffix, on_rows, text_ids=False)
        except _TextIdsError:
            return _write(model, read(), partial, output.suffix, lambda rows: None, text_ids=True)


def require_suffix(output: Path) -> None:
    """Refuse an output of another kind than CSV or Parquet."""
    if output.suffix not in SUFFIXES:
        raise InputError(f"output={output}; valid are files that end in {' or '.join(SUFFIXES)}.")


@contextmanager
def _complete_or_not(output: Path) -> Iterator[Path]:
    # Readers never see a file that is written in part.
    partial = output.with_name(f".{output.name}.{os.getpid()}.partial")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield partial
            partial.replace(output)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"output={output} cannot be written ({error}).") from error


def _write(
    model: SegmentModel,
    batches: Iterable[pd.DataFrame],
    path: Path,
    suffix: str,
    on_rows: Callable[[int], None],
    text_ids: bool,
) -> Scored:
    counts: Counter[int] = Counter()
    outside = 0
    writer: Any = None
    try:
        for table, segments, n_outside in _scored(model, batches, text_ids):
            if writer is None:
                writer = _open(path, suffix, table.schema)
            elif table.schema != writer.schema:
                raise _TextIdsError
            writer.write(table)
            counts.update(segments)
            outside += n_outside
            on_rows(table.num_rows)
    finally:
        if writer is not None:
            writer.close()
    return Scored(counts.total(), dict(sorted(counts.items())), outside)


def _scored(
    model: SegmentModel, batches: Iterable[pd.DataFrame], text_ids: bool
) -> Iterator[tuple[pa.Table, dict[int, int], int]]:
    """Assign batches in their order, a few of them in parallel."""
    waiting: deque[Future[tuple[pa.Table, dict[int, int], int]]] = deque()

    # Two threads that each take all cores for a matrix product slow each other down.
    with (
        threadpool_limits(1),
        ThreadPoolExecutor(WORKERS, initializer=threadpool_limits, initargs=(1,)) as pool,
    ):
        try:
            for batch in batches:
                waiting.append(pool.submit(_answer, model, batch, text_ids))
                if len(waiting) > WORKERS:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _answer(model: SegmentModel, batch: pd.DataFrame, text_ids: bool) -> tuple[pa.Table, dict[int, int], int]:
    found = model.measure(batch)
    ids, names = model.labels()
    # Noise, number -1, is the last of the names.
    number = np.where(found.segment < 0, len(ids) - 1, found.segment).astype(np.int32)
    outside = np.zeros(len(batch), dtype=bool)
    reason = np.zeros(len(batch), dtype=np.int32)
    rows = list(found.reasons)
    outside[rows] = True
    reason[rows] = np.arange(1, len(rows) + 1, dtype=np.int32)
    columns = {
        "segment_id": pa.DictionaryArray.from_arrays(number, pa.array(ids, pa.string())),
        "segment_name": pa.DictionaryArray.from_arrays(number, pa.array(names, pa.string())),
        "segment": found.segment,
        "distance": found.distance,
        "margin": found.margin,
        "outside": outside,
        "outside_reason": pa.DictionaryArray.from_arrays(
            reason, pa.array(["", *found.reasons.values()], pa.string())
        ),
    }
    if found.probability is not None:
        columns["probability"] = found.probability
    name = str(batch.index.name)
    if name in columns:
        raise InputError(
            f"The id column '{name}' has the name of a result; valid are names other than {', '.join(columns)}."
        )
    id_column = _ids(batch.index, text_ids)
    schema = pa.schema(
        [(name, id_column.type), *((column, _TYPES[column]) for column in columns)],
        _pandas_notes(name, id_column.type),
    )
    counts = np.bincount(number, minlength=len(ids)).tolist()
    segments = {n if n < len(ids) - 1 else -1: count for n, count in enumerate(counts) if count}
    return pa.table([id_column, *columns.values()], schema=schema), segments, len(rows)


def _ids(index: pd.Index, text: bool) -> pa.Array:
    if text or not pd.api.types.is_integer_dtype(index.dtype):
        return pa.array(index.astype("str"), pa.string())
    return pa.array(index, pa.int64())


def _pandas_notes(name: str, kind: pa.DataType) -> dict[bytes, bytes]:
    """What tells pandas that the id is the index."""
    ids = pd.Index([], name=name, dtype="int64" if kind == pa.int64() else "str")
    empty = pd.DataFrame(index=ids, columns=pd.Index([], dtype="str"))
    notes: dict[bytes, bytes] = pa.Schema.from_pandas(empty).metadata
    return notes


class _CsvFile:
    """Writes text where Parquet refers to a list of texts."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.schema = schema
        self._plain = pa.schema([(f.name, pa.string() if f.type == _NAMES else f.type) for f in schema])
        self._writer = csv.CSVWriter(path, self._plain)

    def write(self, table: pa.Table) -> None:
        self._writer.write_table(table.cast(self._plain))

    def close(self) -> None:
        self._writer.close()


def _open(path: Path, suffix: str, schema: pa.Schema) -> Any:
    if suffix == ".csv":
        return _CsvFile(path, schema)
    # Distances hardly repeat, so dictionaries, compression and statistics would cost time and save nothing. Without
    # Arrow's own schema readers see text, not categories.
    listed = ["segment", *(f.name for f in schema if f.type == _NAMES)]
    writer = parquet.ParquetWriter(
        path,
        schema,
        use_dictionary=listed,
        compression={f.name: "none" if f.type == pa.float64() else "snappy" for f in schema},
        write_statistics=[schema.names[0], "segment"],
        store_schema=False,
    )
    writer.add_key_value_metadata(schema.metadata)
    return writer
