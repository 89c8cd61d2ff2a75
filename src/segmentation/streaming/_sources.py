"""Where the records of a stream come from: files that are moved into a folder, or JSON lines."""

import hashlib
import json
import os
import select
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from segmentation.data.files import open_batches
from segmentation.errors import InputError
from segmentation.streaming._state import Position, StreamState

STANDARD_INPUT = "-"
TABLES = (".csv", ".tsv", ".parquet", ".pq")
SLICE = 0.2
"""Seconds between two looks at `stop` while waiting: Python goes on waiting after a signal."""
BLOCK = 2**20


@dataclass(frozen=True, eq=False)
class MicroBatch:
    """Records that are processed together or not at all.

    Attributes
    ----------
    name : str
        The file they come from, relative to the folder, or "-" for standard input.
    position : Position
        How far the input is read with them.
    tables : sequence of DataFrame
        Raw records, indexed by their number in the input, from 1.
    rejected : mapping of int or None to (str, object)
        What is not a record: its number (None: the file itself), the reason, and its content.
    """

    name: str
    position: Position
    tables: Sequence[pd.DataFrame] = ()
    rejected: Mapping[int | None, tuple[str, Any]] = field(default_factory=dict)


class Source(Protocol):
    """A source of records."""

    exhausted: bool
    """Whether no more records will come."""
    passed: int
    """Records that were skipped since they were processed before."""

    def take(self, wait: float, stop: Callable[[], bool]) -> MicroBatch | None:
        """The next micro-batch; None where none came within `wait` seconds or before `stop` returned True."""
        ...

    def unread(self) -> str:
        """What was left unread at the end, in one sentence; empty where there is nothing to say."""
        ...


class FileSource:
    """Files of records that are moved into a folder, read in the order of their names.

    A file is known by its name: one that was read and changed since is rejected.

    Parameters
    ----------
    path : Path
        The folder. Files in it and in its folders are read if they end in .csv, .tsv, .parquet or .pq; names that
        begin with a dot or an underscore are ignored.
    state : StreamState
        How far each was read.
    size : int
        Most records of a micro-batch.
    settle : float, default=1.0
        Seconds that a file must have been unchanged before it is read.
    once : bool, default=True
        Whether to end when all files are read.
    separator : str or None
        As for `open_batches`.

    Raises
    ------
    InputError
        If the folder does not exist.
    """

    def __init__(
        self,
        path: Path,
        state: StreamState,
        size: int,
        settle: float = 1.0,
        once: bool = True,
        separator: str | None = None,
    ) -> None:
        if not path.is_dir():
            raise InputError(f"source={path} is no folder; valid is a folder, or - for standard input.")
        self.path, self.size, self.settle, self.once, self.separator = path, size, settle, once, separator
        self.exhausted, self.passed = False, 0
        self._state = state
        self._file: tuple[str, Position, Iterator[pd.DataFrame]] | None = None
        self._to_look_at: Iterator[Path] = iter(())
        self._found = self._fresh = True

    def take(self, wait: float, stop: Callable[[], bool]) -> MicroBatch | None:
        """The next records of the file that is being read, else of the next file."""
        if self._file is None:
            found = self._next_file()
            if found is None and not self.exhausted:
                pause(wait, stop)
            if found is None or isinstance(found, MicroBatch):
                return found
            self._file = found
        name, position, tables = self._file
        try:
            table = next(tables)
        except StopIteration:
            return self._finished(name, position)
        except InputError as error:
            return self._finished(name, position, {None: (str(error), None)})
        position = replace(position, done=int(table.index[-1]))
        self._file = name, position, tables
        return MicroBatch(name, position, [table])

    def unread(self) -> str:
        """Files that were taken away before they were read to the end."""
        gone = [name for name in self._state.unfinished() if not Path(self.path, name).exists()]
        return f"taken away before they were read to the end: {', '.join(gone)}" if gone else ""

    def _finished(self, name: str, position: Position, rejected: Any = None) -> MicroBatch:
        self._file = None
        return MicroBatch(name, replace(position, finished=True), (), rejected or {})

    def _next_file(self) -> tuple[str, Position, Iterator[pd.DataFrame]] | MicroBatch | None:
        """The next file to read, or the rejection of one; None where there is neither."""
        while True:
            for file in self._to_look_at:
                looked = self._look_at(file)
                if looked is not None:
                    self._found = True
                    return looked
            if not self._found:
                self._found, self.exhausted = True, self.once and not self._fresh
                return None
            self._to_look_at, self._found, self._fresh = iter(self._files()), False, False

    def _look_at(self, file: Path) -> tuple[str, Position, Iterator[pd.DataFrame]] | MicroBatch | None:
        name = file.relative_to(self.path).as_posix()
        known = self._state.position(name)
        try:
            state = file.stat()
            same = known and (known.size, known.changed) == (state.st_size, state.st_mtime_ns)
            if known and same and known.finished:
                return None
            if time.time() - state.st_mtime < self.settle:
                self._fresh = True
                return None
            with file.open("rb") as opened:
                digest = hashlib.file_digest(opened, "sha256").hexdigest()
        except FileNotFoundError:
            # It was taken away again, and is read if it comes back.
            return None
        except OSError as error:
            raise InputError(f"{file} cannot be read ({error.strerror}).") from error
        position = Position(digest, state.st_size, state.st_mtime_ns, known.done if known else 0)
        if known and known.digest != digest:
            why = (
                f"{file} was changed after {known.done} of its records were done, and was not read again; put new "
                f"records into a file with another name."
            )
            return self._finished(name, position, {None: (why, None)})
        if known and known.finished:
            self._state.set_position(name, replace(position, finished=True))
            return None
        return name, position, self._tables(file, position.done)

    def _files(self) -> list[Path]:
        return sorted(
            file
            for file in self.path.rglob("*")
            if file.suffix.lower() in TABLES
            and not any(part.startswith((".", "_")) for part in file.relative_to(self.path).parts)
            and file.is_file()
        )

    def _tables(self, file: Path, done: int) -> Iterator[pd.DataFrame]:
        for raw in open_batches(file, self.separator):
            frame = raw.frame.loc[done + 1 :]
            for start in range(0, len(frame), self.size):
                yield frame.iloc[start : start + self.size]


class JsonLinesSource:
    """JSON objects, one per line, from a pipe or a file.

    Parameters
    ----------
    descriptor : int
        The file descriptor to read from, for example 0.
    state : StreamState
        How many lines were processed before.
    size : int
        Most records of a micro-batch; there are fewer where no further line comes for a while.
    replay : bool, optional
        Whether the input starts again from its first line, so that lines processed before are skipped; otherwise it
        goes on after the last of them. It must be given where lines were processed before.

    Attributes
    ----------
    passed : int
        Lines that were skipped.
    incomplete : bool
        Whether the input ended in the middle of a line, which is left for the next time.

    Raises
    ------
    InputError
        If `replay` is needed and missing, or the skipped lines are not those that were processed.
    """

    def __init__(self, descriptor: int, state: StreamState, size: int, replay: bool | None = None) -> None:
        known = state.position(STANDARD_INPUT) or Position()
        if known.done and replay is None:
            raise InputError(
                f"{known.done} lines of standard input were done before; say replay=true where it starts from the "
                f"first line again, replay=false where it goes on after them."
            )
        self.size = size
        self.exhausted = False
        self.passed = 0
        self.incomplete = False
        self._descriptor = descriptor
        self._known = known
        self._number, self._digest = (0, "") if replay else (known.done, known.digest)
        self._rest = b""
        self._lines: list[bytes] = []
        self._ended = False

    def take(self, wait: float, stop: Callable[[], bool]) -> MicroBatch | None:
        """Up to `size` lines, or as many as there are after `wait` seconds."""
        end = time.monotonic() + wait
        while len(self._lines) < self.size and not self._ended and time.monotonic() < end and not stop():
            self._read(min(SLICE, max(0.0, end - time.monotonic())))
        self._pass_over()
        lines, self._lines = self._lines[: self.size], self._lines[self.size :]
        if not lines:
            self.exhausted = self._ended
            return None
        first = self._number + 1
        for line in lines:
            self._count(line)
        return _parsed(lines, first, Position(self._digest, done=self._number))

    def unread(self) -> str:
        """An incomplete last line."""
        said = "standard input ended within a line, which was left for the next time."
        return said if self.incomplete else ""

    def _read(self, wait: float) -> None:
        if not select.select([self._descriptor], [], [], wait)[0]:
            return
        read = os.read(self._descriptor, BLOCK)
        *lines, self._rest = (self._rest + read).split(b"\n")
        self._lines += lines
        if not read:
            self._ended = True
            # A sender that was interrupted within a line has not sent that line.
            if _is_object(self._rest):
                self._lines.append(self._rest)
            else:
                self.incomplete = bool(self._rest.strip())

    def _pass_over(self) -> None:
        old = max(0, self._known.done - self._number)
        over, self._lines = self._lines[:old], self._lines[old:]
        for line in over:
            self._count(line)
        self.passed += len(over)
        if over and self._number == self._known.done and self._digest != self._known.digest:
            raise InputError(
                f"The first {self._number} lines of standard input are not those that were done before; valid with "
                f"replay=true is the same stream from its start."
            )

    def _count(self, line: bytes) -> None:
        self._number += 1
        self._digest = hashlib.sha256(self._digest.encode() + line).hexdigest()


def pause(seconds: float, stop: Callable[[], bool]) -> None:
    """Wait, but end as soon as `stop` returns True."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and not stop():
        time.sleep(min(SLICE, left))


def _parsed(lines: Sequence[bytes], first: int, position: Position) -> MicroBatch:
    """Make tables of lines: one table for the lines with the same columns."""
    alike: dict[tuple[str, ...], dict[int, dict[str, str]]] = {}
    rejected: dict[int | None, tuple[str, Any]] = {}
    for number, line in enumerate(lines, first):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            cells = {str(column): _cell(column, value) for column, value in record.items()}
        except InputError as error:
            rejected[number] = (str(error), record)
        except (ValueError, AttributeError, RecursionError):
            text = line.decode("utf-8", "replace")
            rejected[number] = (f"Line {number} of standard input is no JSON object.", text)
        else:
            alike.setdefault(tuple(sorted(cells)), {})[number] = cells
    tables = [
        pd.DataFrame(list(rows.values()), index=list(rows), columns=list(columns), dtype="str")
        for columns, rows in alike.items()
    ]
    return MicroBatch(STANDARD_INPUT, position, tables, rejected)


def _cell(column: str, value: Any) -> str:
    """A value as a CSV file would hold it."""
    if isinstance(value, dict | list):
        raise InputError(
            f"'{column}' holds more than one value; valid are a text, a number, true, false and null."
        )
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value)
    # Half of a surrogate pair is not valid text: this raises a ValueError.
    text.encode()
    return text


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
