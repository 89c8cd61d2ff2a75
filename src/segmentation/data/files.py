"""Open a CSV, TSV or Parquet file as it is, or say in one sentence why that cannot be done."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from segmentation.data.customers import Finding
from segmentation.errors import InputError, nearest

SEPARATORS = (",", ";", "\t", "|")
SPELLED_SEPARATORS = {"tab": "\t", "\\t": "\t"}
NOT_TEXT = {b"PK\x03\x04": "an Excel workbook or a zip archive", b"\x1f\x8b": "compressed"}


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
    if data[:4] == b"PAR1" or file.suffix.lower() in {".parquet", ".pq"}:
        raw = RawTable(_parse_parquet(data, file), str(file))
    else:
        text, findings = _decode(data, file)
        raw = RawTable(_parse_text(text, separator, file), str(file), findings)
    if raw.frame.empty:
        raise InputError(f"{file} has a header but no rows.")
    raw.frame.index = pd.RangeIndex(1, len(raw.frame) + 1)
    return raw


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
        raise InputError(f"{file} is not a readable Parquet file ({str(error).splitlines()[0]}).") from None
    if frame.index.name is not None or frame.index.nlevels > 1:
        frame = frame.reset_index()
    frame.columns = _headers(frame.columns, file)
    kinds = pd.api.types
    as_they_are = {
        column: kinds.is_datetime64_any_dtype(kind)
        or (kinds.is_numeric_dtype(kind) and not kinds.is_bool_dtype(kind))
        for column, kind in frame.dtypes.items()
    }
    return frame.astype({column: "str" for column, kept in as_they_are.items() if not kept})


def _decode(data: bytes, file: Path) -> tuple[str, tuple[Finding, ...]]:
    for magic, what in NOT_TEXT.items():
        if data.startswith(magic):
            raise InputError(f"{file} is {what}; save it as CSV, TSV or Parquet.")
    # Excel's "Unicode text" is UTF-16 and says so in its first two bytes.
    encoding = "utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        return data.decode(encoding), ()
    except UnicodeDecodeError:
        pass
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{file} is neither UTF-8 nor Windows-1252 text (byte {error.start + 1} is undecodable)."
        ) from None
    if "\0" in text:
        raise InputError(f"{file} is not text; valid is a CSV, TSV or Parquet file.")
    count = len(text) - len(text.encode("ascii", "ignore"))
    message = f"The file is not UTF-8; read it as Windows-1252 (special characters: {count})."
    return text, (Finding("encoding", None, count, "repaired", message),)


def _parse_text(text: str, separator: str | None, file: Path) -> pd.DataFrame:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    separator = _sniff(text) if separator is None else SPELLED_SEPARATORS.get(separator, separator)
    if len(separator) != 1:
        raise InputError(f"data.separator is {separator!r}; valid is one character, or null to look for it.")
    n_columns = len(_first_rows(text, separator, 1)[0])
    _refuse_open_quote(text, separator, file)
    names = [str(position) for position in range(n_columns)]
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(text.encode()),
            read_options=arrow_csv.ReadOptions(column_names=names),
            parse_options=arrow_csv.ParseOptions(delimiter=separator, newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
        )
    except pa.ArrowInvalid as error:
        raise InputError(f"{file} is not a table: {_first_ragged(text, separator) or error}.") from None
    frame = table.slice(1).to_pandas()
    frame.columns = _headers([column[0].as_py() for column in table.columns], file)
    return frame


def _first_rows(text: str, separator: str, n_rows: int) -> list[list[str]]:
    """Split the first rows; always at least one."""
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            if row:
                rows.append(row)
            if len(rows) == n_rows:
                break
    except csv.Error:  # a cell beyond csv's limit: whoever parses the whole file says so
        pass
    return rows or [[text]]


def _sniff(text: str) -> str:
    """Choose the separator that splits most of the first rows into as many cells as the header."""

    def score(separator: str) -> tuple[float, int]:
        header, *rows = _first_rows(text, separator, 21)
        alike = sum(len(row) == len(header) for row in rows) / len(rows) if rows else 1.0
        return alike * (len(header) > 1), len(header)

    return max(SEPARATORS, key=score)


def _refuse_open_quote(text: str, separator: str, file: Path) -> None:
    # An unclosed quote swallows the rest of the file into one cell, without any other sign.
    if text.count('"') % 2 == 0:
        return
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 0
    try:
        for _ in reader:
            line = reader.line_num
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            raise InputError(
                f"{file} has a quote that is not closed, in the row from line {line + 1}."
            ) from None


def _first_ragged(text: str, separator: str) -> str:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    expected = 0
    try:
        for row in reader:
            expected = expected or len(row)
            if row and len(row) != expected:
                return f"line {reader.line_num} has {len(row)} cells, but the header has {expected}"
    except csv.Error:
        pass
    return ""


def _headers(columns: Iterable[object], file: Path) -> pd.Index:
    # Nameless columns are called as pandas calls them; a saved index is the usual one.
    names = [str(name).strip() or f"Unnamed: {position}" for position, name in enumerate(columns)]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise InputError(f"{file} has more than one column '{min(twice)}'; valid are different headers.")
    return pd.Index(names)
