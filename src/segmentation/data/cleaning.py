"""From a file as it is to a checked customer table: types first, then the checks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from segmentation.data.checks import (
    Checks,
    blank_infinities,
    check_ranges,
    count_missing,
    count_rare_levels,
    drop_duplicate_ids,
    drop_missing_ids,
    drop_repeated_rows,
    drop_useless_columns,
)
from segmentation.data.customers import ROW, Customers, Finding, canonical_order, fingerprint
from segmentation.data.dates import as_years, read_dates
from segmentation.data.files import RawTable
from segmentation.errors import InputError


@dataclass(frozen=True)
class Layout:
    """Which column of a file is what.

    Attributes
    ----------
    id : str or None
        The column of customer ids; None numbers the rows.
    numeric, categorical : tuple of str
        Columns of numbers and of categories.
    spellings : mapping of str to mapping of str to str
        Categorical column -> known spelling of a level by its lower-case form without spaces.
    levels : mapping of str to mapping of str to str or None
        Categorical column -> what a level is called instead, by the same form; None makes it missing.
    dates : mapping of str to str or None
        Columns of dates -> their pattern; None finds it out. They become years with decimals.
    """

    id: str | None
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    spellings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    levels: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)
    dates: Mapping[str, str | None] = field(default_factory=dict)


def clean(
    raw: RawTable,
    layout: Layout,
    checks: Checks,
    name: str,
    units: Mapping[str, str],
    findings: Sequence[Finding] = (),
) -> Customers:
    """Type, check and repair the rows of a file, one row a customer."""
    found = [*raw.findings, *findings]
    frame = drop_repeated_rows(raw.frame, layout.id is not None, checks, found, raw.where)
    table = typed(RawTable(frame, raw.where), layout, checks, found)
    table = drop_missing_ids(table, checks, found, raw.where)
    table = drop_duplicate_ids(table, checks, found, raw.where)
    return finish(table, checks, name, units, found, raw.where)


def clean_new(raw: RawTable, layout: Layout, checks: Checks) -> pd.DataFrame:
    """Type new customers; every row is kept, in file order."""
    table = typed(raw, layout, checks, [])
    blank_infinities(table, checks, [], raw.where)
    return table


def finish(
    table: pd.DataFrame,
    checks: Checks,
    name: str,
    units: Mapping[str, str],
    findings: list[Finding],
    where: str,
    truth: pd.Series | None = None,
) -> Customers:
    """Check the values of a typed table and put it in canonical order."""
    if len(table) < 2:
        raise InputError(
            f"{where} holds {len(table)} customer{'s' * (len(table) != 1)}; clustering needs at least 2."
        )
    table = table.copy()
    blank_infinities(table, checks, findings, where)
    check_ranges(table, checks, findings, where)
    table = drop_useless_columns(table, checks, findings, where)
    if table.columns.empty:
        raise InputError(f"{where} has no column left to describe customers by.")
    count_missing(table, findings)
    count_rare_levels(table, findings)
    table = canonical_order(table)
    units = {column: unit for column, unit in units.items() if column in table}
    if truth is not None:
        truth = truth.loc[table.index]
    return Customers(table, name, units, tuple(findings), fingerprint(table), truth)


def typed(raw: RawTable, layout: Layout, checks: Checks, findings: list[Finding]) -> pd.DataFrame:
    """Turn the columns of the layout into float64 and str, indexed by id."""
    frame = raw.frame
    columns = {}
    for column in frame.columns:
        if not any(column in known for known in (layout.numeric, layout.categorical, layout.dates)):
            continue
        values, n_marks = blank_marks(frame[column], checks.missing_marks)
        if n_marks:
            message = f"Read marks such as '?' in '{column}' as missing, in {n_marks} of {len(frame)} rows."
            findings.append(Finding("missing_marks", column, n_marks, "repaired", message))
        if column in layout.numeric:
            columns[column] = as_numbers(values, raw.where)
            continue
        if column in layout.dates:
            columns[column] = _dates_as_years(values, layout.dates[column], raw.where, findings)
            continue
        folded = fold_spelling(as_text(values), layout.spellings.get(column, {}))
        n_folded = int((folded != as_text(frame[column]))[folded.notna()].sum())
        if n_folded:
            message = f"Evened out case and spaces in '{column}', in {n_folded} of {len(frame)} rows."
            findings.append(Finding("spelling", column, n_folded, "repaired", message))
        columns[column] = _renamed(folded, layout.levels.get(column, {}), findings)
    # Not copied into one block: large files come in many batches, and memory is most of their time.
    table = pd.DataFrame(columns, index=frame.index, copy=False)
    if layout.id is None:
        return table.rename_axis(ROW)
    ids, _ = blank_marks(frame[layout.id], checks.missing_marks)
    return table.set_axis(pd.Index(as_ids(ids), name=layout.id), axis=0)


def _dates_as_years(values: pd.Series, pattern: str | None, where: str, findings: list[Finding]) -> pd.Series:
    name = values.name
    if is_numeric(values):
        raise InputError(f"Column '{name}' of {where} (data.dates) holds numbers; valid are dates.")
    dates = read_dates(values, pattern)
    if dates.unread.any():
        raise InputError(
            f"Column '{name}' of {where} (data.dates) holds no date in {int(dates.unread.sum())} of "
            f"{len(values)} rows (for example '{values[dates.unread].iloc[0]}'); valid are dates like "
            f"{f'the pattern {pattern}' if pattern else '2012-09-04'}, and marks in data.checks.missing_marks."
        )
    there = values.dropna()
    if dates.ambiguous:
        raise InputError(
            f"Column '{name}' of {where} may be day or month first (for example '{there.iloc[0]}'); say which: "
            f"data.dates={{{name}: '%d-%m-%Y'}}."
        )
    years = as_years(dates.times)
    if len(there):
        how = f" ({dates.pattern})" if dates.pattern.startswith("%") else ""
        message = (
            f"Turned the dates of '{name}'{how} into years with decimals, in {len(there)} rows "
            f"({there.iloc[0]} is {years[there.index[0]]:.2f})."
        )
        findings.append(Finding("dates", str(name), len(there), "repaired", message))
    return years


def _renamed(values: pd.Series, names: Mapping[str, str | None], findings: list[Finding]) -> pd.Series:
    if not names:
        return values
    keys = values.map(spelling_key, na_action="ignore")
    named = keys.isin(names)
    renamed = values.mask(named, keys.map(names)).astype("str")
    message = (
        f"Called levels of '{values.name}' as data.levels says, in {int(named.sum())} of {len(values)} rows."
    )
    findings.append(Finding("levels", str(values.name), int(named.sum()), "repaired", message))
    return renamed


def spelling_key(level: str) -> str:
    """What two spellings of one level have in common."""
    return "".join(level.split()).casefold()


def blank_marks(values: pd.Series, marks: Sequence[str]) -> tuple[pd.Series, int]:
    """Strip text and make marks for missing missing; the count leaves out cells that are simply empty."""
    if values.dtype == "str":
        values = values.str.strip()
        marked = values.str.lower().isin({mark.strip().lower() for mark in marks})
        return values.mask(marked), int((marked & (values != "")).sum())
    numbers = pd.to_numeric(pd.Series(marks, dtype="str"), errors="coerce").dropna()
    if numbers.empty:
        return values, 0
    marked = values.isin(numbers) if is_numeric(values) else values.isna()
    return values.mask(marked), int(marked.sum())


def is_numeric(values: pd.Series) -> bool:
    """Say whether the file itself holds numbers here."""
    return pd.api.types.is_numeric_dtype(values)


def as_numbers(values: pd.Series, where: str) -> pd.Series:
    """Turn stripped cells into float64, or refuse text; true and false are 1 and 0."""
    if is_numeric(values):
        return pd.Series(values.to_numpy(dtype=float, na_value=np.nan), values.index, name=values.name)
    if values.dtype != "str":
        raise InputError(
            f"Column '{values.name}' of {where} holds dates, not numbers; name it in data.dates."
        )
    numbers = parse_numbers(values)
    text = values[numbers.isna() & values.notna()]
    if len(text):
        raise InputError(
            f"Numeric column '{values.name}' of {where} holds text in {len(text)} of {len(values)} rows (for "
            f"example '{text.iloc[0]}'); valid are numbers like 1234.5 and the marks named in "
            f"data.checks.missing_marks, or leave the column out."
        )
    return numbers


def parse_numbers(values: pd.Series) -> pd.Series:
    """Turn stripped text into float64; what is no number becomes NaN."""
    numbers = pd.to_numeric(values, errors="coerce").astype(float)
    if not numbers.notna().any():
        numbers = values.str.lower().map({"true": 1.0, "false": 0.0}).astype(float)
    return numbers


def as_text(values: pd.Series) -> pd.Series:
    """Turn cells into str; whole numbers lose their ``.0``, so that CSV and Parquet agree."""
    if pd.api.types.is_float_dtype(values):
        numbers = values.to_numpy(dtype=float, na_value=np.nan)
        whole = np.isnan(numbers) | (
            np.isfinite(numbers) & (np.abs(numbers) < 2**53) & (numbers == np.trunc(numbers))
        )
        if whole.all():
            values = pd.Series(numbers, values.index, name=values.name).astype("Int64")
    return values.astype("str")


def as_ids(values: pd.Series) -> pd.Series:
    """Turn stripped cells into ids: integers where nothing is lost by it ("0001" is text), else str."""
    if pd.api.types.is_signed_integer_dtype(values) and not values.hasnans:
        return values.astype("int64")
    text = as_text(values)
    there = text.dropna()
    if there.str.fullmatch(r"-?\d+(?:\.0+)?").all():
        there = there.str.replace(r"\.0+$", "", regex=True)
    text = there.reindex(text.index)
    if there.empty or not there.str.fullmatch(r"0|-?[1-9]\d{0,17}").all():
        return text
    whole = there.astype("int64")
    return whole if len(whole) == len(text) else whole.astype("Int64").reindex(text.index)


def fold_spelling(text: pd.Series, known: Mapping[str, str]) -> pd.Series:
    """Write levels that differ only by case or spaces like the commonest of them, or like the known one."""
    counts = text.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    spelling: dict[str, str] = {}
    best = dict(known)
    for level in counts.index:
        spelling[level] = best.setdefault(spelling_key(level), level)
    return text.map(spelling).astype("str")
