"""`segment renew`: watch, and where it is needed train again and ask the gate."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from omegaconf import DictConfig, OmegaConf
from sklearn.base import clone

from segmentation.analysis import Assessed, assess
from segmentation.clustering import KMeans, MiniBatchKMeans
from segmentation.commands._clustering import open_bench, open_store
from segmentation.commands._config import build, plain
from segmentation.commands._market import open_desk
from segmentation.commands._result import Result
from segmentation.commands._trained import AS_TRAINED, reader
from segmentation.commands.fit import log_fit
from segmentation.commands.monitor import Monitored, later_data, monitor_model
from segmentation.commands.promote import REFUSED
from segmentation.commands.sweep import search_in
from segmentation.errors import InputError, nearest
from segmentation.monitoring import Drift, MonitoringResult
from segmentation.serving import SegmentModel
from segmentation.study import Bench, Configuration, Integer, Space
from segmentation.tracking import CHALLENGER, Registry, Store, data_tags, promote_challenger

MODES = ("fit", "study")
GROUPS = ("features", "scaler", "reducer", "algorithm")
WARM = ("init", "n_init")
"""What a warm start replaces."""
BETTER = 0.99
"""Share of the warm start's inertia below which segments found from nothing are clearly better."""


def run(config: DictConfig) -> Result:
    """Watch, and where it is needed train again and ask the gate.

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
    asked = _ask(store, config, drift)
    record |= {"promoted": asked.record["promoted"], "promotion": asked.record}
    return Result("\n\n".join([seen, trained.text, asked.text]), record, asked.code)


def _train(store: Store, config: DictConfig, monitored: Monitored) -> Result:
    """Train as the champion was and register the challenger."""
    found, customers = monitored.found, monitored.found.customers
    node = {"data": later_data(config, monitored.metadata), "register": True, "report": None, "name": None}
    settings = OmegaConf.create({**plain(config), **node})
    space, configuration = _as_trained(found.model, monitored.metadata)
    if config.mode == "study":
        return search_in(settings, customers, _around(space, configuration, config.around), "renew")
    started = time.perf_counter()
    desk = open_desk("renew", settings, customers.table)
    bench = open_bench(settings, customers, space, settings.seed)
    assessed, start = _fitted(bench, configuration, found)
    tags = {**data_tags(customers), "command": "renew", "monitored_in": monitored.run_id, "start": start}
    return log_fit(store, settings, customers, assessed, desk, tags, None, started)


def _as_trained(model: SegmentModel, metadata: Mapping[str, Any]) -> tuple[Space, Configuration]:
    """The champion's configuration, and the space of it alone; columns are those it reads, not `all` again."""
    steps = [clone(step) for _, step in model.pipeline.steps]
    features = model.features
    numeric = [column for column in features.columns_ if column not in features.categorical_]
    steps[0].set_params(
        numeric=numeric, categorical=list(features.categorical_), log=list(features.log_), keep=()
    )
    choice = {group: metadata["choice"][group] for group in GROUPS}
    space = Space(*({name: step} for name, step in zip(choice.values(), steps, strict=True)))
    return space, Configuration(**choice, params=tuple(sorted(metadata["params"].items())))


def _around(space: Space, configuration: Configuration, reach: int) -> Space:
    algorithm = configuration.algorithm
    k = configuration.params_of(algorithm).get("n_clusters")
    if k is None:
        raise InputError(
            f"mode=study tries numbers of segments, and {algorithm} finds its number by itself; valid is mode=fit."
        )
    if reach < 1:
        raise InputError(f"around={reach}; valid is 1 or more.")
    return replace(space, params={algorithm: {"n_clusters": Integer(max(2, k - reach), k + reach)}})


def _fitted(bench: Bench, configuration: Configuration, found: MonitoringResult) -> tuple[Assessed, str]:
    """Fit as the champion was: from its segments, unless a start from nothing finds clearly better ones."""
    cold = assess(bench, configuration)
    begin = _warm_start(bench, configuration, found)
    if begin is None:
        return cold, "cold"
    bench.space.algorithms[configuration.algorithm].set_params(init=begin, n_init=1)
    warm = assess(bench, _without(configuration, WARM))
    if cold.fitted.algorithm.inertia_ < BETTER * warm.fitted.algorithm.inertia_:
        return cold, "cold"
    # The model says how it is trained, not where this fit began: a fit to a sub-sample begins anew.
    params = cold.fitted.algorithm.get_params()
    warm.fitted.algorithm.set_params(**{name: params[name] for name in WARM})
    return replace(warm, configuration=configuration), "warm"


def _warm_start(bench: Bench, configuration: Configuration, found: MonitoringResult) -> np.ndarray | None:
    """Means of the champion's segments of these customers, where the algorithm can begin at centres."""
    algorithm = bench.algorithm(configuration)
    if not isinstance(algorithm, (KMeans, MiniBatchKMeans)):
        return None
    labels = found.model.predict(found.customers.table)
    X = bench.model_space(configuration)[2]
    present = np.unique(labels)
    if len(present) != algorithm.n_clusters:
        # A segment has lost all its customers: where it should begin is not known.
        return None
    return np.array([X[labels == segment].mean(axis=0) for segment in present])


def _without(configuration: Configuration, names: tuple[str, ...]) -> Configuration:
    dropped = {f"{configuration.algorithm}.{name}" for name in names}
    return replace(configuration, params=tuple((k, v) for k, v in configuration.params if k not in dropped))


def _ask(store: Store, config: DictConfig, drift: Drift) -> Result:
    """Put the challenger before the gate; it becomes the champion where config wants that."""
    registry = Registry(store, config.tracking.model)
    challenger = registry.find(CHALLENGER)
    assert challenger is not None
    continuum = challenger.tags.get("verdict") == "constructive" and not config.reason
    reason = config.reason or f"renewed: {drift.sentence}"
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
        why = "these customers vary gradually (verdict constructive); promoting the model needs a reason: reason='...'"
        refused = [*found.refused, why]
        return Result(f"{found.text}\n{why}", {**found.record, "refused": refused}, REFUSED)
    return Result(found.text, found.record, REFUSED if found.refused else 0)
