import shlex

import pandas as pd
import pytest

PICTURES = {
    "structure",
    "missing_values",
    "distributions",
    "pair_relations",
    "correlations",
    "associations",
    "outliers",
    "scalers",
}


def test_the_data_is_described_and_drawn(segment, client, store_dir):
    result = segment(
        "explore", "data.n_customers=100", "output=seen", "report=page.html", "print=json"
    ).json()
    assert {p.stem for p in (store_dir / "seen").glob("*.png")} == PICTURES
    assert {"columns.csv", "associations.csv", "suggestions.csv", "scalers.csv"} <= {
        p.name for p in (store_dir / "seen").iterdir()
    }
    page = (store_dir / "page.html").read_text()
    assert page == (store_dir / "seen" / "explore.html").read_text()
    assert page.count("data:image/png;base64") == len(PICTURES)
    assert {a.path for a in client.list_artifacts(result["run_id"])} >= {"explore.html", "data", "plots"}
    logged = {a.path for a in client.list_artifacts(result["run_id"], "plots")}
    assert logged == {f"plots/{name}.png" for name in PICTURES}
    assert result["n_customers"] == 100
    assert result["columns"]["age"]["missing"] == 2
    assert result["columns"]["gender"]["commonest"] == "Male"
    assert {f["kind"] for f in result["findings"]} == {"missing_values"}
    assert set(result["scalers"]) == {"none", "standard", "auto", "minmax", "robust", "power", "quantile"}
    assert result["tendency"]["verdict"] in ("natural", "reproducible", "constructive")
    assert client.get_run(result["run_id"]).data.tags["verdict"] == result["tendency"]["verdict"]
    assert result["associations"][0]["kind"] == "rank correlation"
    assert {result["associations"][0]["a"], result["associations"][0]["b"]} == {"age", "spending_score"}


def test_text_shows_the_table_of_columns(segment):
    said = segment("explore", "data.n_customers=100")
    assert "100 customers, 4 columns" in said.out
    assert "annual_income" in said.out
    assert "Tendency: " in said.out


@pytest.mark.parametrize("key", ["output", "report"])
def test_an_output_that_cannot_be_written_is_a_mistake(segment, client, key):
    said = segment("explore", "data.n_customers=100", f"{key}=/dev/null/seen")
    assert said.code == 2
    assert f"{key}=/dev/null/seen cannot be written" in said.err
    assert not client.search_runs([e.experiment_id for e in client.search_experiments()])


def test_the_marketing_file_is_explored_from_its_raw_form_and_the_next_command_runs(segment, real_data):
    path = real_data / "marketing_campaign.csv"
    result = segment("explore", "data=table", f"data.path={path}", "data.id=ID", "print=json").json()
    kinds = {(s["kind"], *s["columns"][:1]) for s in result["suggestions"]}
    assert {
        ("apart", "Income"),
        ("apart", "Year_Birth"),
        ("rare_levels", "Marital_Status"),
        ("constant", "AcceptedCmp2"),
        ("ordered", "Kidhome"),
        ("skewed", "MntWines"),
        ("scales", "Income"),
    } <= kinds
    assert "Income" not in result["features"]["log"]
    assert {"dates", "constant_columns", "missing_values"} <= {f["kind"] for f in result["findings"]}
    assert result["tendency_as_suggested"]["verdict"] in ("natural", "reproducible", "constructive")
    overrides = [
        word
        for s in result["suggestions"]
        if s["kind"] in ("apart", "rare_levels")
        for word in shlex.split(s["override"])
    ]
    _, _, *words = shlex.split(result["next"])
    fitted = segment("fit", *words, *overrides, "algorithm.n_clusters=2", "print=json").json()
    assert len(fitted["sizes"]) == 2


def test_skewed_credit_cards_are_advised(segment, real_data):
    result = segment(
        "explore",
        "data=table",
        f"data.path='{real_data / 'CC GENERAL.csv'}'",
        "data.id=CUST_ID",
        "print=json",
    ).json()
    skewed = {c for s in result["suggestions"] if s["kind"] == "skewed" for c in s["columns"]}
    assert {"BALANCE", "PURCHASES", "CASH_ADVANCE", "PAYMENTS", "MINIMUM_PAYMENTS"} <= skewed
    assert {c for s in result["suggestions"] if s["kind"] == "ordered" for c in s["columns"]} == {"TENURE"}
    sums = [s["columns"] for s in result["suggestions"] if s["kind"] == "sum"]
    assert sums == [["PURCHASES", "ONEOFF_PURCHASES", "INSTALLMENTS_PURCHASES"]]
    twins = {c for s in result["suggestions"] if s["kind"] == "duplicate" for c in s["columns"]}
    assert "CASH_ADVANCE_TRX" in twins
    assert {"BALANCE", "PURCHASES"} <= set(result["features"]["log"])


def test_data_without_a_number_that_varies_is_explored(segment, store_dir):
    rows = {"id": range(30), "one": 1, "plan": ["a", "b", "<script>alert(1)</script>"] * 10}
    pd.DataFrame(rows).to_csv(store_dir / "t.csv", index=False)
    words = ["data=table", "data.path=t.csv", "data.id=id", "report=r.html"]
    result = segment("explore", *words, "print=json").json()
    assert result["tendency"] is None
    assert result["scalers"] == {}
    page = (store_dir / "r.html").read_text()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_features_that_are_named_are_the_ones_looked_at(segment):
    result = segment(
        "explore", "data.n_customers=100", "features=income_spending", "scaler=robust", "print=json"
    ).json()
    assert set(result["scalers"]) == {"robust"}
    assert result["tendency_as_suggested"] is None
    assert "features=income_spending" in result["next"]
