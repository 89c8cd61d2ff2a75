"""Later customers compared with those of the training: drift, and who changed segment."""

from segmentation.monitoring._drift import Drift, Reason, drift
from segmentation.monitoring._migration import Migration, migrate
from segmentation.monitoring._monitor import MonitoringResult, monitor
from segmentation.monitoring._reference import Reference, Sample
from segmentation.monitoring._report import build_report, monitoring_figures, monitoring_text
from segmentation.monitoring._thresholds import DriftThresholds

__all__ = [
    "Drift",
    "DriftThresholds",
    "Migration",
    "MonitoringResult",
    "Reason",
    "Reference",
    "Sample",
    "build_report",
    "drift",
    "migrate",
    "monitor",
    "monitoring_figures",
    "monitoring_text",
]
