"""Feature sets: which columns of the customers are clustered on, and how they become numbers."""

from segmentation.features._auto_scaler import AutoScaler
from segmentation.features._feature_set import FeatureSet
from segmentation.features._preparation import Treatment, treat, values_apart
from segmentation.features._redundancy import cramers_v
from segmentation.features._roles import Role, role
from segmentation.features._table import Preparation, prepared, prepared_text

__all__ = [
    "AutoScaler",
    "FeatureSet",
    "Preparation",
    "Role",
    "Treatment",
    "cramers_v",
    "prepared",
    "prepared_text",
    "role",
    "treat",
    "values_apart",
]
