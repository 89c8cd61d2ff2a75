"""Conditions on one column, in words and in SQL."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from segmentation.profiling._wording import called, exact, shortened, with_unit

MOST_LEVELS = 12  # levels of a category that a rule may name, the commonest ones


@dataclass(frozen=True)
class Between:
    """A number above `low` and at most `high`."""

    column: str
    fill: float
    units: Mapping[str, str] = field(default_factory=dict)
    low: float = -math.inf
    high: float = math.inf

    def words(self) -> str:
        low, high = (with_unit(exact(x), self.column, self.units) for x in (self.low, self.high))
        if self.low == -math.inf:
            return f"{called(self.column)} at most {high}"
        if self.high == math.inf:
            return f"{called(self.column)} above {low}"
        return f"{called(self.column)} above {exact(self.low)} up to {high}"

    def sql(self) -> str:
        value = f"COALESCE({_identifier(self.column)}, {_number(self.fill)})"
        bounds = [f"{value} > {_number(self.low)}"] * (self.low > -math.inf)
        return " AND ".join(bounds + [f"{value} <= {_number(self.high)}"] * (self.high < math.inf))

    def missing(self) -> str:
        return f"{called(self.column)} {with_unit(exact(self.fill), self.column, self.units)}"


@dataclass(frozen=True)
class Level:
    """A category of the level `only`, or of none of the levels `never`."""

    column: str
    fill: str
    only: str | None = None
    never: tuple[str, ...] = ()

    def words(self) -> str:
        if self.only is not None:
            return f"{called(self.column)} is {shortened(self.only)}"
        return f"{called(self.column)} is not {' or '.join(map(shortened, self.never))}"

    def sql(self) -> str:
        value = f"COALESCE({_identifier(self.column)}, {quoted(self.fill)})"
        if self.only is not None:
            return f"{value} = {quoted(self.only)}"
        if len(self.never) == 1:
            return f"{value} <> {quoted(self.never[0])}"
        return f"{value} NOT IN ({', '.join(map(quoted, self.never))})"

    def missing(self) -> str:
        return f"{called(self.column)} {shortened(self.fill)}"


Condition = Between | Level


@dataclass(frozen=True, eq=False)
class Axis:
    """One column that the tree may split, and how a split narrows what is known of the table's column."""

    values: np.ndarray
    nothing_known: Condition
    level: str | None = None

    def split(self, known: Condition, rows: np.ndarray, left: np.ndarray) -> tuple[Condition, Condition]:
        if isinstance(known, Level):
            return replace(known, never=(*known.never, str(self.level))), replace(known, only=self.level)
        values = self.values[rows]
        cut = _readable(float(values[left].max()), float(values[~left].min()))
        return replace(known, high=cut), replace(known, low=cut)


def axes_of(values: pd.Series, units: Mapping[str, str] | None) -> list[Axis]:
    known, column = values.dropna(), str(values.name)
    if known.empty:
        return []
    if pd.api.types.is_numeric_dtype(values):
        median = float(known.astype(float).median())
        filled = values.astype(float).fillna(median).to_numpy()
        return [Axis(filled, Between(column, median, units or {}))]
    # Equally common levels are taken in the order of their names, whatever the order of the rows.
    common = known.astype(str).value_counts().sort_index().sort_values(ascending=False, kind="stable")
    fill = str(common.index[0])
    text = values.astype(object).where(values.notna(), fill).astype(str).to_numpy(dtype=object)
    levels = map(str, common.index[:MOST_LEVELS])
    return [Axis((text == level).astype(float), Level(column, fill), level) for level in levels]


def _readable(low: float, high: float) -> float:
    """Find the shortest decimal above `low` and below `high`; `low` itself where there is none."""
    middle = low / 2 + high / 2
    for digits in range(-300, 324):
        cut = round(middle, digits) + 0.0  # -0.0 becomes 0.0
        if low < cut < high:
            return cut
    return low


def near(value: float, cuts: set[float]) -> float:
    """Find the first rounding of `value` to three digits or more that is on the same side of every cut."""
    first = 2 - math.floor(math.log10(abs(value))) if value else 0
    for digits in range(first, first + 16):
        near = round(value, digits) + 0.0
        if all((near <= cut) == (value <= cut) for cut in cuts):
            return near
    return value


def _identifier(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _number(value: float) -> str:
    return repr(float(value)).removesuffix(".0")
