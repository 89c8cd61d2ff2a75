import os
import signal
import subprocess
import sys
import time

import mlflow
import pandas as pd
import pytest
import yaml
from sklearn.metrics import adjusted_rand_score

from segmentation.data import Demo

SMALL = ("data.n_customers=150", "print=json")
QUICK = (*SMALL, "search.n_trials=14")


def children(client, parent):
    return client.search_runs(["1"], f"tags.mlflow.parentRunId = '{parent}'", order_by=["start_time"])


def csv(client, run_id, path, **kwargs):
    return pd.read_csv(client.download_artifacts(run_id, path), **kwargs)


@pytest.fixture
def swept(segment):
    return segment("sweep", *QUICK).json()


def test_the_record_has_the_documented_keys(swept):
    assert set(swept) == {"study", "parent_run_id", "trials", "winner", "model", "seconds"}
    assert set(swept["trials"]) == {"complete", "degenerate", "failed"}
    assert sum(swept["trials"].values()) == 14
    documented = {"run_id", "algorithm", "features", "scaler", "params", "n_segments", "scores"}
    assert documented <= set(swept["winner"])
    assert set(swept["model"]) == {"name", "version", "uri"}
    assert set(swept["seconds"]) == {"load", "search", "finish", "total"}


def test_every_trial_is_a_finished_child_with_scores_and_a_picture(swept, client):
    runs = children(client, swept["parent_run_id"])
    assert len(runs) == 14
    assert {r.info.status for r in runs} == {"FINISHED"}
    for run in runs:
        assert {"features", "scaler", "reducer", "algorithm", "study", "data", "state", "trial"} <= set(
            run.data.tags
        )
        assert {"silhouette_yardstick", "n_segments", "noise_share", "smallest_share", "seconds"} <= set(
            run.data.metrics
        )
        if run.data.tags["state"] == "complete":
            assert {"calinski_harabasz_yardstick", "davies_bouldin_yardstick"} <= set(run.data.metrics)
        assert ("inertia_model" in run.data.metrics) == (run.data.tags["algorithm"] == "kmeans")
        (picture,) = client.list_artifacts(run.info.run_id, "plots")
        assert picture.file_size > 500
    winner = client.get_run(swept["winner"]["run_id"])
    assert winner.data.tags["trial"] == str(swept["winner"]["trial"])
    best = winner.data.metrics["silhouette_yardstick"]
    assert best == pytest.approx(swept["winner"]["scores"]["silhouette_yardstick"])


def test_the_parent_carries_the_study(swept, client):
    parent = client.get_run(swept["parent_run_id"])
    assert parent.info.status == "FINISHED"
    pictures = {a.path for a in client.list_artifacts(parent.info.run_id, "plots")}
    assert {f"plots/{name}.png" for name in (
        "elbow", "silhouette_over_k", "optuna_history", "optuna_importance", "optuna_parallel",
        "scatter_2d", "silhouette", "profile_bars", "profile_heatmap", "segment_sizes",
    )} <= pictures  # fmt: skip
    board = csv(client, parent.info.run_id, "study/leaderboard.csv")
    assert len(board) == 14
    assert board.loc[0, "trial"] == swept["winner"]["trial"]
    config = yaml.safe_load(mlflow.artifacts.load_text(f"{parent.info.artifact_uri}/config.yaml"))
    assert config["search"]["n_trials"] == 14
    assert parent.data.tags["reason"].startswith(
        f"Trial {swept['winner']['trial']} has the highest silhouette"
    )


def test_the_winner_is_registered_as_challenger_and_predicts_raw_customers(swept, client):
    version = client.get_model_version_by_alias("customer-segments", "challenger")
    assert str(version.version) == swept["model"]["version"]
    labels = csv(client, swept["parent_run_id"], "segments/assignments.csv", index_col=0)["segment"]
    customers = Demo(n_customers=150).read().table
    model = mlflow.pyfunc.load_model("models:/customer-segments@challenger")
    asked = customers[[c.name for c in model.metadata.get_input_schema().inputs]]
    assert list(model.predict(asked)) == labels.tolist()


def test_the_same_seed_gives_the_same_winner(segment, client, swept):
    again = segment("sweep", *QUICK).json()
    for key in ("algorithm", "scaler", "params", "scores", "sizes", "trial"):
        assert again["winner"][key] == swept["winner"][key]
    first, second = (
        csv(client, r["parent_run_id"], "study/leaderboard.csv").drop(columns="seconds")
        for r in (swept, again)
    )
    pd.testing.assert_frame_equal(first, second)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_planted_segments_are_recovered(segment, client, seed):
    result = segment("sweep", f"search.seed={seed}", f"data.seed={seed}", "print=json").json()
    labels = csv(client, result["parent_run_id"], "segments/assignments.csv", index_col=0)["segment"]
    truth = Demo(seed=seed).read().truth
    assert adjusted_rand_score(truth.to_numpy(), labels) >= 0.9


def test_a_named_option_is_fixed_and_the_others_are_searched(segment, client):
    result = segment("sweep", *QUICK, "algorithm=kmeans", "search.scaler='choice(standard, power)'").json()
    runs = children(client, result["parent_run_id"])
    assert {r.data.tags["algorithm"] for r in runs} == {"kmeans"}
    assert {r.data.tags["scaler"] for r in runs} == {"standard", "power"}


def test_the_space_is_written_in_hydras_grammar(segment, client):
    words = (
        "search.algorithm=dbscan",
        "search.space.dbscan.eps=tag(log, interval(0.2, 0.9))",
        "search.space.dbscan.min_samples=range(4, 7)",
        "scaler=standard",
    )
    result = segment("sweep", *QUICK, *words).json()
    params = [r.data.params for r in children(client, result["parent_run_id"])]
    assert all(0.2 <= float(p["eps"]) <= 0.9 for p in params)
    # The end of a range is exclusive.
    assert {int(p["min_samples"]) for p in params} == {4, 5, 6}


def test_feature_sets_can_be_searched(segment, client):
    words = ("search.features=choice(income_spending, age_income)", "algorithm=kmeans", "scaler=standard")
    result = segment("sweep", *SMALL, "search.n_trials=18", *words).json()
    assert {r.data.tags["features"] for r in children(client, result["parent_run_id"])} == {
        "income_spending", "age_income",
    }  # fmt: skip
    assert result["winner"]["features"] == "income_spending"
    assert "above its feature set's reference" in result["winner"]["reason"]
    pictures = {a.path for a in client.list_artifacts(result["parent_run_id"], "plots")}
    assert {"plots/elbow_income_spending.png", "plots/elbow_age_income.png"} <= pictures


def test_failed_trials_end_nothing(segment, client):
    words = ("search.algorithm=choice(kmeans, dbscan)", "search.space.kmeans.n_clusters=choice(3, 5, 999)")
    result = segment("sweep", *QUICK, *words).json()
    assert result["trials"]["failed"] > 0
    assert result["winner"]["n_segments"] in range(2, 11)
    failed = [r for r in children(client, result["parent_run_id"]) if r.info.status == "FAILED"]
    assert len(failed) == result["trials"]["failed"]
    assert "n_clusters must be a whole number" in failed[0].data.tags["reason"]


def test_what_an_algorithm_warns_of_is_kept_with_its_trial(segment, client):
    words = ("algorithm=birch", "search.space.birch.threshold=0.9", "search.n_trials=9")
    said = segment("sweep", *SMALL, *words)
    warned = [r.data.tags.get("warning", "") for r in children(client, said.json()["parent_run_id"])]
    assert any("subclusters found" in sentence for sentence in warned)
    assert "ConvergenceWarning" not in said.err


def test_without_a_fit_candidate_there_is_no_winner(segment, client):
    words = ("algorithm=dbscan", "search.space.dbscan.eps=interval(40.0, 50.0)")
    result = segment("sweep", *SMALL, "search.n_trials=4", *words).json()
    assert (result["winner"], result["model"]) == (None, None)
    assert result["trials"] == {"complete": 0, "degenerate": 4, "failed": 0}
    assert client.get_run(result["parent_run_id"]).info.status == "FINISHED"
    assert not client.search_registered_models()


def test_a_study_in_which_every_trial_fails_is_told_as_a_mistake(segment, client):
    words = ("algorithm=kmeans", "search.space.kmeans.n_clusters=range(900, 903)", "search.n_trials=3")
    said = segment("sweep", *SMALL, *words)
    assert said.code == 2
    assert "All 3 trials failed, the first one so: n_clusters must be" in said.err
    assert {r.info.status for r in client.search_runs(["1"])} == {"FAILED"}


def test_an_earlier_study_is_resumed_under_its_parent(segment, client, swept):
    more = segment("sweep", *SMALL, "search.n_trials=20", f"search.study={swept['study']}").json()
    assert more["parent_run_id"] == swept["parent_run_id"]
    assert sum(more["trials"].values()) == 20
    trials = [int(r.data.tags["trial"]) for r in children(client, swept["parent_run_id"])]
    assert sorted(trials) == list(range(20))
    refused = segment("sweep", "data.n_customers=151", f"search.study={swept['study']}")
    assert refused.code == 2
    assert "was made with another data" in refused.err


def test_a_study_can_stay_in_memory(segment, store_dir):
    assert segment("sweep", *QUICK, "search.storage=null").code == 0
    assert not (store_dir / "mlruns" / "studies.journal").exists()


@pytest.mark.slow
def test_a_terminated_sweep_leaves_no_run_running(store_dir, client):
    words = ["sweep", "data.n_customers=150", "search.n_trials=5000"]
    process = subprocess.Popen(
        [sys.executable, "-m", "segmentation", *words], stderr=subprocess.PIPE, env={**os.environ}
    )
    deadline = time.monotonic() + 60
    while len(client.search_runs(["0", "1"])) < 5 and time.monotonic() < deadline:
        time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in err
    statuses = [r.info.status for r in client.search_runs(["1"])]
    # The study, and a trial where the signal fell while it was recorded.
    assert statuses.count("KILLED") in (1, 2)
    assert "RUNNING" not in statuses


class TestMall:
    @pytest.fixture
    def mall(self, real_data):
        return ("data=mall", f"data.path={real_data / 'Mall_Customers.csv'}", "print=json")

    @pytest.mark.parametrize("seed", range(5))
    def test_five_segments_from_any_seed(self, segment, client, mall, seed):
        result = segment("sweep", *mall, f"search.seed={seed}").json()
        labels = csv(client, result["parent_run_id"], "segments/assignments.csv", index_col=0)["segment"]
        known = segment("fit", *mall, "algorithm.n_clusters=5").json()
        reference = csv(client, known["run_id"], "segments/assignments.csv", index_col=0)["segment"]
        assert known["sizes"] == [81, 39, 35, 23, 22]
        assert result["winner"]["n_segments"] == 5
        assert adjusted_rand_score(reference, labels) >= 0.94

    def test_shuffled_rows_give_the_same_winner(self, segment, mall, real_data):
        table = pd.read_csv(real_data / "Mall_Customers.csv")
        table.sample(frac=1, random_state=2).to_csv("shuffled.csv", index=False)
        found = [
            segment("sweep", "data=mall", f"data.path={path}", "print=json", "search.n_trials=20").json()[
                "winner"
            ]
            for path in (real_data / "Mall_Customers.csv", "shuffled.csv")
        ]
        for key in ("trial", "algorithm", "params", "scores", "sizes"):
            assert found[0][key] == found[1][key]
