import pandas as pd
import pytest

from segmentation.data import Checks, Transactions
from segmentation.errors import InputError

HEADER = "CustomerID,InvoiceDate,InvoiceNo,Quantity,UnitPrice"
LINES = (
    "17850,2011-12-01 08:00:00,1,2,3.0",
    "17850,2011-12-01 08:00:00,1,2,3.0",
    "17850,2011-12-05 08:00:00,2,1,4.0",
    "17850,2011-12-06 08:00:00,C3,-1,4.0",
    "17850,2011-12-06 09:00:00,4,-1,1.0",
    "13047,2011-12-03 23:00:00,5,1,10.0",
    "13047,2011-12-09 12:50:00,6,1,0",
    ",2011-12-09 12:50:00,7,1,5.0",
    "99999,2011-12-08 00:00:00,C8,-1,5.0",
)


@pytest.fixture
def write(tmp_path):
    def write(*lines: str, header: str = HEADER):
        path = tmp_path / "shop.csv"
        path.write_text("\n".join([header, *lines]) + "\n")
        return path

    return write


def counted(customers) -> set:
    return {(finding.kind, finding.column, finding.count, finding.action) for finding in customers.findings}


def test_lines_become_recency_frequency_and_monetary(write):
    customers = Transactions(write(*LINES)).read()
    assert customers.table.to_dict("index") == {
        13047: {"recency": 6.0, "frequency": 1.0, "monetary": 10.0},
        17850: {"recency": 4.0, "frequency": 2.0, "monetary": 16.0},
    }
    assert customers.name == "shop"
    assert customers.table.index.name == "CustomerID"
    assert customers.units == {"recency": "days", "frequency": "invoices", "monetary": "currency"}
    assert counted(customers) == {
        ("missing_ids", "CustomerID", 1, "repaired"),
        ("cancelled", "InvoiceNo", 2, "repaired"),
        ("returns", "Quantity", 1, "repaired"),
        ("not_positive", "UnitPrice", 1, "repaired"),
    }


def test_returns_can_be_taken_off_monetary_only(write):
    table = Transactions(write(*LINES), returns="subtract").read().table
    assert table.loc[17850].tolist() == [4, 2, 11]
    assert table.loc[13047].tolist() == [6, 1, 10]
    assert 99999 not in table.index


def test_snapshot_cuts_later_lines_off(write):
    customers = Transactions(write(*LINES), snapshot="2011-12-05").read()
    assert customers.table["recency"].to_dict() == {13047: 1.0, 17850: 3.0}
    assert ("after_snapshot", "InvoiceDate", 5, "repaired") in counted(customers)
    with pytest.raises(InputError, match="no purchase left of 9 lines"):
        Transactions(write(*LINES), snapshot="2001-01-01").read()


def test_columns_can_be_named_and_an_amount_replace_quantity_and_price(write):
    path = write("a,2020-01-01,1,5.5", "b,2020-01-02,2,-1", "b,2020-01-02,3,4", header="who,day,bill,total")
    source = Transactions(path, customer="who", time="day", invoice="bill", amount="total")
    customers = source.read()
    assert customers.table["monetary"].to_dict() == {"a": 5.5, "b": 4.0}
    assert ("returns", "total", 1, "repaired") in counted(customers)


def test_cancellations_need_not_have_a_prefix(write):
    path = write("1,2020-01-01,C1,1,2", "2,2020-01-02,C2,1,3")
    assert len(Transactions(path, cancelled_prefix=None).read().table) == 2
    with pytest.raises(InputError, match="no purchase left"):
        Transactions(path).read()


def test_missing_customers_can_be_refused(write):
    with pytest.raises(InputError, match=r"'CustomerID' .* has no id in 1 of 9 rows"):
        Transactions(write(*LINES), checks=Checks(missing_ids="refuse")).read()


def test_lines_without_time_or_quantity_are_left_out(write):
    path = write("1,2020-01-01,1,1,2", "1,,2,1,2", "2,2020-01-02,3,?,3", "2,2020-01-02,4,1,3")
    assert {
        ("missing_values", "InvoiceDate", 1, "repaired"),
        ("missing_values", "Quantity", 1, "repaired"),
    } <= (counted(Transactions(path).read()))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("12/1/2010 8:26", "12/13/2010 9:00"),
        ("1/12/2010 8:26", "13/12/2010 9:00"),
        ("1.12.2010", "13.12.2010"),
        ("2010-12-01T08:26:00Z", "2010-12-13T09:00:00Z"),
        ("2010/12/01 08:26", "2010/12/13 09:00"),
        ("12/1/10 8:26", "12/13/10 9:00"),
    ],
)
def test_dates_of_many_patterns(write, first, second):
    table = Transactions(write(f"1,{first},1,1,2", f"2,{second},2,1,2")).read().table
    assert table.loc[1, "recency"] in {12, 13}
    assert table.loc[2, "recency"] in {0, 1}


def test_day_and_month_that_cannot_be_told_apart_are_refused_until_said(write):
    path = write("1,12/1/2010 8:26,1,1,2", "2,11/1/2010 8:26,2,1,2")
    with pytest.raises(InputError, match=r"day or month first .*data\.time_format"):
        Transactions(path).read()
    table = Transactions(path, time_format="%d/%m/%Y %H:%M").read().table
    assert table["recency"].to_dict() == {1: 0.0, 2: 1.0}


@pytest.mark.parametrize(
    ("lines", "options", "sentence"),
    [
        (("1,soon,1,1,2", "2,2020-01-01,2,1,2"), {}, "'InvoiceDate' .* no date in 1 of 2 rows .*'soon'"),
        ((("1,,1,1,2"), "2,?,2,1,2"), {}, "'InvoiceDate' .* is missing in every row"),
        (("1,2020-01-01,1,many,2", "2,2020-01-01,2,1,2"), {}, "'Quantity' .* holds text in 1 of 2 rows"),
        (LINES, {"price": "Price"}, r"data\.price names 'Price'.*did you mean 'UnitPrice'"),
        (LINES[:3], {}, "holds 1 customer; clustering needs at least 2"),
    ],
)
def test_bad_lines_are_refused(write, lines, options, sentence):
    with pytest.raises(InputError, match=sentence):
        Transactions(write(*lines), **options).read()


def test_bad_words_are_refused():
    with pytest.raises(InputError, match=r"data\.returns is 'add'; valid are: ignore, subtract"):
        Transactions("t.csv", returns="add")
    with pytest.raises(InputError, match=r"data\.snapshot is 'soon'"):
        Transactions("t.csv", snapshot="soon")


def test_new_lines_are_summed_up_alike_and_one_customer_is_enough(write):
    source = Transactions("unused.csv", snapshot="2011-12-10")
    new = source.read_new(write(*LINES[:3]))
    assert new.to_dict("index") == {17850: {"recency": 4.0, "frequency": 2.0, "monetary": 16.0}}


@pytest.fixture(scope="module")
def retail(real_data):
    return Transactions(real_data / "online_retail.parquet").read()


def test_online_retail_gives_the_published_figures(retail):
    assert retail.table.shape == (4338, 3)
    assert retail.table.mean().round(3).tolist() == [92.059, 4.272, 2054.266]
    assert retail.table.index.dtype == "int64"
    dropped = {finding.kind: finding.count for finding in retail.findings}
    assert dropped["missing_ids"] == 135_080
    assert 541_909 - sum(dropped.values()) == 397_884


def test_online_retail_in_another_order_and_format_is_the_same(retail, real_data, tmp_path):
    lines = pd.read_parquet(real_data / "online_retail.parquet", columns=[*HEADER.split(",")])
    lines = lines.sample(frac=1, random_state=0).astype({"CustomerID": "float64"})
    lines.to_csv(tmp_path / "retail.csv", index=False)
    shuffled = Transactions(tmp_path / "retail.csv").read()
    pd.testing.assert_frame_equal(shuffled.table, retail.table)
    assert shuffled.findings == retail.findings
    assert shuffled.fingerprint == retail.fingerprint
