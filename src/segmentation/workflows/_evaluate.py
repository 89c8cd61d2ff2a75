"""A fitted clustering with its scores."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from segmentation.clustering import agreement
from segmentation.evaluation import EvaluationSpace, Scores, mean_silhouette
from segmentation.features import prepared
from segmentation.study import Configuration, Fitted, PipelineFitter, SearchSpace, own_scores


@dataclass(frozen=True)
class EvaluatedClustering:
    """A fitted clustering with its scores.

    Attributes
    ----------
    configuration : Configuration
        What was chosen.
    fitted : Fitted
        The pipeline, the space its algorithm saw, and the labels.
    yardstick : EvaluationSpace
        Where it is scored.
    scores : Scores
        Its scores there.
    """

    configuration: Configuration
    fitted: Fitted
    yardstick: EvaluationSpace
    scores: Scores

    @property
    def sizes(self) -> list[int]:
        """Customers in each segment, the largest first; noise left out."""
        labels = self.fitted.labels
        return np.bincount(labels[labels >= 0]).tolist()

    @property
    def preparation(self) -> pd.DataFrame | None:
        """What was done to each column, and why; None where it was all named."""
        features, scaler = self.fitted.pipeline[:2]
        return prepared(features, scaler)

    def metrics(self) -> dict[str, float]:
        """Scores in the yardstick space, and those in the space that the algorithm saw."""
        labels, X = self.fitted.labels, self.fitted.X
        own = (
            {}
            if self.scores.degenerate
            else {"silhouette_model": mean_silhouette(X, labels, self.yardstick.rows)}
        )
        return {
            **self.scores.metrics(),
            **own,
            **{f"{name}_model": value for name, value in own_scores(self.fitted).items()},
            "predict_agreement": agreement(self.fitted.algorithm, X),
        }

    def record(self) -> dict[str, Any]:
        """What it is, for programs."""
        return {
            **self.configuration.choice,
            "params": self.configuration.params_of(self.configuration.algorithm),
            "n_segments": self.scores.n_segments,
            "sizes": self.sizes,
            "degenerate": self.scores.degenerate,
        }


def evaluate(fitter: PipelineFitter, configuration: Configuration) -> EvaluatedClustering:
    """Fit a configuration and score it."""
    with threadpool_limits(fitter.threads):
        fitted = fitter.fit(configuration)
    yardstick = fitter.yardstick(configuration.features)
    return EvaluatedClustering(configuration, fitted, yardstick, yardstick.score(fitted.labels))


def single_configuration(space: SearchSpace) -> Configuration:
    """The one configuration of a space that holds one option of each group.

    It names every parameter of its algorithm, so that fits can be compared by any of them.
    """
    (algorithm, estimator), *_ = space.algorithms.items()
    params = {
        f"{algorithm}.{k}": v for k, v in estimator.get_params(deep=False).items() if k != "random_state"
    }
    features, scaler, reducer = (next(iter(g)) for g in (space.features, space.scalers, space.reducers))
    return Configuration(features, scaler, reducer, algorithm, tuple(sorted(params.items())))


def default_yardstick(space: SearchSpace) -> tuple[str, Any]:
    """What spans the yardstick space where nobody says, and its name: the one scaler there is, else standard."""
    return next(iter(space.scalers.items())) if len(space.scalers) == 1 else ("standard", StandardScaler())
