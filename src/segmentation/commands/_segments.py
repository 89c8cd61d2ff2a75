"""What config says of the market analysis, and what is told of it on the terminal and to programs."""

from typing import Any

import pandas as pd
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from segmentation.commands._config import build, options
from segmentation.profiling import Playbook
from segmentation.workflows import EXCEPTIONAL, NOISE, PLAYBOOKS, ProfilingSettings, SegmentProfiles

SIZE = ("customers", "share")
SHOWN_COLUMNS = 8
LONGEST_HEADING = 24


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


def segments_text(profiles: SegmentProfiles, advised: bool = True) -> str:
    """The segments as a table for the terminal, and what to do with each where that is to be told."""
    profile = profiles.profile
    summary = profile.summary()
    # What the segments were made of comes first; a terminal is only so wide.
    made_of = [c for c in summary.columns if str(c).split("=")[0] in profile.features]
    rest = [c for c in summary.columns if c not in (*SIZE, *made_of)]
    shown = summary[[*SIZE, *[*made_of, *rest][:SHOWN_COLUMNS]]].copy()
    left = summary.shape[1] - shown.shape[1]
    shown["share"] = shown["share"].map("{:.1%}".format)
    worth = profile.segments["value_share"]
    if worth.notna().all():
        shown.insert(len(SIZE), f"{profile.value} share", worth.map("{:.1%}".format))
    for column in shown.columns:
        if "=" in str(column):
            shown[column] = shown[column].map("{:.0%}".format)
    shown.columns = [_shorten(str(c), LONGEST_HEADING) for c in shown.columns]
    ids = {s.number: f"{s.id} {s.name}" for s in profiles.segments}
    shown.index = [ids.get(number, profiles.names[number]) for number in shown.index]
    advice = [f"  {profiles.names[r.segment]}: {r.play}" for r in profiles.recommendations if advised]
    return "\n".join(
        [
            str(shown.rename_axis(None).to_string(float_format="{:.1f}".format)),
            *([f"and {left} more columns in the report"] if left else []),
            *_medians_text(profiles),
            *(["", "What to do (the evidence is in the report)", *advice] if advice else []),
            *(["", *profiles.lineage.sentences] if profiles.lineage.changes else []),
        ]
    )


def _medians_text(profiles: SegmentProfiles) -> list[str]:
    """What customers in no segment are like; one of them alone can make their mean in the table."""
    group = profiles.profile.exceptional
    shown = group[group["role"] == "feature"].head(SHOWN_COLUMNS)
    told = [
        f"{_shorten(str(c), LONGEST_HEADING)} {row['median']:,.1f} ({row['usual']:,.1f})"
        for c, row in shown.iterrows()
    ]
    said = "The exceptional customers are in no segment; their medians (in brackets those of customers in segments): "
    return [said + ", ".join(told)] if told else []


def segments_record(profiles: SegmentProfiles) -> dict[str, Any]:
    """The segments, and the customers in none where there are some, for programs."""
    return {"segments": _segments(profiles), "exceptional": _exceptional(profiles)}


def _segments(profiles: SegmentProfiles) -> list[dict[str, Any]]:
    rank = profiles.ranking["rank"]
    return [
        {
            "segment": s.number,
            "id": s.id,
            "name": s.name,
            "size": s.size,
            "share": s.share,
            "center": dict(s.center),
            "traits": dict(s.traits),
            "recommendations": _plays(profiles, s.number),
            "rank": None if pd.isna(rank[s.number]) else int(rank[s.number]),
        }
        for s in profiles.segments
    ]


def _exceptional(profiles: SegmentProfiles) -> dict[str, Any] | None:
    profile = profiles.profile
    if NOISE not in profile.segments.index:
        return None
    row = profile.segments.loc[NOISE]
    return {
        "segment": NOISE,
        "name": profiles.exceptional,
        "size": int(row["customers"]),
        "share": float(row["share"]),
        "value_share": None if pd.isna(row["value_share"]) else float(row["value_share"]),
        "median": {c: float(v) for c, v in profile.exceptional["median"].items()},
        "traits": dict(profiles.traits[NOISE]),
        "recommendations": _plays(profiles, NOISE),
    }


def _plays(profiles: SegmentProfiles, segment: int) -> list[str]:
    return [r.play for r in profiles.recommendations if r.segment == segment]


def _shorten(text: str, longest: int) -> str:
    """The text, or its beginning."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
