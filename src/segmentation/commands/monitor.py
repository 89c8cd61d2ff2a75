"""`segment monitor`: later customers compared with those that the champion was trained on."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from omegaconf import DictConfig

from segmentation.commands._config import build, plain
from segmentation.commands._open import log_data, open_store
from segmentation.commands._result import Result
from segmentation.commands._trained import AS_TRAINED, reader
from segmentation.data import Customers
from segmentation.data.customers import ROW
from segmentation.data.files import open_table
from segmentation.errors import InputError
from segmentation.monitoring import (
    MonitoringResult,
    Reference,
    build_report,
    monitor,
    monitoring_figures,
    monitoring_text,
)
from segmentation.report import write_page
from segmentation.serving import SegmentModel
from segmentation.tracking import ModelVersion, Store, assignments, data_tags, load_model, version_at
from segmentation.workflows import pictured

RETRAIN = 4
"""Exit code where the model should be trained again."""


@dataclass(frozen=True)
class Monitored:
    """A monitored model.

    Attributes
    ----------
    found : MonitoringResult
        What was found.
    metadata : mapping
        What was logged with the model.
    run_id : str
        The run that it was logged to.
    text : str
        For the terminal.
    record : dict
        For programs.
    """

    found: MonitoringResult
    metadata: Mapping[str, Any]
    run_id: str
    text: str
    record: dict[str, Any]


def run(config: DictConfig) -> Result:
    """Compare, log, and say what to do.

    Parameters
    ----------
    config : DictConfig
        The composed config of conf/monitor.yaml.

    Returns
    -------
    Result
        With code 4 where the model should be trained again.
    """
    monitored = monitor_model(open_store(config), config)
    return Result(
        monitored.text, monitored.record, RETRAIN if monitored.found.drift.verdict == "retrain" else 0
    )


def monitor_model(store: Store, config: DictConfig) -> Monitored:
    """Compare the customers that config names with those that its model was trained on, and log the result.

    Parameters
    ----------
    store : Store
        The open store.
    config : DictConfig
        With data, model, drift, structure, before, previous, value, report and seed, as in conf/monitor.yaml.

    Returns
    -------
    Monitored
    """
    thresholds = build(config.drift, "drift")
    model, metadata = load_model(config.model)
    version = version_at(config.model)
    if not metadata.get("reference"):
        raise InputError(
            f"The model {config.model} was stored without a summary of its training customers, as older versions did; "
            f"fit it again."
        )
    customers: Customers = build(later_data(config, metadata), "data").read()
    previous, previous_version = None, version
    if config.previous is not None and customers.table.index.name != ROW:
        previous, previous_version = load_model(config.previous)[0], version_at(config.previous)
    found = monitor(
        model,
        Reference.from_dict(metadata["reference"]),
        customers,
        thresholds,
        name=version.title if version else config.model,
        trained=version.tags.get("verdict") if version else None,
        before=_before(config, metadata, customers, previous or model, previous_version),
        previous=previous,
        value=config.value,
        structure=config.structure,
        seed=config.seed,
    )
    run_id = _log(store, config, found)
    text = f"{customers.findings_text}{monitoring_text(found)}"
    if config.report is not None:
        text = f"{text}\n\nwritten to {config.report}"
    about = {"model": config.model, "version": version and version.version}
    record = {**found.record(), **about, "run_id": run_id, "report": config.report}
    return Monitored(found, metadata, run_id, text, record)


def later_data(config: DictConfig, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The reader of the customers that config names: with ``as_trained``, that of the training data."""
    node = plain(config.data)
    if node.get("kind") == AS_TRAINED and node["path"] is None:
        raise InputError(
            "Name the customers to compare with those of the training: data.path=... (or data=...)"
        )
    return reader(node, metadata)


def _before(
    config: DictConfig,
    metadata: Mapping[str, Any],
    customers: Customers,
    model: SegmentModel,
    version: ModelVersion | None,
) -> pd.Series | None:
    """The ids of the segments that customers were in: from a file, or those of the training."""
    if customers.table.index.name == ROW:
        return None
    if config.before is None:
        logged = assignments(version) if version else None
        return None if logged is None else model.segment_ids(logged)
    frame = open_table(config.before).frame
    if "segment_id" not in frame:
        node = reader({"kind": AS_TRAINED, "path": config.before}, metadata)
        return model.assign(build(node, "data").read().table)["segment_id"]
    id_column = metadata["id"] if metadata["id"] in frame else frame.columns[0]
    return frame.set_index(id_column)["segment_id"].fillna("").astype(str)


def _log(store: Store, config: DictConfig, found: MonitoringResult) -> str:
    pictures = pictured(monitoring_figures(found))
    html = build_report(found, pictures)
    # A report that cannot be written is refused before a run is made.
    if config.report is not None:
        write_page(Path(config.report), html)
    tags = {"command": "monitor", "model": found.name, "drift": found.drift.verdict}
    with store.run(f"monitor {found.customers.name}", {**data_tags(found.customers), **tags}) as active:
        log_data(active, config, found.customers)
        note = f"**{found.drift.verdict}**: {found.drift.sentence}"
        active.log(metrics=found.metrics(), tags={"mlflow.note.content": note})
        for name, table in found.tables().items():
            active.table(f"monitor/{name}.csv", table)
        images = {f"plots/{name}.png": picture.png for name, picture in pictures.items()}
        active.files({"monitor.html": html.encode(), **images})
    return active.id
