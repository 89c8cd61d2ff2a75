"""A mixture for columns of both kinds: amounts, and columns of few values."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, softmax
from sklearn import mixture
from sklearn.cluster import kmeans_plusplus

from segmentation.clustering.base import Matrix
from segmentation.clustering.centers import GaussianMixture, Mixture
from segmentation.clustering.refine import refines
from segmentation.errors import InputError

FEW = 10
"""Columns of at most so many distinct values are of few values: yes or no, a level, a number of children."""

Tables = list[tuple[int, Matrix, Matrix]]


def few_levels(X: Matrix) -> NDArray[np.bool_]:
    """Say which columns have so few distinct values that they are levels rather than amounts.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
        Customers, however scaled.

    Returns
    -------
    ndarray of bool, shape (n_features,)
        At most `FEW` values, and ten rows or more for each.
    """
    # Most columns of amounts show it in their first rows.
    head = X[: 5 * FEW]
    return np.array(
        [
            len(np.unique(head[:, j])) <= FEW and len(np.unique(X[:, j])) <= min(FEW, len(X) / 10)
            for j in range(X.shape[1])
        ]
    )


@refines(
    mixture.GaussianMixture, "random_state", n_clusters=5, n_init=10, max_iter=300, tol=1e-5, reg_var=1e-3
)
class LatentClass(Mixture):
    """Segments in which columns are independent: Gaussian amounts, and levels with a probability each.

    Latent class analysis for mixed columns (Vermunt and Magidson 2002). A distance would let an indicator of
    0 and 1 outweigh every amount; here a column counts as much as it tells. A new row joins the most probable
    class; a value that a column of levels never had counts as its nearest level.

    Parameters
    ----------
    n_clusters : int, default=5
        Number of classes. Those that are the most probable one of no row make no segment.
    reg_var : float, default=1e-3
        Smallest variance of an amount within a class, as a share of that of all rows.

    Attributes
    ----------
    n_iter_ : int
        Iterations of the best start.
    """

    equivalent = GaussianMixture

    def differs(self, X: Matrix) -> bool:
        """Say whether some column has few values: without any it is a mixture of diagonal Gaussians."""
        return bool(few_levels(X).any())

    def _bic(self, X: Matrix) -> float:
        amounts = len(self._amounts)
        levels = sum(len(values) - 1 for _, values, _ in self._levels)
        free = len(self._log_shares) * (1 + 2 * amounts + levels) - 1
        return float(-2 * logsumexp(self._joint(X), axis=1).sum() + free * np.log(len(X)))

    def _learn(self, rows: Matrix) -> int:
        self._check()
        few = few_levels(rows)
        self._amounts = np.flatnonzero(~few)
        # Far from 0 the squares below would cancel.
        self._origin = rows[:, self._amounts].mean(axis=0)
        columns = [(int(j), *np.unique(rows[:, j], return_inverse=True)) for j in np.flatnonzero(few)]
        # Indicators of the levels, once: the expected counts of every iteration are one product with them.
        indicators = [(j, values, np.eye(len(values))[index]) for j, values, index in columns]
        random = np.random.RandomState(self.random_state)
        starts = [self._climb(rows, indicators, random) for _ in range(self.n_init)]
        _, self.n_iter_, found = max(starts, key=lambda start: start[0])
        self._log_shares, self._means, self._variances, self._levels = found
        return self.n_clusters

    def _check(self) -> None:
        for name in ("n_init", "max_iter"):
            value = getattr(self, name)
            if not isinstance(value, (int, np.integer)) or value < 1:
                raise InputError(f"{name} must be a whole number from 1 up; got {value!r}")
        for name in ("tol", "reg_var"):
            if not getattr(self, name) >= 0:
                raise InputError(f"{name} must be 0 or more; got {getattr(self, name)!r}")

    def _climb(self, rows: Matrix, indicators: Tables, random: np.random.RandomState) -> tuple:
        """One start of expectation maximisation from centres far apart: likelihood, iterations, parameters."""
        scale = rows.std(axis=0)
        scaled = rows / np.where(scale > 0, scale, 1)
        centers, _ = kmeans_plusplus(scaled, self.n_clusters, random_state=random)
        shares = softmax(-((scaled[:, None] - centers) ** 2).sum(axis=2) / 2, axis=1)
        likelihood, before, n_iter = -np.inf, -np.inf, 0
        while n_iter < self.max_iter and not likelihood - before < self.tol:
            found = self._maximise(rows, indicators, shares)
            self._log_shares, self._means, self._variances, self._levels = found
            levels = [hot @ log.T for (_, _, hot), (_, _, log) in zip(indicators, self._levels, strict=True)]
            joint = self._joint_of(rows, levels)
            row = logsumexp(joint, axis=1)
            shares = np.exp(joint - row[:, None])
            likelihood, before, n_iter = float(row.mean()), likelihood, n_iter + 1
        return likelihood, n_iter, found

    def _maximise(self, rows: Matrix, indicators: Tables, shares: Matrix) -> tuple:
        n = len(rows)
        weights = shares.sum(axis=0) + 1e-10
        amounts = self._centred(rows)
        means = shares.T @ amounts / weights[:, None]
        spread = shares.T @ amounts**2 / weights[:, None] - means**2
        floor = self.reg_var * amounts.var(axis=0) + np.finfo(float).tiny
        levels = []
        for j, values, hot in indicators:
            # One customer more, spread as all are: no level becomes impossible.
            counts = shares.T @ hot + hot.mean(axis=0)
            levels.append((j, values, np.log(counts / counts.sum(axis=1, keepdims=True))))
        return np.log(weights / n), means, np.maximum(spread, floor), levels

    def _joint(self, X: Matrix) -> Matrix:
        """Log-probability of each row together with each class."""
        found = [log.T[_nearest(values, X[:, j])] for j, values, log in self._levels]
        return self._joint_of(X, found)

    def _joint_of(self, X: Matrix, levels: list[Matrix]) -> Matrix:
        amounts = self._centred(X)
        precision = 1 / self._variances
        squared = (
            amounts**2 @ precision.T
            - 2 * amounts @ (self._means * precision).T
            + (self._means**2 * precision).sum(axis=1)
        )
        volume = np.log(2 * np.pi * self._variances).sum(axis=1)
        return self._log_shares - (squared + volume) / 2 + sum(levels)

    def _centred(self, X: Matrix) -> Matrix:
        return X[:, self._amounts] - self._origin

    def _shares(self, X: Matrix) -> Matrix:
        return softmax(self._joint(X), axis=1)

    def _assign(self, X: Matrix) -> NDArray[np.integer]:
        return self._joint(X).argmax(axis=1)


def _nearest(values: Matrix, x: Matrix) -> NDArray[np.intp]:
    """Position of the nearest of some ascending values."""
    middles = (values[1:] + values[:-1]) / 2
    return np.searchsorted(middles, x)
