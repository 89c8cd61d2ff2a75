"""`segment fit`: one configuration, one run."""

import time
from collections.abc import Mapping

from omegaconf import DictConfig

from segmentation.commands._clustering import (
    choice_params,
    choice_tags,
    clustering_record,
    findings_text,
    log_data,
    open_fitter,
    open_store,
    preparation_text,
    read_customers,
)
from segmentation.commands._config import build, choices
from segmentation.commands._grid import Grid
from segmentation.commands._log import log_clustering
from segmentation.commands._result import Result
from segmentation.commands._segments import open_profiling, segments_record, segments_text
from segmentation.data import Customers
from segmentation.evaluation import verdict
from segmentation.study import SearchSpace
from segmentation.tracking import Run, Store, data_tags
from segmentation.workflows import (
    EvaluatedClustering,
    ProfilingSettings,
    StudySummary,
    evaluate,
    single_configuration,
)


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
    space, profiling = _space(config), open_profiling("fit", config, customers.table)
    # Everything that a user can get wrong comes before the store is touched.
    evaluated = evaluate(open_fitter(config, customers, space, config.seed), single_configuration(space))
    store = open_store(config)
    tags = {**data_tags(customers), "command": "fit"}
    return log_fit(store, config, customers, evaluated, profiling, tags, grid.parent(store, tags), started)


def log_fit(
    store: Store,
    config: DictConfig,
    customers: Customers,
    evaluated: EvaluatedClustering,
    profiling: ProfilingSettings,
    tags: Mapping[str, str],
    parent: Run | None,
    started: float,
) -> Result:
    """Log a fitted clustering as a run, with all that is kept of it."""
    metrics = evaluated.metrics()
    # Only what is registered can be promoted.
    found = verdict(evaluated.yardstick.X, config.seed) if config.register else None
    fitted = time.perf_counter()
    name = config.name or f"{evaluated.configuration.algorithm} k={evaluated.scores.n_segments}"
    choice = choice_tags(evaluated.configuration)
    with store.run(name, {**tags, **choice}, parent_id=parent.id if parent else None) as active:
        active.log(params={**choice_params(evaluated.configuration), "seed": config.seed}, metrics=metrics)
        log_data(active, config, customers)
        kept = log_clustering(
            active, config, customers, evaluated, profiling, StudySummary(found), bool(config.register)
        )
    ended = time.perf_counter()

    record = {
        "run_id": active.id,
        "parent_run_id": parent.id if parent else None,
        **clustering_record(evaluated, metrics),
        **segments_record(kept.profiles),
        "model": kept.model,
        "seconds": {"fit": fitted - started, "log": ended - fitted, "total": ended - started},
    }
    head = (
        f"{name}: {evaluated.scores.n_segments} segments, silhouette {evaluated.scores.silhouette:.4f} in the "
        f"space {evaluated.yardstick.space}"
    )
    if evaluated.scores.degenerate:
        head = f"{name}: no clustering to speak of, {evaluated.scores.degenerate}"
    text = (
        f"{findings_text(customers)}{preparation_text(evaluated)}{head}\n{segments_text(kept.profiles)}\n\n"
        f"run {active.id}  model {kept.model['uri']}"
    )
    return Result(text, record)


def _space(config: DictConfig) -> SearchSpace:
    groups = ("features", "scaler", "reducer", "algorithm")
    return SearchSpace(*({choices(group)[0]: build(config[group], group)} for group in groups))
