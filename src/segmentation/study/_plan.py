"""What a study visits first, and the bounds that only the data can set."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product, zip_longest
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from segmentation.clustering import Bounds
from segmentation.study._space import FROM_DATA, SearchSpace

HANDFUL, MORE = 8, 10
"""Numbers of segments that are tried first, and those that curves reach where more cannot win."""
FIRST_OWN = 6
"""Settings that the algorithms' classes name, before other algorithms' numbers of segments."""

Trial = tuple[str, dict[str, Any]]


def bounds_from_data(space: SearchSpace, spaces: Sequence[np.ndarray]) -> SearchSpace:
    """Replace every parameter that is `from_data` by the bounds that its algorithm reads off the data.

    Parameters
    ----------
    space : SearchSpace
        As the config says it.
    spaces : sequence of ndarray of shape (n, d)
        The customers as algorithms will see them, one for each scaler.

    Returns
    -------
    SearchSpace
        Parameters of options that are not tried are as they were.
    """
    params = {
        option: {
            name: _read(algorithm.from_data[name](spaces)) if value == FROM_DATA else value
            for name, value in space.params[option].items()
        }
        for option, algorithm in space.algorithms.items()
        if FROM_DATA in space.params.get(option, {}).values()
    }
    return replace(space, params={**space.params, **params})


def _read(bounds: Bounds) -> BaseDistribution:
    low, high, log = bounds
    if isinstance(low, int) and isinstance(high, int):
        return IntDistribution(low, high, log=log)
    return FloatDistribution(low, high, log)


def plan(space: SearchSpace, X: np.ndarray, natural: bool = True) -> list[dict[str, Any]]:
    """List the trials that find most structure for their price, as a sampler would have proposed them.

    Parameters
    ----------
    space : SearchSpace
        What may be tried, with bounds.
    X : ndarray of shape (n, d)
        The rows as algorithms see them under the space's first scaler and reducer.
    natural : bool, default=True
        Whether there are gaps between groups. Where there are none, more than a handful of segments cannot win: only
        the first algorithm is tried at a few more, for the curves over k, and every algorithm with one setting.

    Returns
    -------
    list of dict
        A plan cut short has the beginning of each kind: for the handful of segments that most tables are cut into
        every k with k-means, full mixtures and Ward's linkage, then in turn the settings that the classes of
        algorithms say to begin with, such as radii of DBSCAN, then every other algorithm with each of its
        categorical settings; and the same again for more segments. Every feature set in turn.
    """
    asked = list(_asked(space))
    own = [trial for trial in _own_settings(X, space) if _within(trial, space)]
    few, many = (
        [[t for t in trials if (t[1]["n_clusters"] <= HANDFUL) == small] for trials in asked]
        for small in (True, False)
    )
    # The second setting of an algorithm seldom finds another answer than its first.
    main, rest = _firsts(few)
    if not natural:
        rest, own, many = (
            [],
            [],
            [[t for t in trials if t[1]["n_clusters"] <= MORE] for trials in many[:1]],
        )
    trials = [
        *_in_turn(main),
        *own[:FIRST_OWN],
        *_in_turn(rest),
        *own[FIRST_OWN:],
        *_in_turn(many),
    ]
    return [
        {**_chosen(space, algorithm, features), **{f"{algorithm}.{name}": v for name, v in params.items()}}
        for algorithm, params in trials
        for features in space.features
    ]


def _firsts(several: list[list[Trial]]) -> tuple[list[list[Trial]], list[list[Trial]]]:
    """The trials of each algorithm's first setting, and those of its others."""
    seen: set[str] = set()
    first: list[list[Trial]] = []
    rest: list[list[Trial]] = []
    for trials in several:
        known = {algorithm for algorithm, _ in trials} <= seen
        (rest if known else first).append(trials)
        seen |= {algorithm for algorithm, _ in trials}
    return first, rest


def _in_turn(several: list[list[Trial]]) -> list[Trial]:
    """One of each, then the next of each."""
    return [trial for trials in zip_longest(*several) for trial in trials if trial]


def _chosen(space: SearchSpace, algorithm: str, features: str) -> dict[str, Any]:
    """The first option of each group of which there are several."""
    first = {name: options[0] for name, options in space.groups().items() if len(options) > 1}
    return first | {
        name: value for name, value in (("algorithm", algorithm), ("features", features)) if name in first
    }


def _asked(space: SearchSpace) -> Iterator[list[Trial]]:
    """Every k, for each algorithm that takes one and each combination of its categorical settings."""
    for algorithm in space.algorithms:
        params = space.params.get(algorithm, {})
        ks = params.get("n_clusters")
        if not isinstance(ks, IntDistribution):
            continue
        choices = {
            name: value.choices
            for name, value in params.items()
            if isinstance(value, CategoricalDistribution)
        }
        for values in product(*choices.values()):
            settings = dict(zip(choices, values, strict=True))
            yield [(algorithm, {"n_clusters": k, **settings}) for k in range(ks.low, ks.high + 1, ks.step)]


def _own_settings(X: np.ndarray, space: SearchSpace) -> list[Trial]:
    """What the algorithms say to begin with, in turn, so that a plan cut short has all; the fewest settings first."""
    several = [
        [(name, settings) for settings in algorithm.first_settings(X)]
        for name, algorithm in space.algorithms.items()
    ]
    return _in_turn(sorted(several, key=len))


def _within(trial: Trial, space: SearchSpace) -> bool:
    algorithm, params = trial
    return all(_allows(space.params.get(algorithm, {}).get(name), v) for name, v in params.items())


def _allows(bounds: Any, value: Any) -> bool:
    if isinstance(bounds, IntDistribution):
        return bounds.low <= value <= bounds.high and (value - bounds.low) % bounds.step == 0
    if isinstance(bounds, FloatDistribution):
        return bounds.low <= value <= bounds.high
    return isinstance(bounds, CategoricalDistribution) and value in bounds.choices
