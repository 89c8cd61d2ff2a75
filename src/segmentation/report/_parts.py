"""The parts of a page."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

COLOR = re.compile(r"#[0-9a-fA-F]{6}|")


@dataclass(frozen=True)
class Picture:
    """A PNG picture with its words: `alt` says what it shows to those who do not see it.

    `name` is its file's name without the ending, where it is also kept as a file; Markdown shows that one.
    """

    title: str
    alt: str
    png: bytes
    name: str = ""


@dataclass(frozen=True, eq=False)
class Table:
    """A table as it is shown: the frame's cells are text or numbers, its index is the row heading.

    An index that only counts (unnamed, 0, 1, 2, ...) is not shown, and the first column heads the rows.
    `marks` are colours ("#rrggbb", "" for none), one before each row's heading.
    """

    caption: str
    frame: pd.DataFrame
    marks: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Take colours only."""
        _require_colors(self.marks)


@dataclass(frozen=True)
class Code:
    """Text to be copied as it stands: a rule in SQL, a command."""

    caption: str
    text: str


@dataclass(frozen=True)
class Points:
    """A list of short sentences."""

    texts: Sequence[str]


@dataclass(frozen=True)
class Facts:
    """Terms and what is to be said of each: ``{"Customers": "39 (19.5%)"}``."""

    facts: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Scatter3D:
    """Points in three dimensions that the reader turns.

    Attributes
    ----------
    title : str
        What is shown.
    axes : sequence of three str
        Names of the axes, with their units.
    points : ndarray of shape (n, 3)
        Positions; a row with a missing value is not drawn.
    labels : ndarray of int, shape (n,)
        Segment of each point, -1 for noise.
    names, colors : mapping of int to str
        Of each label: what it is called, and its colour (``"#rrggbb"``).
    """

    title: str
    axes: Sequence[str]
    points: np.ndarray
    labels: np.ndarray
    names: Mapping[int, str]
    colors: Mapping[int, str]

    def __post_init__(self) -> None:
        """Take colours only."""
        _require_colors(self.colors.values())


@dataclass(frozen=True)
class Section:
    """A heading and what follows it, in order; a str is one paragraph of plain text.

    `mark` is a colour ("#rrggbb") before the heading.
    """

    title: str
    parts: Sequence["str | Picture | Table | Code | Points | Facts | Scatter3D | Section"]
    mark: str = ""

    def __post_init__(self) -> None:
        """Take colours only."""
        _require_colors([self.mark])


def _require_colors(colors: Iterable[str]) -> None:
    for color in colors:
        if not COLOR.fullmatch(color):
            raise ValueError(f"{color!r} is no colour; #rrggbb is.")
