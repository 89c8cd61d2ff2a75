"""The model that a URI names at the moment."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from segmentation.serving import SegmentModel
from segmentation.tracking._history import version_at
from segmentation.tracking._models import load_model
from segmentation.tracking._registry import ModelVersion

REFRESH = 10.0
"""Seconds after which the registry is asked again which version the URI names."""
Served = TypeVar("Served")


class LatestModel(Generic[Served]):
    """The model that a URI names at the moment, loaded again where that is another version.

    Parameters
    ----------
    uri : str
        For example ``models:/customer-segments@champion``.
    prepare : callable
        Given the model, what was logged with it, its version and its own URI, returns what calls return.

    Attributes
    ----------
    registered : ModelVersion or None
        The version; None where the URI names no registered model.
    metadata : dict
        What was logged with it.
    """

    def __init__(
        self, uri: str, prepare: Callable[[SegmentModel, Mapping[str, Any], str, str], Served]
    ) -> None:
        self._uri, self._prepare = uri, prepare
        self.registered: ModelVersion | None = None
        self.metadata: dict[str, Any] = {}
        self._served: Served | None = None
        self._asked = -float("inf")
        self()

    @property
    def name(self) -> str:
        """The name that all versions share."""
        return self.registered.name if self.registered else self._uri

    @property
    def version(self) -> str:
        """The version."""
        return self.registered.version if self.registered else self._uri

    def __call__(self) -> Served:
        """Return the prepared model, loading it where the URI names another version than before."""
        if self._served is None or time.monotonic() > self._asked + REFRESH:
            found = version_at(self._uri)
            if self._served is None or (found and found != self.registered):
                self.registered, uri = found, found.uri if found else self._uri
                model, self.metadata = load_model(uri)
                self._served = self._prepare(model, self.metadata, self.version, uri)
            self._asked = time.monotonic()
        return self._served

    def refresh(self) -> None:
        """Ask the registry again at the next call."""
        self._asked = -float("inf")
