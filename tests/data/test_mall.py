import pytest

from segmentation.data import Checks, MallFile
from segmentation.errors import InputError

CANONICAL = ["gender", "age", "annual_income", "spending_score"]


def write(folder, header: str, *rows: str):
    path = folder / "mall.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def counted(customers) -> set:
    return {(finding.kind, finding.column, finding.count, finding.action) for finding in customers.findings}


def test_the_classic_file(real_data):
    customers = MallFile(real_data / "Mall_Customers.csv").read()
    assert customers.name == "mall"
    assert list(customers.table) == CANONICAL
    assert customers.table.index.name == "customer_id"
    assert customers.table.index.tolist() == list(range(1, 201))
    assert customers.table.loc[200].tolist() == ["Male", 30, 137, 83]
    assert customers.units == {"age": "years", "annual_income": "k$", "spending_score": "1-100"}
    assert customers.findings == ()
    assert customers.truth is None


def test_the_genre_variant_holds_the_same_customers_under_text_ids(real_data):
    classic = MallFile(real_data / "Mall_Customers.csv").read().table
    variant = MallFile(real_data / "Mall_Customers_Genre_variant.csv").read().table
    assert variant.index[0] == "0001"
    assert variant.reset_index(drop=True).equals(classic.reset_index(drop=True))


def test_the_dirty_marks(real_data):
    customers = MallFile(real_data / "mall_dirty_marks.csv").read()
    assert len(customers.table) == 800
    assert {
        ("duplicate_rows", None, 12, "repaired"),
        ("missing_marks", "age", 10, "repaired"),
        ("missing_marks", "annual_income", 30, "repaired"),
        ("missing_marks", "spending_score", 60, "repaired"),
    } <= counted(customers)
    assert customers.table.isna().sum().tolist() == [0, 10, 30, 60]


def test_the_dirty_values_are_kept_or_made_missing_as_asked(real_data):
    path = real_data / "mall_dirty_values.csv"
    assert counted(MallFile(path).read()) == set()
    ranges = {"age": [18, 90], "annual_income": [0, 150]}
    kept = MallFile(path, Checks(ranges=ranges)).read()
    assert {(kind, column, action) for kind, column, _, action in counted(kept)} == {
        ("out_of_range", "age", "kept"),
        ("out_of_range", "annual_income", "kept"),
    }
    assert (kept.table["age"].min(), kept.table["age"].max(), kept.table["annual_income"].max()) == (
        3,
        99,
        200,
    )
    blanked = MallFile(path, Checks(ranges=ranges, out_of_range="missing")).read().table
    assert (blanked["age"].min(), blanked["age"].max()) == (18, 70)
    assert blanked["annual_income"].max() <= 150


@pytest.mark.parametrize(
    "header",
    [
        "CustomerID,Gender,Age,Annual Income (k$),Spending Score (1-100)",
        "customer_id,Genre,age,annual_income,spending_score",
        "CUSTOMER ID, GENRE ,AGE,Annual_Income,Spending_Score",
        " CustomerID,gender,Age ,Annual Income ,Spending Score (1-100) ",
        "id,Sex,age,Annual Income (K$),SpendingScore",
    ],
)
def test_headers_met_in_the_wild(tmp_path, header):
    customers = MallFile(write(tmp_path, header, "2,Male,30,15,39", "1,Female,20,16,81")).read()
    assert customers.table.reset_index().to_numpy().tolist() == [
        [1, "Female", 20, 16, 81],
        [2, "Male", 30, 15, 39],
    ]
    assert list(customers.table) == CANONICAL


def test_order_of_the_columns_does_not_matter(tmp_path):
    header = "CustomerID,Gender,Age,Annual Income,Spending Score"
    first = MallFile(write(tmp_path, header, "1,Male,30,15,39", "2,Female,20,16,81")).read()
    header = "Spending Score,Annual Income,Age,Gender,CustomerID"
    second = MallFile(write(tmp_path, header, "39,15,30,Male,1", "81,16,20,Female,2")).read()
    assert list(second.table) == CANONICAL
    assert first.fingerprint == second.fingerprint


def test_missing_column_is_refused_with_the_nearest_header(tmp_path):
    path = write(tmp_path, "CustomerID,Gender,Age,Anual Income,Spending Score", "1,Male,30,15,39")
    with pytest.raises(InputError, match="no column 'annual_income'; did you mean 'Anual Income'"):
        MallFile(path).read()


def test_two_headers_for_one_column_are_refused(tmp_path):
    path = write(tmp_path, "CustomerID,Gender,Genre,Age,Annual Income,Spending Score", "1,Male,Male,30,15,39")
    with pytest.raises(InputError, match="more than one column for 'gender'"):
        MallFile(path).read()


def test_unknown_columns_are_left_out_and_said(tmp_path):
    path = write(
        tmp_path, "CustomerID,Gender,Age,Annual Income,Spending Score,City", "1,m,3,5,9,X", "2,F,4,5,8,Y"
    )
    customers = MallFile(path).read()
    assert list(customers.table) == CANONICAL
    assert ("left_out", "City", 2, "repaired") in counted(customers)
    assert customers.table["gender"].tolist() == ["Male", "Female"]


def test_usual_ranges_hold_unless_changed(tmp_path):
    path = write(
        tmp_path,
        "CustomerID,Gender,Age,Annual Income,Spending Score",
        "1,Male,130,-1,0",
        "2,Male,30,500,100",
        "3,Female,3,5,50",
    )
    assert {(c, n) for kind, c, n, _ in counted(MallFile(path).read()) if kind == "out_of_range"} == {
        ("age", 1),
        ("annual_income", 1),
        ("spending_score", 1),
    }
    wide = MallFile(path, Checks(ranges={"age": [0, 150]})).read()
    assert ("out_of_range", "age", 1, "kept") not in counted(wide)


def test_text_in_a_number_is_refused_with_column_count_and_example(tmp_path):
    header = "CustomerID,Gender,Age,Annual Income,Spending Score"
    path = write(tmp_path, header, "1,Male,thirty,15,39", "2,Male,30,15,39", "3,Male,30,15,40")
    for read in (MallFile(path).read, lambda: MallFile("unused.csv").read_new(path)):
        with pytest.raises(InputError, match=r"'age' .* holds text in 1 of 3 rows .*'thirty'"):
            read()


def test_new_customers_keep_every_row_in_file_order(tmp_path):
    path = write(
        tmp_path,
        "Spending Score (1-100),Age,Annual Income ,Genre,CustomerID",
        "39,?,15,MALE,0007",
        "0,200,inf,f,",
        "0,200,inf,f,",
        "81,20,16,Female,0002",
        "82,21,17,Female,0002",
    )
    new = MallFile("unused.csv").read_new(path)
    assert new.index.fillna("none").tolist() == ["0007", "none", "none", "0002", "0002"]
    assert new["age"].fillna(-1).tolist() == [-1, 200, 200, 20, 21]
    assert new["annual_income"].isna().tolist() == [False, True, True, False, False]
    assert new["gender"].tolist() == ["Male", "Female", "Female", "Female", "Female"]


def test_new_customers_may_lack_columns_but_not_all(tmp_path):
    new = MallFile("unused.csv").read_new(write(tmp_path, "Age,Annual Income", "30,15", "40,16"))
    assert list(new) == ["age", "annual_income"]
    assert new.index.tolist() == [1, 2]
    with pytest.raises(InputError, match="none of the columns age, annual_income, spending_score"):
        MallFile("unused.csv").read_new(write(tmp_path, "a,b", "30,15"))


def test_whole_ids_stay_whole_beside_missing_ones(tmp_path):
    new = MallFile("unused.csv").read_new(write(tmp_path, "id,Age", "12346,15", ",16"))
    assert str(new.index[0]) == "12346"
    assert new.index.isna().tolist() == [False, True]
