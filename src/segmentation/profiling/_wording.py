"""Columns and figures as a marketer reads them."""

from collections.abc import Mapping

import numpy as np

LONGEST = 48  # characters of a name that comes from the data


def shortened(text: object) -> str:
    """Text on one line, its middle left out where it is too long: long names often differ at the end only."""
    plain = " ".join(str(text).split())
    return plain if len(plain) <= LONGEST else f"{plain[:30].rstrip()}…{plain[-17:].lstrip()}"


def called(column: object) -> str:
    """A column's name in a sentence: ``annual_income`` becomes ``annual income``."""
    return shortened(str(column).replace("_", " ")) or "(no name)"


def with_unit(figure: str, column: object, units: Mapping[str, str] | None) -> str:
    """A figure and its unit, ``70.5 k$``; a scale such as ``1-100`` is no unit of a figure."""
    unit = (units or {}).get(str(column), "")
    return f"{figure} {unit}" if unit and not unit[0].isdigit() else figure


def exact(value: float) -> str:
    """All digits that a number has, ``1,250`` or ``70.5``."""
    return f"{float(value):,}".removesuffix(".0")


def rounded(value: float) -> str:
    """Three digits, or all before the point: ``86.5``, ``2,054``, ``0.123``."""
    if not np.isfinite(value):
        return "not known"
    digits = 2 - int(np.floor(np.log10(abs(value)))) if value else 0
    return f"{value:,.{min(max(digits, 0), 12)}f}"
