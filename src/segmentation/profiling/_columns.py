"""What each column holds."""

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

FAR = 3.0
"""Interquartile ranges beyond the quartiles from which on Tukey calls a value far out."""
FEW_FAR = 0.005
"""Values that stand apart are at most this share of the customers; more of them are a group."""


def describe_columns(table: pd.DataFrame) -> pd.DataFrame:
    """One row a column: type, missing, distinct values, quartiles, skewness, outliers, commonest value.

    Parameters
    ----------
    table : DataFrame of shape (n, columns)
        The customers.

    Returns
    -------
    DataFrame
        Indexed by column: type ("numeric" or "category"), missing, distinct, commonest, share (of the commonest
        among the known), and for numbers min, q25, median, q75, max, skewness and outliers, the values beyond
        1.5 interquartile ranges from the quartiles.
    """
    rows = {column: _described(values) for column, values in table.items()}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("column")


def is_number(values: pd.Series) -> bool:
    """Whether a column is measured; yes and no are categories."""
    return is_numeric_dtype(values.dtype) and not is_bool_dtype(values.dtype)


def _described(values: pd.Series) -> dict[str, object]:
    counts = values.value_counts(sort=False)
    # By count, then by value: ties must not depend on the order of the rows.
    common = counts[counts == counts.max()].index.min() if len(counts) else None
    described = {
        "type": "numeric" if is_number(values) else "category",
        "missing": int(values.isna().sum()),
        "distinct": len(counts),
        "commonest": common,
        "share": float(counts.max() / counts.sum()) if len(counts) else np.nan,
    }
    if not is_number(values):
        return described
    low, middle, high = values.quantile([0.25, 0.5, 0.75])
    reach = 1.5 * (high - low)
    return {
        **described,
        "min": float(values.min()),
        "q25": float(low),
        "median": float(middle),
        "q75": float(high),
        "max": float(values.max()),
        "skewness": float(values.skew()),
        "outliers": int(((values < low - reach) | (values > high + reach)).sum()),
    }


def values_apart(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the few values that stand apart from all others.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Known values of one column.

    Returns
    -------
    below, above : ndarray
        Values more than three interquartile ranges outside the quartiles, and more than one interquartile
        range away from the next value; of a column with a long tail on its logarithmic scale, where that tail
        is no gap. At most one in 200, and at least one may be found on each side.

    Examples
    --------
    >>> values_apart(np.array([*range(100), 1_000.0]))[1].tolist()
    [1000.0]
    """
    ordered = np.sort(values)
    if len(ordered) < 5:
        return ordered[:0], ordered[:0]
    most = max(1, int(FEW_FAR * len(ordered)))
    above = _tail(ordered, most)
    if len(above) and ordered[0] >= 0:
        above = ordered[len(ordered) - len(_tail(np.log1p(ordered), most)) :]
    below = -_tail(-ordered[::-1], most)[::-1]
    return below, above


def _tail(ordered: np.ndarray, most: int) -> np.ndarray:
    low, high = np.quantile(ordered, [0.25, 0.75])
    width = high - low
    if width <= 0:
        return ordered[:0]
    # The outermost gap that is wide enough separates the tail: what is beyond it may be spread.
    gaps = np.diff(ordered[-most - 1 :])
    wide = np.flatnonzero((gaps > width) & (ordered[-most:] > high + FAR * width))
    return ordered[-most:][wide[0] :] if len(wide) else ordered[:0]
