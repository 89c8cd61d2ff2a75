"""Latency and throughput of `segment serve`, on loopback, beside MLflow's own server for the same model.

    python benchmarks/serve.py [--seconds 5] [--clients 4]

A model of demo customers is fitted and registered in a temporary folder. Each server is asked by one client, then by
several at once, for one customer and for a thousand in a request; every connection is kept open.
"""

import argparse
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from segmentation.data import Demo

MODEL = "models:/customer-segments@challenger"
ROWS = (1, 1_000)
SERVERS = {
    "segment serve": ["-m", "segmentation", "serve", f"model={MODEL}", "port={port}"],
    "mlflow models serve": [
        *("-m", "mlflow", "models", "serve", "-m", MODEL, "-h", "127.0.0.1"),
        *("-p", "{port}", "--env-manager", "local"),
    ],
}


@contextmanager
def serving(words: list[str], folder: str) -> Iterator[int]:
    """Start a server, wait until it answers, and end it."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    place = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": place, "MLFLOW_TRACKING_URI": "sqlite:///mlruns/mlflow.db"}
    program = [sys.executable, *(word.format(port=port) for word in words)]
    quiet = subprocess.DEVNULL
    # MLflow's program starts another: the group is theirs, and ends with them.
    server = subprocess.Popen(program, cwd=folder, env=env, stdout=quiet, stderr=quiet, process_group=0)
    try:
        while True:
            if server.poll() is not None:
                raise RuntimeError(f"{' '.join(program)} did not start")
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        os.killpg(server.pid, 9)
        server.wait()


def ask(port: int, body: bytes, seconds: float) -> list[float]:
    """Ask again and again over one connection; how long each answer took."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    took: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        started = time.perf_counter()
        connection.request("POST", "/invocations", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(text.decode())
        took.append(time.perf_counter() - started)
    connection.close()
    return took


def measure(port: int, rows: int, clients: int, seconds: float) -> dict[str, float]:
    table = Demo(n_customers=rows + 10, missing=0).read().table.head(rows)
    body = json.dumps({"dataframe_split": table.to_dict(orient="split", index=False)}).encode()
    ask(port, body, 1.0)
    took: list[float] = []
    threads = [threading.Thread(target=lambda: took.extend(ask(port, body, seconds))) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    p50, p95, p99 = 1e3 * np.percentile(took, [50, 95, 99])
    per_second = len(took) / seconds
    return {
        "p50_ms": p50,
        "p95_ms": p95,
        "p99_ms": p99,
        "requests_s": per_second,
        "customers_s": rows * per_second,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    parser.add_argument("--clients", type=int, default=4)
    asked = parser.parse_args()
    found = []
    with tempfile.TemporaryDirectory() as folder:
        fit = ["-m", "segmentation", "fit", "features=with_gender", "register=true"]
        subprocess.run([sys.executable, *fit], cwd=folder, check=True, capture_output=True)
        for server, words in SERVERS.items():
            with serving(words, folder) as port:
                for rows in ROWS:
                    for clients in (1, asked.clients):
                        how = {"server": server, "customers": rows, "clients": clients}
                        found.append({**how, **measure(port, rows, clients, asked.seconds)})
    print(pd.DataFrame(found).round(1).to_string(index=False))


if __name__ == "__main__":
    main()
