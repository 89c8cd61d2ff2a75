import pandas as pd
import pytest

from segmentation.data import Demo

SMALL = ("data.n_customers=150", "print=json")


@pytest.fixture
def challenge(segment):
    def fit(*words):
        return segment("fit", *SMALL, "register=true", *words).json()

    return fit


@pytest.fixture
def champion(segment, challenge):
    challenge("algorithm.n_clusters=5")
    assert segment("promote").code == 0


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_new_customers_get_a_segment_and_a_distance(segment, champion, store_dir, suffix):
    customers = Demo(n_customers=150).read()
    new = customers.table.rename(
        columns={"annual_income": "Annual Income (k$)", "spending_score": "Spending Score"}
    )
    new.sample(frac=1, random_state=0).to_csv("new.csv")
    result = segment("score", "data.path=new.csv", f"output=out/scored{suffix}", "print=json").json()
    assert result["rows"] == 150
    assert sum(result["segments"].values()) == 150
    read = pd.read_csv if suffix == ".csv" else pd.read_parquet
    scored = read(store_dir / "out" / f"scored{suffix}")
    scored = scored if suffix == ".parquet" else scored.set_index("customer_id")
    # Every row, in the order of the file.
    assert scored.index.tolist() == pd.read_csv("new.csv")["customer_id"].tolist()
    assert (scored["distance"] >= 0).all() and scored["margin"].between(0, 1).all()
    # They are the customers of the training, so none is outside of it.
    assert result["outside"] == 0 and not scored["outside"].any()
    assert scored["segment_id"].str.fullmatch(r"S[1-5]").all()
    # The training customers keep the segments they were given.
    sizes = scored["segment"].value_counts().sort_index().tolist()
    assert sizes == segment("fit", *SMALL).json()["sizes"]
    assert not list((store_dir / "out").glob(".*"))


def test_a_file_without_a_needed_column_is_refused(segment, champion, store_dir):
    pd.DataFrame({"CustomerID": [1, 2], "Annual Income (k$)": [10, 20]}).to_csv("new.csv", index=False)
    said = segment("score", "data.path=new.csv", "output=scored.csv")
    assert said.code == 2
    assert "spending_score" in said.err and said.err.count("\n") == 1
    assert not (store_dir / "scored.csv").exists()


def test_a_customer_with_missing_values_is_scored_as_training_filled_them(segment, champion, store_dir):
    (store_dir / "new.csv").write_text("CustomerID,Annual Income (k$),Spending Score (1-100)\n7,,\n8,60,50\n")
    assert segment("score", "data.path=new.csv", "output=scored.csv").code == 0
    assert pd.read_csv("scored.csv")["segment"].notna().all()


def test_the_reader_of_a_table_travels_with_the_model(segment, challenge, store_dir):
    table = (
        Demo(n_customers=150).read().table.rename(columns={"annual_income": "pay", "spending_score": "spend"})
    )
    table.rename_axis("who").to_csv("train.tsv", sep="\t")
    words = (
        "data=table",
        "data.path=train.tsv",
        "data.id=who",
        "features=custom",
        "features.numeric=[pay,spend]",
    )
    segment("fit", *words, "register=true")
    assert segment("promote").code == 0
    table.head(20).rename_axis("who").to_csv("new.csv", sep=";")
    assert segment("score", "data.path=new.csv", "output=scored.parquet").code == 0
    assert pd.read_parquet("scored.parquet").index.name == "who"


def test_a_folder_of_parquet_is_scored_as_one(segment, champion, store_dir):
    table = Demo(n_customers=90, seed=1).read().table
    for name, rows in {"b": table[60:], "a": table[:60], "_notes": table}.items():
        (store_dir / "new" / "part").mkdir(parents=True, exist_ok=True)
        rows.to_parquet(store_dir / "new" / "part" / f"{name}.parquet")
    table.to_csv("new.csv")
    for path, output in (("new", "1.parquet"), ("new/*/[ab].parquet", "2.parquet"), ("new.csv", "3.parquet")):
        said = segment("score", f"data.path='{path}'", f"output={output}")
        assert (said.code, "90 customers" in said.out) == (0, True)
    first, *others = (pd.read_parquet(f"{i}.parquet") for i in (1, 2, 3))
    assert first.index.equals(table.index)
    assert all(first.equals(other) for other in others)
    assert "outside what the model was trained on: " in said.out
    said = segment("score", "data.path='new/*.parquet'", "output=4.parquet")
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "No file matches new/*.parquet" in said.err


def test_a_changed_model_is_not_used(segment, champion, store_dir):
    (file,) = (store_dir / "mlruns").rglob("requirements.txt")
    file.write_text(file.read_text() + "\n")
    said = segment("score", "data.path=new.csv", "output=scored.csv")
    assert said.code == 2
    assert "not what was registered: requirements.txt was changed" in said.err


def test_a_model_that_is_not_of_this_project_is_refused(segment, client):
    import mlflow
    from sklearn.cluster import KMeans

    mlflow.set_tracking_uri("sqlite:///mlruns/mlflow.db")
    with mlflow.start_run():
        model = KMeans(2, n_init=1).fit([[0.0], [1.0], [5.0]])
        mlflow.sklearn.log_model(
            model, name="m", registered_model_name="customer-segments", pip_requirements=[]
        )
    client.set_registered_model_alias("customer-segments", "champion", "1")
    said = segment("score", "data.path=new.csv", "output=scored.csv")
    assert said.code == 2
    assert "was not made by `segment`" in said.err
