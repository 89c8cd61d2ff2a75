"""Columns that say again what other columns say: near copies, sums, the levels of one category."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from scipy.stats import rankdata

SAME = 0.9
"""Association from which on one column is nearly the other one again."""
SUM = 0.99
"""Share of a column's variance that its parts explain where it is their sum."""
ROWS_PER_COLUMN = 10


def repeated(X: np.ndarray, categories: Sequence[np.ndarray] = ()) -> dict[int, int]:
    """Find columns that nearly repeat an earlier one.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Columns of numbers that vary.
    categories : sequence of ndarray of shape (n, levels)
        Indicators of each category.

    Returns
    -------
    dict of int to int
        Position of a column -> that of the first column which it repeats, and which repeats none itself; categories
        follow the numbers. Numbers are compared by the size of their rank correlation, categories and columns of
        two values by Cramer's V.
    """
    p = X.shape[1]
    strength = np.eye(p + len(categories))
    if p > 1:
        strength[:p, :p] = np.abs(np.corrcoef(rankdata(X, axis=0), rowvar=False))
    codes = {p + i: np.where(own.any(axis=1), own.argmax(axis=1), -1) for i, own in enumerate(categories)}
    if categories:
        two = [j for j in range(p) if len(np.unique(X[:, j])) == 2]
        codes |= {j: (X[:, j] > X[:, j].min()).astype(int) for j in two}
    for i, j in combinations(codes, 2):
        if max(i, j) >= p:
            strength[min(i, j), max(i, j)] = cramers_v(codes[i], codes[j])
    found: dict[int, int] = {}
    for j in range(1, len(strength)):
        twins = [k for k in range(j) if k not in found and strength[k, j] >= SAME]
        if twins:
            found[j] = twins[0]
    return found


def cramers_v(a: np.ndarray, b: np.ndarray) -> float:
    """Association of two categories, corrected for bias (Bergsma 2013).

    Parameters
    ----------
    a, b : ndarray of int, shape (n,)
        Codes of their levels; negative is missing.

    Returns
    -------
    float
        0 to 1, over the rows where both are known; NaN where one has a single level.

    Examples
    --------
    >>> yes = np.array([0, 1, 0, 1] * 25)
    >>> cramers_v(yes, yes), cramers_v(yes, np.array([0, 0, 1, 1] * 25))
    (1.0, 0.0)
    """
    known = (a >= 0) & (b >= 0)
    a, b = a[known], b[known]
    n = len(a)
    # Only the cells that hold somebody: a table of all pairs of levels may have millions.
    cells, counts = np.unique(a * (b.max(initial=0) + 1) + b, return_counts=True)
    rows, columns = np.divmod(cells, b.max(initial=0) + 1)
    of_row, of_column = np.bincount(a), np.bincount(b)
    r, k = (of_row > 0).sum(), (of_column > 0).sum()
    if min(r, k) < 2:
        return float("nan")
    squared = (counts**2 / (of_row[rows] * of_column[columns])).sum() - 1
    squared = max(0.0, squared - (r - 1) * (k - 1) / (n - 1))
    smaller = min(r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1)) - 1
    return float(min(1.0, np.sqrt(squared / smaller))) if smaller > 0 else float("nan")


def sums(X: np.ndarray) -> dict[int, list[int]]:
    """Find columns that are the sum of others, such as all purchases of those in parts and at once.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Columns that vary, in their units.

    Returns
    -------
    dict of int to list of int
        Position of a sum -> those of its parts, two or more.
    """
    n, p = X.shape
    if p < 3 or n < ROWS_PER_COLUMN * p:
        return {}
    covariance = np.cov(X, rowvar=False)
    variance = covariance.diagonal()
    found: dict[int, list[int]] = {}
    for j in np.argsort(-variance, kind="stable").tolist():
        parts = [i for i in range(p) if variance[i] < variance[j] and i not in found]
        # Those that hardly add to it are left out, and the rest is asked again.
        for least in (0.01, 0.0):
            weights, explained = _explained(covariance, j, parts)
            share = weights * np.sqrt(variance[parts] / variance[j])
            parts = [i for i, s in zip(parts, share.tolist(), strict=True) if s > least]
        if len(parts) > 1 and explained >= SUM and (weights > 0.5).all() and (weights < 2).all():
            found[j] = sorted(parts)
    return found


def _explained(covariance: np.ndarray, j: int, parts: Sequence[int]) -> tuple[np.ndarray, float]:
    """Weights of the parts that explain column j, and the share of its variance that they explain."""
    if not parts:
        return np.zeros(0), 0.0
    scale = np.sqrt(covariance.diagonal()[list(parts)])
    block = covariance[np.ix_(parts, parts)] / np.outer(scale, scale)
    with_j = covariance[list(parts), j] / scale
    weights = np.linalg.lstsq(block, with_j, rcond=1e-10)[0]
    return weights / scale, float(weights @ with_j / covariance[j, j])


def one_hot(X: np.ndarray) -> list[range]:
    """Find runs of columns of 0 and 1 of which each row has exactly one: the levels of one category."""
    n, p = X.shape
    indicator = [bool(np.isin(X[:, j], (0, 1)).all()) for j in range(p)]
    runs, start = [], 0
    while start < p:
        end, taken = start, np.zeros(n)
        while end < p and indicator[end] and (taken + X[:, end]).max() <= 1:
            taken += X[:, end]
            end += 1
            if taken.min() == 1:
                break
        if end - start > 1 and taken.min() == 1:
            runs.append(range(start, end))
            start = end
        else:
            start += 1
    return runs
