"""What to know first: what was found, and how sure it is."""

from typing import Any

import numpy as np
import pandas as pd

from segmentation.evaluation import DOUBTFUL_JACCARD, STABLE_JACCARD
from segmentation.profiling import NOISE
from segmentation.report._cells import UNKNOWN, number
from segmentation.report._parts import Table
from segmentation.report.clustering._study import StudyReport
from segmentation.report.clustering._words import (
    capital,
    count,
    headings,
    marked_by,
    marks,
    percent,
    pictures,
    titled,
)

MOST_NAMED = 10
EXCEPTIONS = 0.2
"""Share of the customers above which those in no segment are too many to be exceptions."""
ANSWERS = {
    "natural": "The segments are natural: there are gaps between the groups, which exist whoever looks. Offers, teams "
    "and budgets can follow these groups.",
    "reproducible": "The segments are reproducible: there are no clear gaps between the groups, but more structure "
    "than chance makes. Plan with them, and expect customers near a border to answer to the offer of the next segment "
    "too.",
    "constructive": "The segments are constructive: customers vary gradually, so the segments are a choice of how to "
    "cut a continuum. They help to address customers differently as long as everybody uses the same cut; but two "
    "customers on either side of a border are much alike, another cut would be as true, and there is no true number "
    "of segments to look for.",
}
FOUND_AGAIN = "Samples of the customers find these segments again."
UNSURE = {
    "natural": "There are gaps between groups of these customers, but no clustering that was tried finds groups to "
    "rely on. Other columns, more customers or more trials may help.",
    "reproducible": "There is more structure in these columns than chance makes, but no clustering that was tried "
    "finds groups to rely on. Other columns or more customers may help.",
    "constructive": "In these columns customers vary gradually, and no cut that was tried is one to rely on. Other "
    "columns or more customers may help.",
}
"""What the verdict means where no clustering is to be relied on."""
HOW_ALIKE = (
    "ARI, the adjusted Rand index, says how alike two ways to group the customers are: 1 is the same groups, 0 as "
    "alike as by chance."
)


def lead(report: StudyReport) -> str:
    """The answer in a few sentences, above all sections."""
    n, k = f"{report.n_customers:,}", len(report.segments)
    if k == 0:
        return f"No segments were found: none of the {n} customers of {report.data} belongs to one."
    if k == 1:
        return f"One segment was found among the {n} customers of {report.data}: there is nothing to compare it with."
    if report.unsure:
        means = f" {UNSURE[report.verdict]}" if report.verdict else ""
        return (
            f"No stable segmentation was found among the {n} customers of {report.data}: base no offers, teams or "
            f"budgets on the groups shown here.{means} The best attempt, {k} groups, is shown to be looked at only."
        )
    apart = f"; {_in_none(report)} fit none of them" if NOISE in report.labels else ""
    return f"The {n} customers of {report.data} fall into {k} segments{apart}.{_answer(report)}"


def _answer(report: StudyReport) -> str:
    """What the verdict means; that segments come back is said of those that were seen to."""
    answer = f" {ANSWERS[report.verdict]}" if report.verdict else ""
    again = all(report.figures(s).get("jaccard", 0.0) >= STABLE_JACCARD for s in report.segments)
    return (
        answer.replace(". ", f". {FOUND_AGAIN} ", 1) if again and report.verdict == "reproducible" else answer
    )


def _in_none(report: StudyReport) -> str:
    """The customers in no segment, with their share of the value."""
    worth = report.profile.segments.loc[NOISE, "value_share"]
    value = f", who hold {percent(worth)} of the value," if np.isfinite(worth) else ""
    return f"{count(report, NOISE)}{value}"


def summary(report: StudyReport) -> list[Any]:
    """The segments' names, what is unsure of them, and a table of all."""
    shown = report.segments[:MOST_NAMED]
    named = "; ".join(f"{report.names[s]} ({report.profile.segments.loc[s, 'share']:.1%})" for s in shown)
    more = len(report.segments) - len(shown)
    others = f"; and {more} smaller ones" if more else ""
    parts: list[Any] = []
    if report.unsure:
        parts.append(f"What the best attempt lacks: {report.unsure}. {HOW_ALIKE}")
    if len(shown) > 1:
        parts.append(f"{'Its groups' if report.unsure else 'They'} are called: {named}{others}.")
    parts += _unstable(report)
    parts += _exceptions(report)
    caption = "The groups of the best attempt" if report.unsure else "The segments"
    return [*parts, Table(caption, _overview(report), marks(report)), *pictures(report, "summary")]


def _unstable(report: StudyReport) -> list[str]:
    """The segments that samples of the customers do not find, or find with other members."""
    known = {s: report.figures(s).get("jaccard", 1.0) for s in report.segments}
    told = {s: f"{report.names[s]} ({number(jaccard, 2)})" for s, jaccard in known.items()}
    lost = "; ".join(told[s] for s, jaccard in known.items() if not jaccard >= DOUBTFUL_JACCARD)
    loose = "; ".join(told[s] for s, jaccard in known.items() if DOUBTFUL_JACCARD <= jaccard < STABLE_JACCARD)
    parts = []
    if lost:
        parts.append(f"Unsure, since samples of the customers do not find them again: {lost}.")
    if loose:
        parts.append(f"Unsure, since samples of the customers find them with other members: {loose}.")
    if parts:
        parts.append(
            f"In brackets is the Jaccard similarity: {STABLE_JACCARD} and more is called stable, and a segment below "
            f"{DOUBTFUL_JACCARD} is not to be relied on."
        )
    return [" ".join(parts)] if parts else []


def _exceptions(report: StudyReport) -> list[str]:
    """What is said in the summary of customers in no segment."""
    if NOISE not in report.labels or not report.segments:
        return []
    if report.profile.segments.loc[NOISE, "share"] > EXCEPTIONS:
        said = "They are too many to be exceptions: this clustering leaves out customers who need a segment."
    else:
        said = "They differ among themselves and are a group to look at one by one, not a segment."
    return [f"The customers who fit no segment are called '{report.names[NOISE]}'. {said}"]


def _overview(report: StudyReport) -> pd.DataFrame:
    segments, labels = report.profile.segments, report.labels
    columns: dict[str, list[Any]] = {
        "Customers": segments["customers"].tolist(),
        "Share": [percent(v) for v in segments["share"]],
    }
    if report.profile.value is not None:
        columns[capital(titled(report, report.profile.value))] = segments["value"].tolist()
        columns["Share of value"] = [percent(v) for v in segments["value_share"]]
    if report.traits:
        columns["Marked by"] = [
            # The features distinguish the segments; everything else is on their cards.
            marked_by(report, s, report.profile.features or None)
            for s in labels
        ]
    if report.recommendations is not None:
        columns["What to do"] = ["; ".join(r.play for r in report.recommended(s)) or UNKNOWN for s in labels]
    return pd.DataFrame(columns, index=headings(report))
