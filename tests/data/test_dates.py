import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation.data import TableFile
from segmentation.data.dates import as_years
from segmentation.errors import InputError


@pytest.fixture
def write(tmp_path):
    def write(*dates: str):
        path = tmp_path / "t.csv"
        rows = "".join(f"{i},{day},{i}\n" for i, day in enumerate(dates))
        path.write_text("id,joined,x\n" + rows)
        return path

    return write


def years(path, **options) -> list[float]:
    table = TableFile(path, id="id", **options).read().table
    return table["joined"].round(2).tolist() if "joined" in table else []


def said(path, **options) -> str:
    return " ".join(f.message for f in TableFile(path, id="id", **options).read().findings)


@given(st.lists(st.datetimes(pd.Timestamp("1900-01-01"), pd.Timestamp("2100-01-01")), min_size=2))
def test_years_keep_the_order_and_nearly_the_distances_of_dates(days):
    times = pd.Series(days).astype("datetime64[us]").sort_values(ignore_index=True)
    found = as_years(times)
    assert found.is_monotonic_increasing
    assert found.tolist() == pytest.approx(
        (2000 + (times - pd.Timestamp("2000-01-01")).dt.total_seconds() / 31_556_952), abs=0.01
    )


def test_a_missing_date_stays_missing(write):
    path = write("2012-07-02", "", "2013-01-01")
    table = TableFile(path, id="id").read().table
    assert table["joined"].isna().tolist() == [False, True, False]
    assert "in 2 rows (2012-07-02 is 2012.50)" in said(path)


@pytest.mark.parametrize(
    "dates",
    [
        ("13-01-2020", "01-07-2020"),
        ("01/13/2020", "07/01/2020"),
        ("13.01.2020", "01.07.2020"),
        ("2020-01-13 00:00:00", "2020-07-01 00:00:00"),
        ("13/01/20", "01/07/20"),
    ],
)
def test_dates_of_many_patterns_are_the_same_years(write, dates):
    assert years(write(*dates)) == [2020.03, 2020.5]


def test_day_or_month_first_is_left_out_until_it_is_said(write):
    path = write("04-09-2012", "05-10-2012")
    assert years(path) == []
    assert "may be day or month first (say which: data.dates=" in said(path)
    assert years(path, dates={"joined": "%d-%m-%Y"}) == [2012.67, 2012.76]
    assert years(path, dates={"joined": "%m-%d-%Y"}) == [2012.27, 2012.36]
    with pytest.raises(InputError, match=r"'joined' .* may be day or month first .*data\.dates=\{joined: "):
        years(path, dates={"joined": None})


def test_one_cell_that_is_no_date_leaves_an_inferred_column_out_and_a_named_one_refused(write):
    path = write("2012-09-04", "0000-00-00", "2012-09-05")
    assert years(path) == []
    assert "dates of more than one pattern" in said(path)
    with pytest.raises(InputError, match=r"'joined' .* no date in 1 of 3 rows .*'0000-00-00'"):
        years(path, dates={"joined": None})


def test_columns_of_dates_are_named_and_nothing_else_is_taken_for_dates(write):
    path = write("13-01-2020", "01-07-2020")
    assert years(path, dates={}) == []
    assert years(path, numeric=["x"]) == [], "where the numbers are named, dates are too"
    with pytest.raises(InputError, match=r"'x' .*\(data\.dates\) holds no date in 2 of 2 rows"):
        years(path, dates={"x": None})
    with pytest.raises(InputError, match="valid is column -> pattern"):
        TableFile(path, dates=["joined"])
    with pytest.raises(InputError, match=r"data\.dates names 'join'.*did you mean 'joined'"):
        TableFile(path, dates={"join": None}).read()
