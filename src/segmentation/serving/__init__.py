"""The life of a model after the study: who its segments are, scoring, drift."""

from segmentation.serving._segment import Segment

__all__ = ["Segment"]
