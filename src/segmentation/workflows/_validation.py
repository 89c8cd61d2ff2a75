"""A closer look at a study's winner: what speaks for its segments, as figures, tables and pictures."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segmentation import plots
from segmentation.clustering import KMeans
from segmentation.errors import InputError
from segmentation.evaluation import (
    Candidate,
    ClusteringTendency,
    Gap,
    Selection,
    Stability,
    adjusted_rand,
    dbcv,
    gap,
    prediction_strength,
    segment_overlap,
    segment_silhouettes,
    share_negative,
    stability,
)
from segmentation.study import Configuration, StudyResult
from segmentation.workflows._choice import StudySelection

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN_CANDIDATES = 12
SMALL_ROWS = 3_000
"""What only describes is computed on a sample of so many rows."""
FEWER_FITS = 8
"""Fits of the neighbouring solutions."""
GAP_DRAWS, GAP_STARTS, LARGEST_GAP_K = 10, 2, 10


@dataclass(frozen=True)
class ValidationSettings:
    """How closely a study's winner is looked at.

    Parameters
    ----------
    fits : int
        Sub-samples that it is fitted to again, at least 2.
    bootstrap : bool
        Resample with replacement instead of 80 % without.
    neighbours : int
        Numbers of segments below and above it that are looked at beside it.
    seed : int
        Of the sub-samples and references, for all candidates and whatever the seed of the search.
    """

    fits: int = 20
    bootstrap: bool = False
    neighbours: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        if self.fits < 2:
            raise InputError(
                f"evidence.fits is {self.fits}; valid is 2 or more, since sub-samples are compared."
            )


@dataclass(frozen=True)
class ClusterValidation:
    """What speaks for the winner.

    Attributes
    ----------
    stability : Stability
        Of its segments under resampling.
    segments : DataFrame
        One row a segment: segment, size, share, silhouette, share_negative, jaccard.
    neighbours : DataFrame
        The segments of the solutions with about as many segments: k, segment, size, jaccard (within a solution,
        SLSW) and across (from the solution before, SLSA).
    solutions : tuple of ndarray
        Their labels, by k.
    agreement : DataFrame
        Adjusted Rand indices between the best answers of each algorithm.
    gap : Gap or None
        Gap statistic of k-means over k.
    metrics : dict of str to float
        Every single figure under its name in the store.
    """

    stability: Stability
    segments: pd.DataFrame
    neighbours: pd.DataFrame
    solutions: tuple[np.ndarray, ...]
    agreement: pd.DataFrame
    gap: Gap | None
    metrics: dict[str, float] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """For the JSON result."""
        segments = self.segments.astype(object).where(self.segments.notna(), None)
        return {**self.metrics, "segments": segments.to_dict("records")}


def validate(
    selected: StudySelection, settings: ValidationSettings, on_fit: Callable[[], None]
) -> ClusterValidation:
    """Look at a study's winner from every side.

    Parameters
    ----------
    selected : StudySelection
        The study and who won.
    settings : ValidationSettings
        How closely.
    on_fit : callable
        Called after each fit to a sub-sample.

    Returns
    -------
    ClusterValidation
    """
    study, selection, features = selected.study, selected.selection, selected.features
    assert selection is not None
    everyone, seed = {c.number: c for c in study.candidates(features)}, settings.seed
    winner = everyone[selection.winner]
    yardstick = study.fitter.yardstick(features)
    n = len(yardstick.X)
    rows = np.arange(n)
    if n > SMALL_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(n, SMALL_ROWS, replace=False))
    repeat = _Repeat(study, settings, rows, on_fit)
    evidence = selection.evidence.get(winner.number)
    known = evidence.stability if evidence and not settings.bootstrap else None
    proof_of_winner = known if known and known.fits >= settings.fits else repeat(winner, settings.fits)
    values, sampled = yardstick.silhouettes(winner.labels), winner.labels[yardstick.rows]
    series = _series(everyone, selection, winner, settings.neighbours)
    found = {c.number: repeat(c, min(settings.fits, FEWER_FITS)) for c in series if c is not winner}
    neighbours = _neighbours(series, found | {winner.number: proof_of_winner})
    gaps = _gap(yardstick.X[rows], seed)
    metrics = {
        "stability": proof_of_winner.score,
        "stability_spread": proof_of_winner.spread,
        "jaccard_min": proof_of_winner.jaccard_min,
        "share_negative_yardstick": share_negative(values, sampled),
        "dbcv_yardstick": dbcv(yardstick.X, winner.labels, seed),
    }
    if evidence and evidence.agreement is not None:
        metrics["agreement"] = evidence.agreement
    strength = _prediction_strength(study, winner, rows, seed)
    if strength is not None:
        metrics["prediction_strength"] = strength
    if gaps:
        metrics["gap_k"] = gaps.k
        if winner.scores.n_segments in gaps.ks:
            at = gaps.ks.index(winner.scores.n_segments)
            metrics |= {"gap_yardstick": gaps.values[at], "gap_error_yardstick": gaps.errors[at]}
    return ClusterValidation(
        proof_of_winner,
        _segments(winner, values, sampled, proof_of_winner),
        neighbours,
        tuple(c.labels for c in series),
        _agreement(study, everyone, selection),
        gaps,
        {name: float(value) for name, value in metrics.items()},
    )


@dataclass(frozen=True)
class _Repeat:
    """Fits candidates to sub-samples as the config says."""

    study: StudyResult
    settings: ValidationSettings
    rows: np.ndarray
    on_fit: Callable[[], None]

    def __call__(self, candidate: Candidate, fits: int) -> Stability:
        # A radius means something else among fewer rows; a number of segments does not.
        rows = self.rows if candidate.asked is not None else np.arange(len(candidate.labels))

        def fit(sample: np.ndarray) -> np.ndarray:
            labels = self.study.fitter.refit(_configuration(self.study, candidate), sample)
            self.on_fit()
            return labels

        return stability(
            fit,
            candidate.labels,
            fits,
            seed=self.settings.seed,
            bootstrap=self.settings.bootstrap,
            rows=rows,
        )


def _configuration(study: StudyResult, candidate: Candidate) -> Configuration:
    configuration = study.outcome(candidate.number).configuration
    assert configuration is not None
    return configuration


def _series(
    everyone: dict[int, Candidate], selection: Selection, winner: Candidate, reach: int
) -> list[Candidate]:
    """The best of the winner's kind at each k near its own, by k."""
    k = winner.scores.n_segments
    best = {k: winner}
    for number in selection.ranking:
        c = everyone.get(number)
        if (
            c
            and c.algorithm == winner.algorithm
            and abs(c.scores.n_segments - k) <= reach
            and not c.scores.degenerate
        ):
            best.setdefault(c.scores.n_segments, c)
    return [best[k] for k in sorted(best)]


def _neighbours(series: list[Candidate], found: dict[int, Stability]) -> pd.DataFrame:
    steps = [None, *segment_overlap([c.labels for c in series])]
    parts = []
    for c, step in zip(series, steps, strict=True):
        sizes = np.bincount(c.labels[c.labels >= 0])
        parts.append(
            pd.DataFrame(
                {
                    "k": len(sizes),
                    "segment": range(len(sizes)),
                    "size": sizes,
                    "jaccard": found[c.number].jaccard,
                    "across": step.stability if step else np.nan,
                    "trial": c.number,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _segments(winner: Candidate, values: np.ndarray, sampled: np.ndarray, found: Stability) -> pd.DataFrame:
    sizes = np.bincount(winner.labels[winner.labels >= 0])
    present = np.unique(sampled[sampled >= 0])
    renumbered = np.where(sampled >= 0, np.searchsorted(present, sampled), -1)
    means = pd.Series(segment_silhouettes(values, renumbered), index=present)
    below = {s: share_negative(values, np.where(sampled == s, 0, -1)) for s in present}
    return pd.DataFrame(
        {
            "segment": range(len(sizes)),
            "size": sizes,
            "share": sizes / len(winner.labels),
            "silhouette": means.reindex(range(len(sizes))).to_numpy(),
            "share_negative": pd.Series(below).reindex(range(len(sizes))).to_numpy(),
            "jaccard": found.jaccard,
        }
    )


def _agreement(study: StudyResult, everyone: dict[int, Candidate], selection: Selection) -> pd.DataFrame:
    best: dict[str, Candidate] = {}
    for number in selection.ranking:
        c = everyone.get(number)
        if c and not c.scores.degenerate:
            best.setdefault(c.algorithm, c)
    shown = list(best.values())[:SHOWN_CANDIDATES]
    names = [f"{c.algorithm} k={c.scores.n_segments}" for c in shown]
    table = [[adjusted_rand(a.labels, b.labels) for b in shown] for a in shown]
    return pd.DataFrame(table, index=names, columns=names)


def _gap(X: np.ndarray, seed: int) -> Gap | None:
    largest = min(LARGEST_GAP_K, len(np.unique(X, axis=0)) - 1)
    if largest < 2:
        return None

    def cluster(rows: np.ndarray, k: int) -> np.ndarray:
        return KMeans(k, n_init=GAP_STARTS, random_state=seed).fit(rows).labels_

    return gap(X, cluster, range(1, largest + 1), GAP_DRAWS, seed)


def _prediction_strength(study: StudyResult, winner: Candidate, rows: np.ndarray, seed: int) -> float | None:
    configuration = _configuration(study, winner)
    X = study.fitter.model_space(configuration)[2][rows]

    def fit(half: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        return study.fitter.algorithm(configuration).fit(half).predict

    with warnings.catch_warnings():
        # What there was to say was said of the fit to all rows.
        warnings.simplefilter("ignore")
        try:
            return prediction_strength(X, fit, FEWER_FITS // 2, seed)
        except InputError:
            # Half the rows are too few for it.
            return None


def evidence_tables(selected: StudySelection) -> dict[str, pd.DataFrame]:
    """The evidence as tables, by the name of their file."""
    validation = selected.validation
    assert validation is not None
    found = {"segments/evidence.csv": validation.segments, "study/neighbours.csv": validation.neighbours}
    if selected.sets is not None:
        found["study/feature_sets.csv"] = selected.sets
    gap = validation.gap
    if gap:
        found["study/gap.csv"] = pd.DataFrame({"k": gap.ks, "gap": gap.values, "error": gap.errors})
    return found


def verdict_figure(found: ClusteringTendency) -> "Figure":
    """Draw the evidence behind a verdict."""
    return plots.structure(
        found.ks,
        found.silhouettes,
        found.expected,
        found.sentence,
        found.stabilities,
        found.stabilities_expected,
    )


def evidence_figures(selected: StudySelection) -> dict[str, "Figure"]:
    """The evidence as figures, by their name."""
    proof, found = selected.validation, selected.verdict
    assert proof is not None
    k = int(proof.segments["segment"].max()) + 1
    drawn = {
        "structure": verdict_figure(found),
        "segment_stability": plots.segment_stability(proof.neighbours, k),
        "agreement": plots.agreement_matrix(proof.agreement),
    }
    if len(proof.solutions) > 1:
        drawn["segment_flows"] = plots.segment_flows(proof.solutions, k)
    if proof.gap:
        drawn["gap"] = plots.gap_curve(proof.gap.ks, proof.gap.values, proof.gap.errors, k, proof.gap.k)
    leading = _leading(selected)
    if len(leading) > 1:
        drawn["selection"] = plots.selection_evidence(leading)
    return drawn


def _leading(selected: StudySelection) -> pd.DataFrame:
    """The candidates that were looked at closely, best first, each answer once."""
    study, selection, features = selected.study, selected.selection, selected.features
    assert selection is not None
    rows, seen = [], set()
    for number in selection.ranking:
        evidence, outcome = selection.evidence.get(number), study.outcome(number)
        if not (evidence and evidence.stability and outcome.configuration and outcome.scores):
            continue
        if outcome.configuration.features != features or outcome.scores in seen:
            continue
        seen.add(outcome.scores)
        rows.append(
            {
                "title": f"{number} {outcome.configuration.title}",
                "refused": number in selection.failed,
                "stability": evidence.stability.score,
                "agreement": np.nan if evidence.agreement is None else evidence.agreement,
                "silhouette": outcome.scores.silhouette,
            }
        )
    return pd.DataFrame(rows[:SHOWN_CANDIDATES])
