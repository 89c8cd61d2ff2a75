"""The table of segments."""

import numpy as np
import pandas as pd

MOST_LEVELS = 12
"""Categories with more levels than this are left out of the table: they describe nobody."""


def profile(table: pd.DataFrame, labels: np.ndarray) -> pd.DataFrame:
    """Describe each segment in the customers' own units.

    Parameters
    ----------
    table : DataFrame of shape (n, columns)
        The customers, as read.
    labels : ndarray of int, shape (n,)
        Segments of any labelling; -1 is noise.

    Returns
    -------
    DataFrame
        One row a segment, in the order of their numbers, noise last: customers, share, the mean of each
        numeric column (missing values left out), and the share of each level of each category.

    Examples
    --------
    >>> table = pd.DataFrame({"age": [20, 30, 60], "gender": ["f", "m", "f"]})
    >>> profile(table, np.array([0, 0, 1])).loc[0, ["customers", "age", "gender=f"]].tolist()
    [2.0, 25.0, 0.5]
    """
    segments = sorted(np.unique(labels), key=lambda s: (s < 0, s))
    groups = table.groupby(labels)
    numeric = table.select_dtypes(["number", "bool"]).columns
    parts = [
        pd.DataFrame({"customers": groups.size(), "share": groups.size() / len(table)}),
        groups[list(numeric)].mean() if len(numeric) else None,
        *(_levels(table[column], labels) for column in table.columns.difference(numeric, sort=False)),
    ]
    described = pd.concat([part for part in parts if part is not None], axis=1)
    return described.loc[segments].rename_axis("segment")


def _levels(values: pd.Series, labels: np.ndarray) -> pd.DataFrame | None:
    if not 2 <= values.nunique() <= MOST_LEVELS:
        return None
    shares = pd.crosstab(labels, values.to_numpy(), normalize="index")
    return shares.add_prefix(f"{values.name}=").reindex(np.unique(labels)).rename_axis(columns=None)
