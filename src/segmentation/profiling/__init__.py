"""What the segments are like."""

from segmentation.profiling._profile import profile

__all__ = ["profile"]
