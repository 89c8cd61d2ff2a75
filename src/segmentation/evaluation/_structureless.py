"""A table's columns as a verdict looks at them, and tables like it without structure."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri
from sklearn.preprocessing import PowerTransformer

FEW_VALUES = 10
"""A column with so many values or fewer is a list of answers, not an amount."""
TIED, TIMES = 0.1, 10
"""A column with a value (zero, mostly) of such a share, so many times the usual value's, is no plain amount."""
EXCLUSIVE = 8
"""Indicators that are never both 1, where so many rows should be by chance, are one category."""

Rng = np.random.Generator
Draws = dict[str, Callable[[Rng], np.ndarray]]

# Calibrating correlations: size of the draw, rounds, and how near to 1 a latent correlation may come.
CALIBRATION_ROWS, CALIBRATION_ROUNDS, LARGEST_CORRELATION = 4_000, 8, 0.995


@dataclass(frozen=True)
class Item:
    """One column of few values, or the indicators of one category.

    Attributes
    ----------
    columns : tuple of int
        Its positions in the table.
    levels : ndarray of shape (m, columns)
        The values of each level, ascending, or in an order found for a category.
    counts : ndarray of int, shape (m,)
        Rows at each level.
    scores : ndarray of shape (m,)
        A number for each level, to correlate with: the normal quantile of its middle rank.
    codes : ndarray of int, shape (n,)
        The level of each row of the table.
    """

    columns: tuple[int, ...]
    levels: np.ndarray
    counts: np.ndarray
    scores: np.ndarray
    codes: np.ndarray

    def at(self, latent: np.ndarray) -> np.ndarray:
        """The level of rows by their ranks in a latent number: each as often as in the table."""
        codes = np.empty(len(latent), dtype=int)
        rows = np.arange(len(latent)) * len(self.codes) // len(latent)
        codes[np.argsort(latent)] = np.repeat(np.arange(len(self.counts)), self.counts)[rows]
        return codes


@dataclass(frozen=True)
class Columns:
    """A table split into amounts and items.

    Attributes
    ----------
    X : ndarray of shape (n, d)
        The table; tied amounts are spread, items are as they are.
    amounts : tuple of int
        Positions of the amounts.
    items : tuple of Item
        All other columns.
    """

    X: np.ndarray
    amounts: tuple[int, ...]
    items: tuple[Item, ...]

    def spread(self, X: np.ndarray, rng: Rng) -> np.ndarray:
        """Fill the gaps between the answers to each item, of this table or of one drawn like it."""
        X = X.copy()
        for column in (j for item in self.items for j in item.columns):
            X[:, column] = _filled(X[:, column], rng)
        return X


def columns(X: np.ndarray, rng: Rng) -> Columns:
    """Split a table; constant columns are left out."""
    X = X[:, np.ptp(X, axis=0) > 0]
    counted = [np.unique(column, return_counts=True) for column in X.T]
    few = [len(values) <= FEW_VALUES for values, _ in counted]
    tied = [counts.max() >= max(TIED * len(X), TIMES * np.median(counts)) for _, counts in counted]
    amounts = tuple(j for j in range(X.shape[1]) if not few[j] and not tied[j])
    smooth = X.copy()
    for j in amounts:
        smooth[:, j] = spread(X[:, j], rng)
    groups = _categories(X, [j for j, (values, _) in enumerate(counted) if len(values) == 2])
    grouped = {j for group in groups for j in group}
    alone = [(j,) for j in range(X.shape[1]) if j not in amounts and j not in grouped]
    return Columns(smooth, amounts, tuple(_item(X, group) for group in [*alone, *groups]))


def without_ties(X: np.ndarray) -> np.ndarray:
    """Spread tied amounts and the answers to items: a gap between two answers is none between customers."""
    rng = np.random.default_rng(0)
    table = columns(X, rng)
    return table.spread(table.X, rng)


def _filled(column: np.ndarray, rng: Rng) -> np.ndarray:
    """Spread answers until they touch, after moving those together that are far apart."""
    values, index = np.unique(column, return_inverse=True)
    # A rare answer of a standard-scaled column is many deviations from the others: filling that would hide all else.
    steps = np.minimum(np.diff(values), 2 * column.std())
    below, above = np.r_[steps[0], steps] / 2, np.r_[steps, steps[-1]] / 2
    filled: np.ndarray = np.r_[0, np.cumsum(steps)][index] + rng.uniform(-below[index], above[index])
    return filled


def spread(column: np.ndarray, rng: Rng) -> np.ndarray:
    """Spread tied values evenly to half-way to their neighbours, at most by half the usual customer's step."""
    values, index, counts = np.unique(column, return_inverse=True, return_counts=True)
    if len(values) > 0.9 * len(column):
        return column
    steps = np.diff(values)
    # A gap between groups is wide for the few beside it; the first steps of logged counts are so for most.
    widest = np.maximum(np.r_[steps[0], steps], np.r_[steps, steps[-1]])
    half = np.minimum(steps, np.median(np.repeat(widest, counts))) / 2
    below, above = np.r_[half[0], half], np.r_[half, half[-1]]
    spread: np.ndarray = column + rng.uniform(-below[index], above[index])
    return spread


def _categories(X: np.ndarray, binary: list[int]) -> list[tuple[int, ...]]:
    """Groups of indicators that are never 1 together, though chance would have made them so."""
    ones = X[:, binary] == X[:, binary].max(axis=0)
    shares = ones.mean(axis=0)
    apart = ~(ones.T.astype(float) @ ones).astype(bool)
    groups, left = [], list(np.argsort(-shares, kind="stable"))
    while left:
        group = [left.pop(0)]
        for j in list(left):
            if apart[j, group].all():
                group.append(j)
                left.remove(j)
        together = (shares[group].sum() ** 2 - (shares[group] ** 2).sum()) / 2
        if len(group) > 1 and together * len(X) >= EXCLUSIVE:
            groups.append(tuple(binary[j] for j in sorted(group)))
    return groups


def _item(X: np.ndarray, positions: tuple[int, ...]) -> Item:
    own = X[:, list(positions)]
    levels, codes, counts = np.unique(own, axis=0, return_inverse=True, return_counts=True)
    codes, order = codes.ravel(), np.arange(len(counts))
    if len(positions) > 1:
        # A category has no order of its own: it gets that of the direction in which all columns vary most.
        centred = X - X.mean(axis=0)
        along = centred @ np.linalg.svd(centred, full_matrices=False)[2][0]
        order = np.argsort(np.bincount(codes, along) / counts, kind="stable")
    counts = counts[order]
    scores = ndtri((np.cumsum(counts) - counts / 2) / len(X))
    return Item(positions, levels[order], counts, scores, np.argsort(order)[codes])


def references(table: Columns) -> Draws:
    """What draws a table like this one without structure, of each kind; its items are not spread."""
    X, amounts, items = table.X, list(table.amounts), table.items
    n, scores = (
        len(X),
        np.column_stack([item.scores[item.codes] for item in items] or [np.empty((len(X), 0))]),
    )
    seen = np.column_stack([X[:, amounts], scores])
    latent = _recoloured(seen, _latent_covariance(seen, items)) if items else seen - seen.mean(axis=0)
    axes = np.linalg.svd(latent, full_matrices=False)[2]
    along = latent @ axes.T
    low, high, deviation = along.min(axis=0), along.max(axis=0), along.std(axis=0)
    transformer = PowerTransformer()
    with warnings.catch_warnings():
        # Yeo-Johnson overflows on far values and says so; its best lambda is found all the same.
        warnings.simplefilter("ignore")
        normal = transformer.fit_transform(X[:, amounts]) if amounts else X[:, amounts]
    covariance = _latent_covariance(np.column_stack([normal, scores]), items)
    margin = 0.5 * np.ptp(X[:, amounts], axis=0)
    floor, ceiling = X[:, amounts].min(axis=0) - margin, X[:, amounts].max(axis=0) + margin

    def finished(drawn: np.ndarray, values: np.ndarray) -> np.ndarray:
        made = np.empty(X.shape)
        made[:, amounts] = values
        for item, number in zip(items, drawn[:, len(amounts) :].T, strict=True):
            made[:, item.columns] = item.levels[item.at(number)]
        return made

    def boxed(drawn: np.ndarray) -> np.ndarray:
        return finished(drawn, drawn[:, : len(amounts)])

    def skewed(rng: Rng) -> np.ndarray:
        drawn = rng.multivariate_normal(np.zeros(len(covariance)), covariance, n, method="eigh")
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            back = transformer.inverse_transform(drawn[:, : len(amounts)]) if amounts else drawn[:, :0]
        # Where a transform has no inverse the value is beyond all others.
        beyond = np.sign(drawn[:, : len(amounts)]) * np.inf
        return finished(drawn, np.clip(np.where(np.isnan(back), beyond, back), floor, ceiling))

    curve = _curve(along)
    return {
        "uniform": lambda rng: boxed(rng.uniform(low, high, (n, len(low))) @ axes),
        "gaussian": lambda rng: boxed(rng.normal(size=(n, len(low))) * deviation @ axes),
        "skewed": skewed,
        "bent": lambda rng: boxed(curve(rng) @ axes),
    }


def _curve(along: np.ndarray) -> Callable[[Rng], np.ndarray]:
    """What draws along the parabola that the further principal components make over the first, with one mode."""
    n, first, others = len(along), along[:, 0], along[:, 1:]
    low, width = first.min(), np.ptp(first)
    mean, variance = (first.mean() - low) / width, first.var() / width**2
    weight = mean * (1 - mean) / variance - 1
    powers = np.vander(first, 3)
    bend = np.linalg.lstsq(powers, others, rcond=None)[0]
    left = others - powers @ bend
    spread = _power(left.T @ left / n, 0.5) if others.size else np.empty((0, 0))

    def draw(rng: Rng) -> np.ndarray:
        at = low + width * rng.beta(max(mean * weight, 1), max((1 - mean) * weight, 1), n)
        return np.column_stack([at, np.vander(at, 3) @ bend + rng.normal(size=others.shape) @ spread])

    return draw


def _latent_covariance(seen: np.ndarray, items: tuple[Item, ...]) -> np.ndarray:
    """Covariance of Gaussian numbers, the last of them behind the items, that come to look like `seen`."""
    d = seen.shape[1]
    covariance = np.cov(seen, rowvar=False).reshape(d, d)
    if not items:
        return covariance
    deviations = np.sqrt(np.diag(covariance))
    wanted = covariance / np.outer(deviations, deviations)
    normal = np.random.default_rng(0).normal(size=(CALIBRATION_ROWS, d))
    latent, fixed = wanted, np.zeros((d, d), dtype=bool)
    fixed[: d - len(items), : d - len(items)] = True
    for _ in range(CALIBRATION_ROUNDS):
        drawn = normal @ _root(latent)
        answers = [
            item.scores[item.at(number)] for item, number in zip(items, drawn.T[-len(items) :], strict=True)
        ]
        made = np.column_stack([drawn[:, : d - len(items)], *answers])
        both = np.corrcoef(drawn, made, rowvar=False)
        slopes = np.outer(np.diag(both[:d, d:]), np.diag(both[:d, d:]))
        # Answers that hardly anybody gives say little of what correlates behind them.
        step = np.where(fixed, 0.0, 0.7 * (wanted - both[d:, d:]) / np.maximum(slopes, 0.1))
        latent = np.clip(latent + step, -LARGEST_CORRELATION, LARGEST_CORRELATION)
        np.fill_diagonal(latent, 1.0)
    root = _root(latent)
    result: np.ndarray = np.outer(deviations, deviations) * (root.T @ root)
    return result


def _root(correlation: np.ndarray) -> np.ndarray:
    """What turns independent numbers into numbers with the nearest possible correlation and deviation 1."""
    values, vectors = np.linalg.eigh(correlation)
    root = np.sqrt(np.maximum(values, 0))[:, None] * vectors.T
    result: np.ndarray = root / np.maximum(np.linalg.norm(root, axis=0), 1e-12)
    return result


def _recoloured(X: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """X centred and turned so that its covariance is the given one."""
    X = X - X.mean(axis=0)
    result: np.ndarray = X @ _power(np.cov(X, rowvar=False), -0.5) @ _power(covariance, 0.5)
    return result


def _power(covariance: np.ndarray, exponent: float) -> np.ndarray:
    """Of a symmetric matrix that may lack rank; symmetric, so that a column goes on to mean itself."""
    values, vectors = np.linalg.eigh(np.atleast_2d(covariance))
    kept = values > 1e-10 * max(values.max(), 1e-300)
    result: np.ndarray = (vectors[:, kept] * values[kept] ** exponent) @ vectors[:, kept].T
    return result
