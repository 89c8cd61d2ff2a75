"""Feature sets: which columns of the customers are clustered on, and how they become numbers."""

from segmentation.features._feature_set import FeatureSet

__all__ = ["FeatureSet"]
