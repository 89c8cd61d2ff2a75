"""Whether the cuts of one half of a table come back in the other half."""

import numpy as np
from scipy.cluster.hierarchy import linkage

from segmentation.evaluation._gaps import nested_cuts
from segmentation.evaluation._stability import adjusted_rand

KS = range(2, 9)
STEPS = 10


def repeats(X: np.ndarray, rng: np.random.Generator, pairs: int) -> np.ndarray:
    """How alike the cuts of two halves are, when each puts all rows into its segments.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        A table.
    rng : Generator
        Of the halves.
    pairs : int
        How many times the table is halved.

    Returns
    -------
    ndarray of shape (7,)
        Mean adjusted Rand index for each k of 2 to 8: 1 for the same segments each time.

    Notes
    -----
    Cuts are k-means begun at the groups of a Ward tree. Halves share no rows, so that they agree on what is in the
    population and not on what is in the sample (Dolnicar and Leisch 2010).
    """
    found = np.zeros(len(KS))
    for _ in range(pairs):
        order = rng.permutation(len(X))
        halves = [_centers(X[rows]) for rows in (order[: len(X) // 2], order[len(X) // 2 :])]
        found += [adjusted_rand(_nearest(X, a), _nearest(X, b)) for a, b in zip(*halves, strict=True)]
    return found / pairs


def _centers(X: np.ndarray) -> list[np.ndarray]:
    return [_moved(X, labels) for labels in nested_cuts(linkage(X, "ward"), KS[-1])]


def _moved(X: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Centres of k-means after a few steps."""
    centers = np.zeros((int(labels.max()) + 1, X.shape[1]))
    for _ in range(STEPS):
        member = np.eye(len(centers))[labels]
        sizes = member.sum(axis=0)
        kept = sizes > 0
        centers[kept] = (member.T @ X)[kept] / sizes[kept, None]
        before, labels = labels, _nearest(X, centers)
        if np.array_equal(before, labels):
            break
    return centers


def _nearest(X: np.ndarray, centers: np.ndarray) -> np.ndarray:
    nearest: np.ndarray = ((centers**2).sum(axis=1) - 2 * X @ centers.T).argmin(axis=1)
    return nearest
