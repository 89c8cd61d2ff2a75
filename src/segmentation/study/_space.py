"""The search space: choices of features, scaler, reducer and algorithm, and each one's parameters."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from sklearn.base import BaseEstimator

from segmentation.clustering import ALGORITHMS
from segmentation.errors import InputError, nearest

FROM_DATA = "from_data"
"""A parameter whose bounds the data sets."""


@dataclass(frozen=True)
class Configuration:
    """One point of the space.

    Attributes
    ----------
    features, scaler, reducer, algorithm : str
        The option chosen of each group.
    params : tuple of (str, value)
        What was chosen within them, as ("kmeans.n_clusters", 5), sorted by name.
    """

    features: str
    scaler: str
    reducer: str
    algorithm: str
    params: tuple[tuple[str, Any], ...] = ()

    def params_of(self, option: str) -> dict[str, Any]:
        """The parameters of one option, without its name in front."""
        prefix = f"{option}."
        return {name.removeprefix(prefix): v for name, v in self.params if name.startswith(prefix)}

    @property
    def choice(self) -> dict[str, str]:
        """The option of each group: what runs are grouped and filtered by."""
        return {
            "features": self.features,
            "scaler": self.scaler,
            "reducer": self.reducer,
            "algorithm": self.algorithm,
        }

    @property
    def logged(self) -> dict[str, Any]:
        """The choice and its parameters; the algorithm's without its name, to be compared across algorithms."""
        own = f"{self.algorithm}."
        others = {name: value for name, value in self.params if not name.startswith(own)}
        return {**self.choice, **self.params_of(self.algorithm), **others}

    @property
    def title(self) -> str:
        """A short name for a run: the algorithm and its parameters."""
        params = self.params_of(self.algorithm)
        words = [f"{k.replace('n_clusters', 'k')}={_short(v)}" for k, v in params.items()]
        return " ".join([self.algorithm, *words])


@dataclass(frozen=True)
class SearchSpace:
    """What a study may try.

    Parameters
    ----------
    features, scalers, reducers, algorithms : mapping of str to estimator
        The options of each group, unfitted.
    params : mapping of str to mapping of str to distribution of Optuna, or value
        For each option the parameters to search; a plain value is set and not searched.

    Raises
    ------
    InputError
        If an option has no such parameter, or none whose bounds the data can set.
    """

    features: Mapping[str, BaseEstimator]
    scalers: Mapping[str, BaseEstimator]
    reducers: Mapping[str, BaseEstimator]
    algorithms: Mapping[str, BaseEstimator]
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for option, estimator in self._options():
            valid = estimator.get_params(deep=False)
            for name, value in self.params.get(option, {}).items():
                if name not in valid:
                    raise InputError(
                        f"search.space.{option} has no parameter '{name}'; {nearest(name, valid)}"
                    )
                if value == FROM_DATA and name not in getattr(estimator, "from_data", ()):
                    read = dict.fromkeys(name for algorithm in ALGORITHMS for name in algorithm.from_data)
                    raise InputError(
                        f"search.space.{option}.{name}=from_data; only {', '.join(read)} can be read off the data."
                    )

    def configure(self, trial: optuna.Trial) -> Configuration:
        """Let a trial choose a configuration; only what applies to its options is asked."""
        chosen = {
            group: options[0] if len(options) == 1 else trial.suggest_categorical(group, options)
            for group, options in self.groups().items()
        }
        params: dict[str, Any] = {}
        for option in (chosen["scaler"], chosen["reducer"], chosen["algorithm"]):
            for name, value in self.params.get(option, {}).items():
                full = f"{option}.{name}"
                params[full] = _suggest(trial, full, value)
        return Configuration(**chosen, params=tuple(sorted(params.items())))

    def groups(self) -> dict[str, list[str]]:
        """The names of the options of each group."""
        groups = {
            "features": self.features,
            "scaler": self.scalers,
            "reducer": self.reducers,
            "algorithm": self.algorithms,
        }
        return {name: list(options) for name, options in groups.items()}

    def _options(self) -> list[tuple[str, BaseEstimator]]:
        return [*self.scalers.items(), *self.reducers.items(), *self.algorithms.items()]


def _suggest(trial: optuna.Trial, name: str, value: Any) -> Any:
    """Let the trial choose from a distribution; a plain value is taken as it is."""
    if isinstance(value, IntDistribution):
        return trial.suggest_int(name, value.low, value.high, step=value.step, log=value.log)
    if isinstance(value, FloatDistribution):
        return trial.suggest_float(name, value.low, value.high, step=value.step, log=value.log)
    return (
        trial.suggest_categorical(name, value.choices)
        if isinstance(value, CategoricalDistribution)
        else value
    )


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
