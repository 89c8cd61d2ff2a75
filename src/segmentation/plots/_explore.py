"""The customers before any clustering: gaps, shapes, relations, extremes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from segmentation.plots._columns import (
    Column,
    checked_labels,
    is_number,
    numbers,
    numeric_columns,
    sample_note,
    sampled,
    segments,
    varies,
)
from segmentation.plots._style import (
    ACCENT,
    GRID,
    INK,
    LABEL_SIZE,
    PALETTE,
    SMALL_SIZE,
    SOFT,
    TICK_SIZE,
    draw_points,
    dress,
    message_figure,
    new_figure,
    number_ticks,
    segment_color,
    segment_legend,
)
from segmentation.plots._text import count_text, plain, share_text, signed_zero_free, with_unit, words

MAX_PANELS = 12
MAX_LEVELS = 12
MAX_PAIRS = 5
MAX_ROWS = 30
MAX_BINS = 40
MAX_FLIERS = 500


@dataclass(frozen=True)
class MissingInfo:
    """Columns with gaps, the emptiest first."""

    columns: tuple[str, ...]
    counts: tuple[int, ...]
    n_rows: int
    n_columns: int


@dataclass(frozen=True)
class Distribution:
    """Counts by bin of a measured column, or by level of a categorical one."""

    column: str
    counts: np.ndarray
    edges: np.ndarray | None
    levels: tuple[str, ...]
    n_missing: int


@dataclass(frozen=True)
class PairsInfo:
    """The measured columns to draw against each other and their rank correlations."""

    columns: tuple[Column, ...]
    labels: np.ndarray
    rho: np.ndarray
    n_rows: int
    n_numeric: int


@dataclass(frozen=True)
class CorrelationInfo:
    """Spearman's rho of each pair; NaN where a column is constant."""

    columns: tuple[str, ...]
    rho: np.ndarray
    n_numeric: int


@dataclass(frozen=True)
class Box:
    """A column in robust units: (value - median) / interquartile range."""

    column: str
    quartiles: tuple[float, float, float]
    whiskers: tuple[float, float]
    outside: np.ndarray
    n: int


def missing_info(table: pd.DataFrame) -> MissingInfo:
    """Count the gaps."""
    counts = [(str(name), int(values.isna().sum())) for name, values in table.items()]
    gaps = sorted((pair for pair in counts if pair[1]), key=lambda pair: -pair[1])
    return MissingInfo(tuple(n for n, _ in gaps), tuple(c for _, c in gaps), *table.shape)


def distribution_info(column: str, values: pd.Series) -> Distribution:
    """Count one column."""
    if not is_number(values):
        return _levels(column, values)
    finite = numbers(values.to_numpy(dtype=float, na_value=np.nan))
    finite = finite[np.isfinite(finite)]
    edges = bin_edges(finite)
    return Distribution(column, np.histogram(finite, edges)[0], edges, (), len(values) - len(finite))


def _levels(column: str, values: pd.Series) -> Distribution:
    counts = values.dropna().astype(str).value_counts()
    # By count, then by name: value_counts leaves ties in the order of the rows.
    order = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    levels = [str(level) for level, _ in order[:MAX_LEVELS]]
    numbers_of = [int(count) for _, count in order[:MAX_LEVELS]]
    if len(order) > MAX_LEVELS:
        levels.append(f"other ({len(order) - MAX_LEVELS})")
        numbers_of.append(int(sum(count for _, count in order[MAX_LEVELS:])))
    return Distribution(
        column, np.array(numbers_of, dtype=int), None, tuple(levels), int(values.isna().sum())
    )


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
    return (
        pd.DataFrame({i: values for i, (_, values) in enumerate(columns)}).corr(method="spearman").to_numpy()
    )


def correlation_info(table: pd.DataFrame) -> CorrelationInfo:
    """Correlate the first 30 measured columns."""
    every = numeric_columns(table)
    rho = spearman(every[:MAX_ROWS]).copy()
    for i, (_, values) in enumerate(every[:MAX_ROWS]):
        if not varies(values):
            rho[i, :] = rho[:, i] = np.nan
    return CorrelationInfo(tuple(name for name, _ in every[:MAX_ROWS]), rho, len(every))


def box_info(column: str, values: np.ndarray) -> Box:
    """Quartiles, whiskers and what lies outside them, by Tukey's rule."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return Box(column, (0.0, 0.0, 0.0), (0.0, 0.0), np.array([]), 0)
    q1, median, q3 = np.quantile(finite, [0.25, 0.5, 0.75])
    low, high = q1 - 1.5 * (q3 - q1), q3 + 1.5 * (q3 - q1)
    inside = finite[(finite >= low) & (finite <= high)]
    outside = finite[(finite < low) | (finite > high)]
    # Where most customers share one value that range is 0, and the deviation is the unit instead.
    unit = float(q3 - q1) or float(np.std(finite)) or 1.0

    def scale(value: Any) -> Any:
        return (value - median) / unit

    whiskers = (float(scale(inside.min())), float(scale(inside.max())))
    return Box(column, (float(scale(q1)), 0.0, float(scale(q3))), whiskers, scale(outside), int(finite.size))


def missing_values(table: pd.DataFrame) -> Figure:
    """Draw the share of missing values of each column that has any, at most 30 columns.

    Parameters
    ----------
    table : DataFrame of shape (n_customers, n_columns)
        The customers.

    Returns
    -------
    Figure
        Bars, the emptiest column first.
    """
    info = missing_info(table)
    title = "Missing values"
    if not info.columns:
        return message_figure(
            title, f"No value is missing in {info.n_rows:,} rows and {info.n_columns:,} columns."
        )
    columns, counts = info.columns[:MAX_ROWS], info.counts[:MAX_ROWS]
    complete = f"{info.n_columns - len(info.columns)} of {info.n_columns} columns are complete"
    notes = (complete, sample_note(len(columns), len(info.columns), "columns with gaps"))
    figure, area = new_figure(title, notes, (8, 1.6 + 0.32 * len(columns)))
    axes = area.subplots()
    shares = 100 * np.array(counts) / info.n_rows
    axes.barh(range(len(columns)), shares, color=PALETTE[0], height=0.7)
    for row, (share, count) in enumerate(zip(shares, counts, strict=True)):
        axes.annotate(
            f"{count:,}", (share, row), (4, 0), textcoords="offset points", va="center", fontsize=TICK_SIZE
        )
    axes.set_yticks(range(len(columns)), [words(column) for column in columns])
    axes.set_ylim(len(columns) - 0.5, -0.5)
    axes.set_xlim(0, min(112, 1.15 * max(shares)))
    dress(axes, f"Share of the {info.n_rows:,} customers without a value (%)", grid="x")
    return figure


def distributions(table: pd.DataFrame, units: Mapping[str, str] | None = None) -> Figure:
    """Draw a histogram of each measured column and the levels of each categorical one.

    Parameters
    ----------
    table : DataFrame of shape (n_customers, n_columns)
        The customers. The first 12 columns are drawn.
    units : mapping of str to str, optional
        Unit of a column.

    Returns
    -------
    Figure
        One panel a column; a categorical column shows its 12 most frequent levels and the rest as "other".
    """
    title = "Distributions"
    infos = [distribution_info(str(name), values) for name, values in list(table.items())[:MAX_PANELS]]
    if not infos or table.empty:
        return message_figure(title, f"Nothing to draw: {len(table):,} rows, {table.shape[1]} columns.")
    n_across = min(3, len(infos))
    n_down = -(-len(infos) // n_across)
    notes = (count_text(len(table), "customer"), sample_note(len(infos), table.shape[1], "columns"))
    figure, area = new_figure(title, notes, (max(5.5, 3.6 * n_across), 0.9 + 2.5 * n_down))
    grid = area.subplots(n_down, n_across, squeeze=False)
    for axes, info in zip(grid.flat, infos, strict=False):
        _draw_distribution(axes, info, units)
    for axes in grid.flat[len(infos) :]:
        axes.set_axis_off()
    return figure


def _draw_distribution(axes: Axes, info: Distribution, units: Mapping[str, str] | None) -> None:
    gaps = f"{info.n_missing:,} missing" if info.n_missing else ""
    if info.edges is None:
        axes.barh(range(len(info.levels)), info.counts, color=PALETTE[2], height=0.75)
        axes.set_yticks(range(len(info.levels)), [plain(level, 24) for level in info.levels])
        axes.set_ylim(max(len(info.levels), 1) - 0.5, -0.5)
        dress(axes, "Customers", with_unit(info.column, units, 20), grid="x")
        axes.tick_params(axis="y", labelsize=SMALL_SIZE)
        number_ticks(axes.xaxis, 4, whole=True)
    else:
        axes.bar(
            info.edges[:-1],
            info.counts,
            np.diff(info.edges),
            align="edge",
            color=PALETTE[0],
            edgecolor="white",
        )
        dress(axes, with_unit(info.column, units, 20), "Customers", grid="y")
        number_ticks(axes.xaxis)
        number_ticks(axes.yaxis, 4, whole=True)
    if not info.counts.sum():
        axes.text(
            0.5, 0.5, "no values", transform=axes.transAxes, ha="center", fontsize=TICK_SIZE, color=SOFT
        )
    if gaps:
        axes.text(
            1,
            1.02,
            gaps,
            transform=axes.transAxes,
            ha="right",
            va="bottom",
            fontsize=SMALL_SIZE,
            color=ACCENT,
        )


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
    constant = int(np.isnan(np.diag(info.rho)).sum())
    notes = (
        sample_note(n, info.n_numeric, "numeric columns"),
        f"grey: {constant} constant column{'s' * (constant > 1)}" if constant else "",
    )
    side = max(4.5, 2.4 + 0.42 * n)
    figure, area = new_figure(title, notes, (side + 1, side))
    axes = area.subplots()
    axes.set_facecolor(GRID)
    image = axes.imshow(np.ma.masked_invalid(info.rho), cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto")
    names = [words(column, 20) for column in info.columns]
    dress(axes, grid="")
    axes.set_xticks(range(n), names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(n), names)
    if n <= 16:
        annotate_cells(axes, info.rho, 1.0)
    bar = area.colorbar(image, ax=axes, shrink=0.8)
    bar.ax.tick_params(labelsize=SMALL_SIZE)
    return figure


def annotate_cells(axes: Axes, values: np.ndarray, limit: float) -> None:
    """Write each value into its cell of a diverging map, white where the cell is dark."""
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            color = "white" if abs(value) > 0.6 * limit else INK
            axes.text(
                column,
                row,
                signed_zero_free(value, ".2f"),
                ha="center",
                va="center",
                fontsize=SMALL_SIZE,
                color=color,
                # What lies within the axes needs no room of its own, and is not measured for it.
                in_layout=False,
            )


def outliers(table: pd.DataFrame, units: Mapping[str, str] | None = None) -> Figure:
    """Draw box plots of the measured columns, at most 30, on one robust scale.

    Parameters
    ----------
    table : DataFrame of shape (n_customers, n_columns)
        The customers.
    units : mapping of str to str, optional
        Unit of a column.

    Returns
    -------
    Figure
        Boxes in interquartile ranges from the median, with the number of customers beyond 1.5
        interquartile ranges of the box (Tukey's rule) written beside.
    """
    title = "Outliers by Tukey's rule"
    every = numeric_columns(table)
    boxes = [box_info(name, values) for name, values in every[:MAX_ROWS]]
    if not any(box.n for box in boxes):
        return message_figure(
            title, f"Nothing to draw: {len(table):,} rows, {len(every)} columns of numbers."
        )
    notes = (
        "right: customers beyond 1.5 interquartile ranges of the box",
        sample_note(len(boxes), len(every), "numeric columns"),
    )
    figure, area = new_figure(title, notes, (8.5, 1.8 + 0.4 * len(boxes)))
    axes = area.subplots()
    _draw_boxes(axes, boxes)
    axes.set_yticks(range(len(boxes)), [with_unit(box.column, units) for box in boxes])
    axes.set_ylim(len(boxes) - 0.4, -0.6)
    # One far value must not press all boxes flat.
    if max(np.abs(box.outside).max(initial=0) for box in boxes) > 15:
        axes.set_xscale("symlog", linthresh=3, linscale=1.5)
        axes.xaxis.set_major_formatter("{x:g}")
    dress(axes, "Distance from the median (interquartile ranges)", grid="x")
    return figure


def _thinned(outside: np.ndarray) -> np.ndarray:
    # Evenly through the sorted values: the farthest ones stay.
    places = np.linspace(0, len(outside) - 1, min(len(outside), MAX_FLIERS)).round().astype(int)
    return np.sort(outside)[places]


def _draw_boxes(axes: Axes, boxes: list[Box]) -> None:
    stats = [
        {
            "q1": box.quartiles[0],
            "med": box.quartiles[1],
            "q3": box.quartiles[2],
            "whislo": box.whiskers[0],
            "whishi": box.whiskers[1],
            "fliers": _thinned(box.outside),
        }
        for box in boxes
    ]
    axes.bxp(
        stats,
        positions=range(len(boxes)),
        widths=0.55,
        orientation="horizontal",
        patch_artist=True,
        boxprops={"facecolor": PALETTE[4], "edgecolor": INK, "linewidth": 0.8},
        medianprops={"color": INK},
        whiskerprops={"color": INK, "linewidth": 0.8},
        capprops={"color": INK, "linewidth": 0.8},
        flierprops={"marker": "o", "markersize": 3, "markerfacecolor": PALETTE[5], "markeredgecolor": "none"},
    )
    for row, box in enumerate(boxes):
        count = len(box.outside)
        text = share_text(count, box.n) if box.n else "no values"
        axes.annotate(
            text,
            (1.02, row),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=SMALL_SIZE,
            color=SOFT,
            annotation_clip=False,
        )
