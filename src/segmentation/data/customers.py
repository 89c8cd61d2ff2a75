"""The customer table as the rest of the project sees it."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np
import pandas as pd

ROW = "row"  # the name of an index that only numbers the rows of a file without ids


@dataclass(frozen=True)
class Finding:
    """One thing that the checks met in the data.

    Attributes
    ----------
    kind : str
        What it is, for example ``"missing_marks"`` or ``"duplicate_rows"``.
    column : str or None
        The column it is in; None where it concerns whole rows or the file.
    count : int
        How many cells, rows or columns.
    action : {"repaired", "kept"}
        Whether the data was changed.
    message : str
        The same as a sentence.
    """

    kind: str
    column: str | None
    count: int
    action: str
    message: str


@dataclass(frozen=True, eq=False)
class Customers:
    """A checked customer table, one row a customer.

    Attributes
    ----------
    table : DataFrame of shape (n_customers, n_columns)
        Index is the customer id, in canonical order; columns are float64 (NaN is missing) or str.
    name : str
        Name of the data set.
    units : mapping of str to str
        Column -> unit, for axes.
    findings : tuple of Finding
        What the checks repaired or kept.
    fingerprint : str
        SHA-256 in hex of the table, see `fingerprint`.
    truth : Series or None
        Planted segment per customer, where the data was generated; never a column of the table.
    resolved : mapping of str to object
        Parameters of the source that it found out in this file and that another file cannot tell, such as which
        pattern its dates have; recorded with a model, they make new customers read as these were.
    """

    table: pd.DataFrame
    name: str
    units: Mapping[str, str]
    findings: tuple[Finding, ...]
    fingerprint: str
    truth: pd.Series | None = None
    resolved: Mapping[str, Any] = field(default_factory=dict)

    @property
    def findings_text(self) -> str:
        """The findings for a terminal, one a line; empty where there are none."""
        lines = [f"  {finding.message}" for finding in self.findings]
        return "\n".join(["Findings in the data", *lines, ""]) if lines else ""


def findings_table(findings: Iterable[Finding]) -> pd.DataFrame:
    """Show findings as a table.

    Parameters
    ----------
    findings : iterable of Finding
        For example ``customers.findings``.

    Returns
    -------
    DataFrame of shape (n_findings, 5)
        Columns kind, column, count, action and message.
    """
    names = [part.name for part in fields(Finding)]
    return pd.DataFrame([asdict(finding) for finding in findings], columns=names)


def canonical_order(table: pd.DataFrame) -> pd.DataFrame:
    """Sort by id, or by content where the ids only number the rows of a file."""
    if table.index.name == ROW:
        order = table.reset_index(drop=True).sort_values(list(table.columns), kind="stable").index
        return table.iloc[order]
    return table.sort_index(kind="stable")


def fingerprint(table: pd.DataFrame) -> str:
    """Fingerprint a customer table, whatever the order of its rows.

    Parameters
    ----------
    table : DataFrame of shape (n_customers, n_columns)
        As in `Customers`. An index named ``"row"`` numbers the rows of a file and does not count.

    Returns
    -------
    str
        SHA-256 in hex of column names, types, ids and values.
    """
    table = canonical_order(table)
    columns = table if table.index.name == ROW else table.reset_index()
    digest = hashlib.sha256()
    for name, values in columns.items():
        numeric = pd.api.types.is_numeric_dtype(values)
        digest.update(json.dumps([str(name), "number" if numeric else "text"]).encode())
        digest.update(_number_bytes(values) if numeric else _text_bytes(values))
    return digest.hexdigest()


def _number_bytes(values: pd.Series) -> bytes:
    if pd.api.types.is_integer_dtype(values):
        return values.to_numpy(dtype="<i8").tobytes()
    numbers = values.to_numpy(dtype="<f8", na_value=np.nan) + 0.0  # -0.0 becomes 0.0
    return np.where(np.isnan(numbers), np.nan, numbers).tobytes()


def _text_bytes(values: pd.Series) -> bytes:
    codes, levels = pd.factorize(values, sort=True)
    return json.dumps([str(level) for level in levels]).encode() + codes.astype("<i8").tobytes()
