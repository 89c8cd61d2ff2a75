"""What each column holds."""

import numpy as np
import pandas as pd

from segmentation.data import is_number


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
