"""A segmentation in words for the terminal, and in plain values for programs."""

from typing import Any

import numpy as np
import pandas as pd

from segmentation.study import StudyResult, StudySettings, plan_of
from segmentation.workflows._profiles import NOISE, SegmentProfiles
from segmentation.workflows._study import readable
from segmentation.workflows._validation import ClusterValidation

SIZE = ("customers", "share")
SHOWN_COLUMNS = 8
LONGEST_HEADING = 24
SHOWN_ROWS = 8
STABLE = 0.75
"""The Jaccard similarity above which Hennig (2007) calls a segment stable."""


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


def validation_text(validation: ClusterValidation) -> str:
    """How far each segment is repeated by sub-samples, the weak ones named."""
    found, weak = validation.stability, validation.segments[~(validation.segments["jaccard"] >= STABLE)]
    text = (
        f"Stability: sub-samples repeat the whole with ARI {found.score:.2f}, each segment with a Jaccard of "
        f"{found.jaccard_min:.2f} or more."
    )
    if weak.empty:
        return text
    named = ", ".join(
        f"segment {s} ({'in no sub-sample' if np.isnan(j) else f'{j:.2f}'})"
        for s, j in zip(weak["segment"], weak["jaccard"], strict=True)
    )
    return f"{text}\nBelow {STABLE} a segment is unsure: {named}."


def leaderboard_text(board: pd.DataFrame) -> str:
    """The best trials, as a table."""
    whole = readable(board).head(SHOWN_ROWS)
    return str(whole.to_string(index=False, na_rep="", float_format="{:.4f}".format, max_colwidth=50))


def trials_text(study: StudyResult, settings: StudySettings) -> str:
    """How many trials there were, and whether they are the beginning of the plan only."""
    tried = ", ".join(f"{count} {state}" for state, count in study.counts().items())
    planned = len(plan_of(study.fitter, settings))
    if len(study.outcomes) >= planned:
        return tried
    return (
        f"{tried}\nThis is the beginning of a plan of {planned} trials: what was left out could have won "
        f"(search.n_trials=null tries all)"
    )
