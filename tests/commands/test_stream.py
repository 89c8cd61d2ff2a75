import json
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from models import segment_model
from segmentation.clustering import GaussianMixture
from segmentation.data import Demo
from segmentation.serving import SegmentModel
from segmentation.tracking import Registry, Store, identified, load_model, log_model

NAME = "customer-segments"
COLUMNS = ["annual_income", "spending_score"]
WORDS = ("stream", "output=out", "settle=0", "poll=0.05", "print=json")


@pytest.fixture
def champion(store_dir):
    """Make a k-means champion of the demo customers as `fit` and `promote` do, but without pictures and questions."""
    registry = Registry(Store.open("sqlite:///mlruns/mlflow.db", None, "customer-segmentation"), NAME)

    def make(algorithm=None, data=None, table=None):
        customers = Demo(n_customers=150).read()
        table = customers.table if table is None else table
        columns = [c for c in table.columns if c in (*COLUMNS, "pay", "spend")]
        model = segment_model(table, algorithm, columns)
        segments, _ = identified(registry, model.segments, customers, model.algorithm.labels_)
        model = SegmentModel(model.pipeline, segments, table)
        choice = {
            "features": "income_spending",
            "scaler": "standard",
            "reducer": "none",
            "algorithm": "kmeans",
        }
        metadata = {
            "data": data or {"_target_": "segmentation.data.Demo", "n_customers": 150},
            "choice": choice,
            "params": {"kmeans.n_clusters": 5},
            "yardstick": "yardstick (standard)",
        }
        with registry.store.run("fit", {"command": "fit"}) as run:
            uri = log_model(run, model, table[columns].dropna().head(5), metadata)
            version = registry.register(run, uri, "challenger", {})
        assert registry.promote(version, registry.find("champion"), {})
        return model

    return make


def records(n, seed=0, shift=0.0):
    table = Demo(n_customers=n, seed=seed, missing=0.0).read().table[COLUMNS] + shift
    table.columns = ["Annual Income (k$)", "Spending Score (1-100)"]
    return table.rename_axis("CustomerID").reset_index().sample(frac=1, random_state=seed)


def arrive(table, name):
    Path("in").mkdir(exist_ok=True)
    (table.to_parquet if name.endswith("parquet") else table.to_csv)(Path("in", f".{name}"), index=False)
    Path("in", f".{name}").rename(Path("in", name))


def lines(kind="assignments"):
    text = "".join(file.read_text() for file in sorted(Path("out", kind).glob("*.jsonl")))
    return [json.loads(line) for line in text.split("\n") if line]


def test_a_folder_is_streamed_by_the_champion_and_only_what_is_new_next_time(segment, champion):
    model = champion()
    arrive(records(60), "a.csv")
    arrive(records(60), "b.parquet")
    said = segment(*WORDS, "source=in", "batch=25")
    assert "records: " in said.err
    told = said.json()
    assert {k: told[k] for k in ("version", "records", "assigned", "rejected", "changes", "files")} == {
        "version": "1",
        "records": 120,
        "assigned": 120,
        "rejected": 0,
        "changes": 0,
        "files": 2,
    }
    expected = model.assign(records(60).set_axis(["id", *COLUMNS], axis=1))["segment_id"].tolist()
    assert [row["segment_id"] for row in lines()] == expected * 2
    assert {row["model"] for row in lines()} == {"1"}
    arrive(records(10, seed=1).astype("str").replace({"Annual Income (k$)": {}}), "c.csv")
    Path("in", "d.csv").write_text("CustomerID,income,Spending Score\n7,lots,5\n")
    again = segment("stream", "output=out", "source=in", "settle=0")
    assert again.code == 0
    assert "11 records, 2 files read to the end: 10 assigned, 1 rejected" in again.out
    assert "'lots'" in lines("rejected")[0]["reason"]
    assert segment(*WORDS, "source=in").json()["total"]["records"] == 131


def test_standard_input_is_streamed_and_passed_over_where_it_starts_again(segment, champion, monkeypatch):
    champion()
    text = "".join(f"{json.dumps(row)}\n" for row in records(30).to_dict("records"))
    Path("lines").write_text(text[: len(text) // 2 + 9])
    with Path("lines").open() as stdin, monkeypatch.context() as patch:
        patch.setattr("sys.stdin", stdin)
        said = segment(*WORDS, "source=-", "batch=4")
    first = said.json()["records"]
    assert 0 < first < 30
    assert "ended within a line" in said.err
    Path("lines").write_text(text)
    with Path("lines").open() as stdin, monkeypatch.context() as patch:
        patch.setattr("sys.stdin", stdin)
        assert "say replay=true" in segment(*WORDS, "source=-").err
        told = segment(*WORDS, "source=-", "replay=true").json()
    assert (told["passed"], told["records"]) == (first, 30 - first)
    assert [row["row"] for row in lines()] == [*range(1, 31)]


def test_a_signal_ends_the_stream_after_its_micro_batch(segment, champion):
    champion()
    arrive(records(400), "a.csv")

    def end():
        while not lines():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=end)
    Path("out").mkdir()
    thread.start()
    said = segment(*WORDS, "source=in", "batch=50", "once=false")
    thread.join()
    assert (said.code, said.out) == (130, "")
    done = len(lines())
    assert done % 50 == 0
    assert segment(*WORDS, "source=in").json()["records"] == 400 - done
    assert segment(*WORDS, "source=in", "once=false", "max_seconds=0.1").json()["records"] == 0


def test_records_move_the_centres_and_the_gate_decides(segment, champion, client):
    before = champion()
    arrive(records(300), "a.csv")
    refusing = ("source=in", "update.every=300", "update.promote=true", "gate.fits=5")
    told = segment(*WORDS, *refusing, "gate.min_segments=9").json()
    assert [(u["version"], u["promoted"]) for u in told["updates"]] == [("2", False)]
    assert "not promoted: these customers fall into 5 segments" in told["updates"][0]["said"]
    arrive(records(300, seed=1, shift=6.0), "b.csv")
    arrive(records(50, seed=1, shift=6.0), "c.csv")
    told = segment(*WORDS, *refusing).json()
    assert [(u["records"], u["version"], u["promoted"]) for u in told["updates"]] == [(600, "3", True)]
    assert str(client.get_model_version_by_alias(NAME, "champion").version) == "3"
    assert [row["model"] for row in lines()] == ["1"] * 600 + ["3"] * 50
    after, metadata = load_model(f"models:/{NAME}/3")
    assert metadata["choice"]["algorithm"] == "minibatch_kmeans"
    assert [(s.id, s.name) for s in sorted(after.segments, key=lambda s: s.id)] == [
        (s.id, s.name) for s in sorted(before.segments, key=lambda s: s.id)
    ]
    centers = {s.id: before.algorithm.cluster_centers_[s.number] for s in before.segments}
    moved = [after.algorithm.cluster_centers_[s.number] - centers[s.id] for s in after.segments]
    assert (np.mean(moved, axis=0) > 0).all()
    changes = lines("changes")
    assert all(c["from"] != c["to"] for c in changes)
    tags = client.get_model_version(NAME, "3").tags
    assert "update by segment stream after 600 records" in tags["promoted_because"]


def test_only_centres_can_be_moved(segment, champion):
    champion(GaussianMixture(n_clusters=3, random_state=0))
    Path("in").mkdir()
    said = segment(*WORDS, "source=in", "update.every=100")
    assert said.code == 2
    assert "is a GaussianMixture; valid are KMeans, MiniBatchKMeans, BisectingKMeans" in said.err
    assert segment(*WORDS, "source=in").json()["records"] == 0


def test_records_are_read_as_the_training_data_was_and_known_by_the_column_named(segment, champion):
    table = Demo(n_customers=150).read().table[COLUMNS].set_axis(["pay", "spend"], axis=1)
    table.rename_axis("who").to_csv("train.tsv", sep="\t")
    node = {"_target_": "segmentation.data.TableFile", "path": "train.tsv", "separator": "\t"}
    champion(data=node, table=table)
    # One of these alone looks like a category.
    Path("in").mkdir()
    Path("in", "a.csv").write_text("who\tpay\tspend\nx1\t50\t50\nx1\tfifty\t50\n")
    assert "name that of the records: id=..." in segment(*WORDS, "source=in").err
    told = segment(*WORDS, "source=in", "id=who").json()
    assert (told["assigned"], told["rejected"]) == (1, 1)
    assert lines()[0]["customer"] == "x1"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("source=nowhere",), "source=nowhere is no folder"),
        (("source=in", "batch=0"), "batch=0; valid are numbers of at least 1"),
        (("source=in", "replay=true"), "replay=True is for standard input"),
        (("source=in", "id=x"), "mall customers have their own column of ids"),
        (("source=in", "output=file"), "output=file cannot be written"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_mistakes_are_told_in_one_sentence(segment, champion, words, sentence):
    champion()
    Path("in").mkdir()
    Path("file").touch()
    said = segment(*WORDS, *words)
    assert said.code == 2
    assert sentence in said.err.splitlines()[-1]
