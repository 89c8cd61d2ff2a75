"""One segment at a time."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segmentation.profiling import NOISE
from segmentation.report._cells import decimals, number
from segmentation.report._parts import Code, Facts, Section, Table
from segmentation.report.clustering._study import StudyReport
from segmentation.report.clustering._words import (
    called,
    capital,
    count,
    marked_by,
    percent,
    picture,
    shortened,
    signed,
    stability,
    titled,
)

if TYPE_CHECKING:
    from segmentation.profiling import Rule


NOT_A_SEGMENT = (
    "This is not a segment: the clustering puts these customers in none. They differ among themselves, and a single "
    "one can make their mean, so the medians and the tenths below say what they are like. Look at them one by one."
)
SHOWN_LEVELS = 8


def card(report: StudyReport, segment: int) -> Section:
    """What is known of one segment."""
    apart = segment == NOISE and report.segments
    parts: list[Any] = [NOT_A_SEGMENT] if apart else []
    parts.append(Facts(_facts(report, segment)))
    parts += [Table(caption, frame) for caption, frame in _portrait(report, segment).items() if len(frame)]
    if f"segment_{segment}" in report.pictures:
        parts.append(picture(report, f"segment_{segment}"))
    if report.recommendations is not None and (segment != NOISE or apart):
        parts.append(Section("What to do", _advice(report, segment)))
    rule = report.rule(segment)
    if rule:
        parts.append(Section("Rule", _rule(rule)))
    return Section(capital(report.names[segment]), parts, report.colors[segment])


def _facts(report: StudyReport, segment: int) -> dict[str, str]:
    profile, figures = report.profile, report.figures(segment)
    row = profile.segments.loc[segment]
    facts = {"Customers": count(report, segment)}
    if profile.value is not None:
        share = f" ({row['value_share']:.1%} of all)" if np.isfinite(row["value_share"]) else ""
        facts[capital(titled(report, profile.value))] = number(row["value"], decimals([row["value"]])) + share
    if segment in report.ids:
        facts["Identity"] = report.ids[segment]
    if segment in report.traits:
        facts["Marked by"] = marked_by(report, segment)
    if "silhouette" in figures:
        facts["Silhouette"] = number(figures["silhouette"], 2)
    if "jaccard" in figures:
        facts["Found again"] = f"Jaccard {number(figures['jaccard'], 2)}: {stability(figures['jaccard'])}"
    for caption, table in (
        ("Most typical customers", profile.typical),
        ("Least certain customers", profile.uncertain),
    ):
        ids = table.loc[table["segment"] == segment, "id"]
        if len(ids):
            facts[caption] = ", ".join(map(str, ids))
    return facts


def _portrait(report: StudyReport, segment: int) -> dict[str, pd.DataFrame]:
    """The tables of numbers and of levels on a segment's card."""
    levels = report.profile.categories
    levels = levels[levels["segment"] == segment]
    numbers = _among_segments if segment == NOISE and len(report.profile.exceptional) else _against_all
    return {**numbers(report, segment), **_composition(levels)}


def _against_all(report: StudyReport, segment: int) -> dict[str, pd.DataFrame]:
    rows, overall, shown = _rows(report, segment), report.profile.overall, []
    for column, row in rows.iterrows():
        places = decimals([row["center"], row["q25"], row["q75"], overall[column]])
        shown.append(
            {
                "This segment": number(row["center"], places),
                "All customers": number(overall[column], places),
                "Difference (sd)": signed(row["effect"]),
                "Middle half": f"{number(row['q25'], places)} to {number(row['q75'], places)}",
                "Clustered on": "yes" if row["role"] == "feature" else "no",
            }
        )
    caption = "Numbers: the centre of the segment against all customers; differences in standard deviations"
    return {caption: pd.DataFrame(shown, index=_column_index(report, rows))}


def _among_segments(report: StudyReport, segment: int) -> dict[str, pd.DataFrame]:
    """The customers in no segment against those in one."""
    rows, shown = _rows(report, segment), []
    rows = rows.loc[rows.index.isin(report.profile.exceptional.index)]
    for column, row in rows.iterrows():
        places, against = (
            decimals([row["median"], row["q25"], row["q75"]]),
            report.profile.exceptional.loc[column],
        )
        shown.append(
            {
                "Median here": number(against["median"], places),
                "Median in segments": number(against["usual"], places),
                "Middle half here": f"{number(row['q25'], places)} to {number(row['q75'], places)}",
                "In the lowest tenth": f"{against['lowest']:.0%}",
                "In the highest tenth": f"{against['highest']:.0%}",
                "Clustered on": "yes" if row["role"] == "feature" else "no",
            }
        )
    caption = (
        "Numbers: these customers against those in segments, and the share of them that is among the lowest and the "
        "highest tenth of those in segments"
    )
    return {caption: pd.DataFrame(shown, index=_column_index(report, rows))}


def _rows(report: StudyReport, segment: int) -> pd.DataFrame:
    """The numbers of a segment by column, features first."""
    numbers = report.profile.numbers
    rows = numbers[numbers["segment"] == segment].set_index("column")
    return rows.loc[sorted(rows.index, key=lambda c: rows.loc[c, "role"] != "feature")]


def _column_index(report: StudyReport, rows: pd.DataFrame) -> pd.Index:
    return pd.Index([titled(report, c) for c in rows.index], name="Column")


def _composition(levels: pd.DataFrame) -> dict[str, pd.DataFrame]:
    largest = levels.loc[levels["effect"].abs().sort_values(ascending=False, kind="stable").index].head(
        SHOWN_LEVELS
    )
    some = f", the {SHOWN_LEVELS} of {len(levels)} that differ most" if len(levels) > SHOWN_LEVELS else ""
    composition = pd.DataFrame(
        {
            "Level": [shortened(level) for level in largest["level"]],
            "This segment": [percent(v) for v in largest["share"]],
            "All customers": [percent(v) for v in largest["overall"]],
        },
        index=pd.Index([called(c) for c in largest["column"]], name="Column"),
    )
    return {f"Categories: share of each level{some}": composition}


def _advice(report: StudyReport, segment: int) -> list[Any]:
    found = report.recommended(segment)
    if not found:
        return ["No play of the playbook fits this segment, so nothing is recommended."]
    parts: list[Any] = []
    for advice in found:
        parts.append(Facts({advice.play: advice.action, "Why": advice.because, "Evidence": advice.evidence}))
    return parts


def _rule(rule: "Rule") -> list[Any]:
    parts: list[Any] = [f"{capital(rule.words)}."]
    if rule.customers:
        group = "group" if rule.segment == NOISE else "segment"
        parts.append(
            f"The rule selects {rule.customers:,} customers: {rule.precision:.0%} of them are in the {group}, and "
            f"it finds {rule.recall:.0%} of the {group}."
        )
    return [*parts, Code("The same as a condition in SQL", rule.sql)]
