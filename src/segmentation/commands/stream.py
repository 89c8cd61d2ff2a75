"""`segment stream`: records put into the champion's segments as they arrive, each of them once."""

import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from segmentation.cli import INTERRUPTED
from segmentation.commands._config import build
from segmentation.commands._open import open_store
from segmentation.commands._result import Result
from segmentation.commands._trained import source
from segmentation.data import Customers, MallFile, TableFile
from segmentation.errors import InputError
from segmentation.serving import SegmentModel
from segmentation.streaming import (
    STANDARD_INPUT,
    Counts,
    FileSource,
    JsonLinesSource,
    ServedModel,
    StreamState,
    keep_centers,
    known_centers,
    recent_customers,
    record_reader,
    stop_on_signals,
    stream,
)
from segmentation.tracking import (
    CHALLENGER,
    LatestModel,
    ModelVersion,
    Registry,
    Store,
    data_tags,
    identified,
    identity_tags,
    log_model,
    promote_challenger,
)
from segmentation.workflows import (
    EvaluatedClustering,
    ProfilingSettings,
    StudySummary,
    move_centers,
    profile_segments,
    require_centers,
)

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
        if config[key] is not None and config[key] < least:
            raise InputError(f"{key}={config[key]}; valid are numbers of at least {least}.")
    store = open_store(config)

    def serve(model: SegmentModel, metadata: Mapping[str, Any], version: str, uri: str) -> ServedModel:
        if config["update"].every is not None:
            require_centers(model, uri)
        return ServedModel(model, version, _reader(config, metadata, model).read_records)

    latest = LatestModel(config.model, serve)
    every = config["update"].every
    place = STANDARD_INPUT if config.source == STANDARD_INPUT else str(Path(config.source).resolve())
    done = Counts()
    updates: list[dict[str, Any]] = []
    with (
        stop_on_signals(INTERRUPTED),
        threadpool_limits(1),
        StreamState(Path(config.output), place, latest.name, every is not None) as state,
        tqdm(desc="records", file=sys.stderr, leave=False, mininterval=1.0) as progress,
    ):
        records = _records(config, state, latest)

        def stop() -> bool:
            late = config.max_seconds is not None and time.monotonic() - started >= config.max_seconds
            return INTERRUPTED.is_set() or late

        def on_batch(counts: Counts) -> None:
            nonlocal done
            done += counts
            progress.update(counts.records)
            progress.set_postfix_str(f"{done.rejected} rejected, {done.changes} changes", refresh=False)
            if every is not None and state.since_update >= every:
                updates.append(_update(config, store, state, latest))
                print(f"segment: after {state.total.records} records: {updates[-1]['said']}", file=sys.stderr)

        stream(records, state, latest, stop, config.poll, on_batch)
        total, unread = state.total, records.unread()
    if unread:
        print(f"segment: {unread}", file=sys.stderr)
    if INTERRUPTED.is_set():
        raise KeyboardInterrupt
    record = {
        "model": config.model,
        "version": latest.version,
        "output": str(config.output),
        "records": done.records,
        **asdict(done),
        "passed": records.passed,
        "total": {"records": total.records, **asdict(total)},
        "updates": updates,
        "seconds": round(time.monotonic() - started, 3),
    }
    return Result(_text(config, done, records.passed, updates), record)


def _reader(config: DictConfig, metadata: Mapping[str, Any], model: SegmentModel) -> MallFile | TableFile:
    if OmegaConf.is_missing(config.data, "path"):
        config.data.path = str(config.source)
    return record_reader(source(config, metadata), model, config.id)


def _records(
    config: DictConfig, state: StreamState, latest: LatestModel[ServedModel]
) -> FileSource | JsonLinesSource:
    if config.source == STANDARD_INPUT:
        return JsonLinesSource(sys.stdin.fileno(), state, config.batch, config.replay)
    if config.replay is not None:
        raise InputError(f"replay={config.replay} is for standard input; files are known by their names.")
    reader = _reader(config, latest.metadata, latest().model)
    separator = reader.separator if isinstance(reader, TableFile) else None
    return FileSource(Path(config.source), state, config.batch, config.settle, config.once, separator)


def _text(config: DictConfig, done: Counts, passed: int, updates: list[dict[str, Any]]) -> str:
    of_input = config.source == STANDARD_INPUT
    where = "lines of standard input" if of_input else f"records, {done.files} files read to the end"
    lines = [
        f"{done.records} {where}: {done.assigned} assigned, {done.rejected} rejected, {done.changes} changed segment",
        *([f"{passed} lines that were processed before were skipped"] if passed else []),
        *(f"after {update['records']} records: {update['said']}" for update in updates),
        f"written to {config.output}",
    ]
    return "\n".join(lines)


def _update(
    config: DictConfig, store: Store, state: StreamState, latest: LatestModel[ServedModel]
) -> dict[str, Any]:
    """Move the centres by the records since the last update, register the result, and ask the gate.

    If the process is killed in between, the next start registers the same model once more.
    """
    served, records = latest(), state.total.records
    registry, scaler = Registry(store, config.tracking.model), build(config.yardstick, "yardstick")
    centers = known_centers(state, served)
    try:
        customers = recent_customers(state, served.model).read()
        evaluated = move_centers(
            served.model, latest.metadata, customers, *centers, scaler, config.batch, config.seed
        )
        version = _register(config, registry, latest, customers, evaluated)
    except InputError as error:
        state.forget({})
        return {"records": records, "said": f"no update: {error}", "version": None, "promoted": False}
    said, promoted = f"version {version.version} registered as {CHALLENGER}", False
    if config["update"].promote:
        reason = f"update by segment stream after {records} records"
        gate = build(config.gate, "gate")
        found = promote_challenger(
            registry, gate, scaler, lambda metadata: customers, reason=reason, seed=config.seed
        )
        promoted = found.promoted
        said = f"{said}, {'promoted' if promoted else 'not promoted: ' + '; '.join(found.refused)}"
        latest.refresh()
    keep_centers(state, served, evaluated.fitted.algorithm)
    return {"records": records, "said": said, "version": version.version, "promoted": promoted}


def _register(
    config: DictConfig,
    registry: Registry,
    latest: LatestModel[ServedModel],
    customers: Customers,
    evaluated: EvaluatedClustering,
) -> ModelVersion:
    labels = evaluated.fitted.labels
    found = profile_segments(
        ProfilingSettings(build(config.naming, "naming")).of(customers.table),
        customers,
        evaluated,
        StudySummary(),
        config.seed,
        lambda segments: identified(registry, list(segments), customers, labels),
    )
    ids = identity_tags(found.profiles.segments, found.profiles.lineage)
    about = {**data_tags(customers), **evaluated.configuration.choice, "command": "stream"}
    with registry.store.run(f"stream update of version {latest.version}", about) as run:
        run.log(metrics=evaluated.metrics())
        run.files(found.tables())
        # Files are read as the champion reads them, not as the table of recent customers is.
        uri = log_model(run, found.model, found.example, found.metadata(latest.metadata["data"]))
        tags = {**found.tags(), "updated_from": latest.version, **ids}
        return registry.register(run, uri, CHALLENGER, tags)
