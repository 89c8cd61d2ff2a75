"""What several commands make of a config: customers, store, fitter, profiling; and the log of the data."""

from typing import Any

import pandas as pd
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from segmentation.commands._config import build, options, resolved
from segmentation.data import Customers, findings_table
from segmentation.profiling import Playbook
from segmentation.study import PipelineFitter, SearchSpace
from segmentation.tracking import Run, Store
from segmentation.workflows import EXCEPTIONAL, PLAYBOOKS, ProfilingSettings, default_yardstick


def read_customers(config: DictConfig) -> Customers:
    """Read and check what `data` names."""
    return build(config.data, "data").read()


def open_store(config: DictConfig) -> Store:
    """Open the store that `tracking` names."""
    return Store.open(config.tracking.uri, config.tracking.artifacts, config.tracking.experiment)


def open_fitter(config: DictConfig, customers: Customers, space: SearchSpace, seed: int) -> PipelineFitter:
    """Prepare the customers for every configuration of a space, and the yardstick that config names."""
    name, scaler = yardstick_scaler(config, space)
    return PipelineFitter(customers.table, space, scaler, f"yardstick ({name})", seed)


def yardstick_scaler(config: DictConfig, space: SearchSpace) -> tuple[str, Any]:
    """What spans the yardstick space, and its name: what config says, else the default."""
    named = HydraConfig.get().runtime.choices.get("scaler@yardstick")
    if named not in (None, "null"):
        return str(named), build(config.yardstick, "yardstick")
    return default_yardstick(space)


def open_profiling(command: str, config: DictConfig, table: pd.DataFrame) -> ProfilingSettings:
    """Make what config names, refusing what this table cannot give before anything is computed."""
    if HydraConfig.get().runtime.choices.get("playbook") in (None, "null"):
        books = tuple(options(command, {"playbook": PLAYBOOKS})["playbook"].values())
    else:
        book: Playbook = build(config.playbook, "playbook")
        books = (book,)
        if book.plays and not book.exceptional:
            # Customers in no segment are not left without advice by who only says what to do with segments.
            books += tuple(options(command, {"playbook": (EXCEPTIONAL,)})["playbook"].values())
    naming, attractiveness = build(config.naming, "naming"), build(config.attractiveness, "attractiveness")
    return ProfilingSettings(naming, books, attractiveness, config.value).of(table)


def log_data(run: Run, config: DictConfig, customers: Customers) -> None:
    """Log what a run was made of: the resolved config, the data's fingerprint and its findings."""
    run.text("config.yaml", resolved(config))
    findings = findings_table(customers.findings)
    run.table("data/findings.csv", findings)
    counts = findings.groupby("kind")["count"].sum()
    run.log(
        metrics={
            "n_customers": len(customers.table),
            **{f"finding_{kind}": float(count) for kind, count in counts.items()},
        }
    )
