"""Columns one by one: gaps, shapes, extremes, and what scalers make of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from segmentation.errors import InputError
from segmentation.plots._columns import bin_edges, is_number, numbers, numeric_columns, sample_note
from segmentation.plots._style import (
    ACCENT,
    INK,
    LABEL_SIZE,
    PALETTE,
    SMALL_SIZE,
    SOFT,
    TICK_SIZE,
    dress,
    message_figure,
    new_figure,
    number_ticks,
)
from segmentation.plots._text import count_text, plain, share_text, with_unit, words

MAX_PANELS = 12
MAX_LEVELS = 12
MAX_ROWS = 30
MAX_FLIERS = 500
MAX_FEATURES = 5


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
class Box:
    """A column in robust units: (value - median) / interquartile range."""

    column: str
    quartiles: tuple[float, float, float]
    whiskers: tuple[float, float]
    outside: np.ndarray
    n: int


@dataclass(frozen=True)
class ScalerInfo:
    """Histograms of a feature (row) on each scale (column)."""

    features: tuple[str, ...]
    scalers: tuple[str, ...]
    histograms: tuple[tuple[tuple[np.ndarray, np.ndarray], ...], ...]
    n_features: int
    n_rows: int


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
    shown, rest = order[:MAX_LEVELS], order[MAX_LEVELS:]
    if rest:
        shown.append((f"other ({len(rest)})", sum(count for _, count in rest)))
    heights = np.array([count for _, count in shown], dtype=int)
    levels = tuple(str(level) for level, _ in shown)
    return Distribution(column, heights, None, levels, int(values.isna().sum()))


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


def scaler_info(scaled: Mapping[str, np.ndarray], features: Sequence[str]) -> ScalerInfo:
    """Count the features that are most skewed under the first scaler, those of two values last."""
    first = next(iter(scaled.values()))
    if any(X.shape != first.shape for X in scaled.values()) or first.shape[1] != len(features):
        raise InputError("every scaler must give one column a feature, of the same customers")
    frame = pd.DataFrame(first)
    # Two values look the same under every scaler.
    skewness = frame.skew().abs().fillna(0).where(frame.nunique() > 2, -1).to_numpy()
    rows = np.sort(np.argsort(-skewness, kind="stable")[:MAX_FEATURES])
    histograms = tuple(
        tuple(np.histogram(X[:, i], bin_edges(X[:, i])) for X in scaled.values()) for i in rows
    )
    names = tuple(str(features[i]) for i in rows)
    return ScalerInfo(names, tuple(scaled), histograms, len(features), len(first))


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
    if info.edges is None:
        axes.barh(range(len(info.levels)), info.counts, color=PALETTE[2], height=0.75)
        axes.set_yticks(range(len(info.levels)), [plain(level, 24) for level in info.levels])
        axes.set_ylim(max(len(info.levels), 1) - 0.5, -0.5)
        dress(axes, "Customers", with_unit(info.column, units, 20), grid="x")
        axes.tick_params(axis="y", labelsize=SMALL_SIZE)
        number_ticks(axes.xaxis, 4, whole=True)
    else:
        widths = np.diff(info.edges)
        axes.bar(info.edges[:-1], info.counts, widths, align="edge", color=PALETTE[0], edgecolor="white")
        dress(axes, with_unit(info.column, units, 20), "Customers", grid="y")
        number_ticks(axes.xaxis)
        number_ticks(axes.yaxis, 4, whole=True)
    within: Any = {"transform": axes.transAxes}
    if not info.counts.sum():
        axes.text(0.5, 0.5, "no values", ha="center", fontsize=TICK_SIZE, color=SOFT, **within)
    if info.n_missing:
        gaps = f"{info.n_missing:,} missing"
        axes.text(1, 1.02, gaps, ha="right", va="bottom", fontsize=SMALL_SIZE, color=ACCENT, **within)


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
    names = ("q1", "med", "q3", "whislo", "whishi")
    lines = [dict(zip(names, (*box.quartiles, *box.whiskers), strict=True)) for box in boxes]
    axes.bxp(
        [{**line, "fliers": _thinned(box.outside)} for line, box in zip(lines, boxes, strict=True)],
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


def scaler_preview(scaled: Mapping[str, np.ndarray], features: Sequence[str]) -> Figure:
    """Draw what each scaler makes of the most skewed features.

    Parameters
    ----------
    scaled : mapping of str to array of shape (n_customers, n_features)
        Scaler -> the features on its scale.
    features : sequence of str
        Their names. The five most skewed under the first scaler are drawn.

    Returns
    -------
    Figure
        A histogram for each feature (row) and scaler (column).

    Raises
    ------
    InputError
        If the scalers give tables of different shapes.
    """
    title = "Features under each scaler"
    if not scaled or not len(features):
        return message_figure(title, f"Nothing to draw: {len(scaled)} scalers, {len(features)} features.")
    info = scaler_info(scaled, features)
    n_down, n_across = len(info.features), len(info.scalers)
    notes = (
        count_text(info.n_rows, "customer"),
        sample_note(n_down, info.n_features, "features, the most skewed,"),
    )
    figure, area = new_figure(title, notes, (1.4 + 1.75 * n_across, 1.2 + 1.35 * n_down))
    grid = area.subplots(n_down, n_across, squeeze=False)
    for i, feature in enumerate(info.features):
        for j, scaler in enumerate(info.scalers):
            axes = grid[i, j]
            axes.stairs(*info.histograms[i][j], fill=True, color=PALETTE[0])
            dress(axes, grid="x")
            axes.tick_params(labelsize=SMALL_SIZE)
            axes.set_yticks([])
            number_ticks(axes.xaxis, 3)
            if i == 0:
                axes.set_title(words(scaler, 16), fontsize=LABEL_SIZE, color=INK, loc="center")
            if j == 0:
                axes.set_ylabel(words(feature, 20), fontsize=SMALL_SIZE, color=INK)
    return figure
