"""Every trial of a study as a child run, written beside the search.

Not imported with the package: it draws pictures, and what only opens the store shall not wait for them.
"""

import hashlib
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Self

import numpy as np
from sklearn.decomposition import PCA

from segmentation import plots
from segmentation.study import Configuration, PipelineFitter, TrialResult
from segmentation.tracking._store import Run

WAITING = 16
"""Trials that may wait to be written; the search waits for the store rather than filling the memory."""
DRAWN_ROWS = 1_000


class TrialLogger:
    """Writes trials as child runs on one thread, while the next trial is computed.

    A context manager: leaving it waits for what is still to be written. What goes wrong in writing is raised
    at the next trial, or at the end.

    Parameters
    ----------
    parent : Run
        The study's run.
    tags : mapping of str to str
        What every child has in common with it.
    fitter : PipelineFitter
        Where the yardstick spaces are.
    on_recorded : callable
        Called in the search's own thread after each trial.
    """

    def __init__(
        self,
        parent: Run,
        tags: Mapping[str, str],
        fitter: PipelineFitter,
        on_recorded: Callable[[TrialResult], None],
    ) -> None:
        self._parent, self._tags, self._fitter, self._on_recorded = parent, tags, fitter, on_recorded
        self._planes: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self._pictures: dict[tuple[str, str], bytes] = {}
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._waiting: deque[Future[Any]] = deque()

    def __call__(self, outcome: TrialResult, labels: np.ndarray | None) -> None:
        """Take one trial."""
        self._waiting.append(self._pool.submit(self._write, outcome, labels))
        while len(self._waiting) > WAITING or self._waiting[0].done():
            self._waiting.popleft().result()
            if not self._waiting:
                break
        self._on_recorded(outcome)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._pool.shutdown(wait=True)
        # Where the search itself was interrupted, that is what must be told.
        for future in self._waiting if kind is None else ():
            future.result()

    def _write(self, outcome: TrialResult, labels: np.ndarray | None) -> None:
        configuration, scores = outcome.configuration, outcome.scores
        title = configuration.title if configuration else "failed"
        own = {f"{name}_model": value for name, value in outcome.own.items()}
        said = {"reason": outcome.reason, "warning": outcome.warning}
        files = {}
        if configuration and labels is not None:
            files["plots/clusters.png"] = self._picture(configuration, labels)
        self._parent.child(
            name=f"{outcome.number:03d} {title}",
            started=outcome.started,
            seconds=outcome.seconds,
            status="FAILED" if outcome.state == "failed" else "FINISHED",
            params=configuration.logged if configuration else {},
            metrics={**(scores.metrics() if scores else {}), **own, "seconds": outcome.seconds},
            tags={
                **self._tags,
                **(configuration.choice if configuration else {}),
                "state": outcome.state,
                "trial": str(outcome.number),
                **_given(said),
            },
            files=files,
        )

    def _picture(self, configuration: Configuration, labels: np.ndarray) -> bytes:
        # Many trials find the same segments: drawn once, under a title that all of them can bear.
        key = configuration.features, hashlib.sha256(labels.tobytes()).hexdigest()
        if key not in self._pictures:
            plane, rows = self._plane(configuration.features)
            title = f"{labels.max() + 1} segments, {(labels < 0).mean():.0%} noise"
            self._pictures[key] = plots.thumbnail_png(plane, labels[rows], title)
        return self._pictures[key]

    def _plane(self, features: str) -> tuple[np.ndarray, np.ndarray]:
        # Every trial of a feature set is drawn on the same plane and rows, so that its pictures can be compared.
        if features not in self._planes:
            yardstick = self._fitter.yardstick(features)
            rows = yardstick.rows
            if len(rows) > DRAWN_ROWS:
                rows = np.sort(np.random.default_rng(0).choice(rows, DRAWN_ROWS, replace=False))
            X = yardstick.X
            plane = X if X.shape[1] <= 2 else PCA(2, random_state=0).fit_transform(X)
            self._planes[features] = plane[rows], rows
        return self._planes[features]


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
