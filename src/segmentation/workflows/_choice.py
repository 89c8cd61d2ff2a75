"""Which trial of a study wins, and whether its segments are natural."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segmentation.evaluation import (
    ClusteringTendency,
    Constraints,
    RefitContext,
    Selection,
    SetScore,
    cheap_evidence,
    silhouette_reference,
    stability,
)
from segmentation.study import StudyResult, TrialResult

if TYPE_CHECKING:
    from segmentation.workflows._validation import ClusterValidation

FITS = 8


@dataclass(frozen=True)
class StudySelection:
    """A study with its winner.

    Attributes
    ----------
    study : StudyResult
        What was found.
    rule : object
        What chose the winner.
    verdict : ClusteringTendency
        What kind of segments the winner's feature set has; that of the first set where nothing could win.
    selection : Selection or None
        The winner and the order of all; None where no clustering kept the constraints.
    sets : DataFrame or None
        Where several feature sets were tried, the winner of each in figures that compare.
    validation : ClusterValidation or None
        What speaks for the winner, where it was looked at closely.
    """

    study: StudyResult
    rule: Any
    verdict: ClusteringTendency
    selection: Selection | None
    sets: pd.DataFrame | None = None
    validation: "ClusterValidation | None" = None

    @property
    def winner(self) -> TrialResult | None:
        """The trial that won."""
        return self.study.outcome(self.selection.winner) if self.selection else None

    @property
    def features(self) -> str:
        """The winner's feature set; the first where nothing won."""
        configuration = self.winner and self.winner.configuration
        return configuration.features if configuration else next(iter(self.study.fitter.space.features))


def choose(
    rule: Any,
    study: StudyResult,
    constraints: Constraints,
    seed: int,
    on_fit: Callable[[], None],
    value: np.ndarray | None = None,
) -> StudySelection:
    """Choose a study's winner: within each feature set by the rule, then between the sets.

    Parameters
    ----------
    rule : object
        A rule of `conf/selection`.
    study : StudyResult
        What was found.
    constraints : Constraints
        What the winner must keep.
    seed : int
        Of the sub-samples and references.
    on_fit : callable
        Called after each fit to a sub-sample.
    value : ndarray of shape (n,), optional
        What each customer is worth.

    Returns
    -------
    StudySelection
    """
    names = list(study.fitter.space.features)
    verdicts = {name: study.fitter.verdict(name) for name in names}
    found = {}
    for name in names:
        field = replace(_counted(study.field(name), on_fit), value=value)
        selection = rule.select(study.candidates(name), field, constraints, seed)
        if selection:
            found[name] = selection
    if not found:
        return StudySelection(study, rule, verdicts[names[0]], None)
    if len(names) == 1:
        return StudySelection(study, rule, verdicts[names[0]], found[names[0]])
    scores = [
        _set_score(study, name, s, verdicts[name], constraints, seed, on_fit) for name, s in found.items()
    ]
    scores.sort(key=lambda s: (-s.merit[0], -s.merit[1], s.features))
    best = scores[0]
    ranking = tuple(number for score in scores for number in found[score.features].ranking)
    merged = Selection(
        ranking,
        {number: why for s in found.values() for number, why in s.failed.items()},
        _why(found[best.features].reason, scores),
        {number: evidence for s in found.values() for number, evidence in s.evidence.items()},
        found[best.features].unsure,
    )
    compared = pd.DataFrame([asdict(s) for s in scores])
    return StudySelection(study, rule, verdicts[best.features], merged, compared)


def _counted(field: RefitContext, on_fit: Callable[[], None]) -> RefitContext:
    def refit(number: int, rows: np.ndarray) -> np.ndarray:
        labels = field.refit(number, rows)
        on_fit()
        return labels

    return replace(field, refit=refit)


def _set_score(
    study: StudyResult,
    features: str,
    selection: Selection,
    found: ClusteringTendency,
    constraints: Constraints,
    seed: int,
    on_fit: Callable[[], None],
) -> SetScore:
    candidates = {c.number: c for c in study.candidates(features) if not c.failure(constraints)}
    winner, field = candidates[selection.winner], _counted(study.field(features), on_fit)
    evidence = selection.evidence or cheap_evidence(list(candidates.values()), field.X)
    repeated = stability(lambda rows: field.refit(winner.number, rows), winner.labels, FITS, seed=seed)
    agreement = evidence[winner.number].agreement
    reference = silhouette_reference(study.fitter.yardstick(features))
    return SetScore(
        features,
        winner.number,
        found.verdict,
        repeated.score,
        # One algorithm alone is confirmed by none, in every set alike.
        1.0 if agreement is None else agreement,
        winner.scores.silhouette - reference,
    )


def _why(reason: str, scores: list[SetScore]) -> str:
    said = [
        f"{s.features} (verdict {s.verdict}, stability {s.stability:.2f}, agreement {s.agreement:.2f}, silhouette "
        f"{s.gain:+.2f} against its feature set's reference)"
        for s in scores
    ]
    return f"{reason} Of the feature sets {said[0]} comes before {', '.join(said[1:]) or 'no other'}."
