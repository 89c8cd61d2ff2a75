"""Algorithms that remember training rows: scikit-learn gives them no predict, so each rule here is ours."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.cluster.hierarchy import linkage as scipy_linkage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree
from sklearn import cluster, neighbors
from sklearn.utils import check_array

from segmentation.clustering.base import (
    NOISE,
    BegunAtBasis,
    Bounds,
    FromData,
    Labels,
    Matrix,
    Segmenter,
    input_errors,
    quiet,
)
from segmentation.clustering.refine import refines
from segmentation.errors import InputError, nearest

_LINKAGES = ("ward", "average", "complete", "single")
_MOST_NEIGHBOURS = 100_000_000
_CROWD_SAMPLE = 100
_LARGE = 5_000
"""Above so many rows, algorithms that follow density begin with fewer settings: each takes seconds there."""
_SHARES = (0.01, 0.03, 0.08, 0.02, 0.05, 0.12)
"""Smallest segments to ask HDBSCAN for, as shares of the rows."""
_QUANTILES = (0.9, 0.7, 0.98, 0.5, 0.8, 0.95, 0.6, 0.85, 0.995)
"""Shares of the rows that become core rows of DBSCAN: a radius is that quantile of the k-distance curve."""


class _Rows(Segmenter):
    """Label by the nearest remembered row, unless the k-th nearest is out of that row's reach."""

    def _remember(self, rows: Matrix, numbers: Labels, reach: float | Matrix = np.inf, k: int = 1) -> int:
        self._rows, self._numbers, self._k = rows, numbers, k
        self._reach = np.broadcast_to(reach, len(rows)).astype(np.float64)
        return int(numbers.max(initial=-1)) + 1

    def _remember_density(self, rows: Matrix, numbers: Labels, k: int) -> int:
        """Let every row reach as far as the largest core distance in its segment."""
        core = KDTree(rows).query(rows, k=[k])[0][:, 0]
        reach = np.zeros(numbers.max(initial=-1) + 2)
        np.maximum.at(reach, numbers, core)
        return self._remember(rows, numbers, reach[numbers], k)

    def _assign(self, X: Matrix) -> NDArray[np.integer]:
        if not len(self._rows):
            return np.full(len(X), NOISE)
        distances, neighbours = KDTree(self._rows).query(X, k=[1, self._k])
        row = neighbours[:, 0]
        return np.where(distances[:, 1] <= self._reach[row], self._numbers[row], NOISE)


def _neighbours(n: int) -> tuple[int, int, int]:
    """About half, once and twice log(n)."""
    log = np.log(n)
    few, some, many = (max(least, round(share * log)) for least, share in ((3, 0.5), (4, 1), (5, 2)))
    return min(few, n), min(some, n), min(many, n)


def _sizes(n: int) -> list[int]:
    return list(dict.fromkeys(max(5, round(share * n)) for share in _SHARES))


def _radii(X: Matrix, k: int) -> Matrix:
    """The k-distances above 0."""
    distances = k_distances(X, k)
    above = distances[distances > 0]
    # Where nearly all rows coincide, any radius joins them.
    return above if len(above) else np.ones(1)


def _bounds_of_eps(spaces: Sequence[Matrix]) -> Bounds:
    """From the 0.3 quantile of the k-distance curve to its end, over all scalers and neighbourhoods."""
    few, _, many = _neighbours(len(spaces[0]))
    curves = [_radii(X, k) for X in spaces for k in (few, many)]
    low = min(float(np.quantile(curve, 0.3)) for curve in curves)
    return Bounds(low, max(float(curve[-1]) for curve in curves), log=True)


def _bounds_of_min_samples(spaces: Sequence[Matrix]) -> Bounds:
    few, _, many = _neighbours(len(spaces[0]))
    return Bounds(few, many)


def _bounds_of_min_cluster_size(spaces: Sequence[Matrix]) -> Bounds:
    sizes = _sizes(len(spaces[0]))
    return Bounds(min(sizes), max(sizes), log=True)


@refines(cluster.DBSCAN, "min_samples", eps=0.4)
class DBSCAN(_Rows):
    """Segments are connected dense regions; what lies outside is noise.

    A row, in training or new, belongs to the segment of the nearest core row if that is within `eps`, else it
    is noise. The model keeps the core rows.

    Parameters
    ----------
    eps : float, default=0.4
        Radius of a neighbourhood, in the space of X. `k_distances` shows where to look.

    Notes
    -----
    scikit-learn keeps every neighbourhood in memory. An `eps` so wide that they would hold over 100 million
    rows together (0.8 GB) is refused: it would make one segment of nearly everything.
    """

    looks_for_density = True
    from_data: ClassVar[FromData] = {"min_samples": _bounds_of_min_samples, "eps": _bounds_of_eps}

    def first_settings(self, X: Matrix) -> list[dict[str, Any]]:
        """Radii at quantiles of the k-distance curve."""
        few, some, many = _neighbours(len(X))
        return [
            {"eps": eps, "min_samples": samples}
            for samples in dict.fromkeys((some,) if len(X) > _LARGE else (some, few, many))
            for eps in np.quantile(_radii(X, samples), _QUANTILES).tolist()
        ]

    def _learn(self, rows: Matrix) -> int:
        self._refuse_crowds(rows)
        model = self._theirs().fit(rows)
        core = model.core_sample_indices_
        return self._remember(rows[core], model.labels_[core], self.eps)

    def _refuse_crowds(self, rows: Matrix) -> None:
        n = len(rows)
        if n * n <= _MOST_NEIGHBOURS or not self.eps > 0:
            return
        sample = np.random.default_rng(0).choice(n, _CROWD_SAMPLE, replace=False)
        crowd = float(np.mean(KDTree(rows).query_ball_point(rows[sample], self.eps, return_length=True)))
        if n * crowd > _MOST_NEIGHBOURS:
            raise InputError(
                f"eps={self.eps:g} makes {crowd:,.0f} of {n:,} customers neighbours of an average one, more than "
                f"fit in memory; choose one that leaves at most {_MOST_NEIGHBOURS / n:,.0f}."
            )


@refines(
    cluster.HDBSCAN,
    "min_samples cluster_selection_epsilon cluster_selection_method allow_single_cluster",
    min_cluster_size=10,
)
class HDBSCAN(_Rows):
    """Dense regions of differing density, taken from a hierarchy; what lies outside is noise.

    A row belongs to the segment of the nearest training row if it lies no more sparsely than that segment's
    members do: its distance to the `min_samples`-th nearest training row is at most the largest such distance
    among them. Else, or if the nearest training row is noise, it is noise.
    """

    looks_for_density = True
    from_data: ClassVar[FromData] = {
        "min_samples": _bounds_of_min_samples,
        "min_cluster_size": _bounds_of_min_cluster_size,
    }

    def first_settings(self, X: Matrix) -> list[dict[str, Any]]:
        """Smallest segments as shares of the rows."""
        many = _neighbours(len(X))[-1]
        return [
            {"min_cluster_size": size, "min_samples": samples}
            for size in _sizes(len(X))[: 3 if len(X) > _LARGE else None]
            for samples in dict.fromkeys((min(size, 5), min(size, many)))
        ]

    def _learn(self, rows: Matrix) -> int:
        model = self._theirs(copy=True).fit(rows)
        k = self.min_cluster_size if self.min_samples is None else self.min_samples
        return self._remember_density(rows, model.labels_, k)


@refines(cluster.OPTICS, "max_eps cluster_method xi min_cluster_size eps", min_samples=10, max_rows=10_000)
class OPTICS(_Rows):
    """Dense regions cut out of a reachability plot; what lies outside is noise.

    The rule for a row is that of `HDBSCAN`: the segment of the nearest training row, if the row lies no more
    sparsely than that segment's members, else noise. Above `max_rows` (None for no limit) it is fitted on a fixed
    sample of that many rows, as its time grows with their square, and the other rows are labelled by the rule.

    Parameters
    ----------
    min_samples : int, default=10
        Rows in the neighbourhood that measures density, itself included; from 2 up.
    """

    looks_for_density = True
    from_data: ClassVar[FromData] = {**HDBSCAN.from_data, "eps": _bounds_of_eps}

    def _learn(self, rows: Matrix) -> int:
        # Scikit-learn would take a fraction for a share of the rows; the rule needs the number.
        if not isinstance(self.min_samples, (int, np.integer)) or not 2 <= self.min_samples <= len(rows):
            raise InputError(
                f"min_samples must be a whole number from 2 to {len(rows)} (n_samples={len(rows)}); "
                f"got {self.min_samples!r}"
            )
        # Among equal rows the reachability is zero, and the flank before them rightly infinitely steep.
        with np.errstate(divide="ignore"):
            model = self._theirs().fit(rows)
        return self._remember_density(rows, model.labels_, int(self.min_samples))


@refines(cluster.AgglomerativeClustering, "linkage", n_clusters=5, max_rows=5_000)
class Hierarchical(BegunAtBasis, _Rows):
    """Merge the two closest segments until `n_clusters` are left.

    A row belongs to the segment of the nearest training row. Above `max_rows` (None for no limit) it is fitted on a
    fixed sample of that many rows, as its memory grows with their square, and the other rows are labelled by the rule.

    Attributes
    ----------
    linkage_matrix_ : ndarray of shape (n_rows_fitted_ - 1, 4)
        The merges in SciPy's form, for a dendrogram. It does not depend on `n_clusters`.
    """

    def basis(self) -> Segmenter:
        """One tree of merges serves every number of segments."""
        return Hierarchical(1, linkage=self.linkage, max_rows=self.max_rows)

    def kind(self, name: str) -> str:
        """Each linkage merges for a reason of its own."""
        return f"{name} {self.linkage}"

    def _learn(self, rows: Matrix, basis: Segmenter | None = None) -> int:
        if self.linkage not in _LINKAGES:
            raise InputError(f"linkage is {self.linkage!r}: {nearest(self.linkage, _LINKAGES)}")
        tree = getattr(basis, "linkage_matrix_", None)
        if tree is None:
            tree = scipy_linkage(rows, self.linkage) if len(rows) > 1 else np.empty((0, 4))
        if np.shape(tree) != (len(rows) - 1, 4):
            raise InputError(
                f"The tree of basis must have shape ({len(rows) - 1}, 4) for these rows; it has {np.shape(tree)}"
            )
        self.linkage_matrix_ = tree
        return self._remember(rows, cut_tree(tree, self.n_clusters))


@refines(
    cluster.SpectralClustering,
    "n_neighbors gamma assign_labels n_init random_state",
    n_clusters=5,
    affinity="nearest_neighbors",
    max_rows=10_000,
)
class Spectral(_Rows):
    """K-means on the eigenvectors of a graph that joins near rows; finds segments of any shape.

    A row belongs to the segment of the nearest training row. Above `max_rows` (None for no limit) it is fitted on a
    fixed sample of that many rows, and the other rows are labelled by the rule.

    Parameters
    ----------
    affinity : {"nearest_neighbors", "rbf"}, default="nearest_neighbors"
        What joins two rows. The kernel needs memory quadratic in the rows.
    """

    def _learn(self, rows: Matrix) -> int:
        # There are fewer eigenvectors than rows.
        if self.n_clusters == len(rows):
            return self._remember(rows, np.arange(len(rows)))
        model = self._theirs(n_neighbors=min(self.n_neighbors, len(rows)))
        # Well separated segments make a graph in pieces: the easy case. A square X is a coincidence.
        with quiet("Graph is not fully connected|The spectral clustering API has changed"):
            return self._remember(rows, model.fit(rows).labels_)


def cut_tree(tree: Matrix, n_clusters: int) -> Labels:
    """Cut a tree of merges where `n_clusters` segments are left.

    Parameters
    ----------
    tree : ndarray of shape (n_rows - 1, 4)
        Linkage matrix, merges by rising height.
    n_clusters : int
        From 1 to the number of rows. Exactly so many come out, where SciPy's `fcluster` gives fewer on ties.

    Returns
    -------
    ndarray of shape (n_rows,)
        Segment numbers from 0, in order of appearance.

    Examples
    --------
    >>> from scipy.cluster.hierarchy import linkage
    >>> cut_tree(linkage([[0.0], [1.0], [9.0], [10.0]]), 2)
    array([0, 0, 1, 1])
    """
    n_rows = len(tree) + 1
    merges = tree[: n_rows - n_clusters, :2].astype(np.int64)
    joined = n_rows + np.arange(len(merges))
    nodes = n_rows + len(merges)
    edges = (np.ones(2 * len(merges)), (merges.T.ravel(), np.tile(joined, 2)))
    numbers = connected_components(coo_array(edges, shape=(nodes, nodes)), directed=False)[1]
    return numbers[:n_rows].astype(np.int64)


def k_distances(X: ArrayLike, k: int) -> Matrix:
    """Return the distance of every row to its k-th neighbour, sorted: the bend suggests `eps` for DBSCAN.

    Parameters
    ----------
    X : array-like of shape (n_rows, n_features)
        Scaled customers.
    k : int
        Counted as by `min_samples`, the row itself included: the share of distances up to `eps` is the share
        of core rows.

    Returns
    -------
    ndarray of shape (n_rows,)
        Euclidean, rising.

    Raises
    ------
    InputError
        If k is not from 1 to the number of rows.
    """
    with input_errors():
        rows: Matrix = check_array(X, dtype=np.float64)
    if not isinstance(k, Integral) or not 1 <= k <= len(rows):
        raise InputError(f"k must be a whole number from 1 to {len(rows)}, the number of rows; got {k!r}")
    # As DBSCAN measures: two ways to add squares differ in the last digit.
    return np.sort(neighbors.KDTree(rows).query(rows, k=k)[0][:, -1])
