"""Open a CSV, TSV or Parquet file as it is, or say in one sentence why that cannot be done."""

import codecs
import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import pandas as pd

from segmentation.data.customers import Finding
from segmentation.errors import InputError, nearest

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import parquet

Opener = Callable[[], BinaryIO]
"""Opens a file, or what was read of it, from its beginning."""
SEPARATORS = (",", ";", "\t", "|")
SPELLED_SEPARATORS = {"tab": "\t", "\\t": "\t"}
PARQUET = (".parquet", ".pq")
BATCH_ROWS = 262_144
LARGE_TEXT = 64 * 2**20
"""Bytes of a text file up to which it is read whole, and a batch is a part of it."""
BLOCK = 8 * 2**20
# Excel's "Unicode text" is UTF-16 and says so in its first two bytes.
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
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

    def opener() -> BinaryIO:
        return io.BytesIO(data)

    if data[:4] == b"PAR1" or file.suffix.lower() in PARQUET:
        (raw,) = _parquet_parts(opener, file, whole=True)
    else:
        (raw,) = _text_parts(opener, file, separator, whole=True)
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
        yield from _parquet_parts(lambda: file.open("rb"), file)
    elif is_large and file.suffix.lower() not in PARQUET:
        yield from _text_parts(lambda: file.open("rb"), file, separator)
    else:
        raw = open_table(file, separator)
        for start in range(0, len(raw.frame), BATCH_ROWS):
            yield RawTable(raw.frame[start : start + BATCH_ROWS].copy(), raw.where, raw.findings)


def _parquet_parts(opener: Opener, file: Path, whole: bool = False) -> Iterator[RawTable]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with opener() as stream, parquet.ParquetFile(stream) as opened:
            numbers, n_rows = _noted_index(opened), 0
            batches = (pa.Table.from_batches([batch]) for batch in opened.iter_batches(BATCH_ROWS))
            for table in [opened.read()] if whole else batches:
                frame = table.to_pandas(split_blocks=True)
                if numbers is not None:
                    frame.index = numbers[n_rows : n_rows + len(frame)]
                    n_rows += len(frame)
                if frame.index.name is not None or frame.index.nlevels > 1:
                    frame = frame.reset_index()
                yield RawTable(_tidy(frame, file), str(file))
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{file} is not a readable Parquet file ({reason}).") from None


def _noted_index(opened: "parquet.ParquetFile") -> pd.RangeIndex | None:
    """An index of numbers in a row, which pandas does not store but notes; a part of the rows would lose it."""
    notes = (opened.schema_arrow.pandas_metadata or {}).get("index_columns", [])
    if len(notes) != 1 or not isinstance(notes[0], dict):
        return None
    numbers = pd.RangeIndex(notes[0]["start"], notes[0]["stop"], notes[0]["step"], name=notes[0]["name"])
    return numbers if len(numbers) == opened.metadata.num_rows else None


def _text_parts(opener: Opener, file: Path, separator: str | None, whole: bool = False) -> Iterator[RawTable]:
    import pyarrow as pa

    encoding, quotes, findings = _scan(opener, file)

    def opened() -> io.TextIOWrapper:
        return io.TextIOWrapper(opener(), encoding, newline="")

    with opened() as lines:
        head = lines.read(BLOCK)
    if len(head) == BLOCK:
        head = head[: head.rfind("\n") + 1] or head
    separator = _separator(separator, head)
    if quotes % 2:
        with opened() as lines:
            _refuse_open_quote(lines, separator, file)
    headers = None
    try:
        for table in _arrow_tables(opener, encoding, head, separator, whole):
            if headers is None:
                if not table.num_rows:
                    raise InputError(f"{file} is empty.")
                headers = _headers([column[0].as_py() for column in table.columns], file)
                table = table.slice(1)  # noqa: PLW2901
            yield RawTable(table.to_pandas().set_axis(headers, axis=1), str(file), findings)
    except pa.ArrowInvalid as error:
        with opened() as lines:
            raise InputError(f"{file} is not a table: {_first_ragged(lines, separator) or error}.") from None


def _arrow_tables(
    opener: Opener, encoding: str, head: str, separator: str, whole: bool
) -> Iterator["pa.Table"]:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    # Numbers for names, as the header is a row like any other, and every cell as text.
    names = [str(position) for position in range(len(_first_rows(head, separator, 1)[0]))]
    options: dict[str, Any] = {
        "read_options": arrow_csv.ReadOptions(column_names=names, block_size=BLOCK, encoding=encoding),
        "parse_options": arrow_csv.ParseOptions(delimiter=separator, newlines_in_values=True),
        "convert_options": arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
    }
    with opener() as stream:
        if whole:
            yield arrow_csv.read_csv(stream, **options)
        else:
            with arrow_csv.open_csv(stream, **options) as batches:
                yield from (pa.Table.from_batches([batch]) for batch in batches)


def _scan(opener: Opener, file: Path) -> tuple[str, int, tuple[Finding, ...]]:
    """The encoding of a text, how many quotes are in it, and what is to be said of the encoding."""
    with opener() as stream:
        head = stream.read(4)
        for magic, what in NOT_TEXT.items():
            if head.startswith(magic):
                raise InputError(f"{file} is {what}; save it as CSV, TSV or Parquet.")
        encoding = "utf-16" if head[:2] in UTF_16 else "utf-8-sig"
        try:
            return encoding, sum(text.count('"') for text in _decoded(stream, encoding)), ()
        except UnicodeDecodeError:
            pass
        quotes = special = 0
        try:
            for text in _decoded(stream, "cp1252"):
                if "\0" in text:
                    raise InputError(f"{file} is not text; valid is a CSV, TSV or Parquet file.")
                quotes += text.count('"')
                special += len(text) - len(text.encode("ascii", "ignore"))
        except UnicodeDecodeError as error:
            byte = stream.tell() - len(error.object) + error.start + 1
            raise InputError(
                f"{file} is neither UTF-8 nor Windows-1252 text (byte {byte} is undecodable)."
            ) from None
    message = f"The file is not UTF-8; read it as Windows-1252 (special characters: {special})."
    return "cp1252", quotes, (Finding("encoding", None, special, "repaired", message),)


def _decoded(stream: BinaryIO, encoding: str) -> Iterator[str]:
    stream.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    while block := stream.read(BLOCK):
        yield decoder.decode(block)
    yield decoder.decode(b"", final=True)


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


def _tidy(frame: pd.DataFrame, file: Path) -> pd.DataFrame:
    frame.columns = _headers(frame.columns, file)
    kinds = pd.api.types
    as_they_are = {
        column: kinds.is_datetime64_any_dtype(kind)
        or (kinds.is_numeric_dtype(kind) and not kinds.is_bool_dtype(kind))
        for column, kind in frame.dtypes.items()
    }
    return frame.astype({column: "str" for column, kept in as_they_are.items() if not kept})


def _separator(given: str | None, text: str) -> str:
    separator = _sniff(text) if given is None else SPELLED_SEPARATORS.get(given, given)
    if len(separator) != 1:
        raise InputError(f"data.separator is {separator!r}; valid is one character, or null to look for it.")
    return separator


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


def _refuse_open_quote(lines: Iterable[str], separator: str, file: Path) -> None:
    # An unclosed quote swallows the rest of the file into one cell, without any other sign.
    reader = csv.reader(lines, delimiter=separator, strict=True)
    line = 0
    try:
        for _ in reader:
            line = reader.line_num
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            raise InputError(
                f"{file} has a quote that is not closed, in the row from line {line + 1}."
            ) from None


def _first_ragged(lines: Iterable[str], separator: str) -> str:
    reader = csv.reader(lines, delimiter=separator)
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
