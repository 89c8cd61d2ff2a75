"""The parts of a page, and the page."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Picture:
    """A PNG picture with its words: `alt` says what it shows to those who do not see it."""

    title: str
    alt: str
    png: bytes


@dataclass(frozen=True)
class Table:
    """A table as it is shown: the frame's cells are text or numbers, its index is the row heading."""

    caption: str
    frame: pd.DataFrame


@dataclass(frozen=True)
class Code:
    """Text to be copied as it stands: a rule in SQL, a command."""

    caption: str
    text: str


@dataclass(frozen=True)
class Section:
    """A heading and what follows it, in order; a str is one paragraph of plain text."""

    title: str
    parts: Sequence["str | Picture | Table | Code | Section"]


def page(title: str, lead: str, sections: Sequence[Section]) -> str:
    """Lay out a page; everything is escaped.

    Parameters
    ----------
    title : str
        Its heading.
    lead : str
        What to know first, in plain words.
    sections : sequence of Section
        The rest.

    Returns
    -------
    str
        One HTML file that asks nothing of the network.
    """
    raise NotImplementedError
