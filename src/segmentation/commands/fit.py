"""`segment fit`: one configuration, one run."""

import time
from collections.abc import Mapping

from omegaconf import DictConfig

from segmentation.commands._config import build, choices
from segmentation.commands._grid import Grid
from segmentation.commands._log import log_segmentation, profile_in
from segmentation.commands._open import log_data, open_fitter, open_profiling, open_store, read_customers
from segmentation.commands._result import Result
from segmentation.data import Customers
from segmentation.evaluation import verdict
from segmentation.features import prepared_text
from segmentation.study import SearchSpace
from segmentation.tracking import Run, Store, data_tags
from segmentation.workflows import (
    EvaluatedClustering,
    ProfilingSettings,
    StudySummary,
    evaluate,
    segments_record,
    segments_text,
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
    metrics, configuration = evaluated.metrics(), evaluated.configuration
    # Only what is registered can be promoted.
    summary = StudySummary(verdict(evaluated.yardstick.X, config.seed) if config.register else None)
    fitted = time.perf_counter()
    name = config.name or f"{configuration.algorithm} k={evaluated.scores.n_segments}"
    with store.run(name, {**tags, **configuration.choice}, parent_id=parent.id if parent else None) as active:
        active.log(params={**configuration.logged, "seed": config.seed}, metrics=metrics)
        log_data(active, config, customers)
        register = bool(config.register)
        found = profile_in(active, config, customers, evaluated, profiling, summary, register)
        model = log_segmentation(active, config, found, register)
    ended = time.perf_counter()

    record = {
        "run_id": active.id,
        "parent_run_id": parent.id if parent else None,
        **evaluated.record(),
        "scores": metrics,
        **segments_record(found.profiles),
        "model": model,
        "seconds": {"fit": fitted - started, "log": ended - fitted, "total": ended - started},
    }
    head = (
        f"{name}: {evaluated.scores.n_segments} segments, silhouette {evaluated.scores.silhouette:.4f} in the "
        f"space {evaluated.yardstick.space}"
    )
    if evaluated.scores.degenerate:
        head = f"{name}: no clustering to speak of, {evaluated.scores.degenerate}"
    text = (
        f"{customers.findings_text}{prepared_text(found.preparation)}{head}\n{segments_text(found.profiles)}\n\n"
        f"run {active.id}  model {model['uri']}"
    )
    return Result(text, record)


def _space(config: DictConfig) -> SearchSpace:
    groups = ("features", "scaler", "reducer", "algorithm")
    return SearchSpace(*({choices(group)[0]: build(config[group], group)} for group in groups))
