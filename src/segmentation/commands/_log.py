"""What is left of a clustering when the command is done: pictures, report, model, registered version."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from segmentation.commands._clustering import choice_tags, log_pipeline, verdict_tags
from segmentation.commands._config import plain, resolved
from segmentation.data import Customers
from segmentation.serving import Lineage, Segment, identify
from segmentation.tracking import CHALLENGER, Registry, Run, identified, identity_tags
from segmentation.workflows import (
    EvaluatedClustering,
    ProfilingSettings,
    SegmentProfiles,
    StudySummary,
    analyse,
    build_report,
    card_figures,
    clustering_figures,
    csv,
    pictured,
    report_files,
    write_report,
)


@dataclass(frozen=True)
class LoggedModel:
    """What was kept.

    Attributes
    ----------
    profiles : SegmentProfiles
        The analysis.
    model : dict
        The model's uri; its name and version too where it was registered.
    """

    profiles: SegmentProfiles
    model: dict[str, str]


def log_clustering(
    run: Run,
    config: DictConfig,
    customers: Customers,
    evaluated: EvaluatedClustering,
    profiling: ProfilingSettings,
    summary: StudySummary,
    register: bool,
) -> LoggedModel:
    """Analyse a clustering, log all of it with its report and model, and register the model where that is asked."""
    registry, labels = Registry(run.store, config.tracking.model), evaluated.fitted.labels

    def identity(segments: Sequence[Segment]) -> tuple[tuple[Segment, ...], Lineage]:
        # Only what is registered has an identity to go on with.
        if not register:
            return identify(segments)
        return identified(registry, list(segments), customers, labels)

    profiles = analyse(profiling, customers, evaluated, summary.stability, config.seed, identity)
    pictures, cards = {}, {}
    if config.figures:
        with profiles.pictured():
            pictures = pictured({**summary.figures, **clustering_figures(customers, evaluated, profiles)})
            cards = pictured(card_figures(profiles))
    told = build_report(
        customers, evaluated, profiles, summary, {**pictures, **cards}, resolved(config), _command()
    )
    files = report_files(told, profiles)
    assigned = pd.DataFrame({"segment": labels}, index=customers.table.index)
    run.files(
        {
            **{f"plots/{name}.png": picture.png for name, picture in pictures.items()},
            "segments/profile.csv": csv(profiles.profile.summary()),
            "segments/assignments.csv": csv(assigned),
            **files,
        }
    )
    if evaluated.preparation is not None:
        run.table("data/preparation.csv", evaluated.preparation)
    if config.report is not None:
        write_report(Path(config.report), files, told)
    uri = log_pipeline(run, plain(config.data), customers, evaluated, profiles)
    if not register:
        return LoggedModel(profiles, {"uri": uri})
    tags = {
        **choice_tags(evaluated.configuration),
        "n_segments": str(evaluated.scores.n_segments),
        **identity_tags(profiles.segments, profiles.lineage),
        **(verdict_tags(summary.verdict) if summary.verdict else {}),
    }
    registered = registry.register(run, uri, CHALLENGER, tags)
    return LoggedModel(
        profiles, {"name": registered.name, "version": registered.version, "uri": registered.uri}
    )


def _command() -> str:
    job = HydraConfig.get()
    return shlex.join(["segment", job.job.name, *job.overrides.task])
