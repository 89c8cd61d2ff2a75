"""Words, figures and pictures that several sections of the report use."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from segmentation.evaluation import DOUBTFUL_JACCARD, STABLE_JACCARD
from segmentation.profiling import NOISE
from segmentation.report._cells import UNKNOWN
from segmentation.report._parts import Picture
from segmentation.report.clustering._study import StudyReport

OFF = {"low", "high", "very low", "very high", "very low or very high"}
"""Traits in columns of numbers that say more than the middle."""
LONGEST = 60
"""Letters of a column's name in tables; whole it stands with the data."""
PLACES = {
    "summary": ("segment_separation",),
    "choice": (
        "structure",
        "silhouette",
        "elbow",
        "gap",
        "selection",
        "agreement",
        "segment_stability",
        "segment_flows",
        "pareto",
        "front",
        "optuna",
        "dendrogram",
        "k_distance",
    ),
    "rules": ("surrogate", "rules"),
    "targets": ("attractiveness",),
}
"""Where a picture stands, by how its name begins; all others are comparisons of segments."""


def pictures(report: StudyReport, place: str) -> list[Picture]:
    """The pictures of one section, in the order of `PLACES`; those of the cards are left out."""
    order = PLACES.get(place, ())
    names = [name for name in report.pictures if _place(report, name) == place]
    names.sort(key=lambda name: [not name.startswith(beginning) for beginning in order])
    return [picture(report, name) for name in names]


def _place(report: StudyReport, name: str) -> str:
    if name in {f"segment_{s}" for s in report.labels}:
        return "card"
    return next((place for place, names in PLACES.items() if name.startswith(names)), "comparison")


def picture(report: StudyReport, name: str) -> Picture:
    """One picture, with the name of its file."""
    return replace(report.pictures[name], name=name)


def marked_by(report: StudyReport, segment: int, columns: Sequence[str] | None = None) -> str:
    """In which columns a segment is low, high or mostly of one level."""
    if segment not in report.traits:
        return UNKNOWN
    said = [
        f"{trait} {called(column)}" if trait in OFF else f"{called(column)} {shortened(trait)}"
        for column, trait in report.traits[segment].items()
        if trait != "mid" and (columns is None or column in columns)
    ]
    nothing = "nothing as a whole" if segment == NOISE else "nothing: it is in the middle"
    return "; ".join(said) or nothing


def stability(jaccard: float) -> str:
    """What a Jaccard similarity says of a segment."""
    if np.isnan(jaccard):
        return "not known, since no sample holds one of these customers"
    if jaccard >= STABLE_JACCARD:
        return "samples of the customers find the same segment"
    if jaccard >= DOUBTFUL_JACCARD:
        return "samples find a segment like it, and are unsure of its members"
    return "samples do not find it; do not rely on it"


def count(report: StudyReport, segment: int) -> str:
    """The customers of a segment and their share of all."""
    row = report.profile.segments.loc[segment]
    return f"{int(row['customers']):,} ({row['share']:.1%})"


def headings(report: StudyReport, noise: bool = True) -> pd.Index:
    """The segments' names as the index of a table."""
    labels = report.labels if noise else report.segments
    return pd.Index([capital(report.names[s]) for s in labels], name="Segment")


def marks(report: StudyReport) -> list[str]:
    """The segments' colours, for the rows of a table."""
    return [report.colors[s] for s in report.labels]


def titled(report: StudyReport, column: Any) -> str:
    """A column and its unit."""
    unit = report.profile.units.get(column)
    return f"{called(column)} ({unit})" if unit else called(column)


def called(column: Any) -> str:
    """A column's name as people write it."""
    return shortened(str(column).replace("_", " "))


def shortened(text: str) -> str:
    """The middle of a long text left out: long names of one table often differ only at the end."""
    return (
        text if len(text) <= LONGEST else f"{text[:40].rstrip()}\N{HORIZONTAL ELLIPSIS}{text[-19:].lstrip()}"
    )


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def percent(share: float) -> str:
    return f"{share:.1%}" if np.isfinite(share) else UNKNOWN


def signed(effect: float) -> str:
    # Zero is added, for what rounds to nothing has no sign.
    return f"{round(effect, 2) + 0:+.2f}" if np.isfinite(effect) else UNKNOWN
