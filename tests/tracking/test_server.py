"""The main job against a real MLflow server instead of the embedded store."""

import sys

import pandas as pd
import pytest

from segmentation.data import Demo


@pytest.mark.slow
def test_sweep_promote_and_score_through_a_server(segment, start_server, free_port, store_dir):
    url = f"http://127.0.0.1:{free_port}"
    place = ["--backend-store-uri", "sqlite:///mlruns/mlflow.db", "--artifacts-destination", "served"]
    address = ["--host", "127.0.0.1", "--port", str(free_port), "--workers", "1"]
    start_server([sys.executable, "-m", "mlflow", "server", *place, *address], f"{url}/health")

    where = f"tracking.uri={url}"
    result = segment("sweep", where, "data.n_customers=100", "search.n_trials=6", "print=json").json()
    assert sum(result["trials"].values()) == 6
    assert "is now the champion" in segment("promote", where).out
    Demo(n_customers=100).read().table.to_csv("new.csv")
    assert segment("score", where, "data.path=new.csv", "output=scored.csv").code == 0
    assert len(pd.read_csv("scored.csv")) == 100
    # Its files came through the server, not into a folder that only this machine has.
    assert list((store_dir / "served").rglob("leaderboard.csv"))
