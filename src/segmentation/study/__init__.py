"""The Optuna study: what may be tried, trying it, and what came out."""

from segmentation.study._bench import Bench, Clustering, Fitted, own_scores
from segmentation.study._search import Outcome, Search, Study, open_study, plan_of, run_search, trials_of
from segmentation.study._space import FROM_DATA, Choice, Configuration, Float, Integer, Space
from segmentation.study._views import (
    curves_over_k,
    evidence_scores,
    leaderboard,
    parameter_importance,
    parameter_table,
)

__all__ = [
    "FROM_DATA",
    "Bench",
    "Choice",
    "Clustering",
    "Configuration",
    "Fitted",
    "Float",
    "Integer",
    "Outcome",
    "Search",
    "Space",
    "Study",
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
