"""Open a CSV, TSV or Parquet file as it is, or say in one sentence why that cannot be done."""

import io
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from segmentation.data.customers import Finding
from segmentation.data.delimited import decode, headers, parse_text, text_batches
from segmentation.errors import InputError, nearest

PARQUET = (".parquet", ".pq")
BATCH_ROWS = 262_144
LARGE_TEXT = 64 * 2**20
"""Bytes of a text file up to which it is read whole, and a batch is a part of it."""


@dataclass(frozen=True)
class RawTable:
    """A file as it is: cells are numbers or times (Parquet), or text.

    Attributes
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        Rows in file order, numbered 1, 2, ...; headers stripped.
    where : str
        The path, for messages.
    findings : tuple of Finding
        What had to be repaired to read it.
    """

    frame: pd.DataFrame
    where: str
    findings: tuple[Finding, ...] = ()


class CustomersFile(ABC):
    """A file with one row a customer; the subclass says what its columns are."""

    separator: str | None = None

    def read_new(self, path: str | Path) -> pd.DataFrame:
        """Read new customers, every row in file order.

        Parameters
        ----------
        path : str or Path
            A file like the one learned from; columns may lack if the model does not need them.

        Returns
        -------
        DataFrame of shape (n_rows, n_columns)
            Indexed by id (missing and repeated ids allowed), or by row number.

        Raises
        ------
        InputError
            If the file cannot be read, has none of the columns, or text in one of numbers or dates.
        """
        return self.read_records(open_table(path, self.separator))

    def read_batches(self, path: str | Path) -> Iterator[pd.DataFrame]:
        """Read new customers as `read_new` does, some rows at a time.

        Parameters
        ----------
        path : str or Path
            A file of any size; or a folder or pattern of Parquet files.

        Yields
        ------
        DataFrame of shape (n_rows, n_columns)
            The next rows, in the order of the files.
        """
        return map(self.read_records, open_batches(path, self.separator))

    @abstractmethod
    def read_records(self, raw: RawTable) -> pd.DataFrame:
        """Read new customers from a table of raw cells, as `read_new` does."""


def open_table(path: str | Path, separator: str | None = None) -> RawTable:
    """Open a table of customers or transactions.

    Parameters
    ----------
    path : str or Path
        CSV, TSV or Parquet; told by content, then by suffix.
    separator : str or None
        One character between the cells of a CSV; None looks which of ``, ; tab |`` it is.

    Returns
    -------
    RawTable
        At least one row; text cells are not stripped, and none is missing in a CSV.

    Raises
    ------
    InputError
        If there is no such file, or it is not such a table.
    """
    file = Path(path).expanduser()
    data = _read_bytes(file)
    if data[:4] == b"PAR1" or file.suffix.lower() in PARQUET:
        raw = RawTable(_parse_parquet(data, file), str(file))
    else:
        text, findings = decode(data, file)
        raw = RawTable(parse_text(text, separator, file), str(file), findings)
    if raw.frame.empty:
        raise InputError(f"{file} has a header but no rows.")
    raw.frame.index = pd.RangeIndex(1, len(raw.frame) + 1)
    return raw


def open_batches(path: str | Path, separator: str | None = None) -> Iterator[RawTable]:
    """Open a table of any size, some rows at a time, in memory that does not grow with it.

    Parameters
    ----------
    path : str or Path
        A file as for `open_table`; a folder, of which all Parquet files are read; or a pattern such as
        ``new/*.parquet``. Files come in the order of their names.
    separator : str or None
        As for `open_table`.

    Yields
    ------
    RawTable
        The next rows; they are numbered through all files.

    Raises
    ------
    InputError
        As `open_table` does, where it gets there.
    """
    n_rows = 0
    for file in _files(path):
        for raw in _batches(file, separator):
            raw.frame.index = pd.RangeIndex(n_rows + 1, n_rows + len(raw.frame) + 1)
            n_rows += len(raw.frame)
            yield raw


def count_rows(path: str | Path) -> int | None:
    """How many rows `open_batches` will give, where files say so: Parquet does, text does not."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return sum(parquet.read_metadata(file).num_rows for file in _files(path))
    except (pa.ArrowException, OSError):
        return None


def _files(path: str | Path) -> list[Path]:
    place = Path(path).expanduser()
    if place.is_dir():
        # Names with a dot or underscore in front are notes of the program that wrote the folder.
        found = [
            file
            for file in place.rglob("*")
            if file.suffix.lower() in PARQUET and not file.name.startswith((".", "_"))
        ]
        if not found:
            raise InputError(
                f"The folder {place} holds no Parquet file; valid are files that end in .parquet."
            )
        return sorted(found)
    if place.exists() or not set("*?[") & set(str(place)):
        return [place]
    root = Path(place.anchor)
    matched = [file for file in root.glob(str(place.relative_to(root))) if file.is_file()]
    if not matched:
        raise InputError(f"No file matches {place}.")
    return sorted(matched)


def _batches(file: Path, separator: str | None) -> Iterator[RawTable]:
    try:
        with file.open("rb") as opened:
            is_parquet = opened.read(4) == b"PAR1"
            is_large = file.stat().st_size > LARGE_TEXT
    except OSError:
        _read_bytes(file)  # which says what is wrong
        raise
    if is_parquet:
        yield from _parquet_batches(file)
    elif is_large and file.suffix.lower() not in PARQUET:
        for frame in text_batches(file, separator):
            yield RawTable(frame, str(file))
    else:
        raw = open_table(file, separator)
        for start in range(0, len(raw.frame), BATCH_ROWS):
            yield RawTable(raw.frame[start : start + BATCH_ROWS].copy(), raw.where, raw.findings)


def _parquet_batches(file: Path) -> Iterator[RawTable]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(file) as opened:
            for batch in opened.iter_batches(BATCH_ROWS):
                frame = pa.Table.from_batches([batch]).to_pandas(ignore_metadata=True, split_blocks=True)
                unnamed = [c for c in frame.columns if re.fullmatch(r"__index_level_\d+__", str(c))]
                yield RawTable(_tidy(frame.drop(columns=unnamed), file), str(file))
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(error, file) from None


def closest_header(name: str, headers: Iterable[str]) -> str:
    """Say which header was probably meant, else which there are."""
    headers = list(headers)
    tail = nearest(name, headers)
    return tail if tail.startswith("did you mean") else f"its columns are: {', '.join(headers)}"


def _read_bytes(file: Path) -> bytes:
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        raise InputError(f"There is no file {file}{_neighbour(file)}.") from None
    except IsADirectoryError:
        raise InputError(f"{file} is a folder; valid is a CSV, TSV or Parquet file.") from None
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror or error}.") from None
    if not data.strip():
        raise InputError(f"{file} is empty.")
    return data


def _neighbour(file: Path) -> str:
    try:
        names = [other.name for other in file.parent.iterdir() if other.is_file()]
    except OSError:
        return f", nor a readable folder {file.parent}"
    tail = nearest(file.name, names)
    return f"; {tail.removesuffix('?')}" if tail.startswith("did you mean") else ""


def _parse_parquet(data: bytes, file: Path) -> pd.DataFrame:
    import pyarrow as pa

    try:
        frame = pd.read_parquet(io.BytesIO(data))
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(error, file) from None
    if frame.index.name is not None or frame.index.nlevels > 1:
        frame = frame.reset_index()
    return _tidy(frame, file)


def _unreadable(error: Exception, file: Path) -> InputError:
    return InputError(f"{file} is not a readable Parquet file ({str(error).splitlines()[0]}).")


def _tidy(frame: pd.DataFrame, file: Path) -> pd.DataFrame:
    frame.columns = headers(frame.columns, file)
    kinds = pd.api.types
    as_they_are = {
        column: kinds.is_datetime64_any_dtype(kind)
        or (kinds.is_numeric_dtype(kind) and not kinds.is_bool_dtype(kind))
        for column, kind in frame.dtypes.items()
    }
    return frame.astype({column: "str" for column, kept in as_they_are.items() if not kept})
