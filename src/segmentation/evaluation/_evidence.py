"""The evidence for one clustering: boundaries, agreement with other algorithms, shape, stability in sub-samples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import beta

from segmentation.clustering import few_levels
from segmentation.evaluation._boundaries import Boundaries, NeighbourGraph
from segmentation.evaluation._selection import Candidate
from segmentation.evaluation._stability import Stability, adjusted_rand, information, information_lost
from segmentation.evaluation._structureless import without_ties

TERMS: Mapping[str, int] = {
    "agreement": 1,
    "information": 0,
    "smallest": 1,
    "valley": 1,
    "inner_valley": -1,
    "fit_behind": 1,
    "fit_behind_if_round": 1,
    "weakest_valley_if_not_round": 1,
    "lost": -1,
}
"""What the rule of choice weighs where segments are natural, and which way it may count: 1 for a clustering, -1 against
it, 0 either way. `lost` needs sub-samples."""

FAR_FROM_NORMAL = 0.2
"""Kolmogorov distance from which on a segment counts as no Gaussian at all."""


@dataclass(frozen=True)
class Evidence:
    """The evidence for one clustering.

    Attributes
    ----------
    information : float
        Entropy of the shares of the segments, in bits: log2(k) for k equal segments.
    agreement : float or None
        Mean adjusted Rand index to the most similar answers (k within 1) of the two algorithms nearest to it by
        variation of information; 1 for the same segments, None where there is no other algorithm.
    fit : float
        Log-likelihood of one Gaussian a segment, of the shape that suits best, less the BIC's penalty, in bits a
        customer.
    silhouette : float
        In the yardstick space, -1 to 1.
    shape : float
        Mean Kolmogorov distance of the segments from a Gaussian, 0 to 1.
    boundaries : Boundaries
        How the segments are bounded.
    stability : Stability or None
        None where it was not resampled, because it could not win.
    """

    information: float
    agreement: float | None
    fit: float
    silhouette: float
    shape: float
    boundaries: Boundaries
    stability: Stability | None = None

    @property
    def reproduced(self) -> float:
        """Bits about a customer's segment that a sub-sample repeats: the mutual information of both answers."""
        return self.information - (self.stability.lost / 2 if self.stability else 0.0)


def cheap_evidence(kept: Sequence[Candidate], X: np.ndarray) -> dict[int, Evidence]:
    """Gather what needs no further fit.

    Parameters
    ----------
    kept : sequence of Candidate
        The clusterings to compare.
    X : ndarray of shape (n, d)
        The customers in the yardstick space.

    Returns
    -------
    dict of int to Evidence
        By the number of the trial.
    """
    graph, few = NeighbourGraph.of(without_ties(X)), few_levels(X)
    found: dict[int, Evidence] = {}
    known: dict[bytes, tuple[float, float, Boundaries]] = {}
    algorithms = {c.algorithm for c in kept}
    for c in kept:
        own = information(c.labels)
        nearest = sorted(
            _nearest(c, [o for o in kept if o.algorithm == other], own)
            for other in algorithms - {c.algorithm}
        )[:2]
        agreement = -float(np.mean([rand for _, rand in nearest])) if nearest else None
        key = c.labels.tobytes()
        if key not in known:
            shape, boundaries = _shape(X[:, ~few], c.labels), graph.boundaries(c.labels)
            known[key] = _gaussian_fit(X, c.labels, few), shape, boundaries
        fit, shape, boundaries = known[key]
        found[c.number] = Evidence(own, agreement, fit, c.scores.silhouette, shape, boundaries)
    return found


def terms(evidence: Evidence, candidate: Candidate, fit: float) -> Mapping[str, float]:
    """Write the evidence as the terms that the rule of choice weighs.

    Parameters
    ----------
    evidence : Evidence
        Of the candidate.
    candidate : Candidate
        The candidate.
    fit : float
        The highest of all candidates.

    Returns
    -------
    mapping of str to float
        Those that need sub-samples are 0 where there are none.
    """
    e, s = evidence, evidence.stability
    round_share = 1 - min(e.shape, FAR_FROM_NORMAL) / FAR_FROM_NORMAL
    behind = float(np.tanh(4 * (e.fit - fit)))
    values = (
        e.agreement or 0.0,
        e.information,
        min(candidate.scores.smallest_share * candidate.scores.n_segments, 1.0),
        e.boundaries.valley,
        e.boundaries.inner,
        behind,
        behind * round_share,
        e.boundaries.weakest * (1 - round_share),
        s.lost if s else 0.0,
    )
    return dict(zip(TERMS, values, strict=True))


def _nearest(c: Candidate, others: Sequence[Candidate], own: float) -> tuple[float, float]:
    """Information lost to the most similar answer with k within 1, and minus its adjusted Rand index."""
    near = [o for o in others if abs(o.scores.n_segments - c.scores.n_segments) <= 1]
    if not near:
        return own, 0.0
    lost, answer = min(((information_lost(c.labels, o.labels), o) for o in near), key=lambda pair: pair[0])
    return lost, -adjusted_rand(c.labels, answer.labels)


def _gaussian_fit(X: np.ndarray, labels: np.ndarray, few: np.ndarray) -> float:
    """BIC of one Gaussian a segment, noise another one, as a gain: bits a row, higher is better.

    Amounts follow a Gaussian; columns of few values the segment's frequencies, for an indicator of 0 and 1 has no
    density: a Gaussian would fit the better the fewer members have the level. Of three shapes the likeliest counts,
    since many columns have too many correlations to be learned from few customers: an ellipsoid for each segment, one
    for all, or no correlations (Fraley and Raftery 2002).
    """
    n, k = len(X), len(np.unique(labels))
    levels = sum(len(np.unique(column)) - 1 for column in X[:, few].T)
    items = sum((_level_log(column, labels).mean() for column in X[:, few].T), 0.0)
    _, segment, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    share = np.log(sizes[segment] / n).mean()
    amounts = _gaussian_logs(X[:, ~few], labels) if not few.all() else [(0.0, 0)]
    return max(
        (log + items + share) / np.log(2) - (k * (1 + levels) + free) * np.log2(n) / 2 / n
        for log, free in amounts
    )


def _gaussian_logs(X: np.ndarray, labels: np.ndarray) -> list[tuple[float, int]]:
    """Mean log-likelihood and number of parameters: ellipsoids, one ellipsoid, no correlations."""
    n, d = X.shape
    everything = np.cov(X.T, bias=True).reshape(d, d)
    floor = 1e-3 * np.diag(np.diag(everything) + 1e-12)
    own, plain, pooled = 0.0, 0.0, np.zeros((d, d))
    names = np.unique(labels)
    for segment in names:
        rows = X[labels == segment]
        covariance = np.cov(rows.T, bias=True).reshape(d, d)
        pooled += len(rows) / n * covariance
        # Too few rows span no ellipsoid.
        own += (
            len(rows) / n * _gaussian_log(covariance, (covariance if len(rows) > d else everything) + floor)
        )
        plain += len(rows) / n * _gaussian_log(covariance, np.diag(np.diag(covariance + floor)))
    correlations, k = d * (d + 1) // 2, len(names)
    one = _gaussian_log(pooled, pooled + floor)
    return [(own, k * (d + correlations)), (one, k * d + correlations), (plain, 2 * k * d)]


def _gaussian_log(covariance: np.ndarray, model: np.ndarray) -> float:
    """Mean log-likelihood of rows of some covariance in a Gaussian with their mean."""
    volume = np.linalg.slogdet(model)[1] + len(model) * np.log(2 * np.pi)
    return -float(volume + np.trace(np.linalg.solve(model, covariance))) / 2


def _level_log(column: np.ndarray, labels: np.ndarray) -> np.ndarray:
    _, level = np.unique(column, return_inverse=True)
    _, segment = np.unique(labels, return_inverse=True)
    counts = np.zeros((segment.max() + 1, level.max() + 1))
    np.add.at(counts, (segment, level), 1)
    # One customer more, spread as all are: as LatentClass does.
    counts += counts.sum(axis=0) / len(column)
    shares = np.log(counts / counts.sum(axis=1, keepdims=True))
    found: np.ndarray = shares[segment, level]
    return found


def _shape(X: np.ndarray, labels: np.ndarray) -> float:
    """Mean Kolmogorov distance of the segments' Mahalanobis distances from a Gaussian's; 1 where none can be judged."""
    d = X.shape[1]
    if d == 0:
        return 0.0
    found, sizes = [], []
    for segment in np.unique(labels[labels >= 0]):
        rows = X[labels == segment]
        m = len(rows)
        if m < d + 3:
            continue
        rows = rows - rows.mean(axis=0)
        inverse = np.linalg.pinv(rows.T @ rows / (m - 1))
        squared = np.einsum("ij,ij->i", rows @ inverse, rows)
        # Exact for estimated parameters: Gnanadesikan and Kettenring 1972.
        expected = beta.cdf(np.sort(squared) * m / (m - 1) ** 2, d / 2, (m - d - 1) / 2)
        steps = np.arange(m + 1) / m
        found.append(max((steps[1:] - expected).max(), (expected - steps[:-1]).max()))
        sizes.append(m)
    return float(np.average(found, weights=sizes)) if found else 1.0
