"""What tests of commands on registered models share."""

import pandas as pd
import pytest

from models import NUMERIC, segment_model
from segmentation.clustering import KMeans
from segmentation.data import Demo
from segmentation.monitoring import Reference
from segmentation.tracking import Registry, Store, log_model

URI, NAME = "sqlite:///mlruns/mlflow.db", "customer-segments"


@pytest.fixture
def table(store_dir):
    """200 customers, also as the file new.csv."""
    table = Demo(n_customers=200).read().table
    table.to_csv("new.csv")
    return table


@pytest.fixture
def train(table):
    """Register a model of these customers as `fit` does, but without its pictures and report."""

    def make(alias="champion", k=5, **metadata):
        registry = Registry(Store.open(URI, None, "customer-segmentation"), NAME)
        model = segment_model(
            table,
            KMeans(k, random_state=0),
            called=lambda number: (f"S{number + 1}", f"<i>part {number}</i>"),
        )
        metadata = {
            "data": {"_target_": "segmentation.data.Demo", "n_customers": 200},
            "id": "customer_id",
            "choice": {
                "features": "income_spending",
                "scaler": "standard",
                "reducer": "none",
                "algorithm": "kmeans",
            },
            "params": {"kmeans.n_clusters": k, "kmeans.init": "k-means++", "kmeans.n_init": 10},
            "reference": Reference.of(table, model).to_dict(),
            **metadata,
        }
        with registry.store.run("fit", {}) as run:
            assigned = pd.DataFrame({"segment": model.algorithm.labels_}, index=table.index)
            run.table("segments/assignments.csv", assigned, index=True)
            uri = log_model(run, model, table[[*NUMERIC]].dropna().head(5), metadata)
            registry.register(run, uri, alias, {"verdict": "natural"})
        return model

    return make
