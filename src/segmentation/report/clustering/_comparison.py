"""All segments beside each other."""

from typing import Any

import pandas as pd

from segmentation.report._cells import decimals, number
from segmentation.report._parts import Section, Table
from segmentation.report.clustering._study import StudyReport
from segmentation.report.clustering._words import (
    called,
    capital,
    headings,
    marks,
    percent,
    pictures,
    shortened,
    signed,
    stability,
    titled,
)

MANY = 8
"""Segments beyond which tables have them as rows."""
WHY_NO_TEST = (
    "No test is shown for the columns that made the segments: the clustering pulled the segments apart in exactly "
    "these, so a test would find a difference even in pure noise. Only columns that were not clustered on are "
    "tested, and corrected for their number (Holm)."
)


def comparison(report: StudyReport) -> list[Any]:
    """Centres, shares, evidence, tests and pictures of all segments."""
    profile = report.profile
    parts: list[Any] = []
    for role, caption in (
        ("feature", "What the segments were made of"),
        ("descriptor", "What else is known of them"),
    ):
        numbers = profile.numbers[profile.numbers["role"] == role]
        if len(numbers):
            words = f"{caption}: centres, and in brackets the difference from all customers in standard deviations"
            parts.append(_across(report, words, _differences(report, numbers)))
        levels = profile.categories[profile.categories["role"] == role]
        if len(levels):
            parts.append(_across(report, f"{caption}: shares of each level", _shares(report, levels)))
    if report.evidence is not None:
        parts.append(_evidence(report, report.evidence))
    tests: list[Any] = [WHY_NO_TEST] if profile.features and len(report.segments) > 1 else []
    if len(profile.tests):
        tests.append(Table("Do segments differ in what they were not made of?", _tests(profile.tests)))
    if tests:
        parts.append(Section("Descriptors and their tests", tests))
    drawn: list[Any] = [report.scatter] if report.scatter else []
    drawn += pictures(report, "comparison")
    return [*parts, Section("Pictures", drawn)] if drawn else parts


def _differences(report: StudyReport, numbers: pd.DataFrame) -> pd.DataFrame:
    """One row a column: all customers, then each segment."""
    overall, rows = report.profile.overall, []
    for column, group in numbers.groupby("column", sort=False):
        places = decimals([*group["center"], overall[column]])
        told = {
            s: f"{number(center, places)} ({signed(effect)})"
            for s, center, effect in zip(group["segment"], group["center"], group["effect"], strict=True)
        }
        rows.append([titled(report, column), number(overall[column], places), *map(told.get, report.labels)])
    return _wide(report, rows, "Column")


def _shares(report: StudyReport, levels: pd.DataFrame) -> pd.DataFrame:
    """One row a level: all customers, then each segment."""
    rows = []
    for (column, level), group in levels.groupby(["column", "level"], sort=False):
        told = dict(zip(group["segment"], map(percent, group["share"]), strict=True))
        overall = percent(group["overall"].iloc[0])
        rows.append([f"{called(column)}: {shortened(level)}", overall, *map(told.get, report.labels)])
    return _wide(report, rows, "Level")


def _wide(report: StudyReport, rows: list[list[Any]], heading: str) -> pd.DataFrame:
    columns = ["All customers", *(capital(report.names[s]) for s in report.labels)]
    index = pd.Index([row[0] for row in rows], name=heading)
    return pd.DataFrame([row[1:] for row in rows], columns=columns, index=index)


def _across(report: StudyReport, caption: str, frame: pd.DataFrame) -> Table:
    """Segments side by side, or below each other where they are many."""
    if len(report.labels) <= MANY:
        return Table(caption, frame)
    return Table(caption, frame.T.rename_axis("Segment"), ["", *marks(report)])


def _evidence(report: StudyReport, evidence: pd.DataFrame) -> Table:
    by_segment = evidence.set_index("segment").reindex(report.segments)
    known = {"silhouette": "Silhouette", "share_negative": "Closer to another", "jaccard": "Jaccard"}
    shown = {title: by_segment[name].to_numpy() for name, title in known.items() if name in by_segment}
    frame = pd.DataFrame(
        {
            title: [percent(v) if title == "Closer to another" else number(v, 2) for v in values]
            for title, values in shown.items()
        },
        index=headings(report, noise=False),
    )
    if "Jaccard" in frame:
        frame["Found again"] = [stability(float(v)) for v in by_segment["jaccard"]]
    words = "How sure each segment is: silhouette (1 far from the others, below 0 among them), and whether samples of "
    return Table(f"{words}the customers find it again", frame, marks(report)[: len(frame)])


def _tests(tests: pd.DataFrame) -> pd.DataFrame:
    shown = {
        "Test": tests["test"],
        "n": tests["n"],
        "Statistic": [number(v, 2) for v in tests["statistic"]],
        "p (Holm)": [_chance(p) for p in tests["p_holm"]],
        "Effect, 0 to 1": [number(v, 3) for v in tests["effect"]],
        "Kind of effect": tests["effect_name"],
    }
    if "chance" in tests:
        shown["Effect by chance alone"] = [number(v, 3) for v in tests["chance"]]
    if "note" in tests and tests["note"].astype(bool).any():
        shown["Note"] = tests["note"]
    index = pd.Index([called(c) for c in tests["column"]], name="Column")
    return pd.DataFrame({title: list(values) for title, values in shown.items()}, index=index)


def _chance(p: float) -> str:
    return "<0.001" if p < 0.001 else number(p, 3)
