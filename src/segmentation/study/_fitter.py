"""What trials share: feature matrices, scaled matrices and yardsticks, each computed once."""

import warnings
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from segmentation.clustering import NOISE, Mixture
from segmentation.errors import InputError
from segmentation.evaluation import Candidate, ClusteringTendency, EvaluationSpace, Scores, bic, icl, verdict
from segmentation.features import AutoScaler
from segmentation.study._plan import bounds_from_data, plan
from segmentation.study._space import FROM_DATA, Configuration, SearchSpace

CACHE_BYTES = 1 << 30
"""Scaled and reduced matrices beyond this are dropped, the longest unused first; labels likewise."""
BASIS_BYTES = 64
"""What a tree of merges takes for each customer, at most."""

SMALL_ROWS = 20_000
"""Up to this many rows one thread is faster than several (measured: 8 k-means fits on 2,000 x 8 take 0.15 s
on one thread and over 2.5 s on several)."""


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


@dataclass(frozen=True)
class Clustering:
    """What a configuration gave.

    Attributes
    ----------
    labels : ndarray of int, shape (n,)
        Segments by size, the largest first; -1 is noise.
    scores : Scores
        In the yardstick space.
    own : mapping of str to float
        What the algorithm itself says, in the space it saw: `inertia`, `bic`, `icl`, where it defines them.
    warning : str or None
        What it warned of, such as that it did not converge.
    """

    labels: np.ndarray
    scores: Scores
    own: Mapping[str, float] = field(default_factory=dict)
    warning: str | None = None


class PipelineFitter:
    """The customers, made ready for any number of configurations of one space.

    Parameters
    ----------
    table : DataFrame of shape (n, columns)
        The customers.
    space : SearchSpace
        The options that configurations choose from; bounds that it leaves to the data are set here.
    yardstick : estimator
        The scaler that spans the yardstick space of every feature set.
    yardstick_name : str
        Its name, for reports.
    seed : int, default=0
        Chooses the yardstick's sample.
    """

    def __init__(
        self,
        table: pd.DataFrame,
        space: SearchSpace,
        yardstick: BaseEstimator,
        yardstick_name: str,
        seed: int = 0,
    ) -> None:
        self.table = table
        self._scaler, self._scaler_name, self._seed = yardstick, yardstick_name, seed
        self._features: dict[str, tuple[Any, np.ndarray]] = {}
        self._yardsticks: dict[str, EvaluationSpace] = {}
        self._verdicts: dict[str, ClusteringTendency] = {}
        self._plan: list[dict[str, Any]] | None = None
        self._matrices: OrderedDict[tuple[Any, ...], tuple[Any, Any, np.ndarray]] = OrderedDict()
        self._bases: OrderedDict[tuple[Any, ...], Any] = OrderedDict()
        self._found: OrderedDict[Configuration, Clustering] = OrderedDict()
        self._algorithms: OrderedDict[Configuration, Any] = OrderedDict()
        self.space = space
        self.space = self._without_density(self._without_equivalents(space))
        self.space = bounds_from_data(self.space, self._seen_by_algorithms())

    @property
    def threads(self) -> int | None:
        """How many threads fits should have; None for as many as there are."""
        return 1 if len(self.table) <= SMALL_ROWS else None

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

    def yardstick(self, name: str) -> EvaluationSpace:
        """The space in which every configuration of that feature set is scored."""
        if name not in self._yardsticks:
            features, matrix = self.features(name)
            scaler = _told(self._scaler, features)
            self._yardsticks[name] = EvaluationSpace.of(matrix, scaler, self._scaler_name, self._seed)
        return self._yardsticks[name]

    def verdict(self, name: str) -> ClusteringTendency:
        """What kind of segments a feature set has."""
        if name not in self._verdicts:
            with threadpool_limits(self.threads):
                self._verdicts[name] = verdict(self.yardstick(name).X, self._seed)
        return self._verdicts[name]

    @property
    def natural(self) -> bool:
        """Whether some feature set shows gaps between groups."""
        return any(self.verdict(name).verdict == "natural" for name in self.space.features)

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
            features, matrix = self.features(configuration.features)
            scaler = _told(scaler, features)
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
        """Fit a configuration; what was clustered with it lately is not fitted again."""
        scaler, reducer, X = self.model_space(configuration)
        algorithm = self._algorithms.get(configuration) or self._fit(configuration, X)
        steps = [
            ("features", self.features(configuration.features)[0]),
            ("scaler", scaler),
            ("reducer", reducer),
            ("algorithm", algorithm),
        ]
        return Fitted(Pipeline(steps), X, algorithm.labels_)

    def cluster(self, configuration: Configuration) -> Clustering:
        """Fit and score a configuration, or remember what it gave: the same point gives the same segments."""
        if configuration not in self._found:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                fitted = self.fit(configuration)
            scores = self.yardstick(configuration.features).score(fitted.labels)
            warning = " ".join(dict.fromkeys(str(w.message) for w in caught)) or None
            labels = fitted.labels.astype(np.int32)
            self._found[configuration] = Clustering(labels, scores, own_scores(fitted), warning)
            self._algorithms[configuration] = fitted.algorithm
            # Some algorithms keep the rows that they saw.
            while len(self._algorithms) > 1 and len(self._algorithms) * fitted.X.nbytes > CACHE_BYTES:
                self._algorithms.popitem(last=False)
            while len(self._found) > 1 and len(self._found) * labels.nbytes > CACHE_BYTES:
                self._found.popitem(last=False)
        return self._found[configuration]

    def refit(self, configuration: Configuration, rows: np.ndarray) -> np.ndarray:
        """Fit a configuration's algorithm to some rows alone, in the space it saw.

        Parameters
        ----------
        configuration : Configuration
            What to fit.
        rows : ndarray of int, shape (m,)
            Positions of the rows.

        Returns
        -------
        ndarray of int, shape (m,)
            All noise where the algorithm cannot be fitted to so few rows.
        """
        X = self.model_space(configuration)[2][rows]
        with warnings.catch_warnings():
            # What there was to say was said of the fit to all rows.
            warnings.simplefilter("ignore")
            try:
                labels: np.ndarray = self._fit(configuration, X, rows.tobytes()).labels_
            except InputError:
                labels = np.full(len(rows), NOISE)
        return labels

    def candidate(self, number: int, configuration: Configuration) -> Candidate:
        """What a trial found, as a rule of choice sees it."""
        found = self.cluster(configuration)
        asked = configuration.params_of(configuration.algorithm).get("n_clusters")
        kind = self.algorithm(configuration).kind(configuration.algorithm)
        return Candidate(number, kind, found.labels, found.scores, asked)

    def plan(self) -> list[dict[str, Any]]:
        """The trials to begin with; the neighbours that radii are read off are looked for once."""
        if self._plan is not None:
            return self._plan
        scaler, reducer = next(iter(self.space.scalers)), next(iter(self.space.reducers))
        first = Configuration(next(iter(self.space.features)), scaler, reducer, "")
        self._plan = plan(self.space, self.model_space(first)[2], self.natural)
        return self._plan

    def algorithm(self, configuration: Configuration) -> Any:
        """A configuration's algorithm, unfitted."""
        algorithm = clone(self.space.algorithms[configuration.algorithm])
        return algorithm.set_params(**configuration.params_of(configuration.algorithm))

    def _fit(self, configuration: Configuration, X: np.ndarray, rows: bytes = b"") -> Any:
        algorithm, key = self.algorithm(configuration), (*_space_key(configuration), rows)
        basis = algorithm.basis()
        if basis is not None:
            return algorithm.fit(X, basis=self._shared(basis, X, key))
        return self._shared(algorithm, X, key) if algorithm.is_basis else algorithm.fit(X)

    def _shared(self, algorithm: Any, X: np.ndarray, key: tuple[Any, ...]) -> Any:
        """Fit once what several configurations begin at: a tree of merges, the best k-means."""
        key = (*key, type(algorithm), *sorted(algorithm.get_params().items()))
        if key not in self._bases:
            self._bases[key] = algorithm.fit(X)
            while len(self._bases) > 1 and len(self._bases) * len(self.table) * BASIS_BYTES > CACHE_BYTES:
                self._bases.popitem(last=False)
        return self._bases[key]

    def _without_equivalents(self, space: SearchSpace) -> SearchSpace:
        """What finds the same in these customers as another algorithm that is tried is not tried too."""
        tried = space.algorithms
        same = {
            name
            for name, algorithm in tried.items()
            if algorithm.equivalent
            and any(isinstance(other, algorithm.equivalent) for other in tried.values())
            and not any(algorithm.differs(self.features(features)[1]) for features in space.features)
        }
        return _without(space, same)

    def _without_density(self, space: SearchSpace) -> SearchSpace:
        """Where there are no gaps, what looks for dense places finds chance: tried only where nothing else is."""
        dense = {name for name, algorithm in space.algorithms.items() if algorithm.looks_for_density}
        if not dense or len(dense) == len(space.algorithms) or self.natural:
            return space
        return _without(space, dense)

    def _seen_by_algorithms(self) -> list[np.ndarray]:
        """The customers under each scaler, in the first feature set and without a searched reducer's settings."""
        features, reducer = next(iter(self.space.features)), next(iter(self.space.reducers))
        if not any(FROM_DATA in self.space.params.get(name, {}).values() for name in self.space.algorithms):
            return []
        return [
            self.model_space(Configuration(features, scaler, reducer, ""))[2] for scaler in self.space.scalers
        ]

    def _bound_memory(self) -> None:
        while len(self._matrices) > 1 and sum(m.nbytes for *_, m in self._matrices.values()) > CACHE_BYTES:
            self._matrices.popitem(last=False)


def _without(space: SearchSpace, names: set[str]) -> SearchSpace:
    return replace(space, algorithms={n: a for n, a in space.algorithms.items() if n not in names})


def _told(scaler: Any, features: Any) -> Any:
    """The scaler, told which columns the features decide about where it judges each by itself."""
    if not isinstance(scaler, AutoScaler):
        return scaler
    return clone(scaler).set_params(plain=getattr(features, "decided_", ()))


def own_scores(fitted: Fitted) -> dict[str, float]:
    """Scores that an algorithm defines itself, in the space it saw."""
    algorithm = fitted.algorithm
    if isinstance(algorithm, Mixture):
        return {"bic": bic(algorithm, fitted.X), "icl": icl(algorithm, fitted.X)}
    inertia = getattr(algorithm, "inertia_", None)
    return {} if inertia is None else {"inertia": float(inertia)}


def _space_key(configuration: Configuration) -> tuple[Any, ...]:
    c = configuration
    params = (*c.params_of(c.scaler).items(), *c.params_of(c.reducer).items())
    return (c.features, c.scaler, c.reducer, *params)
