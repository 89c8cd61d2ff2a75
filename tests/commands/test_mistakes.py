"""A user's mistake: one clear sentence on stderr, exit code 2, no traceback, nothing written."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

HEADER = "CustomerID,Gender,Age,Annual Income (k$),Spending Score (1-100)\n"
ROWS = "".join(f"{i},Male,{20 + i},{15 + 2 * i},{39 + 3 * i}\n" for i in range(1, 11))


def write(**files):
    for name, content in files.items():
        Path(f"{name}.csv").write_text(content)


def mall(**changes):
    """A small mall file with some cells changed."""
    table = pd.DataFrame(
        {
            "CustomerID": range(1, 11),
            "Gender": ["Male", "Female"] * 5,
            "Age": np.arange(20.0, 30.0),
            "Annual Income (k$)": np.arange(15.0, 35.0, 2),
            "Spending Score (1-100)": np.arange(10.0, 60.0, 5),
        }
    )
    return table.assign(**{name.replace("income", "Annual Income (k$)"): v for name, v in changes.items()})


FILE_MISTAKES = {
    "no such file": (None, ["data.path=customer.csv"], "no file customer.csv"),
    "empty file": ("", [], "bad.csv is empty"),
    "header only": (HEADER, [], "header"),
    "one row": (HEADER + "1,Male,19,15,39\n", [], "1 customer"),
    "missing column": (ROWS.join([HEADER.replace("Annual Income (k$)", "Salary"), ""]), [], "annual_income"),
    "text in a numeric column": (HEADER + ROWS + "11,Male,30,plenty,50\n", [], "holds text in 1 of 11 rows"),
    "duplicate ids": (HEADER + ROWS + "1,Male,30,15,50\n", [], "duplicate|repeat|more than once"),
    "ragged": (HEADER + ROWS + "11,Male,30,15,50,1,2,3\n", [], "line 12"),
}


@pytest.mark.parametrize("case", FILE_MISTAKES)
@pytest.mark.parametrize("command", ["fit", "sweep", "explore"])
def test_bad_files(segment, refused, command, case):
    content, words, sentence = FILE_MISTAKES[case]
    if content is not None:
        write(bad=content)
    refused(segment(command, "data=mall", "data.path=bad.csv", *words), sentence)


def test_a_broken_parquet_file(segment, refused, store_dir):
    (store_dir / "bad.parquet").write_bytes(b"PAR1 this is not Parquet PAR1")
    refused(segment("fit", "data=table", "data.path=bad.parquet", "features=all"), "bad.parquet .*Parquet")


VALUE_MISTAKES = {
    "all missing": ({"income": np.nan}, [], "annual_income"),
    "constant": ({"income": 5.0}, [], "'annual_income' is constant .5.0 in every row"),
    "NaN without imputation": ({"income": [np.nan] * 2 + [1.0, 2, 3, 4, 5, 6, 7, 8]}, ["features.impute=null"],
                               "'annual_income' has 2 missing values in 10 rows and features.impute is null"),
    "infinities refused": ({"income": [np.inf, *range(9)]}, ["data.checks.infinities=refuse"], "infinite in 1 of 10"),
}  # fmt: skip


@pytest.mark.parametrize("case", VALUE_MISTAKES)
@pytest.mark.parametrize("command", ["fit", "sweep"])
def test_bad_values(segment, refused, command, case):
    changes, words, sentence = VALUE_MISTAKES[case]
    mall(**changes).to_csv("bad.csv", index=False)
    refused(segment(command, "data=mall", "data.path=bad.csv", *words), sentence)


def test_infinities_are_missing_unless_refused(segment):
    mall(income=[np.inf, *range(9)]).to_csv("bad.csv", index=False)
    said = segment("fit", "data=mall", "data.path=bad.csv", "algorithm.n_clusters=2")
    assert said.code == 0
    assert "infinite" in said.out


def test_all_customers_the_same(segment, refused):
    pd.DataFrame({"id": range(9), "a": [1.0] * 9, "b": [2.0] * 9}).to_csv("same.csv", index=False)
    words = ("data=table", "data.path=same.csv", "data.id=id")
    refused(segment("fit", *words, "features=all_numeric"), "No feature is left")
    refused(segment("fit", *words, "features=custom", "features.numeric=[a]"), "'a' is constant")


CONFIG_MISTAKES = {
    "unknown command": (["swep"], "no command 'swep'; did you mean 'sweep'"),
    "unknown key": (
        ["sweep", "search.n_trial=3"],
        "no config key 'search.n_trial' .* did you mean 'search.n_trials'",
    ),
    "unknown key at the top": (
        ["fit", "algoritm=kmeans"],
        "no config key 'algoritm' .* did you mean 'algorithm'",
    ),
    "unknown algorithm": (
        ["fit", "algorithm=kmean"],
        "algorithm=kmean does not exist; did you mean 'kmeans'",
    ),
    "unknown searched algorithm": (
        ["sweep", "search.algorithm=choice(kmeans, dbscn)"],
        "algorithm=dbscn does not exist; did you mean 'dbscan'",
    ),
    "unknown added key": (["fit", "+algorithm.foo=1"], "'algorithm' is not valid: .*'foo'"),
    "missing key": (["fit", "data=mall"], "'data.path' must be given: data.path="),
    "missing feature": (
        ["fit", "features=custom", "features.numeric=[anual_income]"],
        "no column 'anual_income' in the data; did you mean 'annual_income'",
    ),
    "negative eps": (["fit", "algorithm=dbscan", "algorithm.eps=-1"], "'eps' .* Got -1"),
    "k above the distinct rows": (
        ["fit", "algorithm.n_clusters=9999"],
        "n_clusters .* number of distinct rows",
    ),
    "zero k": (["fit", "algorithm.n_clusters=0"], "n_clusters must be a whole number from 1"),
    "reducer too wide": (["fit", "reducer=pca", "reducer.n_components=9"], "reducer=pca: n_components=9"),
    "bad print": (["fit", "print=jsn"], "print=jsn; did you mean 'json'"),
    "several without -m": (["fit", "scaler=standard,robust"], "add -m for a grid"),
    "several in a sweep": (["sweep", "scaler=standard,robust"], r"search.scaler='choice\(standard,robust\)'"),
    "grid of sweeps": (["sweep", "-m", "seed=1,2"], "takes no grid"),
    "bad grammar": (["sweep", "search.space.kmeans.n_clusters='range(2,'"], "cannot be read"),
    "empty range": (
        ["sweep", "algorithm=kmeans", "search.space.kmeans.n_clusters=range(5, 5)"],
        "holds nothing",
    ),
    "log from zero": (
        ["sweep", "algorithm=dbscan", "search.space.dbscan.eps=tag(log, interval(0, 1))"],
        "above 0",
    ),
    "unknown parameter": (
        ["sweep", "+search.space.kmeans.n_cluster=3"],
        "no parameter 'n_cluster'; did you mean",
    ),
    "no trials": (["sweep", "search.n_trials=0"], "search.n_trials is 0"),
    "shares": (["sweep", "search.constraints.max_noise=2"], "search.constraints.max_noise is 2"),
    "unquoted bracket": (["fit", "algorithm.n_clusters=[1"], "cannot be read"),
    "reader of a model": (["fit", "data=as_trained"], "choose data="),
    "nothing to promote": (["promote"], "alias 'challenger'; run `segment sweep` first"),
    "nothing to score with": (
        ["score", "data.path=x.csv", "output=y.csv"],
        "no model at models:/customer-segments@ch",
    ),
    "nothing to score": (["score", "output=y.csv"], "data.path="),
    "odd output": (["score", "data.path=x.csv", "output=y.xlsx"], "end in .csv or .parquet"),
    "no option": (["sweep", "algorithm=null"], "algorithm=null names no option"),
    "recipes elsewhere": (["sweep", "recipe=mall_income_spending"], "experiments/recipe"),
}


@pytest.mark.parametrize("case", CONFIG_MISTAKES)
def test_bad_configs(segment, refused, case):
    words, sentence = CONFIG_MISTAKES[case]
    refused(segment(*words), sentence)


@pytest.mark.parametrize("command", ["fit", "sweep", "explore", "promote"])
@pytest.mark.parametrize(
    "uri",
    [
        "sqlite:////dev/null/mlflow.db",
        "sqlite:///there/is/a.file/mlflow.db",
        "http://127.0.0.1:9",
        "nonsense://x",
    ],
)
def test_a_store_that_cannot_be_written(segment, refused, store_dir, monkeypatch, command, uri):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    (store_dir / "there" / "is").mkdir(parents=True)
    (store_dir / "there" / "is" / "a.file").write_text("")
    refused(segment(command, f"tracking.uri={uri}"), f"tracking.uri={uri} cannot be written")


def test_a_search_storage_that_cannot_be_written(segment, refused):
    refused(
        segment("sweep", "search.storage=/dev/null/studies.journal"), "search.storage=.* cannot be opened"
    )


@pytest.fixture
def refused(store_dir, client):
    """Assert that a command refused in one sentence and left everything as it was."""
    before = len(client.search_experiments())

    def check(said, sentence):
        assert said.code == 2
        assert said.out == ""
        assert said.err.startswith("segment: ")
        assert said.err.count("\n") == 1, said.err
        assert "Traceback" not in said.err
        assert re.search(sentence, said.err), said.err
        runs = client.search_runs([e.experiment_id for e in client.search_experiments()])
        assert not runs
        assert before == 1
        assert not [p for p in store_dir.rglob("*") if p.suffix in (".png", ".partial", ".journal", ".log")]

    return check
