"""Algorithms that remember training rows: scikit-learn gives them no predict, so each rule here is ours."""

from functools import partial
from numbers import Integral
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.cluster.hierarchy import linkage as scipy_linkage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree
from sklearn import cluster
from sklearn.utils import check_array

from segmentation.clustering.base import Labels, Matrix, Segmenter, input_errors, quiet
from segmentation.clustering.refine import refines
from segmentation.errors import InputError, nearest

_LINKAGES = ("ward", "average", "complete", "single")
_MOST_NEIGHBOURS = 100_000_000
_CROWD_SAMPLE = 100


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
            return np.full(len(X), -1)
        distances, neighbours = KDTree(self._rows).query(X, k=[1, self._k])
        row = neighbours[:, 0]
        return np.where(distances[:, 1] <= self._reach[row], self._numbers[row], -1)


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


@refines(cluster.AgglomerativeClustering, "linkage", n_clusters=5, max_rows=10_000)
class Hierarchical(_Rows):
    """Merge the two closest segments until `n_clusters` are left.

    A row belongs to the segment of the nearest training row. Above `max_rows` (None for no limit) it is fitted on a
    fixed sample of that many rows, as its memory grows with their square, and the other rows are labelled by the rule.

    Attributes
    ----------
    linkage_matrix_ : ndarray of shape (n_rows_fitted_ - 1, 4)
        The merges in SciPy's form, for a dendrogram. It does not depend on `n_clusters`.
    """

    def fit(self, X: ArrayLike, y: None = None, tree: Matrix | None = None) -> Self:
        """Find the segments of X.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Scaled customers, without missing values.
        y : None
            Ignored.
        tree : ndarray of shape (n_rows_fitted_ - 1, 4), optional
            `linkage_matrix_` of an earlier fit on the same X with the same linkage and `max_rows`, to cut it
            at another `n_clusters` without growing it again.

        Returns
        -------
        self

        Raises
        ------
        InputError
            On a parameter out of its range, or a tree of another size.
        """
        return self._fit(X, partial(self._learn, tree=tree))

    def _learn(self, rows: Matrix, tree: Matrix | None = None) -> int:
        if self.linkage not in _LINKAGES:
            raise InputError(f"linkage is {self.linkage!r}: {nearest(self.linkage, _LINKAGES)}")
        if tree is None:
            tree = scipy_linkage(rows, self.linkage) if len(rows) > 1 else np.empty((0, 4))
        if np.shape(tree) != (len(rows) - 1, 4):
            raise InputError(
                f"tree must have shape ({len(rows) - 1}, 4) for these rows; got {np.shape(tree)}"
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
    return np.sort(KDTree(rows).query(rows, k=[k])[0][:, 0])
