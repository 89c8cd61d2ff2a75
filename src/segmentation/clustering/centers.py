"""Algorithms whose segments are centres or densities, and which scikit-learn itself predicts with."""

from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn import cluster, mixture
from sklearn.metrics import pairwise_distances_argmin

from segmentation.clustering.base import BegunAtBasis, Labels, Matrix, Segmenter, quiet
from segmentation.clustering.refine import refines
from segmentation.errors import InputError

_SMALLEST_BANDWIDTH = 1e-6
_STARTS = 100
"""Of the k-means that a mixture begins at, at most."""
_SAME_INERTIA = 1e-4
"""Solutions of k-means whose inertia differs by no more than this share are the same."""


class _Inertia(Segmenter):
    """What minimises the squared distances to the centres."""

    def kind(self, name: str) -> str:
        """All are k-means, whatever their name."""
        return "kmeans"


@refines(cluster.KMeans, "init max_iter tol algorithm random_state", n_clusters=5, n_init=10, max_starts=None)
class KMeans(_Inertia):
    """Round segments of least squared distance to their centre; a new row joins the nearest centre.

    Parameters
    ----------
    n_init : int, default=10
        Starts, of which the best is kept. One start often misses the best solution.
    max_starts : int, optional
        Go on with rounds of `n_init` starts until two of them have found the best solution, and up to so many
        starts. Without it there is one round.

    Attributes
    ----------
    cluster_centers_ : ndarray of shape (n_segments_, n_features)
        The algorithm's own centres, in the order of the segments.
    inertia_ : float
        Sum of squared distances to the centres.
    n_iter_ : int
        Iterations of the best start.
    """

    @property
    def is_basis(self) -> bool:
        """Mixtures begin at it, but not where its own beginning is given."""
        return isinstance(self.init, str)

    def _learn(self, rows: Matrix) -> int:
        """Repeat rounds of starts until the best solution was found twice: few do where it is easy to find."""
        if self.max_starts is not None and (not isinstance(self.max_starts, Integral) or self.max_starts < 1):
            raise InputError(
                f"max_starts must be a whole number from 1 up, or null for one round; got {self.max_starts!r}"
            )
        random = np.random.RandomState(self.random_state)
        best = self._theirs(random_state=random).fit(rows)
        # Centres that are given lead to the same solution each time.
        rounds = range(self.n_init, self.max_starts or 0, self.n_init) if isinstance(self.init, str) else ()
        for _ in rounds:
            found = self._theirs(random_state=random).fit(rows)
            again = abs(found.inertia_ - best.inertia_) <= _SAME_INERTIA * best.inertia_
            best = min(best, found, key=lambda model: model.inertia_)
            if again:
                break
        return self._adopt(best)


@refines(
    cluster.MiniBatchKMeans,
    "init batch_size max_iter max_no_improvement reassignment_ratio random_state",
    n_clusters=5,
    n_init=10,
)
class MiniBatchKMeans(_Inertia):
    """K-means on small random batches, for many rows; a new row joins the nearest centre.

    A centre that ends without members makes no segment, so there may be fewer than asked for.

    Parameters
    ----------
    n_init : int, default=10
        Sets of first centres, of which the best is iterated.

    Attributes
    ----------
    cluster_centers_, inertia_, n_iter_
        As in `KMeans`.
    moved_centers_, moved_weights_ : ndarray of shape (n_clusters, n_features), ndarray of shape (n_clusters,)
        After `fit_from`: all centres in the order given, those that no row belongs to as well, and how many rows
        each stands for by now.
    """

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


@refines(
    cluster.BisectingKMeans,
    "max_iter tol algorithm bisecting_strategy random_state",
    n_clusters=5,
    init="k-means++",
    n_init=10,
)
class BisectingKMeans(_Inertia):
    """K-means that splits one segment in two at a time; a new row descends the same splits.

    Attributes
    ----------
    cluster_centers_, inertia_
        As in `KMeans`.
    """


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

    def bic(self, X: ArrayLike) -> float:
        """Return the Bayesian information criterion on X; lower is better.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Customers, scaled as in training.

        Returns
        -------
        float
        """
        return self._bic(self._checked(X))

    def _bic(self, X: Matrix) -> float:
        return float(self._model.bic(X))

    def _shares(self, X: Matrix) -> Matrix:
        """Probability of each component, in the algorithm's own numbering."""
        return self._model.predict_proba(X)


@refines(
    mixture.GaussianMixture,
    "covariance_type tol reg_covar random_state",
    n_clusters=5,
    n_init=2,
    max_iter=300,
    init_params="best-kmeans",
)
class GaussianMixture(BegunAtBasis, Mixture):
    """Elliptic, overlapping segments; a new row joins the most probable component.

    Parameters
    ----------
    n_clusters : int, default=5
        Number of components. Those that are the most probable one of no row make no segment.
    n_init : int, default=2
        Starts, of which the most likely is kept. All starts at the best k-means are the same: there is one.
    init_params : {"best-kmeans", "kmeans", "k-means++", "random", "random_from_data"}, default="best-kmeans"
        How the first components are found. The best k-means of many starts is nearly always the same, so that the
        mixture hardly depends on the seed; the others of scikit-learn draw once for each start.

    Attributes
    ----------
    n_iter_ : int
        Iterations of the best start.
    """

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

    def basis(self) -> Segmenter | None:
        """Begin at the best k-means of many starts, unless `init_params` says otherwise."""
        if self.init_params != "best-kmeans":
            return None
        return KMeans(self.n_clusters, max_starts=_STARTS, random_state=self.random_state)

    def _learn(self, rows: Matrix, basis: Segmenter | None = None) -> int:
        begin: dict[str, Any] = {}
        first = self.basis()
        if first is not None:
            labels = (basis or first.fit(rows)).labels_
            begin = {"init_params": "random", "n_init": 1, **self._begin_at(rows, labels)}
        return self._adopt(self._theirs(n_components=self.n_clusters, **begin).fit(rows))

    def _begin_at(self, rows: Matrix, labels: Labels) -> dict[str, Matrix]:
        """Shares, means and precisions of segments."""
        k, d = self.n_clusters, rows.shape[1]
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


@refines(cluster.Birch, "branching_factor", n_clusters=5, threshold=0.25)
class Birch(Segmenter):
    """Summarise the rows in small balls, then merge the balls; a new row joins the nearest ball's segment.

    The tree that grew the balls is dropped after fit, so the model can be saved and does not learn further.

    Parameters
    ----------
    n_clusters : int, default=5
        Number of segments. There are fewer when the balls are fewer: lower the threshold then.
    threshold : float, default=0.25
        Radius of a ball above which a new one is opened.
    """

    def _learn(self, rows: Matrix) -> int:
        # Scikit-learn cannot merge a single ball; one segment needs no merging.
        merged = None if self.n_clusters == 1 else self.n_clusters
        model = self._theirs(n_clusters=merged, compute_labels=False).fit(rows)
        # The tree cannot be saved, and predict needs only the balls.
        self._balls = model.subcluster_centers_
        self._ball_numbers = np.minimum(model.subcluster_labels_, self.n_clusters - 1)
        return int(self._ball_numbers.max()) + 1

    def _assign(self, X: Matrix) -> NDArray[np.integer]:
        return self._ball_numbers[pairwise_distances_argmin(X, self._balls)]


@refines(
    cluster.MeanShift,
    "min_bin_freq max_iter",
    bandwidth=None,
    quantile=0.15,
    bin_seeding=True,
    max_rows=10_000,
)
class MeanShift(Segmenter):
    """Segments are the peaks of the density; a new row joins the nearest peak.

    Above `max_rows` (None for no limit) it is fitted on a fixed sample of that many rows, as its time grows with their
    square.

    Parameters
    ----------
    bandwidth : float, optional
        Radius over which the density is smoothed. Without it, the mean distance to the furthest of the
        nearest `quantile` of the rows.
    quantile : float, default=0.15
        Share of the rows that are neighbours, where the bandwidth is estimated.

    Attributes
    ----------
    bandwidth_ : float
        The radius used.
    cluster_centers_ : ndarray of shape (n_segments_, n_features)
        The peaks, in the order of the segments.
    n_iter_ : int
        Most steps of a start.
    """

    def _learn(self, rows: Matrix) -> int:
        self.bandwidth_ = self.bandwidth
        if self.bandwidth is None:
            # Where most rows are equal the estimate is zero, which scikit-learn refuses.
            self.bandwidth_ = max(
                cluster.estimate_bandwidth(rows, quantile=self.quantile), _SMALLEST_BANDWIDTH
            )
        # A cell for every row is no failure: the rows are the starts then.
        with quiet("Binning data failed"):
            return self._adopt(self._theirs(bandwidth=self.bandwidth_).fit(rows))
