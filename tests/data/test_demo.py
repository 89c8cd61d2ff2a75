import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.preprocessing import StandardScaler

from segmentation.data import Demo
from segmentation.errors import InputError


@pytest.mark.parametrize(
    ("n_customers", "seed"), [(10, 0), (100, 1), (300, 2), (600, 0), (600, 3), (600, 4), (5000, 5)]
)
def test_planted_segments_are_recovered_by_kmeans(n_customers, seed):
    customers = Demo(n_customers, seed).read()
    features = customers.table[["annual_income", "spending_score"]]
    scaled = StandardScaler().fit_transform(features.fillna(features.median()))
    labels = KMeans(5, n_init=5, random_state=0).fit_predict(scaled)
    assert adjusted_rand_score(customers.truth, labels) >= 0.9


def test_table_has_the_mall_schema_and_no_truth_in_it():
    customers = Demo().read()
    assert customers.name == "demo"
    assert list(customers.table) == ["gender", "age", "annual_income", "spending_score"]
    assert customers.table.index.name == "customer_id"
    assert customers.table["spending_score"].between(1, 100).sum() == 588
    assert customers.truth.index.equals(customers.table.index)
    sizes = customers.truth.value_counts()
    assert len(sizes) == 5
    assert sizes.max() > 2 * sizes.min()


def test_age_differs_by_segment_and_gender_hardly():
    customers = Demo(5000).read()
    by_segment = customers.table.groupby(customers.truth)
    assert by_segment["age"].mean().max() - by_segment["age"].mean().min() > 15
    women = (customers.table["gender"] == "Female").groupby(customers.truth).mean()
    assert women.max() - women.min() < 0.2


def test_seed_decides_the_customers():
    assert Demo(50, 1).read().fingerprint == Demo(50, 1).read().fingerprint
    assert Demo(50, 1).read().fingerprint != Demo(50, 2).read().fingerprint


@pytest.mark.parametrize(("missing", "count"), [(0, 0), (0.02, 4), (0.5, 100)])
def test_share_of_missing_cells(missing, count):
    customers = Demo(200, missing=missing).read()
    assert customers.table.isna().sum().tolist() == [0, count, count, count]
    assert {finding.count for finding in customers.findings} == ({count} if count else set())


@pytest.mark.parametrize("n_customers", [10, 11, 12, 13, 14, 17, 101])
def test_any_number_of_customers_in_five_segments(n_customers):
    customers = Demo(n_customers).read()
    assert len(customers.table) == n_customers
    assert customers.truth.nunique() == 5


@pytest.mark.parametrize(
    "options",
    [{"n_customers": 9}, {"n_customers": 20.5}, {"seed": -1}, {"missing": 0.9}, {"missing": "some"}],
)
def test_bad_parameters_are_refused(options):
    with pytest.raises(InputError, match=rf"data\.{next(iter(options))} is "):
        Demo(**options)


def test_new_customers_come_from_a_mall_file(tmp_path):
    (tmp_path / "new.csv").write_text(
        "CustomerID,Age,Annual Income (k$),Spending Score (1-100)\n7,30,60,50\n"
    )
    assert Demo().read_new(tmp_path / "new.csv").loc[7].tolist() == [30, 60, 50]
    with pytest.raises(InputError, match="no new customers"):
        Demo().read_new(None)
