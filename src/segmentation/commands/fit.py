"""`segment fit`: one configuration, one run."""

import time
from collections.abc import Mapping

from omegaconf import DictConfig

from segmentation.analysis import Assessed, Desk, Story, assess, only
from segmentation.commands._clustering import (
    choice_params,
    choice_tags,
    clustering_record,
    findings_text,
    log_data,
    open_bench,
    open_store,
    preparation_text,
    read_customers,
)
from segmentation.commands._config import build, choices
from segmentation.commands._grid import Grid
from segmentation.commands._keep import keep
from segmentation.commands._market import open_desk, segments_record, segments_text
from segmentation.commands._result import Result
from segmentation.data import Customers
from segmentation.evaluation import verdict
from segmentation.study import Space
from segmentation.tracking import Run, Store, data_tags


def run(config: DictConfig, grid: Grid) -> Result:
    """Fit one configuration and log it.

    Parameters
    ----------
    config : DictConfig
        The composed config of conf/fit.yaml.
    grid : Grid
        The launch this job belongs to.

    Returns
    -------
    Result
    """
    started = time.perf_counter()
    customers = read_customers(config)
    space, desk = _space(config), open_desk("fit", config, customers.table)
    # Everything that a user can get wrong comes before the store is touched.
    assessed = assess(open_bench(config, customers, space, config.seed), only(space))
    store = open_store(config)
    tags = {**data_tags(customers), "command": "fit"}
    return log_fit(store, config, customers, assessed, desk, tags, grid.parent(store, tags), started)


def log_fit(
    store: Store,
    config: DictConfig,
    customers: Customers,
    assessed: Assessed,
    desk: Desk,
    tags: Mapping[str, str],
    parent: Run | None,
    started: float,
) -> Result:
    """Log a fitted clustering as a run, with all that is kept of it."""
    metrics = assessed.metrics()
    # Only what is registered can be promoted.
    found = verdict(assessed.yardstick.X, config.seed) if config.register else None
    fitted = time.perf_counter()
    name = config.name or f"{assessed.configuration.algorithm} k={assessed.scores.n_segments}"
    choice = choice_tags(assessed.configuration)
    with store.run(name, {**tags, **choice}, parent_id=parent.id if parent else None) as active:
        active.log(params={**choice_params(assessed.configuration), "seed": config.seed}, metrics=metrics)
        log_data(active, config, customers)
        kept = keep(active, config, customers, assessed, desk, Story(found), bool(config.register))
    ended = time.perf_counter()

    record = {
        "run_id": active.id,
        "parent_run_id": parent.id if parent else None,
        **clustering_record(assessed, metrics),
        **segments_record(kept.market),
        "model": kept.model,
        "seconds": {"fit": fitted - started, "log": ended - fitted, "total": ended - started},
    }
    head = (
        f"{name}: {assessed.scores.n_segments} segments, silhouette {assessed.scores.silhouette:.4f} in the "
        f"space {assessed.yardstick.space}"
    )
    if assessed.scores.degenerate:
        head = f"{name}: no clustering to speak of, {assessed.scores.degenerate}"
    text = (
        f"{findings_text(customers)}{preparation_text(assessed)}{head}\n{segments_text(kept.market)}\n\n"
        f"run {active.id}  model {kept.model['uri']}"
    )
    return Result(text, record)


def _space(config: DictConfig) -> Space:
    groups = ("features", "scaler", "reducer", "algorithm")
    return Space(*({choices(group)[0]: build(config[group], group)} for group in groups))
