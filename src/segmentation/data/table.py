"""Any table with one row a customer."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from segmentation.data.checks import Checks, as_names
from segmentation.data.cleaning import Layout, blank_marks, clean, clean_new, is_numeric, spelling_key
from segmentation.data.customers import Customers, Finding
from segmentation.data.customers_file import CustomersFile
from segmentation.data.dates import Dates, read_dates
from segmentation.data.files import RawTable, closest_header, open_table
from segmentation.errors import InputError

MAX_LEVELS = 20  # text of more different values is free text
MOSTLY = 0.8  # share of cells from which on the rest is thought an error
LOOKS_LIKE_ID = re.compile(r"(?:^|[^a-zA-Z])[iI][dD]$|[a-z]I[dD]$|^Unnamed: \d+$")
LOOKS_LIKE_DATE = r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}(?:[ T].*)?"
DATE_UNIT = "year"


@dataclass(frozen=True)
class TableFile(CustomersFile):
    """A CSV, TSV or Parquet file with one row a customer.

    Columns that nobody names are told by their content: cells that are all numbers make a numeric column,
    text of at most 20 different values (and of half as many as there are rows) a categorical one, and so do
    true and false. Dates become years with decimals (2012-09-04 is 2012.68): a number that means the same in
    every file. Free text, dates that may be day or month first, and unique numbers whose header says id are
    left out, with a finding.

    Parameters
    ----------
    path : str or Path
        The file.
    id : str or None
        The column of customer ids; None numbers the rows of the file.
    numeric, categorical : sequence of str or None
        Columns of numbers and of categories; None infers them from the content of the others.
    dates : mapping of str to str or None, or None
        Columns of dates -> their pattern, such as ``{"joined": "%d-%m-%Y"}``; a pattern of None is found out.
        None infers the columns, where `numeric` is inferred too.
    levels : mapping of str to mapping of str to str or None
        Column of categories -> level -> what it is called instead, such as ``{"status": {"YOLO": "single"}}``;
        None makes it missing.
    drop : sequence of str
        Columns to leave out.
    separator : str or None
        One character between cells; None looks which of ``, ; tab |`` it is.
    units : mapping of str to str
        Column -> unit, for axes.
    checks : Checks
        Repairs and refusals.

    Raises
    ------
    InputError
        If a column is named twice.
    """

    path: str | Path
    id: str | None = None
    numeric: Sequence[str] | None = None
    categorical: Sequence[str] | None = None
    dates: Mapping[str, str | None] | None = field(default=None, hash=False)
    levels: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict, hash=False)
    drop: Sequence[str] = ()
    separator: str | None = None
    units: Mapping[str, str] = field(default_factory=dict, hash=False)
    checks: Checks = field(default_factory=Checks)

    def __post_init__(self) -> None:
        for key in ("numeric", "categorical", "drop"):
            names = getattr(self, key)
            if names is not None:
                object.__setattr__(self, key, as_names(key, names))
        object.__setattr__(self, "units", dict(self.units or {}))
        object.__setattr__(self, "dates", _as_patterns(self.dates))
        object.__setattr__(self, "levels", _as_levels(self.levels))
        named = [column for _, column in self._named()]
        twice = {column for column in named if named.count(column) > 1}
        if twice:
            raise InputError(
                f"Column '{min(twice)}' is named more than once in data.id, data.numeric, data.categorical, "
                f"data.dates and data.drop; valid is once."
            )

    def read(self) -> Customers:
        """Read, check and repair the customers.

        Returns
        -------
        Customers
            Columns in the order of the file.

        Raises
        ------
        InputError
            If the file cannot be read, lacks a named column, or holds what the checks refuse.
        """
        raw = open_table(self.path, self.separator)
        others = (("units", self.units), ("levels", self.levels))
        for key, column in [*self._named(), *((key, column) for key, names in others for column in names)]:
            if column not in raw.frame:
                raise InputError(
                    f"data.{key} names '{column}', which {raw.where} does not have; "
                    f"{closest_header(column, raw.frame.columns)}"
                )
        layout, found = self._infer(raw)
        for column in self.levels:
            if column not in layout.categorical:
                raise InputError(f"data.levels names '{column}', which is no category of {raw.where}.")
        units = {**dict.fromkeys(layout.dates, DATE_UNIT), **self.units}
        customers = clean(raw, layout, self.checks, Path(self.path).stem, units, found)
        return replace(customers, resolved={"dates": dict(layout.dates)} if layout.dates else {})

    def read_records(self, raw: RawTable) -> pd.DataFrame:
        """Read new customers from a table of raw cells, as `read_new` does.

        Where columns are inferred none is left out: one of numbers is numeric, one of dates is read as such, any
        other is text.
        """
        numeric, categorical = list(self.numeric or ()), list(self.categorical or ())
        dates = dict(self.dates or {})
        for column in self._to_infer(raw):
            values = self._blanked(raw, column)
            if is_numeric(values) or _are_numbers(values).all():
                numeric.append(column)
            elif self._infers_dates and _are_dates(values) and not _date_trouble(read_dates(values)):
                dates[column] = read_dates(values).pattern or None
            else:
                categorical.append(column)
        id_ = self.id if self.id in raw.frame else None
        layout = Layout(id_, tuple(numeric), tuple(categorical), levels=self.levels, dates=dates)
        return clean_new(raw, layout, self.checks)

    def _named(self) -> Iterator[tuple[str, str]]:
        if self.id is not None:
            yield "id", self.id
        for key in ("numeric", "categorical", "dates", "drop"):
            for column in getattr(self, key) or ():
                yield key, column

    @property
    def _infers_dates(self) -> bool:
        return self.dates is None and self.numeric is None

    def _blanked(self, raw: RawTable, column: str) -> pd.Series:
        return blank_marks(raw.frame[column], self.checks.missing_marks)[0]

    def _to_infer(self, raw: RawTable) -> list[str]:
        if self.numeric is not None and self.categorical is not None:
            return []
        known = {column for _, column in self._named()}
        return [column for column in raw.frame.columns if column not in known]

    def _infer(self, raw: RawTable) -> tuple[Layout, list[Finding]]:
        found: list[Finding] = []
        kinds: dict[str, list[str]] = {"numeric": [], "categorical": []}
        dates = dict(self.dates or {})
        for column in self._to_infer(raw):
            values = self._blanked(raw, column)
            kind = _kind(values)
            if kind in kinds:
                kinds[kind].append(column)
                continue
            count = int(values.notna().sum())
            if kind == "dates" and self._infers_dates:
                read = read_dates(values)
                trouble = _date_trouble(read)
                if not trouble:
                    dates[column] = read.pattern or None
                    continue
                kind = f"dates{trouble}"
            message = f"Left out '{column}', which holds {kind} in {count} of {len(values)} rows."
            found.append(Finding("left_out", column, count, "repaired", message))
        numeric = self.numeric if self.numeric is not None else kinds["numeric"]
        categorical = self.categorical if self.categorical is not None else kinds["categorical"]
        layout = Layout(self.id, tuple(numeric), tuple(categorical), levels=self.levels, dates=dates)
        return layout, found


def _kind(values: pd.Series) -> str:
    """Tell a column of stripped cells: "numeric", "categorical", or what else it holds."""
    there = values.dropna()
    is_number = _are_numbers(there)
    if is_number.all():
        looks_like_id = (
            LOOKS_LIKE_ID.search(str(values.name)) and len(there) == len(values) and there.is_unique
        )
        return "what look like ids (set data.id)" if looks_like_id else "numeric"
    if _are_dates(values):
        return "dates"
    if there.str.lower().nunique() <= min(MAX_LEVELS, max(2, len(values) // 2)):
        return "categorical"
    if is_number.mean() >= MOSTLY:
        return "numeric"  # and its text will be refused, rather than the column lost for one bad cell
    return "free text"


def _are_numbers(values: pd.Series) -> pd.Series:
    there = values.dropna()
    if is_numeric(there):
        return there.notna()
    return pd.to_numeric(there.astype("str"), errors="coerce").notna()


def _are_dates(values: pd.Series) -> bool:
    if values.dtype != "str":
        return not is_numeric(values)
    return bool(values.dropna().str.fullmatch(LOOKS_LIKE_DATE).all())


def _date_trouble(dates: Dates) -> str:
    """Why a column of dates cannot be read without being told more; "" where it can."""
    if dates.ambiguous:
        return " that may be day or month first (say which: data.dates={column: '%d-%m-%Y'})"
    return " of more than one pattern (see data.dates)" if dates.unread.any() else ""


def _as_patterns(dates: Any) -> dict[str, str | None] | None:
    if dates is None:
        return None
    valid = isinstance(dates, Mapping) and all(p is None or isinstance(p, str) for p in dates.values())
    if not valid:
        raise InputError(
            f"data.dates is {dates!r}; valid is column -> pattern, such as {{joined: '%d-%m-%Y'}} or "
            f"{{joined: null}}."
        )
    return {str(column): pattern for column, pattern in dates.items()}


def _as_levels(levels: Any) -> dict[str, dict[str, str | None]]:
    levels = {} if levels is None else levels
    if not isinstance(levels, Mapping) or not all(isinstance(names, Mapping) for names in levels.values()):
        raise InputError(
            f"data.levels is {levels!r}; valid is column -> level -> its name, such as "
            f"{{status: {{YOLO: single}}}}."
        )
    return {
        str(column): {
            spelling_key(str(level)): None if name is None else str(name) for level, name in names.items()
        }
        for column, names in levels.items()
    }
