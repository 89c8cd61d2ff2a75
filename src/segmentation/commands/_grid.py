"""The parent run of `segment fit -m`."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from segmentation.commands._result import Result

if TYPE_CHECKING:
    from segmentation.tracking import Run, Store


class Grid:
    """The jobs of one launch, under one parent run that is opened with the first of them.

    Attributes
    ----------
    active : bool
        Whether this launch is a grid; a single job has no parent.
    print : {"text", "json"}
        How results are shown.
    """

    def __init__(self) -> None:
        self.active = False
        self.print = "text"
        self._stack = ExitStack()
        self._parent: Run | None = None

    def parent(self, store: "Store", tags: Mapping[str, str]) -> "Run | None":
        """The run that this launch's jobs belong under, or None for a single job."""
        if self.active and self._parent is None:
            self._parent = self._stack.enter_context(store.run(f"grid {tags['data']}", tags))
        return self._parent

    def record(self, results: Sequence[Result]) -> dict[str, Any]:
        """All jobs' results as one object."""
        return {
            "parent_run_id": self._parent and self._parent.id,
            "runs": [result.record for result in results],
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)
