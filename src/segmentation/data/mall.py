"""The mall customers of Kaggle, in all the spellings of their header."""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from segmentation.data.checks import Checks
from segmentation.data.cleaning import Layout, clean, clean_new
from segmentation.data.customers import Customers, Finding
from segmentation.data.customers_file import CustomersFile
from segmentation.data.files import RawTable, closest_header, open_table
from segmentation.errors import InputError

UNITS = {"age": "years", "annual_income": "k$", "spending_score": "1-100"}
RANGES = {"age": (0, 120), "annual_income": (0, None), "spending_score": (1, 100)}
# Headers in lower case without anything but letters and digits; the first is the canonical one.
HEADERS = {
    "customer_id": ("customerid", "custid", "id"),
    "gender": ("gender", "genre", "sex"),
    "age": ("age",),
    "annual_income": ("annualincome", "annualincomek", "income"),
    "spending_score": ("spendingscore", "spendingscore1100"),
}
GENDERS = {"male": "Male", "m": "Male", "female": "Female", "f": "Female"}


@dataclass(frozen=True)
class MallFile(CustomersFile):
    """The Kaggle file ``Mall_Customers.csv`` and its variants.

    The table has the columns gender, age (years), annual_income (k$) and spending_score (1-100), whatever
    the header calls them; other columns are left out.

    Parameters
    ----------
    path : str or Path
        CSV, TSV or Parquet.
    checks : Checks
        Repairs and refusals. Its ranges add to the usual ones: age 0-120, income from 0, score 1-100.
    """

    path: str | Path
    checks: Checks = field(default_factory=Checks)

    def read(self) -> Customers:
        """Read, check and repair the customers.

        Returns
        -------
        Customers
            Indexed by customer_id: integers, or text where ids have leading zeros.

        Raises
        ------
        InputError
            If the file cannot be read, lacks a column, or holds what the checks refuse.
        """
        raw, found = _with_canonical_names(open_table(self.path))
        for column in HEADERS:
            if column not in raw.frame:
                raise InputError(
                    f"{raw.where} has no column '{column}'; {closest_header(column, raw.frame.columns)}"
                )
        checks = replace(self.checks, ranges={**RANGES, **self.checks.ranges})
        return clean(raw, _layout(raw.frame), checks, "mall", UNITS, found)

    def read_records(self, raw: RawTable) -> pd.DataFrame:
        """Read new customers from a table of raw cells, as `read_new` does."""
        raw, _ = _with_canonical_names(raw)
        layout = _layout(raw.frame)
        if not layout.numeric:
            wanted = ", ".join(RANGES)
            raise InputError(
                f"{raw.where} has none of the columns {wanted}; {closest_header(wanted, raw.frame.columns)}"
            )
        return clean_new(raw, layout, self.checks)


def _with_canonical_names(raw: RawTable) -> tuple[RawTable, tuple[Finding, ...]]:
    names: dict[str, str] = {}
    for header in raw.frame.columns:
        plain = re.sub(r"[^a-z0-9]", "", header.casefold())
        column = next((column for column, spellings in HEADERS.items() if plain in spellings), None)
        if column in names.values():
            raise InputError(f"{raw.where} has more than one column for '{column}', one of them '{header}'.")
        if column:
            names[header] = column
    found = tuple(
        Finding(
            "left_out", header, len(raw.frame), "repaired", f"'{header}' is no mall column; it was left out."
        )
        for header in raw.frame.columns
        if header not in names
    )
    frame = raw.frame.rename(columns=names)
    ordered = [*(column for column in HEADERS if column in frame), *(finding.column for finding in found)]
    return replace(raw, frame=frame[ordered]), found


def _layout(frame: pd.DataFrame) -> Layout:
    return Layout(
        id="customer_id" if "customer_id" in frame else None,
        numeric=tuple(column for column in RANGES if column in frame),
        categorical=("gender",) if "gender" in frame else (),
        spellings={"gender": GENDERS},
    )
