"""A model whose centres move with further customers."""

from collections.abc import Mapping
from typing import Any

from sklearn.pipeline import Pipeline

from segmentation.clustering import BisectingKMeans, KMeans, MiniBatchKMeans
from segmentation.data import Customers
from segmentation.errors import InputError
from segmentation.evaluation import EvaluationSpace
from segmentation.serving import SegmentModel
from segmentation.study import Configuration, Fitted
from segmentation.workflows._evaluate import EvaluatedClustering

ALGORITHM = "minibatch_kmeans"
CENTERS = (KMeans, MiniBatchKMeans, BisectingKMeans)


def require_centers(model: SegmentModel, where: str) -> None:
    """Refuse a model whose algorithm has no centres that customers can move."""
    if not isinstance(model.algorithm, CENTERS):
        raise InputError(
            f"update.every moves centres, and the model at {where} is a {type(model.algorithm).__name__}; valid are "
            f"{', '.join(kind.__name__ for kind in CENTERS)}, or update.every=null."
        )


def move_centers(
    model: SegmentModel,
    metadata: Mapping[str, Any],
    customers: Customers,
    centers: Any,
    weights: Any,
    scaler: Any,
    batch_size: int,
    seed: int = 0,
) -> EvaluatedClustering:
    """Move the centres of a model towards further customers, and score the result.

    Parameters
    ----------
    model : SegmentModel
        The model; its features, scaler and reducer stay as they were fitted.
    metadata : mapping
        What was logged with it.
    customers : Customers
        The further customers.
    centers : array-like of shape (n_clusters, n_features)
        Where the centres are.
    weights : array-like of shape (n_clusters,)
        The number of customers that each represents; the more, the less it moves.
    scaler : transformer
        Scales the features to the space of the scores.
    batch_size : int
        Customers by which the centres are moved at a time.
    seed : int, default=0
        Of the algorithm and of the sample that scores are computed on.

    Returns
    -------
    EvaluatedClustering
    """
    algorithm = MiniBatchKMeans(len(centers), batch_size=batch_size, random_state=seed)
    X = model.pipeline[:-1].transform(customers.table)
    algorithm.fit_from(X, centers, weights)
    before = f"{metadata['choice']['algorithm']}."
    params = {
        **{key: value for key, value in metadata["params"].items() if not key.startswith(before)},
        f"{ALGORITHM}.n_clusters": algorithm.n_clusters,
        f"{ALGORITHM}.batch_size": batch_size,
    }
    choice = {**metadata["choice"], "algorithm": ALGORITHM}
    fitted = Fitted(Pipeline([*model.pipeline.steps[:-1], ("algorithm", algorithm)]), X, algorithm.labels_)
    space = model.features.transform(customers.table)
    yardstick = EvaluationSpace.of(space, scaler, metadata.get("yardstick", "yardstick"), seed)
    configuration = Configuration(**choice, params=tuple(sorted(params.items())))
    return EvaluatedClustering(configuration, fitted, yardstick, yardstick.score(fitted.labels))
