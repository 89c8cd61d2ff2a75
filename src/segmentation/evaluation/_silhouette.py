"""Silhouettes from distances that are already there, with noise counted."""

import numpy as np
from sklearn.metrics import pairwise_distances


def silhouette_values(distances: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Silhouette of each row, from a distance matrix.

    Parameters
    ----------
    distances : ndarray of shape (n, n)
        Pairwise distances.
    labels : ndarray of int, shape (n,)
        Segments 0, 1, ...; -1 is noise.

    Returns
    -------
    ndarray of shape (n,)
        From -1 (wrong segment) to 1 (far from every other segment). A noise row, a row alone in its
        segment and every row of a labelling with fewer than two segments have 0. Noise is nobody's
        neighbouring segment.

    Notes
    -----
    Rousseeuw 1987. Without noise it equals `sklearn.metrics.silhouette_samples`. One matrix product with
    the one-hot labels replaces the loop over rows.
    """
    segments, index = np.unique(labels, return_inverse=True)
    values = np.zeros(len(labels))
    kept = segments >= 0
    if kept.sum() < 2:
        return values
    one_hot: np.ndarray = np.eye(len(segments), dtype=distances.dtype)[index][:, kept]
    sizes = one_hot.sum(axis=0)
    totals = distances @ one_hot
    own: np.ndarray = one_hot.astype(bool)
    scored: np.ndarray = np.asarray(own.any(axis=1))
    scored[scored] &= sizes[own[scored].argmax(axis=1)] > 1

    totals, own = totals[scored], own[scored]
    within = totals[own] / (sizes[own.argmax(axis=1)] - 1)
    means = totals / sizes
    means[own] = np.inf
    nearest = means.min(axis=1)
    larger = np.maximum(within, nearest)
    # Rows that coincide with another segment have two zero distances: they belong to neither.
    values[scored] = np.divide(nearest - within, larger, out=np.zeros_like(larger), where=larger > 0)
    return values


def mean_silhouette(X: np.ndarray, labels: np.ndarray, rows: np.ndarray | None = None) -> float:
    """Mean silhouette in the space of X, a noise row scoring 0.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        The rows in the space to score in.
    labels : ndarray of int, shape (n,)
        Segments; -1 is noise.
    rows : ndarray of int, optional
        Positions of the rows to score on; by default all, which takes n * n * 8 bytes.

    Returns
    -------
    float
        From -1 to 1, higher is better.
    """
    if rows is not None:
        X, labels = X[rows], labels[rows]
    return float(silhouette_values(pairwise_distances(X), labels).mean())
