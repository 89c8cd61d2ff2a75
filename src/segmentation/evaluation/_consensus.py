"""The default choice of a winner: what resampling and other algorithms confirm."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import beta

from segmentation.clustering import few_levels
from segmentation.errors import InputError
from segmentation.evaluation._selection import (
    Candidate,
    Constraints,
    Evidence,
    Field,
    Refit,
    Selection,
    failures,
)
from segmentation.evaluation._stability import (
    Resample,
    adjusted_rand,
    compare,
    draws,
    information,
    information_lost,
)

PRICE = 8.0
"""Bits of information that one bit of doubt outweighs. Measured on labelled sets: 7 to 10 find nearly the same
winners; below, k grows until nobody can repeat it."""

SOLID = 0.8
"""Adjusted Rand index from which an answer counts as found again."""

DISSOLVED = 0.6
"""Segments with a mean Jaccard below 0.6 should not be trusted (Hennig, clusterboot of the R package fpc)."""

LILLIEFORS = 0.886
"""The 5 % critical value, times 1 / sqrt(rows), of a normal distribution whose parameters were estimated
(Lilliefors 1967)."""

FAR_FROM_NORMAL = 0.1
"""Kolmogorov distance above which a segment is of another shape than a Gaussian, whatever its size."""

ONE_SIDED = 1.645
"""Standard errors that likelihoods must differ by to be told apart at 5 % (Vuong 1989)."""

FITS = 6
RESAMPLED_ROWS = 2_000


@dataclass(frozen=True)
class ByConsensus:
    """The clustering that tells most of what resampling and other algorithms confirm.

    Parameters
    ----------
    budget : int, default=240
        The most fits to sub-samples; six judge one candidate, and 3 to 20 candidates usually settle it.

    Notes
    -----
    Two candidates are compared. The *confirmed* one has the most information less `PRICE` times what is lost
    under resampling and between algorithms; a segment that dissolves (Jaccard below 0.6) rules it out. (Where there
    is only one algorithm it is the one with the highest silhouette.) The
    *mixture* one explains the customers best with one Gaussian a segment (a classification likelihood with
    the penalty of BIC); of several with as many segments whose likelihoods cannot be told apart (Vuong's test)
    the one that sub-samples repeat best. The mixture wins where its segments are Gaussian indeed, unless the
    confirmed one is not, and sub-samples or algorithms differ about the mixture: then it has only paved another
    shape with Gaussians. Columns of few values (yes or no, a level) enter the likelihood by their frequencies, and
    where there are any the mixture wins: what merely repeats the levels is repeated by every sub-sample.

    Only candidates whose upper bound exceeds the best confirmed one are resampled, so that a larger budget
    changes nothing once it is enough.
    """

    budget: int = 240

    def __post_init__(self) -> None:
        require_budget(self.budget)

    def select(
        self, candidates: Sequence[Candidate], field: Field, constraints: Constraints, seed: int = 0
    ) -> Selection | None:
        """Choose the winner.

        Parameters
        ----------
        candidates : sequence of Candidate
            What the study found on one feature set. Neither their order nor their segments' names matter.
        field : Field
            The customers.
        constraints : Constraints
            What the winner must keep.
        seed : int, default=0
            Of the sub-samples.

        Returns
        -------
        Selection or None
            None where no candidate keeps the constraints.
        """
        failed = failures(candidates, constraints)
        kept = {c.number: c for c in sorted(candidates, key=lambda c: c.number) if c.number not in failed}
        if not kept:
            return None
        contest = _Contest(kept, cheap_evidence(list(kept.values()), field.X), field, self.budget, seed)
        solid = contest.best(_confirmed, lambda e: _dissolving(e) is None)
        explaining = contest.best(_mixture, lambda e: True)
        evidence = contest.evidence
        mixture = kept[next(iter(kept)) if explaining is None else explaining]
        confirmed = mixture if solid is None else kept[solid]
        several = len({c.algorithm for c in kept.values()}) > 1
        # Where columns have few values, whatever repeats their levels is repeated by every sub-sample.
        mixed = bool(few_levels(field.X).any())
        explained = several and (
            mixed
            or (
                _normal(field.X, mixture.labels)
                and (
                    confirmed.number == mixture.number
                    or _solid(evidence[mixture.number])
                    or not _another_shape(field.X, confirmed.labels)
                )
            )
        )
        winner = contest.most_repeated(mixture.number) if explained else confirmed.number
        value = _mixture if explained else _confirmed
        failed |= {i: why for i, e in evidence.items() if i != winner and (why := _dissolving(e))}
        behind = {i: round(value(evidence[winner]) - value(evidence[i]), 9) for i in kept}
        failed |= {
            i: f"would be {behind[i]:.2f} behind even if every sub-sample repeated it"
            for i in kept
            if evidence[i].stability is None and behind[i] > 0 and i not in failed
        }
        # What was looked at comes first, what broke a constraint last.
        rest = sorted(
            (c.number for c in candidates if c.number != winner),
            key=lambda i: (i not in kept, i in failed, behind.get(i, 0.0), i),
        )
        ranking = (winner, *rest)
        kind = ("in amounts and levels" if mixed else "as Gaussian groups") if explained else None
        reason = _why(ranking, kept, evidence, failed, behind, kind)
        return Selection(ranking, failed, reason, evidence)


def require_budget(budget: int) -> None:
    """Refuse a budget that cannot judge even one candidate."""
    if budget < FITS:
        raise InputError(
            f"selection.budget is {budget}; valid is {FITS} or more, the fits that judge one candidate."
        )


class _Contest:
    """Candidates with their evidence, which grows until the best is known or the budget is spent."""

    def __init__(
        self, kept: dict[int, Candidate], evidence: dict[int, Evidence], field: Field, budget: int, seed: int
    ) -> None:
        self.kept, self.evidence, self.field, self.budget = kept, evidence, field, budget
        self.drawn = drawn(len(field.X), seed)

    def best(self, value: Callable[[Evidence], float], keeps: Callable[[Evidence], bool]) -> int | None:
        """Best first: what cannot exceed the best so far even if resampling loses nothing is left out."""
        # Rounded, so that the order of a sum decides nothing.
        bound = {i: round(value(e), 9) for i, e in self.evidence.items()}
        leader: tuple[float, float, int] | None = None
        for number in sorted(self.evidence, key=lambda i: (-bound[i], i)):
            if leader and -bound[number] > leader[0]:
                break
            self.resample(number)
            if self.evidence[number].stability is None:
                break
            found = self.evidence[number]
            if keeps(found):
                rank = (-round(value(found), 9), -self.kept[number].scores.silhouette, number)
                leader = min(leader or rank, rank)
        return leader[2] if leader else None

    def most_repeated(self, number: int) -> int:
        """Of the answers that explain the rows no worse than this one for all one can tell, the most stable."""
        own, tied = self.kept[number], [number]
        fit = _row_fit(self.field.X, own.labels)
        for c in self.kept.values():
            if c.number != number and c.scores.n_segments == own.scores.n_segments:
                worse = fit - _row_fit(self.field.X, c.labels)
                if worse.mean() <= ONE_SIDED * worse.std() / np.sqrt(len(worse)):
                    tied.append(c.number)
        for i in tied:
            self.resample(i)
        known = [i for i in tied if self.evidence[i].stability]
        return min(known or tied, key=lambda i: (_lost(self.evidence[i]), -self.kept[i].scores.silhouette, i))

    def resample(self, number: int) -> None:
        """Fit one candidate to the sub-samples, unless that was done or the budget is spent."""
        if self.evidence[number].stability is None and self.budget >= FITS:
            self.budget -= FITS
            known = self.evidence[number]
            self.evidence[number] = resampled(self.kept[number], known, self.field.refit, self.drawn)


def _confirmed(evidence: Evidence) -> float:
    """Information less the price of what others dispute and resampling changes; an upper bound before it."""
    if evidence.disputed is None:
        # Without another algorithm the bits have no price: finer cuts would be worth more and more.
        return evidence.silhouette
    return evidence.information - PRICE * (evidence.disputed + _lost(evidence)) / 2


def _mixture(evidence: Evidence) -> float:
    """How well the segments explain the customers as Gaussians, less a little of the same doubt."""
    # A classification likelihood charges all the information for naming segments, which a mixture that
    # overlaps need not do: part of it is given back.
    # Measured: 0.2 with 0, 0.3 with 0.1 and 0.4 with 0.2 choose alike.
    return evidence.fit + 0.3 * evidence.information - 0.1 * ((evidence.disputed or 0.0) + _lost(evidence))


def _solid(evidence: Evidence) -> bool:
    """Whether sub-samples and other algorithms find a mixture again: no paving of another shape is repeated so well."""
    if evidence.stability is None or evidence.agreement is None:
        return False
    repeated = min(evidence.stability.score, evidence.agreement) >= SOLID
    return repeated and _dissolving(evidence) is None


def _lost(evidence: Evidence) -> float:
    return evidence.stability.lost if evidence.stability else 0.0


def cheap_evidence(kept: Sequence[Candidate], X: np.ndarray) -> dict[int, Evidence]:
    """What needs no further fit: information, agreement between algorithms, likelihood."""
    found = {}
    algorithms = {c.algorithm for c in kept}
    for c in kept:
        own = information(c.labels)
        nearest = sorted(
            _nearest(c, [o for o in kept if o.algorithm == other], own)
            for other in algorithms - {c.algorithm}
        )[:2]
        disputed = float(np.mean([lost for lost, _ in nearest])) if nearest else None
        agreement = -float(np.mean([rand for _, rand in nearest])) if nearest else None
        fit = _gaussian_fit(X, c.labels)
        found[c.number] = Evidence(own, disputed, agreement, fit, c.scores.silhouette)
    return found


def _nearest(c: Candidate, others: Sequence[Candidate], own: float) -> tuple[float, float]:
    """Information lost to the most similar answer with k within 1, and minus its adjusted Rand index."""
    near = [o for o in others if abs(o.scores.n_segments - c.scores.n_segments) <= 1]
    if not near:
        return own, 0.0
    lost, answer = min(((information_lost(c.labels, o.labels), o) for o in near), key=lambda pair: pair[0])
    return lost, -adjusted_rand(c.labels, answer.labels)


def _gaussian_fit(X: np.ndarray, labels: np.ndarray) -> float:
    """BIC of one Gaussian a segment, noise another one, as a gain: bits a row, higher is better."""
    n, few = len(X), few_levels(X)
    d = int((~few).sum())
    levels = sum(len(np.unique(column)) - 1 for column in X[:, few].T)
    parameters = len(np.unique(labels)) * (1 + d + d * (d + 1) / 2 + levels)
    return float(_row_fit(X, labels).mean() - parameters * np.log2(n) / 2 / n)


def _row_fit(X: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Log-likelihood of each row in its segment, the segment's share included, in bits.

    Amounts follow the segment's Gaussian; columns of few values its frequencies, for an indicator of 0 and 1 has no
    density: a Gaussian would fit the better the fewer members have the level.
    """
    few = few_levels(X)
    n = len(X)
    fit = _gaussian_log(X[:, ~few], labels) if not few.all() else np.zeros(n)
    for column in X[:, few].T:
        fit += _level_log(column, labels)
    sizes = np.unique(labels, return_inverse=True, return_counts=True)
    return (fit + np.log(sizes[2][sizes[1]] / n)) / np.log(2)


def _gaussian_log(X: np.ndarray, labels: np.ndarray) -> np.ndarray:
    n, d = X.shape
    everything = np.cov(X.T, bias=True).reshape(d, d)
    floor = 1e-3 * np.diag(np.diag(everything) + 1e-12)
    fit = np.empty(n)
    for segment in np.unique(labels):
        inside = labels == segment
        rows = X[inside] - X[inside].mean(axis=0)
        # Too few rows span no ellipsoid.
        model = (rows.T @ rows / len(rows) if len(rows) > d else everything) + floor
        volume = np.linalg.slogdet(model)[1] + d * np.log(2 * np.pi)
        distance = np.einsum("ij,ij->i", rows @ np.linalg.inv(model), rows)
        fit[inside] = -(volume + distance) / 2
    return fit


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


def drawn(n: int, seed: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Sub-samples of all rows, and of at most RESAMPLED_ROWS of them."""
    everyone = np.arange(n)
    some = everyone
    if n > RESAMPLED_ROWS:
        some = np.sort(np.random.default_rng(seed).choice(n, RESAMPLED_ROWS, replace=False))
    return draws(everyone, FITS, seed=seed), draws(some, FITS, seed=seed)


def resampled(
    c: Candidate, known: Evidence, refit: Refit, drawn: tuple[list[np.ndarray], list[np.ndarray]]
) -> Evidence:
    """Add what sub-samples make of a candidate."""
    # A radius or a number of neighbours means something else among fewer rows; a number of segments does not.
    samples = drawn[0] if c.asked is None else drawn[1]
    fitted: list[Resample] = [(rows, refit(c.number, rows)) for rows in samples]
    return replace(known, stability=compare(c.labels, fitted))


def _dissolving(evidence: Evidence) -> str | None:
    if evidence.stability is None:
        return None
    jaccard = evidence.stability.jaccard
    worst = int(np.argmin(jaccard))
    if jaccard[worst] >= DISSOLVED:
        return None
    return f"segment {worst} does not come back in sub-samples (Jaccard {jaccard[worst]:.2f})"


def _normality(X: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Kolmogorov distance of the segments' Mahalanobis distances from a Gaussian's, plain and times sqrt(rows)."""
    X = X[:, ~few_levels(X)]
    d = X.shape[1]
    if d == 0:
        return 0.0, 0.0
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
    kept: dict[int, Candidate],
    evidence: dict[int, Evidence],
    failed: dict[int, str],
    behind: dict[int, float],
    kind: str | None,
) -> str:
    won, proof = kept[ranking[0]], evidence[ranking[0]]
    how = f"explains the customers best {kind}" if kind else "tells most of what holds"
    if proof.disputed is None:
        how = "has the highest silhouette of those whose segments hold"
    stable = f"{proof.stability.score:.2f}" if proof.stability else "unknown"
    agreed = "there is no other algorithm to confirm it"
    if proof.agreement is not None:
        agreed = f"other algorithms with {proof.agreement:.2f}"
    text = f"Trial {won.number} ({won.title}) {how}: sub-samples repeat it with ARI {stable}, {agreed}."
    for number in ranking[1:]:
        if number not in kept or (number in failed and evidence[number].stability):
            continue
        other = kept[number]
        # The runner-up worth naming is another answer, not nearly the same one.
        if adjusted_rand(other.labels, won.labels) <= 0.95:
            far = _distance(behind[number], evidence[number])
            return f"{text} The next different answer is trial {number} ({other.title}), {far}."
    return f"{text} No other answer passed every test."


def _distance(behind: float, evidence: Evidence) -> str:
    if behind <= 0:
        return "which explains them as well and is repeated less"
    least = "" if evidence.stability else "at least "
    unit = "in silhouette" if evidence.disputed is None else "bits a customer"
    return f"{least}{behind:.2f} {unit} behind"
