"""What a stream has done and where its results are, kept so that each record is processed exactly once.

The progress is recorded in one place: a transaction of a small SQLite file, state.db. It holds how far each input
was read, in which segment each customer is, and how many micro-batches there were. The results of a micro-batch are
written to disk before the transaction, under hidden names (a dot in front), and get their final names after it. If
the process is killed in between, the next start finds hidden files: those whose number state.db knows get their
final names, the others are deleted and their records processed again. So a file under its final name is complete,
never changes, and no other file holds its results; it can be moved away or deleted at any time.
"""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import pandas as pd

from segmentation.errors import InputError

ASSIGNMENTS, CHANGES, REJECTED = "assignments", "changes", "rejected"
STATE = "state.db"
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
    """How many records and files were processed.

    Attributes
    ----------
    assigned : int
        Records that got a segment.
    rejected : int
        Records that could not get a segment; a file, or the rest of one, that cannot be read counts as one.
    changes : int
        Records whose customer was in another segment before.
    files : int
        Files that were read completely.
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
        SHA-256 of the file, or of the lines of standard input read so far.
    size, changed : int
        The file's bytes, and when it was last changed, in nanoseconds.
    done : int
        Records (of standard input: lines) that are processed.
    finished : bool
        Whether all of the input is processed.
    """

    digest: str = ""
    size: int = 0
    changed: int = 0
    done: int = 0
    finished: bool = False


@dataclass(frozen=True)
class AssignedRecord:
    """A record with its segment.

    Attributes
    ----------
    number : int
        Its number in the input.
    answer : dict
        The customer's id, and what the model says of the customer.
    record : dict
        The customer as the model's reader gave it.
    """

    number: int
    answer: dict[str, Any]
    record: dict[str, Any]


@dataclass(frozen=True, eq=False)
class BatchResult:
    """The results of a micro-batch.

    Attributes
    ----------
    name : str
        The input of its records: a file, relative to the folder, or "-".
    position : Position
        How far the input is read with it.
    version : str
        The version of the model.
    assigned : sequence of AssignedRecord
        Records that got a segment, in their order.
    rejected : mapping of int or None to (str, object)
        The number of each other record (None: the file itself), why it was rejected, and the record.
    """

    name: str
    position: Position
    version: str
    assigned: Sequence[AssignedRecord]
    rejected: Mapping[int | None, tuple[str, Any]]


class StreamState:
    """What a stream has done and where its results are.

    Parameters
    ----------
    folder : Path
        Created if it does not exist. It holds the folders assignments, changes and rejected, with a file of JSON
        lines for each micro-batch that has such lines, named by its number; and state.db.
    source : str
        Where the records come from; a folder serves one source only.
    model : str
        The model, without its version; a folder serves one model only.
    keeps_records : bool, default=False
        Whether the last record of each customer is kept until `forget`, for the model to learn from.

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
        """What was processed since the folder was created."""
        return Counts(**json.loads(self.note("counts") or "{}"))

    def note(self, key: str) -> str | None:
        """The text stored under a key; None where there is none."""
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
        """The inputs that are processed in part."""
        rows = self._connection.execute("SELECT name FROM inputs WHERE NOT finished ORDER BY name")
        return [name for (name,) in rows]

    def set_position(self, name: str, position: Position) -> None:
        """Record how far an input was read, and nothing else."""
        with self._transaction():
            self._save_position(name, position)

    def write(self, batch: BatchResult) -> Counts:
        """Write the results of a micro-batch and how far its input is read, all of it or nothing.

        Parameters
        ----------
        batch : BatchResult
            The results of the next micro-batch.

        Returns
        -------
        Counts
            Of this micro-batch.
        """
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        changes, latest = self._changes(batch.assigned, batch.version)
        stamp = {"source": batch.name, "time": now}
        lines = {
            ASSIGNMENTS: [
                {**row.answer, "model": batch.version, "row": row.number, **stamp} for row in batch.assigned
            ],
            CHANGES: [{**change, **stamp} for change in changes],
            REJECTED: [
                {"reason": why, "record": what, "row": number, **stamp}
                for number, (why, what) in batch.rejected.items()
            ],
        }
        counts = Counts(len(batch.assigned), len(batch.rejected), len(changes), int(batch.position.finished))
        number = int(self.note("batches") or 0) + 1
        with self._writing():
            hidden = [self._write_hidden(kind, number, found) for kind, found in lines.items() if found]
            with self._transaction():
                self._save_position(batch.name, batch.position)
                self._set_note("batches", str(number))
                self._set_note("counts", json.dumps(asdict(self.total + counts)))
                self._save_customers(latest, batch.version)
                if self.keeps_records:
                    self._save_records(batch.assigned)
            for path in hidden:
                _publish(path)
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
        """Drop the kept records and store notes about what was learned from them, in one transaction."""
        with self._transaction():
            self._connection.execute("DELETE FROM recent")
            for key, value in {**notes, "since_update": "0"}.items():
                self._set_note(key, value)

    def _open(self, source: str, model: str) -> None:
        # An exclusive lock keeps other processes out until this one ends, however it ends.
        for setting in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL"):
            self._connection.execute(f"PRAGMA {setting}").fetchall()
        self._connection.executescript(SCHEMA)
        with self._transaction():
            for key, mine in {"source": source, "model": model}.items():
                known = self.note(key)
                if known not in (None, mine):
                    raise InputError(
                        f"output={self.folder} holds the stream of {key}={known}, not of {mine}; valid is a folder of "
                        f"its own for each stream."
                    )
                self._set_note(key, mine)
        last = int(self.note("batches") or 0)
        for kind in (ASSIGNMENTS, CHANGES, REJECTED):
            for path in (self.folder / kind).glob(".*.jsonl"):
                if int(path.stem[1:]) <= last:
                    _publish(path)
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

    def _set_note(self, key: str, value: str) -> None:
        self._connection.execute("INSERT OR REPLACE INTO about VALUES (?, ?)", (key, value))

    def _save_customers(self, latest: Mapping[str, tuple[str, str]], version: str) -> None:
        rows = [(customer, *where, version) for customer, where in latest.items()]
        self._connection.executemany("INSERT OR REPLACE INTO customers VALUES (?, ?, ?, ?)", rows)

    def _save_records(self, rows: Sequence[AssignedRecord]) -> None:
        self._set_note("since_update", str(self.since_update + len(rows)))
        kept = {row.answer["customer"]: json.dumps(row.record) for row in rows}
        self._connection.executemany("INSERT OR REPLACE INTO recent VALUES (?, ?)", kept.items())

    def _save_position(self, name: str, position: Position) -> None:
        values = (name, *asdict(position).values())
        self._connection.execute("INSERT OR REPLACE INTO inputs VALUES (?, ?, ?, ?, ?, ?)", values)

    def _write_hidden(self, kind: str, number: int, lines: Iterable[Mapping[str, Any]]) -> Path:
        """Write lines to a file with a hidden name, and wait until they are on the disk."""
        path = self.folder / kind / f".{number:010d}.jsonl"
        with path.open("w", encoding="utf-8") as file:
            file.writelines(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
        # The name of the file must be on the disk as well.
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return path

    def _changes(
        self, rows: Sequence[AssignedRecord], version: str
    ) -> tuple[list[dict[str, Any]], dict[str, tuple[str, str]]]:
        """Customers whose segment differs from that of their last record, and where each customer is now."""
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


def _publish(path: Path) -> None:
    path.rename(path.with_name(path.name.removeprefix(".")))
