"""`mlflow run .` on a copy of the project, as someone does who knows MLflow better than this command."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
PARTS = ("src", "conf", "experiments", "MLproject", "python_env.yaml", "constraints.txt", "pyproject.toml")
AWKWARD = 'it\'s  "new".csv'


@dataclass(frozen=True)
class Ran:
    """What `mlflow run` did."""

    code: int
    out: str
    err: str


@pytest.fixture
def mlflow_run(store_dir: Path, program_env: dict[str, str]) -> Callable[..., Ran]:
    """Run an entry point with these parameters on a copy of the project in `store_dir`."""
    for name in PARTS:
        source, target = ROOT / name, store_dir / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)

    def call(entry: str | None, **params: str) -> Ran:
        words = ["-e", entry] if entry else []
        words += [word for name, value in params.items() for word in ("-P", f"{name}={value}")]
        ran = subprocess.run(
            [sys.executable, "-m", "mlflow", "run", ".", "--env-manager", "local", *words],
            check=False,
            cwd=store_dir,
            env=program_env,
            capture_output=True,
            text=True,
        )
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    return call


def runs(client: Any) -> list[Any]:
    """All runs of all experiments."""
    return list(client.search_runs([e.experiment_id for e in client.search_experiments()]))


def parent_id(run: Any) -> str | None:
    """The run that a run belongs under."""
    return run.data.tags.get("mlflow.parentRunId")


def write_customers(path: Path, n: int = 120) -> None:
    """A file in the mall schema with four plain groups."""
    groups = [(20, 20), (20, 80), (90, 20), (90, 80)]
    rows = [
        (
            i + 1,
            "Female" if i % 2 else "Male",
            20 + i % 40,
            groups[i % 4][0] + i % 7,
            groups[i % 4][1] + i % 5,
        )
        for i in range(n)
    ]
    columns = ["CustomerID", "Gender", "Age", "Annual Income (k$)", "Spending Score (1-100)"]
    pd.DataFrame(rows, columns=columns).to_csv(path, index=False)


def test_a_sweep_fills_the_run_that_mlflow_opened(mlflow_run: Callable[..., Ran], client: Any) -> None:
    ran = mlflow_run("sweep", n_trials="12", print="json")
    assert ran.code == 0, ran.err
    result = json.loads(ran.out)
    assert sum(result["trials"].values()) == 12

    (parent,) = [run for run in runs(client) if parent_id(run) is None]
    assert parent.info.run_id == result["parent_run_id"]
    assert parent.data.tags["mlflow.project.entryPoint"] == "sweep"
    assert parent.data.params["n_trials"] == "12"
    assert "study/leaderboard.csv" in [f.path for f in client.list_artifacts(parent.info.run_id, "study")]
    children = [run for run in runs(client) if parent_id(run) == parent.info.run_id]
    assert len(children) == 12
    assert {child.info.experiment_id for child in children} == {parent.info.experiment_id}
    assert {run.info.status for run in runs(client)} == {"FINISHED"}
    assert client.get_model_version_by_alias("customer-segments", "challenger").run_id == parent.info.run_id


def test_the_whole_way_with_a_file_name_that_needs_quoting(
    mlflow_run: Callable[..., Ran], client: Any, store_dir: Path
) -> None:
    write_customers(store_dir / AWKWARD)
    # The entry point without a name is the sweep.
    swept = mlflow_run(
        None,
        data="mall",
        data_path=AWKWARD,
        features="income_spending,age_spending",
        scaler="robust",
        algorithm="kmeans,hierarchical",
        n_trials="12",
        timeout="100",
        study="Anna's study",
        print="json",
    )
    assert swept.code == 0, swept.err
    result = json.loads(swept.out)
    assert result["study"] == "Anna's study"
    assert result["winner"]["n_segments"] == 4
    tried = [run.data.tags for run in runs(client) if parent_id(run)]
    assert {tags["scaler"] for tags in tried} == {"robust"}
    assert {tags["algorithm"] for tags in tried} <= {"kmeans", "hierarchical"}
    assert {tags["features"] for tags in tried} <= {"income_spending", "age_spending"}

    promoted = mlflow_run("promote", print="json")
    assert promoted.code == 0, promoted.err
    assert json.loads(promoted.out)["promoted"] is True

    scored = mlflow_run("score", data_path=AWKWARD, output="who's where.csv")
    assert scored.code == 0, scored.err
    assert pd.read_csv(store_dir / "who's where.csv")["segment"].value_counts().tolist() == [30] * 4
    assert {run.info.status for run in runs(client)} == {"FINISHED"}


def test_fit_and_explore_take_overrides(mlflow_run: Callable[..., Ran], client: Any, store_dir: Path) -> None:
    few = "data.n_customers=100"
    fitted = mlflow_run(
        "fit", algorithm="hierarchical", overrides=f"{few} algorithm.n_clusters=3", print="json"
    )
    assert fitted.code == 0, fitted.err
    result = json.loads(fitted.out)
    assert result["n_segments"] == 3
    assert sum(result["sizes"]) == 100

    explored = mlflow_run("explore", output="Anna's pictures", overrides=few)
    assert explored.code == 0, explored.err
    assert list((store_dir / "Anna's pictures").glob("*.png"))
    assert {run.info.status for run in runs(client)} == {"FINISHED"}
    assert len(runs(client)) == 2


def test_a_mistake_fails_the_run_with_its_sentence(mlflow_run: Callable[..., Ran], client: Any) -> None:
    ran = mlflow_run("fit", algorithm="kmean")
    assert ran.code != 0
    assert "did you mean 'kmeans'?" in ran.err
    assert [run.info.status for run in runs(client)] == ["FAILED"]


def test_every_parameter_reaches_its_command() -> None:
    project = yaml.safe_load((ROOT / "MLproject").read_text(encoding="utf-8"))
    for entry in project["entry_points"].values():
        unused = [name for name in entry["parameters"] if f"{{{name}}}" not in entry["command"]]
        assert not unused
