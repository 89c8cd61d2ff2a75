"""What the figures take from tables, matrices and labels, checked once."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from segmentation.data import is_number
from segmentation.errors import InputError, nearest

MAX_POINTS = 5_000
MAX_BINS = 40
# Squares of what lies beyond are no longer finite: such a value cannot be placed on an axis.
_LARGEST = 1e100

Column = tuple[str, np.ndarray]


def numbers(values: Any) -> np.ndarray:
    """Floats, with NaN for all that cannot be placed on an axis."""
    array = np.array(values, dtype=float)
    array[~(np.abs(array) < _LARGEST)] = np.nan
    return array


def numeric_columns(table: pd.DataFrame) -> list[Column]:
    """The columns of numbers, in the order of the table."""
    return [
        (str(name), numbers(values.to_numpy(dtype=float, na_value=np.nan)))
        for name, values in table.items()
        if is_number(values)
    ]


def varies(values: np.ndarray) -> bool:
    """Whether two values differ by more than rounding."""
    finite = values[np.isfinite(values)]
    return finite.size > 1 and float(np.ptp(finite)) > 1e-9 * float(np.abs(finite).max())


def checked_labels(labels: Any, n_rows: int | None = None) -> np.ndarray:
    """Integer labels, one a row, every noise label -1."""
    array = np.asarray(labels)
    if array.ndim != 1:
        raise InputError(f"labels must be one number per customer, but they have {array.ndim} dimensions")
    if n_rows is not None and array.size != n_rows:
        raise InputError(f"there are {array.size} labels for {n_rows} customers; each customer needs one")
    try:
        whole = array.astype(int)
    except (ValueError, TypeError):
        raise InputError("labels must be whole numbers: segments from 0, noise -1") from None
    if not np.array_equal(whole, array):
        raise InputError("labels must be whole numbers: segments from 0, noise -1")
    return np.maximum(whole, -1)


def checked_matrix(
    X: Any, names: Sequence[str] | None, n_columns: int | None = None
) -> tuple[np.ndarray, list[str]]:
    """A matrix of floats and one name a column."""
    matrix = numbers(X)
    if matrix.ndim != 2 or (n_columns is not None and matrix.shape[1] != n_columns):
        wanted = "two dimensions" if n_columns is None else f"{n_columns} columns"
        raise InputError(f"X must have {wanted} to be drawn, but its shape is {matrix.shape}")
    if names is None:
        names = list(X.columns) if isinstance(X, pd.DataFrame) else [f"x{i}" for i in range(matrix.shape[1])]
    if len(names) != matrix.shape[1]:
        raise InputError(
            f"there are {len(names)} names for the {matrix.shape[1]} columns of X; each needs one"
        )
    return matrix, [str(name) for name in names]


def segments(labels: np.ndarray) -> list[int]:
    """The labels that occur: segments in order, noise last."""
    present = np.unique(labels)
    return [int(label) for label in present[present >= 0]] + ([-1] if (present < 0).any() else [])


def sampled(n_rows: int, limit: int = MAX_POINTS) -> np.ndarray:
    """Positions of the rows to draw: all, or a fixed sample of `limit` in their order."""
    if n_rows <= limit:
        return np.arange(n_rows)
    return np.sort(np.random.default_rng(0).choice(n_rows, size=limit, replace=False))


def sample_note(shown: int, total: int, what: str = "customers") -> str:
    """Say that not all is drawn."""
    return f"{shown:,} of {total:,} {what} drawn" if shown < total else ""


def need_columns(table: pd.DataFrame, needed: Sequence[str], what: str) -> None:
    """Refuse a table without a column that its figure is about."""
    for name in needed:
        if name not in table.columns:
            raise InputError(
                f"the table of {what} has no column '{name}'; {nearest(name, map(str, table.columns))}"
            )


def values_of(table: pd.DataFrame, name: str) -> np.ndarray:
    """A column as floats."""
    return numbers(table[name].to_numpy(dtype=float, na_value=np.nan))


def bin_edges(finite: np.ndarray) -> np.ndarray:
    """Edges of at most 40 bins: one a whole number where these are few, else Rice's rule."""
    if not finite.size:
        return np.array([0.0, 1.0])
    low, high = float(finite.min()), float(finite.max())
    if not varies(finite):
        half = max(0.5, 0.05 * abs(low))
        return np.array([low - half, low + half])
    if high - low < MAX_BINS and np.array_equal(finite, np.round(finite)):
        return np.arange(low - 0.5, high + 1)
    return np.linspace(low, high, int(np.clip(2 * finite.size ** (1 / 3), 5, MAX_BINS)) + 1)
