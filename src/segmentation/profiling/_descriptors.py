"""Whether segments differ in what they were not made of."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency, kruskal

FEW = 5
"""Customers, counted or expected, below which the tests' p is rough (Cochran's rule)."""


def significance(
    columns: Mapping[str, np.ndarray], categories: Collection[str], labels: np.ndarray
) -> pd.DataFrame:
    """Test whether segments differ in columns that they were not clustered on.

    A test on a column that made the segments would always find a difference, on pure noise too. Numbers get
    the Kruskal-Wallis test, with epsilon squared, H / (n - 1) [1]_, as the effect size; categories the
    chi-square test without Yates' correction, with Cramer's V. Both effects run from 0 to 1 and are not
    corrected for bias: `chance` says how large they are on average where nothing is to be found.

    Parameters
    ----------
    columns : mapping of str to ndarray of shape (n,)
        Numbers (missing: NaN) or codes of levels (missing: -1).
    categories : collection of str
        Which of the columns hold codes.
    labels : ndarray of int, shape (n,)
        Segments; noise (negative) is left out.

    Returns
    -------
    DataFrame
        One row for each column that can be tested, in their order: column, test, statistic, p, p_holm
        (corrected after Holm for all rows), effect, effect_name, n (customers in segments whose value is
        known), chance and note ("" or why p is only rough). A column is not tested where it is constant, or
        known in fewer than two segments.

    References
    ----------
    .. [1] Tomczak and Tomczak, "The need to report effect size estimates revisited", 2014.
    """
    inside = labels >= 0
    found = []
    for column, values in columns.items():
        of_category = column in categories
        known = inside & (values >= 0 if of_category else ~np.isnan(values))
        tested = (_chi_square if of_category else _kruskal_wallis)(values[known], labels[known])
        if tested is not None:
            found.append({"column": column, **tested, "n": int(known.sum())})
    names = ["column", "test", "statistic", "p", "p_holm", "effect", "effect_name", "n", "chance", "note"]
    tests = pd.DataFrame(found, columns=names)
    return tests.assign(p_holm=holm(tests["p"].to_numpy(dtype=float)))


def _kruskal_wallis(values: np.ndarray, labels: np.ndarray) -> dict[str, Any] | None:
    order = np.argsort(labels, kind="stable")
    _, starts, sizes = np.unique(labels[order], return_index=True, return_counts=True)
    if len(sizes) < 2 or values.min() == values.max():
        return None
    statistic, p = kruskal(*np.split(values[order], starts[1:]))
    small = int((sizes < FEW).sum())
    return {
        "test": "Kruskal-Wallis",
        "statistic": statistic,
        "p": p,
        "effect": statistic / (len(values) - 1),
        "effect_name": "epsilon squared",
        "chance": (len(sizes) - 1) / (len(values) - 1),
        "note": f"p is rough: {small} of {len(sizes)} segments have fewer than {FEW} known" if small else "",
    }


def _chi_square(codes: np.ndarray, labels: np.ndarray) -> dict[str, Any] | None:
    counts = pd.crosstab(labels, codes).to_numpy()
    smaller = min(counts.shape) - 1
    if smaller < 1:
        return None
    statistic, p, freedom, expected = chi2_contingency(counts, correction=False)
    n = len(codes)
    few = (expected < FEW).mean()
    return {
        "test": "chi-square",
        "statistic": statistic,
        "p": p,
        "effect": np.sqrt(statistic / (n * smaller)),
        "effect_name": "Cramer's V",
        "chance": np.sqrt(freedom / ((n - 1) * smaller)),
        "note": f"p is rough: {few:.0%} of the cells expect fewer than {FEW} customers" if few > 0.2 else "",
    }


def holm(p: np.ndarray) -> np.ndarray:
    """Correct p-values for their number by the method of Holm (1979)."""
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(stepped, 1)
    return corrected
