"""`segment stream`: records as they arrive into the champion's segments, each of them once."""

import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pandas as pd
from omegaconf import DictConfig, OmegaConf
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from segmentation.analysis import Assessed, Desk, analyse
from segmentation.cli import INTERRUPTED
from segmentation.clustering import BisectingKMeans, KMeans, MiniBatchKMeans
from segmentation.commands import promote
from segmentation.commands._clustering import choice_tags, log_pipeline, open_store
from segmentation.commands._config import build, plain
from segmentation.commands._result import Result
from segmentation.commands._trained import source
from segmentation.data import Customers, Demo, MallFile, TableFile
from segmentation.errors import InputError
from segmentation.evaluation import Yardstick
from segmentation.serving import SegmentModel
from segmentation.streaming import (
    STANDARD_INPUT,
    Counts,
    FileSource,
    JsonLinesSource,
    ServedModel,
    StreamState,
    stream,
)
from segmentation.study import Configuration, Fitted
from segmentation.tracking import (
    CHALLENGER,
    ModelVersion,
    Registry,
    Store,
    data_tags,
    identified,
    identity_tags,
    load_model,
    version_at,
)

REFRESH = 10.0
"""Seconds after which the registry is asked again who is the champion."""
UPDATES = "updates"
LEARNED = "learned"
ID = "customer_id"
ALGORITHM = "minibatch_kmeans"
CENTERS = (KMeans, MiniBatchKMeans, BisectingKMeans)
LEAST = {"batch": 1, "poll": 0.01, "settle": 0, "max_seconds": 0}


def run(config: DictConfig) -> Result:
    """Put the records of a folder or of standard input into segments.

    Parameters
    ----------
    config : DictConfig
        The composed config of conf/stream.yaml.

    Returns
    -------
    Result

    Raises
    ------
    KeyboardInterrupt
        After the micro-batch in which SIGINT or SIGTERM came.
    """
    started = time.monotonic()
    for key, least in LEAST.items():
        value = config[key]
        if value is not None and value < least:
            raise InputError(f"{key}={value}; valid are numbers of at least {least}.")
    store = open_store(config)
    champion = _Champion(config)
    every = config["update"].every
    place = STANDARD_INPUT if config.source == STANDARD_INPUT else str(Path(config.source).resolve())
    done = Counts()
    updates: list[dict[str, Any]] = []
    with (
        _ending_well(),
        threadpool_limits(1),
        StreamState(Path(config.output), place, champion.name, every is not None) as state,
        tqdm(desc="records", file=sys.stderr, leave=False, mininterval=1.0) as progress,
    ):
        records = _records(config, state, champion)

        def stop() -> bool:
            late = config.max_seconds is not None and time.monotonic() - started >= config.max_seconds
            return INTERRUPTED.is_set() or late

        def on_batch(counts: Counts) -> None:
            nonlocal done
            done += counts
            progress.update(counts.records)
            progress.set_postfix_str(f"{done.rejected} rejected, {done.changes} changes", refresh=False)
            if every is not None and state.since_update >= every:
                updates.append(_update(config, store, state, champion))

        stream(records, state, champion, stop, config.poll, on_batch)
        total = state.total
        _tell_what_is_left(records, state)
    if INTERRUPTED.is_set():
        raise KeyboardInterrupt
    passed = records.passed if isinstance(records, JsonLinesSource) else 0
    record = {
        "model": config.model,
        "version": champion.version,
        "output": str(config.output),
        "records": done.records,
        **asdict(done),
        "passed": passed,
        "total": {"records": total.records, **asdict(total)},
        "updates": updates,
        "seconds": round(time.monotonic() - started, 3),
    }
    return Result(_text(config, done, passed, updates), record)


@contextmanager
def _ending_well() -> Iterator[None]:
    """Let the first signal end the stream after its micro-batch; the second ends it at once."""

    def ask(signum: int, frame: FrameType | None) -> None:
        if INTERRUPTED.is_set():
            raise KeyboardInterrupt
        INTERRUPTED.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Champion:
    """The model that `model` names, whoever that is by now."""

    def __init__(self, config: DictConfig) -> None:
        self._config = config
        self.registered: ModelVersion | None = None
        self.metadata: dict[str, Any] = {}
        self._served: ServedModel | None = None
        self._asked = -np.inf
        self()

    @property
    def name(self) -> str:
        """What the versions have in common."""
        return self.registered.name if self.registered else str(self._config.model)

    @property
    def version(self) -> str:
        """Which one it is."""
        return self.registered.version if self.registered else str(self._config.model)

    def __call__(self) -> ServedModel:
        """Load it where it is another one than before."""
        if self._served is None or time.monotonic() > self._asked + REFRESH:
            found = version_at(self._config.model)
            if self._served is None or (found and found != self.registered):
                self.registered = found
                self._served = self._load(found.uri if found else self._config.model)
            self._asked = time.monotonic()
        return self._served

    def forget(self) -> None:
        """Ask the registry again before the next micro-batch."""
        self._asked = -np.inf

    def _load(self, uri: str) -> ServedModel:
        model, self.metadata = load_model(uri)
        kinds = ", ".join(kind.__name__ for kind in CENTERS)
        if self._config["update"].every is not None and not isinstance(model.algorithm, CENTERS):
            raise InputError(
                f"update.every={self._config['update'].every} moves centres, and the model at {uri} is a "
                f"{type(model.algorithm).__name__}; valid are {kinds}, or update.every=null."
            )
        return ServedModel(model, self.version, _reader(self._config, self.metadata, model)._new)


def _reader(config: DictConfig, metadata: dict[str, Any], model: SegmentModel) -> MallFile | TableFile:
    """What read the training data, told to read records as it read those."""
    if OmegaConf.is_missing(config.data, "path"):
        config.data.path = str(config.source)
    found = source(config, metadata)
    if isinstance(found, Demo):
        found = MallFile(config.source)
    if isinstance(found, MallFile):
        if config.id is not None:
            raise InputError(
                f"id={config.id}; mall customers have their own column of ids, valid is id=null."
            )
        return found
    if not isinstance(found, TableFile):
        raise InputError(
            f"The model was trained on {type(found).__name__}, of which a record is no customer; stream tables of "
            f"customers: data=table id=..."
        )
    # What a column holds is told by the training, not by the few records that come together.
    named = {*(found.dates or ()), *found.drop, *(found.numeric or ()), *(found.categorical or ())}
    numbers = [column for column in model.ranges_ if column not in named]
    levels = [column for column in model.levels_ if column not in named]
    found = replace(
        found,
        id=found.id if config.id is None else config.id,
        numeric=numbers if found.numeric is None else found.numeric,
        categorical=levels if found.categorical is None else found.categorical,
    )
    if found.id is None:
        raise InputError("The training data had no column of customer ids; name that of the records: id=...")
    return found


def _records(config: DictConfig, state: StreamState, champion: _Champion) -> FileSource | JsonLinesSource:
    if config.source == STANDARD_INPUT:
        return JsonLinesSource(sys.stdin.fileno(), state, config.batch, config.replay)
    if config.replay is not None:
        raise InputError(f"replay={config.replay} is for standard input; files are known by their names.")
    reader = _reader(config, champion.metadata, champion().model)
    separator = reader.separator if isinstance(reader, TableFile) else None
    return FileSource(Path(config.source), state, config.batch, config.settle, config.once, separator)


def _tell_what_is_left(records: FileSource | JsonLinesSource, state: StreamState) -> None:
    if isinstance(records, JsonLinesSource):
        if records.incomplete:
            print(
                "segment: standard input ended within a line, which was left for the next time.",
                file=sys.stderr,
            )
        return
    gone = [name for name in state.unfinished() if not Path(records.path, name).exists()]
    if gone:
        print(f"segment: taken away before they were read to their end: {', '.join(gone)}", file=sys.stderr)


def _text(config: DictConfig, done: Counts, passed: int, updates: list[dict[str, Any]]) -> str:
    where = (
        "lines of standard input"
        if config.source == STANDARD_INPUT
        else f"records, {done.files} files to their end"
    )
    lines = [
        f"{done.records} {where}: {done.assigned} assigned, {done.rejected} rejected, {done.changes} changed segment",
        *([f"{passed} lines that were done before were passed over"] if passed else []),
        *(f"after {update['records']} records: {update['said']}" for update in updates),
        f"written to {config.output}",
    ]
    return "\n".join(lines)


def _update(config: DictConfig, store: Store, state: StreamState, champion: _Champion) -> dict[str, Any]:
    """Move the centres by what came since the last time, register the result, and ask the gate.

    Whoever is killed in between registers it again: a version more, and the same one.
    """
    served, records = champion(), state.total.records
    number = len(list(Path(config.output, UPDATES).glob("*.parquet"))) + 1
    learned = _learned(state, served)
    try:
        recent = _recent(config, state, served, number)
        customers: Customers = build(recent, "data").read()
        algorithm = MiniBatchKMeans(
            len(learned["centers"]), batch_size=config.batch, random_state=config.seed
        )
        X = served.model.pipeline[:-1].transform(customers.table)
        algorithm.fit_from(X, learned["centers"], learned["weights"])
        version = _register(config, store, champion, customers, X, algorithm)
    except InputError as error:
        state.forget({})
        print(f"segment: no update after {records} records: {error}", file=sys.stderr)
        return {"records": records, "said": f"no update: {error}", "version": None, "promoted": False}
    said, promoted = f"version {version.version} registered as {CHALLENGER}", False
    if config["update"].promote:
        asked = _ask(config, recent, records)
        promoted = bool(asked.record["promoted"])
        said = f"{said}, {'promoted' if promoted else 'not promoted: ' + '; '.join(asked.record['refused'])}"
        champion.forget()
    moved = {"centers": algorithm.moved_centers_.tolist(), "weights": algorithm.moved_weights_.tolist()}
    # A new champion begins with the customers that made it one.
    state.forget({LEARNED: json.dumps({"model": served.version, **moved})})
    print(f"segment: after {records} records: {said}", file=sys.stderr)
    return {"records": records, "said": said, "version": version.version, "promoted": promoted}


def _learned(state: StreamState, served: ServedModel) -> dict[str, Any]:
    """Where the centres are that this champion's have moved to, and how many customers each stands for."""
    before = json.loads(state.note(LEARNED) or "{}")
    if before.get("model") == served.version:
        return before
    model = served.model
    return {"centers": model.algorithm.cluster_centers_, "weights": [s.size for s in model.segments]}


def _recent(config: DictConfig, state: StreamState, served: ServedModel, number: int) -> dict[str, Any]:
    """Write the last record of each customer to a table, for the gate and whoever promotes by hand; its config."""
    table = state.recent()
    features = served.model.features
    kinds = {c: "str" if c in features.categorical_ else float for c in features.columns_}
    kinds |= {c: "str" for c in table if c not in kinds and not pd.api.types.is_numeric_dtype(table[c])}
    table = table.astype(kinds)
    path = Path(config.output, UPDATES, f"{number:06d}.parquet")
    path.parent.mkdir(exist_ok=True)
    table.rename_axis(ID).reset_index().to_parquet(path, index=False)
    numeric = [str(c) for c in table.select_dtypes("number")]
    others = [str(c) for c in table if c not in numeric]
    node = {"path": str(path), "id": ID, "numeric": numeric, "categorical": others, "dates": {}}
    return {"_target_": "segmentation.data.TableFile", **node}


def _register(
    config: DictConfig,
    store: Store,
    champion: _Champion,
    customers: Customers,
    X: np.ndarray,
    algorithm: MiniBatchKMeans,
) -> ModelVersion:
    model, metadata = champion().model, champion.metadata
    choice, before = metadata["choice"], f"{metadata['choice']['algorithm']}."
    kept = {key: value for key, value in metadata["params"].items() if not key.startswith(before)}
    params = {
        **kept,
        f"{ALGORITHM}.n_clusters": algorithm.n_clusters,
        f"{ALGORITHM}.batch_size": config.batch,
    }
    configuration = Configuration(**{**choice, "algorithm": ALGORITHM}, params=tuple(sorted(params.items())))
    fitted = Fitted(Pipeline([*model.pipeline.steps[:-1], ("algorithm", algorithm)]), X, algorithm.labels_)
    scaler = build(config.yardstick, "yardstick")
    space = model.features.transform(customers.table)
    yardstick = Yardstick.of(space, scaler, metadata.get("yardstick", "yardstick"), config.seed)
    assessed = Assessed(configuration, fitted, yardstick, yardstick.score(fitted.labels))
    registry = Registry(store, config.tracking.model)
    # Files are read as the champion reads them; the table of recent customers is read otherwise.
    settings = OmegaConf.create({**plain(config), "data": metadata["data"]})
    market = analyse(
        Desk(build(config.naming, "naming")).of(customers.table),
        customers,
        assessed,
        None,
        config.seed,
        lambda segments: identified(registry, list(segments), customers, fitted.labels),
    )
    about = {**data_tags(customers), **choice_tags(configuration), "command": "stream"}
    tags = {
        **choice_tags(configuration),
        "n_segments": str(assessed.scores.n_segments),
        "updated_from": champion.version,
        **identity_tags(market.segments, market.lineage),
    }
    with store.run(f"stream update of version {champion.version}", about) as run:
        run.log(metrics=assessed.metrics())
        run.table("segments/profile.csv", market.profile.summary(), index=True)
        assigned = pd.DataFrame({"segment": fitted.labels}, index=customers.table.index)
        run.table("segments/assignments.csv", assigned, index=True)
        uri = log_pipeline(run, settings, customers, assessed, market)
        return registry.register(run, uri, CHALLENGER, tags)


def _ask(config: DictConfig, recent: dict[str, Any], records: int) -> Result:
    """Put the challenger before the gate of `segment promote`, on the recent customers."""
    wanted = {
        "alias": CHALLENGER,
        "reason": f"update by segment stream after {records} records",
        "force": False,
        "dry_run": False,
        "data": recent,
    }
    return promote.run(OmegaConf.create({**plain(config), **wanted}))
