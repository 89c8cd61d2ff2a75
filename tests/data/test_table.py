import pandas as pd
import pytest

from segmentation.data import TableFile
from segmentation.errors import InputError


def counted(customers) -> set:
    return {(finding.kind, finding.column, finding.count) for finding in customers.findings}


@pytest.fixture
def mixed(tmp_path):
    """Every kind of column, 12 customers."""
    path = tmp_path / "mixed.csv"
    pd.DataFrame(
        {
            "key": [f"k{i:02d}" for i in range(12)],
            "store_id": range(100, 112),
            "spend": [1.5, "?", *range(10)],
            "plan": ["basic", "plus"] * 6,
            "loyal": [True, False, False] * 4,
            "since": [f"{i + 5:02d}-09-2012" for i in range(12)],
            "remark": [f"customer said {i}" for i in range(12)],
        }
    ).to_csv(path, index=False)
    return path


def test_columns_are_told_by_content(mixed):
    customers = TableFile(mixed, id="key").read()
    assert customers.name == "mixed"
    assert customers.table.dtypes.astype(str).to_dict() == {
        "spend": "float64",
        "plan": "str",
        "loyal": "str",
        "since": "float64",
    }
    assert customers.table.index.name == "key"
    assert {("left_out", "store_id", 12), ("dates", "since", 12), ("left_out", "remark", 12)} <= counted(
        customers
    )


def test_configured_columns_are_taken_as_asked(mixed):
    source = TableFile(
        mixed, id="key", numeric=["store_id", "loyal"], categorical=[], units={"store_id": "no"}
    )
    customers = source.read()
    assert list(customers.table) == ["store_id", "loyal"]
    assert customers.table["loyal"].tolist() == [1, 0, 0] * 4
    assert customers.units == {"store_id": "no"}
    assert customers.findings == ()


def test_only_what_is_not_configured_is_inferred(mixed):
    customers = TableFile(mixed, id="key", categorical=["loyal"], drop=["remark", "since"]).read()
    assert list(customers.table) == ["spend", "loyal"]
    assert {column for _, column, _ in counted(customers)} == {"store_id", "spend"}


@pytest.mark.parametrize("key", ["id", "numeric", "categorical", "drop", "units"])
def test_unknown_column_is_refused_with_the_nearest(mixed, key):
    named = {"id": "spent", "units": {"spent": "$"}}.get(key, ["spent"])
    with pytest.raises(InputError, match=rf"data\.{key} names 'spent'.*did you mean 'spend'"):
        TableFile(mixed, **{key: named}).read()


def test_column_named_twice_and_a_word_for_a_list_are_refused():
    with pytest.raises(InputError, match="'age' is named more than once"):
        TableFile("t.csv", numeric=["age"], drop=["age"])
    with pytest.raises(InputError, match=r"data\.numeric is 'age'; valid is a list such as \[age\]"):
        TableFile("t.csv", numeric="age")


def test_text_in_a_numeric_column_is_refused_whether_named_or_inferred(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,age\n" + "".join(f"{i},{20 + i}\n" for i in range(9)) + "9,abc\n")
    for source in (TableFile(path, id="id"), TableFile(path, id="id", numeric=["age"])):
        with pytest.raises(InputError, match=r"'age' .* holds text in 1 of 10 rows .*'abc'"):
            source.read()
    with pytest.raises(InputError, match=r"'age' .* holds text in 1 of 10 rows .*'abc'"):
        TableFile(path, id="id", numeric=["age"]).read_new(path)


def test_dates_named_numeric_are_refused(tmp_path):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"day": pd.to_datetime(["2020-01-01", "2020-01-02"]), "x": [1, 2]}).to_parquet(path)
    assert TableFile(path).read().table["day"].round(3).tolist() == [2020.0, 2020.003]
    with pytest.raises(InputError, match=r"'day' .* holds dates, not numbers; name it in data\.dates"):
        TableFile(path, numeric=["day"]).read()


def test_nothing_left_to_describe_customers_by_is_refused(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,remark\n" + "".join(f"{i},said {i}\n" for i in range(30)))
    with pytest.raises(InputError, match="has no column left"):
        TableFile(path, id="id").read()


@pytest.mark.parametrize(
    ("written", "ids"),
    [
        (["10", "9", "2"], [2, 9, 10]),
        (["10.0", "9.0", "2"], [2, 9, 10]),
        (["010", "9", "2"], ["010", "2", "9"]),
        (["A2", "A10", "B"], ["A10", "A2", "B"]),
        (["12345678901234567890", "2", "3"], ["12345678901234567890", "2", "3"]),
    ],
)
def test_ids_are_numbers_only_where_nothing_is_lost(tmp_path, written, ids):
    path = tmp_path / "t.csv"
    path.write_text("id,x\n" + "".join(f"{i},{n}\n" for n, i in enumerate(written)))
    assert TableFile(path, id="id").read().table.index.tolist() == ids


def test_new_customers_of_inferred_columns_keep_every_row_and_column(mixed, tmp_path):
    path = tmp_path / "new.csv"
    path.write_text("spend,key,plan,since\n?,k2,plus,2020-01-01\n7,,other,x\n7,k2,,y\n")
    new = TableFile(mixed, id="key").read_new(path)
    assert new.index.isna().tolist() == [False, True, False]
    assert new["spend"].fillna(-1).tolist() == [-1, 7, 7]
    assert new["plan"].fillna("none").tolist() == ["plus", "other", "none"]
    assert list(new) == ["spend", "plan", "since"]
    assert new["since"].tolist() == ["2020-01-01", "x", "y"], (
        "what cannot be read is text, refused where needed"
    )


def test_new_customers_of_configured_columns_have_those_that_are_there(mixed, tmp_path):
    path = tmp_path / "new.parquet"
    pd.DataFrame({"spend": [3, 2, 1], "plan": ["a", "b", None]}).to_parquet(path)
    new = TableFile(mixed, id="key", numeric=["spend", "store_id"], categorical=[]).read_new(path)
    assert new.to_dict("list") == {"spend": [3.0, 2.0, 1.0]}
    assert (new.index.name, new.index.tolist()) == ("row", [1, 2, 3])


def test_marketing_campaign(real_data):
    customers = TableFile(real_data / "marketing_campaign.csv", id="ID").read()
    assert len(customers.table) == 2240
    assert customers.table.select_dtypes("str").columns.tolist() == ["Education", "Marital_Status"]
    assert counted(customers) == {
        ("dates", "Dt_Customer", 2240),
        ("constant_columns", "Z_CostContact", 2240),
        ("constant_columns", "Z_Revenue", 2240),
        ("missing_values", "Income", 24),
        ("rare_levels", "Marital_Status", 7),
    }
    assert customers.resolved == {"dates": {"Dt_Customer": "%d-%m-%Y"}}
    assert customers.units == {"Dt_Customer": "year"}
    assert customers.table.loc[5524, "Dt_Customer"] == pytest.approx(2012 + 247 / 366)
    said = " ".join(finding.message for finding in customers.findings)
    assert "(04-09-2012 is 2012.67)" in said
    assert "Alone (3), Absurd (2), YOLO (2)" in said


def test_a_new_customer_is_read_with_the_pattern_that_was_found(real_data, tmp_path):
    path = real_data / "marketing_campaign.csv"
    trained = TableFile(path, id="ID")
    new = tmp_path / "new.csv"
    new.write_text("ID\tDt_Customer\n1\t04-09-2012\n")
    assert trained.read_new(new)["Dt_Customer"].tolist() == ["04-09-2012"], "it may be April or September"
    as_found = TableFile(path, id="ID", **trained.read().resolved)
    assert as_found.read_new(new)["Dt_Customer"].tolist() == [pytest.approx(2012 + 247 / 366)]


def test_credit_cards(real_data):
    customers = TableFile(real_data / "CC GENERAL.csv", id="CUST_ID").read()
    assert customers.table.shape == (8950, 17)
    assert customers.table.index[0] == "C10001"
    assert counted(customers) == {
        ("missing_values", "CREDIT_LIMIT", 1),
        ("missing_values", "MINIMUM_PAYMENTS", 313),
    }


def test_mall_file_without_a_named_id_does_not_cluster_on_it(real_data):
    customers = TableFile(real_data / "Mall_Customers.csv").read()
    assert "CustomerID" not in customers.table
    assert ("left_out", "CustomerID", 200) in counted(customers)


def test_levels_are_called_as_the_config_says_in_new_files_too(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(
        "id,status\n" + "".join(f"{i},{s}\n" for i, s in enumerate(["single", "Alone", "YOLO", "wed"]))
    )
    source = TableFile(
        path, id="id", categorical=["status"], levels={"status": {"alone": "single", "Yolo": None}}
    )
    assert source.read().table["status"].fillna("?").tolist() == ["single", "single", "?", "wed"]
    assert ("levels", "status", 2) in counted(source.read())
    assert source.read_new(path)["status"].fillna("?").tolist() == ["single", "single", "?", "wed"]


@pytest.mark.parametrize(
    ("levels", "sentence"),
    [
        ({"x": {"a": "b"}}, r"data\.levels names 'x', which is no category"),
        ({"statu": {"a": "b"}}, r"data\.levels names 'statu'.*did you mean 'status'"),
        ({"status": "single"}, "valid is column -> level -> its name"),
    ],
)
def test_levels_that_cannot_be_are_refused(tmp_path, levels, sentence):
    path = tmp_path / "t.csv"
    path.write_text("x,status\n1,a\n2,b\n")
    with pytest.raises(InputError, match=sentence):
        TableFile(path, levels=levels).read()
