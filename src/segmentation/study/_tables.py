"""A finished study as tables: leaderboard, curves over k, parameters and their importance."""

import warnings
from collections.abc import Mapping

import optuna
import pandas as pd

from segmentation.evaluation import Evidence, Selection
from segmentation.study._study import StudyResult, TrialResult


def leaderboard(study: StudyResult, selection: Selection | None) -> pd.DataFrame:
    """Every trial with its scores, best first.

    Parameters
    ----------
    study : StudyResult
        What was tried.
    selection : Selection or None
        The order and the reasons; without one, trials come in the order of their numbers.

    Returns
    -------
    DataFrame
        One row a trial: rank, trial, algorithm, features, scaler, reducer, params, state, the scores, the
        evidence where it was looked for (agreement with other algorithms and stability as adjusted Rand
        indices, the smallest Jaccard of a segment), seconds, and `failed`, which test it did not pass.
    """
    rank = {number: i for i, number in enumerate(selection.ranking if selection else (), start=1)}
    rows = [{"rank": rank.get(o.number), **_row(o, selection)} for o in study.outcomes]
    return pd.DataFrame(rows).sort_values(["rank", "trial"], na_position="last", ignore_index=True)


def evidence_scores(evidence: Evidence | None) -> dict[str, float]:
    """The evidence as figures under the names that runs and tables give them."""
    if evidence is None:
        return {}
    scores = {} if evidence.agreement is None else {"agreement": evidence.agreement}
    if evidence.stability:
        scores |= {"stability": evidence.stability.score, "jaccard_min": evidence.stability.jaccard_min}
    return scores


def _row(outcome: TrialResult, selection: Selection | None) -> dict[str, object]:
    c = outcome.configuration
    return {
        "trial": outcome.number,
        "algorithm": c and c.algorithm,
        "features": c and c.features,
        "scaler": c and c.scaler,
        "reducer": c and c.reducer,
        "params": ", ".join(f"{k}={v}" for k, v in c.params) if c else None,
        "state": outcome.state,
        **(outcome.scores.metrics() if outcome.scores else {}),
        **{f"{name}_model": value for name, value in outcome.own.items()},
        **evidence_scores(selection.evidence.get(outcome.number) if selection else None),
        "seconds": outcome.seconds,
        "failed": outcome.reason or (selection.failed.get(outcome.number) if selection else None),
    }


def curves_over_k(study: StudyResult, features: str) -> pd.DataFrame:
    """The best of each algorithm at each number of segments, for one feature set.

    Parameters
    ----------
    study : StudyResult
        What was tried.
    features : str
        The feature set.

    Returns
    -------
    DataFrame
        Columns algorithm, k, silhouette (highest at that k), inertia (lowest at that k), both in the
        yardstick space; ordered by algorithm and k.
    """
    rows = [
        (o.configuration.algorithm, o.scores.n_segments, o.scores.silhouette, o.scores.inertia)
        for o in study.outcomes
        if o.configuration and o.scores and o.state == "complete" and o.configuration.features == features
    ]
    frame = pd.DataFrame(rows, columns=["algorithm", "k", "silhouette", "inertia"])
    return frame.groupby(["algorithm", "k"], as_index=False).agg({"silhouette": "max", "inertia": "min"})


def parameter_table(study: StudyResult) -> pd.DataFrame:
    """What each finished trial chose, one column a parameter, missing where it did not apply.

    Returns
    -------
    DataFrame
        Index: trial number; the last column `objective` is the first score that was searched for.
    """
    trials = [t for t in study.record.get_trials(deepcopy=False) if t.values]
    frame = pd.DataFrame([t.params for t in trials], index=[t.number for t in trials])
    return frame.assign(objective=[t.values[0] for t in trials])


def parameter_importance(study: StudyResult) -> Mapping[str, float]:
    """How much of the objective each parameter explains (Optuna's PED-ANOVA), largest first.

    Returns
    -------
    mapping of str to float
        Shares that sum to 1; empty where there are too few trials, or all score the same.
    """
    trials = [t for t in study.record.get_trials(deepcopy=False) if t.values]
    if len({t.values[0] for t in trials}) < 2:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return optuna.importance.get_param_importances(study.record, target=lambda t: t.values[0])
        except (RuntimeError, ValueError):
            # Raised where a parameter has a single value or too few trials know it.
            return {}
