"""From customers to what people act on: a clustering or a study, its verdict, profile, names, rules, report.

Knows neither Hydra nor MLflow: commands add config and tracking to it, notebooks use it as it is.
"""

from segmentation.workflows._choice import StudySelection, choose
from segmentation.workflows._evaluate import (
    EvaluatedClustering,
    default_yardstick,
    evaluate,
    single_configuration,
)
from segmentation.workflows._evidence import (
    ClusterValidation,
    ValidationSettings,
    evidence_figures,
    evidence_tables,
    examine,
    verdict_figure,
)
from segmentation.workflows._explore import DataExploration, explore
from segmentation.workflows._figures import card_figures, clustering_figures, pictured
from segmentation.workflows._found import SegmentationResult, fit, search
from segmentation.workflows._profiles import NOISE, Identity, ProfilingSettings, SegmentProfiles, analyse
from segmentation.workflows._refit import refit, space_around, space_of
from segmentation.workflows._study import ValidatedStudy, decide, pareto_trials, readable, study_figures
from segmentation.workflows._summary import StudySummary, build_report, csv, report_files, write_report
from segmentation.workflows._update import move_centers, require_centers
from segmentation.workflows._usual import EXCEPTIONAL, PLAYBOOKS, default_profiling, default_space, option

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
    "ValidatedStudy",
    "ValidationSettings",
    "analyse",
    "build_report",
    "card_figures",
    "choose",
    "clustering_figures",
    "csv",
    "decide",
    "default_profiling",
    "default_space",
    "default_yardstick",
    "evaluate",
    "evidence_figures",
    "evidence_tables",
    "examine",
    "explore",
    "fit",
    "move_centers",
    "option",
    "pareto_trials",
    "pictured",
    "readable",
    "refit",
    "report_files",
    "require_centers",
    "search",
    "single_configuration",
    "space_around",
    "space_of",
    "study_figures",
    "verdict_figure",
    "write_report",
]
