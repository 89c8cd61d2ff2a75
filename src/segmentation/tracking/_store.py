"""The store of runs, and the one boundary that opens, logs and closes them."""

import logging
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

# Read by MLflow when it is imported: no usage data leaves the machine, no progress bars for small files.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_SOURCE_NAME, MLFLOW_USER

from segmentation import __version__
from segmentation.data import Customers
from segmentation.errors import InputError

SQLITE = "sqlite:///"
SOURCE = "segment"
LONGEST_PARAM = 6_000
"""MLflow refuses longer parameter values."""


@dataclass(frozen=True)
class Store:
    """Where runs go: an MLflow tracking store and one experiment of it.

    Attributes
    ----------
    uri : str
        The tracking URI.
    experiment_id : str
        The experiment all runs belong to.
    client : MlflowClient
        The connection.
    """

    uri: str
    experiment_id: str
    client: MlflowClient

    @classmethod
    def open(cls, uri: str, artifacts: str | None, experiment: str) -> Self:
        """Open a store, creating an embedded one where there is none.

        Parameters
        ----------
        uri : str
            For example ``sqlite:///mlruns/mlflow.db`` or ``http://localhost:5000``.
        artifacts : str or None
            Where a new experiment keeps its files. None: beside an embedded store's database; where a
            server decides, the server's own place.
        experiment : str
            The experiment's name; created where it is new.

        Returns
        -------
        Store

        Raises
        ------
        InputError
            If the store cannot be opened or written.
        """
        for name in ("alembic", "mlflow"):
            logging.getLogger(name).setLevel(logging.ERROR)
        try:
            place = _artifact_place(uri, artifacts)
            if uri.startswith(SQLITE):
                _prepare(Path(uri.removeprefix(SQLITE)).absolute())
            mlflow.set_tracking_uri(uri)
            mlflow.set_registry_uri(uri)
            client = MlflowClient()
            found = client.get_experiment_by_name(experiment)
            if found and found.lifecycle_stage == "deleted":
                raise InputError(
                    f"tracking.experiment={experiment} was deleted in the store; restore it or give another name."
                )
            experiment_id = found.experiment_id if found else client.create_experiment(experiment, place)
            # A store on a read-only disk opens well and fails at its first run: better now than mid-way.
            client.set_experiment_tag(experiment_id, "mlflow.note.content", "Runs of the command segment.")
        except InputError:
            raise
        except Exception as error:
            reason = f"{error}".strip().splitlines()[0][:200] if f"{error}".strip() else type(error).__name__
            raise InputError(
                f"tracking.uri={uri} cannot be written ({reason}); valid is sqlite:///FILE in a folder that can "
                f"be written, or the address of a running MLflow server."
            ) from error
        return cls(uri, experiment_id, client)

    @contextmanager
    def run(
        self,
        name: str,
        tags: Mapping[str, str],
        parent_id: str | None = None,
        run_id: str | None = None,
    ) -> Iterator["Run"]:
        """Open a run, and close it whatever happens inside: FINISHED, FAILED or KILLED.

        Parameters
        ----------
        name : str
            Its name in the MLflow UI.
        tags : mapping of str to str
            What it can be filtered by.
        parent_id : str, optional
            The run it belongs under.
        run_id : str, optional
            A run to go on with. Without one, the run that ``mlflow run`` has opened for this process is used.

        Yields
        ------
        Run
        """
        # With MLFLOW_RUN_ID set, start_run would reopen that run instead of making a child.
        launched = os.environ.pop("MLFLOW_RUN_ID", None)
        if parent_id is None and run_id is None and launched and self._has(launched):
            run_id = launched
        active = mlflow.start_run(
            run_id=run_id,
            experiment_id=None if run_id else self.experiment_id,
            parent_run_id=parent_id,
            run_name=None if run_id else name,
            nested=parent_id is not None,
            log_system_metrics=False,
        )
        run = Run(self, active.info.run_id, active.info.experiment_id, active.info.artifact_uri)
        status = "FAILED"
        try:
            run.log(tags={MLFLOW_SOURCE_NAME: SOURCE, "mlflow.runName": name, **tags})
            yield run
            status = "FINISHED"
        except (KeyboardInterrupt, SystemExit):
            status = "KILLED"
            raise
        finally:
            if status != "FINISHED":
                self._end_children(run)
            mlflow.end_run(status)

    def _end_children(self, run: "Run") -> None:
        # An interrupt may fall between the lines that make a child and those that end it.
        running = f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{run.id}' and attributes.status = 'RUNNING'"
        for child in self.client.search_runs([run.experiment_id], running):
            self.client.set_terminated(child.info.run_id, "KILLED")

    def _has(self, run_id: str) -> bool:
        try:
            self.client.get_run(run_id)
        except MlflowException:
            return False
        return True


@dataclass(frozen=True)
class Run:
    """An open run.

    Attributes
    ----------
    store : Store
        Where it lives.
    id : str
        Its id.
    experiment_id : str
        The experiment it belongs to, which `mlflow run` may have chosen.
    artifact_uri : str
        Where its files go.
    """

    store: Store
    id: str
    experiment_id: str
    artifact_uri: str

    def log(
        self,
        params: Mapping[str, Any] | None = None,
        metrics: Mapping[str, float] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Log parameters, metrics and tags in one call to the store."""
        self.store.client.log_batch(self.id, **_entities(params, metrics, tags))

    def text(self, path: str, text: str) -> None:
        """Log a text file."""
        self.store.client.log_text(self.id, text, path)

    def table(self, path: str, frame: pd.DataFrame, index: bool = False) -> None:
        """Log a table as a CSV file."""
        self.text(path, frame.to_csv(index=index))

    def files(self, files: Mapping[str, bytes]) -> None:
        """Log files, by their path, in one go."""
        _put(self.artifact_uri, files)

    def child(
        self,
        name: str,
        started: float,
        seconds: float,
        status: str,
        params: Mapping[str, Any],
        metrics: Mapping[str, float],
        tags: Mapping[str, str],
        files: Mapping[str, bytes],
    ) -> str:
        """Record something that has already ended as a child run, so that it is never left RUNNING.

        Parameters
        ----------
        name : str
            Its name in the MLflow UI.
        started, seconds : float
            When it began, in seconds since 1970, and how long it took.
        status : {"FINISHED", "FAILED"}
            How it ended.
        params, metrics, tags : mapping
            What to log.
        files : mapping of str to bytes
            Files to log, by their path.

        Returns
        -------
        str
            The child's run id.
        """
        client = self.store.client
        begin = int(started * 1000)
        end = begin + max(1, int(seconds * 1000))
        who = {MLFLOW_PARENT_RUN_ID: self.id, MLFLOW_SOURCE_NAME: SOURCE, MLFLOW_USER: user_name()}
        made = client.create_run(self.experiment_id, start_time=begin, tags={**who, **tags}, run_name=name)
        client.log_batch(made.info.run_id, **_entities(params, metrics, None))
        if files:
            _put(made.info.artifact_uri, files)
        client.set_terminated(made.info.run_id, status, end_time=end)
        return made.info.run_id

    def amend_child(self, run_id: str, metrics: Mapping[str, float]) -> None:
        """Add what is known of a child only after it ended."""
        self.store.client.log_batch(run_id, **_entities(None, metrics, None))

    def find_child(self, tag: str, value: str) -> str | None:
        """The id of the newest child run with this tag, or None."""
        asked = f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{self.id}' and tags.`{tag}` = '{value}'"
        found = self.store.client.search_runs([self.experiment_id], asked, max_results=1)
        return found[0].info.run_id if found else None


def _put(artifact_uri: str, files: Mapping[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for path, content in files.items():
            target = Path(folder, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        get_artifact_repository(artifact_uri).log_artifacts(folder)


def _entities(
    params: Mapping[str, Any] | None, metrics: Mapping[str, float] | None, tags: Mapping[str, str] | None
) -> dict[str, Any]:
    now = int(time.time() * 1000)
    return {
        "params": [Param(k, str(v)[:LONGEST_PARAM]) for k, v in (params or {}).items()],
        "metrics": [Metric(k, float(v), now, 0) for k, v in (metrics or {}).items()],
        "tags": [RunTag(k, str(v)) for k, v in (tags or {}).items()],
    }


def _prepare(database: Path) -> None:
    database.parent.mkdir(parents=True, exist_ok=True)
    # With a write-ahead log, a run is written in less than half the time (measured: 57 ms instead of 130 ms on a
    # busy disk), and the UI reads while a sweep writes. The file remembers it.
    connection = sqlite3.connect(database, timeout=60)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()


def _artifact_place(uri: str, artifacts: str | None) -> str | None:
    if artifacts is None:
        if not uri.startswith(SQLITE):
            return None
        return (Path(uri.removeprefix(SQLITE)).absolute().parent / "artifacts").as_uri()
    return artifacts if "://" in artifacts else Path(artifacts).absolute().as_uri()


def data_tags(customers: Customers) -> dict[str, str]:
    """What every run says of the data it saw."""
    return {"data": customers.name, "fingerprint": customers.fingerprint, "segmentation": __version__}


def user_name() -> str:
    """Who runs the command; "unknown" where the system does not say."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
