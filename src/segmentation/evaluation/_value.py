"""What each segment is worth."""

from typing import Any

import numpy as np
import pandas as pd

from segmentation.errors import InputError


def value_share(labels: Any, values: Any) -> dict[int, float]:
    """Tell which share of the value each segment holds.

    Parameters
    ----------
    labels : array-like of int, shape (n,)
        Segments; -1 is the customers in none.
    values : array-like of float, shape (n,)
        What each customer is worth; missing values are left out.

    Returns
    -------
    dict of int to float
        Segment -> share of the sum of all values, -1 first where it occurs. NaN where none of a segment's values is
        known, and everywhere where the sum of all is not positive.

    Raises
    ------
    InputError
        If there is not one value a label.

    Examples
    --------
    >>> value_share([0, 0, 1, -1], [10.0, 20.0, 10.0, 60.0])
    {-1: 0.6, 0: 0.3, 1: 0.1}
    """
    labels, values = np.asarray(labels), np.asarray(values, dtype=float)
    if labels.shape != values.shape or labels.ndim != 1:
        raise InputError(
            f"The values have shape {values.shape} and the labels {labels.shape}; valid is one value a label."
        )
    sums = pd.Series(values).groupby(labels).sum(min_count=1)
    total = float(sums.sum())
    return {int(s): float(worth) / total if total > 0 else float("nan") for s, worth in sums.items()}
