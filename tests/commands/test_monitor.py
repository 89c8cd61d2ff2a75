import json
from pathlib import Path

import pytest

NAME = "customer-segments"
QUICK = ("structure=false", "data.path=new.csv")


def shifted(table):
    return table.assign(annual_income=table["annual_income"] + table["annual_income"].std() / 2)


def test_the_same_customers_are_ok_and_a_run_tells(segment, client, train, table):
    train()
    found = segment("monitor", "data.path=new.csv", "print=json").json()
    assert (found["verdict"], found["reasons"], found["version"]) == ("ok", [], "1")
    assert found["structure"] == "natural"
    assert found["migration"]["migration_known"] == 200 and found["migration"]["migration_moved"] == 0
    run = client.get_run(found["run_id"])
    assert run.data.tags["drift"] == "ok" and run.data.metrics["psi_annual_income"] < 0.01
    logged = {
        f.path
        for folder in (None, "monitor", "plots")
        for f in client.list_artifacts(run.info.run_id, folder)
    }
    assert {"monitor.html", "config.yaml"} <= logged
    assert {f"monitor/{n}.csv" for n in ("segments", "features", "distance", "migration")} <= logged
    assert {f"plots/{n}.png" for n in ("share_change", "drift_bars", "migration")} <= logged


def test_changed_customers_end_with_code_4_and_a_page_says_why(segment, train, table):
    train()
    shifted(table).to_csv("new.csv")
    said = segment("monitor", *QUICK, "report=out/watch.html", "value=annual_income")
    assert said.code == 4
    assert "retrain: the feature annual_income moved by +0.50" in said.out
    assert "because the customer changed" in said.out
    html = Path("out/watch.html").read_text(encoding="utf-8")
    assert "annual_income" in html and "Retrain" in html
    assert "&lt;i&gt;part 0" in html and "<i>part 0" not in html
    assert "http://" not in html.replace("http://www.w3.org", "") and "https://" not in html


def test_a_scored_file_says_where_customers_were(segment, train, table):
    train()
    assert segment("score", "data.path=new.csv", "output=then.csv").code == 0
    shifted(table).iloc[:150].to_csv("new.csv")
    said = segment("monitor", *QUICK, "before=then.csv", "print=json")
    migration = json.loads(said.out)["migration"]
    assert (migration["migration_known"], migration["migration_gone"]) == (150, 50)
    assert migration["migration_moved"] == migration["migration_moved_by_customer"] > 0


def test_a_new_model_is_told_from_changed_customers(segment, train, table):
    train("previous", k=4)
    train("champion", k=5)
    table.to_csv("then.csv")
    previous = f"previous=models:/{NAME}@previous"
    for before in ((), ("before=then.csv",)):
        found = segment("monitor", *QUICK, previous, *before, "print=json").json()["migration"]
        assert found["migration_moved_by_customer"] == 0
        assert found["migration_moved"] == found["migration_moved_by_model"] > 0


def test_customers_without_ids_have_no_migration(segment, train, table):
    train(data={"_target_": "segmentation.data.TableFile", "path": "gone.csv"})
    table.to_csv("new.csv", index=False)
    assert segment("monitor", *QUICK, "print=json").json()["migration"] is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "data.path"),
        (("data.path=new.csv", "value=incme"), "value=incme"),
        (("data.path=new.csv", "drift.alpha=2"), "drift.alpha"),
        (("data.path=new.csv", "report=page.txt"), "ends in .html"),
        (("data.path=new.csv", "before=gone.csv"), "gone.csv"),
        (("data.path=new.csv", "model=models:/nobody@champion"), "nobody"),
    ],
)
def test_mistakes_are_told_in_one_line(segment, train, words, said):
    train()
    answer = segment("monitor", "structure=false", *words)
    assert answer.code == 2
    assert said in answer.err and answer.err.count("\n") == 1


def test_a_model_from_before_the_watch_is_refused(segment, train):
    train(reference=None)
    answer = segment("monitor", *QUICK)
    assert answer.code == 2 and "fit it again" in answer.err
