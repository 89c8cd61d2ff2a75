"""Fixtures that every test may use."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import settings

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("MPLBACKEND", "Agg")

# An example may take any time, as machines are shared.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

STORE_URI = "sqlite:///mlruns/mlflow.db"
CHANGED_BY_MLFLOW = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets, or a skip that says how to get one."""
    folder = os.environ.get("SEGMENTATION_DATA_DIR")
    if not folder:
        pytest.skip("SEGMENTATION_DATA_DIR is not set: no real data sets to test on")
    return Path(folder)


@pytest.fixture(scope="session")
def migrated_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of an empty MLflow store: making one takes seconds, copying one does not."""
    from mlflow import MlflowClient

    folder = tmp_path_factory.mktemp("migrated")
    path = folder / "mlflow.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        MlflowClient(f"sqlite:///{path}").search_experiments()
    _forget_stores()
    return path


@pytest.fixture
def store_dir(migrated_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder to work in, with a store of its own at the place where `segment` looks for it."""
    (tmp_path / "mlruns").mkdir()
    shutil.copy(migrated_store, tmp_path / "mlruns" / "mlflow.db")
    for name in CHANGED_BY_MLFLOW:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    _forget_stores()


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    def json(self) -> dict[str, Any]:
        """Stdout as the one JSON object that `print=json` promises."""
        assert self.code == 0, self.err
        return json.loads(self.out)


@pytest.fixture
def segment(store_dir: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Run `segment` with these words in this process, standing in `store_dir`; pictures only where asked for."""
    from hydra.core.global_hydra import GlobalHydra

    from segmentation.cli import main

    def call(*words: str) -> Said:
        capsys.readouterr()
        if words and words[0] in ("fit", "sweep", "renew"):
            # Drawing takes longer than all else that these do. Overrides stand together, whatever flags there are.
            at = next((i for i, word in enumerate(words) if "=" in word), len(words))
            words = (*words[:at], "figures=false", *words[at:])
        handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            with mock.patch.dict(os.environ), mock.patch.object(sys, "argv", ["segment", *words]):
                code = main(list(words))
        finally:
            GlobalHydra.instance().clear()
            for number, handler in handlers.items():
                signal.signal(number, handler)
        return Said(code, *capsys.readouterr())

    return call


@pytest.fixture
def client(store_dir: Path) -> Any:
    """An MLflow client of the store in `store_dir`."""
    from mlflow import MlflowClient

    return MlflowClient(STORE_URI, STORE_URI)


@pytest.fixture
def program_env(store_dir: Path) -> dict[str, str]:
    """The environment of a program that works on the store in `store_dir`."""
    # `mlflow models serve` looks for uvicorn, and `mlflow run` for segment, on the PATH.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "MLFLOW_TRACKING_URI": STORE_URI}


@pytest.fixture
def start_server(store_dir: Path, program_env: dict[str, str]) -> Iterator[Callable[[list[str], str], Path]]:
    """Start a program in `store_dir`, wait until its URL answers, hand out its log, end it with the test."""
    started = []

    def start(words: list[str], url: str) -> Path:
        log = store_dir / f"server{len(started)}.log"
        with log.open("w") as file:
            server = subprocess.Popen(
                words, cwd=store_dir, env=program_env, stdout=file, stderr=file, start_new_session=True
            )
        started.append(server)
        end = time.monotonic() + 120
        while time.monotonic() < end and server.poll() is None:
            try:
                with urllib.request.urlopen(url, timeout=5):
                    return log
            except OSError:
                time.sleep(0.1)
        return pytest.fail(f"{' '.join(words)} did not start:\n{log.read_text()}")

    yield start
    for server in started:
        # The programs of MLflow start others: all are in the group.
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


@pytest.fixture
def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(autouse=True)
def _no_run_stays_active() -> Iterator[None]:
    yield
    # A test that never imported MLflow has no run, and need not wait for the import.
    if "mlflow" in sys.modules:
        import mlflow

        left = mlflow.active_run()
        while mlflow.active_run():
            mlflow.end_run("FAILED")
        assert left is None, f"the test left run {left.info.run_id} active"


def _forget_stores() -> None:
    # MLflow keeps connections by URI, and the same relative URI names another file in each test.
    import mlflow
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as RegistryStore
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore as TrackingStore
    from mlflow.tracking._model_registry.utils import _get_store_registry
    from mlflow.tracking._tracking_service.utils import _tracking_store_registry

    for store in (TrackingStore, RegistryStore):
        for engine in store._engine_map.values():
            engine.dispose()
        store._engine_map.clear()
    for registry in (_tracking_store_registry, _get_store_registry()):
        registry._get_store_with_resolved_uri.cache_clear()
    mlflow.set_tracking_uri(None)
    mlflow.set_registry_uri(None)
