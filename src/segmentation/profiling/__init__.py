"""What the segments are like."""

from segmentation.profiling._descriptors import significance
from segmentation.profiling._names import Naming
from segmentation.profiling._profile import Profile, describe, profile

__all__ = ["Naming", "Profile", "describe", "profile", "significance"]
