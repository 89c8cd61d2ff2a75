"""The parts of a page, and the page."""

import math
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

UNKNOWN = "\N{EN DASH}"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Picture:
    """A PNG picture with its words: `alt` says what it shows to those who do not see it."""

    title: str
    alt: str
    png: bytes


@dataclass(frozen=True, eq=False)
class Table:
    """A table as it is shown: the frame's cells are text or numbers, its index is the row heading.

    An index that only counts (unnamed, 0, 1, 2, ...) is not shown, and the first column heads the rows.
    """

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

    Examples
    --------
    >>> "&lt;b&gt;" in page("Customers", "200 of them.", [Section("<b>", ["Who they are."])])
    True
    """
    html = _environment().get_template("page.html").render(title=title, lead=lead, sections=sections)
    # Half of a surrogate pair, which a damaged name may hold, has no place in UTF-8.
    return html.encode("utf-8", "replace").decode("utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("template"), encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
    )
    environment.tests["a"] = lambda part, name: type(part).__name__ == name
    environment.filters |= {"base64": _base64, "png_size": _png_size, "cells": _cells}
    return environment


def _base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")


class _Size(NamedTuple):
    width: int
    height: int


def _png_size(png: bytes) -> _Size:
    """The picture's own size, so that the page does not jump while it loads."""
    if not png.startswith(PNG_SIGNATURE):
        raise ValueError("A picture of a page is a PNG file.")
    return _Size(int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big"))


class _Column(NamedTuple):
    name: str
    number: bool


class _Shown(NamedTuple):
    columns: list[_Column]
    rows: list[tuple[str, ...]]
    headings: int


def _cells(frame: pd.DataFrame) -> _Shown:
    counts_only = isinstance(frame.index, pd.RangeIndex) and frame.index.name is None
    levels = [] if counts_only else [frame.index.get_level_values(i) for i in range(frame.index.nlevels)]
    columns = [pd.Series(level, dtype=level.dtype, name=level.name) for level in levels]
    columns += [frame.iloc[:, i] for i in range(frame.shape[1])]
    texts = [_texts(column) for column in columns]
    heads = [
        _Column(
            _heading(column.name), i >= len(levels) and pd.api.types.is_any_real_numeric_dtype(column.dtype)
        )
        for i, column in enumerate(columns)
    ]
    return _Shown(heads, list(zip(*texts, strict=True)), len(levels) or 1)


def _heading(name: Any) -> str:
    if isinstance(name, tuple):
        return " \N{MIDDLE DOT} ".join(map(str, name))
    return "" if name is None else str(name)


def _texts(column: pd.Series) -> list[str]:
    numbers = [v for v in column if _is_number(v) and v]
    # Three digits of the value in the middle; every cell has as many decimals, so that they line up.
    middle = sorted(map(abs, numbers))[len(numbers) // 2] if numbers else 1.0
    whole = all(float(v).is_integer() for v in numbers)
    decimals = 0 if whole else min(max(2 - math.floor(math.log10(middle)), 0), 4)
    return [_text(value, decimals) for value in column]


def _is_number(value: Any) -> bool:
    return pd.api.types.is_number(value) and not pd.api.types.is_bool(value) and math.isfinite(value)


def _text(value: Any, decimals: int) -> str:
    if pd.api.types.is_bool(value):
        return "yes" if value else "no"
    if _is_number(value):
        text = f"{value:,.{decimals}f}"
        # What rounds to nothing is not nothing.
        return f"{value:.1e}" if value and not float(text.replace(",", "")) else text
    return UNKNOWN if pd.api.types.is_scalar(value) and pd.isna(value) else str(value)
