"""Candidates judged by their evidence, and how closely each is looked at."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from segmentation.evaluation._evidence import Evidence, cheap_evidence
from segmentation.evaluation._selection import Candidate, RefitContext
from segmentation.evaluation._stability import DOUBTFUL_JACCARD, STABLE_JACCARD, Resample, compare
from segmentation.evaluation._structure import SILHOUETTE_GRAIN
from segmentation.evaluation._subsamples import ALL_FITS, FITS, SubSamples

HINT, NOT_THERE = 2, 0.25
"""After so many fits, a candidate with a segment of a smaller Jaccard is fitted no further."""
UNSURE = 0.1
"""A candidate that lacks less than this after six fits may reach the limits with twenty."""
TIE = 0.1
"""Reproduced bits within which clusterings are equally informative."""


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


class Contest:
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
        """Of those that are as informative as the leader and lack nothing, the one with the highest silhouette.

        Of silhouettes that differ too little to mean anything, the one of which sub-samples reproduce most.
        """
        if self.lacking(leader.number):
            return leader

        def as_informative(c: Candidate) -> bool:
            return self.behind(c.number, leader.number) <= TIE

        for c in filter(as_informative, candidates):
            if not self.lacking(c.number):
                self.look(c.number, ALL_FITS)
        near = [c for c in filter(as_informative, candidates) if not self.lacking(c.number)]
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
        """Those that may reproduce most, the most informative first: none reproduces more information than it holds."""
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
        """Fit a candidate to the first sub-samples; two are enough where a segment is not found in them at all."""
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
