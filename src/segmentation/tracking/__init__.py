"""Runs, models and the registry. The only folder that knows MLflow."""

from segmentation.tracking._history import assignments, version_at
from segmentation.tracking._identity import identified, identity_tags
from segmentation.tracking._latest import LatestModel
from segmentation.tracking._models import hash_model, load_model, log_model
from segmentation.tracking._promotion import Promotion, promote_challenger
from segmentation.tracking._registry import CHALLENGER, CHAMPION, PREVIOUS, ModelVersion, Registry
from segmentation.tracking._served import unservable
from segmentation.tracking._server import serve
from segmentation.tracking._store import Run, Store, data_tags, user_name

__all__ = [
    "CHALLENGER",
    "CHAMPION",
    "PREVIOUS",
    "LatestModel",
    "ModelVersion",
    "Promotion",
    "Registry",
    "Run",
    "Store",
    "assignments",
    "data_tags",
    "hash_model",
    "identified",
    "identity_tags",
    "load_model",
    "log_model",
    "promote_challenger",
    "serve",
    "unservable",
    "user_name",
    "version_at",
]
