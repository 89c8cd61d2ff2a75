"""What a study visits first when nobody says otherwise."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.neighbors import KDTree

LARGE = 5_000
"""Above so many rows, algorithms that follow density are tried at fewer settings: each takes seconds there."""

Trial = tuple[str, dict[str, Any]]


def default_grid(X: np.ndarray, max_k: int = 20) -> list[Trial]:
    """List the configurations that find most structure for their price, the most telling first.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        The rows as the algorithms see them: the radii of DBSCAN are read off their neighbours.
    max_k : int, default=20
        The largest number of segments to ask for.

    Returns
    -------
    list of (algorithm, parameters)
        About 140 of them for `max_k` 20, 60 less above 5,000 rows; every prefix holds all kinds of algorithm.

    Notes
    -----
    Every k from 2 with each of k-means, Gaussian mixture, Ward, average and single linkage (one tree serves every k),
    since the choice of k compares neighbours. DBSCAN: `eps` at quantiles of the distance to the
    `min_samples`-th neighbour, which is the share of rows that become core; `min_samples` about half, once
    and twice log(n). HDBSCAN: the smallest segment from 1 % to 12 % of the rows.
    """
    asked = [(k, list(_every_k(k))) for k in range(2, min(max_k, len(X) // 4) + 1)]
    density = list(_density(X))
    per_k = -(-len(density) // max(len(asked), 1))
    grid: list[Trial] = []
    for _, trials in asked:
        grid += trials + density[:per_k]
        density = density[per_k:]
    return grid + density


def _every_k(k: int) -> Iterator[Trial]:
    yield "kmeans", {"n_clusters": k}
    yield "gaussian_mixture", {"n_clusters": k, "covariance_type": "full", "n_init": 1}
    for linkage in ("ward", "average", "single"):
        yield "hierarchical", {"n_clusters": k, "linkage": linkage}
    if k <= 8:
        # Few rows in many columns cannot fill a full covariance.
        yield "gaussian_mixture", {"n_clusters": k, "covariance_type": "diag", "n_init": 1}


def _density(X: np.ndarray) -> Iterator[Trial]:
    n = len(X)
    log = np.log(n)
    few, some, many = (max(least, round(share * log)) for least, share in ((3, 0.5), (4, 1), (5, 2)))
    shares, neighbours = [0.01, 0.03, 0.08, 0.02, 0.05, 0.12], [some, few, many]
    if n > LARGE:
        shares, neighbours = shares[:3], neighbours[:1]
    sizes = {max(5, round(share * n)): None for share in shares}
    for size in sizes:
        for samples in {min(size, 5): None, min(size, many): None}:
            yield "hdbscan", {"min_cluster_size": size, "min_samples": samples}
    tree = KDTree(X)
    for samples in {min(count, n): None for count in neighbours}:
        distances = tree.query(X, k=samples)[0][:, -1]
        distances = distances[distances > 0]
        for quantile in (0.9, 0.7, 0.98, 0.5, 0.8, 0.95, 0.6, 0.85, 0.995):
            if len(distances):
                yield "dbscan", {"eps": float(np.quantile(distances, quantile)), "min_samples": samples}
