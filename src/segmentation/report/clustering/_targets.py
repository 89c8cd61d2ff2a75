"""How to find the segments in a database, and which to go for."""

from typing import Any

import pandas as pd

from segmentation.profiling import NOISE
from segmentation.report._cells import UNKNOWN, decimals, number
from segmentation.report._parts import Code, Table
from segmentation.report.clustering._study import StudyReport
from segmentation.report.clustering._words import called, capital, count, percent, pictures, titled

MOST_LARGE = 20
"""Customers with a large share of the value that are listed."""
HOW_RANKED = (
    "Each criterion is scored from 0 to 1 and the score is their weighted mean. Size is the share of all customers, "
    "value the share of what all are worth, distinctness the mean distance from all customers in standard "
    "deviations, stability how far samples find the segment again, reachability how well its rule finds it."
)


def rules(report: StudyReport) -> list[Any]:
    """The rule of each segment, in words and in SQL."""
    if report.rules is None:
        return []
    rows = [r for r in report.rules.rules if r.segment in report.names]
    table = pd.DataFrame(
        {
            "Rule": [r.words for r in rows],
            "Selects": [r.customers for r in rows],
            "Of them in the segment": [percent(r.precision) for r in rows],
            "Of the segment found": [percent(r.recall) for r in rows],
        },
        index=pd.Index([capital(report.names[r.segment]) for r in rows], name="Segment"),
    )
    return [
        "A small decision tree tells the segments apart without the model.",
        report.rules.note,
        Table("The rules", table, [report.colors[r.segment] for r in rows]),
        *pictures(report, "rules"),
        Code("All segments as a CASE expression in SQL", report.rules.case),
    ]


def targets(report: StudyReport) -> list[Any]:
    """The segments by attractiveness, and the customers who hold much of the value."""
    return [*_ranking(report), *_not_ranked(report), *_large(report)]


def _ranking(report: StudyReport) -> list[Any]:
    ranked = report.attractiveness
    if ranked is None or len(ranked) < 2:
        return []
    order = [int(s) for s in ranked.index]
    shown = pd.DataFrame(
        {
            "Rank": [UNKNOWN if pd.isna(v) else str(v) for v in ranked["rank"]],
            "Score": [number(v, 2) for v in ranked["score"]],
            **{
                f"{capital(name)} (raw)": [
                    f"{number(score, 2)} ({number(raw, 2)})"
                    for score, raw in zip(ranked[name], ranked[f"{name}_raw"], strict=True)
                ]
                for name in ranked.columns
                if f"{name}_raw" in ranked and ranked[f"{name}_raw"].notna().any()
            },
            "Knocked out": [reason or UNKNOWN for reason in ranked["knocked_out"]],
        },
        index=pd.Index([capital(report.names[s]) for s in order], name="Segment"),
    )
    if not ranked["knocked_out"].any():
        shown = shown.drop(columns="Knocked out")
    parts: list[Any] = [HOW_RANKED]
    if "not_known" in ranked and ranked["not_known"].iloc[0]:
        parts.append(f"Not known here, and left out of the scores: {ranked['not_known'].iloc[0]}.")
    table = Table(
        "Target segments, the most attractive first; in brackets the figure behind each score",
        shown,
        [report.colors[s] for s in order],
    )
    return [*parts, table, *pictures(report, "targets")]


def _not_ranked(report: StudyReport) -> list[str]:
    """Why customers in no segment have no rank."""
    if NOISE not in report.labels or not report.segments or report.attractiveness is None:
        return []
    shares = report.profile.segments["value_share"]
    worth, below = shares[NOISE], int((shares[report.segments] < shares[NOISE]).sum())
    said = "They are no target of a campaign, for no one offer fits them"
    if below and worth >= 2 * report.profile.segments.loc[NOISE, "share"]:
        k = len(report.segments)
        others = "any segment" if below == k else f"each of {below} of the {k} segments"
        said += (
            f". Yet they hold {percent(worth)} of the value, more than {others}: look after them one by one"
        )
    return [f"Not ranked: the {count(report, NOISE)} customers called '{report.names[NOISE]}'. {said}."]


def _large(report: StudyReport) -> list[Any]:
    """The customers with more than 1 % of the value."""
    found = report.profile.largest
    if found.empty:
        return []
    shown, value = found.head(MOST_LARGE), report.profile.value
    places = decimals(shown["value"].tolist())
    columns = {
        capital(titled(report, value)): [number(v, places) for v in shown["value"]],
        "Share of all": [percent(v) for v in shown["share"]],
        "Group": [capital(report.names[s]) for s in shown["segment"]],
    }
    if report.recommendations is not None:
        columns["What to do"] = [
            "; ".join(r.play for r in report.recommended(s)) or UNKNOWN for s in shown["segment"]
        ]
    some = f", the {MOST_LARGE} largest of {len(found)}" if len(found) > MOST_LARGE else ""
    table = Table(
        f"Customers with more than 1% of the value ({called(value)}) of all{some}",
        pd.DataFrame(columns, index=pd.Index(shown["id"].map(str), name="Customer")),
        [report.colors[s] for s in shown["segment"]],
    )
    return [table]
