"""Runs, models and the registry. The only folder that knows MLflow."""

from segmentation.tracking._history import assignments, version_at
from segmentation.tracking._models import hash_model, load_model, log_model
from segmentation.tracking._registry import CHAMPION, PREVIOUS, ModelVersion, Registry
from segmentation.tracking._served import unservable
from segmentation.tracking._server import serve
from segmentation.tracking._store import Run, Store

__all__ = [
    "CHAMPION",
    "PREVIOUS",
    "ModelVersion",
    "Registry",
    "Run",
    "Store",
    "assignments",
    "hash_model",
    "load_model",
    "log_model",
    "serve",
    "unservable",
    "version_at",
]
