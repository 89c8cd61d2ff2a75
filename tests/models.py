"""Models for tests: fitted on a table as `segment fit` fits them, without a study, a store or pictures."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from segmentation.clustering import KMeans, Segmenter
from segmentation.features import FeatureSet
from segmentation.serving import Segment, SegmentModel

NUMERIC = ("annual_income", "spending_score")


def segment_model(
    table: pd.DataFrame,
    algorithm: Segmenter | None = None,
    numeric: Sequence[str] = NUMERIC,
    categorical: Sequence[str] = (),
    log: Sequence[str] = (),
    called: Callable[[int], tuple[str, str]] = lambda number: (f"S{number + 1}", f"part {number}"),
    **options: str,
) -> SegmentModel:
    """Fit an algorithm, five k-means segments by default; `called` gives the id and the name of each number."""
    steps = {
        "features": FeatureSet(list(numeric), list(categorical), log=list(log)),
        "scaler": StandardScaler(),
        "reducer": FunctionTransformer(),
        "algorithm": algorithm or KMeans(5, random_state=0),
    }
    pipeline = Pipeline([*steps.items()]).fit(table)
    labels = pipeline[-1].labels_
    sizes = np.bincount(labels[labels >= 0]).tolist()
    segments = [Segment(i, *called(i), n, n / len(table), color=i) for i, n in enumerate(sizes)]
    return SegmentModel(pipeline, segments, table, **options)
