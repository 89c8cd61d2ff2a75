"""What was done to each column, as a table and in a few lines."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from segmentation.errors import InputError
from segmentation.features._auto_scaler import AutoScaler
from segmentation.features._feature_set import FeatureSet
from segmentation.features._preparation import Treatment
from segmentation.overrides import listed

COLUMNS = ["column", "role", "treatment", "why", "override"]
ROLES = {
    "two_values": "yes or no",
    "levels": "ordered levels",
    "log": "skewed amount",
    "power": "skewed amount",
    "ranks": "skewed amount",
    "plain": "amount",
    "id": "id",
    "constant": "(nearly) one value",
    "missing": "much missing",
    "levels_out": "very many levels",
}
LEFT_OUT = "left out"
MOST = 6
"""Columns that a line names."""


def prepared(features: FeatureSet, scaler: Any) -> pd.DataFrame | None:
    """Tell what was done to each column, and why.

    Parameters
    ----------
    features : FeatureSet
        Fitted.
    scaler : transformer
        Fitted to its output.

    Returns
    -------
    DataFrame or None
        One row a column, those that are clustered on first: column, role, treatment, why, and the override that
        does otherwise. None where nothing was decided for anybody: all columns are named, and the scaler too.
    """
    roles = {r.column: r for r in features.roles_}
    if not isinstance(scaler, AutoScaler) and not any(r.override for r in roles.values()):
        return None
    rows = []
    for column, positions in features.positions_.items():
        found = roles.get(column)
        row = {"column": column, "role": "category" if column in features.levels_ else "number"}
        row |= {"treatment": "", "why": found.why if found else "", "override": ""}
        if isinstance(scaler, AutoScaler):
            row |= _treated(features, scaler, column, positions)
        if found and found.kind == "code":
            row |= {"role": "code", "why": found.why, "override": found.override}
        rows.append(row)
    for found in features.roles_:
        if found.left_out and found.column not in features.columns_:
            role = ROLES["levels_out" if found.kind == "levels" else found.kind]
            rows.append(
                dict(zip(COLUMNS, (found.column, role, LEFT_OUT, found.why, found.override), strict=True))
            )
    return pd.DataFrame(rows, columns=COLUMNS)


@dataclass(frozen=True, eq=False)
class Preparation:
    """What a sweep makes of a table where nothing is named.

    Attributes
    ----------
    features : FeatureSet
        All columns, fitted.
    scaler : AutoScaler
        Fitted to them.
    """

    features: FeatureSet
    scaler: AutoScaler

    @classmethod
    def of(cls, table: pd.DataFrame) -> "Preparation | None":
        """Prepare all columns of a table; None where none tells customers apart."""
        try:
            features = FeatureSet("all", "all").fit(table)
        except InputError:
            return None
        return cls(features, AutoScaler(features.decided_).fit(features.transform(table)))

    @property
    def numbers(self) -> dict[str, Treatment]:
        """Column -> what is done about it, of the numbers."""
        features = self.features
        return {
            column: self.scaler.treatments_[positions[0]]
            for column, positions in features.positions_.items()
            if column not in features.levels_
        }

    def groups(self, kind: str) -> list[list[str]]:
        """Columns that share a weight, as `AutoScaler.groups_` names them."""
        names = {j: column for column, positions in self.features.positions_.items() for j in positions}
        return [[names[j] for j in group] for found, group in self.scaler.groups_ if found == kind]


def prepared_text(table: pd.DataFrame | None) -> str:
    """Sum up what is not plain, one line a treatment; empty where there is nothing to tell."""
    if table is None:
        return ""
    kinds = {
        "left out": table["treatment"] == LEFT_OUT,
        "codes as categories": table["role"] == "code",
        "logarithms": table["treatment"].str.startswith("log("),
        "Yeo-Johnson": table["treatment"].str.startswith("Yeo"),
        "ranks": table["treatment"].str.startswith("ranks"),
        "far values held": table["treatment"].str.contains("held"),
        "weighed once": table["treatment"].str.contains("weighed"),
    }
    lines = [f"  {kind}: {_some(table.loc[those, 'column'])}" for kind, those in kinds.items() if those.any()]
    return (
        "\n".join(["How the columns were prepared (data/preparation.csv says why)", *lines, "", ""])
        if lines
        else ""
    )


def _treated(features: FeatureSet, scaler: AutoScaler, column: str, positions: list[int]) -> dict[str, str]:
    found, category = scaler.treatments_[positions[0]], column in features.levels_
    row = {
        "role": "category" if category else ROLES[found.kind],
        "treatment": found.words,
        "why": found.why,
        "override": "" if found.kind == "plain" and np.isinf(found.reach) else "scaler=standard",
    }
    if len(positions) > 1:
        row |= {"treatment": "its levels weigh as one column", "why": f"{len(positions)} levels"}
    elif found.kind in ("levels", "log", "power", "ranks"):
        row["override"] = listed("features.plain", [column])
    if column in features.log_:
        row |= {"treatment": f"log(1 + x), {found.words}", "why": "features.log names it"}
    names = {j: c for c, where in features.positions_.items() for j in where}
    for kind, group in scaler.groups_:
        if kind != "category" and positions[0] in group:
            done, told = _shared(kind, [names[j] for j in group], column)
            row |= {"treatment": f"{row['treatment']}; {done}", "why": f"{row['why']}; {told}"}
            row["override"] = row["override"] or "scaler=standard"
    return row


def _shared(kind: str, group: list[str], column: str) -> tuple[str, str]:
    if kind == "repeats":
        return "weighed once", f"nearly the same as {' and '.join(c for c in group if c != column)}"
    total, *parts = group
    return "a sum and its parts weighed once", f"{total} is the sum of {', '.join(parts)}"


def _some(columns: Iterable[str]) -> str:
    names = list(columns)
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return ", ".join(names[:MOST]) + more
