"""Later customers compared with those of the training: drift, and who changed segment."""

from segmentation.monitoring._drift import Drift, Reason, drift
from segmentation.monitoring._migration import Migration, migrate
from segmentation.monitoring._reference import Reference, Sample
from segmentation.monitoring._thresholds import DriftThresholds

__all__ = ["Drift", "DriftThresholds", "Migration", "Reason", "Reference", "Sample", "drift", "migrate"]
