import re

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from segmentation.data import Demo

SMALL = ("data.n_customers=120",)


def artifacts(client, run_id):
    found, folders = set(), [None]
    while folders:
        for item in client.list_artifacts(run_id, folders.pop()):
            folders.append(item.path) if item.is_dir else found.add(item.path)
    return found


def assignments(client, run_id, folder):
    path = client.download_artifacts(run_id, "segments/assignments.csv", str(folder))
    return pd.read_csv(path, index_col=0)["segment"]


def test_one_run_holds_the_whole_fit(segment, client):
    result = segment("fit", *SMALL, "figures=true", "algorithm.n_clusters=5", "print=json").json()
    run = client.get_run(result["run_id"])
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "kmeans k=5"
    assert result["n_segments"] == 5
    assert sum(result["sizes"]) == 120 and result["sizes"] == sorted(result["sizes"], reverse=True)
    assert run.data.metrics == pytest.approx(
        result["scores"] | {"n_customers": 120, "finding_missing_values": 6}, rel=1e-9
    )
    assert run.data.params["n_clusters"] == "5"
    assert run.data.params["scaler"] == "standard"
    assert run.data.tags["algorithm"] == "kmeans"
    assert run.data.tags["fingerprint"] == Demo(n_customers=120).read().fingerprint
    assert artifacts(client, run.info.run_id) == {
        "config.yaml",
        "data/findings.csv",
        "model.sha256",
        "report.html",
        "report.md",
        "segments.csv",
        "segments.json",
        "segments/profile.csv",
        "segments/assignments.csv",
        "segments/rules.sql",
        "plots/attractiveness.png",
        "plots/composition.png",
        "plots/feature_boxes.png",
        "plots/parallel_segments.png",
        "plots/profile_bars.png",
        "plots/profile_heatmap.png",
        "plots/scatter_2d.png",
        "plots/segment_profile.png",
        "plots/segment_separation.png",
        "plots/segment_sizes.png",
        "plots/silhouette.png",
        "plots/surrogate_tree.png",
    }


def test_metrics_say_which_space_they_are_from(segment):
    result = segment("fit", *SMALL, "scaler=minmax", "print=json").json()["scores"]
    assert result["silhouette_yardstick"] != pytest.approx(result["silhouette_model"], abs=1e-6)
    assert result["inertia_yardstick"] > 10 * result["inertia_model"]
    assert result["predict_agreement"] == 1
    same = segment("fit", *SMALL, "print=json").json()["scores"]
    assert same["silhouette_yardstick"] == pytest.approx(same["silhouette_model"])
    assert same["inertia_yardstick"] == pytest.approx(same["inertia_model"])


@pytest.mark.parametrize(
    ("words", "pictures"),
    [
        (["algorithm=hierarchical"], {"plots/dendrogram.png"}),
        (["algorithm=dbscan"], {"plots/k_distance.png"}),
        (["features=age_income_spending"], {"plots/scatter_3d.png", "plots/pca_scatter.png"}),
        (["features=with_gender", "reducer=pca"], {"plots/scatter_3d.png", "plots/pca_scatter.png"}),
    ],
)
def test_an_algorithm_and_a_feature_set_bring_their_pictures(segment, client, words, pictures):
    result = segment("fit", *SMALL, *words, "figures=true", "print=json").json()
    assert pictures <= artifacts(client, result["run_id"])


@pytest.mark.parametrize(
    "words", [["algorithm=dbscan", "algorithm.eps=50"], ["algorithm=dbscan", "algorithm.eps=1e-9"]]
)
def test_a_degenerate_clustering_is_logged_with_its_reason(segment, client, words):
    said = segment("fit", *SMALL, *words)
    assert said.code == 0
    assert "no clustering to speak of" in said.out
    (run,) = client.search_runs(["1"])
    assert run.info.status == "FINISHED"
    assert run.data.metrics["silhouette_yardstick"] == -1


def test_the_same_config_and_seed_repeat_labels_and_metrics(segment, client, store_dir):
    first, second = (segment("fit", *SMALL, "seed=3", "print=json").json() for _ in range(2))
    assert first["scores"] == second["scores"]
    a, b = (assignments(client, r["run_id"], store_dir) for r in (first, second))
    assert a.equals(b)


def test_a_grid_is_children_of_one_parent(segment, client, store_dir):
    words = ("algorithm=kmeans,dbscan", "scaler=standard,robust", "print=json")
    result = segment("fit", "-m", *SMALL, *words).json()
    assert len(result["runs"]) == 4
    children = client.search_runs(["1"], f"tags.mlflow.parentRunId = '{result['parent_run_id']}'")
    assert {(c.data.tags["algorithm"], c.data.tags["scaler"]) for c in children} == {
        ("kmeans", "standard"), ("kmeans", "robust"), ("dbscan", "standard"), ("dbscan", "robust"),
    }  # fmt: skip
    assert client.get_run(result["parent_run_id"]).info.status == "FINISHED"
    assert not list(store_dir.rglob("multirun.yaml"))


def test_a_mistake_in_one_job_of_a_grid_leaves_the_others(segment, client):
    said = segment("fit", "-m", *SMALL, "algorithm.n_clusters=3,999,4")
    assert said.code == 2
    assert said.err.count("n_clusters must be a whole number from 1 to") == 1
    children = [r for r in client.search_runs(["1"]) if "mlflow.parentRunId" in r.data.tags]
    assert {c.data.params["n_clusters"] for c in children} == {"3", "4"}
    assert {r.info.status for r in client.search_runs(["1"])} == {"FINISHED", "FAILED"}


def test_text_shows_findings_scores_and_profile(segment):
    said = segment("fit", *SMALL, "algorithm.n_clusters=5")
    assert "'age' is missing in 2 of 120 rows." in said.out
    assert "5 segments, silhouette 0." in said.out
    assert "gender=Female" in said.out


def test_register_makes_a_challenger(segment, client):
    result = segment("fit", *SMALL, "register=true", "print=json").json()
    version = client.get_model_version_by_alias("customer-segments", "challenger")
    assert result["model"] == {
        "name": "customer-segments",
        "version": str(version.version),
        "uri": "models:/customer-segments/1",
    }
    assert version.run_id == result["run_id"]


EXCEPTIONS = (*SMALL, "algorithm=dbscan", "algorithm.eps=0.4", "algorithm.min_samples=5")


def test_customers_in_no_segment_have_a_name_wherever_segments_have_one(segment, client, store_dir):
    words = (*EXCEPTIONS, "value=annual_income", "register=true", "report=out")
    said = segment("fit", *words)
    assert "\nexceptional: " in said.out
    assert "noise" not in said.out
    assert re.search(
        r"medians .*: annual_income [\d.]+ \([\d.]+\), spending_score [\d.]+ \([\d.]+\)\n", said.out
    )
    result = segment("fit", *words, "print=json").json()
    group = result["exceptional"]
    assert group["name"].startswith("exceptional: ")
    assert group["size"] + sum(result["sizes"]) == 120
    assert 0 < group["value_share"] < 1
    assert group["recommendations"] in (["Case by case"], ["Key accounts"], ["Check the records"])
    assert len(result["segments"]) == result["n_segments"]
    table = pd.read_csv(store_dir / "out" / "segments.csv", index_col=0)
    assert table.loc[-1, ["name", "play"]].tolist() == [group["name"], group["recommendations"][0]]
    assert client.get_model_version_by_alias("customer-segments", "challenger")
    Demo(n_customers=120).read().table.to_csv("new.csv")
    scored = segment(
        "score", "data.path=new.csv", "output=s.csv", "model=models:/customer-segments@challenger"
    )
    assert f"  {group['name']}: {group['size']} (" in scored.out
    names = pd.read_csv("s.csv").set_index("segment")["segment_name"]
    assert set(names[[-1]]) == {group["name"]}


@pytest.mark.parametrize(
    ("words", "advised"),
    [
        (["playbook=mall"], True),
        (["playbook=rfm"], True),
        (["playbook=exceptional"], True),
        (["playbook=none"], False),
        (
            [
                "playbook=none",
                "playbook.plays=[{name: N, action: A, because: B, when: {exceptional group: unknown}}]",
            ],
            ["N"],
        ),
    ],
    ids=lambda words: " ".join(words)[:22] if isinstance(words, list) else "",
)
def test_a_playbook_says_what_to_do_with_exceptional_customers_unless_it_says_nothing(
    segment, words, advised
):
    result = segment("fit", *EXCEPTIONS, *words, "print=json").json()
    expected = advised if isinstance(advised, list) else ["Look through them"] * advised
    assert result["exceptional"]["recommendations"] == expected


def test_where_everybody_is_in_a_segment_there_is_no_exceptional_group(segment):
    assert segment("fit", *SMALL, "print=json").json()["exceptional"] is None


class TestMall:
    """The figures of the literature on the real file."""

    @pytest.fixture
    def mall(self, real_data):
        return ("data=mall", f"data.path={real_data / 'Mall_Customers.csv'}", "print=json")

    def test_standard_scaled(self, segment, mall):
        result = segment("fit", *mall, "algorithm.n_clusters=5").json()
        assert result["sizes"] == [81, 39, 35, 23, 22]
        assert round(result["scores"]["inertia_model"], 4) == 65.5684
        assert round(result["scores"]["silhouette_model"], 4) == 0.5547

    def test_raw(self, segment, mall):
        result = segment("fit", *mall, "algorithm.n_clusters=5", "scaler=none").json()
        assert result["sizes"] == [81, 39, 35, 23, 22]
        assert round(result["scores"]["inertia_model"], 4) == 44448.4554
        assert round(result["scores"]["silhouette_model"], 4) == 0.5539
        assert round(result["scores"]["silhouette_yardstick"], 4) == 0.5547

    @pytest.mark.parametrize(
        "algorithm", ["kmeans", "gaussian_mixture", "hierarchical", "dbscan", "spectral"]
    )
    def test_shuffled_rows_give_the_same_partition(self, segment, client, store_dir, real_data, algorithm):
        table = pd.read_csv(real_data / "Mall_Customers.csv")
        table.sample(frac=1, random_state=1).to_csv("shuffled.csv", index=False)
        table.to_csv("given.csv", index=False)
        found = []
        for path in ("given.csv", "shuffled.csv"):
            words = ("data=mall", f"data.path={path}", f"algorithm={algorithm}", "print=json")
            result = segment("fit", *words).json()
            found.append((assignments(client, result["run_id"], store_dir), result["scores"]))
        assert found[0][0].equals(found[1][0])
        assert found[0][1] == found[1][1]


def test_demo_segments_are_recovered(segment, client, store_dir):
    result = segment("fit", "data.n_customers=400", "algorithm.n_clusters=5", "print=json").json()
    labels = assignments(client, result["run_id"], store_dir)
    truth = Demo(n_customers=400).read().truth
    assert adjusted_rand_score(truth.to_numpy(), np.asarray(labels)) >= 0.9


def test_mixed_columns_of_the_simulated_segments(segment, client, tmp_path, real_data):
    """Two of the four simulated segments overlap: k-means on age, income and kids comes to 0.54."""
    path = real_data / "segments_known_truth.csv"
    words = ("data=table", f"data.path={path}", "data.drop=[Segment]", "features=all")
    result = segment("fit", *words, "algorithm=latent_class", "algorithm.n_clusters=4", "print=json").json()
    assert result["n_segments"] == 4
    found = assignments(client, result["run_id"], tmp_path)
    truth = pd.read_csv(path)["Segment"].iloc[found.index - found.index.min()]
    assert adjusted_rand_score(truth, found) >= 0.6


def test_it_is_told_how_the_columns_were_prepared(segment, client, store_dir, tmp_path):
    r = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "row": np.arange(300) + 5,
            "spend": r.lognormal(4, 1, 300),
            "age": r.normal(40, 9, 300),
            "rating": r.integers(1, 6, 300),
            "branch": r.choice([1, 2, 3], 300),
        }
    )
    table.to_csv(store_dir / "t.csv", index=False)
    words = ("data=table", "data.path=t.csv", "algorithm.n_clusters=3")
    said = segment("fit", *words, "features=all_numeric", "scaler=auto", "report=r.html")
    assert "How the columns were prepared" in said.out
    for line in ("left out: row", "codes as categories: branch", "logarithms: spend", "ranks: rating"):
        assert f"  {line}\n" in said.out
    report = (store_dir / "r.html").read_text()
    assert "features.keep=[row]" in report
    run_id = said.out.split("run ")[-1].split()[0]
    told = pd.read_csv(client.download_artifacts(run_id, "data/preparation.csv", str(tmp_path)), index_col=0)
    assert told.loc["age", "treatment"] == "standardised"
    # What is typed is what happens.
    again = segment(
        "fit",
        *words,
        "features=all_numeric",
        "scaler=auto",
        "features.keep=[row,branch]",
        "features.plain=[spend]",
    )
    assert "How the columns were prepared" in again.out
    assert "  ranks: rating, branch\n" in again.out
    for gone in ("left out", "codes as categories", "logarithms"):
        assert gone not in again.out
    named = segment("fit", *words, "features=custom", "features.numeric=[row,spend]")
    assert "How the columns were prepared" not in named.out
