"""Customers who are in no segment: what sets them apart from those who are in one."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

FAR = 0.1
"""A value is far where it is among the lowest or highest tenth of those of customers in segments."""
COLUMNS = ("role", "median", "usual", "position", "lowest", "highest")


def against_segments(numeric: pd.DataFrame, labels: np.ndarray, features: Sequence[str]) -> pd.DataFrame:
    """Compare the customers in no segment with those in segments, column by column.

    These customers are rare and differ among themselves, so that a single one can make their mean. Each is therefore
    placed among the customers in segments, and medians and shares of those places describe the group.

    Parameters
    ----------
    numeric : DataFrame of shape (n, columns)
        The columns of numbers; NaN is missing.
    labels : ndarray of int of shape (n,)
        Segments; negative is none.
    features : sequence of str
        Columns that were clustered on.

    Returns
    -------
    DataFrame
        As `Profile.exceptional`; empty where everybody is in a segment, or nobody is.
    """
    none, rows = labels < 0, {}
    for column in numeric.columns if none.any() and not none.all() else ():
        values = numeric[column].to_numpy()
        known = ~np.isnan(values)
        own, usual = values[none & known], np.sort(values[~none & known])
        if not len(own) or not len(usual):
            continue
        # A customer among equals stands in their middle.
        places = np.searchsorted(usual, own, "left") + np.searchsorted(usual, own, "right")
        share = places / (2 * len(usual))
        rows[column] = (
            "feature" if column in features else "descriptor",
            np.median(own),
            np.median(usual),
            np.median(share),
            np.mean(share < FAR),
            np.mean(share > 1 - FAR),
        )
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=list(COLUMNS)).rename_axis("column")
    return frame.astype(dict.fromkeys(COLUMNS[1:], float))
