"""Parts as Markdown."""

import re
from collections.abc import Sequence
from html import escape
from typing import Any

from segmentation.report._cells import cells
from segmentation.report._parts import Code, Facts, Picture, Points, Scatter3D, Section, Table

SPECIAL = re.compile(r"([\\`*_\[\]|~#$])")


def markdown(title: str, lead: str, sections: Sequence[Section], pictures: str = "") -> str:
    """Write a page as Markdown (with tables, as GitHub and MLflow show them); everything is escaped.

    Parameters
    ----------
    title, lead : str
        As of `page`.
    sections : sequence of Section
        As of `page`. What can be turned on a page is left out.
    pictures : str, default=""
        Folder, seen from the Markdown file, where the pictures with a name are; "" where they are nowhere, and
        their words stand for them.

    Returns
    -------
    str
    """
    blocks = [f"# {_text(title)}", _text(lead)]
    for section in sections:
        blocks += _section(section, 2, pictures)
    return "\n\n".join(blocks) + "\n"


def _section(section: Section, level: int, pictures: str) -> list[str]:
    blocks = [f"{'#' * level} {_text(section.title)}"]
    for part in section.parts:
        if isinstance(part, Section):
            blocks += _section(part, min(level + 1, 6), pictures)
        elif not isinstance(part, Scatter3D):
            blocks.append(_block(part, pictures))
    return blocks


def _block(part: Any, pictures: str) -> str:
    match part:
        case Points():
            return "\n".join(f"- {_text(text)}" for text in part.texts)
        case Facts():
            return "\n".join(f"- **{_text(term)}**: {_text(text)}" for term, text in part.facts.items())
        case Code():
            return f"{_text(part.caption)}:\n\n{_fenced(part.text)}"
        case Table():
            return _table(part)
        case Picture():
            shown = f"![{_text(part.alt)}]({pictures}/{part.name}.png)"
            return shown if pictures and part.name else f"*{_text(part.title)}: {_text(part.alt)}*"
        case _:
            return _text(part)


def _table(table: Table) -> str:
    shown = cells(table.frame)
    rule = ["---:" if column.number else "---" for column in shown.columns]
    rows = [[column.name for column in shown.columns], *shown.rows]
    head, *lines = [f"| {' | '.join(map(_text, row))} |" for row in rows]
    return "\n".join([f"**{_text(table.caption)}**", "", head, f"| {' | '.join(rule)} |", *lines])


def _fenced(text: str) -> str:
    # A fence longer than any in the text cannot be closed by it.
    fence = "`" * max(3, *(len(ticks) + 1 for ticks in re.findall("`+", text)), 3)
    return f"{fence}\n{text}\n{fence}"


def _text(text: str) -> str:
    return SPECIAL.sub(r"\\\1", escape(" ".join(text.split()), quote=False))
