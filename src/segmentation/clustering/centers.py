"""Algorithms whose segments are centres or densities, and which scikit-learn itself predicts with."""

from numbers import Integral
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn import cluster, mixture
from sklearn.metrics import pairwise_distances_argmin

from segmentation.clustering.base import Matrix, Segmenter, quiet
from segmentation.errors import InputError

_SMALLEST_BANDWIDTH = 1e-6
_STARTS = 100
"""Of the k-means that a mixture begins at, at most."""
_SAME_INERTIA = 1e-4
"""Solutions of k-means whose inertia differs by no more than this share are the same."""


class KMeans(Segmenter):
    """Round segments of least squared distance to their centre; a new row joins the nearest centre.

    Parameters
    ----------
    n_clusters : int, default=5
        Number of segments.
    init : {"k-means++", "random"}, default="k-means++"
        How the first centres are drawn.
    n_init : int, default=10
        Starts, of which the best is kept. One start often misses the best solution.
    max_starts : int, optional
        Go on with rounds of `n_init` starts until two of them have found the best solution, and up to so many
        starts. Without it there is one round.
    max_iter : int, default=300
        Iterations of one start.
    tol : float, default=1e-4
        Movement of the centres, relative to the variance, at which a start has converged.
    algorithm : {"lloyd", "elkan"}, default="lloyd"
        Same result; elkan can be quicker on well separated segments.
    random_state : int, optional
        Seed.

    Attributes
    ----------
    cluster_centers_ : ndarray of shape (n_segments_, n_features)
        The algorithm's own centres, in the order of the segments.
    inertia_ : float
        Sum of squared distances to the centres.
    n_iter_ : int
        Iterations of the best start.
    """

    def __init__(
        self,
        n_clusters: int = 5,
        *,
        init: Literal["k-means++", "random"] = "k-means++",
        n_init: int = 10,
        max_starts: int | None = None,
        max_iter: int = 300,
        tol: float = 1e-4,
        algorithm: Literal["lloyd", "elkan"] = "lloyd",
        random_state: int | None = None,
    ):
        self.n_clusters = n_clusters
        self.init = init
        self.n_init = n_init
        self.max_starts = max_starts
        self.max_iter = max_iter
        self.tol = tol
        self.algorithm = algorithm
        self.random_state = random_state

    def _learn(self, rows: Matrix) -> int:
        options = self.get_params(deep=False)
        self._model = _repeated(rows, options.pop("max_starts"), **options)
        self.inertia_, self.n_iter_ = self._model.inertia_, self._model.n_iter_
        return self.n_clusters


def _repeated(rows: Matrix, max_starts: int | None, **options: Any) -> cluster.KMeans:
    """Repeat rounds of starts until the best solution was found twice: few are enough where it is easy to find."""
    if max_starts is not None and (not isinstance(max_starts, Integral) or max_starts < 1):
        raise InputError(
            f"max_starts must be a whole number from 1 up, or null for one round; got {max_starts!r}"
        )
    random = np.random.RandomState(options.pop("random_state"))
    best = cluster.KMeans(**options, random_state=random).fit(rows)
    if not isinstance(options["init"], str):
        # Centres that are given lead to the same solution each time.
        return best
    for _ in range(options["n_init"], max_starts or 0, options["n_init"]):
        found = cluster.KMeans(**options, random_state=random).fit(rows)
        again = abs(found.inertia_ - best.inertia_) <= _SAME_INERTIA * best.inertia_
        best = min(best, found, key=lambda model: model.inertia_)
        if again:
            break
    return best


class MiniBatchKMeans(Segmenter):
    """K-means on small random batches, for many rows; a new row joins the nearest centre.

    A centre that ends without members makes no segment, so there may be fewer than asked for.

    Parameters
    ----------
    n_clusters : int, default=5
        Number of segments.
    init : {"k-means++", "random"}, default="k-means++"
        How the first centres are drawn.
    n_init : int, default=10
        Sets of first centres, of which the best is iterated.
    batch_size : int, default=1024
        Rows in a batch.
    max_iter : int, default=100
        Passes over the data.
    max_no_improvement : int, default=10
        Batches without improvement after which it stops.
    reassignment_ratio : float, default=0.01
        Share of the largest count under which a centre is drawn anew.
    random_state : int, optional
        Seed.

    Attributes
    ----------
    cluster_centers_, inertia_, n_iter_
        As in `KMeans`.
    moved_centers_, moved_weights_ : ndarray of shape (n_clusters, n_features), ndarray of shape (n_clusters,)
        After `fit_from`: all centres in the order given, those that no row belongs to as well, and how many rows
        each stands for by now.
    """

    def __init__(
        self,
        n_clusters: int = 5,
        *,
        init: Literal["k-means++", "random"] = "k-means++",
        n_init: int = 10,
        batch_size: int = 1024,
        max_iter: int = 100,
        max_no_improvement: int = 10,
        reassignment_ratio: float = 0.01,
        random_state: int | None = None,
    ):
        self.n_clusters = n_clusters
        self.init = init
        self.n_init = n_init
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.max_no_improvement = max_no_improvement
        self.reassignment_ratio = reassignment_ratio
        self.random_state = random_state

    def fit_from(self, X: ArrayLike, centers: ArrayLike, weights: ArrayLike) -> Self:
        """Move centres that are known towards further rows, instead of looking for new ones.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            The further rows; `batch_size` of them at a time each join the nearest centre and pull it towards them.
        centers : array-like of shape (n_clusters, n_features)
            Where the centres are.
        weights : array-like of shape (n_clusters,)
            How many rows each stands for already; the more, the less it moves.

        Returns
        -------
        self
        """

        def learn(rows: Matrix) -> int:
            # A centre that is drawn anew would be another segment.
            model = cluster.MiniBatchKMeans(self.n_clusters, init=centers, n_init=1, reassignment_ratio=0.0)
            # Rows that stand for those before leave the centres where they are, and make them as heavy.
            model.partial_fit(centers, sample_weight=weights)
            self.moved_weights_ = np.array(weights, dtype=np.float64)
            for start in range(0, len(rows), self.batch_size):
                batch = rows[start : start + self.batch_size]
                self.moved_weights_ += np.bincount(model.predict(batch), minlength=self.n_clusters)
                model.partial_fit(batch)
            self.moved_centers_ = model.cluster_centers_.copy()
            self._model, self.n_iter_ = model, model.n_steps_
            self.inertia_ = -model.score(rows)
            return self.n_clusters

        return self._fit(X, learn)

    def _learn(self, rows: Matrix) -> int:
        self._model = cluster.MiniBatchKMeans(**self.get_params(deep=False)).fit(rows)
        self.inertia_, self.n_iter_ = self._model.inertia_, self._model.n_iter_
        return self.n_clusters


class BisectingKMeans(Segmenter):
    """K-means that splits one segment in two at a time; a new row descends the same splits.

    Parameters
    ----------
    n_clusters : int, default=5
        Number of segments.
    init : {"random", "k-means++"}, default="k-means++"
        How the first centres of a split are drawn.
    n_init : int, default=10
        Starts of each split, of which the best is kept.
    max_iter : int, default=300
        Iterations of one start.
    tol : float, default=1e-4
        Movement of the centres, relative to the variance, at which a start has converged.
    algorithm : {"lloyd", "elkan"}, default="lloyd"
        Same result; elkan can be quicker on well separated segments.
    bisecting_strategy : {"biggest_inertia", "largest_cluster"}, default="biggest_inertia"
        Which segment is split next.
    random_state : int, optional
        Seed.

    Attributes
    ----------
    cluster_centers_, inertia_
        As in `KMeans`.
    """

    def __init__(
        self,
        n_clusters: int = 5,
        *,
        init: Literal["k-means++", "random"] = "k-means++",
        n_init: int = 10,
        max_iter: int = 300,
        tol: float = 1e-4,
        algorithm: Literal["lloyd", "elkan"] = "lloyd",
        bisecting_strategy: Literal["biggest_inertia", "largest_cluster"] = "biggest_inertia",
        random_state: int | None = None,
    ):
        self.n_clusters = n_clusters
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.algorithm = algorithm
        self.bisecting_strategy = bisecting_strategy
        self.random_state = random_state

    def _learn(self, rows: Matrix) -> int:
        self._model = cluster.BisectingKMeans(**self.get_params(deep=False)).fit(rows)
        self.inertia_ = self._model.inertia_
        return self.n_clusters


class Mixture(Segmenter):
    """What all mixtures share: a probability of each segment."""

    def predict_proba(self, X: ArrayLike) -> Matrix:
        """Give the probability of each segment for each row.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Customers, scaled as in training.

        Returns
        -------
        ndarray of shape (n_rows, n_segments_)
            Rows sum to 1.
        """
        X = self._checked(X)
        number = self._renumber[:-1]
        order = np.argsort(number)[-self.n_segments_ :]
        shares = self._shares(X)[:, order]
        total = shares.sum(axis=1, keepdims=True)
        # A row that only a component without members explains belongs to the nearest segment, as in predict.
        nearest = np.eye(self.n_segments_)[self._label(X)]
        return np.divide(shares, total, out=nearest, where=total > 0)

    def _shares(self, X: Matrix) -> Matrix:
        """Probability of each component, in the algorithm's own numbering."""
        return self._model.predict_proba(X)


class GaussianMixture(Mixture):
    """Elliptic, overlapping segments; a new row joins the most probable component.

    Parameters
    ----------
    n_clusters : int, default=5
        Number of components. Those that are the most probable one of no row make no segment.
    covariance_type : {"full", "tied", "diag", "spherical"}, default="full"
        Shape of the components.
    n_init : int, default=2
        Starts, of which the most likely is kept. All starts at the best k-means are the same: there is one.
    max_iter : int, default=300
        Iterations of one start.
    tol : float, default=1e-3
        Gain in mean log-likelihood at which a start has converged.
    reg_covar : float, default=1e-6
        Added to the variances, so that no component collapses onto one row.
    init_params : {"best-kmeans", "kmeans", "k-means++", "random", "random_from_data"}, default="best-kmeans"
        How the first components are found. The best k-means of many starts is nearly always the same, so that the
        mixture hardly depends on the seed; the others of scikit-learn draw once for each start.
    random_state : int, optional
        Seed.

    Attributes
    ----------
    n_iter_ : int
        Iterations of the best start.
    """

    def __init__(
        self,
        n_clusters: int = 5,
        *,
        covariance_type: Literal["full", "tied", "diag", "spherical"] = "full",
        n_init: int = 2,
        max_iter: int = 300,
        tol: float = 1e-3,
        reg_covar: float = 1e-6,
        init_params: Literal[
            "best-kmeans", "kmeans", "k-means++", "random", "random_from_data"
        ] = "best-kmeans",
        random_state: int | None = None,
    ):
        self.n_clusters = n_clusters
        self.covariance_type = covariance_type
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.reg_covar = reg_covar
        self.init_params = init_params
        self.random_state = random_state

    def bic(self, X: ArrayLike) -> float:
        """Return the Bayesian information criterion of the mixture on X; lower is better.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Customers, scaled as in training.

        Returns
        -------
        float
        """
        return float(self._model.bic(self._checked(X)))

    def aic(self, X: ArrayLike) -> float:
        """Return the Akaike information criterion of the mixture on X; lower is better.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Customers, scaled as in training.

        Returns
        -------
        float
        """
        return float(self._model.aic(self._checked(X)))

    def _learn(self, rows: Matrix) -> int:
        options = self.get_params(deep=False)
        if self.init_params == "best-kmeans":
            options |= {"init_params": "random", "n_init": 1, **self._best_kmeans(rows)}
        self._model = mixture.GaussianMixture(options.pop("n_clusters"), **options).fit(rows)
        self.n_iter_ = self._model.n_iter_
        return self.n_clusters

    def _best_kmeans(self, rows: Matrix) -> dict[str, Matrix]:
        """Shares, means and precisions of the segments of k-means."""
        k, d = self.n_clusters, rows.shape[1]
        labels = KMeans(k, max_starts=_STARTS, random_state=self.random_state).fit(rows).labels_
        member = np.eye(k)[labels]
        # Of fewer distinct rows than segments some have no member.
        sizes = np.maximum(member.sum(axis=0), np.finfo(float).eps)[:, None]
        means = member.T @ rows / sizes
        away = rows - means[labels]
        if self.covariance_type in ("full", "tied"):
            each = np.einsum("ik,ij,il->kjl", member, away, away)
            spread = (
                each / sizes[:, :, None] if self.covariance_type == "full" else each.sum(axis=0) / len(rows)
            )
            precisions = np.linalg.inv(spread + self.reg_covar * np.eye(d))
            precisions = (precisions + precisions.swapaxes(-1, -2)) / 2
        else:
            spread = member.T @ away**2 / sizes + self.reg_covar
            precisions = 1 / (spread if self.covariance_type == "diag" else spread.mean(axis=1))
        return {
            "weights_init": sizes[:, 0] / sizes.sum(),
            "means_init": means,
            "precisions_init": precisions,
        }


class Birch(Segmenter):
    """Summarise the rows in small balls, then merge the balls; a new row joins the nearest ball's segment.

    The tree that grew the balls is dropped after fit, so the model can be saved and does not learn further.

    Parameters
    ----------
    n_clusters : int, default=5
        Number of segments. There are fewer when the balls are fewer: lower the threshold then.
    threshold : float, default=0.25
        Radius of a ball above which a new one is opened.
    branching_factor : int, default=50
        Balls in a node of the tree.
    """

    def __init__(self, n_clusters: int = 5, *, threshold: float = 0.25, branching_factor: int = 50):
        self.n_clusters = n_clusters
        self.threshold = threshold
        self.branching_factor = branching_factor

    def _learn(self, rows: Matrix) -> int:
        options = self.get_params(deep=False)
        # Scikit-learn cannot merge a single ball; one segment needs no merging.
        if self.n_clusters == 1:
            options["n_clusters"] = None
        model = cluster.Birch(**options, compute_labels=False).fit(rows)
        # The tree cannot be saved, and predict needs only the balls.
        self._balls = model.subcluster_centers_
        self._ball_numbers = np.minimum(model.subcluster_labels_, self.n_clusters - 1)
        return int(self._ball_numbers.max()) + 1

    def _assign(self, X: Matrix) -> NDArray[np.integer]:
        return self._ball_numbers[pairwise_distances_argmin(X, self._balls)]


class MeanShift(Segmenter):
    """Segments are the peaks of the density; a new row joins the nearest peak.

    Above `max_rows` it is fitted on a fixed sample of that many rows, as its time grows with their square.

    Parameters
    ----------
    bandwidth : float, optional
        Radius over which the density is smoothed. Without it, the mean distance to the furthest of the
        nearest `quantile` of the rows.
    quantile : float, default=0.15
        Share of the rows that are neighbours, where the bandwidth is estimated.
    bin_seeding : bool, default=True
        Start from the cells of a grid instead of from every row: quicker.
    min_bin_freq : int, default=1
        Rows a cell needs to be a start.
    max_iter : int, default=300
        Steps of one start.
    max_rows : int, optional, default=10000
        Most rows to fit on; None for no limit.

    Attributes
    ----------
    bandwidth_ : float
        The radius used.
    cluster_centers_ : ndarray of shape (n_segments_, n_features)
        The peaks, in the order of the segments.
    n_iter_ : int
        Most steps of a start.
    """

    def __init__(
        self,
        bandwidth: float | None = None,
        *,
        quantile: float = 0.15,
        bin_seeding: bool = True,
        min_bin_freq: int = 1,
        max_iter: int = 300,
        max_rows: int | None = 10_000,
    ):
        self.bandwidth = bandwidth
        self.quantile = quantile
        self.bin_seeding = bin_seeding
        self.min_bin_freq = min_bin_freq
        self.max_iter = max_iter
        self.max_rows = max_rows

    def _learn(self, rows: Matrix) -> int:
        self.bandwidth_ = self.bandwidth
        if self.bandwidth is None:
            # Where most rows are equal the estimate is zero, which scikit-learn refuses.
            self.bandwidth_ = max(
                cluster.estimate_bandwidth(rows, quantile=self.quantile), _SMALLEST_BANDWIDTH
            )
        model = cluster.MeanShift(
            bandwidth=self.bandwidth_,
            bin_seeding=self.bin_seeding,
            min_bin_freq=self.min_bin_freq,
            max_iter=self.max_iter,
        )
        # A cell for every row is no failure: the rows are the starts then.
        with quiet("Binning data failed"):
            self._model = model.fit(rows)
        self.n_iter_ = self._model.n_iter_
        return len(self._model.cluster_centers_)
