"""Indices that are too dear for every trial, or that need more than the labels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import pairwise_distances

from segmentation.clustering import Mixture

DBCV_ROWS = 1_500
"""DBCV is that of one fixed sample of at most this many rows."""

Fit = Callable[[np.ndarray], Callable[[np.ndarray], np.ndarray]]
"""Fits a clustering on rows, shape (m, d), and returns what labels other rows, shape (n, d), by it."""


def share_negative(silhouettes: np.ndarray, labels: np.ndarray) -> float:
    """Share of customers in segments whose silhouette is negative: who sit nearer to another segment.

    Parameters
    ----------
    silhouettes : ndarray of shape (n,)
        As `silhouette_values` gives them.
    labels : ndarray of int, shape (n,)
        Segments; noise, -1, is not counted.

    Returns
    -------
    float
        From 0 to 1, lower is better; 0 where all is noise. Rousseeuw 1987 reads a negative value as misplaced.
    """
    inside = silhouettes[labels >= 0]
    return float((inside < 0).mean()) if len(inside) else 0.0


def segment_silhouettes(silhouettes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Mean silhouette of each segment.

    Parameters
    ----------
    silhouettes : ndarray of shape (n,)
        As `silhouette_values` gives them.
    labels : ndarray of int, shape (n,)
        Segments 0 to k - 1, each with at least one row; noise, -1, is not counted.

    Returns
    -------
    ndarray of shape (k,)
        From -1 to 1, higher is better (Rousseeuw 1987).
    """
    inside = labels >= 0
    totals = np.bincount(labels[inside], weights=silhouettes[inside])
    means: np.ndarray = totals / np.bincount(labels[inside])
    return means


def dbcv(X: np.ndarray, labels: np.ndarray, seed: int = 0) -> float:
    """Density-based clustering validation (DBCV): whether segments are denser inside than between them.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        The rows in the space to score in; beyond 1,500 a sample of them is scored.
    labels : ndarray of int, shape (n,)
        Segments; -1 is noise, which counts as coverage that is missing.
    seed : int, default=0
        Of the sample.

    Returns
    -------
    float
        From -1 to 1, higher is better; 0 with fewer than two segments, or where all is noise.

    Notes
    -----
    Moulavi et al. 2014. For each segment the longest inner edge of the minimum spanning tree of its mutual
    reachability is compared with the shortest reach to another segment's inner rows. Rows that coincide with
    others of their segment are not counted into its core distances. A segment of one row has validity 0.
    """
    if len(X) > DBCV_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(len(X), DBCV_ROWS, replace=False))
        X, labels = X[rows], labels[rows]
    segments, sizes = np.unique(labels[labels >= 0], return_counts=True)
    if len(segments) < 2:
        return 0.0
    distances = pairwise_distances(X)
    members = [np.flatnonzero(labels == segment) for segment in segments]
    cores = [_core_distances(distances[np.ix_(rows, rows)], X.shape[1]) for rows in members]
    trees = [
        _inside(_reach(distances[np.ix_(rows, rows)], core, core))
        for rows, core in zip(members, cores, strict=True)
    ]
    separation = np.full((len(segments), len(segments)), np.inf)
    for i in range(len(segments)):
        for j in range(i):
            at, to = trees[i][0], trees[j][0]
            between = _reach(distances[np.ix_(members[i][at], members[j][to])], cores[i][at], cores[j][to])
            separation[i, j] = separation[j, i] = between.min()
    nearest, sparse = separation.min(axis=1), np.array([longest for _, longest in trees])
    widest = np.maximum(nearest, sparse)
    validity = np.divide(
        nearest - sparse, widest, out=np.zeros_like(widest), where=(widest > 0) & (sizes > 1)
    )
    return float((sizes * validity).sum() / len(X))


def _core_distances(distances: np.ndarray, dimension: int) -> np.ndarray:
    """All-points core distance: the power mean of a row's distances with exponent -d."""
    core = np.zeros(len(distances))
    away = np.where(distances > 0, distances, np.inf)
    nearest = away.min(axis=1, initial=np.inf)
    some = np.isfinite(nearest)
    # Relative to the nearest one, so that no power overflows.
    powers = (nearest[some, None] / away[some]) ** dimension
    core[some] = nearest[some] * (powers.sum(axis=1) / (len(distances) - 1)) ** (-1 / dimension)
    return core


def _reach(distances: np.ndarray, core: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Mutual reachability distances, their many ties broken by distance: one tree, in whatever order rows come."""
    return np.maximum(distances, np.maximum(core[:, None], other)) + 1e-9 * distances


def _inside(reach: np.ndarray) -> tuple[np.ndarray, float]:
    """Rows inside the minimum spanning tree (of degree above one), and its longest edge between such rows."""
    n = len(reach)
    parent, nearest = np.zeros(n, dtype=int), reach[0].copy()
    outside = np.ones(n, dtype=bool)
    outside[0] = False
    edges = []
    for _ in range(n - 1):
        new = int(np.where(outside, nearest, np.inf).argmin())
        edges.append((parent[new], new, nearest[new]))
        outside[new] = False
        closer = outside & (reach[new] < nearest)
        nearest[closer], parent[closer] = reach[new][closer], new
    ends = np.array([edge[:2] for edge in edges], dtype=int).reshape(-1, 2)
    lengths = np.array([edge[2] for edge in edges])
    inner = np.bincount(ends.ravel(), minlength=n) > 1
    inner_edges = inner[ends].all(axis=1)
    rows = np.flatnonzero(inner) if inner.any() else np.arange(1)
    return rows, float((lengths[inner_edges] if inner_edges.any() else lengths).max(initial=0.0))


@dataclass(frozen=True)
class Gap:
    """The gap statistic over k.

    Attributes
    ----------
    ks : tuple of int
        Numbers of segments, ascending, usually from 1.
    values : tuple of float
        Expected log dispersion without segments minus the data's, at each k; higher is better.
    errors : tuple of float
        Standard error of each value, the error of simulating included.
    """

    ks: tuple[int, ...]
    values: tuple[float, ...]
    errors: tuple[float, ...]

    @property
    def k(self) -> int:
        """The smallest k whose gap is at least the next one's less that one's error; else the last k."""
        for i in range(len(self.ks) - 1):
            if self.values[i] >= self.values[i + 1] - self.errors[i + 1]:
                return self.ks[i]
        return self.ks[-1]


def gap(
    X: np.ndarray,
    cluster: Callable[[np.ndarray, int], np.ndarray],
    ks: Sequence[int],
    draws: int = 20,
    seed: int = 0,
) -> Gap:
    """Gap statistic: how much tighter the segments are than cuts through a uniform box.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        The rows.
    cluster : callable
        Takes rows and k, and returns labels from 0; it is not asked for k = 1.
    ks : sequence of int
        Ascending.
    draws : int, default=20
        Reference sets, uniform in the box of the data's principal axes.
    seed : int, default=0
        Of the draws.

    Returns
    -------
    Gap

    Notes
    -----
    Tibshirani, Walther and Hastie 2001, with their 1-standard-error rule for k.
    """
    rng = np.random.default_rng(seed)
    center = X.mean(axis=0)
    axes = np.linalg.svd(X - center, full_matrices=False)[2]
    along = (X - center) @ axes.T
    low, high = along.min(axis=0), along.max(axis=0)

    def dispersions(rows: np.ndarray) -> np.ndarray:
        return np.array([_log_dispersion(rows, cluster(rows, k) if k > 1 else None) for k in ks])

    expected = np.array([dispersions(rng.uniform(low, high, along.shape) @ axes) for _ in range(draws)])
    values = expected.mean(axis=0) - dispersions(X)
    errors = expected.std(axis=0) * np.sqrt(1 + 1 / draws)
    return Gap(tuple(ks), tuple(values.tolist()), tuple(errors.tolist()))


def _log_dispersion(X: np.ndarray, labels: np.ndarray | None) -> float:
    """Log of the summed squared distances to the segments' means."""
    groups = [X] if labels is None else [X[labels == segment] for segment in np.unique(labels)]
    within = sum(float(((group - group.mean(axis=0)) ** 2).sum()) for group in groups)
    return float(np.log(max(within, np.finfo(float).tiny)))


def bic(mixture: Mixture, X: np.ndarray) -> float:
    """Bayesian information criterion of a fitted mixture.

    Parameters
    ----------
    mixture : Mixture
        Fitted.
    X : ndarray of shape (n, d)
        The rows it was fitted on.

    Returns
    -------
    float
        Minus twice the log-likelihood plus log(n) for each free parameter; any size, lower is better.
        Schwarz 1978. mclust reports it with the other sign.
    """
    return float(mixture.bic(X))


def icl(mixture: Mixture, X: np.ndarray) -> float:
    """Integrated completed likelihood of a fitted mixture: BIC that also pays for overlap.

    Parameters
    ----------
    mixture : Mixture
        Fitted.
    X : ndarray of shape (n, d)
        The rows it was fitted on.

    Returns
    -------
    float
        BIC minus twice the summed log-probability of each row's own segment; at least BIC, lower is better.
        Biernacki, Celeux and Govaert 2000, as mclust computes it, which reports it with the other sign.
    """
    certain = mixture.predict_proba(X).max(axis=1)
    return bic(mixture, X) - 2 * float(np.log(certain).sum())


def prediction_strength(X: np.ndarray, fit: Fit, splits: int = 10, seed: int = 0) -> float:
    """Whether customers who are together by one half of the data are so by the other half too.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        The rows.
    fit : callable
        Fits k segments on rows and returns what labels other rows by them.
    splits : int, default=10
        Random halvings; each half judges the other.
    seed : int, default=0
        Of the halvings.

    Returns
    -------
    float
        Mean over splits of the worst segment's share of pairs that stay together, 0 to 1, higher is better.
        Tibshirani and Walther 2005 take the largest k with 0.8 to 0.9 or more. A segment of one row counts 1.
    """
    rng = np.random.default_rng(seed)
    strengths = []
    for _ in range(splits):
        order = rng.permutation(len(X))
        halves = X[order[: len(X) // 2]], X[order[len(X) // 2 :]]
        predictors = [fit(half) for half in halves]
        strengths += [
            _together(predictors[own](halves[own]), predictors[1 - own](halves[own])) for own in (0, 1)
        ]
    return float(np.mean(strengths))


def _together(own: np.ndarray, other: np.ndarray) -> float:
    """Least share of a segment's pairs that the other labels keep together; noise is not a segment."""
    shares = [1.0]
    for segment in np.unique(own[own >= 0]):
        kept = other[own == segment]
        size = len(kept)
        if size > 1:
            counts = np.unique(kept[kept >= 0], return_counts=True)[1]
            shares.append(float((counts * (counts - 1)).sum()) / (size * (size - 1)))
    return min(shares)
