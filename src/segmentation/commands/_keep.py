"""What is left of a clustering when the command is done: pictures, report, model, registered version."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from segmentation.analysis import (
    Assessed,
    Desk,
    Market,
    Story,
    analyse,
    card_figures,
    clustering_figures,
    csv,
    pictured,
    report_files,
    tell,
    write_report,
)
from segmentation.commands._clustering import choice_tags, log_pipeline, verdict_tags
from segmentation.commands._config import plain, resolved
from segmentation.data import Customers
from segmentation.serving import Lineage, Segment, identify
from segmentation.tracking import CHALLENGER, Registry, Run, identified, identity_tags


@dataclass(frozen=True)
class Kept:
    """What was kept.

    Attributes
    ----------
    market : Market
        The analysis.
    model : dict
        The model's uri; its name and version too where it was registered.
    """

    market: Market
    model: dict[str, str]


def keep(
    run: Run,
    config: DictConfig,
    customers: Customers,
    assessed: Assessed,
    desk: Desk,
    story: Story,
    register: bool,
) -> Kept:
    """Analyse a clustering, log all of it with its report and model, and register the model where that is asked."""
    registry, labels = Registry(run.store, config.tracking.model), assessed.fitted.labels

    def identity(segments: Sequence[Segment]) -> tuple[tuple[Segment, ...], Lineage]:
        # Only what is registered has an identity to go on with.
        if not register:
            return identify(segments)
        return identified(registry, list(segments), customers, labels)

    market = analyse(desk, customers, assessed, story.stability, config.seed, identity)
    pictures, cards = {}, {}
    if config.figures:
        with market.pictured():
            pictures = pictured({**story.figures, **clustering_figures(customers, assessed, market)})
            cards = pictured(card_figures(market))
    told = tell(customers, assessed, market, story, {**pictures, **cards}, resolved(config), _command())
    files = report_files(told, market)
    assigned = pd.DataFrame({"segment": labels}, index=customers.table.index)
    run.files(
        {
            **{f"plots/{name}.png": picture.png for name, picture in pictures.items()},
            "segments/profile.csv": csv(market.profile.summary()),
            "segments/assignments.csv": csv(assigned),
            **files,
        }
    )
    if assessed.preparation is not None:
        run.table("data/preparation.csv", assessed.preparation)
    if config.report is not None:
        write_report(Path(config.report), files, told)
    uri = log_pipeline(run, plain(config.data), customers, assessed, market)
    if not register:
        return Kept(market, {"uri": uri})
    tags = {
        **choice_tags(assessed.configuration),
        "n_segments": str(assessed.scores.n_segments),
        **identity_tags(market.segments, market.lineage),
        **(verdict_tags(story.verdict) if story.verdict else {}),
    }
    registered = registry.register(run, uri, CHALLENGER, tags)
    return Kept(market, {"name": registered.name, "version": registered.version, "uri": registered.uri})


def _command() -> str:
    job = HydraConfig.get()
    return shlex.join(["segment", job.job.name, *job.overrides.task])
