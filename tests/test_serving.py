"""Every algorithm becomes a model that MLflow loads, and that `mlflow models serve` answers with."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

ALGORITHMS = sorted(path.stem for path in Path(__file__).parents[1].glob("conf/algorithm/*.yaml"))
pytestmark = pytest.mark.slow
MODEL = "models:/customer-segments@challenger"
COLUMNS = {"age": float, "annual_income": float, "spending_score": float, "gender": str}
# The middles of the demo's personas, and customers of whom something is not known.
NEW = pd.DataFrame(
    [
        ["n1", "Female", 45.0, 55.0, 50.0],
        ["n2", "Male", 33.0, 88.0, 82.0],
        ["n3", "Male", 42.0, 88.5, 15.5],
        ["n4", "Female", 26.0, 26.0, 79.0],
        ["n5", "Female", 46.0, 25.0, 20.0],
        ["n6", "Male", None, 88.0, 82.0],
        ["n7", None, 26.0, 26.0, 79.0],
    ],
    columns=["customer_id", "gender", "age", "annual_income", "spending_score"],
)


def register(segment: Callable[..., Any], algorithm: str) -> dict[str, Any]:
    """Fit an algorithm on a few demo customers, numbers and a category, and register it."""
    words = ["features=with_gender", "data.n_customers=150", "register=true", "print=json"]
    return segment("fit", f"algorithm={algorithm}", *words).json()


def scored(segment: Callable[..., Any], customers: pd.DataFrame) -> list[int]:
    """What `segment score` answers for these customers."""
    customers.to_csv("new.csv", index=False)
    words = [f"model={MODEL}", "data.path=new.csv", "output=scored.csv", "print=json"]
    assert segment("score", *words).json()["rows"] == len(customers)
    return pd.read_csv("scored.csv")["segment"].tolist()


@pytest.fixture
def serve(
    start_server: Callable[[list[str], str], Path], free_port: int
) -> Callable[[], Callable[..., list[int]]]:
    """Start a real server of the challenger on loopback; answer with what asks it."""
    url = f"http://127.0.0.1:{free_port}"

    def ask(body: dict[str, Any]) -> list[int]:
        request = urllib.request.Request(
            f"{url}/invocations", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())["predictions"]

    def start() -> Callable[..., list[int]]:
        words = ["models", "serve", "-m", MODEL, "-h", "127.0.0.1", "-p", str(free_port)]
        start_server([sys.executable, "-m", "mlflow", *words, "--env-manager", "local"], f"{url}/ping")
        return ask

    return start


def test_every_algorithm_is_here() -> None:
    assert len(ALGORITHMS) == 11


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_registered_model_predicts_loaded_and_served(
    segment: Callable[..., Any],
    client: Any,
    serve: Callable[[], Callable[..., list[int]]],
    algorithm: str,
) -> None:
    import mlflow

    fitted = register(segment, algorithm)
    assert fitted["degenerate"] is None
    version = client.get_model_version_by_alias("customer-segments", "challenger")
    assert version.run_id == fitted["run_id"]
    expected = scored(segment, NEW)
    assert set(expected) <= set(range(-1, fitted["n_segments"]))
    assert len(set(expected)) > 1

    loaded = mlflow.pyfunc.load_model(MODEL)
    assert loaded.predict(NEW.astype(COLUMNS)[list(COLUMNS)]).tolist() == expected

    ask = serve()
    customers = json.loads(NEW.drop(columns="customer_id").to_json(orient="split", index=False))
    columns, rows = customers["columns"], customers["data"]
    assert rows[5][1] is None
    assert ask({"dataframe_split": {"columns": columns, "data": rows}}) == expected
    records = [dict(zip(columns, row, strict=True)) for row in rows]
    assert ask({"dataframe_records": records}) == expected
    # One customer at a time: a missing value is then alone in its column.
    assert [ask({"dataframe_records": [record]})[0] for record in records] == expected
    whole = {"gender": "Male", "age": 33, "annual_income": 88, "spending_score": 82}
    assert ask({"dataframe_records": [whole]}) == expected[1:2]

    del whole["spending_score"]
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask({"dataframe_records": [whole]})
    with refused.value as answer:
        assert answer.code == 400
        assert "spending_score" in answer.read().decode()


def test_a_model_brings_the_code_it_needs(
    segment: Callable[..., Any], store_dir: Path, program_env: dict[str, str]
) -> None:
    # The package is on no registry: a model has to load where neither it nor Hydra or Optuna is installed.
    register(segment, "dbscan")
    expected = scored(segment, NEW)
    NEW.astype(COLUMNS)[list(COLUMNS)].to_parquet("new.parquet")
    program = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("hydra", "omegaconf", "optuna", "kneed"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
import mlflow, pandas
model = mlflow.pyfunc.load_model({MODEL!r})
import segmentation
assert {str(store_dir / "mlruns")!r} in segmentation.__file__, segmentation.__file__
print(model.predict(pandas.read_parquet("new.parquet")).tolist())
"""
    ran = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        capture_output=True,
        text=True,
        cwd=store_dir,
        env=program_env,
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == expected
