"""The life of a model after the study: who its segments are, scoring, drift."""

from segmentation.serving._gate import Check, Contender, Gate, checks_table
from segmentation.serving._identity import Change, Lineage, compare, identify
from segmentation.serving._model import Assigned, SegmentModel
from segmentation.serving._segment import Segment

__all__ = [
    "Assigned",
    "Change",
    "Check",
    "Contender",
    "Gate",
    "Lineage",
    "Segment",
    "SegmentModel",
    "checks_table",
    "compare",
    "identify",
]
