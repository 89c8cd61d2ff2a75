"""From customers to what people act on: a clustering or a study, its verdict, profile, names, rules, report.

Each step stands here once, over plain values: commands add config and tracking to them, notebooks use them as they are.
"""

from segmentation.workflows._choice import StudySelection, choose
from segmentation.workflows._defaults import (
    EXCEPTIONAL,
    PLAYBOOKS,
    default_profiling,
    default_space,
    option,
)
from segmentation.workflows._evaluate import (
    EvaluatedClustering,
    default_yardstick,
    evaluate,
    single_configuration,
)
from segmentation.workflows._explore import DataExploration, explore
from segmentation.workflows._figures import card_figures, clustering_figures, pictured
from segmentation.workflows._fit import fit
from segmentation.workflows._profiles import NOISE, Identity, ProfilingSettings, SegmentProfiles, analyse
from segmentation.workflows._refit import refit, space_around, space_of
from segmentation.workflows._results import SegmentationResult, profile_segments
from segmentation.workflows._search import search
from segmentation.workflows._study import (
    evaluate_winner,
    pareto_trials,
    readable,
    select_winner,
    study_figures,
    summarise,
)
from segmentation.workflows._summary import StudySummary, build_report, csv, report_files, write_report
from segmentation.workflows._text import (
    leaderboard_text,
    segments_record,
    segments_text,
    trials_text,
    validation_text,
)
from segmentation.workflows._update import move_centers, require_centers
from segmentation.workflows._validation import (
    ClusterValidation,
    ValidationSettings,
    evidence_figures,
    evidence_tables,
    validate,
    verdict_figure,
)

__all__ = [
    "EXCEPTIONAL",
    "NOISE",
    "PLAYBOOKS",
    "ClusterValidation",
    "DataExploration",
    "EvaluatedClustering",
    "Identity",
    "ProfilingSettings",
    "SegmentProfiles",
    "SegmentationResult",
    "StudySelection",
    "StudySummary",
    "ValidationSettings",
    "analyse",
    "build_report",
    "card_figures",
    "choose",
    "clustering_figures",
    "csv",
    "default_profiling",
    "default_space",
    "default_yardstick",
    "evaluate",
    "evaluate_winner",
    "evidence_figures",
    "evidence_tables",
    "explore",
    "fit",
    "leaderboard_text",
    "move_centers",
    "option",
    "pareto_trials",
    "pictured",
    "profile_segments",
    "readable",
    "refit",
    "report_files",
    "require_centers",
    "search",
    "segments_record",
    "segments_text",
    "select_winner",
    "single_configuration",
    "space_around",
    "space_of",
    "study_figures",
    "summarise",
    "trials_text",
    "validate",
    "validation_text",
    "verdict_figure",
    "write_report",
]
