"""The report of a clustering as a page and as Markdown."""

from dataclasses import replace

from segmentation.report._markdown import markdown
from segmentation.report._page import page
from segmentation.report._parts import Section
from segmentation.report.clustering._cards import card
from segmentation.report.clustering._comparison import comparison
from segmentation.report.clustering._method import choice, data, method
from segmentation.report.clustering._study import StudyReport
from segmentation.report.clustering._summary import lead, summary
from segmentation.report.clustering._targets import rules, targets
from segmentation.report.clustering._words import PLACES

MOST_BYTES = 3_400_000
"""Of all pictures; as text in the page they are a third larger, and a page is to stay below 5 MB."""
UNSURE_TITLES = {
    "How the segments were chosen": "How the best attempt was chosen",
    "Segments one by one": "Groups of the best attempt, one by one",
    "How the segments differ": "How the groups of the best attempt differ",
    "Which segments to target": "Customers to look after",
}


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
    return page(report.title, lead(report), _sections(report))


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
    return markdown(report.title, lead(report), _sections(report), pictures)


def _sections(report: StudyReport) -> list[Section]:
    made = [
        Section("Summary", summary(report)),
        Section("The data", data(report)),
        Section("How the segments were chosen", choice(report)),
        Section("Segments one by one", [card(report, s) for s in report.labels]),
        Section("How the segments differ", comparison(report)),
        Section("Rules for a database", rules(report)),
        Section("Which segments to target", targets(report)),
        Section("Method, and how to do it again", method(report)),
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
