import mlflow
import pytest

from segmentation.errors import InputError
from segmentation.tracking import Registry, Store

TAGS = {"data": "demo"}


@pytest.fixture
def store(store_dir):
    return Store.open("sqlite:///mlruns/mlflow.db", None, "mine")


def status(store, run):
    return store.client.get_run(run.id).info.status


def child(run, **changes):
    facts = {
        "name": "t", "started": 1e9, "seconds": 2.0, "status": "FINISHED",
        "params": {"k": 3}, "metrics": {"s": 0.5}, "tags": {"algorithm": "kmeans"}, "files": {"a/b.txt": b"x"},
    }  # fmt: skip
    return run.child(**{**facts, **changes})


def test_a_run_ends_as_what_happened_inside(store):
    with store.run("good", TAGS) as good:
        pass
    with pytest.raises(ZeroDivisionError), store.run("bad", TAGS) as bad:
        raise ZeroDivisionError
    with pytest.raises(KeyboardInterrupt), store.run("stopped", TAGS) as stopped:
        raise KeyboardInterrupt
    assert [status(store, run) for run in (good, bad, stopped)] == ["FINISHED", "FAILED", "KILLED"]
    assert mlflow.active_run() is None


def test_children_left_open_end_with_their_parent(store):
    with pytest.raises(KeyboardInterrupt), store.run("parent", TAGS) as parent:
        tags = {"mlflow.parentRunId": parent.id}
        left = store.client.create_run(parent.experiment_id, tags=tags).info.run_id
        raise KeyboardInterrupt
    assert store.client.get_run(left).info.status == "KILLED"


def test_a_child_is_recorded_whole(store):
    with store.run("parent", TAGS) as parent:
        run_id = child(parent)
    run = store.client.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert (run.info.start_time, run.info.end_time) == (10**12, 10**12 + 2000)
    assert run.data.params == {"k": "3"}
    assert run.data.metrics == {"s": 0.5}
    assert run.data.tags["mlflow.parentRunId"] == parent.id
    assert [f.path for f in store.client.list_artifacts(run_id, "a")] == ["a/b.txt"]


def test_the_run_that_mlflow_opened_is_gone_on_with(store, monkeypatch):
    opened = store.client.create_run(store.experiment_id).info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", opened)
    with store.run("parent", TAGS) as parent, store.run("child", TAGS, parent_id=parent.id) as inner:
        assert parent.id == opened
        assert inner.id != opened
    assert status(store, parent) == "FINISHED"
    assert store.client.get_run(inner.id).data.tags["mlflow.parentRunId"] == opened


def test_a_run_of_another_store_is_not(store, monkeypatch):
    monkeypatch.setenv("MLFLOW_RUN_ID", "0" * 32)
    with store.run("parent", TAGS) as parent:
        assert parent.id != "0" * 32


def test_files_go_beside_the_embedded_store(store, store_dir):
    with store.run("parent", TAGS) as run:
        run.text("note.txt", "hello")
    (note,) = (store_dir / "mlruns" / "artifacts").rglob("note.txt")
    assert note.read_text() == "hello"


def test_files_go_where_they_are_told(store_dir):
    store = Store.open("sqlite:///mlruns/mlflow.db", "elsewhere", "other")
    with store.run("parent", TAGS) as run:
        run.text("note.txt", "hello")
    assert list((store_dir / "elsewhere").rglob("note.txt"))


def test_a_deleted_experiment_is_named(store):
    store.client.delete_experiment(store.experiment_id)
    with pytest.raises(InputError, match="tracking.experiment=mine was deleted"):
        Store.open(store.uri, None, "mine")


def test_the_registry_without_versions_answers_none(store):
    assert Registry(store, "nothing").find("champion") is None
