"""Every algorithm becomes a model that MLflow loads; both servers answer as `segment score` does, whatever is asked."""

import http.client
import io
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
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


JSON = "application/json"
GOOD_FORMATS = ("records", "split", "inputs", "csv", "parquet")
ABSURD: list[Any] = [
    None, "x", "", "12", True, [], [1], [[1, 2], [3]], {}, {"a": 1}, 0, -1, 10**30, 10**400, 1e308, -1e308, 5e-324,
    float("nan"), float("inf"), float("-inf"), "\ud800", "\0", "é" * 3_000, "2020-01-01", "NaN", "None", "1e400",
]  # fmt: skip
BODIES = [
    "", " ", "null", "1", "true", '"x"', "[]", "{}", "[{}]", "{", '{"a":', '{"dataframe_records": [{]}', "\ufeff{}",
    "[" * 9**6,
    '{"dataframe_records": ' + "[" * 10**5 + "]" * 10**5 + "}", '{"instances": [' + "9" * 5_000 + "]}",
    '{"dataframe_records": [{"age": 1e400}]}', '{"dataframe_records": 5}', '{"dataframe_records": [[]]}',
    '{"dataframe_records": [null]}', '{"dataframe_records": []}', '{"dataframe_records": {}}',
    '{"dataframe_split": {}}',
    '{"dataframe_split": {"columns": 5, "data": 5}}', '{"dataframe_split": {"columns": {"a": 1}, "data": [[1]]}}',
    '{"dataframe_split": {"columns": ["age", "age"], "data": [[1, 2]]}}', '{"inputs": 5}', '{"inputs": {"age": []}}',
    '{"dataframe_split": {"columns": ["age"], "data": [[1, 2, 3]]}}', '{"inputs": [1], "instances": [2]}',
    '{"instances": {"a": 1}}', '{"instances": [[1, 2], [3]]}', '{"messages": []}', '{"messages": [{"role": "user"}]}',
    '{"input": "x"}', '{"dataframe_records": [{}], "params": [1]}', '{"inputs": {"age": [1, 2], "gender": ["a"]}}',
]  # fmt: skip
CONTENT_TYPES = [
    None, "", ";", "text/plain", "text/csv", "text/csv; charset=latin-1", "application/json; charset=utf-16",
    "image/png",
    "application/json; format=pandas-split", "application/vnd.apache.parquet", "application/x-www-form-urlencoded",
    "\xe9",
]  # fmt: skip


def register(segment: Callable[..., Any], algorithm: str) -> dict[str, Any]:
    """Fit an algorithm on a few demo customers, numbers and a category, and register it."""
    words = ["features=with_gender", "data.n_customers=150", "register=true", "print=json"]
    return segment("fit", f"algorithm={algorithm}", *words).json()


def scored(segment: Callable[..., Any], customers: pd.DataFrame) -> pd.DataFrame:
    """What `segment score` answers for these customers."""
    customers.to_csv("new.csv", index=False)
    words = [f"model={MODEL}", "data.path=new.csv", "output=scored.parquet", "print=json"]
    assert segment("score", *words).json()["rows"] == len(customers)
    return pd.read_parquet("scored.parquet")


def assert_same(answers: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Answers of a server against the rows of `segment score`."""
    expected = expected.reset_index(drop=True)[[*answers]]
    pd.testing.assert_frame_equal(answers.reset_index(drop=True), expected, check_dtype=False, rtol=1e-9)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_registered_model_answers_loaded_as_scored(
    segment: Callable[..., Any], client: Any, algorithm: str
) -> None:
    import mlflow

    fitted = register(segment, algorithm)
    assert fitted["degenerate"] is None
    version = client.get_model_version_by_alias("customer-segments", "challenger")
    assert version.run_id == fitted["run_id"]
    expected = scored(segment, NEW)
    assert set(expected["segment"]) <= set(range(-1, fitted["n_segments"]))
    assert expected["segment"].nunique() > 1
    loaded = mlflow.pyfunc.load_model(MODEL)
    assert_same(loaded.predict(NEW.astype(COLUMNS)[list(COLUMNS)]), expected)


class Server:
    """A scoring server on loopback."""

    def __init__(self, port: int) -> None:
        self.port = port

    def post(self, body: str | bytes, content_type: str | None = JSON) -> tuple[int, str]:
        """Ask, and give the status and the text of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = body if isinstance(body, bytes) else body.encode("utf-8", "surrogatepass")
        headers = {} if content_type is None else {"Content-Type": content_type}
        try:
            connection.request("POST", "/invocations", sent, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def ask(self, body: dict[str, Any]) -> pd.DataFrame:
        """Ask something good."""
        status, text = self.post(json.dumps(body))
        assert status == 200, text
        return pd.DataFrame(json.loads(text, parse_constant=pytest.fail)["predictions"])


@pytest.fixture
def serve(start_server: Callable[[list[str], str], Path], free_port: int) -> Callable[..., Server]:
    """Start a real server on loopback with these words for Python."""

    def start(*words: str) -> Server:
        start_server([sys.executable, "-m", *words], f"http://127.0.0.1:{free_port}/ping")
        return Server(free_port)

    return start


def mlflow_words(port: int) -> list[str]:
    return [
        "mlflow",
        "models",
        "serve",
        "-m",
        MODEL,
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
        "--env-manager",
        "local",
    ]


def segment_words(port: int) -> list[str]:
    return ["segmentation", "serve", f"model={MODEL}", f"port={port}"]


@pytest.mark.parametrize("words", [mlflow_words, segment_words])
def test_a_server_answers_in_every_format(
    segment: Callable[..., Any],
    serve: Callable[..., Server],
    free_port: int,
    words: Callable[[int], list[str]],
) -> None:
    register(segment, "gaussian_mixture")
    expected = scored(segment, NEW)
    server = serve(*words(free_port))
    customers = json.loads(NEW.drop(columns="customer_id").to_json(orient="split", index=False))
    columns, rows = customers["columns"], customers["data"]
    assert rows[5][1] is None
    assert_same(server.ask({"dataframe_split": {"columns": columns, "data": rows}}), expected)
    records = [dict(zip(columns, row, strict=True)) for row in rows]
    assert_same(server.ask({"dataframe_records": records}), expected)
    # One customer at a time: a missing value is then alone in its column.
    assert_same(pd.concat([server.ask({"dataframe_records": [record]}) for record in records]), expected)
    whole = {"gender": "Male", "age": 33, "annual_income": 88, "spending_score": 82}
    assert server.ask({"dataframe_records": [whole]})["segment"].tolist() == expected["segment"].tolist()[1:2]
    del whole["spending_score"]
    status, text = server.post(json.dumps({"dataframe_records": [whole]}))
    assert status == 400
    assert "spending_score" in text


def customers_of(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Customers in and outside the range of the training, some of whom little is known."""
    table = pd.DataFrame({c: np.round(rng.normal(50, 40, n), 1) for c in COLUMNS if c != "gender"})
    table["gender"] = rng.choice(["Male", "female ", "Diverse"], n, p=[0.5, 0.4, 0.1])
    return table.mask(rng.random(table.shape) < 0.05)


def good_body(rng: np.random.Generator, table: pd.DataFrame) -> tuple[str | bytes, str]:
    """The same customers in one of MLflow's formats, columns in any order, some that nobody asked for."""
    table = table.assign(extra="x", more=[[1]] * len(table))[rng.permutation([*table, "extra"])]
    kind = GOOD_FORMATS[rng.integers(len(GOOD_FORMATS))]
    if kind == "csv":
        return table.to_csv(index=False), "text/csv"
    if kind == "parquet":
        buffer = io.BytesIO()
        table.to_parquet(buffer)
        return buffer.getvalue(), "application/vnd.apache.parquet"
    plain = table.astype(object).where(table.notna(), None)
    if kind == "inputs":
        return json.dumps({"inputs": {c: plain[c].tolist() for c in plain}}), JSON
    orient: Any = kind
    shown = plain.to_dict(orient=orient)
    return json.dumps({f"dataframe_{kind}": shown}), JSON


def bad_request(rng: np.random.Generator, table: pd.DataFrame) -> tuple[str | bytes, str | None]:
    """A good body with something absurd in it, or another body altogether."""
    how = rng.integers(6)
    if how == 0:
        return BODIES[rng.integers(len(BODIES))], JSON
    if how == 1:
        return good_body(rng, table)[0], CONTENT_TYPES[rng.integers(len(CONTENT_TYPES))]
    if how == 2:
        return rng.bytes(int(rng.integers(200))), [JSON, "text/csv", "application/vnd.apache.parquet"][
            rng.integers(3)
        ]
    records = table.astype(object).where(table.notna(), None).to_dict(orient="records")
    row, column = int(rng.integers(len(records))), str(rng.choice([*COLUMNS]))
    if how == 3:
        del records[row][column]
        if rng.random() < 0.5:
            records = [{k: v for k, v in r.items() if k != column} for r in records]
    else:
        records[row][column] = ABSURD[rng.integers(len(ABSURD))]
    key = ["dataframe_records", "instances", "inputs"][rng.integers(3)]
    body = json.dumps({key: records})
    return (body[: rng.integers(len(body))] if how == 5 else body), JSON


def test_nothing_that_is_asked_is_the_servers_failure(
    segment: Callable[..., Any], serve: Callable[..., Server], free_port: int
) -> None:
    register(segment, "kmeans")
    server = serve(*segment_words(free_port))
    rng = np.random.default_rng(0)
    asked, answered, statuses = [], [], Counter[int]()
    for number in range(1_000):
        table = customers_of(rng, int(rng.integers(1, 6)))
        if number % 2:
            status, text = server.post(*good_body(rng, table))
            assert status == 200, text
            asked.append(table)
            answered.append(pd.DataFrame(json.loads(text, parse_constant=pytest.fail)["predictions"]))
        else:
            request = bad_request(rng, table)
            status, text = server.post(*request)
            assert status in (200, 400, 415), (status, text[:300], request[1], request[0][:300])
            if status == 200:
                # An absurd value may be a level never seen or a number far outside: then it is told so.
                json.loads(text, parse_constant=pytest.fail)
            elif status == 400:
                assert json.loads(text)["message"]
        statuses[status] += 1
    assert statuses[400] > 200
    assert statuses[415] > 30
    together = pd.concat(asked, ignore_index=True)
    assert_same(pd.concat(answered), scored(segment, together.rename_axis("customer_id").reset_index()))


def test_where_nothing_can_listen_that_is_said(segment: Callable[..., Any], free_port: int) -> None:
    import socket

    register(segment, "kmeans")
    with socket.create_server(("127.0.0.1", free_port)):
        said = segment(*segment_words(free_port)[1:])
    assert said.code == 2
    assert f"port={free_port} (Address already in use)" in said.err
    assert "answers at" not in said.err


def test_a_model_brings_the_code_it_needs(
    segment: Callable[..., Any], store_dir: Path, program_env: dict[str, str]
) -> None:
    # The package is on no registry: a model has to load where neither it nor Hydra or Optuna is installed.
    register(segment, "dbscan")
    expected = scored(segment, NEW)["segment"].tolist()
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
print(model.predict(pandas.read_parquet("new.parquet"))["segment"].tolist())
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
