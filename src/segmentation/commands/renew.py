"""`segment renew`: monitor the champion, and where needed train a new model and ask the gate."""

import time
from typing import Any

from omegaconf import DictConfig, OmegaConf

from segmentation.commands._config import build, plain
from segmentation.commands._open import open_fitter, open_profiling, open_store
from segmentation.commands._result import Result
from segmentation.commands._trained import AS_TRAINED, reader
from segmentation.commands.fit import log_fit
from segmentation.commands.monitor import Monitored, later_data, monitor_model
from segmentation.commands.promote import REFUSED
from segmentation.commands.sweep import search_in
from segmentation.errors import InputError, nearest
from segmentation.tracking import CHALLENGER, Registry, Store, data_tags, promote_challenger
from segmentation.workflows import refit, space_around, space_of

MODES = ("fit", "study")


def run(config: DictConfig) -> Result:
    """Monitor the champion, and where needed train a new model and ask the gate.

    Parameters
    ----------
    config : DictConfig
        The composed config of conf/renew.yaml.

    Returns
    -------
    Result
        With code 3 where the gate refuses.
    """
    if config.mode not in MODES:
        raise InputError(f"mode={config.mode}; {nearest(config.mode, MODES)}")
    store = open_store(config)
    monitored = monitor_model(store, config)
    drift, seen = monitored.found.drift, monitored.text
    record: dict[str, Any] = {
        "verdict": drift.verdict,
        "renewed": False,
        "promoted": False,
        "monitor": monitored.record,
        "training": None,
        "promotion": None,
    }
    if drift.verdict != "retrain" and not config.force:
        return Result(f"{seen}\n\nNothing was trained.", record)
    trained = _train(store, config, monitored)
    record |= {"renewed": True, "training": trained.record}
    if not (trained.record["model"] or {}).get("version"):
        text = f"{seen}\n\n{trained.text}\n\nNothing was found that could be the next champion."
        return Result(text, record, REFUSED)
    asked = _ask(store, config, drift.sentence)
    record |= {"promoted": asked.record["promoted"], "promotion": asked.record}
    return Result("\n\n".join([seen, trained.text, asked.text]), record, asked.code)


def _train(store: Store, config: DictConfig, monitored: Monitored) -> Result:
    """Train a model with the champion's configuration, and register it as the challenger."""
    model, customers = monitored.found.model, monitored.found.customers
    node = {"data": later_data(config, monitored.metadata), "register": True, "report": None, "name": None}
    settings = OmegaConf.create({**plain(config), **node})
    space, configuration = space_of(model, monitored.metadata)
    if config.mode == "study":
        return search_in(settings, customers, space_around(space, configuration, config.around), "renew")
    started = time.perf_counter()
    profiling = open_profiling("renew", settings, customers.table)
    fitter = open_fitter(settings, customers, space, settings.seed)
    evaluated, start = refit(fitter, configuration, model)
    tags = {**data_tags(customers), "command": "renew", "monitored_in": monitored.run_id, "start": start}
    return log_fit(store, settings, customers, evaluated, profiling, tags, None, started)


def _ask(store: Store, config: DictConfig, why: str) -> Result:
    """Ask the gate about the challenger; it becomes the champion if config says so."""
    registry = Registry(store, config.tracking.model)
    challenger = registry.find(CHALLENGER)
    assert challenger is not None
    continuum = challenger.tags.get("verdict") == "constructive" and not config.reason
    reason = config.reason or f"renewed: {why}"
    found = promote_challenger(
        registry,
        build(config.gate, "gate"),
        build(config.yardstick, "yardstick"),
        lambda metadata: build(reader({"kind": AS_TRAINED, "path": None}, metadata), "data").read(),
        reason=reason,
        dry_run=continuum or not config.promote,
        seed=config.seed,
    )
    if continuum:
        needed = (
            "these customers vary gradually (verdict constructive); promotion needs a reason: reason='...'"
        )
        refused = [*found.refused, needed]
        return Result(f"{found.text}\n{needed}", {**found.record, "refused": refused}, REFUSED)
    return Result(found.text, found.record, REFUSED if found.refused else 0)
