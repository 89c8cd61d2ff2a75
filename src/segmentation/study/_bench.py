"""What trials share: feature matrices, scaled matrices and yardsticks, each computed once."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline

from segmentation.clustering import Hierarchical
from segmentation.errors import InputError
from segmentation.evaluation import Yardstick
from segmentation.study._space import Configuration, Space

CACHE_BYTES = 1 << 30
"""Scaled and reduced matrices beyond this are dropped, the longest unused first."""


@dataclass(frozen=True)
class Fitted:
    """A configuration fitted to the customers.

    Attributes
    ----------
    pipeline : Pipeline
        Features, scaler, reducer and algorithm, all fitted: raw customers go in, segments come out.
    X : ndarray of shape (n, d)
        The customers in the space the algorithm sees.
    labels : ndarray of int, shape (n,)
        Segments by size, the largest first; -1 is noise.
    """

    pipeline: Pipeline
    X: np.ndarray
    labels: np.ndarray

    @property
    def algorithm(self) -> Any:
        """The fitted algorithm, last step of the pipeline."""
        return self.pipeline[-1]


class Bench:
    """The customers, made ready for any number of configurations of one space.

    Parameters
    ----------
    table : DataFrame of shape (n, columns)
        The customers.
    space : Space
        The options that configurations choose from.
    yardstick : estimator
        The scaler that spans the yardstick space of every feature set.
    yardstick_name : str
        Its name, for reports.
    seed : int, default=0
        Chooses the yardstick's sample.
    """

    def __init__(
        self, table: pd.DataFrame, space: Space, yardstick: BaseEstimator, yardstick_name: str, seed: int = 0
    ) -> None:
        self.table = table
        self.space = space
        self._scaler, self._scaler_name, self._seed = yardstick, yardstick_name, seed
        self._features: dict[str, tuple[Any, np.ndarray]] = {}
        self._yardsticks: dict[str, Yardstick] = {}
        self._matrices: OrderedDict[tuple[Any, ...], tuple[Any, Any, np.ndarray]] = OrderedDict()
        self._trees: dict[tuple[Any, ...], np.ndarray] = {}

    def features(self, name: str) -> tuple[Any, np.ndarray]:
        """The fitted feature set and its matrix of shape (n, d)."""
        if name not in self._features:
            estimator = clone(self.space.features[name]).fit(self.table)
            matrix = estimator.transform(self.table)
            distinct = len(np.unique(matrix, axis=0))
            if distinct < 2:
                raise InputError(
                    f"All {len(matrix)} customers are the same in the features '{name}'; "
                    f"clustering needs at least 2 distinct rows."
                )
            self._features[name] = estimator, matrix
        return self._features[name]

    def yardstick(self, name: str) -> Yardstick:
        """The space in which every configuration of that feature set is scored."""
        if name not in self._yardsticks:
            matrix = self.features(name)[1]
            self._yardsticks[name] = Yardstick.of(matrix, self._scaler, self._scaler_name, self._seed)
        return self._yardsticks[name]

    def model_space(self, configuration: Configuration) -> tuple[Any, Any, np.ndarray]:
        """The fitted scaler and reducer, and the matrix that the algorithm sees."""
        key = _space_key(configuration)
        if key not in self._matrices:
            scaler, reducer = (
                clone(options[name]).set_params(**configuration.params_of(name))
                for name, options in (
                    (configuration.scaler, self.space.scalers),
                    (configuration.reducer, self.space.reducers),
                )
            )
            matrix = self.features(configuration.features)[1]
            try:
                X = reducer.fit_transform(scaler.fit_transform(matrix))
            except ValueError as error:
                # scikit-learn names the parameter and its range, or what it cannot do with these columns.
                where = f"scaler={configuration.scaler}, reducer={configuration.reducer}"
                raise InputError(f"{where}: {error}") from error
            self._matrices[key] = scaler, reducer, np.ascontiguousarray(X)
            self._bound_memory()
        self._matrices.move_to_end(key)
        return self._matrices[key]

    def fit(self, configuration: Configuration) -> Fitted:
        """Fit a configuration; only the algorithm's own work is new each time."""
        scaler, reducer, X = self.model_space(configuration)
        algorithm = clone(self.space.algorithms[configuration.algorithm])
        algorithm.set_params(**configuration.params_of(configuration.algorithm))
        if isinstance(algorithm, Hierarchical):
            # One tree of merges serves every number of segments.
            key = (*_space_key(configuration), algorithm.linkage, algorithm.max_rows)
            self._trees[key] = algorithm.fit(X, tree=self._trees.get(key)).linkage_matrix_
        else:
            algorithm.fit(X)
        steps = [
            ("features", self.features(configuration.features)[0]),
            ("scaler", scaler),
            ("reducer", reducer),
            ("algorithm", algorithm),
        ]
        return Fitted(Pipeline(steps), X, algorithm.labels_)

    def _bound_memory(self) -> None:
        while len(self._matrices) > 1 and sum(m.nbytes for *_, m in self._matrices.values()) > CACHE_BYTES:
            self._matrices.popitem(last=False)


def _space_key(configuration: Configuration) -> tuple[Any, ...]:
    c = configuration
    params = (*c.params_of(c.scaler).items(), *c.params_of(c.reducer).items())
    return (c.features, c.scaler, c.reducer, *params)
