"""From a log of purchases to one row a customer: recency, frequency, monetary."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from segmentation.data.checks import Checks, report_missing_ids
from segmentation.data.cleaning import as_ids, as_numbers, as_text, blank_marks, finish
from segmentation.data.customers import Customers, Finding
from segmentation.data.dates import read_dates
from segmentation.data.files import RawTable, closest_header, open_table
from segmentation.errors import InputError

UNITS = {"recency": "days", "frequency": "invoices", "monetary": "currency"}
RETURNS = ("ignore", "subtract")


@dataclass(frozen=True)
class Transactions:
    """A table with one row an invoice line, summed up to one row a customer.

    The columns are recency (whole days from the last purchase to the snapshot), frequency (number of
    different invoices) and monetary (sum of quantity times price). The defaults fit the columns of Online
    Retail (UCI). Repeated lines are kept: a product may stand on an invoice twice.

    Parameters
    ----------
    path : str or Path
        CSV, TSV or Parquet.
    customer, time, invoice, quantity, price : str
        The columns.
    amount : str or None
        Column of the line's total, where there is one; quantity and price are then not needed.
    snapshot : str or None
        The day (its start) that recency is counted to. Lines from then on are left out. None is the day
        after the last line of the file.
    time_format : str or None
        Such as ``"%d/%m/%Y %H:%M"``; None finds out, and refuses where day and month cannot be told apart.
    cancelled_prefix : str or None
        Invoices that start so are cancellations; None or "" if there are none.
    returns : {"ignore", "subtract"}
        Whether cancellations and negative quantities are left out, or taken off monetary. They never count
        as a purchase.
    separator : str or None
        One character between cells; None looks which of ``, ; tab |`` it is.
    checks : Checks
        `missing_ids` and `missing_marks` concern the lines, the others the customers.

    Raises
    ------
    InputError
        If `returns` is not one of its words, or the snapshot is not a date.
    """

    path: str | Path
    customer: str = "CustomerID"
    time: str = "InvoiceDate"
    invoice: str = "InvoiceNo"
    quantity: str = "Quantity"
    price: str = "UnitPrice"
    amount: str | None = None
    snapshot: str | None = None
    time_format: str | None = None
    cancelled_prefix: str | None = "C"
    returns: str = "ignore"
    separator: str | None = None
    checks: Checks = field(default_factory=Checks)

    def __post_init__(self) -> None:
        if self.returns not in RETURNS:
            raise InputError(f"data.returns is {self.returns!r}; valid are: {', '.join(RETURNS)}.")
        if self.snapshot is not None and pd.isna(
            pd.to_datetime(str(self.snapshot), format="ISO8601", errors="coerce")
        ):
            raise InputError(
                f"data.snapshot is {self.snapshot!r}; valid is a date such as 2011-12-10, or null."
            )

    def read(self) -> Customers:
        """Read the lines and sum them up.

        Returns
        -------
        Customers
            Indexed by the customer column.

        Raises
        ------
        InputError
            If the file cannot be read, lacks a column, holds what the checks refuse, or no purchase is left.
        """
        raw = open_table(self.path, self.separator)
        found = list(raw.findings)
        table = self._sum_up(raw, found)
        return finish(table, self.checks, Path(self.path).stem, UNITS, found, raw.where)

    def read_new(self, path: str | Path) -> pd.DataFrame:
        """Read the lines of new customers and sum them up as `read` does.

        Parameters
        ----------
        path : str or Path
            A file of lines like the one learned from.

        Returns
        -------
        DataFrame of shape (n_customers, 3)
            Sorted by customer.

        Raises
        ------
        InputError
            If the file cannot be read, lacks a column, or no purchase is left.
        """
        return self._sum_up(open_table(path, self.separator), [])

    def read_batches(self, path: str | Path) -> Iterator[pd.DataFrame]:
        """Read the lines of new customers as `read_new` does: all at once, as a customer's lines may be anywhere."""
        yield self.read_new(path)

    def _columns(self) -> Iterator[tuple[str, str]]:
        money = ("quantity", "price") if self.amount is None else ("amount",)
        for key in ("customer", "time", "invoice", *money):
            yield key, getattr(self, key)

    def _sum_up(self, raw: RawTable, found: list[Finding]) -> pd.DataFrame:
        lines = self._typed(raw)
        if lines["time"].isna().all():
            raise InputError(f"Column '{self.time}' of {raw.where} (data.time) is missing in every row.")
        snapshot = self._snapshot(lines["time"])
        lines, returned = self._purchases(lines, snapshot, raw.where, found)
        # In order of size the sums are the same to the last bit, however the file is sorted.
        customers = lines.sort_values("amount").groupby("customer")
        table = pd.DataFrame(
            {
                "recency": (snapshot - customers["time"].max()).dt.days.astype(float),
                "frequency": customers["invoice"].nunique().astype(float),
                "monetary": customers["amount"].sum(),
            }
        )
        if self.returns == "subtract":
            taken = returned["amount"].abs().sort_values().groupby(returned["customer"]).sum()
            table["monetary"] -= taken.reindex(table.index, fill_value=0.0)
        ids = table.index.astype("int64") if table.index.dtype == "Int64" else table.index
        return table.set_axis(ids.rename(self.customer))

    def _typed(self, raw: RawTable) -> pd.DataFrame:
        cells = {}
        for key, column in self._columns():
            if column not in raw.frame:
                raise InputError(
                    f"data.{key} names '{column}', which {raw.where} does not have; "
                    f"{closest_header(column, raw.frame.columns)}"
                )
            cells[key], _ = blank_marks(raw.frame[column], self.checks.missing_marks)
        lines = pd.DataFrame(
            {
                "customer": as_ids(cells["customer"]),
                "time": self._times(cells["time"], raw.where),
                "invoice": as_text(cells["invoice"]),
            }
        )
        if self.amount is not None:
            return lines.assign(amount=as_numbers(cells["amount"], raw.where))
        lines["quantity"] = as_numbers(cells["quantity"], raw.where)
        lines["price"] = as_numbers(cells["price"], raw.where)
        return lines.assign(amount=lines["quantity"] * lines["price"])

    def _times(self, times: pd.Series, where: str) -> pd.Series:
        if pd.api.types.is_numeric_dtype(times):
            raise InputError(f"Column '{self.time}' of {where} (data.time) holds numbers; valid are dates.")
        dates = read_dates(times, self.time_format)
        if dates.unread.any():
            raise InputError(
                f"Column '{self.time}' of {where} (data.time) holds no date in {int(dates.unread.sum())} "
                f"of {len(times)} rows (for example '{times[dates.unread].iloc[0]}'); valid are dates such as "
                f"2011-12-09 12:50, or name their pattern in data.time_format."
            )
        if dates.ambiguous:
            raise InputError(
                f"Column '{self.time}' of {where} (data.time) may be day or month first (for example "
                f"'{times.dropna().iloc[0]}'); say which in data.time_format, such as '%d/%m/%Y %H:%M'."
            )
        return dates.times

    def _snapshot(self, times: pd.Series) -> pd.Timestamp:
        if self.snapshot is not None:
            return pd.Timestamp(str(self.snapshot)).normalize()
        return times.max().normalize() + pd.Timedelta(days=1)

    def _purchases(
        self, lines: pd.DataFrame, snapshot: pd.Timestamp, where: str, found: list[Finding]
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Split the lines into purchases and returns; each line that is neither is counted once."""
        n_lines = len(lines)
        nobody = lines["customer"].isna()
        report_missing_ids(nobody.to_numpy(), self.customer, self.checks, found, where)
        lines = lines[~nobody]
        amounts = ["amount"] if self.amount is not None else ["quantity", "price"]
        for name in ("time", "invoice", *amounts):
            column = getattr(self, name)
            gone = lines[name].isna() | (np.isinf(lines[name]) if name in amounts else False)
            lines = _without(lines, gone, "missing_values", column, f"lines without '{column}'", found)
        late = lines["time"] >= snapshot
        lines = _without(
            lines, late, "after_snapshot", self.time, f"lines from {str(snapshot)[:10]} on", found
        )

        prefix = self.cancelled_prefix or ""
        cancelled = lines["invoice"].str.upper().str.startswith(prefix.upper()) & bool(prefix)
        negative = lines[amounts[0]] < 0
        returned = lines[cancelled | negative]
        word = "taken off monetary" if self.returns == "subtract" else "left out"
        _report(
            found,
            "cancelled",
            self.invoice,
            int(cancelled.sum()),
            f"cancelled lines of known customers {word}",
        )
        n_negative = int((negative & ~cancelled).sum())
        _report(found, "returns", getattr(self, amounts[0]), n_negative, f"negative lines {word}")
        lines = lines[~(cancelled | negative)]
        for name in amounts:
            column = getattr(self, name)
            free = lines[name] <= 0
            lines = _without(
                lines, free, "not_positive", column, f"lines with '{column}' of 0 or less", found
            )
        if lines.empty:
            raise InputError(
                f"{where} has no purchase left of {n_lines} lines; check data.snapshot, "
                f"data.cancelled_prefix and the columns named in data."
            )
        return lines, returned


def _without(
    lines: pd.DataFrame, gone: pd.Series, kind: str, column: str, what: str, found: list[Finding]
) -> pd.DataFrame:
    _report(found, kind, column, int(gone.sum()), f"{what} left out")
    return lines[~gone]


def _report(found: list[Finding], kind: str, column: str, count: int, message: str) -> None:
    if count:
        found.append(Finding(kind, column, count, "repaired", f"{message[0].upper()}{message[1:]}: {count}."))
