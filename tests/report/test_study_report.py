"""The report: what it says and in which order, for people and for machines."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from typing import Any

import numpy as np
import pandas as pd
import pytest

from segmentation.report import Picture, StudyReport, to_frame, to_html, to_json, to_markdown

Make = Callable[..., StudyReport]
SECTIONS = [
    "Summary",
    "The data",
    "How the segments were chosen",
    "Segments one by one",
    "How the segments differ",
    "Rules for a database",
    "Which segments to target",
    "Method, and how to do it again",
]


def text(report: StudyReport) -> str:
    """What a reader reads, without tags, style and script."""
    body = re.sub(r"<(style|script)>.*?</\1>", "", to_html(report), flags=re.DOTALL)
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", body)))


def headings(report: StudyReport, level: int) -> list[str]:
    found = re.findall(rf"<h{level}[^>]*>(.*?)</h{level}>", to_html(report))
    return [unescape(re.sub(r"<[^>]*>", "", title)).strip() for title in found if title != "Contents"]


def card(report: StudyReport, name: str) -> str:
    """The Markdown of one segment's card."""
    found = re.search(rf"^### {name}\n(.*?)(?=^###? )", to_markdown(report), flags=re.DOTALL | re.MULTILINE)
    assert found
    return found[1]


def test_the_summary_comes_first_and_all_sections_are_there(make: Make) -> None:
    report = make()
    assert headings(report, 2) == SECTIONS
    assert headings(report, 1) == ["Segments of demo"]
    for name in report.names.values():
        assert name[:1].upper() + name[1:] in headings(report, 3)


def test_what_a_fit_does_not_know_is_left_out(make: Make) -> None:
    nothing = {
        "verdict": "",
        "sentence": "",
        "reason": "",
        "pictures": {},
        "scatter": None,
        "rules": None,
        "recommendations": None,
        "attractiveness": None,
        "evidence": None,
        "leaderboard": None,
    }
    report = make(**nothing)
    assert headings(report, 2) == [s for s in SECTIONS if s not in {SECTIONS[2], SECTIONS[5], SECTIONS[6]}]
    assert "constructive" not in text(report)
    assert "What to do" not in text(report)
    assert "<script" not in to_html(report)
    json.dumps(to_json(report), allow_nan=False)


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("natural", "which exist whoever looks"),
        ("reproducible", "no clear gaps between the groups, but more structure than chance makes"),
        ("constructive", "a choice of how to cut a continuum"),
    ],
)
def test_whether_segments_are_real_is_said_at_the_top(make: Make, verdict: str, words: str) -> None:
    report = make(verdict=verdict)
    assert words in to_markdown(report).split("## ")[0]
    assert "60 customers of demo fall into 5 segments" in to_markdown(report).split("## ")[0]


def test_reproducible_segments_are_said_to_come_back_where_that_was_seen(make: Make) -> None:
    report = make(verdict="reproducible")
    again = "Samples of the customers find these segments again. Plan with them"
    unstable = report.evidence.assign(jaccard=[0.9, 0.7, 0.9, 0.9, 0.9])
    assert again in text(report)
    assert "find these segments again" not in text(make(verdict="reproducible", evidence=unstable))
    assert "find these segments again" not in text(make(verdict="reproducible", evidence=None))
    assert "find these segments again" not in text(make(verdict="natural"))


@pytest.mark.parametrize("verdict", ["natural", "reproducible", "constructive", ""])
def test_that_nothing_is_stable_is_read_first_and_nothing_says_otherwise(make: Make, verdict: str) -> None:
    pictures = {"attractiveness": Picture("Targets", "Which to target.", make().pictures["segment_0"].png)}
    sure = make(verdict=verdict, pictures=pictures)
    report = replace(sure, unsure="a segment comes back with a Jaccard of 0.71, below 0.75")
    lead = to_markdown(report).split("\n\n")[1]
    assert lead.startswith("No stable segmentation was found among the 60 customers of demo: ")
    assert "The best attempt, 5 groups, is shown to be looked at only." in lead
    assert "What the best attempt lacks: a segment comes back with a Jaccard of 0.71, below 0.75." in text(
        report
    )
    assert "What the best attempt lacks" not in text(sure)
    for settled in (
        "The segments are",
        "fall into",
        "What to do",
        "find these segments again",
    ):
        assert settled not in text(report)
    assert "Which to target" not in to_html(report)
    assert "What to do" in text(sure) and "Which to target" in to_html(sure)
    assert headings(report, 2) == [
        "Summary",
        "The data",
        "How the best attempt was chosen",
        "Groups of the best attempt, one by one",
        "How the groups of the best attempt differ",
        "Rules for a database",
        "Method, and how to do it again",
    ]
    assert to_json(report)["unsure"] == report.unsure
    assert to_json(sure)["unsure"] is None


def test_a_segment_that_samples_do_not_find_is_named_in_the_summary(make: Make) -> None:
    report = make()
    assert "Unsure" not in text(report)
    evidence = report.evidence.assign(jaccard=[0.9, 0.49, 0.7, 0.9, 0.9])
    said = text(replace(report, evidence=evidence))
    assert f"do not find them again: {report.names[1]} (0.49)." in said
    assert "do not rely on it" in said
    # What the card of a segment says is what the summary says.
    assert f"find them with other members: {report.names[2]} (0.70)." in said
    assert "samples find a segment like it, and are unsure of its members" in said


def test_neighbouring_columns_that_were_prepared_alike_share_a_row(make: Make) -> None:
    prepared = pd.DataFrame(
        {
            "column": ["a", "b", "spend", "c"],
            "role": ["yes or no", "yes or no", "amount", "yes or no"],
            "treatment": ["as they are", "as they are", "log(1 + x)", "as they are"],
            "why": ["two values", "two values", "skewness 3.1", "two values"],
            "override": ["", "", "features.plain=[spend]", ""],
        }
    )
    shown = to_markdown(make(preparation=prepared))
    assert "| Column | Taken as | What was done | Why | To do otherwise, type |" in shown
    assert re.search(r"^\| a; b \| yes or no \| as they are \| two values \|", shown, re.M)
    assert shown.index("| a; b |") < shown.index("| spend |") < shown.index("| c |")
    assert "Skewness is about 0" in shown
    assert "To do otherwise" not in to_markdown(make(preparation=prepared.assign(override="")))
    many = prepared.iloc[[0] * 20].assign(column=[f"item {i}" for i in range(20)])
    assert "| item 0 to item 19 (20 columns) | yes or no |" in to_markdown(make(preparation=many))


def test_a_segment_that_no_sample_holds_is_unsure_and_its_figures_are_left_open(make: Make) -> None:
    report = make()
    evidence = report.evidence.assign(
        jaccard=[0.9, np.nan, 0.9, 0.9, 0.9], silhouette=[0.5, np.nan, 0.5, 0.5, 0.5]
    )
    said = text(replace(report, evidence=evidence))
    assert f"{report.names[1]} (\N{EN DASH})" in said
    assert "no sample holds one of these customers" in said
    assert "nan" not in said


def exceptional(
    people: Callable, report_on: Make, spend: float, noise: int = 4, **changed: Any
) -> StudyReport:
    """A report of 36 customers in three segments, worth 10 each, and of some in none, worth so much each."""
    table, labels = people(3, noise=noise)
    table.loc[labels < 0, "income"] = 500.0
    return report_on(table.assign(spend=np.where(labels < 0, spend, 10.0)), labels, value="spend", **changed)


def test_exceptional_customers_have_a_card_that_says_they_are_no_segment(
    people: Callable, report_on: Make
) -> None:
    report = exceptional(people, report_on, 70.0)
    assert report.names[-1] == "exceptional: very high income"
    assert "3 segments; 4 (10.0%), who hold 43.8% of the value, fit none of them" in text(report)
    assert "a group to look at one by one, not a segment" in text(report)
    shown = card(report, "Exceptional: very high income")
    assert "This is not a segment" in shown
    assert re.search(r"\| income \(k\\\$\) \| 500 \| [\d.]+ \| 500 to 500 \| 0% \| 100% \| yes", shown)
    assert "Key accounts" in shown and "very high income" in shown
    assert "in the group" in shown
    assert "This is not a segment" not in card(report, report.names[0].capitalize())


def test_exceptional_customers_are_not_ranked_and_worth_is_said(people: Callable, report_on: Make) -> None:
    rich, poor = (exceptional(people, report_on, spend) for spend in (70.0, 1.0))
    assert -1 not in rich.attractiveness.index
    assert "Not ranked: the 4 (10.0%) customers called" in text(rich)
    assert "Yet they hold 43.8% of the value, more than any segment: look after them one by one" in text(rich)
    assert "Not ranked" in text(poor) and "look after them one by one" not in text(poor)


def test_so_many_are_no_exceptions(people: Callable, report_on: Make) -> None:
    assert "too many to be exceptions" in text(exceptional(people, report_on, 70.0, noise=12))


def test_customers_with_a_large_share_of_the_value_are_listed_with_their_group(
    people: Callable, report_on: Make
) -> None:
    report = exceptional(people, report_on, 70.0)
    rows = re.findall(r"^\| (\d+) \| [\d.]+ \| ([\d.]+)% \| (.+?) \| (.+?) \|$", to_markdown(report), re.M)
    assert len(rows) == 20
    assert "the 20 largest of 40" in text(report)
    assert rows[0] == ("37", "10.9", "Exceptional: very high income", "Key accounts")
    assert rows[4] == ("1", "1.6", report.names[0].capitalize(), "\N{EN DASH}")
    assert "more than 1%" not in text(
        replace(report, profile=replace(report.profile, largest=pd.DataFrame()))
    )


def test_machines_are_told_of_exceptional_customers(people: Callable, report_on: Make) -> None:
    report = exceptional(people, report_on, 70.0)
    told = json.loads(json.dumps(to_json(report), allow_nan=False))
    assert [s["segment"] for s in told["segments"]] == [0, 1, 2, -1]
    last = told["segments"][-1]
    assert last["name"] == "exceptional: very high income"
    assert last["traits"]["income"] == "very high"
    assert [r["play"] for r in last["recommendations"]] == ["Key accounts"]
    assert {r["column"]: r["median"] for r in last["against_segments"]}["income"] == 500
    assert "against_segments" not in told["segments"][0]
    assert told["largest_customers"][0] == {"id": 37, "segment": -1, "value": 70.0, "share": 70 / 640}
    assert to_frame(report).loc[-1, ["name", "play"]].tolist() == [last["name"], "Key accounts"]


def test_no_segments_at_all_is_a_report(make: Make) -> None:
    report = make(0, noise=20)
    assert "No segments were found: none of the 20 customers" in text(report)
    assert "real" not in to_markdown(report).split("## ")[0]
    assert to_json(report)["n_segments"] == 0
    assert len(to_frame(report)) == 1


def test_one_segment_is_a_report(make: Make) -> None:
    report = make(1)
    assert "nothing to compare it with" in text(report)
    assert "Which segments to target" not in headings(report, 2)
    assert "-0.00" not in text(report)


def test_a_card_shows_the_segment_against_all_customers_in_their_units(make: Make) -> None:
    report = make()
    shown = report.profile.numbers.set_index(["column", "segment"])["mean"]["income"]
    row = re.search(
        r"^\| income \(k\\\$\) \| ([\d.]+) \| ([\d.]+) \|", card(report, "High income, mid spending"), re.M
    )
    assert row
    assert float(row[1]) == pytest.approx(shown[0], abs=0.06)
    assert float(row[2]) == pytest.approx(shown.mean(), abs=0.06)  # segments of one size


def test_all_customers_are_in_the_middle_of_a_logarithm_too(people: Callable, report_on: Make) -> None:
    from segmentation.profiling import describe

    table, labels = people(3)
    table["income"] = np.exp(table["income"] / 10) - 1
    table.loc[table.index[:5], "income"] = np.nan
    report = report_on(table, labels)
    logged = replace(report, profile=describe(table, labels, ["income", "spending"], log=["income"]))
    middle = np.expm1(np.log1p(table["income"]).mean())
    assert f"| {middle:,.0f} " in to_markdown(logged) or f"| {middle:,.1f} " in to_markdown(logged)
    assert f"| {table['income'].mean():,.0f} " in to_markdown(
        report
    ) or f"{table['income'].mean():,.1f}" in text(report)


def test_the_middle_of_a_logarithm_is_known_where_all_of_a_segment_are_alike(
    people: Callable, report_on: Make
) -> None:
    from segmentation.profiling import describe

    table, labels = people(2)
    table["income"] = np.where(labels == 0, 1.0, 100.0)
    profile = describe(table, labels, ["income", "spending"], log=["income"])
    said = to_markdown(replace(report_on(table, labels), profile=profile))
    # exp of the mean of log 2 and log 101, less 1; and not 50.5.
    assert re.search(r"^\| income \| 1(\.0+)? \| 13\.2\d* \|", said, re.M)
    assert "| 50.5" not in said


def test_advice_comes_with_its_evidence_and_none_is_invented(make: Make) -> None:
    report = make()
    advised = {r.segment: r for r in report.recommendations}
    assert 0 < len(advised) < 5
    for s in report.segments:
        shown = card(report, report.names[s].capitalize())
        assert ("nothing is recommended" in shown) == (s not in advised)
        if s in advised:
            assert advised[s].because in shown
            assert "12 customers" in shown


def test_it_says_why_what_made_the_segments_is_not_tested(make: Make) -> None:
    report = make()
    assert "would find a difference even in pure noise" in text(report)
    tested = to_markdown(report).split("Do segments differ")[1].split("###")[0]
    assert "| age |" in tested
    assert "| income" not in tested


def test_many_segments_stand_below_each_other(make: Make) -> None:
    def columns(report: StudyReport) -> str:
        return to_markdown(report).split("What the segments were made of: centres")[1].splitlines()[2]

    assert columns(make(5)).startswith("| Column | All customers |")
    assert columns(make(12)) == "| Segment | income (k\\$) | spending |"


def test_each_picture_is_shown_once_in_its_place(make: Make) -> None:
    report = make()
    shown = re.findall(r'<img[^>]*alt="([^"]*)"', to_html(report))
    # Summary, choice, the card of segment 0, comparison; what has no place is compared.
    assert shown == ["Five groups apart.", "Highest at five.", "Its bars.", "Bars."]
    more = report.pictures | {
        "something_new": Picture("New", "Unheard of.", report.pictures["profile_bars"].png)
    }
    assert "Unheard of." in to_html(replace(report, pictures=more))


def test_a_page_of_heavy_pictures_stays_below_five_megabytes_and_says_so(make: Make) -> None:
    report = make(40)
    heavy = report.pictures["segment_0"].png + bytes(200_000)
    cards = {f"segment_{s}": Picture("Card", f"Card of {s}.", heavy) for s in report.segments}
    html = to_html(replace(report, pictures=report.pictures | cards))
    assert len(html) < 5_000_000
    assert "pictures of 24 segments are not on their cards" in html
    assert "Card of 0." in html
    assert "Card of 39." not in html


def test_markdown_links_the_files_of_the_pictures_where_they_are(make: Make) -> None:
    report = make()
    assert "![Bars.](plots/profile_bars.png)" in to_markdown(report, "plots")
    assert "](" not in to_markdown(report)


@pytest.mark.parametrize(
    "evil", ["<script>alert(1)</script>", "a | b\nc", "[x](javascript:alert(1))", "```\n# x"]
)
def test_markdown_from_data_is_text(make: Make, evil: str) -> None:
    def shape(name: str) -> list[int]:
        report = make(2, names={0: name, 1: "other"}, reason=name, findings=[name], config=name)
        said = to_markdown(report)
        assert "<" not in re.sub(r"(`{3,}).*?\n\1", "", said, flags=re.DOTALL)
        tables = [line for line in said.splitlines() if line.startswith("|")]
        return [len(re.findall(r"(?<!\\)\|", line)) for line in tables]

    assert shape(evil) == shape("harmless")
    assert not re.search(r"(?<!\\)\]\(", to_markdown(make(2, reason=evil)))


def test_the_json_is_strict_and_carries_every_segment(people: Callable, report_on: Make) -> None:
    table, labels = people(3, noise=2)
    table.loc[labels == 1, "age"] = np.nan
    table.index = pd.Index(pd.date_range("2026-01-01", periods=len(table)), name="first_order")
    record = json.loads(json.dumps(to_json(report_on(table, labels, value="income")), allow_nan=False))
    assert record["n_customers"] == 38
    first = record["segments"][0]
    assert first["customers"] == 12
    assert first["rule"]["sql"]
    assert first["value_share"] > 0
    assert {number["column"] for number in first["numbers"]} == {"income", "spending", "age"}
    assert [n["center"] for n in record["segments"][1]["numbers"] if n["column"] == "age"] == [None]
    assert first["typical"][0].startswith("2026-01-")


def test_the_frame_has_one_row_a_segment_and_survives_csv(make: Make, tmp_path) -> None:
    report = make(4, noise=3)
    frame = to_frame(report)
    frame.to_csv(tmp_path / "segments.csv")
    read = pd.read_csv(tmp_path / "segments.csv", index_col="segment")
    assert read.index.tolist() == [0, 1, 2, 3, -1]
    assert read["name"].tolist() == [report.names[s] for s in report.labels]
    assert read["customers"].sum() == 51
    assert {"sql", "play", "rank", "jaccard", "income", "gender=male"} <= set(read.columns)


def test_a_report_of_a_hundred_thousand_stays_small_and_says_what_is_drawn(
    people: Callable, report_on: Make
) -> None:
    table, labels = people(5, each=20_000)
    table = pd.concat([table, table.head(3)], ignore_index=True)
    labels = np.append(labels, [-1, -1, -1])
    html = to_html(report_on(table, labels))
    assert len(html) < 500_000
    assert "3,000 of 100,003 customers are drawn" in html
    drawn = json.loads(unescape(re.search(r'data-cloud="([^"]*)"', html)[1]))["points"]
    assert len(drawn) == 4 * 3_000
    # The three customers of noise are not lost among so many.
    assert drawn[3::4].count(5) == 3


def test_a_customer_without_a_place_is_not_drawn(make: Make) -> None:
    report = make()
    points = report.scatter.points.copy()
    points[0, 1] = np.nan
    html = to_html(replace(report, scatter=replace(report.scatter, points=points)))
    assert "59 of 60 customers are drawn" in html
    flat = replace(report, scatter=replace(report.scatter, points=np.full_like(points, np.nan)))
    assert "0 of 60 customers are drawn" in to_html(flat)


def test_only_a_colour_is_taken_for_a_colour(make: Make) -> None:
    with pytest.raises(ValueError, match="no colour"):
        to_html(make(2, colors={0: '"><script>', 1: "#112233"}))
