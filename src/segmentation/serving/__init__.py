"""A fitted model with its segments: their identity, scoring, and the gate for promotion."""

from segmentation.serving._comparison import Comparison, evaluate_model
from segmentation.serving._gate import Check, EvaluatedModel, Gate, checks_table
from segmentation.serving._identity import Change, Lineage, compare, identify
from segmentation.serving._model import NOISE_NAME, Assigned, SegmentModel
from segmentation.serving._score import Scored, require_suffix, score
from segmentation.serving._segment import Segment

__all__ = [
    "NOISE_NAME",
    "Assigned",
    "Change",
    "Check",
    "Comparison",
    "EvaluatedModel",
    "Gate",
    "Lineage",
    "Scored",
    "Segment",
    "SegmentModel",
    "checks_table",
    "compare",
    "evaluate_model",
    "identify",
    "require_suffix",
    "score",
]
