import pandas as pd
import pytest

from segmentation.commands.explore import describe

PICTURES = {"missing_values", "distributions", "pair_relations", "correlations", "outliers"}


def test_the_data_is_described_and_drawn(segment, client, store_dir):
    result = segment("explore", "data.n_customers=100", "output=seen", "print=json").json()
    assert {p.stem for p in (store_dir / "seen").glob("*.png")} == PICTURES
    assert (store_dir / "seen" / "columns.csv").exists()
    logged = {a.path for a in client.list_artifacts(result["run_id"], "plots")}
    assert logged == {f"plots/{name}.png" for name in PICTURES}
    assert result["n_customers"] == 100
    assert result["columns"]["age"]["missing"] == 2
    assert result["columns"]["gender"] == {
        "type": "category",
        "missing": 0,
        "distinct": 2,
        "commonest": "Male",
    }
    assert {f["kind"] for f in result["findings"]} == {"missing_values"}


def test_text_shows_the_table_of_columns(segment):
    said = segment("explore", "data.n_customers=100")
    assert "100 customers, 4 columns" in said.out
    assert "annual_income" in said.out


def test_an_output_that_cannot_be_written_is_a_mistake(segment):
    said = segment("explore", "data.n_customers=100", "output=/dev/null/seen")
    assert said.code == 2
    assert "output=/dev/null/seen cannot be written" in said.err


def test_outliers_and_skewness_are_measured():
    table = describe(pd.DataFrame({"x": [1.0, 2, 3, 4, 100], "city": ["a", "a", "b", None, "c"]}))
    assert table.loc["x", "outliers"] == 1
    assert table.loc["x", "skewness"] == pytest.approx(pd.Series([1.0, 2, 3, 4, 100]).skew())
    assert table.loc["city", "missing"] == 1
    assert table.loc["city", "commonest"] == "a"
