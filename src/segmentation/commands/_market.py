"""What config says of the market analysis, and what is told of it on the terminal and to programs."""

import pandas as pd
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from segmentation.analysis import NOISE_NAME, PLAYBOOKS, Desk, Market
from segmentation.commands._config import build, options

SIZE = ("customers", "share")
SHOWN_COLUMNS = 8
LONGEST_HEADING = 24


def open_desk(command: str, config: DictConfig, table: pd.DataFrame) -> Desk:
    """Make what config names, refusing what this table cannot give before anything is computed."""
    if HydraConfig.get().runtime.choices.get("playbook") in (None, "null"):
        books = tuple(options(command, {"playbook": PLAYBOOKS})["playbook"].values())
    else:
        books = (build(config.playbook, "playbook"),)
    naming, attractiveness = build(config.naming, "naming"), build(config.attractiveness, "attractiveness")
    return Desk(naming, books, attractiveness, config.value).of(table)


def segments_text(market: Market) -> str:
    """The segments as a table for the terminal, and what to do with each."""
    profile = market.profile
    summary = profile.summary()
    # What the segments were made of comes first; a terminal is only so wide.
    made_of = [c for c in summary.columns if str(c).split("=")[0] in profile.features]
    rest = [c for c in summary.columns if c not in (*SIZE, *made_of)]
    shown = summary[[*SIZE, *[*made_of, *rest][:SHOWN_COLUMNS]]].copy()
    left = summary.shape[1] - shown.shape[1]
    shown["share"] = shown["share"].map("{:.1%}".format)
    for column in shown.columns:
        if "=" in str(column):
            shown[column] = shown[column].map("{:.0%}".format)
    shown.columns = [_shorten(str(c), LONGEST_HEADING) for c in shown.columns]
    ids = {s.number: f"{s.id} {s.name}" for s in market.segments}
    shown.index = [ids.get(number, NOISE_NAME) for number in shown.index]
    advice = [f"  {market.names[r.segment]}: {r.play}" for r in market.recommendations]
    return "\n".join(
        [
            str(shown.rename_axis(None).to_string(float_format="{:.1f}".format)),
            *([f"and {left} more columns in the report"] if left else []),
            *(["", "What to do (the evidence is in the report)", *advice] if advice else []),
            *(["", *market.lineage.sentences] if market.lineage.changes else []),
        ]
    )


def segments_record(market: Market) -> list[dict[str, object]]:
    """The segments for programs."""
    rank = market.ranking["rank"]
    plays = {
        s.number: [r.play for r in market.recommendations if r.segment == s.number] for s in market.segments
    }
    return [
        {
            "segment": s.number,
            "id": s.id,
            "name": s.name,
            "size": s.size,
            "share": s.share,
            "center": dict(s.center),
            "traits": dict(s.traits),
            "recommendations": plays[s.number],
            "rank": None if pd.isna(rank[s.number]) else int(rank[s.number]),
        }
        for s in market.segments
    ]


def _shorten(text: str, longest: int) -> str:
    """The text, or its beginning."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
