"""Association of every two columns: of numbers, of categories, and of one with the other."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from segmentation.data import is_number
from segmentation.features import cramers_v

MOST_ROWS = 10_000
RANK = "rank correlation"
RATIO = "correlation ratio"
CRAMER = "Cramer's V"


@dataclass(frozen=True, eq=False)
class Associations:
    """The association of every two columns.

    Attributes
    ----------
    matrix : DataFrame of shape (columns, columns)
        Symmetric, 0 (nothing) to 1 (everything), 1 on the diagonal; NaN where a column is constant or two are
        never known together.
    pairs : DataFrame
        One row a pair, the strongest first: a, b, kind ("rank correlation" between numbers, "correlation ratio"
        between a number and a category, "Cramer's V" between categories), strength, and between numbers
        spearman and pearson with their signs.
    rows : int
        Customers looked at.
    """

    matrix: pd.DataFrame
    pairs: pd.DataFrame
    rows: int


def associate(table: pd.DataFrame, seed: int = 0) -> Associations:
    """Measure the association of every two columns, over the customers for whom both are known.

    Between numbers it is the size of Spearman's rank correlation, which a few far values do not move (Pearson's is
    given beside it; a column's ranks are those among all its known values). Between a number and a category it is the
    correlation ratio, the root of the share of the number's variance that lies between the levels; between
    categories Cramer's V. Both of these are corrected for bias [1]_: a category of thousands of levels explains
    noise without it.

    Parameters
    ----------
    table : DataFrame of shape (n, columns)
        The customers. Beyond 10,000 rows a sample of 10,000 is looked at.
    seed : int, default=0
        Of the sample.

    Returns
    -------
    Associations

    References
    ----------
    .. [1] Bergsma, "A bias-correction for Cramer's V and Tschuprow's T", 2013; for the correlation ratio,
       epsilon squared of Kelley, 1935.
    """
    if len(table) > MOST_ROWS:
        table = table.iloc[np.sort(np.random.default_rng(seed).choice(len(table), MOST_ROWS, replace=False))]
    names = [str(column) for column in table]
    numeric = [i for i, (_, values) in enumerate(table.items()) if is_number(values)]
    others = [i for i in range(len(names)) if i not in set(numeric)]
    codes = {i: pd.factorize(table.iloc[:, i])[0] for i in others}
    X = table.iloc[:, numeric].to_numpy(dtype=float, na_value=np.nan)
    ranks = table.iloc[:, numeric].rank().to_numpy(dtype=float, na_value=np.nan)

    signed = {name: np.full((len(names), len(names)), np.nan) for name in ("spearman", "pearson")}
    block = np.ix_(numeric, numeric)
    signed["spearman"][block], signed["pearson"][block] = _correlations(ranks), _correlations(X)
    strength = np.abs(signed["spearman"])
    for i in others:
        strength[i, numeric] = strength[numeric, i] = _ratios(X, codes[i])
    for i, j in combinations(others, 2):
        strength[i, j] = strength[j, i] = cramers_v(codes[i], codes[j])
    np.fill_diagonal(strength, 1.0)

    a, b = np.triu_indices(len(names), 1)
    of_number = np.isin(np.arange(len(names)), numeric)
    kinds = np.array([CRAMER, RATIO, RANK])[of_number[a].astype(int) + of_number[b]]
    pairs = pd.DataFrame(
        {
            "a": np.array(names, dtype=object)[a],
            "b": np.array(names, dtype=object)[b],
            "kind": kinds,
            "strength": strength[a, b],
            **{name: values[a, b] for name, values in signed.items()},
        }
    )
    pairs = pairs.dropna(subset="strength").sort_values("strength", ascending=False, kind="stable")
    matrix = pd.DataFrame(strength, index=names, columns=names)
    return Associations(matrix, pairs.reset_index(drop=True), len(table))


def _correlations(X: np.ndarray) -> np.ndarray:
    """Pearson's correlation of every two columns over the rows where both are known; NaN where one is constant."""
    known = ~np.isnan(X)
    mask = known.astype(float)
    n = mask.sum(axis=0)
    center = np.where(known, X, 0).sum(axis=0) / np.maximum(n, 1)
    Z = np.where(known, X - center, 0)
    scale = np.sqrt((Z**2).sum(axis=0) / np.maximum(n, 1))
    constant = scale <= 1e-12 * np.maximum(np.abs(center), 1e-300)
    Z /= np.where(constant, 1, scale)
    both = np.maximum(mask.T @ mask, 1)
    sums = Z.T @ mask
    spread = (Z**2).T @ mask - sums**2 / both
    shared = Z.T @ Z - sums * sums.T / both
    with np.errstate(divide="ignore", invalid="ignore"):
        result = shared / np.sqrt(spread * spread.T)
    result[~np.isfinite(result) | (spread < 1e-9) | (spread.T < 1e-9)] = np.nan
    result[constant, :] = result[:, constant] = np.nan
    return np.clip(result, -1, 1)


def _ratios(X: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Correlation ratio of every column of numbers with one category, corrected for bias."""
    there = codes >= 0
    X, codes = X[there], codes[there]
    known = ~np.isnan(X)
    n = known.sum(axis=0)
    Z = np.where(known, X - np.where(known, X, 0).sum(axis=0) / np.maximum(n, 1), 0)
    rows = np.arange(len(codes))
    member = csr_array((np.ones(len(codes)), (codes, rows)), shape=(codes.max(initial=0) + 1, len(codes)))
    counts, sums = member @ known.astype(float), member @ Z
    levels = (counts > 0).sum(axis=0)
    between = (sums**2 / np.maximum(counts, 1)).sum(axis=0)
    total = (Z**2).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        squared = 1 - (1 - between / total) * (n - 1) / (n - levels)
    squared[(levels < 2) | (n <= levels) | (total <= 0)] = np.nan
    return np.sqrt(np.clip(squared, 0, 1))
