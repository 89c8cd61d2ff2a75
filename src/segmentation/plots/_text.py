"""Text from data as matplotlib may show it: never TeX, never a missing glyph, never too long."""

import unicodedata
from collections.abc import Mapping
from functools import cache
from textwrap import wrap

from matplotlib.font_manager import FontProperties, findfont, get_font

BOX = "\N{WHITE SQUARE}"
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"


@cache
def _glyphs() -> frozenset[int]:
    return frozenset(get_font(findfont(FontProperties())).get_charmap())


def _character(char: str) -> str:
    # Control and format characters (line ends, text direction, joiners) shape text, they are not text.
    if char.isspace() or unicodedata.category(char) == "Cc":
        return " "
    # An accent that the font lacks is left out; its letter says enough.
    if unicodedata.category(char) == "Cf" or (
        unicodedata.category(char) == "Mn" and ord(char) not in _glyphs()
    ):
        return ""
    return char if ord(char) in _glyphs() else BOX


def _short(value: object, limit: int) -> str:
    whole = str(value)
    # A name of a million characters must not cost a million look-ups.
    whole = whole if len(whole) <= 16 * limit else whole[: 8 * limit] + whole[-8 * limit :]
    text = " ".join("".join(map(_character, whole)).split())
    if len(text) > limit:
        # The end is kept: long names of one table often differ only there.
        tail = limit // 3
        text = text[: limit - tail - 1].rstrip() + ELLIPSIS + text[-tail:].lstrip()
    return text or "(no name)"


def _escaped(text: str) -> str:
    # An escaped dollar is drawn as a dollar; a bare pair of them would start mathematics.
    return text.replace("$", r"\$")


def plain(value: object, limit: int = 32) -> str:
    """Text as it stands, on one line, at most `limit` characters, a box for what the font cannot show."""
    return _escaped(_short(value, limit))


def wrapped(value: object, width: int, lines: int) -> str:
    """Text in at most `lines` lines of `width` characters; what does not fit is cut out of its middle."""
    for limit in range(lines * width, 1, -2):
        rows = wrap(_short(value, limit), width, break_on_hyphens=False)
        if len(rows) <= lines:
            break
    return _escaped("\n".join(rows))


def words(column: object, limit: int = 32) -> str:
    """A column's name as people write it: ``annual_income`` becomes ``Annual income``."""
    text = str(column).replace("_", " ").strip()
    return plain(text[:1].upper() + text[1:], limit)


def with_unit(column: object, units: Mapping[str, str] | None, limit: int = 32) -> str:
    """The name and its unit, of which only the name is shortened: ``Annual income (k$)``."""
    unit = (units or {}).get(str(column))
    return f"{words(column, limit)} ({plain(unit, 12)})" if unit else words(column, limit)


def short_number(value: float) -> str:
    """Four digits and a letter for thousands, millions and billions: ``12.3k``."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if size <= abs(value) < 1e12:
            return f"{value / (1e3 if letter == 'k' else size):.4g}{letter}"
    return f"{value:.0f}" if 1e3 <= abs(value) < 1e4 else f"{value:.4g}"


def share_text(count: int, total: int) -> str:
    """A count and its share: ``12 (6.0%)``; a share too small to write is not a zero."""
    if not count:
        return "0"
    share = count / total
    return f"{count:,} ({share:.1%})" if share >= 0.0005 else f"{count:,} (<0.1%)"


def signed_zero_free(value: float, form: str) -> str:
    """A number without the sign that rounding may leave before a zero."""
    text = format(value, form)
    return text if float(text) else format(0.0, form)


def count_text(count: int, word: str) -> str:
    """A number of things: ``1 trial``, ``2,000 trials``."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"
