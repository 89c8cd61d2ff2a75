"""What a study visits first, and the bounds that only the data can set."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product, zip_longest
from typing import Any

import numpy as np
from sklearn.neighbors import KDTree

from segmentation.errors import InputError
from segmentation.study._space import FROM_DATA, Choice, Dimension, Float, Integer, Space

LARGE = 5_000
"""Above so many rows, algorithms that follow density are tried at fewer settings: each takes seconds there."""

SHARES = (0.01, 0.03, 0.08, 0.02, 0.05, 0.12)
"""Smallest segments to ask HDBSCAN for, as shares of the rows."""

QUANTILES = (0.9, 0.7, 0.98, 0.5, 0.8, 0.95, 0.6, 0.85, 0.995)
"""Shares of the rows that become core rows of DBSCAN: a radius is that quantile of the k-distance curve."""

HANDFUL, MORE = 8, 10
"""Numbers of segments that are tried first, and those that curves reach where more cannot win."""
FIRST_DENSITY = 6

Trial = tuple[str, dict[str, Any]]


def bounds_from_data(space: Space, spaces: Mapping[str, np.ndarray]) -> Space:
    """Replace every parameter that is `from_data` by bounds read off the data.

    Parameters
    ----------
    space : Space
        As the config says it.
    spaces : mapping of str to ndarray of shape (n, d)
        The customers as algorithms will see them, one for each scaler.

    Returns
    -------
    Space
        `eps`: from the 0.3 quantile to the end of the distances to the neighbours that `min_samples` counts, the
        k-distance curve, over all scalers. `min_samples`: half to twice log(n). `min_cluster_size`: 1 % to
        12 % of the rows, at least 5.

    Raises
    ------
    InputError
        If another parameter is `from_data`.
    """
    asked = {name for params in space.params.values() for name, value in params.items() if value == FROM_DATA}
    if not asked:
        return space
    found: dict[str, Dimension] = {}
    n = len(next(iter(spaces.values())))
    few, _, many = _neighbours(n)
    found["min_samples"] = Integer(few, many)
    sizes = _sizes(n)
    found["min_cluster_size"] = Integer(min(sizes), max(sizes), log=True)
    if "eps" in asked:
        curves = [
            distances for X in spaces.values() for distances in (_k_distances(X, few), _k_distances(X, many))
        ]
        low = min(float(np.quantile(curve, 0.3)) for curve in curves)
        found["eps"] = Float(low, max(float(curve[-1]) for curve in curves), log=True)
    params: dict[str, dict[str, Any]] = {}
    for option, values in space.params.items():
        params[option] = {name: found.get(name, v) if v == FROM_DATA else v for name, v in values.items()}
        for name, value in params[option].items():
            if value == FROM_DATA:
                raise InputError(
                    f"search.space.{option}.{name}=from_data; only {', '.join(found)} can be read off the data."
                )
    return replace(space, params=params)


def plan(space: Space, X: np.ndarray, natural: bool = True) -> list[dict[str, Any]]:
    """List the trials that find most structure for their price, as a sampler would have proposed them.

    Parameters
    ----------
    space : Space
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
        every k with k-means, full mixtures and Ward's linkage, then HDBSCAN's smallest segments as shares of the
        rows and radii of DBSCAN at quantiles of the k-distance curve, then every other algorithm with each of its
        categorical settings; and the same again for more segments. Every feature set in turn.
    """
    asked = list(_asked(space))
    density = [trial for trial in _density(X, space) if _within(trial, space)]
    few, many = (
        [[t for t in trials if (t[1]["n_clusters"] <= HANDFUL) == small] for trials in asked]
        for small in (True, False)
    )
    # The second setting of an algorithm seldom finds another answer than its first.
    main, rest = _firsts(few)
    if not natural:
        rest, density, many = (
            [],
            [],
            [[t for t in trials if t[1]["n_clusters"] <= MORE] for trials in many[:1]],
        )
    trials = [
        *_in_turn(main),
        *density[:FIRST_DENSITY],
        *_in_turn(rest),
        *density[FIRST_DENSITY:],
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


def _chosen(space: Space, algorithm: str, features: str) -> dict[str, Any]:
    """The first option of each group of which there are several."""
    first = {name: options[0] for name, options in space.groups().items() if len(options) > 1}
    return first | {
        name: value for name, value in (("algorithm", algorithm), ("features", features)) if name in first
    }


def _asked(space: Space) -> Iterator[list[Trial]]:
    """Every k, for each algorithm that takes one and each combination of its categorical settings."""
    for algorithm in space.algorithms:
        params = space.params.get(algorithm, {})
        ks = params.get("n_clusters")
        if not isinstance(ks, Integer):
            continue
        choices = {name: value.values for name, value in params.items() if isinstance(value, Choice)}
        for values in product(*choices.values()):
            settings = dict(zip(choices, values, strict=True))
            yield [(algorithm, {"n_clusters": k, **settings}) for k in range(ks.low, ks.high + 1, ks.step)]


def _density(X: np.ndarray, space: Space) -> Iterator[Trial]:
    n = len(X)
    few, some, many = _neighbours(n)
    large = n > LARGE
    trees: list[Trial] = [
        ("hdbscan", {"min_cluster_size": size, "min_samples": samples})
        for size in _sizes(n)[: 3 if large else None]
        for samples in dict.fromkeys((min(size, 5), min(size, many)))
        if "hdbscan" in space.algorithms
    ]
    radii: list[Trial] = [
        ("dbscan", {"eps": eps, "min_samples": samples})
        for samples in dict.fromkeys((some,) if large else (some, few, many))
        if "dbscan" in space.algorithms
        for eps in np.quantile(_k_distances(X, samples), QUANTILES).tolist()
    ]
    # In turn, so that a plan cut short has both.
    for pair in zip_longest(trees, radii):
        yield from (trial for trial in pair if trial)


def _within(trial: Trial, space: Space) -> bool:
    algorithm, params = trial
    return all(_allows(space.params.get(algorithm, {}).get(name), v) for name, v in params.items())


def _allows(bounds: Any, value: Any) -> bool:
    if isinstance(bounds, Integer):
        return bounds.low <= value <= bounds.high and (value - bounds.low) % bounds.step == 0
    if isinstance(bounds, Float):
        return bounds.low <= value <= bounds.high
    return isinstance(bounds, Choice) and value in bounds.values


def _neighbours(n: int) -> tuple[int, int, int]:
    """About half, once and twice log(n)."""
    log = np.log(n)
    few, some, many = (max(least, round(share * log)) for least, share in ((3, 0.5), (4, 1), (5, 2)))
    return min(few, n), min(some, n), min(many, n)


def _sizes(n: int) -> list[int]:
    return list(dict.fromkeys(max(5, round(share * n)) for share in SHARES))


def _k_distances(X: np.ndarray, samples: int) -> np.ndarray:
    """Distances above 0 to the `samples`-th neighbour, itself included, ascending."""
    distances = np.sort(KDTree(X).query(X, k=samples)[0][:, -1])
    above: np.ndarray = distances[distances > 0]
    # Where nearly all rows coincide, any radius joins them.
    return above if len(above) else np.ones(1)
