"""What tests of commands on registered models share."""

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from segmentation.clustering import KMeans
from segmentation.data import Demo
from segmentation.features import FeatureSet
from segmentation.monitoring import Reference
from segmentation.serving import Segment, SegmentModel
from segmentation.tracking import Registry, Store, log_model

URI, NAME = "sqlite:///mlruns/mlflow.db", "customer-segments"
COLUMNS = ["annual_income", "spending_score"]


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
        steps = [
            ("features", FeatureSet(COLUMNS)),
            ("scaler", StandardScaler()),
            ("reducer", FunctionTransformer()),
            ("algorithm", KMeans(k, random_state=0)),
        ]
        pipeline = Pipeline(steps).fit(table)
        labels = pipeline[-1].labels_
        cards = [
            Segment(i, f"S{i + 1}", f"<i>part {i}</i>", int(n), n / 200, color=i)
            for i, n in enumerate(np.bincount(labels))
        ]
        model = SegmentModel(pipeline, cards, table)
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
            assigned = pd.DataFrame({"segment": labels}, index=table.index)
            run.table("segments/assignments.csv", assigned, index=True)
            uri = log_model(run, model, table[COLUMNS].dropna().head(5), metadata)
            registry.register(run, uri, alias, {"verdict": "natural"})
        return model

    return make
