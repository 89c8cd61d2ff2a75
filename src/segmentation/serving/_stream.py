"""Records without end into segments, micro-batch by micro-batch, and each of them exactly once.

What is done is decided in one place: a transaction of a small SQLite file, the ledger. It holds how far each input
was read, in which segment each customer is, and how many micro-batches there were. The answers to a micro-batch
are on the disk before the transaction, under names that nobody reads (a dot in front), and get their final names after
it. Whatever is killed in between, the next start finds either a file with a number that the ledger knows, which gets
its name, or one that it does not know, which is deleted and made again. So a file under its final name is complete,
never changes, and holds answers that no other file holds; and whoever takes such files away disturbs nothing.
"""

import hashlib
import json
import os
import re
import select
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, Self

import pandas as pd

from segmentation.data.customers import ROW
from segmentation.data.files import RawTable, closest_header, open_batches
from segmentation.errors import InputError
from segmentation.serving._model import SegmentModel

ASSIGNMENTS, CHANGES, REJECTED = "assignments", "changes", "rejected"
STATE = "state.db"
STANDARD_INPUT = "-"
TABLES = (".csv", ".tsv", ".parquet", ".pq")
SLICE = 0.2
"""Seconds after which whoever waits looks up: Python goes on waiting after a signal."""
BLOCK = 2**20
PATIENCE = 5.0
"""Seconds to wait for another process to end that writes into the folder, such as one that was just killed."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS inputs (
    name TEXT PRIMARY KEY, digest TEXT NOT NULL, size INTEGER, changed INTEGER, done INTEGER NOT NULL,
    finished INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS customers (
    id TEXT PRIMARY KEY, segment_id TEXT NOT NULL, segment_name TEXT NOT NULL, model TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS recent (customer TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Counts:
    """What was done.

    Attributes
    ----------
    assigned : int
        Records that got a segment.
    rejected : int
        Records that could not get one; a file, or the rest of one, that cannot be read counts as one.
    changes : int
        Records of a customer who was in another segment before.
    files : int
        Files read to their end.
    """

    assigned: int = 0
    rejected: int = 0
    changes: int = 0
    files: int = 0

    def __add__(self, other: Self) -> "Counts":
        return Counts(*(a + b for a, b in zip(asdict(self).values(), asdict(other).values(), strict=True)))

    @property
    def records(self) -> int:
        """Assigned and rejected."""
        return self.assigned + self.rejected


@dataclass(frozen=True)
class Position:
    """How far an input was read.

    Attributes
    ----------
    digest : str
        SHA-256 of the file, or of the lines of standard input so far.
    size, changed : int
        The file's bytes, and when it was last changed, in nanoseconds.
    done : int
        Records (of standard input: lines) that are done.
    finished : bool
        Whether that was all.
    """

    digest: str = ""
    size: int = 0
    changed: int = 0
    done: int = 0
    finished: bool = False


@dataclass(frozen=True, eq=False)
class MicroBatch:
    """Records that are done together or not at all.

    Attributes
    ----------
    name : str
        Their file, relative to the folder, or "-".
    position : Position
        How far the input was read when they are done.
    tables : sequence of DataFrame
        Records as they came, indexed by their number in the input, from 1.
    rejected : mapping of int or None to (str, object)
        What is no record: its number (None: the file itself), why, and what it is.
    """

    name: str
    position: Position
    tables: Sequence[pd.DataFrame] = ()
    rejected: Mapping[int | None, tuple[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Served:
    """A model, and how records become customers as it knows them.

    Attributes
    ----------
    model : SegmentModel
        The model.
    version : str
        What the answers call it.
    read : callable
        Takes records as they came, gives customers indexed by id, one for each, in their order.
    """

    model: SegmentModel
    version: str
    read: Callable[[RawTable], pd.DataFrame]


class Source(Protocol):
    """Where records come from."""

    exhausted: bool
    """Whether there is nothing to wait for."""

    def take(self, wait: float, stop: Callable[[], bool]) -> MicroBatch | None:
        """The next micro-batch; None where there is none yet, after `wait` seconds or when told to stop."""
        ...


def stream(
    source: Source,
    ledger: "Ledger",
    served: Callable[[], Served],
    stop: Callable[[], bool] = lambda: False,
    wait: float = 1.0,
    on_batch: Callable[[Counts], None] = lambda counts: None,
) -> None:
    """Put records into segments until there are no more, or until told to stop.

    Parameters
    ----------
    source : Source
        Where they come from; it must have been made with this ledger.
    ledger : Ledger
        What is done already, and where answers go.
    served : callable
        Gives the model, anew for each micro-batch.
    stop : callable
        Asked between micro-batches.
    wait : float, default=1.0
        Seconds between looks for records where there are none.
    on_batch : callable
        Told what was done, after each micro-batch.
    """
    while not stop():
        batch = source.take(wait, stop)
        if batch is not None:
            on_batch(ledger.write(batch, served()))
        elif source.exhausted:
            return


class Ledger:
    """What a stream has done, and where its answers are.

    Parameters
    ----------
    folder : Path
        Made where it is not there. In it the folders assignments, changes and rejected, with a file of JSON
        lines for each micro-batch that has such lines, named by its number; and state.db.
    source : str
        Where the records come from: one ledger belongs to one source.
    model : str
        Whose segments they are, in whatever version.
    keeps_records : bool, default=False
        Whether the last record of each customer is kept until `forget`, for a model to learn from.

    Raises
    ------
    InputError
        If the folder cannot be written, is in use by another process, or belongs to another source or model.
    """

    def __init__(self, folder: Path, source: str, model: str, keeps_records: bool = False) -> None:
        self.folder = folder
        self.keeps_records = keeps_records
        with self._writing():
            for kind in (ASSIGNMENTS, CHANGES, REJECTED):
                (folder / kind).mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(folder / STATE, timeout=PATIENCE, isolation_level=None)
            try:
                self._open(source, model)
            except BaseException:
                self._connection.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._connection.close()

    @property
    def total(self) -> Counts:
        """What was done since the folder was made."""
        return Counts(**json.loads(self.note("counts") or "{}"))

    def note(self, key: str) -> str | None:
        """What was written down under a key."""
        found = self._connection.execute("SELECT value FROM about WHERE key = ?", (key,)).fetchone()
        return found and found[0]

    def position(self, name: str) -> Position | None:
        """How far an input was read; None where it is new."""
        found = self._connection.execute("SELECT * FROM inputs WHERE name = ?", (name,)).fetchone()
        if found is None:
            return None
        _, digest, size, changed, done, finished = found
        return Position(digest, size, changed, done, bool(finished))

    def unfinished(self) -> list[str]:
        """The inputs of which some records are done, and not all."""
        rows = self._connection.execute("SELECT name FROM inputs WHERE NOT finished ORDER BY name")
        return [name for (name,) in rows]

    def set_position(self, name: str, position: Position) -> None:
        """Write down how far an input was read, and nothing else."""
        with self._transaction():
            self._place(name, position)

    def write(self, batch: MicroBatch, served: Served) -> Counts:
        """Answer the records of a micro-batch, and write answers and position in one.

        Parameters
        ----------
        batch : MicroBatch
            The next one.
        served : Served
            The model.

        Returns
        -------
        Counts
            Of this micro-batch.
        """
        rows, rejected = _answered(batch, served)
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        changes, latest = self._changes(rows, served.version)
        stamp = {"source": batch.name, "time": now}
        lines = {
            ASSIGNMENTS: [
                {**row.answer, "model": served.version, "row": row.number, **stamp} for row in rows
            ],
            CHANGES: [{**change, **stamp} for change in changes],
            REJECTED: [
                {"reason": why, "record": what, "row": number, **stamp}
                for number, (why, what) in rejected.items()
            ],
        }
        counts = Counts(len(rows), len(rejected), len(changes), int(batch.position.finished))
        number = int(self.note("batches") or 0) + 1
        with self._writing():
            hidden = [self._hide(kind, number, found) for kind, found in lines.items() if found]
            with self._transaction():
                self._place(batch.name, batch.position)
                self._note("batches", str(number))
                self._note("counts", json.dumps(asdict(self.total + counts)))
                self._settle(latest, served.version)
                if self.keeps_records:
                    self._keep(rows)
            for path in hidden:
                _show(path)
        return counts

    @property
    def since_update(self) -> int:
        """Records that were assigned since `forget`."""
        return int(self.note("since_update") or 0)

    def recent(self) -> pd.DataFrame:
        """The last record of each customer since `forget`, as the model's reader gave it.

        Returns
        -------
        DataFrame of shape (n, columns)
            Indexed by the ids as text.
        """
        rows = self._connection.execute("SELECT customer, record FROM recent ORDER BY customer").fetchall()
        return pd.DataFrame(
            [json.loads(record) for _, record in rows], index=[customer for customer, _ in rows]
        )

    def forget(self, notes: Mapping[str, str]) -> None:
        """Drop the kept records, and write down what was learned from them, in one."""
        with self._transaction():
            self._connection.execute("DELETE FROM recent")
            for key, value in {**notes, "since_update": "0"}.items():
                self._note(key, value)

    def _open(self, source: str, model: str) -> None:
        # The lock that keeps others out ends with the process, however that ends.
        for setting in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL"):
            self._connection.execute(f"PRAGMA {setting}").fetchall()
        self._connection.executescript(SCHEMA)
        with self._transaction():
            for key, mine in {"source": source, "model": model}.items():
                known = self.note(key)
                if known not in (None, mine):
                    raise InputError(
                        f"output={self.folder} holds the stream of {key}={known}, not of {mine}; valid is a folder of "
                        f"its own for each."
                    )
                self._note(key, mine)
        last = int(self.note("batches") or 0)
        for kind in (ASSIGNMENTS, CHANGES, REJECTED):
            for path in (self.folder / kind).glob(".*.jsonl"):
                if int(path.stem[1:]) <= last:
                    _show(path)
                else:
                    path.unlink()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            if "locked" in str(error):
                raise InputError(
                    f"output={self.folder} is being written by another `segment stream`; valid is one at a time."
                ) from error
            raise InputError(f"output={self.folder} cannot be written ({error}).") from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def _note(self, key: str, value: str) -> None:
        self._connection.execute("INSERT OR REPLACE INTO about VALUES (?, ?)", (key, value))

    def _settle(self, latest: Mapping[str, tuple[str, str]], version: str) -> None:
        rows = [(customer, *where, version) for customer, where in latest.items()]
        self._connection.executemany("INSERT OR REPLACE INTO customers VALUES (?, ?, ?, ?)", rows)

    def _keep(self, rows: Sequence["_Row"]) -> None:
        self._note("since_update", str(self.since_update + len(rows)))
        kept = {row.answer["customer"]: json.dumps(row.record) for row in rows}
        self._connection.executemany("INSERT OR REPLACE INTO recent VALUES (?, ?)", kept.items())

    def _place(self, name: str, position: Position) -> None:
        values = (name, *asdict(position).values())
        self._connection.execute("INSERT OR REPLACE INTO inputs VALUES (?, ?, ?, ?, ?, ?)", values)

    def _hide(self, kind: str, number: int, lines: Iterable[Mapping[str, Any]]) -> Path:
        """Write the lines under a name that nobody reads, down to the disk."""
        path = self.folder / kind / f".{number:010d}.jsonl"
        with path.open("w", encoding="utf-8") as file:
            file.writelines(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
        # The name must be on the disk as well.
        place = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(place)
        finally:
            os.close(place)
        return path

    def _changes(
        self, rows: Sequence["_Row"], version: str
    ) -> tuple[list[dict[str, Any]], dict[str, tuple[str, str]]]:
        """Customers who are in another segment than at their last record, and where everybody is now."""
        asked = json.dumps([row.answer["customer"] for row in rows])
        known = self._connection.execute(
            "SELECT * FROM customers WHERE id IN (SELECT value FROM json_each(?))", (asked,)
        )
        before = {customer: tuple(where) for customer, *where in known}
        changes, latest = [], {}
        for row in rows:
            customer, now = row.answer["customer"], (row.answer["segment_id"], row.answer["segment_name"])
            was = before.get(customer)
            if was and was[0] != now[0]:
                changes.append(
                    {
                        "customer": customer,
                        **dict(zip(("from", "from_name", "from_model"), was, strict=True)),
                        **dict(zip(("to", "to_name", "to_model"), (*now, version), strict=True)),
                        "row": row.number,
                    }
                )
            before[customer] = (*now, version)
            latest[customer] = now
        return changes, latest


class Folder:
    """Tables that are moved into a folder, each under a name of its own, in the order of their names.

    Parameters
    ----------
    path : Path
        The folder. Files that end in .csv, .tsv, .parquet or .pq are read, folders in it too; names that begin with a
        dot or an underscore are not.
    ledger : Ledger
        How far each was read.
    size : int
        Most records of a micro-batch.
    settle : float, default=1.0
        Seconds that a file must have been left alone before it is read.
    once : bool, default=True
        Whether to end when all files are read.
    separator : str or None
        As for `open_batches`.

    Raises
    ------
    InputError
        If there is no such folder.
    """

    def __init__(
        self,
        path: Path,
        ledger: Ledger,
        size: int,
        settle: float = 1.0,
        once: bool = True,
        separator: str | None = None,
    ) -> None:
        if not path.is_dir():
            raise InputError(f"source={path} is no folder; valid is a folder, or - for standard input.")
        self.path, self.size, self.settle, self.once, self.separator = path, size, settle, once, separator
        self.exhausted = False
        self._ledger = ledger
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

    def _finished(self, name: str, position: Position, rejected: Any = None) -> MicroBatch:
        self._file = None
        return MicroBatch(name, replace(position, finished=True), (), rejected or {})

    def _next_file(self) -> tuple[str, Position, Iterator[pd.DataFrame]] | MicroBatch | None:
        """A file to read, or what to say of one that cannot be; None where all was looked at in vain."""
        while True:
            for file in self._to_look_at:
                looked = self._look_at(file)
                if looked is not None:
                    self._found = True
                    return looked
            if not self._found:
                # The next look is another one, which is not in vain before it is made.
                self._found, self.exhausted = True, self.once and not self._fresh
                return None
            self._to_look_at, self._found, self._fresh = iter(self._files()), False, False

    def _look_at(self, file: Path) -> tuple[str, Position, Iterator[pd.DataFrame]] | MicroBatch | None:
        name = file.relative_to(self.path).as_posix()
        known = self._ledger.position(name)
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
            # Taken away again; its time comes if it returns.
            return None
        except OSError as error:
            raise InputError(f"{file} cannot be read ({error.strerror}).") from error
        position = Position(digest, state.st_size, state.st_mtime_ns, known.done if known else 0)
        if known and known.digest != digest:
            why = (
                f"{file} was changed after {known.done} of its records were done, and was not read again; give what is "
                f"new a name of its own."
            )
            return self._finished(name, position, {None: (why, None)})
        if known and known.finished:
            self._ledger.set_position(name, replace(position, finished=True))
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


class Lines:
    """JSON objects, one a line, from a pipe or a file.

    Parameters
    ----------
    descriptor : int
        What to read from, for example 0.
    ledger : Ledger
        How many lines were done before.
    size : int
        Most records of a micro-batch; one is done earlier where no further line comes for a while.
    replay : bool, optional
        Whether the lines start again from the very first, so that those that are done are passed over; else they
        go on after the last that is done. It must be said where any are.

    Attributes
    ----------
    passed : int
        Lines that were passed over.
    incomplete : bool
        Whether the input ended in the middle of a line, which is left to be sent again.

    Raises
    ------
    InputError
        If it was not said, or the lines that are passed over are not those that were done.
    """

    def __init__(self, descriptor: int, ledger: Ledger, size: int, replay: bool | None = None) -> None:
        known = ledger.position(STANDARD_INPUT) or Position()
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

    def _read(self, wait: float) -> None:
        if not select.select([self._descriptor], [], [], wait)[0]:
            return
        read = os.read(self._descriptor, BLOCK)
        *lines, self._rest = (self._rest + read).split(b"\n")
        self._lines += lines
        if not read:
            self._ended = True
            # Whoever was interrupted in the middle of a line has not sent it.
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
    """Wait, but not after being told to stop."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and not stop():
        time.sleep(min(SLICE, left))


def _parsed(lines: Sequence[bytes], first: int, position: Position) -> MicroBatch:
    """Make tables of lines: one of all those that have the same columns."""
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
    # Half of a pair of surrogates is no text: it can neither be written nor compared.
    text.encode()
    return text


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


@dataclass(frozen=True)
class _Row:
    """A record that got its segment: its number, the answer, and the customer as the model's reader gave it."""

    number: int
    answer: dict[str, Any]
    record: dict[str, Any]


def _answered(batch: MicroBatch, served: Served) -> tuple[list[_Row], dict[int | None, tuple[str, Any]]]:
    """Answer the records of a micro-batch, and say of each other one why not."""
    where = "standard input" if batch.name == STANDARD_INPUT else batch.name
    rejected = dict(batch.rejected)
    rows = [row for table in batch.tables for row in _rows(table, where, served, rejected)]
    by_number = sorted(rejected, key=lambda number: -1 if number is None else number)
    return sorted(rows, key=lambda row: row.number), {number: rejected[number] for number in by_number}


def _rows(
    table: pd.DataFrame, where: str, served: Served, rejected: dict[int | None, tuple[str, Any]]
) -> list[_Row]:
    """Answer the records of a table; where one cannot be, the others all the same."""
    try:
        customers = served.read(RawTable(table, where))
        _require_ids(customers, where)
        found = served.model.assign(customers)
    except InputError as error:
        # Where no column is the culprit a record is, and the others are answered without it.
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
        _Row(int(number), {"customer": customer, **answer}, record)
        for number, customer, answer, record in zip(
            table.index[named], ids, _plain(found), _plain(customers), strict=True
        )
    ]


def _trouble_with_columns(table: pd.DataFrame, where: str, served: Served) -> str:
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
        raise InputError(f"{where} has no column of customer ids, so that nobody can be known again.")


def _id(value: Any) -> str:
    """An id as text, the same in a file of whole numbers and one of numbers with decimals."""
    return re.sub(r"^(-?\d+)\.0+$", r"\1", str(value))


def _plain(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON can hold them; what is missing is None."""
    columns = {
        str(c): [None if gone else v for v, gone in zip(_values(table[c]), table[c].isna(), strict=True)]
        for c in table
    }
    return [{column: values[row] for column, values in columns.items()} for row in range(len(table))]


def _values(column: pd.Series) -> list[Any]:
    json_knows = pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)
    return column.tolist() if json_knows else column.astype("str").tolist()


def _show(path: Path) -> None:
    path.rename(path.with_name(path.name.removeprefix(".")))
