"""The default choice of a winner: it follows from what the customers show."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from segmentation.errors import InputError
from segmentation.evaluation._evidence import TERMS, Evidence, cheap_evidence, terms
from segmentation.evaluation._refusals import refusals
from segmentation.evaluation._selection import (
    Candidate,
    Constraints,
    Refit,
    RefitContext,
    Selection,
    failures,
)
from segmentation.evaluation._stability import (
    DOUBTFUL_JACCARD,
    STABLE_JACCARD,
    Resample,
    adjusted_rand,
    compare,
    draws,
)
from segmentation.evaluation._structure import SILHOUETTE_GRAIN, Answer

HINT, NOT_THERE = 2, 0.25
"""Fits after which a segment with a smaller Jaccard is not looked for any further: two tell little."""
FITS = 6
"""Fits to sub-samples that judge a candidate at first."""
ALL_FITS = 20
"""Fits that judge whoever leads, so that their error decides nothing."""
UNSURE = 0.1
"""What six fits may lack for one that twenty would show to reach the limits."""
SHORTLIST = 16
"""Different answers that are resampled where segments are natural."""
RESAMPLED_ROWS = 3_000
SURELY = float(np.log(20))
"""Difference in weight at which one answer is twenty times as likely the better one as another."""
TIE = 0.1
"""Reproduced bits within which answers are equally telling."""


@dataclass(frozen=True)
class Limits:
    """What a clustering must reach to be relied on; the same that `gate=default` asks of a model.

    Parameters
    ----------
    min_stability : float
        Mean adjusted Rand index between fits to sub-samples.
    min_jaccard : float
        Of each segment to its like in sub-samples.
    min_share : float
        Of all customers, in the smallest segment.
    min_customers : int
        In the smallest segment.
    """

    min_stability: float = 0.7
    min_jaccard: float = STABLE_JACCARD
    min_share: float = 0.02
    min_customers: int = 10

    def lacking(self, candidate: Candidate, evidence: Evidence) -> str:
        """What it lacks, in words; empty where it reaches all."""
        smallest = candidate.scores.smallest_share * len(candidate.labels)
        found = []
        if evidence.stability and evidence.stability.score < self.min_stability:
            found.append(
                f"sub-samples repeat it with ARI {evidence.stability.score:.2f}, below {self.min_stability:g}"
            )
        if evidence.stability and (least := evidence.stability.jaccard_min) < self.min_jaccard:
            found.append(f"a segment comes back with a Jaccard of {least:.2f}, below {self.min_jaccard:g}")
        if candidate.scores.smallest_share < self.min_share or round(smallest) < self.min_customers:
            found.append(f"its smallest segment holds {smallest:.0f} customers")
        return " and ".join(found)


@dataclass(frozen=True)
class ByConsensus:
    """The clustering that the evidence speaks for, by what the customers show.

    Parameters
    ----------
    budget : int, default=600
        The most fits to sub-samples; six judge one candidate, twenty whoever leads.
    min_segments, max_segments : int, default=3, 8
        How many segments are useful where there are no gaps; two are always allowed where they are reproducible.
    limits : Limits, optional
        What a clustering must reach to be relied on. The best of those that do wins.
    weights : str, optional
        A JSON file: stage ("cheap", "full") -> term -> weight, for tables with natural segments; by default the one
        that is shipped, `weights.json`.

    Notes
    -----
    *Natural*: the clustering that boundaries in sparse places, sub-samples, other algorithms and the shape of the
    segments speak for; a weighted sum of these, fitted to labelled and generated sets (`benchmarks/learn.py`). The
    sixteen best by what needs no fit are fitted to sub-samples.

    *Reproducible*: of 2 to 8 segments the cut of which sub-samples repeat most, in bits about a customer's segment.
    *Constructive*: the same of 3 to 8. Of equally telling ones the one with the highest silhouette.

    Nothing wins of which a segment dissolves (Jaccard below 0.6), that is one column's levels or ties again, or that
    leaves much of the value in no segment. The sub-samples are the same for all candidates.
    """

    budget: int = 600
    min_segments: int = 3
    max_segments: int = 8
    limits: Limits | None = None
    weights: str | None = None

    def __post_init__(self) -> None:
        require_budget(self.budget)
        if not 2 <= self.min_segments <= self.max_segments:
            raise InputError(
                f"selection.min_segments is {self.min_segments} and max_segments {self.max_segments}; valid is "
                f"2 <= min_segments <= max_segments."
            )

    def select(
        self, candidates: Sequence[Candidate], field: RefitContext, constraints: Constraints, seed: int = 0
    ) -> Selection | None:
        """Choose the winner.

        Parameters
        ----------
        candidates : sequence of Candidate
            What the study found on one feature set. Neither their order nor their segments' names matter.
        field : RefitContext
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
        kept = sorted((c for c in candidates if c.number not in failed), key=lambda c: c.number)
        if not kept:
            return None
        refused = refusals(kept, field, constraints)
        contest = _Contest(kept, field, self.budget, seed, self.limits or Limits())
        open_to = [c for c in kept if c.number not in refused] or kept
        if field.verdict == "natural":
            winner = self._natural(contest, open_to)
        else:
            winner = self._cut(contest, open_to, field.verdict == "constructive")
        lacking = refused.get(winner.number) or contest.lacking(winner.number)
        if lacking:
            why = _reason(winner, contest, "is the best that was found")
            reason = f"No stable segmentation: of the best that was found, {lacking}. {why}"
        else:
            reason = _reason(winner, contest, HOW[field.verdict]) + self._at_bound(
                winner, kept, field.verdict
            )
        failed |= refused | contest.dissolving()
        failed.pop(winner.number, None)
        return Selection(
            contest.ranking(winner, candidates, failed), failed, reason, contest.evidence, lacking
        )

    def _at_bound(self, winner: Candidate, kept: Sequence[Candidate], verdict: Answer) -> str:
        """A sentence where more segments might have won, had they been tried or allowed."""
        k = winner.scores.n_segments
        if verdict != "natural":
            if k < self.max_segments:
                return ""
            return f" {k} segments are the most that selection.max_segments allows."
        if winner.asked is None or winner.asked < max(c.asked or 0 for c in kept):
            return ""
        return (
            f" {k} segments are the most that were tried: there may be more (search.space, n_clusters, and "
            f"search.constraints.max_segments)."
        )

    def _natural(self, contest: "_Contest", kept: Sequence[Candidate]) -> Candidate:
        weights = shipped_weights(self.weights)
        fit = max(contest.evidence[c.number].fit for c in kept)

        def weight(c: Candidate, stage: str) -> float:
            found = terms(contest.evidence[c.number], c, fit)
            return round(sum(w * found[name] for name, w in weights[stage].items()), 9)

        shortlist = _different(kept, lambda c: weight(c, "cheap"), SHORTLIST)
        return contest.settle(shortlist, lambda c: weight(c, "full"), SURELY)

    def _cut(self, contest: "_Contest", kept: Sequence[Candidate], constructive: bool) -> Candidate:
        fewest = self.min_segments if constructive else 2
        kept = [c for c in kept if fewest <= c.scores.n_segments <= self.max_segments] or kept
        # Noise is no part of a cut, and a search for dense places finds chance where there are none.
        kept = [c for c in kept if c.asked is not None] or kept
        different = _different(kept, lambda c: contest.evidence[c.number].information, len(kept))
        seen: list[Candidate] = []
        # What leads may turn out to lack something: then more is within reach.
        while len(found := contest.within_reach(different)) > len(seen):
            seen = found
            leader = contest.settle(seen, lambda c: contest.evidence[c.number].reproduced, np.inf)
        return contest.tied(leader, seen)


@cache
def shipped_weights(path: str | None = None) -> Mapping[str, Mapping[str, float]]:
    """The weights of natural segments: a file's, or those that are shipped."""
    file = Path(path) if path else Path(__file__).parent / "weights.json"
    try:
        found: Mapping[str, Mapping[str, float]] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"selection.weights={path} cannot be read ({error}); valid is a JSON file."
        ) from None
    if not all(set(found.get(stage, ())) <= set(TERMS) and found.get(stage) for stage in ("cheap", "full")):
        raise InputError(
            f"selection.weights={path} must hold the weights of 'cheap' and 'full'; valid terms are {', '.join(TERMS)}."
        )
    return found


def require_budget(budget: int) -> None:
    """Refuse a budget that cannot judge even one candidate."""
    if budget < FITS:
        raise InputError(
            f"selection.budget is {budget}; valid is {FITS} or more, the fits that judge one candidate."
        )


class _Contest:
    """Candidates with their evidence, which grows until the leader is known well or the budget is spent."""

    def __init__(
        self, kept: Sequence[Candidate], field: RefitContext, budget: int, seed: int, limits: Limits
    ) -> None:
        self.kept = {c.number: c for c in kept}
        self.evidence = cheap_evidence(kept, field.X)
        self.field, self.budget, self.limits = field, budget, limits
        self.samples = SubSamples.of(len(field.X), seed)
        self._fitted: dict[int, list[Resample]] = {}

    def settle(
        self, candidates: Sequence[Candidate], value: Callable[[Candidate], float], surely: float
    ) -> Candidate:
        """The best of those that reach the limits, unless one that does not is surely better.

        Who leads, or would if it did not lack a little, is fitted to more sub-samples, until the same one leads.
        """
        for c in candidates:
            self.judge(c.number)
        while True:
            ranked = sorted(candidates, key=lambda c: (self.dissolved(c.number), -value(c), c.number))
            leader = ranked[0]
            reaching = [c for c in ranked if not self.lacking(c.number)]
            if reaching and value(leader) - value(reaching[0]) < surely:
                leader = reaching[0]
            ahead = ranked[: ranked.index(leader)]
            close = [leader, *(c for c in ahead if self.lacks_little(c.number))]
            if not any(self.look(c.number, ALL_FITS) for c in close):
                return leader

    def tied(self, leader: Candidate, candidates: Sequence[Candidate]) -> Candidate:
        """Of those that are as telling as the leader and lack nothing, the one with the highest silhouette.

        Of silhouettes that differ too little to mean anything, the one of which sub-samples repeat most.
        """
        if self.lacking(leader.number):
            return leader

        def as_telling(c: Candidate) -> bool:
            return self.behind(c.number, leader.number) <= TIE

        for c in filter(as_telling, candidates):
            if not self.lacking(c.number):
                self.look(c.number, ALL_FITS)
        near = [c for c in filter(as_telling, candidates) if not self.lacking(c.number)]
        highest = max(c.scores.silhouette for c in near) - SILHOUETTE_GRAIN
        alike = [c for c in near if c.scores.silhouette >= highest]
        return min(alike, key=lambda c: (-round(self.evidence[c.number].reproduced, 9), c.number))

    def behind(self, number: int, other: int) -> float:
        """Reproduced bits that a candidate lacks of another's, less one standard error (Breiman et al. 1984)."""
        one, two = self.evidence[number], self.evidence[other]
        if not one.stability or not two.stability:
            return two.reproduced - one.reproduced
        # The same sub-samples in the same order.
        differences = [a - b for a, b in zip(one.stability.losses, two.stability.losses, strict=False)]
        error = float(np.std(differences, ddof=1)) / 2 / np.sqrt(len(differences))
        return two.reproduced - one.reproduced - error

    def within_reach(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Those that may be the most telling, the most informative first: no sub-sample repeats more than there is."""
        best, found = -np.inf, []
        for c in candidates:
            if self.evidence[c.number].information < best - TIE:
                break
            self.judge(c.number)
            found.append(c)
            if not self.lacking(c.number):
                best = max(best, self.evidence[c.number].reproduced)
        return found

    def judge(self, number: int) -> None:
        """Fit a candidate to the first sub-samples; the first two already show a segment that is not there."""
        self.look(number, HINT)
        found = self.evidence[number].stability
        if found and found.jaccard_min >= NOT_THERE:
            self.look(number, FITS)

    def look(self, number: int, fits: int) -> bool:
        """Fit one candidate to as many sub-samples; False where that was done, or the budget is spent."""
        fitted = self._fitted.setdefault(number, [])
        missing = min(fits - len(fitted), self.budget)
        if missing <= 0 or len(fitted) + missing < 2:
            return False
        self.budget -= missing
        drawn = self.samples.of_candidate(self.kept[number])
        fitted += [(rows, self.field.refit(number, rows)) for rows in drawn[len(fitted) :][:missing]]
        found = compare(self.kept[number].labels, fitted)
        self.evidence[number] = replace(self.evidence[number], stability=found)
        return True

    def lacking(self, number: int) -> str:
        """What a candidate lacks to be relied on."""
        if self.evidence[number].stability is None:
            return "it was not fitted to sub-samples"
        return self.limits.lacking(self.kept[number], self.evidence[number])

    def lacks_little(self, number: int) -> bool:
        """Whether more sub-samples may show that a candidate lacks nothing."""
        own = self.limits
        lower = replace(own, min_stability=own.min_stability - UNSURE, min_jaccard=own.min_jaccard - UNSURE)
        found = self.evidence[number]
        return found.stability is not None and not lower.lacking(self.kept[number], found)

    def dissolved(self, number: int) -> bool:
        """Whether a segment dissolves; what was not looked at is no better."""
        found = self.evidence[number].stability
        return found is None or found.jaccard_min < DOUBTFUL_JACCARD

    def dissolving(self) -> dict[int, str]:
        """Which candidates have a segment that dissolves."""
        return {
            i: f"segment {int(np.nanargmin(e.stability.jaccard))} does not come back in sub-samples "
            f"(Jaccard {e.stability.jaccard_min:.2f})"
            for i, e in self.evidence.items()
            if e.stability and e.stability.jaccard_min < DOUBTFUL_JACCARD
        }

    def ranking(
        self, winner: Candidate, candidates: Sequence[Candidate], failed: Mapping[int, str]
    ) -> tuple[int, ...]:
        """The winner, what was looked at closely, the rest, and last what broke a constraint."""

        def order(c: Candidate) -> tuple:
            own = self.evidence.get(c.number)
            return (
                c.number != winner.number,
                c.number not in self.kept,
                c.number in failed,
                own is None or own.stability is None,
                -round(own.reproduced, 9) if own else 0.0,
                c.number,
            )

        return tuple(c.number for c in sorted(candidates, key=order))


@dataclass(frozen=True)
class SubSamples:
    """The sub-samples that candidates are fitted to, the same for all of them.

    Attributes
    ----------
    everyone : list of ndarray of int
        Positions of four fifths of all rows.
    some : list of ndarray of int
        The same of at most `RESAMPLED_ROWS` rows.
    """

    everyone: list[np.ndarray]
    some: list[np.ndarray]

    @classmethod
    def of(cls, n: int, seed: int) -> "SubSamples":
        """Draw them for n rows."""
        rows = np.arange(n)
        sampled = rows
        if n > RESAMPLED_ROWS:
            sampled = np.sort(np.random.default_rng(seed).choice(n, RESAMPLED_ROWS, replace=False))
        return cls(draws(rows, ALL_FITS, seed=seed), draws(sampled, ALL_FITS, seed=seed))

    def of_candidate(self, c: Candidate) -> list[np.ndarray]:
        """Those of one candidate."""
        # A radius or a number of neighbours means something else among fewer rows; a number of segments does not.
        return self.everyone if c.asked is None else self.some


def resampled(c: Candidate, known: Evidence, refit: Refit, samples: SubSamples) -> Evidence:
    """Add what a few sub-samples make of a candidate."""
    fitted: list[Resample] = [(rows, refit(c.number, rows)) for rows in samples.of_candidate(c)[:FITS]]
    return replace(known, stability=compare(c.labels, fitted))


def _different(kept: Sequence[Candidate], value: Callable[[Candidate], float], most: int) -> list[Candidate]:
    """The best candidates, each answer once, whatever its segments are called."""
    found: dict[bytes, Candidate] = {}
    # Who was asked for a number of segments stands for an answer: a radius means something else in sub-samples.
    for c in sorted(kept, key=lambda c: (-value(c), c.asked is None, c.number)):
        _, first = np.unique(c.labels, return_index=True)
        # Segments in the order in which they first occur.
        names = np.full(int(c.labels.max(initial=-1)) + 2, -1)
        present = c.labels[np.sort(first)]
        present = present[present >= 0]
        names[present] = np.arange(len(present))
        found.setdefault(names[c.labels].tobytes(), c)
        if len(found) == most:
            break
    return list(found.values())


HOW: Mapping[Answer, str] = {
    "natural": "is what the evidence speaks for most",
    "reproducible": "tells most of the cuts that come back in sub-samples",
    "constructive": "tells most of the stable cuts, a choice among others",
}


def _reason(winner: Candidate, contest: _Contest, how: str) -> str:
    found = contest.evidence[winner.number]
    stable = f"{found.stability.score:.2f}" if found.stability else "unknown"
    agreed = "there is no other algorithm to confirm it"
    if found.agreement is not None:
        agreed = f"other algorithms find it with ARI {found.agreement:.2f}"
    text = f"Trial {winner.number} ({winner.title}) {how}: sub-samples repeat it with ARI {stable}, {agreed}."
    # The runner-up worth naming is another answer, not nearly the same one.
    others = [
        c
        for i, c in contest.kept.items()
        if contest.evidence[i].stability
        and not contest.lacking(i)
        and adjusted_rand(c.labels, winner.labels) <= 0.95
    ]
    if not others:
        return f"{text} No other answer is as stable as it must be."
    other = max(others, key=lambda c: (contest.evidence[c.number].reproduced, -c.number))
    proof = contest.evidence[other.number].stability
    assert proof is not None
    return f"{text} Another stable answer is trial {other.number} ({other.title}), repeated with ARI {proof.score:.2f}."
