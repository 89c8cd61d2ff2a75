"""The model registry: versions, aliases, tags."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from mlflow.exceptions import MlflowException

from segmentation.tracking._store import Run, Store


@dataclass(frozen=True)
class ModelVersion:
    """A registered version of a model."""

    name: str
    version: str
    run_id: str | None
    tags: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def uri(self) -> str:
        """Where it can be loaded from."""
        return f"models:/{self.name}/{self.version}"


@dataclass(frozen=True)
class Registry:
    """The versions of one registered model.

    Attributes
    ----------
    store : Store
        Where the registry lives.
    name : str
        The registered model, for example ``customer-segments``.
    """

    store: Store
    name: str

    def register(self, run: Run, model_uri: str, alias: str, tags: Mapping[str, str]) -> ModelVersion:
        """Register a run's model as the next version and give it an alias."""
        client = self.store.client
        with contextlib.suppress(MlflowException):
            # Refused where it is there already; two sweeps may get here at once.
            client.create_registered_model(self.name)
        model_id = model_uri.rpartition("/")[2]
        made = client.create_model_version(self.name, model_uri, run.id, dict(tags), model_id=model_id)
        self.point(alias, str(made.version))
        return ModelVersion(self.name, str(made.version), run.id, tags)

    def find(self, alias: str) -> ModelVersion | None:
        """The version that has an alias, or None."""
        try:
            found = self.store.client.get_model_version_by_alias(self.name, alias)
        except MlflowException:
            return None
        return ModelVersion(self.name, str(found.version), found.run_id, found.tags)

    def point(self, alias: str, version: str, tags: Mapping[str, str] | None = None) -> None:
        """Move an alias to a version."""
        self.store.client.set_registered_model_alias(self.name, alias, version)
        for key, value in (tags or {}).items():
            self.store.client.set_model_version_tag(self.name, version, key, value)
