"""From customers to what people act on: a clustering or a study, its verdict, profile, names, rules, report.

Knows neither Hydra nor MLflow: commands add config and tracking to it, notebooks use it as it is.
"""

from segmentation.analysis._assess import Assessed, assess, only, usual_yardstick
from segmentation.analysis._choice import Chosen, choose
from segmentation.analysis._evidence import (
    Examination,
    Proof,
    evidence_figures,
    evidence_tables,
    examine,
    verdict_figure,
)
from segmentation.analysis._figures import card_figures, clustering_figures, pictured
from segmentation.analysis._found import Found, fit, search
from segmentation.analysis._market import NOISE, Desk, Identity, Market, analyse
from segmentation.analysis._refit import refit, space_around, space_of
from segmentation.analysis._report import Story, csv, report_files, tell, write_report
from segmentation.analysis._study import Decided, decide, pareto_trials, readable, study_figures
from segmentation.analysis._update import move_centers, require_centers
from segmentation.analysis._usual import EXCEPTIONAL, PLAYBOOKS, option, usual_desk, usual_space

__all__ = [
    "EXCEPTIONAL",
    "NOISE",
    "PLAYBOOKS",
    "Assessed",
    "Chosen",
    "Decided",
    "Desk",
    "Examination",
    "Found",
    "Identity",
    "Market",
    "Proof",
    "Story",
    "analyse",
    "assess",
    "card_figures",
    "choose",
    "clustering_figures",
    "csv",
    "decide",
    "evidence_figures",
    "evidence_tables",
    "examine",
    "fit",
    "move_centers",
    "only",
    "option",
    "pareto_trials",
    "pictured",
    "readable",
    "refit",
    "report_files",
    "require_centers",
    "search",
    "space_around",
    "space_of",
    "study_figures",
    "tell",
    "usual_desk",
    "usual_space",
    "usual_yardstick",
    "verdict_figure",
    "write_report",
]
