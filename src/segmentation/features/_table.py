"""What was done to each column, as a table and in a few lines."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from segmentation.features._auto_scaler import AutoScaler
from segmentation.features._feature_set import FeatureSet
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
    for column, positions in _positions(features):
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
        "\n".join(["How the columns were prepared (data/preparation.csv says why)", *lines, ""])
        if lines
        else ""
    )


def _positions(features: FeatureSet) -> Iterable[tuple[str, list[int]]]:
    """Each column with the positions of its features."""
    at = 0
    for column in features.columns_:
        # Two levels make one feature, as the encoder drops the other.
        levels = len(features.levels_.get(column, ()))
        width = levels if levels > 2 else 1
        yield column, list(range(at, at + width))
        at += width


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
    names = {j: c for c, where in _positions(features) for j in where}
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
