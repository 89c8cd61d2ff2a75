"""The Optuna study: what may be tried, trying it, and what came out."""

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from segmentation.study._fitter import Clustering, Fitted, PipelineFitter, own_scores
from segmentation.study._space import FROM_DATA, Configuration, SearchSpace
from segmentation.study._study import (
    StudyResult,
    StudySettings,
    TrialResult,
    open_study,
    plan_of,
    run_search,
    trials_of,
)
from segmentation.study._tables import (
    curves_over_k,
    evidence_scores,
    leaderboard,
    parameter_importance,
    parameter_table,
)

__all__ = [
    "FROM_DATA",
    "CategoricalDistribution",
    "Clustering",
    "Configuration",
    "Fitted",
    "FloatDistribution",
    "IntDistribution",
    "PipelineFitter",
    "SearchSpace",
    "StudyResult",
    "StudySettings",
    "TrialResult",
    "curves_over_k",
    "evidence_scores",
    "leaderboard",
    "open_study",
    "own_scores",
    "parameter_importance",
    "parameter_table",
    "plan_of",
    "run_search",
    "trials_of",
]
