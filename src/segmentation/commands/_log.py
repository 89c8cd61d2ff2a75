"""What is left of a segmentation when the command is done: pictures, report, model, registered version."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from segmentation.commands._config import plain, resolved
from segmentation.data import Customers
from segmentation.serving import Lineage, Segment, identify
from segmentation.tracking import CHALLENGER, Registry, Run, identified, identity_tags, log_model
from segmentation.workflows import (
    EvaluatedClustering,
    ProfilingSettings,
    SegmentationResult,
    StudySummary,
    profile_segments,
    report_files,
    write_report,
)


def profile_in(
    run: Run,
    config: DictConfig,
    customers: Customers,
    evaluated: EvaluatedClustering,
    profiling: ProfilingSettings,
    summary: StudySummary,
    register: bool,
) -> SegmentationResult:
    """Profile a clustering; where it is to be registered its segments keep the ids of those registered before."""
    registry, labels = Registry(run.store, config.tracking.model), evaluated.fitted.labels

    def identity(segments: Sequence[Segment]) -> tuple[tuple[Segment, ...], Lineage]:
        # Only what is registered has an identity to go on with.
        if not register:
            return identify(segments)
        return identified(registry, list(segments), customers, labels)

    return profile_segments(profiling, customers, evaluated, summary, config.seed, identity)


def log_segmentation(
    run: Run, config: DictConfig, found: SegmentationResult, register: bool
) -> dict[str, str]:
    """Log a segmentation with its pictures, report and model, and register the model where that is asked.

    Returns
    -------
    dict of str to str
        The model's uri; its name and version too where it was registered.
    """
    told = found.told(resolved(config), _command(), config.figures)
    report = report_files(told)
    run.files({**found.files(told), **report})
    if found.preparation is not None:
        run.table("data/preparation.csv", found.preparation)
    if config.report is not None:
        write_report(Path(config.report), report, told)
    uri = log_model(run, found.model, found.example, found.metadata(plain(config.data)))
    if not register:
        return {"uri": uri}
    tags = {**found.tags(), **identity_tags(found.profiles.segments, found.profiles.lineage)}
    registered = Registry(run.store, config.tracking.model).register(run, uri, CHALLENGER, tags)
    return {"name": registered.name, "version": registered.version, "uri": registered.uri}


def _command() -> str:
    job = HydraConfig.get()
    return shlex.join(["segment", job.job.name, *job.overrides.task])
