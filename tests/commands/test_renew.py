import json

import pytest

SMALL = ("structure=false", "print=json")


@pytest.fixture
def champion(train, table):
    """A champion of the customers in new.csv, and later ones whose income has risen."""
    train()
    table.assign(annual_income=table["annual_income"] + 20).to_csv("later.csv")


def versions(client):
    return {
        alias: str(version)
        for alias, version in client.get_registered_model("customer-segments").aliases.items()
    }


def test_nothing_is_done_where_nothing_changed(segment, client, champion):
    found = segment("renew", "data.path=new.csv", *SMALL).json()
    assert (found["verdict"], found["renewed"], found["promoted"]) == ("ok", False, False)
    assert versions(client) == {"champion": "1"}


def test_changed_customers_bring_a_challenger_that_waits_and_one_that_is_promoted(segment, client, champion):
    waiting = segment("renew", "data.path=later.csv", *SMALL).json()
    assert (waiting["verdict"], waiting["renewed"], waiting["promoted"]) == ("retrain", True, False)
    assert waiting["promotion"]["refused"] == []
    assert versions(client) == {"champion": "1", "challenger": "2"}
    run = client.get_run(waiting["training"]["run_id"])
    assert run.data.tags["start"] == "warm"
    assert run.data.params["init"] == "k-means++"
    # The segments are still there, under their names.
    assert [s["id"] for s in waiting["training"]["segments"]] == [f"S{i + 1}" for i in range(5)]

    done = segment("renew", "data.path=later.csv", "promote=true", *SMALL).json()
    assert done["promoted"] and versions(client) == {"champion": "3", "challenger": "3", "previous": "1"}
    tags = client.get_model_version("customer-segments", "3").tags
    assert tags["promoted_because"].startswith("renewed:")
    # The new champion knows these customers.
    assert not segment("renew", "data.path=later.csv", *SMALL).json()["renewed"]


def test_the_gate_may_refuse(segment, client, champion):
    said = segment("renew", "data.path=later.csv", "promote=true", "gate.min_customers=1000", *SMALL)
    assert said.code == 3
    found = json.loads(said.out)
    assert found["renewed"] and not found["promoted"] and found["promotion"]["refused"]
    assert versions(client)["champion"] == "1"


def test_a_study_tries_other_numbers_of_segments(segment, client, champion):
    words = (
        "force=true",
        "mode=study",
        "around=1",
        "search.n_trials=3",
        "evidence.fits=2",
        "selection=silhouette",
    )
    said = segment("renew", "data.path=new.csv", "gate=off", *words, *SMALL)
    found = json.loads(said.out)
    assert said.code == 0 and found["verdict"] == "ok" and found["renewed"]
    assert found["training"]["trials"]["complete"] >= 2
    assert 4 <= found["training"]["winner"]["n_segments"] <= 6
    assert versions(client)["challenger"] == "2"


@pytest.mark.parametrize(
    ("words", "said"), [(("mode=studdy",), "did you mean 'study'"), (("around=0", "mode=study"), "around=0")]
)
def test_mistakes_are_told_in_one_line(segment, champion, words, said):
    answer = segment("renew", "data.path=later.csv", "structure=false", *words)
    assert answer.code == 2 and said in answer.err and answer.err.count("\n") == 1
