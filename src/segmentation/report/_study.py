"""The report of a study or a fit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segmentation.report._cells import UNKNOWN, decimals, number
from segmentation.report._markdown import markdown
from segmentation.report._page import page
from segmentation.report._parts import Code, Facts, Picture, Points, Scatter3D, Section, Table

if TYPE_CHECKING:
    from segmentation.profiling import Profile, Recommendation, Rule, Rules

NOISE = -1
STABLE, DOUBTFUL = 0.75, 0.6
"""Jaccard similarities above which a segment is stable, and below which it is not to be relied on (Hennig 2007)."""
MANY = 8
"""Segments beyond which tables have them as rows."""
MOST_NAMED = 10
MOST_LARGE = 20
"""Customers with a large share of the value that are listed."""
EXCEPTIONS = 0.2
"""Share of the customers above which those in no segment are too many to be exceptions."""
OFF = {"low", "high", "very low", "very high", "very low or very high"}
"""Traits in columns of numbers that say more than the middle."""
NOT_A_SEGMENT = (
    "This is not a segment: the clustering puts these customers in none. They differ among themselves, and a single "
    "one can make their mean, so the medians and the tenths below say what they are like. Look at them one by one."
)
SHOWN_TRIALS = 12
SHOWN_LEVELS = 8
MOST_BYTES = 3_400_000
"""Of all pictures; as text in the page they are a third larger, and a page is to stay below 5 MB."""
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
UNSURE_TITLES = {
    "How the segments were chosen": "How the best attempt was chosen",
    "Segments one by one": "Groups of the best attempt, one by one",
    "How the segments differ": "How the groups of the best attempt differ",
    "Which segments to target": "Customers to look after",
}
HOW_ALIKE = (
    "ARI, the adjusted Rand index, says how alike two ways to group the customers are: 1 is the same groups, 0 as "
    "alike as by chance."
)
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
WHY_NO_TEST = (
    "No test is shown for the columns that made the segments: the clustering pulled the segments apart in exactly "
    "these, so a test would find a difference even in pure noise. Only columns that were not clustered on are "
    "tested, and corrected for their number (Holm)."
)
HOW_RANKED = (
    "Each criterion is scored from 0 to 1 and the score is their weighted mean. Size is the share of all customers, "
    "value the share of what all are worth, distinctness the mean distance from all customers in standard "
    "deviations, stability how far samples find the segment again, reachability how well its rule finds it."
)


@dataclass(frozen=True, eq=False)
class StudyReport:
    """What a study or a fit found, as values; what is not known is left out of the report.

    Attributes
    ----------
    title : str
        Heading.
    data : str
        Name of the data set.
    profile : Profile
        What the segments are like.
    names : mapping of int to str
        What each segment is called, and customers in none (-1) where there are some.
    colors : mapping of int to str
        Colour ("#rrggbb") of each segment, the same as in the pictures.
    traits : mapping of int to mapping of str to str
        Segment -> column -> "low", "mid", "high" or the level that marks it; of customers in none (-1) what sets
        them apart.
    ids : mapping of int to str
        Identity of each segment through all versions of the model.
    findings : sequence of str
        What reading the data found.
    verdict : str
        "natural", "reproducible" or "constructive"; "" where it was not asked.
    sentence : str
        The evidence of the verdict.
    reason : str
        Why these segments and so many.
    unsure : str
        What they lack to be a segmentation to rely on; "" where they lack nothing. People are then told that there
        is none, before all else, and not what to do with whom.
    rules : Rules, optional
        The surrogate tree's rules.
    recommendations : sequence of Recommendation, optional
        What the playbook says of each segment; None where there is no playbook.
    attractiveness : DataFrame, optional
        Index segment, as `Attractiveness.rank` gives it.
    evidence : DataFrame, optional
        One row a segment: segment, silhouette, jaccard and whatever else is known.
    preparation : DataFrame, optional
        What was done to each column: column, role, treatment, why, override.
    leaderboard : DataFrame, optional
        The trials, best first.
    pictures : mapping of str to Picture
        By the name of their file; ``segment_3`` is the one on the card of segment 3.
    scatter : Scatter3D, optional
        Customers in three dimensions.
    config, command, fingerprint : str
        How to do it again: the resolved config, the command line, and what the data was.
    versions : mapping of str to str
        Library -> version.
    notes : sequence of str
        What was sampled or left out, in sentences.
    """

    title: str
    data: str
    profile: "Profile"
    names: Mapping[int, str]
    colors: Mapping[int, str]
    traits: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    ids: Mapping[int, str] = field(default_factory=dict)
    findings: Sequence[str] = ()
    verdict: str = ""
    sentence: str = ""
    reason: str = ""
    unsure: str = ""
    rules: "Rules | None" = None
    recommendations: "Sequence[Recommendation] | None" = None
    attractiveness: pd.DataFrame | None = None
    evidence: pd.DataFrame | None = None
    preparation: pd.DataFrame | None = None
    leaderboard: pd.DataFrame | None = None
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    scatter: Scatter3D | None = None
    config: str = ""
    command: str = ""
    fingerprint: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()

    @property
    def labels(self) -> list[int]:
        """The segments' numbers, noise last where there is noise."""
        return [int(s) for s in self.profile.segments.index]

    @property
    def segments(self) -> list[int]:
        """The segments' numbers without noise."""
        return [s for s in self.labels if s >= 0]

    @property
    def n_customers(self) -> int:
        """All of them, noise too."""
        return int(self.profile.segments["customers"].sum())

    def figures(self, segment: int) -> dict[str, float]:
        """What is known of how sure a segment is: silhouette, jaccard."""
        if self.evidence is None or segment not in set(self.evidence["segment"]):
            return {}
        row = self.evidence.set_index("segment").loc[segment]
        return {name: float(row[name]) for name in ("silhouette", "jaccard") if name in row}

    def rule(self, segment: int) -> "Rule | None":
        """The segment's rule, where there are rules."""
        return next((r for r in self.rules.rules if r.segment == segment), None) if self.rules else None

    def recommended(self, segment: int) -> "list[Recommendation]":
        """What the playbook says of the segment."""
        return [r for r in self.recommendations or () if r.segment == segment]


def to_html(report: StudyReport) -> str:
    """Lay a report out as one HTML file.

    Parameters
    ----------
    report : StudyReport

    Returns
    -------
    str
    """
    report = _afforded(_advised(report))
    return page(report.title, _lead(report), _sections(report))


def to_markdown(report: StudyReport, pictures: str = "") -> str:
    """Write a report as Markdown.

    Parameters
    ----------
    report : StudyReport
    pictures : str, default=""
        Folder of the pictures' files, seen from the Markdown file; "" where they are nowhere.

    Returns
    -------
    str
    """
    report = _advised(report)
    return markdown(report.title, _lead(report), _sections(report), pictures)


def _sections(report: StudyReport) -> list[Section]:
    made = [
        Section("Summary", _summary(report)),
        Section("The data", _data(report)),
        Section("How the segments were chosen", _choice(report)),
        Section("Segments one by one", [_card(report, s) for s in report.labels]),
        Section("How the segments differ", _comparison(report)),
        Section("Rules for a database", _rules(report)),
        Section("Which segments to target", _targets(report)),
        Section("Method, and how to do it again", _method(report)),
    ]
    titles = UNSURE_TITLES if report.unsure else {}
    return [replace(s, title=titles.get(s.title, s.title)) for s in made if s.parts]


def _advised(report: StudyReport) -> StudyReport:
    """Without advice and targets where there is no group to act on."""
    if not report.unsure:
        return report
    pictures = {name: it for name, it in report.pictures.items() if not name.startswith(PLACES["targets"])}
    return replace(report, recommendations=None, attractiveness=None, pictures=pictures)


def _afforded(report: StudyReport) -> StudyReport:
    """Without the cards' pictures of the smallest segments where all would make the page too heavy."""
    kept = dict(report.pictures)
    cards = [name for s in report.labels if (name := f"segment_{s}") in kept]
    left_out = 0
    while cards and sum(len(picture.png) for picture in kept.values()) > MOST_BYTES:
        del kept[cards.pop()]
        left_out += 1
    if not left_out:
        return report
    note = f"To keep this page small, the pictures of {left_out} segments are not on their cards."
    return replace(report, pictures=kept, notes=[*report.notes, note])


# Summary


def _lead(report: StudyReport) -> str:
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
    again = all(report.figures(s).get("jaccard", 0.0) >= STABLE for s in report.segments)
    return (
        answer.replace(". ", f". {FOUND_AGAIN} ", 1) if again and report.verdict == "reproducible" else answer
    )


def _in_none(report: StudyReport) -> str:
    """The customers in no segment, with their share of the value."""
    worth = report.profile.segments.loc[NOISE, "value_share"]
    value = f", who hold {_percent(worth)} of the value," if np.isfinite(worth) else ""
    return f"{_count(report, NOISE)}{value}"


def _exceptions(report: StudyReport) -> list[str]:
    """What is said in the summary of customers in no segment."""
    if NOISE not in report.labels or not report.segments:
        return []
    if report.profile.segments.loc[NOISE, "share"] > EXCEPTIONS:
        said = "They are too many to be exceptions: this clustering leaves out customers who need a segment."
    else:
        said = "They differ among themselves and are a group to look at one by one, not a segment."
    return [f"The customers who fit no segment are called '{report.names[NOISE]}'. {said}"]


def _summary(report: StudyReport) -> list[Any]:
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
    return [*parts, Table(caption, _overview(report), _marks(report)), *_pictures(report, "summary")]


def _unstable(report: StudyReport) -> list[str]:
    """The segments that samples of the customers do not find, or find with other members."""
    known = {s: report.figures(s).get("jaccard", 1.0) for s in report.segments}
    told = {s: f"{report.names[s]} ({number(jaccard, 2)})" for s, jaccard in known.items()}
    lost = "; ".join(told[s] for s, jaccard in known.items() if not jaccard >= DOUBTFUL)
    loose = "; ".join(told[s] for s, jaccard in known.items() if DOUBTFUL <= jaccard < STABLE)
    parts = []
    if lost:
        parts.append(f"Unsure, since samples of the customers do not find them again: {lost}.")
    if loose:
        parts.append(f"Unsure, since samples of the customers find them with other members: {loose}.")
    if parts:
        parts.append(
            f"In brackets is the Jaccard similarity: {STABLE} and more is called stable, and a segment below "
            f"{DOUBTFUL} is not to be relied on."
        )
    return [" ".join(parts)] if parts else []


def _overview(report: StudyReport) -> pd.DataFrame:
    segments, labels = report.profile.segments, report.labels
    columns: dict[str, list[Any]] = {
        "Customers": segments["customers"].tolist(),
        "Share": [_percent(v) for v in segments["share"]],
    }
    if report.profile.value is not None:
        columns[_capital(_titled(report, report.profile.value))] = segments["value"].tolist()
        columns["Share of value"] = [_percent(v) for v in segments["value_share"]]
    if report.traits:
        columns["Marked by"] = [
            # What it was made of tells a segment apart; all else is on its card.
            _marked_by(report, s, report.profile.features or None)
            for s in labels
        ]
    if report.recommendations is not None:
        columns["What to do"] = ["; ".join(r.play for r in report.recommended(s)) or UNKNOWN for s in labels]
    return pd.DataFrame(columns, index=_index(report))


def _marked_by(report: StudyReport, segment: int, columns: Sequence[str] | None = None) -> str:
    if segment not in report.traits:
        return UNKNOWN
    marks = [
        f"{trait} {_called(column)}" if trait in OFF else f"{_called(column)} {_shortened(trait)}"
        for column, trait in report.traits[segment].items()
        if trait != "mid" and (columns is None or column in columns)
    ]
    nothing = "nothing as a whole" if segment == NOISE else "nothing: it is in the middle"
    return "; ".join(marks) or nothing


# Data, choice


def _data(report: StudyReport) -> list[Any]:
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


def _choice(report: StudyReport) -> list[Any]:
    parts: list[Any] = [text for text in (report.reason, report.sentence) if text]
    parts += _pictures(report, "choice")
    if report.leaderboard is not None and len(report.leaderboard):
        shown, total = report.leaderboard.head(SHOWN_TRIALS), len(report.leaderboard)
        some = f"the first {len(shown)} of {total}" if total > len(shown) else f"all {total}"
        parts.append(Table(f"The trials, best first: {some}", shown.reset_index(drop=True)))
    return parts


# One segment


def _card(report: StudyReport, segment: int) -> Section:
    apart = segment == NOISE and report.segments
    parts: list[Any] = [NOT_A_SEGMENT] if apart else []
    parts.append(Facts(_facts(report, segment)))
    parts += [Table(caption, frame) for caption, frame in _portrait(report, segment).items() if len(frame)]
    if f"segment_{segment}" in report.pictures:
        parts.append(_picture(report, f"segment_{segment}"))
    if report.recommendations is not None and (segment != NOISE or apart):
        parts.append(Section("What to do", _advice(report, segment)))
    rule = report.rule(segment)
    if rule:
        parts.append(Section("Rule", _rule(rule)))
    return Section(_capital(report.names[segment]), parts, report.colors[segment])


def _facts(report: StudyReport, segment: int) -> dict[str, str]:
    profile, figures = report.profile, report.figures(segment)
    row = profile.segments.loc[segment]
    facts = {"Customers": _count(report, segment)}
    if profile.value is not None:
        share = f" ({row['value_share']:.1%} of all)" if np.isfinite(row["value_share"]) else ""
        facts[_capital(_titled(report, profile.value))] = (
            number(row["value"], decimals([row["value"]])) + share
        )
    if segment in report.ids:
        facts["Identity"] = report.ids[segment]
    if segment in report.traits:
        facts["Marked by"] = _marked_by(report, segment)
    if "silhouette" in figures:
        facts["Silhouette"] = number(figures["silhouette"], 2)
    if "jaccard" in figures:
        facts["Found again"] = f"Jaccard {number(figures['jaccard'], 2)}: {_stability(figures['jaccard'])}"
    for caption, table in (
        ("Most typical customers", profile.typical),
        ("Least certain customers", profile.uncertain),
    ):
        ids = table.loc[table["segment"] == segment, "id"]
        if len(ids):
            facts[caption] = ", ".join(map(str, ids))
    return facts


def _stability(jaccard: float) -> str:
    if np.isnan(jaccard):
        return "not known, since no sample holds one of these customers"
    if jaccard >= STABLE:
        return "samples of the customers find the same segment"
    if jaccard >= DOUBTFUL:
        return "samples find a segment like it, and are unsure of its members"
    return "samples do not find it; do not rely on it"


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
                "Difference (sd)": _signed(row["effect"]),
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
    return pd.Index([_titled(report, c) for c in rows.index], name="Column")


def _composition(levels: pd.DataFrame) -> dict[str, pd.DataFrame]:
    largest = levels.loc[levels["effect"].abs().sort_values(ascending=False, kind="stable").index].head(
        SHOWN_LEVELS
    )
    some = f", the {SHOWN_LEVELS} of {len(levels)} that differ most" if len(levels) > SHOWN_LEVELS else ""
    composition = pd.DataFrame(
        {
            "Level": [_shortened(level) for level in largest["level"]],
            "This segment": [_percent(v) for v in largest["share"]],
            "All customers": [_percent(v) for v in largest["overall"]],
        },
        index=pd.Index([_called(c) for c in largest["column"]], name="Column"),
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
    parts: list[Any] = [f"{_capital(rule.words)}."]
    if rule.customers:
        group = "group" if rule.segment == NOISE else "segment"
        parts.append(
            f"The rule selects {rule.customers:,} customers: {rule.precision:.0%} of them are in the {group}, and "
            f"it finds {rule.recall:.0%} of the {group}."
        )
    return [*parts, Code("The same as a condition in SQL", rule.sql)]


# All segments


def _comparison(report: StudyReport) -> list[Any]:
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
    drawn += _pictures(report, "comparison")
    return [*parts, Section("Pictures", drawn)] if drawn else parts


def _differences(report: StudyReport, numbers: pd.DataFrame) -> pd.DataFrame:
    """One row a column: all customers, then each segment."""
    overall, rows = report.profile.overall, []
    for column, group in numbers.groupby("column", sort=False):
        places = decimals([*group["center"], overall[column]])
        told = {
            s: f"{number(center, places)} ({_signed(effect)})"
            for s, center, effect in zip(group["segment"], group["center"], group["effect"], strict=True)
        }
        rows.append([_titled(report, column), number(overall[column], places), *map(told.get, report.labels)])
    return _wide(report, rows, "Column")


def _shares(report: StudyReport, levels: pd.DataFrame) -> pd.DataFrame:
    """One row a level: all customers, then each segment."""
    rows = []
    for (column, level), group in levels.groupby(["column", "level"], sort=False):
        told = dict(zip(group["segment"], map(_percent, group["share"]), strict=True))
        overall = _percent(group["overall"].iloc[0])
        rows.append([f"{_called(column)}: {_shortened(level)}", overall, *map(told.get, report.labels)])
    return _wide(report, rows, "Level")


def _wide(report: StudyReport, rows: list[list[Any]], heading: str) -> pd.DataFrame:
    columns = ["All customers", *(_capital(report.names[s]) for s in report.labels)]
    index = pd.Index([row[0] for row in rows], name=heading)
    return pd.DataFrame([row[1:] for row in rows], columns=columns, index=index)


def _across(report: StudyReport, caption: str, frame: pd.DataFrame) -> Table:
    """Segments side by side, or below each other where they are many."""
    if len(report.labels) <= MANY:
        return Table(caption, frame)
    return Table(caption, frame.T.rename_axis("Segment"), ["", *_marks(report)])


def _evidence(report: StudyReport, evidence: pd.DataFrame) -> Table:
    by_segment = evidence.set_index("segment").reindex(report.segments)
    known = {"silhouette": "Silhouette", "share_negative": "Closer to another", "jaccard": "Jaccard"}
    shown = {title: by_segment[name].to_numpy() for name, title in known.items() if name in by_segment}
    frame = pd.DataFrame(
        {
            title: [_percent(v) if title == "Closer to another" else number(v, 2) for v in values]
            for title, values in shown.items()
        },
        index=_index(report, noise=False),
    )
    if "Jaccard" in frame:
        frame["Found again"] = [_stability(float(v)) for v in by_segment["jaccard"]]
    words = "How sure each segment is: silhouette (1 far from the others, below 0 among them), and whether samples of "
    return Table(f"{words}the customers find it again", frame, _marks(report)[: len(frame)])


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
    index = pd.Index([_called(c) for c in tests["column"]], name="Column")
    return pd.DataFrame({title: list(values) for title, values in shown.items()}, index=index)


def _rules(report: StudyReport) -> list[Any]:
    if report.rules is None:
        return []
    rows = [r for r in report.rules.rules if r.segment in report.names]
    table = pd.DataFrame(
        {
            "Rule": [r.words for r in rows],
            "Selects": [r.customers for r in rows],
            "Of them in the segment": [_percent(r.precision) for r in rows],
            "Of the segment found": [_percent(r.recall) for r in rows],
        },
        index=pd.Index([_capital(report.names[r.segment]) for r in rows], name="Segment"),
    )
    return [
        "A small decision tree tells the segments apart without the model.",
        report.rules.note,
        Table("The rules", table, [report.colors[r.segment] for r in rows]),
        *_pictures(report, "rules"),
        Code("All segments as a CASE expression in SQL", report.rules.case),
    ]


def _targets(report: StudyReport) -> list[Any]:
    return [*_ranking(report), *_not_ranked(report), *_large(report)]


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
            f". Yet they hold {_percent(worth)} of the value, more than {others}: look after them one by one"
        )
    return [f"Not ranked: the {_count(report, NOISE)} customers called '{report.names[NOISE]}'. {said}."]


def _large(report: StudyReport) -> list[Any]:
    """The customers with more than 1 % of the value."""
    found = report.profile.largest
    if found.empty:
        return []
    shown, value = found.head(MOST_LARGE), report.profile.value
    places = decimals(shown["value"].tolist())
    columns = {
        _capital(_titled(report, value)): [number(v, places) for v in shown["value"]],
        "Share of all": [_percent(v) for v in shown["share"]],
        "Group": [_capital(report.names[s]) for s in shown["segment"]],
    }
    if report.recommendations is not None:
        columns["What to do"] = [
            "; ".join(r.play for r in report.recommended(s)) or UNKNOWN for s in shown["segment"]
        ]
    some = f", the {MOST_LARGE} largest of {len(found)}" if len(found) > MOST_LARGE else ""
    table = Table(
        f"Customers with more than 1% of the value ({_called(value)}) of all{some}",
        pd.DataFrame(columns, index=pd.Index(shown["id"].map(str), name="Customer")),
        [report.colors[s] for s in shown["segment"]],
    )
    return [table]


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
                f"{_capital(name)} (raw)": [
                    f"{number(score, 2)} ({number(raw, 2)})"
                    for score, raw in zip(ranked[name], ranked[f"{name}_raw"], strict=True)
                ]
                for name in ranked.columns
                if f"{name}_raw" in ranked and ranked[f"{name}_raw"].notna().any()
            },
            "Knocked out": [reason or UNKNOWN for reason in ranked["knocked_out"]],
        },
        index=pd.Index([_capital(report.names[s]) for s in order], name="Segment"),
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
    return [*parts, table, *_pictures(report, "targets")]


def _method(report: StudyReport) -> list[Any]:
    parts: list[Any] = ["What else to know:", Points(report.notes)] if report.notes else []
    facts = {"Fingerprint of the data": report.fingerprint, **report.versions}
    if any(facts.values()):
        parts.append(Facts({term: text for term, text in facts.items() if text}))
    if report.command:
        parts.append(Code("The command", report.command))
    if report.config:
        parts.append(Code("The config, resolved", report.config))
    return parts


# Words and figures


def _pictures(report: StudyReport, place: str) -> list[Picture]:
    def found(name: str) -> str:
        for where, beginnings in PLACES.items():
            if name.startswith(beginnings):
                return where
        return "comparison"

    cards = {f"segment_{s}" for s in report.labels}
    order = PLACES.get(place, ())
    names = [name for name in report.pictures if name not in cards and found(name) == place]
    names.sort(key=lambda name: [not name.startswith(beginning) for beginning in order])
    return [_picture(report, name) for name in names]


def _picture(report: StudyReport, name: str) -> Picture:
    return replace(report.pictures[name], name=name)


def _index(report: StudyReport, noise: bool = True) -> pd.Index:
    labels = report.labels if noise else report.segments
    return pd.Index([_capital(report.names[s]) for s in labels], name="Segment")


def _marks(report: StudyReport) -> list[str]:
    return [report.colors[s] for s in report.labels]


def _count(report: StudyReport, segment: int) -> str:
    row = report.profile.segments.loc[segment]
    return f"{int(row['customers']):,} ({row['share']:.1%})"


def _columns(report: StudyReport, columns: Sequence[str]) -> str:
    units = report.profile.units
    return "; ".join(f"{c} ({units[c]})" if c in units else str(c) for c in columns)


def _titled(report: StudyReport, column: Any) -> str:
    unit = report.profile.units.get(column)
    return f"{_called(column)} ({unit})" if unit else _called(column)


def _called(column: Any) -> str:
    return _shortened(str(column).replace("_", " "))


def _shortened(text: str) -> str:
    """The middle of a long text left out: long names of one table often differ only at the end."""
    return (
        text if len(text) <= LONGEST else f"{text[:40].rstrip()}\N{HORIZONTAL ELLIPSIS}{text[-19:].lstrip()}"
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _percent(share: float) -> str:
    return f"{share:.1%}" if np.isfinite(share) else UNKNOWN


def _signed(effect: float) -> str:
    # Zero is added, for what rounds to nothing has no sign.
    return f"{round(effect, 2) + 0:+.2f}" if np.isfinite(effect) else UNKNOWN


def _chance(p: float) -> str:
    return "<0.001" if p < 0.001 else number(p, 3)
