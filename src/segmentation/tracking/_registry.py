"""The model registry: versions, aliases, tags, and who may change them."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import mlflow
from mlflow.exceptions import MlflowException

from segmentation.errors import InputError
from segmentation.tracking._models import HASH_TAG, hash_model
from segmentation.tracking._store import Run, Store

CHALLENGER = "challenger"
CHAMPION = "champion"
PREVIOUS = "previous"
LAST_SEGMENT_ID = "last_segment_id"
ABSENT = {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}
"""What MLflow answers where there is no such model or alias."""
TAKEN = {"RESOURCE_ALREADY_EXISTS", "RESOURCE_DOES_NOT_EXIST"}
"""What it answers where a name is in use, or was a moment ago."""

PATIENCE = 30.0
"""Seconds to wait for another one's change; it takes well under one."""
LEASE = 600.0
"""Seconds after which whoever holds the lock is taken to have died."""


@dataclass(frozen=True)
class ModelVersion:
    """A registered version of a model."""

    name: str
    version: str
    run_id: str | None
    tags: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def title(self) -> str:
        """What people call it."""
        return f"{self.name} version {self.version}"

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
        """Register a run's model as the next version, with the hash of its files, and give it an alias."""
        self._exist()
        client = self.store.client
        model_id = model_uri.rpartition("/")[2]
        files = Path(mlflow.artifacts.download_artifacts(artifact_uri=model_uri))
        tags = {**tags, HASH_TAG: hash_model(files)}
        made = client.create_model_version(self.name, model_uri, run.id, tags, model_id=model_id)
        client.set_registered_model_alias(self.name, alias, str(made.version))
        return ModelVersion(self.name, str(made.version), run.id, tags)

    def find(self, alias: str) -> ModelVersion | None:
        """The version that has an alias, or None."""
        try:
            found = self.store.client.get_model_version_by_alias(self.name, alias)
        except MlflowException as error:
            # A store that does not answer is not one without a champion.
            if error.error_code not in ABSENT:
                raise InputError(f"tracking.uri={self.store.uri} does not answer ({error}).") from error
            return None
        return ModelVersion(self.name, str(found.version), found.run_id, found.tags)

    def promote(self, version: ModelVersion, expected: ModelVersion | None, tags: Mapping[str, str]) -> bool:
        """Make a version the champion, and the champion `previous`, unless somebody else did meanwhile.

        Parameters
        ----------
        version : ModelVersion
            The next champion.
        expected : ModelVersion or None
            The champion that it was compared with; None where there was none.
        tags : mapping of str to str
            What to write down at the version: who, when, why.

        Returns
        -------
        bool
            False where another version is the champion by now; nothing was changed then.
        """
        client = self.store.client
        with self.locked():
            if self.find(CHAMPION) != expected:
                return False
            self.tag(version, tags)
            if expected is not None:
                client.set_registered_model_alias(self.name, PREVIOUS, expected.version)
            # Last, so that whoever is interrupted has changed nothing that anybody reads.
            client.set_registered_model_alias(self.name, CHAMPION, version.version)
        return True

    def tag(self, version: ModelVersion, tags: Mapping[str, str]) -> None:
        """Write tags at a version."""
        for key, value in tags.items():
            self.store.client.set_model_version_tag(self.name, version.version, key, value)

    def last_segment_id(self) -> int:
        """The highest number that an id of a segment was made of so far; ask and set it while `locked`."""
        try:
            known = self.store.client.get_registered_model(self.name).tags
        except MlflowException as error:
            if error.error_code not in ABSENT:
                raise InputError(f"tracking.uri={self.store.uri} does not answer ({error}).") from error
            return 0
        return int(known.get(LAST_SEGMENT_ID, 0))

    def set_last_segment_id(self, number: int) -> None:
        """Keep the highest number that an id was made of, so that none is given twice."""
        self._exist()
        self.store.client.set_registered_model_tag(self.name, LAST_SEGMENT_ID, str(number))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep everybody else from changing this registered model for a moment, on this machine or another.

        Notes
        -----
        MLflow sets aliases and tags without asking what they were. What every store of it does refuse is a second
        registered model of the same name; so whoever makes the model ``NAME.lock`` holds the lock, and deleting
        it is letting go. A lock that its holder did not live to delete is put aside after `LEASE` seconds: it
        is renamed to a name that holds its time of creation. As that name stays in use, too, only one of
        those who wait can do so, and nobody puts a fresh lock aside by mistake.
        """
        name = f"{self.name}.lock"
        self._acquire(name)
        try:
            yield
        finally:
            self.store.client.delete_registered_model(name)

    def _acquire(self, name: str) -> None:
        end = time.monotonic() + PATIENCE
        while not self._create(name):
            if time.monotonic() > end:
                raise InputError(
                    f"Another command has been changing '{self.name}' for {PATIENCE:.0f} seconds; try again, or "
                    f"delete the registered model '{name}' if you know that none is."
                )
            self._put_aside(name)
            time.sleep(0.05)

    def _create(self, name: str) -> bool:
        try:
            self.store.client.create_registered_model(
                name, description="A command of `segment` is changing aliases or tags; gone in a moment."
            )
        except MlflowException as error:
            if error.error_code in TAKEN:
                return False
            raise InputError(f"tracking.uri={self.store.uri} cannot be written ({error}).") from error
        return True

    def _put_aside(self, name: str) -> None:
        client = self.store.client
        with suppress(MlflowException):
            made = client.get_registered_model(name).creation_timestamp
            if time.time() - made / 1000 > LEASE:
                client.rename_registered_model(name, f"{name}.{made}")

    def _exist(self) -> None:
        with suppress(MlflowException):
            # Refused where it is there already; two sweeps may get here at once.
            self.store.client.create_registered_model(self.name)
