import numpy as np
import pandas as pd
import pytest

from segmentation.data import Checks, TableFile
from segmentation.errors import InputError


@pytest.fixture
def read(tmp_path):
    def read(content: str, id="id", source=(), **checks):
        path = tmp_path / "customers.csv"
        path.write_text(content)
        return TableFile(path, id=id, checks=Checks(**checks), **dict(source)).read()

    return read


def counted(customers) -> set:
    return {(finding.kind, finding.column, finding.count, finding.action) for finding in customers.findings}


REPEATED = "id,x\n2,5\n1,3\n2,5\n2, 5\n3,4\n"
TWO_VERSIONS = "id,x\n2,5\n1,3\n2,6\n"
NO_ID = "id,x\n2,5\n,3\n?,3\n1,4\n"


def test_repeated_rows_are_dropped_before_ids_are_compared(read):
    customers = read(REPEATED)
    assert customers.table["x"].to_dict() == {1: 3.0, 2: 5.0, 3: 4.0}
    assert counted(customers) == {("duplicate_rows", None, 2, "repaired")}


def test_repeated_rows_can_be_refused(read):
    with pytest.raises(InputError, match="2 of 5 rows equal another row"):
        read(REPEATED, duplicate_rows="refuse")


def test_equal_rows_without_ids_are_customers_of_their_own(read):
    customers = read("x,y\n1,2\n1,2\n3,4\n", id=None)
    assert len(customers.table) == 3
    assert counted(customers) == {("duplicate_rows", None, 1, "kept")}


def test_two_rows_of_one_id_are_refused_by_default(read):
    with pytest.raises(InputError, match=r"'id' .* repeats ids in 2 of 3 rows .*for example 2"):
        read(TWO_VERSIONS)


@pytest.mark.parametrize(("keep", "x"), [("first", 5.0), ("last", 6.0)])
def test_first_or_last_row_of_an_id_can_be_kept(read, keep, x):
    customers = read(TWO_VERSIONS, duplicate_ids=keep)
    assert customers.table["x"].to_dict() == {1: 3.0, 2: x}
    assert counted(customers) == {("duplicate_ids", "id", 1, "repaired")}


def test_rows_without_an_id_are_dropped_and_counted(read):
    customers = read(NO_ID)
    assert customers.table.index.tolist() == [1, 2]
    assert counted(customers) == {("missing_ids", "id", 2, "repaired")}


def test_rows_without_an_id_can_be_refused(read):
    with pytest.raises(InputError, match="has no id in 2 of 4 rows"):
        read(NO_ID, missing_ids="refuse")


def test_every_mark_for_missing_is_missing_and_counted_but_empty_cells_are_no_marks(read):
    marks = ["?", "NA", "n/a", "null", "None", "-", "NaN", " ? ", ""]
    customers = read("id,x\n" + "".join(f"{i},{mark}\n" for i, mark in enumerate([*marks, "1", "2"])))
    assert customers.table["x"].notna().sum() == 2
    assert counted(customers) == {("missing_marks", "x", 8, "repaired"), ("missing_values", "x", 9, "kept")}


def test_marks_are_configurable_and_numbers_may_be_marks(tmp_path, read):
    content = "id,x\n1,-999\n2,5\n3,6\n"
    marked = read(content, missing_marks=[-999])
    assert marked.table["x"].isna().tolist() == [True, False, False]
    pd.DataFrame({"id": [1, 2, 3], "x": [-999.0, 5, 6]}).to_parquet(tmp_path / "t.parquet")
    parquet = TableFile(tmp_path / "t.parquet", id="id", checks=Checks(missing_marks=["-999"])).read()
    assert parquet.fingerprint == marked.fingerprint
    with pytest.raises(InputError, match=r"'x' .* holds text in 1 of 10 rows .*'\?'"):
        read("id,x\n" + "".join(f"{i},{i}\n" for i in range(9)) + "9,?\n", missing_marks=["NA"])


@pytest.mark.parametrize("written", ["inf", "-Infinity", "1e999"])
def test_infinite_numbers_become_missing(read, written):
    customers = read(f"id,x\n1,{written}\n2,1\n3,2\n")
    assert np.isfinite(customers.table["x"].dropna()).all()
    assert counted(customers) == {("infinities", "x", 1, "repaired"), ("missing_values", "x", 1, "kept")}
    with pytest.raises(InputError, match=r"'x' .* is infinite in 1 of 3 rows"):
        read(f"id,x\n1,{written}\n2,1\n3,2\n", infinities="refuse")


AGES = "id,age\n1,3\n2,18\n3,90\n4,99\n"


def test_values_out_of_range_are_kept_by_default_and_said(read):
    customers = read(AGES, ranges={"age": [18, 90]})
    assert customers.table["age"].tolist() == [3, 18, 90, 99]
    assert counted(customers) == {("out_of_range", "age", 2, "kept")}


def test_values_out_of_range_can_be_made_missing(read):
    customers = read(AGES, ranges={"age": [None, 90]}, out_of_range="missing")
    assert customers.table["age"].isna().tolist() == [False, False, False, True]
    assert ("out_of_range", "age", 1, "repaired") in counted(customers)


def test_values_out_of_range_can_be_refused(read):
    with pytest.raises(InputError, match=r"'age' .* out of range in 2 of 4 rows .*from 18 to 90"):
        read(AGES, ranges={"age": [18, 90]}, out_of_range="refuse")


def test_range_of_an_unknown_column_is_refused_with_the_nearest(read):
    with pytest.raises(InputError, match="did you mean 'age'"):
        read(AGES, ranges={"ages": [18, 90]})


CONSTANT = "id,x,z,empty\n1,1,7,\n2,2,7,\n"


def test_constant_columns_are_kept_and_empty_ones_dropped(read):
    customers = read(CONSTANT)
    assert list(customers.table) == ["x", "z"]
    assert counted(customers) == {
        ("constant_columns", "z", 2, "kept"),
        ("all_missing_columns", "empty", 2, "repaired"),
    }


def test_constant_columns_can_be_dropped_or_refused(read):
    customers = read(CONSTANT, constant_columns="drop")
    assert list(customers.table) == ["x"]
    assert ("constant_columns", "z", 2, "repaired") in counted(customers)
    with pytest.raises(InputError, match=r"'z' .* is constant \(7"):
        read(CONSTANT, constant_columns="refuse")
    with pytest.raises(InputError, match=r"'empty' .* is missing in every row"):
        read(CONSTANT, all_missing_columns="refuse")


def test_spelling_is_folded_to_the_commonest(read):
    content = "id,gender\n1,Male\n2,male\n3,Male \n4,Male\n5, FEMALE\n6,Fe male\n7,FEMALE\n8,?\n"
    customers = read(content, source={"categorical": ["gender"]})
    levels = customers.table["gender"]
    assert levels.dropna().tolist() == ["Male"] * 4 + ["FEMALE"] * 3
    assert counted(customers) == {
        ("spelling", "gender", 4, "repaired"),
        ("missing_marks", "gender", 1, "repaired"),
        ("missing_values", "gender", 1, "kept"),
    }


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        ("duplicate_rows", "drop, refuse"),
        ("duplicate_ids", "refuse, first, last"),
        ("missing_ids", "drop, refuse"),
        ("infinities", "missing, refuse"),
        ("out_of_range", "keep, missing, refuse"),
        ("constant_columns", "keep, drop, refuse"),
        ("all_missing_columns", "drop, refuse"),
    ],
)
def test_unknown_word_is_refused_with_the_valid_ones(name, valid):
    with pytest.raises(InputError, match=rf"data\.checks\.{name} is 'explode'; valid are: {valid}"):
        Checks(**{name: "explode"})


@pytest.mark.parametrize("ends", [[90, 18], [1], "1-2", 5, ["a", "b"]])
def test_bad_range_is_refused(ends):
    with pytest.raises(InputError, match=r"data\.checks\.ranges\.age"):
        Checks(ranges={"age": ends})


def test_marks_must_be_a_list():
    with pytest.raises(InputError, match=r"data\.checks\.missing_marks is '\?'"):
        Checks(missing_marks="?")


def test_checks_hash_and_compare_by_value():
    one, other = (Checks(ranges={"age": ends}, missing_marks=["?"]) for ends in ([0, 9], (0, 9)))
    assert one == other
    assert len({one, other}) == 1
