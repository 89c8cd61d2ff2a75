"""Customer segmentation: find segments, say whether they are real, describe them, score new customers."""

__version__ = "0.1.0"
