"""The life of a model after the study: who its segments are, scoring, drift."""

from segmentation.serving._drift import Drift, Limits, Reason, drift
from segmentation.serving._gate import Check, Contender, Gate, checks_table
from segmentation.serving._identity import Change, Lineage, compare, identify
from segmentation.serving._migration import Migration, migrate
from segmentation.serving._model import NOISE_NAME, Assigned, SegmentModel
from segmentation.serving._reference import Reference
from segmentation.serving._score import Scored, require_suffix, score
from segmentation.serving._segment import Segment

__all__ = [
    "NOISE_NAME",
    "Assigned",
    "Change",
    "Check",
    "Contender",
    "Drift",
    "Gate",
    "Limits",
    "Lineage",
    "Migration",
    "Reason",
    "Reference",
    "Scored",
    "Segment",
    "SegmentModel",
    "checks_table",
    "compare",
    "drift",
    "identify",
    "migrate",
    "require_suffix",
    "score",
]
