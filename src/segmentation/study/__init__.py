"""The Optuna study: what may be tried, trying it, and what came out."""

from segmentation.study._bench import Bench, Fitted
from segmentation.study._search import Outcome, Search, Study, open_study, run_search
from segmentation.study._space import Choice, Configuration, Float, Integer, Space
from segmentation.study._views import curves_over_k, leaderboard, parameter_importance, parameter_table

__all__ = [
    "Bench",
    "Choice",
    "Configuration",
    "Fitted",
    "Float",
    "Integer",
    "Outcome",
    "Search",
    "Space",
    "Study",
    "curves_over_k",
    "leaderboard",
    "open_study",
    "parameter_importance",
    "parameter_table",
    "run_search",
]
