"""The data, how the segments were chosen, and how to do it again."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from segmentation.report._parts import Code, Facts, Points, Table
from segmentation.report.clustering._study import StudyReport
from segmentation.report.clustering._words import pictures

SHOWN_TRIALS = 12
HOW_PREPARED = (
    "Before customers were compared, the columns were brought to one scale, so that none counts more for its unit. "
    "Skewness is about 0 where values lie evenly on both sides of the middle, and larger where a few are far above."
)
PREPARED = {
    "role": "Taken as",
    "treatment": "What was done",
    "why": "Why",
    "override": "To do otherwise, type",
}


def data(report: StudyReport) -> list[Any]:
    """What was read and how it was prepared."""
    profile = report.profile
    facts = {
        "Data set": report.data,
        "Customers": f"{report.n_customers:,}",
        "Clustered on": _columns(report, profile.features),
        "Described by, too": _columns(report, profile.descriptors),
        "Fingerprint": report.fingerprint,
    }
    found: list[Any] = (
        ["What reading it found:", Points(report.findings)]
        if report.findings
        else ["Reading it found nothing to repair."]
    )
    if report.preparation is not None:
        found += [HOW_PREPARED, Table("How the columns were prepared", _prepared(report.preparation))]
    return [Facts({term: text for term, text in facts.items() if text}), *found]


def _columns(report: StudyReport, columns: Sequence[str]) -> str:
    units = report.profile.units
    return "; ".join(f"{c} ({units[c]})" if c in units else str(c) for c in columns)


def _prepared(preparation: pd.DataFrame) -> pd.DataFrame:
    """Neighbouring columns that were treated alike in one row."""
    told = preparation[[*PREPARED]]
    block = told.ne(told.shift()).any(axis=1).cumsum().to_numpy()
    names = preparation["column"].groupby(block).agg(_together)
    shown = told.groupby(block).first().set_index(names.rename("Column")).rename(columns=PREPARED)
    return shown.loc[:, shown.ne("").any()]


def _together(columns: pd.Series) -> str:
    names = [str(name) for name in columns]
    return f"{names[0]} to {names[-1]} ({len(names)} columns)" if len(names) > 3 else "; ".join(names)


def choice(report: StudyReport) -> list[Any]:
    """Why this clustering was chosen."""
    parts: list[Any] = [text for text in (report.reason, report.sentence) if text]
    parts += pictures(report, "choice")
    if report.leaderboard is not None and len(report.leaderboard):
        shown, total = report.leaderboard.head(SHOWN_TRIALS), len(report.leaderboard)
        some = f"the first {len(shown)} of {total}" if total > len(shown) else f"all {total}"
        parts.append(Table(f"The trials, best first: {some}", shown.reset_index(drop=True)))
    return parts


def method(report: StudyReport) -> list[Any]:
    """Versions, command and config."""
    parts: list[Any] = ["What else to know:", Points(report.notes)] if report.notes else []
    facts = {"Fingerprint of the data": report.fingerprint, **report.versions}
    if any(facts.values()):
        parts.append(Facts({term: text for term, text in facts.items() if text}))
    if report.command:
        parts.append(Code("The command", report.command))
    if report.config:
        parts.append(Code("The config, resolved", report.config))
    return parts
