"""Feature sets: which columns of the customers are clustered on, and how they become numbers."""

from segmentation.features._auto_scaler import AutoScaler
from segmentation.features._feature_set import FeatureSet
from segmentation.features._preparation import Treatment, treat, values_apart

__all__ = ["AutoScaler", "FeatureSet", "Treatment", "treat", "values_apart"]
