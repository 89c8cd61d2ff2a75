"""Text files with separators between the cells: CSV and TSV."""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from segmentation.data.customers import Finding
from segmentation.errors import InputError

SEPARATORS = (",", ";", "\t", "|")
SPELLED_SEPARATORS = {"tab": "\t", "\\t": "\t"}
BLOCK = 8 * 2**20
# Excel's "Unicode text" is UTF-16 and says so in its first two bytes.
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
NOT_TEXT = {b"PK\x03\x04": "an Excel workbook or a zip archive", b"\x1f\x8b": "compressed"}


def parse_text(text: str, separator: str | None, file: Path) -> pd.DataFrame:
    """Split a text that is held in memory into cells, all of them text."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    separator = _separator(separator, text)
    if text.count('"') % 2:
        _refuse_open_quote(io.StringIO(text, newline=""), separator, file)
    names, options = _arrow_options(text, separator)
    reading = arrow_csv.ReadOptions(column_names=names)
    try:
        table = arrow_csv.read_csv(pa.BufferReader(text.encode()), read_options=reading, **options)
    except pa.ArrowInvalid as error:
        reason = _first_ragged(io.StringIO(text, newline=""), separator) or error
        raise InputError(f"{file} is not a table: {reason}.") from None
    frame = table.slice(1).to_pandas()
    frame.columns = headers([column[0].as_py() for column in table.columns], file)
    return frame


def text_batches(file: Path, separator: str | None) -> Iterator[pd.DataFrame]:
    """Split a file of any size into cells, some rows at a time."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    encoding, quotes = _scan(file)
    with file.open(encoding=encoding, newline="") as lines:
        head = lines.read(BLOCK).rpartition("\n")[0]
    separator = _separator(separator, head)
    if quotes % 2:
        with file.open(encoding=encoding, newline="") as lines:
            _refuse_open_quote(lines, separator, file)
    names, options = _arrow_options(head, separator)
    reading = arrow_csv.ReadOptions(column_names=names, block_size=BLOCK, encoding=encoding)
    named = None
    try:
        with arrow_csv.open_csv(file, read_options=reading, **options) as batches:
            for batch in batches:
                if named is None:
                    named = headers([column[0].as_py() for column in batch.columns], file)
                    batch = batch.slice(1)  # noqa: PLW2901
                yield batch.to_pandas().set_axis(named, axis=1)
    except pa.ArrowInvalid as error:
        with file.open(encoding=encoding, newline="") as lines:
            raise InputError(f"{file} is not a table: {_first_ragged(lines, separator) or error}.") from None


def decode(data: bytes, file: Path) -> tuple[str, tuple[Finding, ...]]:
    """Text from bytes, and what was repaired to read it."""
    _refuse_binary(data, file)
    encoding = "utf-16" if data[:2] in UTF_16 else "utf-8-sig"
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


def _scan(file: Path) -> tuple[str, int]:
    """The encoding of a text file that is too large to be held in memory, and how many quotes are in it."""
    with file.open("rb") as opened:
        head = opened.read(4)
        _refuse_binary(head, file)
        candidates = ["utf-16"] if head[:2] in UTF_16 else ["utf-8-sig", "cp1252"]
        for encoding in candidates:
            opened.seek(0)
            decoder = codecs.getincrementaldecoder(encoding)()
            quotes = 0
            try:
                while block := opened.read(BLOCK):
                    quotes += decoder.decode(block).count('"')
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                continue
            return encoding, quotes
    raise InputError(f"{file} is neither UTF-8 nor Windows-1252 text.")


def _refuse_binary(data: bytes, file: Path) -> None:
    for magic, what in NOT_TEXT.items():
        if data.startswith(magic):
            raise InputError(f"{file} is {what}; save it as CSV, TSV or Parquet.")


def _separator(given: str | None, text: str) -> str:
    separator = _sniff(text) if given is None else SPELLED_SEPARATORS.get(given, given)
    if len(separator) != 1:
        raise InputError(f"data.separator is {separator!r}; valid is one character, or null to look for it.")
    return separator


def _arrow_options(text: str, separator: str) -> tuple[list[str], dict[str, Any]]:
    """Numbers for names, as the header is a row like any other, and every cell as text."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    names = [str(position) for position in range(len(_first_rows(text, separator, 1)[0]))]
    return names, {
        "parse_options": arrow_csv.ParseOptions(delimiter=separator, newlines_in_values=True),
        "convert_options": arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
    }


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


def headers(columns: Iterable[object], file: Path) -> pd.Index:
    """Names of columns without the spaces around them; refuse two of one name."""
    # Nameless columns are called as pandas calls them; a saved index is the usual one.
    names = [str(name).strip() or f"Unnamed: {position}" for position, name in enumerate(columns)]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise InputError(f"{file} has more than one column '{min(twice)}'; valid are different headers.")
    return pd.Index(names)
