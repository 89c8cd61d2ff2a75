"""One space and one sample in which every trial of a feature set is scored."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from sklearn.base import clone
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, pairwise_distances

from segmentation.evaluation._scores import Scores
from segmentation.evaluation._silhouette import silhouette_values

EXACT_ROWS = 5_000
"""Up to this many rows the silhouette is exact; beyond it, it is that of one fixed sample of as many."""


@dataclass(frozen=True)
class EvaluationSpace:
    """The space in which labellings of one feature set are compared.

    A silhouette in one scaled space cannot be compared with a silhouette in another: the best k moves with
    the scaling alone. So every trial, whatever scaler, reducer or algorithm made its labels, is scored here.

    Attributes
    ----------
    X : ndarray of shape (n, d)
        The features in the yardstick space.
    space : str
        What that space is, in words for axes and reports.
    rows : ndarray of int, shape (min(n, EXACT_ROWS),)
        The rows that silhouettes are computed on, the same for every trial.
    """

    X: np.ndarray
    space: str
    rows: np.ndarray

    @classmethod
    def of(cls, features: np.ndarray, scaler: Any, space: str, seed: int = 0) -> Self:
        """Make the yardstick of a feature set.

        Parameters
        ----------
        features : ndarray of shape (n, d)
            The features before any trial's scaler.
        scaler : estimator
            What spans the yardstick space, usually a StandardScaler.
        space : str
            Its name.
        seed : int, default=0
            Chooses the sample where there are more than EXACT_ROWS rows.

        Returns
        -------
        EvaluationSpace
        """
        n = len(features)
        rows = np.arange(n)
        if n > EXACT_ROWS:
            rows = np.sort(np.random.default_rng(seed).choice(n, EXACT_ROWS, replace=False))
        return cls(clone(scaler).fit_transform(features), space, rows)

    @cached_property
    def distances(self) -> np.ndarray:
        """Distances between the sampled rows, shape (m, m): at most EXACT_ROWS squared, 200 MB."""
        return pairwise_distances(self.X[self.rows])

    def silhouettes(self, labels: np.ndarray) -> np.ndarray:
        """Silhouette of each sampled row, shape (m,)."""
        return silhouette_values(self.distances, labels[self.rows])

    def score(self, labels: np.ndarray) -> Scores:
        """Score a labelling.

        Parameters
        ----------
        labels : ndarray of int, shape (n,)
            Segments 0, 1, ...; -1 is noise.

        Returns
        -------
        Scores
            A degenerate labelling is a result too: its silhouette is -1 and `degenerate` says why.
        """
        segments, sizes = np.unique(labels[labels >= 0], return_counts=True)
        n, clustered = len(labels), labels >= 0
        share = float(clustered.mean())
        shape: dict[str, Any] = {
            "inertia": self._inertia(labels, segments),
            "n_segments": len(segments),
            "noise_share": 1.0 - share,
            "smallest_share": float(sizes.min() / n) if len(sizes) else 0.0,
        }
        reason = _degenerate(len(segments), int(clustered.sum()), n)
        if reason:
            return Scores(silhouette=-1.0, degenerate=reason, **shape)
        X, kept = self.X[clustered], labels[clustered]
        return Scores(
            silhouette=float(self.silhouettes(labels).mean()),
            calinski_harabasz=float(calinski_harabasz_score(X, kept)) * share,
            davies_bouldin=float(davies_bouldin_score(X, kept)) / share,
            **shape,
        )

    def _inertia(self, labels: np.ndarray, segments: np.ndarray) -> float:
        groups = [self.X[labels == segment] for segment in segments]
        within = sum(float(((group - group.mean(axis=0)) ** 2).sum()) for group in groups)
        noise = self.X[labels < 0]
        return within + float(((noise - self.X.mean(axis=0)) ** 2).sum())


def _degenerate(n_segments: int, n_clustered: int, n: int) -> str | None:
    if n_segments == 0:
        return f"all {n} customers are noise"
    if n_segments == 1:
        return "one segment holds " + ("all customers" if n_clustered == n else "all that is not noise")
    if n_segments >= n_clustered:
        return "every customer is a segment of its own"
    return None
