"""The default rule of choice: it depends on the clustering tendency of the customers."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from segmentation.errors import InputError
from segmentation.evaluation._contest import Contest, Limits
from segmentation.evaluation._evidence import TERMS, terms
from segmentation.evaluation._refusals import refusals
from segmentation.evaluation._selection import Candidate, Constraints, RefitContext, Selection, failures
from segmentation.evaluation._stability import adjusted_rand
from segmentation.evaluation._structure import Answer
from segmentation.evaluation._subsamples import require_budget

SHORTLIST = 16
"""Different answers that are resampled where segments are natural."""
SURELY = float(np.log(20))
"""Difference in weight at which one answer is twenty times as likely the better one as another."""
HOW: Mapping[Answer, str] = {
    "natural": "is the clustering that the evidence supports most",
    "reproducible": "is the most informative clustering that sub-samples repeat",
    "constructive": "is the most informative stable clustering, though other cuts would be as good",
}


@dataclass(frozen=True)
class ByConsensus:
    """The clustering that the evidence supports; what counts as evidence depends on the clustering tendency.

    Parameters
    ----------
    budget : int, default=600
        The most fits to sub-samples; six judge one candidate, twenty judge the leader.
    min_segments, max_segments : int, default=3, 8
        How many segments are useful where there are no gaps; two are always allowed where they are reproducible.
    limits : Limits, optional
        What a clustering must reach to be relied on. The best of those that do wins.
    weights : str, optional
        A JSON file: stage ("cheap", "full") -> term -> weight, for tables with natural segments; by default the one
        that is shipped, `weights.json`.

    Notes
    -----
    *Natural*: the clustering with the highest weighted sum of evidence: boundaries in sparse places, stability in
    sub-samples, agreement with other algorithms, shape of the segments. The weights were fitted to labelled and
    generated sets (`benchmarks/learn.py`). The sixteen best by what needs no fit are fitted to sub-samples.

    *Reproducible*: of the clusterings with 2 to 8 segments the one with the most information about a customer's
    segment, in bits, that sub-samples reproduce. *Constructive*: the same with 3 to 8 segments. Of equally
    informative ones the one with the highest silhouette.

    A clustering cannot win if one of its segments dissolves (Jaccard below 0.6), if it repeats the levels or ties of
    one column, or if it leaves much of the value in no segment. The sub-samples are the same for all candidates.
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
        contest = Contest(kept, field, self.budget, seed, self.limits or Limits())
        eligible = [c for c in kept if c.number not in refused] or kept
        if field.verdict == "natural":
            winner = self._natural(contest, eligible)
        else:
            winner = self._cut(contest, eligible, field.verdict == "constructive")
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

    def _natural(self, contest: Contest, kept: Sequence[Candidate]) -> Candidate:
        weights = shipped_weights(self.weights)
        fit = max(contest.evidence[c.number].fit for c in kept)

        def weight(c: Candidate, stage: str) -> float:
            found = terms(contest.evidence[c.number], c, fit)
            return round(sum(w * found[name] for name, w in weights[stage].items()), 9)

        shortlist = _different(kept, lambda c: weight(c, "cheap"), SHORTLIST)
        return contest.settle(shortlist, lambda c: weight(c, "full"), SURELY)

    def _cut(self, contest: Contest, kept: Sequence[Candidate], constructive: bool) -> Candidate:
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


def _reason(winner: Candidate, contest: Contest, how: str) -> str:
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
