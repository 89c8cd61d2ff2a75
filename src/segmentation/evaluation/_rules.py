"""Other rules of choice than the default, for those who have a reason."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segmentation.errors import InputError, nearest
from segmentation.evaluation._evidence import cheap_evidence
from segmentation.evaluation._scores import BETTER
from segmentation.evaluation._selection import Candidate, Constraints, RefitContext, Selection, failures
from segmentation.evaluation._subsamples import FITS, SubSamples, require_budget, resampled


@dataclass(frozen=True)
class ByStability:
    """The clustering that sub-samples repeat best.

    Parameters
    ----------
    budget : int, default=240
        The most fits to sub-samples; six judge one candidate, those with the highest silhouette first.

    Notes
    -----
    The largest mean adjusted Rand index between pairs of sub-samples (Ben-Hur, Elisseeff and Guyon 2002); of those
    within 0.01 of each other the most informative one. Stability alone prefers few segments: two halves of
    almost anything are repeated well.
    """

    budget: int = 240

    def __post_init__(self) -> None:
        require_budget(self.budget)

    def select(
        self, candidates: Sequence[Candidate], field: RefitContext, constraints: Constraints, seed: int = 0
    ) -> Selection | None:
        """Choose the winner; parameters and result as in `ByConsensus.select`."""
        failed = failures(candidates, constraints)
        kept = sorted(
            (c for c in candidates if c.number not in failed), key=lambda c: (-c.scores.silhouette, c.number)
        )
        if not kept:
            return None
        evidence = cheap_evidence(kept, field.X)
        samples = SubSamples.of(len(field.X), seed)
        looked_at = kept[: self.budget // FITS]
        score: dict[int, float] = {}
        for c in looked_at:
            found = evidence[c.number] = resampled(c, evidence[c.number], field.refit, samples)
            score[c.number] = found.stability.score if found.stability else 0.0
        failed |= {
            c.number: f"not resampled: selection.budget allows the {len(looked_at)} highest silhouettes"
            for c in kept[len(looked_at) :]
        }
        looked_at.sort(key=lambda c: (-round(score[c.number], 2), -evidence[c.number].information, c.number))
        rest = [c.number for c in kept if c.number not in score]
        broken = sorted(c.number for c in candidates if c.number not in evidence)
        ranking = (*(c.number for c in looked_at), *rest, *broken)
        best = looked_at[0]
        reason = (
            f"Trial {best.number} ({best.title}) is repeated best: sub-samples "
            f"agree with ARI {score[best.number]:.2f}"
        )
        other = next((c for c in looked_at if c.scores != best.scores), None)
        if other is not None:
            reason += f"; next is trial {other.number} ({other.title}) with {score[other.number]:.2f}"
        return Selection(ranking, failed, f"{reason}.", evidence)


@dataclass(frozen=True)
class ByPareto:
    """The clustering on the front of several scores that is nearest to the best of each.

    Parameters
    ----------
    objectives : sequence of str
        Two or more scores of the yardstick; the study searches for all of them at once.

    Notes
    -----
    On the front is what no other clustering beats in one score without losing in another. Of these the winner is
    the nearest to the ideal point, with each score scaled to 0..1 over the front; its other members suit
    other weights.
    """

    objectives: Sequence[str] = ("silhouette", "smallest_share")

    def __post_init__(self) -> None:
        for name in self.objectives:
            if name not in BETTER:
                raise InputError(f"selection.objectives has '{name}'; {nearest(name, BETTER)}")
        if len(set(self.objectives)) < max(2, len(self.objectives)):
            raise InputError(
                f"selection.objectives is {list(self.objectives)}; valid are two or more different scores, "
                f"from {', '.join(BETTER)}."
            )

    def select(
        self, candidates: Sequence[Candidate], field: RefitContext, constraints: Constraints, seed: int = 0
    ) -> Selection | None:
        """Choose the winner; parameters and result as in `BySilhouette.select`."""
        failed = failures(candidates, constraints)
        kept = sorted((c for c in candidates if c.number not in failed), key=lambda c: c.number)
        if not kept:
            return None
        values = np.array([self.values(c) for c in kept])
        on_front = [not _beaten(row, values) for row in values]
        low, high = values[on_front].min(axis=0), values[on_front].max(axis=0)
        away = np.linalg.norm((high - values) / np.where(high > low, high - low, 1.0), axis=1)
        failed |= {
            c.number: "another clustering is as good in every objective and better in one"
            for c, front in zip(kept, on_front, strict=True)
            if not front
        }
        distance = {c.number: float(a) for c, a in zip(kept, away, strict=True)}
        ranking = sorted(
            (c.number for c in candidates),
            key=lambda i: (i not in distance, i in failed, round(distance.get(i, 0.0), 9), i),
        )
        best = next(c for c in kept if c.number == ranking[0])
        named = ", ".join(f"{name} {getattr(best.scores, name):.4g}" for name in self.objectives)
        reason = (
            f"Trial {best.number} ({best.title}) is on the Pareto front of "
            f"{sum(on_front)} and nearest to the best of each objective: {named}."
        )
        return Selection(tuple(ranking), failed, reason)

    def values(self, candidate: Candidate) -> list[float]:
        """The objectives of a candidate, larger is better."""
        return [BETTER[name][0] * float(getattr(candidate.scores, name)) for name in self.objectives]


def _beaten(row: np.ndarray, values: np.ndarray) -> bool:
    return bool(((values >= row).all(axis=1) & (values > row).any(axis=1)).any())
