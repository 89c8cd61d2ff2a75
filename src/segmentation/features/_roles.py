"""What each column of a customer table is to a clustering: a number, a category, or nothing to compare by."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api.types import is_datetime64_any_dtype, is_numeric_dtype

from segmentation.data import is_number
from segmentation.overrides import listed

NEARLY_CONSTANT = 0.95
MUCH_MISSING = 0.3
MANY_LEVELS = 20
FEW_ROWS = 20
"""Up to so many rows all values of a column may differ by chance."""
ROWS_PER_LEVEL = 10

IDS = {"id", "key", "uuid", "guid"}
CODES = {"code", "zip", "zipcode", "postcode", "plz", "id"}
"""Last words of the names of codes, however many there are."""
PLACES = {
    "branch",
    "region",
    "store",
    "shop",
    "department",
    "district",
    "channel",
    "type",
    "country",
    "state",
}
"""Last words of the names of codes where they are few."""
COUNTED = {"n", "num", "number", "count", "no", "total", "sum", "avg", "mean", "visits"}
"""First words of the names of counts."""


@dataclass(frozen=True)
class Role:
    """What a column is.

    Attributes
    ----------
    column : str
        Its name.
    kind : {"number", "category", "code", "id", "constant", "missing", "levels"}
        A code is a number that names a category. The last four tell customers apart in no useful way.
    why : str
        What was seen.
    """

    column: str
    kind: str
    why: str

    @property
    def left_out(self) -> bool:
        """Whether customers are not compared on it."""
        return self.kind in ("id", "constant", "missing", "levels")

    @property
    def override(self) -> str:
        """What to type to take it as it is."""
        return listed("features.keep", [self.column]) if self.left_out or self.kind == "code" else ""


def role(values: pd.Series) -> Role:
    """Say what a column is to a clustering.

    Parameters
    ----------
    values : Series
        The column; dates are no concern of this function.

    Returns
    -------
    Role

    Examples
    --------
    >>> role(pd.Series(range(101, 201), name="row")).kind, role(pd.Series([7, 7], name="one")).kind
    ('id', 'constant')
    """
    name, n = str(values.name), len(values)
    known = values.dropna()
    counts = known.value_counts()
    number = is_numeric_dtype(values.dtype)
    commonest = float(counts.iloc[0] / len(known)) if len(known) else 0.0
    if commonest < 1 and looks_like_id(values):
        return Role(name, "id", f"{len(counts):,} different values in {n:,} rows")
    if len(known) < (1 - MUCH_MISSING) * n:
        return Role(name, "missing", f"missing in {1 - len(known) / n:.0%} of the rows")
    if commonest >= NEARLY_CONSTANT:
        where = "every row" if commonest == 1 else f"{_percent(commonest)} of the rows"
        return Role(name, "constant", f"{_shown(counts.index[0])} in {where}")
    if is_number(values):
        return _number(name, known.to_numpy(dtype=float))
    if number or len(counts) <= MANY_LEVELS:
        return Role(name, "number" if number else "category", f"{len(counts)} levels")
    return Role(name, "levels", f"{len(counts):,} levels")


def looks_like_id(values: pd.Series) -> bool:
    """Whether a column names customers instead of describing them."""
    known = values.dropna()
    if len(known) <= FEW_ROWS or is_datetime64_any_dtype(values.dtype):
        return False
    if not is_number(values):
        return bool(known.nunique() > 0.9 * len(known))
    if not known.is_unique or not (known % 1 == 0).all():
        return False
    # Numbers in a row, each once: nobody's age or spend is so.
    running = known.max() - known.min() == len(known) - 1
    return bool(running or _words(str(values.name))[-1] in IDS)


def _number(name: str, known: np.ndarray) -> Role:
    values = np.unique(known)
    distinct, (first, *_, last) = len(values), (_words(name) * 2)
    whole = (values % 1 == 0).all() and values[0] >= 0 and first not in COUNTED
    if whole and distinct > MANY_LEVELS and last in CODES:
        return Role(name, "levels", f"by its name a code, {distinct:,} levels")
    few = whole and 2 < distinct <= min(MANY_LEVELS, len(known) / ROWS_PER_LEVEL)
    if few and last in CODES | PLACES:
        return Role(name, "code", f"by its name a code, {distinct} levels")
    if few and _irregular(values.astype(int)):
        return Role(name, "code", f"{distinct} numbers without a common step, such as {_some(values)}")
    return Role(name, "number", f"{distinct:,} different values")


def _irregular(values: np.ndarray) -> bool:
    """Whether numbers of the same three or more digits have no step in common, as 101, 205 and 310 have none."""
    steps = np.diff(values)
    same_digits = values[0] >= 100 and len(str(values[0])) == len(str(values[-1]))
    year = values[0] >= 1900 and values[-1] <= 2100
    return bool(
        same_digits and not year and steps.min() > 2 and np.gcd.reduce(values) == 1 == np.gcd.reduce(steps)
    )


def _words(name: str) -> list[str]:
    return re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()) or [""]


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _percent(share: float) -> str:
    return f"{share:.1%}" if share > 0.995 else f"{share:.0%}"


def _some(values: np.ndarray) -> str:
    return ", ".join(f"{value:g}" for value in values[:3])
