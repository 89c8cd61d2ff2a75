import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation.data import Customers, Finding, TableFile, findings_table, fingerprint

rows = st.lists(
    st.tuples(
        st.floats(-1e6, 1e6).map(lambda x: round(x, 3)) | st.none(), st.sampled_from(["a", "B", "c d", None])
    ),
    min_size=3,
    max_size=15,
).filter(lambda cells: any(x is not None for x, _ in cells))


def write(frame: pd.DataFrame, folder) -> str:
    path = folder / "customers.csv"
    frame.to_csv(path, index=False)
    return str(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("shuffled")


@given(cells=rows, seed=st.integers(0, 100))
@settings(max_examples=30)
def test_shuffled_rows_give_the_same_table_and_fingerprint(folder, cells, seed):
    frame = pd.DataFrame(cells, columns=["spend", "plan"]).assign(id=range(1, len(cells) + 1))

    def read(frame: pd.DataFrame) -> Customers:
        return TableFile(write(frame, folder), id="id", numeric=["spend"], categorical=["plan"]).read()

    first, second = read(frame), read(frame.sample(frac=1, random_state=seed))
    assert first.fingerprint == second.fingerprint
    pd.testing.assert_frame_equal(first.table, second.table)


@given(cells=rows, seed=st.integers(0, 100))
@settings(max_examples=30)
def test_shuffled_rows_without_ids_give_the_same_sequence_of_contents(folder, cells, seed):
    frame = pd.DataFrame(cells, columns=["spend", "plan"])

    def read(frame: pd.DataFrame) -> Customers:
        return TableFile(write(frame, folder), numeric=["spend"], categorical=["plan"]).read()

    first, second = read(frame), read(frame.sample(frac=1, random_state=seed))
    assert first.fingerprint == second.fingerprint
    pd.testing.assert_frame_equal(first.table.reset_index(drop=True), second.table.reset_index(drop=True))
    assert sorted(first.table.index) == list(range(1, len(cells) + 1))
    assert first.table.index.name == "row"


@pytest.mark.parametrize(
    "changed",
    [
        lambda table: table.rename(columns={"spend": "spending"}),
        lambda table: table.astype({"spend": "str"}),
        lambda table: table.set_axis(pd.Index([1, 2, 9], name="id")),
        lambda table: table.assign(spend=[1.0, 2.0, 3.5]),
        lambda table: table.assign(plan=["a", "b", "a"]),
        lambda table: table.assign(plan=["a", None, "c"]),
        lambda table: table.iloc[:2],
    ],
    ids=["name", "type", "id", "number", "text", "missing", "row"],
)
def test_fingerprint_tells_tables_apart(changed):
    table = pd.DataFrame(
        {"spend": [1.0, 2.0, 3.0], "plan": ["a", "b", "c"]}, index=pd.Index([1, 2, 3], name="id")
    )
    assert fingerprint(table) == fingerprint(table.iloc[::-1])
    assert fingerprint(changed(table)) != fingerprint(table)


def test_fingerprint_does_not_see_the_sign_of_zero():
    assert fingerprint(pd.DataFrame({"x": [0.0, 1.0]})) == fingerprint(pd.DataFrame({"x": [-0.0, 1.0]}))


def test_findings_become_a_table():
    table = findings_table([Finding("missing_marks", "age", 3, "repaired", "three marks")])
    assert table.to_dict("records") == [
        {"kind": "missing_marks", "column": "age", "count": 3, "action": "repaired", "message": "three marks"}
    ]
    assert list(findings_table([])) == ["kind", "column", "count", "action", "message"]


def test_a_column_may_be_called_row(tmp_path):
    path = write(pd.DataFrame({"row": [3, 1, 2]}), tmp_path)
    assert TableFile(path).read().table["row"].to_dict() == {2: 1.0, 3: 2.0, 1: 3.0}
