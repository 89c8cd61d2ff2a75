"""How clean the cuts of a table are, how deep its valleys, how many modes its lines have."""

import numpy as np
from diptest import diptest
from scipy.cluster.hierarchy import linkage
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial import cKDTree
from scipy.spatial.distance import pdist, squareform

from segmentation.clustering import cut_tree

LARGEST_K = 10
SMALLEST_SHARE = 0.02
NEIGHBOURS = (4, 8)
SMALLEST_P = 1e-6
"""The p-values of dips come from a million samples, of which none has so large a dip where `diptest` gives 0."""


def evidence(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Silhouette of each cut of the Ward tree (-1 where a group is too small), the deepest valley; the tree."""
    pairs = pdist(X)
    tree = linkage(pairs, "ward")
    return np.append(_cut_silhouettes(squareform(pairs), tree), _valley(X, pairs)), tree


def nested_cuts(tree: np.ndarray, largest: int) -> list[np.ndarray]:
    """Labels of the cuts of a linkage tree into 2 to `largest` groups."""
    n = len(tree) + 1
    first = np.arange(2 * n - 1)
    for node, left in enumerate(tree[:, 0].astype(int), start=n):
        first[node] = first[left]
    cuts = [cut_tree(tree, largest)]
    for k in range(largest - 1, 1, -1):
        # The merge that leads from one more group to k groups, by a row of each side.
        labels = cuts[-1].copy()
        kept, gone = labels[first[tree[n - k - 1, :2].astype(int)]]
        labels[labels == gone] = kept
        labels[labels == k] = gone
        cuts.append(labels)
    return cuts[::-1]


def _cut_silhouettes(distances: np.ndarray, tree: np.ndarray) -> np.ndarray:
    """Mean silhouettes for k = 2 to 10, from the distance sums to the groups of the finest cut."""
    n = len(distances)
    cuts = nested_cuts(tree, LARGEST_K)
    finest = cuts[-1]
    sums = distances @ np.eye(LARGEST_K)[finest]
    rows, scores = np.arange(n), np.full(LARGEST_K - 1, -1.0)
    for k, labels in enumerate(cuts, start=2):
        sizes = np.bincount(labels)
        if sizes.min() < max(2, SMALLEST_SHARE * n):
            continue
        member = np.zeros((LARGEST_K, k))
        member[finest, labels] = 1
        totals = sums @ member
        within = totals[rows, labels] / (sizes[labels] - 1)
        totals /= sizes
        totals[rows, labels] = np.inf
        nearest = totals.min(axis=1)
        scores[k - 2] = ((nearest - within) / np.maximum(np.maximum(nearest, within), 1e-300)).mean()
    return scores


def _valley(X: np.ndarray, pairs: np.ndarray) -> float:
    """Depth in log density of the deepest valley, the mean of a fine and a coarse look."""
    n, d = X.shape
    nearest = cKDTree(X).query(X, max(NEIGHBOURS) + 1)[0]
    depths = []
    for neighbours in NEIGHBOURS:
        core = nearest[:, neighbours]
        reach = np.maximum(pairs, squareform(np.maximum.outer(core, core), checks=False))
        depths.append(_deepest(linkage(reach, "single"), max(5, int(SMALLEST_SHARE * n))))
    return d * float(np.mean(depths))


def _deepest(tree: np.ndarray, smallest: int) -> float:
    """Largest rise of log height from the lesser peak to where two groups of at least `smallest` rows merge."""
    n = len(tree) + 1
    size, peak, deepest = [1] * n, [np.inf] * n, 0.0
    heights = np.log(np.maximum(tree[:, 2], 1e-300)).tolist()
    for (a, b), height in zip(tree[:, :2].astype(int).tolist(), heights, strict=True):
        size.append(size[a] + size[b])
        if min(size[a], size[b]) >= smallest:
            deepest = max(deepest, height - max(peak[a], peak[b]))
        peak.append(min(peak[a], peak[b], height) if size[-1] >= smallest else np.inf)
    return deepest


def p_dip(X: np.ndarray, labels: np.ndarray) -> float:
    """Smallest chance of a dip of the principal components and of the lines between neighbours, corrected."""
    axes = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)[2]
    groups = [X[labels == group] for group in np.unique(labels)]
    within = sum(
        (len(g) - 1) * np.cov(g, rowvar=False).reshape(2 * X.shape[1:]) for g in groups if len(g) > 1
    )
    across = np.linalg.pinv(within / len(X))
    centers = np.array([group.mean(axis=0) for group in groups])
    neighbours = minimum_spanning_tree(squareform(pdist(centers))).tocoo()
    lines = [across @ (centers[a] - centers[b]) for a, b in zip(neighbours.row, neighbours.col, strict=True)]
    return min(1.0, 2 * min(_p_any(X, axes), _p_any(X, lines)))


def _p_any(X: np.ndarray, directions: "np.ndarray | list[np.ndarray]") -> float:
    """Bonferroni-corrected smallest chance over projections."""
    smallest = min(diptest(X @ direction)[1] for direction in directions)
    return max(smallest, SMALLEST_P) * len(directions)
