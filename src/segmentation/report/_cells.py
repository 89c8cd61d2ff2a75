"""Tables as text."""

import math
import re
from typing import Any, NamedTuple

import pandas as pd

UNKNOWN = "\N{EN DASH}"
NUMBER = re.compile(rf"[-+<]?[\d,.]+(e[-+]\d+)?%?( \([-+]?[\d,.]+%?\))?|{UNKNOWN}( \({UNKNOWN}\))?")
LONG = re.compile(r"\S{25}")


class Column(NamedTuple):
    """A column's heading, and whether numbers stand below it."""

    name: str
    number: bool


class Cells(NamedTuple):
    """A frame as text; the first `headings` columns head the rows."""

    columns: list[Column]
    rows: list[tuple[str, ...]]
    headings: int


def cells(frame: pd.DataFrame) -> Cells:
    """Write a frame: numbers of a column with as many decimals, missing values as a dash.

    Parameters
    ----------
    frame : DataFrame
        Any.

    Returns
    -------
    Cells
    """
    counts_only = isinstance(frame.index, pd.RangeIndex) and frame.index.name is None
    levels = [] if counts_only else [frame.index.get_level_values(i) for i in range(frame.index.nlevels)]
    named = [(level.name, level.tolist()) for level in levels]
    named += [(name, frame.iloc[:, i].tolist()) for i, name in enumerate(frame.columns)]
    texts = [_texts(values) for _, values in named]
    headings = len(levels) or 1
    columns = [
        Column(_heading(name), i >= headings and _are_numbers(texts[i])) for i, (name, _) in enumerate(named)
    ]
    return Cells(columns, list(zip(*texts, strict=True)), headings)


def is_long(text: str) -> bool:
    """Whether a word must be broken anywhere, for it would make its column too wide."""
    return LONG.search(text) is not None


def decimals(numbers: list[float]) -> int:
    """Decimals that give three digits to the value in the middle; none where all are whole."""
    known = sorted(abs(v) for v in numbers if v and math.isfinite(v))
    if all(float(v).is_integer() for v in known):
        return 0
    return min(max(2 - math.floor(math.log10(known[len(known) // 2])), 0), 4)


def number(value: float, places: int) -> str:
    """A number with thousands apart; what rounds to nothing is not shown as nothing."""
    if not math.isfinite(value):
        return UNKNOWN
    text = f"{value:,.{places}f}"
    return f"{value:.1e}" if value and not float(text.replace(",", "")) else text


def _are_numbers(texts: list[str]) -> bool:
    return any(text != UNKNOWN for text in texts) and all(map(NUMBER.fullmatch, texts))


def _heading(name: Any) -> str:
    if isinstance(name, tuple):
        return " \N{MIDDLE DOT} ".join(map(str, name))
    return "" if name is None else str(name)


def _texts(values: list[Any]) -> list[str]:
    places = decimals([value for value in values if _is_number(value)])
    return [_text(value, places) for value in values]


def _is_number(value: Any) -> bool:
    return pd.api.types.is_number(value) and not pd.api.types.is_bool(value)


def _text(value: Any, places: int) -> str:
    if pd.api.types.is_bool(value):
        return "yes" if value else "no"
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return UNKNOWN
    return number(value, places) if _is_number(value) else str(value)
