"""Text from data as matplotlib may show it: never TeX, never a missing glyph, never too long."""

import unicodedata
from collections.abc import Mapping
from functools import cache

from matplotlib.font_manager import FontProperties, findfont, get_font

BOX = "\N{WHITE SQUARE}"
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"


@cache
def _glyphs() -> frozenset[int]:
    return frozenset(get_font(findfont(FontProperties())).get_charmap())


def _character(char: str) -> str:
    # Control and format characters (line ends, text direction, emoji joiners) shape text, they are not text.
    if char.isspace() or unicodedata.category(char) == "Cc":
        return " "
    if unicodedata.category(char) in {"Cf", "Mn"} and ord(char) not in _glyphs():
        return ""
    return char if ord(char) in _glyphs() else BOX


def plain(value: object, limit: int = 32) -> str:
    """Text as it stands, on one line, at most `limit` characters, a box for what the font cannot show."""
    # A name of a million characters must not cost a million look-ups: what is far behind is not shown.
    text = " ".join("".join(map(_character, str(value)[: 8 * limit])).split())
    if len(text) > limit or len(str(value)) > 8 * limit:
        text = text[: limit - 1].rstrip() + ELLIPSIS
    # An escaped dollar is drawn as a dollar; a bare pair of them would start mathematics.
    return (text or "(no name)").replace("$", r"\$")


def words(column: object, limit: int = 32) -> str:
    """A column's name as people write it: ``annual_income`` becomes ``Annual income``."""
    text = str(column).replace("_", " ").strip()
    return plain(text[:1].upper() + text[1:], limit)


def with_unit(column: object, units: Mapping[str, str] | None, limit: int = 32) -> str:
    """The name and its unit, of which only the name is shortened: ``Annual income (k$)``."""
    unit = (units or {}).get(str(column))
    return f"{words(column, limit)} ({plain(unit, 12)})" if unit else words(column, limit)


def short_number(value: float) -> str:
    """Three digits and a letter for thousands, millions and billions: ``12.3k``."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if size <= abs(value) < 1e12:
            return f"{value / (1e3 if letter == 'k' else size):.3g}{letter}"
    return f"{value:.0f}" if 1e3 <= abs(value) < 1e4 else f"{value:.3g}"
