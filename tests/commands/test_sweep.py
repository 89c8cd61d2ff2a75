import os
import signal
import subprocess
import sys
import time

import mlflow
import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.metrics import adjusted_rand_score, silhouette_samples, silhouette_score
from sklearn.preprocessing import StandardScaler

from segmentation.clustering import KMeans
from segmentation.data import Demo
from segmentation.evaluation import dbcv, gap, prediction_strength, share_negative, stability
from segmentation.features import FeatureSet

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
    assert set(swept) == {
        "study", "parent_run_id", "trials", "verdict", "winner", "model", "evidence", "seconds",
    }  # fmt: skip
    assert set(swept["verdict"]) == {
        "verdict", "verdict_sentence", "p_uniform", "p_gaussian", "p_skewed", "p_bent", "p_valley", "p_dip",
        "p_stability",
    }  # fmt: skip
    assert set(swept["trials"]) == {"complete", "degenerate", "failed"}
    assert sum(swept["trials"].values()) == 14
    documented = {"run_id", "algorithm", "features", "scaler", "params", "n_segments", "scores"}
    assert documented <= set(swept["winner"])
    assert set(swept["model"]) == {"name", "version", "uri"}
    assert set(swept["seconds"]) == {"load", "search", "evidence", "finish", "total"}


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


def test_the_parent_carries_the_study(segment, client):
    swept = segment("sweep", *QUICK, "figures=true").json()
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
    assert parent.data.tags["reason"].startswith(f"Trial {swept['winner']['trial']} (")


def test_the_winner_is_registered_as_challenger_and_predicts_raw_customers(swept, client):
    version = client.get_model_version_by_alias("customer-segments", "challenger")
    assert str(version.version) == swept["model"]["version"]
    labels = csv(client, swept["parent_run_id"], "segments/assignments.csv", index_col=0)["segment"]
    customers = Demo(n_customers=150).read().table
    model = mlflow.pyfunc.load_model("models:/customer-segments@challenger")
    asked = customers[[c.name for c in model.metadata.get_input_schema().inputs]]
    assert model.predict(asked)["segment"].tolist() == labels.tolist()


def test_the_same_seed_gives_the_same_winner(segment, client, swept):
    again = segment("sweep", *QUICK).json()
    for key in ("algorithm", "scaler", "params", "scores", "sizes", "trial"):
        assert again["winner"][key] == swept["winner"][key]
    first, second = (
        csv(client, r["parent_run_id"], "study/leaderboard.csv").drop(columns="seconds")
        for r in (swept, again)
    )
    pd.testing.assert_frame_equal(first, second)


@pytest.mark.parametrize("seed", [0, 1])
def test_planted_segments_are_recovered(segment, client, seed):
    result = segment("sweep", f"search.seed={seed}", f"data.seed={seed}", "print=json").json()
    labels = csv(client, result["parent_run_id"], "segments/assignments.csv", index_col=0)["segment"]
    truth = Demo(seed=seed).read().truth
    assert adjusted_rand_score(truth.to_numpy(), labels) >= 0.9


def test_a_named_option_is_fixed_and_the_others_are_searched(segment, client):
    words = ("algorithm=kmeans", "search.scaler='choice(standard, power)'", "search.n_trials=30")
    result = segment("sweep", *SMALL, *words).json()
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
    result = segment("sweep", *SMALL, "search.n_trials=18", "figures=true", *words).json()
    assert {r.data.tags["features"] for r in children(client, result["parent_run_id"])} == {
        "income_spending", "age_income",
    }  # fmt: skip
    assert result["winner"]["features"] == "income_spending"
    assert "against its feature set's reference" in result["winner"]["reason"]
    sets = csv(client, result["parent_run_id"], "study/feature_sets.csv")
    assert sets["features"].tolist() == ["income_spending", "age_income"]
    assert {"verdict", "stability", "agreement", "gain"} <= set(sets)
    pictures = {a.path for a in client.list_artifacts(result["parent_run_id"], "plots")}
    assert {"plots/elbow_income_spending.png", "plots/elbow_age_income.png"} <= pictures


def test_failed_trials_end_nothing(segment, client):
    words = ("algorithm=kmeans", "search.space.kmeans.n_clusters=choice(3, 5, 999)")
    result = segment("sweep", *QUICK, *words).json()
    assert result["trials"]["failed"] > 0
    assert result["winner"]["n_segments"] in (3, 5)
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
    assert process.returncode == 130, err.decode()[-2000:]
    assert b"Traceback" not in err
    statuses = [r.info.status for r in client.search_runs(["1"])]
    # The study, and a trial where the signal fell while it was recorded.
    assert statuses.count("KILLED") in (1, 2)
    assert "RUNNING" not in statuses


class TestVerdict:
    @pytest.fixture
    def continuum(self, store_dir):
        rng = np.random.default_rng(1)
        table = pd.DataFrame(rng.normal(size=(200, 2)), columns=["visits", "spend"])
        table.to_csv("continuum.csv", index=False)
        return ("data=table", "data.path=continuum.csv", "features=all_numeric", "search.n_trials=30")

    def test_data_without_segments_is_said_to_have_none_and_is_clustered_all_the_same(
        self, segment, client, continuum
    ):
        said = segment("sweep", *continuum)
        assert said.out.startswith("Verdict: constructive. The segments are constructive:")
        assert "a choice of how to cut" in said.out
        (parent,) = client.search_runs(["1"], "tags.command = 'sweep' and tags.verdict = 'constructive'")
        assert parent.data.tags["mlflow.note.content"].startswith("**Verdict: constructive.")
        assert parent.data.metrics["p_valley"] > 0.05
        assert client.list_artifacts(parent.info.run_id, "segments")

    def test_that_nothing_is_stable_is_said_first_of_several_feature_sets_too(self, segment, store_dir):
        X = np.random.default_rng(7).normal(50, 10, (120, 6))
        names = ["visits", "spend", "age", "basket", "distance", "minutes"]
        pd.DataFrame(X, columns=names).to_csv("noise.csv", index=False)
        sets = "search.features=choice(all_numeric, all)"
        said = segment(
            "sweep", "data=table", "data.path=noise.csv", "algorithm=kmeans", "report=r.html", sets
        )
        assert said.out.splitlines()[1].startswith("No stable segmentation: what follows is the best attempt")
        assert "What to do" not in said.out
        assert "not registered, since nothing found is stable" in said.out
        assert "<h1>No stable segmentation of noise</h1>" in (store_dir / "r.html").read_text()

    def test_what_is_not_stable_is_said_to_be_unsure_and_registered_only_where_asked(self, segment, client):
        rng = np.random.default_rng(0)
        pd.DataFrame(rng.normal(size=(120, 6)), columns=list("abcdef")).to_csv("nothing.csv", index=False)
        words = ("data=table", "data.path=nothing.csv", "features=all_numeric", "search.n_trials=12")
        said = segment("sweep", *words)
        assert said.code == 0
        assert "No stable segmentation: of the best that was found, " in said.out
        assert (
            "not registered, since nothing found is stable; register=always registers it all the same"
            in said.out
        )
        assert "This is the beginning of a plan of" in said.out
        assert not client.search_registered_models()
        result = segment("sweep", *words, "register=always", "print=json").json()
        assert result["winner"]["unsure"]
        assert result["model"]["version"] == "1"
        assert segment("sweep", *words, "register=maybe").code == 2

    def test_promoting_what_cuts_a_continuum_needs_a_reason(self, segment, client, continuum):
        made = segment("sweep", *continuum, "register=always", "print=json").json()
        assert made["model"]["version"] == "1"
        refused = segment("promote")
        assert refused.code == 2
        assert (
            "customer-segments version 1 divides customers who vary gradually (verdict constructive)"
            in refused.err
        )
        with pytest.raises(mlflow.exceptions.MlflowException):
            client.get_model_version_by_alias("customer-segments", "champion")
        assert segment("promote", "dry_run=true").code == 0
        assert segment("promote", "reason=' '").code == 2
        promoted = segment("promote", "gate=off", "reason='quartiles for the mailing, not types of people'")
        assert promoted.code == 0
        tags = client.get_model_version_by_alias("customer-segments", "champion").tags
        assert tags["promoted_because"] == "quartiles for the mailing, not types of people"
        assert tags["verdict"] == "constructive"

    def test_units_of_the_columns_do_not_matter_to_a_scaler(self, segment, continuum):
        first = segment("sweep", *continuum, "print=json").json()["verdict"]
        table = pd.read_csv("continuum.csv")
        table["spend"] *= 1000
        table.to_csv("continuum.csv", index=False)
        again = segment("sweep", *continuum, "print=json").json()["verdict"]
        assert again["verdict"] == first["verdict"]
        assert again["p_valley"] == pytest.approx(first["p_valley"], rel=1e-3)


class TestSelection:
    @pytest.mark.parametrize("selection", ["silhouette", "stability", "business"])
    def test_every_rule_chooses_a_winner_and_says_why(self, segment, client, selection):
        result = segment("sweep", *SMALL, "search.n_trials=40", f"selection={selection}").json()
        parent = client.get_run(result["parent_run_id"])
        assert parent.data.tags["selection"] == selection
        said = {"silhouette": "highest silhouette", "stability": "repeated best", "business": "sub-samples"}
        assert said[selection] in result["winner"]["reason"]
        if selection == "business":
            assert 3 <= result["winner"]["n_segments"] <= 8
            assert min(result["winner"]["sizes"]) >= 0.05 * 150
            board = csv(client, result["parent_run_id"], "study/leaderboard.csv")
            assert board["failed"].str.contains("below 5.0%|fewer than 3|above 5.0%|more than 8").any()

    def test_a_pareto_study_logs_and_draws_its_front(self, segment, client):
        result = segment("sweep", *SMALL, "search.n_trials=40", "selection=pareto", "figures=true").json()
        assert "on the Pareto front" in result["winner"]["reason"]
        pictures = {a.path for a in client.list_artifacts(result["parent_run_id"], "plots")}
        assert {"plots/pareto_front.png", "plots/optuna_history.png"} <= pictures
        front = csv(client, result["parent_run_id"], "study/front.csv")
        # Nothing on the front is beaten by another in both.
        values = front[["silhouette", "smallest_share"]].to_numpy()
        for row in values:
            assert not ((values >= row).all(axis=1) & (values > row).any(axis=1)).any()
        assert result["winner"]["trial"] in front["trial"].tolist()

    def test_the_business_limits_can_be_moved(self, segment):
        said = segment("sweep", "selection=business", "search.constraints.max_segments=5", "--cfg", "job")
        assert "max_segments: 5" in said.out
        assert "min_share: 0.05" in said.out

    def test_the_yardstick_follows_the_one_scaler_there_is(self, segment):
        result = segment("sweep", *QUICK, "scaler=none", "algorithm=kmeans").json()
        scores = result["winner"]["scores"]
        assert scores["inertia_yardstick"] == pytest.approx(scores["inertia_model"])
        kept = segment("sweep", *QUICK, "scaler=none", "scaler@yardstick=standard", "algorithm=kmeans").json()
        scores = kept["winner"]["scores"]
        assert scores["inertia_yardstick"] != pytest.approx(scores["inertia_model"])


def test_the_evidence_is_in_tables_pictures_and_on_the_trials(segment, client):
    swept = segment("sweep", *SMALL, "search.n_trials=60", "figures=true").json()
    parent = swept["parent_run_id"]
    pictures = {a.path for a in client.list_artifacts(parent, "plots")}
    assert {f"plots/{name}.png" for name in (
        "structure", "segment_stability", "segment_flows", "agreement", "gap", "selection",
    )} <= pictures  # fmt: skip
    segments = csv(client, parent, "segments/evidence.csv")
    assert len(segments) == swept["winner"]["n_segments"]
    assert segments["jaccard"].between(0, 1).all()
    assert segments["size"].tolist() == swept["winner"]["sizes"]
    metrics = client.get_run(parent).data.metrics
    assert {
        "stability", "stability_spread", "jaccard_min", "agreement", "share_negative_yardstick", "dbcv_yardstick",
        "gap_yardstick", "gap_error_yardstick", "gap_k", "prediction_strength", "p_uniform", "p_gaussian",
        "p_skewed", "p_bent", "p_valley", "p_dip", "p_stability",
    } <= set(metrics)  # fmt: skip
    assert metrics["jaccard_min"] == pytest.approx(segments["jaccard"].min())
    winner = client.get_run(swept["winner"]["run_id"]).data.metrics
    assert winner["rank"] == 1
    assert {"stability", "agreement", "jaccard_min"} <= set(winner)
    board = csv(client, parent, "study/leaderboard.csv")
    assert board["failed"].iloc[1:].notna().any()
    assert {"stability", "agreement"} <= set(board)


def test_each_logged_figure_is_that_of_the_function_it_is_named_after(segment, client):
    words = ("algorithm=kmeans", "scaler=standard", "search.n_trials=5", "search.seed=0")
    parent = (swept := segment("sweep", *SMALL, *words).json())["parent_run_id"]
    logged = client.get_run(parent).data.metrics
    labels = csv(client, parent, "segments/assignments.csv", index_col=0)["segment"].to_numpy()
    columns = FeatureSet(["annual_income", "spending_score"])
    X = StandardScaler().fit_transform(columns.fit_transform(Demo(n_customers=150).read().table))

    def kmeans(**params):
        return KMeans(**{**swept["winner"]["params"], "random_state": 0, **params})

    def repeated(k, labels, fits):
        return stability(lambda rows: kmeans(n_clusters=k).fit(X[rows]).labels_, labels, fits)

    k = labels.max() + 1
    of_all = repeated(k, labels, 20)
    gaps = gap(X, lambda rows, k: KMeans(k, n_init=2, random_state=0).fit(rows).labels_, range(1, 11), 10)
    expected = {
        "stability": of_all.score,
        "stability_spread": of_all.spread,
        "jaccard_min": of_all.jaccard_min,
        "share_negative_yardstick": share_negative(silhouette_samples(X, labels), labels),
        "dbcv_yardstick": dbcv(X, labels),
        "prediction_strength": prediction_strength(X, lambda half: kmeans().fit(half).predict, 4),
        "gap_k": gaps.k,
        "gap_yardstick": gaps.values[k - 1],
        "gap_error_yardstick": gaps.errors[k - 1],
        "silhouette_yardstick": silhouette_score(X, labels),
    }
    assert {name: logged[name] for name in expected} == pytest.approx(expected, abs=1e-6)
    assert {name: swept["winner"]["scores"][name] for name in expected} == pytest.approx(expected, abs=1e-6)
    board = csv(client, parent, "study/leaderboard.csv").set_index("n_segments")["stability"]
    assert board.nunique() > 1
    for k, shown in board.items():
        own = kmeans(n_clusters=int(k)).fit(X).labels_
        # Six fits judge who does not lead.
        assert any(repeated(int(k), own, fits).score == pytest.approx(shown) for fits in (6, 20))


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("selection.budget=2", "selection.budget is 2; valid is 6 or more"),
        ("evidence.fits=1", "evidence.fits is 1; valid is 2 or more"),
        ("selection=consensu", "did you mean 'consensus'?"),
        ("search.space.kmeans.n_clusters=from_data", "search.space.kmeans.n_clusters=from_data; only"),
    ],
)
def test_mistakes_are_told_before_anything_is_written(segment, store_dir, word, sentence):
    said = segment("sweep", *SMALL, word)
    assert said.code == 2
    assert sentence in said.err
    assert not (store_dir / "mlruns" / "studies.journal").exists()


class TestMall:
    @pytest.fixture
    def mall(self, real_data):
        return ("data=mall", f"data.path={real_data / 'Mall_Customers.csv'}", "print=json")

    @pytest.mark.parametrize("seed", [0, 3])
    def test_five_segments_from_any_seed(self, segment, client, mall, seed):
        result = segment("sweep", *mall, f"search.seed={seed}").json()
        labels = csv(client, result["parent_run_id"], "segments/assignments.csv", index_col=0)["segment"]
        known = segment("fit", *mall, "algorithm.n_clusters=5").json()
        reference = csv(client, known["run_id"], "segments/assignments.csv", index_col=0)["segment"]
        assert known["sizes"] == [81, 39, 35, 23, 22]
        assert result["winner"]["n_segments"] == 5
        assert adjusted_rand_score(reference, labels) >= 0.94
        assert result["verdict"]["verdict"] == "natural"
        assert min(s["jaccard"] for s in result["evidence"]["segments"]) >= 0.95

    def test_the_small_segment_of_the_next_solution_is_shown_to_be_unstable(self, segment, client, mall):
        result = segment("sweep", *mall, "algorithm=kmeans", "scaler=standard", "search.n_trials=9").json()
        assert result["winner"]["n_segments"] == 5
        beside = csv(client, result["parent_run_id"], "study/neighbours.csv")
        assert beside["k"].unique().tolist() == [3, 4, 5, 6, 7]
        smallest = beside[beside["k"] == 6].iloc[-1]
        assert smallest["size"] <= 11
        assert smallest["jaccard"] < 0.75

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
