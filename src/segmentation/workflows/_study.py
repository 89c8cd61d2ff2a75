"""A finished study with its choice, as values, tables and pictures."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from segmentation import plots
from segmentation.errors import InputError
from segmentation.evaluation import ByPareto, Constraints, Selection, knee
from segmentation.study import StudyResult, curves_over_k, leaderboard, parameter_importance, parameter_table
from segmentation.workflows._choice import StudySelection, choose
from segmentation.workflows._evaluate import EvaluatedClustering, evaluate
from segmentation.workflows._summary import StudySummary
from segmentation.workflows._validation import ValidationSettings, evidence_figures, validate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OBJECTIVE = "Silhouette in the yardstick space"


def select_winner(
    study: StudyResult,
    rule: Any,
    constraints: Constraints,
    validation: ValidationSettings,
    on_fit: Callable[[], None],
    value: np.ndarray | None = None,
) -> StudySelection:
    """Choose a study's winner and look at it closely.

    Parameters
    ----------
    study : StudyResult
        What was found.
    rule : object
        A rule of `conf/selection`.
    constraints : Constraints
        What the winner must keep.
    validation : ValidationSettings
        How closely it is looked at.
    on_fit : callable
        Called after each fit to a sub-sample.
    value : ndarray of shape (n,), optional
        What each customer is worth.

    Returns
    -------
    StudySelection

    Raises
    ------
    InputError
        If every trial failed.
    """
    if study.outcomes and all(outcome.state == "failed" for outcome in study.outcomes):
        raise InputError(
            f"All {len(study.outcomes)} trials failed, the first one so: {study.outcomes[0].reason}"
        )
    with threadpool_limits(study.fitter.threads):
        selected = choose(rule, study, constraints, validation.seed, on_fit, value)
        if selected.selection is None:
            return selected
        return replace(selected, validation=validate(selected, validation, on_fit))


def evaluate_winner(selected: StudySelection) -> EvaluatedClustering:
    """Fit a study's winner, as a pipeline that scores new customers."""
    assert selected.winner is not None
    assert selected.winner.configuration is not None
    return evaluate(selected.study.fitter, selected.winner.configuration)


def summarise(selected: StudySelection, constraints: Constraints) -> StudySummary:
    """What a study knows of its winner, and a single fit does not."""
    selection, validation = selected.selection, selected.validation
    assert selection is not None
    assert validation is not None
    return StudySummary(
        selected.verdict,
        selection.reason,
        selection.unsure,
        validation.segments,
        readable(leaderboard(selected.study, selection)),
        {**study_figures(selected, constraints), **evidence_figures(selected)},
    )


def study_figures(selected: StudySelection, constraints: Constraints) -> dict[str, "Figure"]:
    """Draw a study from every side, under the names of the files."""
    study, selection, fitter = selected.study, selected.selection, selected.study.fitter
    drawn = {}
    winner = selected.winner
    for features in fitter.space.features:
        curves = curves_over_k(study, features)
        if curves.empty:
            continue
        space = fitter.yardstick(features).space
        chosen = None
        if winner and winner.configuration and winner.scores and winner.configuration.features == features:
            chosen = winner.scores.n_segments
        ending = f"_{features}" if len(fitter.space.features) > 1 else ""
        by_algorithm = {str(name): part for name, part in curves.groupby("algorithm")}
        silhouettes = {
            name: (part["k"].tolist(), part["silhouette"].tolist()) for name, part in by_algorithm.items()
        }
        drawn[f"silhouette_over_k{ending}"] = plots.silhouette_curve(silhouettes, space, chosen)
        # The elbow belongs to the algorithm that lowers inertia; any other's curve is not monotone.
        first = (
            "kmeans" if "kmeans" in by_algorithm else max(by_algorithm, key=lambda a: len(by_algorithm[a]))
        )
        part = by_algorithm[first]
        ks, inertia = part["k"].tolist(), part["inertia"].tolist()
        at = knee(ks, inertia)
        drawn[f"elbow{ending}"] = plots.elbow(ks, inertia, space, at, chosen)
    numbers = [o.number for o in study.outcomes]
    values = [o.scores.silhouette if o.scores else np.nan for o in study.outcomes]
    feasible = [o.scores is not None and not constraints.violations(o.scores) for o in study.outcomes]
    best = numbers.index(selection.winner) if selection else None
    if selection and isinstance(selected.rule, ByPareto):
        drawn["pareto_front"] = _front_figure(study, selection, selected.rule)
    drawn["optuna_history"] = plots.history(values, feasible, best, objective=OBJECTIVE)
    drawn["optuna_importance"] = plots.importance(parameter_importance(study))
    table = parameter_table(study)
    objective = table.pop("objective").tolist()
    drawn["optuna_parallel"] = plots.parallel_coordinate(table, objective, objective=OBJECTIVE)
    return drawn


def pareto_trials(study: StudyResult, selection: Selection) -> list[int]:
    """The trials on the front that `ByPareto` found."""
    return [o.number for o in study.outcomes if o.scores and o.number not in selection.failed]


def _front_figure(study: StudyResult, selection: Selection, rule: ByPareto) -> Any:
    names = list(rule.objectives)
    rows = {
        o.number: [getattr(o.scores, name) for name in names]
        for o in study.outcomes
        if o.scores and not o.scores.degenerate
    }
    table = pd.DataFrame.from_dict(rows, orient="index", columns=names)
    return plots.pareto_front(table, names[0], names[1], pareto_trials(study, selection), selection.winner)


def readable(board: pd.DataFrame) -> pd.DataFrame:
    """The leaderboard as people read it."""
    # Many trials find the same clustering; each is shown once.
    distinct = board.drop_duplicates([c for c in board if str(c).endswith("_yardstick")])
    names = {"silhouette_yardstick": "silhouette", "n_segments": "k"}
    columns = ["rank", "trial", "algorithm", "scaler", "params", "silhouette", "k", "failed"]
    shown = distinct.rename(columns=names)
    shown = shown[[c for c in columns if c in shown]]
    # The algorithm has a column of its own: its name before each parameter is noise.
    shown["params"] = shown["params"].str.replace(r"\b\w+\.(?=\w+=)", "", regex=True)
    shown["params"] = shown["params"].str.replace(r"(\.\d{3})\d+", r"\1", regex=True)
    return shown.astype({c: "Int64" for c in ("rank", "trial", "k") if c in shown})
