"""A fitted model with its segments: their identity, scoring, and the gate for promotion."""

from segmentation.serving._gate import Check, Contender, Gate, checks_table
from segmentation.serving._identity import Change, Lineage, compare, identify
from segmentation.serving._model import NOISE_NAME, Assigned, SegmentModel
from segmentation.serving._score import Scored, require_suffix, score
from segmentation.serving._segment import Segment

__all__ = [
    "NOISE_NAME",
    "Assigned",
    "Change",
    "Check",
    "Contender",
    "Gate",
    "Lineage",
    "Scored",
    "Segment",
    "SegmentModel",
    "checks_table",
    "compare",
    "identify",
    "require_suffix",
    "score",
]
