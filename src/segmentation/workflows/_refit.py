"""The champion's configuration fitted to later customers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import clone

from segmentation.clustering import KMeans, MiniBatchKMeans
from segmentation.errors import InputError
from segmentation.serving import SegmentModel
from segmentation.study import Configuration, IntDistribution, PipelineFitter, SearchSpace
from segmentation.workflows._evaluate import EvaluatedClustering, evaluate

GROUPS = ("features", "scaler", "reducer", "algorithm")
WARM = ("init", "n_init")
"""Parameters that a warm start replaces."""
BETTER = 0.99
"""Share of the warm start's inertia below which the segments of a cold start are clearly better."""


def space_of(model: SegmentModel, metadata: Mapping[str, Any]) -> tuple[SearchSpace, Configuration]:
    """The configuration of a model, and the space that holds it alone.

    Parameters
    ----------
    model : SegmentModel
        The model. Its columns are those that it reads, even where it was configured to take all.
    metadata : mapping
        What was logged with it.

    Returns
    -------
    space : SearchSpace
    configuration : Configuration
    """
    steps = [clone(step) for _, step in model.pipeline.steps]
    features = model.features
    numeric = [column for column in features.columns_ if column not in features.categorical_]
    steps[0].set_params(
        numeric=numeric, categorical=list(features.categorical_), log=list(features.log_), keep=()
    )
    choice = {group: metadata["choice"][group] for group in GROUPS}
    space = SearchSpace(*({name: step} for name, step in zip(choice.values(), steps, strict=True)))
    return space, Configuration(**choice, params=tuple(sorted(metadata["params"].items())))


def space_around(space: SearchSpace, configuration: Configuration, reach: int) -> SearchSpace:
    """Let a space vary the number of segments by up to `reach`.

    Raises
    ------
    InputError
        If the algorithm finds the number of segments by itself, or `reach` is below 1.
    """
    algorithm = configuration.algorithm
    k = configuration.params_of(algorithm).get("n_clusters")
    if k is None:
        raise InputError(
            f"mode=study tries numbers of segments, and {algorithm} finds its number by itself; valid is mode=fit."
        )
    if reach < 1:
        raise InputError(f"around={reach}; valid is 1 or more.")
    return replace(space, params={algorithm: {"n_clusters": IntDistribution(max(2, k - reach), k + reach)}})


def refit(
    fitter: PipelineFitter, configuration: Configuration, model: SegmentModel
) -> tuple[EvaluatedClustering, str]:
    """Fit a model's configuration again, starting from its segments unless a cold start is clearly better.

    Parameters
    ----------
    fitter : PipelineFitter
        The customers.
    configuration : Configuration
        The model's configuration.
    model : SegmentModel
        The model.

    Returns
    -------
    evaluated : EvaluatedClustering
    start : {"warm", "cold"}
        Whether the fit started from the model's segments.
    """
    cold = evaluate(fitter, configuration)
    centers = _segment_means(fitter, configuration, model)
    if centers is None:
        return cold, "cold"
    fitter.space.algorithms[configuration.algorithm].set_params(init=centers, n_init=1)
    warm = evaluate(fitter, _without(configuration, WARM))
    if cold.fitted.algorithm.inertia_ < BETTER * warm.fitted.algorithm.inertia_:
        return cold, "cold"
    # The stored model keeps the configured start, so that fits to sub-samples do not begin at these centres.
    params = cold.fitted.algorithm.get_params()
    warm.fitted.algorithm.set_params(**{name: params[name] for name in WARM})
    return replace(warm, configuration=configuration), "warm"


def _segment_means(
    fitter: PipelineFitter, configuration: Configuration, model: SegmentModel
) -> np.ndarray | None:
    """The means of the model's segments among these customers, where the algorithm can start from them."""
    algorithm = fitter.algorithm(configuration)
    if not isinstance(algorithm, (KMeans, MiniBatchKMeans)):
        return None
    labels = model.predict(fitter.table)
    X = fitter.model_space(configuration)[2]
    present = np.unique(labels)
    if len(present) != algorithm.n_clusters:
        # A segment without customers has no mean to start from.
        return None
    return np.array([X[labels == segment].mean(axis=0) for segment in present])


def _without(configuration: Configuration, names: tuple[str, ...]) -> Configuration:
    dropped = {f"{configuration.algorithm}.{name}" for name in names}
    return replace(configuration, params=tuple((k, v) for k, v in configuration.params if k not in dropped))
