from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation.data import Customers, MallFile, TableFile, Transactions
from segmentation.errors import InputError

GOOD = "spend,plan\n1,a\n2,b\n3,a\n4,b\n"


@pytest.fixture
def read(tmp_path):
    def read(content: str | bytes, name: str = "customers.csv", **options):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return TableFile(path, **options).read()

    return read


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["customers.csv", "customers.tsv"])
def test_separator_is_found_whatever_the_suffix(read, separator, name):
    customers = read(GOOD.replace(",", separator), name)
    assert customers.table["spend"].sum() == 10
    assert customers.table["plan"].tolist() == ["a", "b", "a", "b"]


def test_separator_is_not_mistaken_for_a_sign_in_the_cells(read):
    customers = read('a;"b, c, d, e"\n1;2\n3;4\n')
    assert list(customers.table) == ["a", "b, c, d, e"]


@pytest.mark.parametrize("separator", ["tab", "\\t", "\t"])
def test_separator_tab_may_be_spelled(read, separator):
    assert read(GOOD.replace(",", "\t"), separator=separator).table.shape == (4, 2)


def test_separator_of_two_characters_is_refused(read):
    with pytest.raises(InputError, match=r"data.separator is '::'"):
        read(GOOD, separator="::")


@pytest.mark.parametrize("name", ["customers.parquet", "customers.csv"])
def test_parquet_is_told_by_content_too(read, tmp_path, name):
    pd.DataFrame({"spend": [1.0, 2.0], "id": [7, 5]}).set_index("id").to_parquet(tmp_path / "saved")
    customers = read((tmp_path / "saved").read_bytes(), name, id="id")
    assert customers.table["spend"].to_dict() == {5: 2.0, 7: 1.0}


def test_csv_and_parquet_of_one_table_have_one_fingerprint(tmp_path):
    frame = pd.DataFrame(
        {
            "id": pd.array([17850, 17851, 17852, 17853], "Int64"),
            "spend": [1.5, None, 3, 4],
            "visits": [1, 2, 2, 1],
            "loyal": [True, False, True, True],
            "plan": pd.Categorical(["a", "b", None, "a"]),
            "code": pd.array([1, 2, None, 1], "Int64"),
        }
    )
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    csv, parquet = (
        TableFile(tmp_path / name, id="id", categorical=["loyal", "plan", "code"]).read()
        for name in ("t.csv", "t.parquet")
    )
    pd.testing.assert_frame_equal(csv.table, parquet.table)
    assert csv.fingerprint == parquet.fingerprint


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_marks_leave_the_first_header_alone(read, encoding):
    customers = read(GOOD.replace("a", "é").encode(encoding))
    assert list(customers.table) == ["spend", "plén".replace("é", "é")]
    assert not customers.findings


def test_windows_text_is_read_and_said(read):
    customers = read("name,x\nJosé,1\nZoë,2\nJosé,3\nZoë,4\n".encode("cp1252"))
    assert sorted(set(customers.table["name"])) == ["José", "Zoë"]
    assert [(finding.kind, finding.count) for finding in customers.findings] == [("encoding", 4)]


def test_blank_lines_quotes_and_unnamed_columns_are_read(read):
    customers = read('\n,note,height\n0,"a, b",5" 3\n\n1,"a, b",5" 4\n2,"c\nd",5" 3\n3,"c\nd",5" 4"\n')
    assert set(customers.table["note"]) == {"a, b", "c\nd"}
    assert "Unnamed: 0" not in customers.table
    assert "Unnamed: 0" in {finding.column for finding in customers.findings}


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        ("", "x.csv", "is empty"),
        ("\n \n", "x.csv", "is empty"),
        (b"\xef\xbb\xbf\r\n", "x.csv", "is empty"),
        ("a,b\n", "x.csv", "has a header but no rows"),
        ("a,b\n1,2\n", "x.csv", "holds 1 customer; clustering needs at least 2"),
        ("a,b\n1,2\n3,4\n5,6,7\n8,9\n", "x.csv", "line 4 has 3 cells, but the header has 2"),
        ('a,b\n"1\n2",2\n\n3\n8,9\n', "x.csv", "line 5 has 1 cells, but the header has 2"),
        ('a,b\n1,2\n3,"4\n5,6\n', "x.csv", "has a quote that is not closed, in the row from line 3"),
        ("a,b,a \n1,2,3\n4,5,6\n", "x.csv", "has more than one column 'a'"),
        (b"a,b\n1,\x81\n2,3\n", "x.csv", "is neither UTF-8 nor Windows-1252 text"),
        (b"PK\x03\x04....", "x.csv", "is an Excel workbook or a zip archive"),
        (b"\x1f\x8b....", "x.csv", "is compressed"),
        (b"PAR1 and no more", "x.csv", "is not a readable Parquet file"),
        ("a,b\n1,2\n", "x.parquet", "is not a readable Parquet file"),
    ],
)
def test_bad_files_are_refused_in_one_sentence_with_the_path(read, tmp_path, content, name, sentence):
    with pytest.raises(InputError) as refusal:
        read(content, name)
    assert sentence in str(refusal.value)
    assert str(tmp_path / name) in str(refusal.value)


def test_missing_file_is_refused_with_its_nearest_neighbour(read, tmp_path):
    read(GOOD)
    with pytest.raises(InputError, match=r"no file .*custmers.csv; did you mean 'customers.csv'"):
        TableFile(tmp_path / "custmers.csv").read()
    with pytest.raises(InputError, match="nor a readable folder"):
        TableFile(tmp_path / "nowhere" / "customers.csv").read()


def test_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        TableFile(tmp_path).read()


def test_file_without_permission_is_refused(read, monkeypatch):
    def deny(self: Path) -> bytes:  # root may read everything, so the mode alone proves nothing
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "read_bytes", deny)
    with pytest.raises(InputError, match="cannot be read: Permission denied"):
        read(GOOD)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("any") / "customers.csv"


@given(
    content=st.text("id,x;\n\r\t\"'1.-?é \0", max_size=60).map(str.encode)
    | st.binary(max_size=60)
    | st.binary(max_size=40).map(
        lambda tail: b"CustomerID,InvoiceDate,InvoiceNo,Quantity,UnitPrice\n1,2,3," + tail
    )
    | st.text("0159-/: T.,\n", max_size=60).map(lambda tail: f"id,x\n1,2\n{tail}".encode())
)
@settings(max_examples=300)
def test_whatever_the_file_holds_it_is_read_or_refused_in_one_sentence(scratch, content):
    scratch.write_bytes(content)
    for source in (TableFile(scratch), TableFile(scratch, id="id"), MallFile(scratch), Transactions(scratch)):
        for read in (source.read, lambda source=source: source.read_new(scratch)):
            try:
                result = read()
            except InputError as refusal:
                assert str(refusal)
            else:
                assert isinstance(result, Customers | pd.DataFrame)
