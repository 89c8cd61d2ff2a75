"""Dates as files write them: which pattern, and what number of a date can be clustered on."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

DATES = ("%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y", "%Y/%m/%d", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y")
PATTERNS = ("ISO8601", *(date + clock for date in DATES for clock in ("", " %H:%M", " %H:%M:%S")))


@dataclass(frozen=True, eq=False)
class Dates:
    """A column read as dates.

    Attributes
    ----------
    times : Series of datetime64
        Without a time zone; NaT where a cell is missing or no date.
    pattern : str
        What reads most of the cells; "" where the file itself holds times.
    unread : Series of bool
        Cells that are neither a date of this pattern nor missing.
    ambiguous : bool
        Whether another pattern reads every cell too, as other dates.
    """

    times: pd.Series
    pattern: str
    unread: pd.Series
    ambiguous: bool


def read_dates(values: pd.Series, pattern: str | None = None) -> Dates:
    """Read stripped cells as dates.

    Parameters
    ----------
    values : Series of str or datetime64
        Missing marks blanked.
    pattern : str or None
        Such as ``"%d-%m-%Y"``; None tries the usual ones.

    Returns
    -------
    Dates

    Examples
    --------
    >>> found = read_dates(pd.Series(["04-09-2012", "21-08-2013"], dtype="str"))
    >>> found.pattern, found.ambiguous, str(found.times[0].date())
    ('%d-%m-%Y', False, '2012-09-04')
    """
    if values.dtype != "str":
        return Dates(values.dt.tz_localize(None), "", values.isna() & False, False)
    written = pd.Series(values.dropna().unique(), dtype="str")
    patterns = PATTERNS if pattern is None else (pattern,)
    readings = {p: pd.to_datetime(written, format=p, errors="coerce") for p in patterns}
    pattern = min(readings, key=lambda p: int(readings[p].isna().sum()))
    best = readings[pattern]
    ambiguous = any(other.notna().all() and not other.equals(best) for other in readings.values())
    times = values.map(dict(zip(written, best.dt.tz_localize(None), strict=True))).astype("datetime64[us]")
    return Dates(times, pattern, values.notna() & times.isna(), ambiguous and bool(best.notna().all()))


def as_years(times: pd.Series) -> pd.Series:
    """Turn dates into years with decimals: a number that means the same in every file.

    Days before "the latest date" would mean another thing in each new file, and a model must read new
    customers as it read its own.

    Parameters
    ----------
    times : Series of datetime64

    Returns
    -------
    Series of float
        Whole at the start of a year; NaN where a date is missing.

    Examples
    --------
    >>> as_years(pd.to_datetime(pd.Series(["2013-01-01", "2012-07-02"]))).tolist()
    [2013.0, 2012.5]
    """
    year = times.dt.year.to_numpy(dtype=float, na_value=np.nan)
    seconds = (times - times.dt.normalize()).dt.total_seconds().to_numpy(dtype=float, na_value=np.nan)
    day = times.dt.day_of_year.to_numpy(dtype=float, na_value=np.nan) - 1 + seconds / 86_400
    return pd.Series(year + day / np.where(times.dt.is_leap_year, 366, 365), times.index, name=times.name)
