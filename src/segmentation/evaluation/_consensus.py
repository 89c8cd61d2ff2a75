"""The default choice of a winner: what resampling and other algorithms confirm."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import beta

from segmentation.evaluation._scores import Scores
from segmentation.evaluation._selection import Constraints
from segmentation.evaluation._stability import (
    Resample,
    Stability,
    adjusted_rand,
    compare,
    draws,
    information,
    information_lost,
)

Refit = Callable[[int, np.ndarray], np.ndarray]

PRICE = 8.0
"""Bits of information that one bit of doubt outweighs. Measured on labelled sets: 7 to 10 find nearly the same
winners; below, k grows until nobody can repeat it."""

DISSOLVED = 0.6
"""Segments with a mean Jaccard below 0.6 should not be trusted (Hennig, clusterboot of the R package fpc)."""

LILLIEFORS = 0.886
"""The 5 % critical value, times 1 / sqrt(rows), of a normal distribution whose parameters were estimated
(Lilliefors 1967)."""

FAR_FROM_NORMAL = 0.1
"""Kolmogorov distance above which a segment is of another shape than a Gaussian, whatever its size."""

FITS = 4
RESAMPLED_ROWS = 2_000


@dataclass(frozen=True)
class Clustering:
    """One trial's answer.

    Attributes
    ----------
    number : int
        The trial.
    algorithm : str
        What found it; answers of the same algorithm do not confirm each other. Linkages differ as much as
        algorithms do: name them ("hierarchical ward").
    labels : ndarray of int, shape (n,)
        Segments of all rows; -1 is noise.
    scores : Scores
        In the yardstick space.
    asked : int or None
        The number of segments that the algorithm was told to find; None where it finds the number itself.
    """

    number: int
    algorithm: str
    labels: np.ndarray
    scores: Scores
    asked: int | None = None


@dataclass(frozen=True)
class Evidence:
    """What speaks for one clustering, in bits a customer unless it says otherwise.

    Attributes
    ----------
    number : int
        The trial.
    information : float
        What the segment tells of a customer: the entropy of the shares; log2(k) for k equal segments.
    disputed : float
        Variation of information to the most similar answers of the two algorithms nearest to it, k within 1.
    agreement : float
        The same as an adjusted Rand index, 1 for the same segments.
    fit : float
        Log-likelihood of one Gaussian a segment, less the BIC's penalty.
    stability : Stability or None
        None where it was not resampled, because it could not win.
    """

    number: int
    information: float
    disputed: float
    agreement: float
    fit: float
    stability: Stability | None = None

    @property
    def confirmed(self) -> float:
        """Information less the price of what others dispute and resampling changes; an upper bound before it."""
        lost = self.stability.lost if self.stability else 0.0
        return self.information - PRICE * (self.disputed + lost) / 2

    @property
    def mixture(self) -> float:
        """How well the segments explain the customers as Gaussians, less a little of the same doubt."""
        # A classification likelihood charges all the information for naming segments, which a mixture that
        # overlaps need not do: part of it is given back.
        # Measured: 0.2 with 0, 0.3 with 0.1 and 0.4 with 0.2 choose alike.
        lost = self.stability.lost if self.stability else 0.0
        return self.fit + 0.3 * self.information - 0.1 * (self.disputed + lost)


@dataclass(frozen=True)
class Consensus:
    """The winner and why.

    Attributes
    ----------
    ranking : tuple of int
        Trial numbers, best first; those that failed a test last.
    failed : dict of int to str
        For each candidate that cannot win, which test it failed.
    reason : str
        Why the first one won, what came second and how close.
    evidence : dict of int to Evidence
        For each candidate that keeps the constraints.
    shape : {"gaussian", "any"}
        Whether the segments look like Gaussians and were chosen as such.
    """

    ranking: tuple[int, ...]
    failed: dict[int, str]
    reason: str
    evidence: dict[int, Evidence]
    shape: str

    @property
    def winner(self) -> int:
        """The trial that won."""
        return self.ranking[0]


def consensus(
    candidates: Sequence[Clustering],
    X: np.ndarray,
    refit: Refit,
    constraints: Constraints,
    budget: int = 240,
    seed: int = 0,
) -> Consensus | None:
    """Choose the clustering that tells most and is confirmed by resampling and by other algorithms.

    Parameters
    ----------
    candidates : sequence of Clustering
        What the study found. Neither their order nor their segments' names matter.
    X : ndarray of shape (n, d)
        The customers in the yardstick space.
    refit : callable
        `refit(number, rows)` fits that trial's configuration to those rows alone and returns their labels.
        The same few arrays of rows come again for every trial: a tree grown for them can be kept.
    constraints : Constraints
        What the winner must keep.
    budget : int, default=240
        The most calls of `refit`; four resample one candidate, and 3 to 20 candidates usually settle it.
    seed : int, default=0
        Of the sub-samples.

    Returns
    -------
    Consensus or None
        None where no candidate keeps the constraints.

    Notes
    -----
    Two candidates are compared. The *confirmed* one has the most information less `PRICE` times what is lost
    under resampling and between algorithms; a segment that dissolves (Jaccard below 0.6) rules it out. The
    *mixture* one explains the customers best with one Gaussian a segment (a classification likelihood with
    the penalty of BIC). The mixture wins where its segments are Gaussian indeed, unless the confirmed one is
    not: then the mixture has only paved another shape with Gaussians.

    Only candidates whose upper bound exceeds the best confirmed one are resampled, so that a larger budget
    changes nothing once it is enough.
    """
    failed = {c.number: why for c in candidates if (why := _failure(c.scores, constraints))}
    kept = sorted((c for c in candidates if c.number not in failed), key=lambda c: c.number)
    if not kept:
        return None
    by_number = {c.number: c for c in kept}
    evidence = _cheap_evidence(kept, X)
    drawn = _drawn(len(X), seed)

    def best(value: Callable[[Evidence], float], keeps: Callable[[Evidence], bool]) -> int | None:
        """Best first: what cannot exceed the best so far even if resampling loses nothing is left out."""
        nonlocal budget
        leader: tuple[float, float, int] | None = None
        for number in sorted(evidence, key=lambda i: (-round(value(evidence[i]), 9), i)):
            if leader and -round(value(evidence[number]), 9) > leader[0]:
                break
            if evidence[number].stability is None:
                if budget < FITS:
                    break
                budget -= FITS
                evidence[number] = _resampled(by_number[number], evidence[number], refit, drawn)
            if keeps(evidence[number]):
                rank = (
                    -round(value(evidence[number]), 9),
                    -by_number[number].scores.silhouette,
                    number,
                )
                leader = min(leader or rank, rank)
        return leader[2] if leader else None

    solid = best(lambda e: e.confirmed, lambda e: _dissolving(e) is None)
    explaining = best(lambda e: e.mixture, lambda e: True)
    mixture = by_number[kept[0].number if explaining is None else explaining]
    confirmed = mixture if solid is None else by_number[solid]
    failed |= {i: why for i, e in evidence.items() if e.stability and (why := _dissolving(e))}
    gaussian = _normal(X, mixture.labels) and (
        confirmed.number == mixture.number or not _another_shape(X, confirmed.labels)
    )
    winner = mixture if gaussian else confirmed
    if winner.number in failed:
        del failed[winner.number]

    def behind(number: int) -> float:
        # Rounded, so that the order of a sum decides nothing.
        found = evidence[number]
        return -round(found.mixture if gaussian else found.confirmed, 9)

    rest = sorted(
        (c.number for c in candidates if c.number != winner.number),
        key=lambda i: (
            i not in evidence,
            i in failed,
            not gaussian and i in evidence and evidence[i].stability is None,
            behind(i) if i in evidence else 0.0,
            i,
        ),
    )
    ranking = (winner.number, *rest)
    shape = "gaussian" if gaussian else "any"
    return Consensus(ranking, failed, _why(ranking, by_number, evidence, failed, shape), evidence, shape)


def _failure(scores: Scores, constraints: Constraints) -> str | None:
    return scores.degenerate or "; ".join(constraints.violations(scores)) or None


def _cheap_evidence(kept: Sequence[Clustering], X: np.ndarray) -> dict[int, Evidence]:
    found = {}
    algorithms = {c.algorithm for c in kept}
    for c in kept:
        own = information(c.labels)
        nearest = sorted(
            _nearest(c, [o for o in kept if o.algorithm == other], own)
            for other in algorithms - {c.algorithm}
        )[:2]
        # An algorithm alone cannot be disputed; only its stability speaks.
        disputed = float(np.mean([lost for lost, _ in nearest])) if nearest else 0.0
        agreement = -float(np.mean([rand for _, rand in nearest])) if nearest else 1.0
        found[c.number] = Evidence(c.number, own, disputed, agreement, _gaussian_fit(X, c.labels))
    return found


def _nearest(c: Clustering, others: Sequence[Clustering], own: float) -> tuple[float, float]:
    """Information lost to the most similar answer with k within 1, and minus its adjusted Rand index."""
    near = [o for o in others if abs(o.scores.n_segments - c.scores.n_segments) <= 1]
    if not near:
        return own, 0.0
    lost, answer = min(((information_lost(c.labels, o.labels), o) for o in near), key=lambda pair: pair[0])
    return lost, -adjusted_rand(c.labels, answer.labels)


def _gaussian_fit(X: np.ndarray, labels: np.ndarray) -> float:
    """BIC of one Gaussian a segment, noise another one, as a gain: bits a row, higher is better."""
    n, d = X.shape
    everything = np.cov(X.T, bias=True).reshape(d, d)
    floor = 1e-3 * np.diag(np.diag(everything) + 1e-12)
    fit, parameters = 0.0, 0.0
    for segment in np.unique(labels):
        rows = X[labels == segment]
        # Too few rows span no ellipsoid.
        spread = np.cov(rows.T, bias=True).reshape(d, d) if len(rows) > d else everything
        model = spread + floor
        volume = np.linalg.slogdet(model)[1] + d * np.log(2 * np.pi)
        distance = np.trace(np.linalg.solve(model, spread))
        fit += len(rows) * (np.log(len(rows) / n) - (volume + distance) / 2)
        parameters += 1 + d + d * (d + 1) / 2
    return float((fit - parameters * np.log(n) / 2) / n / np.log(2))


def _drawn(n: int, seed: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Sub-samples of all rows, and of at most RESAMPLED_ROWS of them."""
    everyone = np.arange(n)
    some = everyone
    if n > RESAMPLED_ROWS:
        some = np.sort(np.random.default_rng(seed).choice(n, RESAMPLED_ROWS, replace=False))
    return draws(everyone, FITS, seed=seed), draws(some, FITS, seed=seed)


def _resampled(
    c: Clustering, known: Evidence, refit: Refit, drawn: tuple[list[np.ndarray], list[np.ndarray]]
) -> Evidence:
    # A radius or a number of neighbours means something else among fewer rows; a number of segments does not.
    samples = drawn[0] if c.asked is None else drawn[1]
    fitted: list[Resample] = [(rows, refit(c.number, rows)) for rows in samples]
    return Evidence(
        c.number, known.information, known.disputed, known.agreement, known.fit, compare(c.labels, fitted)
    )


def _dissolving(evidence: Evidence) -> str | None:
    assert evidence.stability is not None
    jaccard = evidence.stability.jaccard
    worst = int(np.argmin(jaccard))
    if jaccard[worst] >= DISSOLVED:
        return None
    return f"segment {worst} does not come back in sub-samples (Jaccard {jaccard[worst]:.2f})"


def _normality(X: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Kolmogorov distance of the segments' Mahalanobis distances from a Gaussian's, plain and times sqrt(rows)."""
    d = X.shape[1]
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
    if not found:
        return 1.0, np.inf
    distance = np.asarray(found)
    return float(np.average(distance, weights=sizes)), float(
        np.average(distance * np.sqrt(sizes), weights=sizes)
    )


def _normal(X: np.ndarray, labels: np.ndarray) -> bool:
    return _normality(X, labels)[1] <= LILLIEFORS


def _another_shape(X: np.ndarray, labels: np.ndarray) -> bool:
    distance, scaled = _normality(X, labels)
    return distance > FAR_FROM_NORMAL and scaled > LILLIEFORS


def _why(
    ranking: tuple[int, ...],
    by_number: dict[int, Clustering],
    evidence: dict[int, Evidence],
    failed: dict[int, str],
    shape: str,
) -> str:
    won, proof = by_number[ranking[0]], evidence[ranking[0]]
    stable = proof.stability.score if proof.stability else float("nan")
    how = (
        "explains the customers best as Gaussian groups"
        if shape == "gaussian"
        else "tells most of what holds"
    )
    text = (
        f"Trial {won.number} ({won.algorithm}, {won.scores.n_segments} segments) {how}: sub-samples repeat it with "
        f"ARI {stable:.2f}, other algorithms with {proof.agreement:.2f}."
    )
    for number in ranking[1:]:
        if number in failed or number not in evidence:
            continue
        other = by_number[number]
        if adjusted_rand(other.labels, won.labels) > 0.95:
            continue
        if shape == "gaussian":
            behind = proof.mixture - evidence[number].mixture
        elif evidence[number].stability:
            behind = proof.confirmed - evidence[number].confirmed
        else:
            continue
        return (
            f"{text} The next different answer is trial {number} ({other.algorithm}, "
            f"{other.scores.n_segments} segments), {behind:.2f} bits a customer behind."
        )
    return f"{text} No other answer passed every test."
