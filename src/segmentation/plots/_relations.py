"""Columns against each other: how much every two tell of each other, and what the customers look like in both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from segmentation.errors import InputError
from segmentation.plots._columns import (
    Column,
    bin_edges,
    checked_labels,
    numeric_columns,
    sample_note,
    sampled,
    segments,
    varies,
)
from segmentation.plots._style import (
    GRID,
    INK,
    LABEL_SIZE,
    SMALL_SIZE,
    TICK_SIZE,
    annotate_cells,
    draw_points,
    dress,
    message_figure,
    new_figure,
    number_ticks,
    segment_color,
    segment_legend,
)
from segmentation.plots._text import signed_zero_free, with_unit, words

MAX_COLUMNS = 30
MAX_PAIRS = 5
MANY = 16
"""Columns beyond which the cells of a map have no figures."""


@dataclass(frozen=True)
class PairsInfo:
    """The measured columns to draw against each other and their rank correlations."""

    columns: tuple[Column, ...]
    labels: np.ndarray
    rho: np.ndarray
    n_rows: int
    n_numeric: int


@dataclass(frozen=True)
class MapInfo:
    """The columns to draw, numbers first and then categories, and the strength of every two; NaN is not known."""

    columns: tuple[str, ...]
    strength: np.ndarray
    n_numeric: int
    n_columns: int


def pairs_info(table: pd.DataFrame, labels: Any = None) -> PairsInfo:
    """Take the first measured columns that vary, and a sample of the rows."""
    every = numeric_columns(table)
    # Without a varying column the constant ones are better than nothing.
    chosen = [column for column in every if varies(column[1])][:MAX_PAIRS] or every[:MAX_PAIRS]
    given = np.zeros(len(table), dtype=int) if labels is None else checked_labels(labels, len(table))
    rows = sampled(len(table))
    columns = tuple((name, values[rows]) for name, values in chosen)
    return PairsInfo(columns, given[rows], spearman(chosen), len(table), len(every))


def spearman(columns: list[Column]) -> np.ndarray:
    """Rank correlation of every pair, over the rows where both are known."""
    frame = pd.DataFrame({i: values for i, (_, values) in enumerate(columns)})
    return frame.corr(method="spearman").to_numpy()


def correlation_info(table: pd.DataFrame) -> MapInfo:
    """Correlate the first 30 measured columns; a constant has no correlation."""
    every = numeric_columns(table)
    shown = every[:MAX_COLUMNS]
    rho = spearman(shown).copy()
    for i, (_, values) in enumerate(shown):
        if not varies(values):
            rho[i, :] = rho[:, i] = np.nan
    return MapInfo(tuple(name for name, _ in shown), rho, len(shown), len(every))


def association_info(matrix: pd.DataFrame, numeric: Sequence[str]) -> MapInfo:
    """Take the columns with the strongest associations, where there are too many to draw."""
    names = [str(name) for name in matrix.index]
    if names != [str(name) for name in matrix.columns]:
        raise InputError("the matrix of associations must have the same columns as rows")
    strength = matrix.to_numpy(dtype=float)
    others = np.where(np.eye(len(names), dtype=bool), np.nan, strength)
    strongest = np.array([np.nanmax(row) if np.isfinite(row).any() else -1.0 for row in others])
    known = int((strongest >= 0).sum())
    chosen = np.sort(np.argsort(-strongest, kind="stable")[: min(MAX_COLUMNS, known)])
    measured = set(map(str, numeric))
    order = sorted(chosen, key=lambda i: names[i] not in measured)
    n_numeric = sum(names[i] in measured for i in order)
    return MapInfo(tuple(names[i] for i in order), strength[np.ix_(order, order)], n_numeric, len(names))


def pair_relations(table: pd.DataFrame, units: Mapping[str, str] | None = None, labels: Any = None) -> Figure:
    """Draw measured columns against each other.

    Parameters
    ----------
    table : DataFrame of shape (n_customers, n_columns)
        The customers. The first five measured columns that vary are drawn, and at most 5,000 customers.
    units : mapping of str to str, optional
        Unit of a column.
    labels : array of shape (n_customers,), optional
        Segments, noise -1, to colour the points by.

    Returns
    -------
    Figure
        Points below the diagonal, histograms on it, Spearman's rank correlation above it.

    Raises
    ------
    InputError
        If there is not one label a customer.
    """
    info = pairs_info(table, labels)
    title = "Pairs of columns"
    n = len(info.columns)
    if not n or not info.n_rows:
        return message_figure(title, f"Nothing to draw: {info.n_rows:,} rows, {n} columns of numbers.")
    notes = (
        "above the diagonal: Spearman's rank correlation" if n > 1 else "",
        sample_note(n, info.n_numeric, "numeric columns"),
        sample_note(len(info.labels), info.n_rows),
    )
    side = 5.5 if n == 1 else 1.2 + 2.1 * n
    figure, area = new_figure(title, notes, (side + (1.6 if labels is not None else 0), side))
    grid = area.subplots(n, n, squeeze=False)
    for i, (name, values) in enumerate(info.columns):
        for j, (other, across) in enumerate(info.columns):
            axes = grid[i, j]
            dress(axes, grid="both" if j < i else "")
            if j < i:
                draw_points(axes, np.column_stack([across, values]), info.labels, size=4)
                number_ticks(axes.yaxis, 4)
            elif j == i:
                _draw_diagonal(axes, values, info.labels)
            else:
                _draw_rho(axes, info.rho[i, j])
            if j <= i:
                number_ticks(axes.xaxis, 4)
            if i == n - 1:
                axes.set_xlabel(with_unit(other, units, 20), fontsize=TICK_SIZE)
            if j == 0:
                axes.set_ylabel("Customers" if i == 0 else with_unit(name, units, 20), fontsize=TICK_SIZE)
    if labels is not None:
        segment_legend(area, checked_labels(labels))
    return figure


def _draw_diagonal(axes: Axes, values: np.ndarray, labels: np.ndarray) -> None:
    edges = bin_edges(values[np.isfinite(values)])
    base = np.zeros(len(edges) - 1)
    for label in segments(labels):
        part = values[labels == label]
        counts = np.histogram(part[np.isfinite(part)], edges)[0]
        # One patch a segment: a bar a bin and segment takes seconds.
        axes.stairs(base + counts, edges, baseline=base, fill=True, color=segment_color(label))
        base = base + counts
    number_ticks(axes.yaxis, 3, whole=True)


def _draw_rho(axes: Axes, rho: float) -> None:
    axes.set_axis_off()
    known = np.isfinite(rho)
    axes.text(
        0.5,
        0.5,
        signed_zero_free(rho, ".2f") if known else "n/a",
        transform=axes.transAxes,
        ha="center",
        va="center",
        color=INK,
        fontsize=10 + 8 * abs(rho) if known else LABEL_SIZE,
    )


def correlations(table: pd.DataFrame) -> Figure:
    """Draw Spearman's rank correlation of every two measured columns, at most 30 of them.

    Parameters
    ----------
    table : DataFrame of shape (n_customers, n_columns)
        The customers.

    Returns
    -------
    Figure
        A heat map; a constant column has no correlation and stays grey.
    """
    info = correlation_info(table)
    title = "Rank correlations (Spearman)"
    n = len(info.columns)
    if n < 2:
        return message_figure(title, f"Two columns of numbers are needed, and there are {n}.")
    constant = int(np.isnan(np.diag(info.strength)).sum())
    notes = (
        sample_note(n, info.n_columns, "numeric columns"),
        f"grey: {constant} constant column{'s' * (constant > 1)}" if constant else "",
    )
    side = max(4.5, 2.4 + 0.42 * n)
    figure, area = new_figure(title, notes, (side + 1, side))
    _draw_map(area, info.strength, [words(column, 20) for column in info.columns], "RdBu_r", -1)
    return figure


def associations(matrix: pd.DataFrame, numeric: Sequence[str]) -> Figure:
    """Draw how much every two columns tell of each other, whatever they hold.

    Parameters
    ----------
    matrix : DataFrame of shape (n_columns, n_columns)
        Symmetric, 0 to 1; NaN where nothing can be said. Of more than 30 columns those with the strongest
        associations are drawn.
    numeric : sequence of str
        Which of them are measured.

    Returns
    -------
    Figure
        A heat map, measured columns first, a line between them and the categories.

    Raises
    ------
    InputError
        If rows and columns differ.
    """
    info = association_info(matrix, numeric)
    title = "Associations of all columns"
    n = len(info.columns)
    if n < 2:
        return message_figure(title, f"Two columns that vary are needed, and there are {n}.")
    mixed = 0 < info.n_numeric < n
    kinds = ["numbers: size of Spearman's rank correlation"] * (info.n_numeric > 1)
    kinds += ["number and category: correlation ratio"] * mixed
    kinds += ["categories: Cramer's V"] * (n - info.n_numeric > 1)
    what = "columns, the most associated," if n == MAX_COLUMNS else "columns, those that vary,"
    notes = (*kinds, sample_note(n, info.n_columns, what))
    side = max(5.5, 2.6 + 0.38 * n)
    figure, area = new_figure(title, notes, (side + 1, side))
    axes = _draw_map(area, info.strength, [words(column, 22) for column in info.columns], "Blues", 0)
    if mixed:
        for line in (axes.axhline, axes.axvline):
            line(info.n_numeric - 0.5, color=INK, linewidth=1.2)
    return figure


def _draw_map(area: SubFigure, values: np.ndarray, names: list[str], colors: str, low: int) -> Axes:
    """Every two columns as a cell from `low` to 1, grey where nothing is known."""
    axes = area.subplots()
    axes.set_facecolor(GRID)
    image = axes.imshow(np.ma.masked_invalid(values), cmap=colors, vmin=low, vmax=1, aspect="auto")
    dress(axes, grid="")
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(names)), names)
    if len(names) <= MANY:
        annotate_cells(axes, values, 1.0)
    bar = area.colorbar(image, ax=axes, shrink=0.8)
    bar.ax.tick_params(labelsize=SMALL_SIZE)
    return axes
