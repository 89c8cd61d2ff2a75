"""What is repaired in the data, and what is refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, Literal

import numpy as np
import pandas as pd

from segmentation.data.customers import Finding
from segmentation.errors import InputError, nearest

MISSING_MARKS = ("", "?", "-", "--", ".", "NA", "N/A", "#N/A", "NaN", "NaT", "null", "None")

RARE = 0.01
"""Share of the customers below which a level is said to be rare."""
TOLD_LEVELS = 5

WORDS = {
    "duplicate_rows": ("drop", "refuse"),
    "duplicate_ids": ("refuse", "first", "last"),
    "missing_ids": ("drop", "refuse"),
    "infinities": ("missing", "refuse"),
    "out_of_range": ("keep", "missing", "refuse"),
    "constant_columns": ("keep", "drop", "refuse"),
    "all_missing_columns": ("drop", "refuse"),
}


@dataclass(frozen=True)
class Checks:
    """What is repaired, what is kept and what is refused; every repair is counted as a `Finding`.

    Parameters
    ----------
    duplicate_rows : {"drop", "refuse"}
        Rows that repeat another one in every column, the id included. Without an id column equal rows are
        equal customers: they are kept, and counted.
    duplicate_ids : {"refuse", "first", "last"}
        Different rows of one id: keep the first or last of the file.
    missing_ids : {"drop", "refuse"}
        Rows without an id.
    missing_marks : sequence of str
        Cells that mean "missing", upper or lower case.
    infinities : {"missing", "refuse"}
        Infinite numbers.
    out_of_range : {"keep", "missing", "refuse"}
        Numbers outside `ranges`.
    ranges : mapping of str to [low, high]
        Column -> plausible range, ends included; null leaves an end open.
    constant_columns : {"keep", "drop", "refuse"}
        Columns with one value.
    all_missing_columns : {"drop", "refuse"}
        Columns without any value.

    Raises
    ------
    InputError
        If a word is not one of these, or a range is not two ordered numbers.
    """

    duplicate_rows: str = "drop"
    duplicate_ids: str = "refuse"
    missing_ids: str = "drop"
    missing_marks: Sequence[str] = MISSING_MARKS
    infinities: str = "missing"
    out_of_range: str = "keep"
    ranges: Mapping[str, Sequence[float | None]] = field(default_factory=dict, hash=False)
    constant_columns: str = "keep"
    all_missing_columns: str = "drop"

    def __post_init__(self) -> None:
        for name, words in WORDS.items():
            word = getattr(self, name)
            if word not in words:
                raise InputError(f"data.checks.{name} is {word!r}; valid are: {', '.join(words)}.")
        object.__setattr__(self, "missing_marks", as_names("checks.missing_marks", self.missing_marks))
        ranges = {str(column): _as_range(column, ends) for column, ends in (self.ranges or {}).items()}
        object.__setattr__(self, "ranges", ranges)


def as_names(key: str, names: Any) -> tuple[str, ...]:
    """Turn a configured list of names into a tuple; `key` is where it stands in the config."""
    if isinstance(names, str) or not isinstance(names, Sequence):
        raise InputError(f"data.{key} is {names!r}; valid is a list such as [{names}].")
    return tuple(str(name) for name in names)


def _as_range(column: str, ends: Any) -> tuple[float | None, float | None]:
    valid = (
        isinstance(ends, Sequence) and len(ends) == 2 and all(e is None or isinstance(e, Real) for e in ends)
    )
    if not valid or (None not in ends and ends[0] > ends[1]):
        raise InputError(
            f"data.checks.ranges.{column} is {ends!r}; valid is [low, high], null for an open end."
        )
    return ends[0], ends[1]


def drop_repeated_rows(
    frame: pd.DataFrame, has_ids: bool, checks: Checks, findings: list[Finding], where: str
) -> pd.DataFrame:
    """Drop rows that repeat another one in every column."""
    repeated = frame.apply(
        lambda values: values.str.strip() if values.dtype == "str" else values
    ).duplicated()
    count = int(repeated.sum())
    if not count:
        return frame
    if checks.duplicate_rows == "refuse":
        raise InputError(
            f"{where} repeats itself: {count} of {len(frame)} rows equal another row "
            f"(data.checks.duplicate_rows: drop drops them)."
        )
    if not has_ids:
        message = (
            f"Kept equal rows, {count} of {len(frame)}: without an id column each is a customer of its own."
        )
        findings.append(Finding("duplicate_rows", None, count, "kept", message))
        return frame
    message = f"Dropped rows that repeat another one in every column: {count} of {len(frame)}."
    findings.append(Finding("duplicate_rows", None, count, "repaired", message))
    return frame[~repeated]


def drop_missing_ids(
    table: pd.DataFrame, checks: Checks, findings: list[Finding], where: str
) -> pd.DataFrame:
    """Drop rows whose index is missing."""
    missing = np.asarray(table.index.isna())
    report_missing_ids(missing, str(table.index.name), checks, findings, where)
    table = table[~missing]
    if table.index.dtype == "Int64":
        table.index = table.index.astype("int64")
    return table


def report_missing_ids(
    missing: np.ndarray, column: str, checks: Checks, findings: list[Finding], where: str
) -> None:
    """Say that rows have no customer id, or refuse them."""
    count = int(missing.sum())
    if count and checks.missing_ids == "refuse":
        raise InputError(
            f"Column '{column}' of {where} has no id in {count} of {len(missing)} rows "
            f"(data.checks.missing_ids: drop drops them)."
        )
    if count:
        message = f"Dropped rows without an id in '{column}': {count} of {len(missing)}."
        findings.append(Finding("missing_ids", column, count, "repaired", message))


def drop_duplicate_ids(
    table: pd.DataFrame, checks: Checks, findings: list[Finding], where: str
) -> pd.DataFrame:
    """Keep one row an id."""
    ids, column = table.index, str(table.index.name)
    if ids.is_unique:
        return table
    if checks.duplicate_ids == "refuse":
        twice = ids[ids.duplicated(keep=False)]
        raise InputError(
            f"Column '{column}' of {where} repeats ids in {len(twice)} of {len(ids)} rows that differ "
            f"(for example {twice[0]}); data.checks.duplicate_ids: first or last keeps one row each."
        )
    keep: Literal["first", "last"] = "first" if checks.duplicate_ids == "first" else "last"
    repeated = ids.duplicated(keep=keep)
    count = int(repeated.sum())
    message = f"Dropped rows that repeat an id in '{column}', but the {keep} of each: {count} of {len(ids)}."
    findings.append(Finding("duplicate_ids", column, count, "repaired", message))
    return table[~repeated]


def blank_infinities(table: pd.DataFrame, checks: Checks, findings: list[Finding], where: str) -> None:
    """Make infinite numbers missing, in place."""
    for column in map(str, table.select_dtypes("number").columns):
        infinite = np.isinf(table[column])
        count = int(infinite.sum())
        if not count:
            continue
        if checks.infinities == "refuse":
            raise InputError(
                f"Column '{column}' of {where} is infinite in {count} of {len(table)} rows "
                f"(data.checks.infinities: missing makes them missing)."
            )
        table[column] = table[column].mask(infinite)
        message = f"Made infinite values of '{column}' missing, in {count} of {len(table)} rows."
        findings.append(Finding("infinities", column, count, "repaired", message))


def check_ranges(table: pd.DataFrame, checks: Checks, findings: list[Finding], where: str) -> None:
    """Treat numbers outside their range, in place."""
    numeric = [str(column) for column in table.select_dtypes("number")]
    for column, (low, high) in checks.ranges.items():
        if column not in numeric:
            raise InputError(
                f"data.checks.ranges names '{column}', which is not a numeric column of {where}; "
                f"{nearest(column, numeric)}"
            )
        outside = (table[column] < (-np.inf if low is None else low)) | (
            table[column] > (np.inf if high is None else high)
        )
        count = int(outside.sum())
        if not count:
            continue
        ends = " ".join(f"{word} {end:g}" for word, end in (("from", low), ("to", high)) if end is not None)
        example = table.loc[outside, column].iloc[0]
        if checks.out_of_range == "refuse":
            raise InputError(
                f"Column '{column}' of {where} is out of range in {count} of {len(table)} rows "
                f"(for example {example:g}); valid is {ends} (data.checks.ranges.{column})."
            )
        blank = checks.out_of_range == "missing"
        if blank:
            table[column] = table[column].mask(outside)
        message = (
            f"{'Made missing' if blank else 'Kept'} values of '{column}' out of range ({ends}), in "
            f"{count} of {len(table)} rows (for example {example:g})."
        )
        findings.append(Finding("out_of_range", column, count, "repaired" if blank else "kept", message))


def drop_useless_columns(
    table: pd.DataFrame, checks: Checks, findings: list[Finding], where: str
) -> pd.DataFrame:
    """Drop columns without a value, and constant ones where that is asked for."""
    dropped = []
    for column in table:
        levels = table[column].nunique()
        if levels > 1:
            continue
        name = "constant_columns" if levels else "all_missing_columns"
        what = f"constant ({table[column].dropna().iloc[0]})" if levels else "missing in every row"
        word = getattr(checks, name)
        if word == "refuse":
            raise InputError(
                f"Column '{column}' of {where} is {what} ({len(table)} rows); leave it out, or set "
                f"data.checks.{name} to {' or '.join(w for w in WORDS[name] if w != 'refuse')}."
            )
        if word == "drop":
            dropped.append(column)
        verb, action = (
            ("was dropped", "repaired")
            if word == "drop"
            else ("was kept, but tells nobody apart and is no feature", "kept")
        )
        findings.append(Finding(name, str(column), len(table), action, f"'{column}' is {what}; it {verb}."))
    return table.drop(columns=dropped)


def count_missing(table: pd.DataFrame, findings: list[Finding]) -> None:
    """Say how many cells are missing."""
    for column, count in table.isna().sum().items():
        if count:
            message = f"'{column}' is missing in {count} of {len(table)} rows."
            findings.append(Finding("missing_values", str(column), int(count), "kept", message))


def count_rare_levels(table: pd.DataFrame, findings: list[Finding]) -> None:
    """Say which levels of a category hardly anybody has; where all are rare it is none to group by."""
    for column in table.select_dtypes("str"):
        counts = table[column].value_counts()
        rare = counts[counts < RARE * counts.sum()].sort_index().sort_values(ascending=False, kind="stable")
        if not len(rare) or len(rare) > len(counts) / 2 + 1:
            continue
        more = len(rare) - TOLD_LEVELS
        named = ", ".join(f"{level} ({count})" for level, count in rare[:TOLD_LEVELS].items())
        message = (
            f"'{column}' has levels with less than {RARE:.0%} of the customers: {named}"
            f"{f' and {more} more' if more > 0 else ''} (data.levels may call them otherwise)."
        )
        findings.append(Finding("rare_levels", str(column), int(rare.sum()), "kept", message))
