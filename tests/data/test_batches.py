"""Files in parts: the same customers as all at once, whatever the file."""

import pandas as pd
import pytest

from segmentation.data import Demo, MallFile, TableFile, Transactions, count_rows, files
from segmentation.errors import InputError

TABLE = pd.DataFrame(
    {
        "who": [f"c{i}" for i in range(50)],
        "spend": [None if i % 7 == 0 else i / 4 for i in range(50)],
        "plan": [["a", "B ", 'with "quote", and\nline', "é"][i % 4] for i in range(50)],
        "joined": [f"{i % 28 + 1:02d}-06-2012" for i in range(50)],
    }
)
READER = TableFile("any", id="who", dates={"joined": "%d-%m-%Y"})


@pytest.fixture
def in_small_parts(monkeypatch):
    """Parts of a few rows, and text of any size read as if it were too large for memory."""
    monkeypatch.setattr(files, "BATCH_ROWS", 8)
    monkeypatch.setattr(files, "LARGE_TEXT", 0)
    monkeypatch.setattr(files, "BLOCK", 600)


def whole(reader, path):
    parts = [*reader.read_batches(path)]
    assert len(parts) > 1
    return pd.concat(parts)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";"])
def test_text_in_parts_is_the_same_table(tmp_path, in_small_parts, encoding, separator):
    path = tmp_path / "new.csv"
    TABLE.to_csv(path, sep=separator, index=False, encoding=encoding)
    expected = READER.read_new(path)
    assert expected["plan"].nunique() == 4
    pd.testing.assert_frame_equal(whole(READER, path), expected)
    assert count_rows(path) is None


@pytest.mark.parametrize("index", [False, True])
def test_parquet_in_parts_is_the_same_table(tmp_path, in_small_parts, index):
    path = tmp_path / "new.parquet"
    (TABLE.set_index("who") if index else TABLE.astype({"plan": "category"})).to_parquet(path)
    pd.testing.assert_frame_equal(whole(READER, path), READER.read_new(path))
    assert count_rows(path) == 50


@pytest.mark.parametrize(
    "ids", [pd.RangeIndex(100, 200, 2, name="who"), pd.Index([*range(50)][::-1], name="who")]
)
def test_ids_that_were_the_index_are_kept_in_parts(tmp_path, in_small_parts, ids):
    path = tmp_path / "new.parquet"
    TABLE.drop(columns="who").set_index(ids).to_parquet(path)
    found = whole(READER, path)
    assert found.index.tolist() == ids.tolist()
    pd.testing.assert_frame_equal(found, READER.read_new(path))


def test_rows_without_ids_are_numbered_through_all_files(tmp_path, in_small_parts):
    for name, rows in {"2": TABLE[30:], "1": TABLE[:30]}.items():
        rows.to_parquet(tmp_path / f"{name}.parquet")
    found = whole(TableFile("any", numeric=["spend"], categorical=[]), tmp_path)
    assert found.index.tolist() == [*range(1, 51)]
    assert found["spend"].equals(TABLE["spend"].set_axis(found.index))
    assert count_rows(tmp_path) == 50


def test_every_source_reads_in_parts(tmp_path, in_small_parts, monkeypatch):
    path = tmp_path / "mall.csv"
    Demo(n_customers=40).read().table.to_csv(path)
    for source in (MallFile(path), Demo()):
        pd.testing.assert_frame_equal(whole(source, path), source.read_new(path))
    lines = tmp_path / "lines.csv"
    lines.write_text(
        "CustomerID,InvoiceDate,InvoiceNo,Quantity,UnitPrice\n"
        "1,2011-01-01,11,1,2.5\n2,2011-01-02,12,2,2.5\n1,2011-02-01,13,1,1\n"
    )
    # A customer's purchases may be anywhere in the file.
    (found,) = Transactions(lines).read_batches(lines)
    assert found["frequency"].tolist() == [2, 1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n" + "1,2\n" * 400 + "1,2,3\n", "line 403 has 3 cells, but the header has 2"),
        ("a,b\n" + "1,2\n" * 400 + '"1,2\n', "a quote that is not closed, in the row from line 402"),
        ("a,a\n1,2\n", "more than one column 'a'"),
        (b"PK\x03\x04", "Excel workbook or a zip archive"),
        (b"PAR1", "not a readable Parquet file"),
        (b"a,b\n" * 200 + b"\x81\x8d", r"neither UTF-8 nor Windows-1252 text \(byte 801 is undecodable\)"),
        (b"a,b\n" * 200 + b"\xe9\0", "is not text"),
        ("", "is empty"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path, in_small_parts, content, message):
    path = tmp_path / "new.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(InputError, match=message) as refused:
        list(TableFile(path).read_batches(path))
    assert str(path) in f"{refused.value}" and "\n" not in f"{refused.value}"


def test_what_is_not_there_is_said(tmp_path):
    reader = TableFile("any")
    for path, message in {
        "nothing.csv": "There is no file",
        "*.parquet": "No file matches",
        ".": "holds no Parquet file",
    }.items():
        with pytest.raises(InputError, match=message):
            list(reader.read_batches(tmp_path / path))
