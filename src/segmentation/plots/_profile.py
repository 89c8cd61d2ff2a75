"""What the segments are like and how large they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from segmentation.errors import InputError
from segmentation.plots._columns import (
    Column,
    checked_labels,
    is_number,
    numbers,
    numeric_columns,
    sample_note,
    segments,
)
from segmentation.plots._style import (
    GRID,
    INK,
    LABEL_SIZE,
    SMALL_SIZE,
    TICK_SIZE,
    annotate_cells,
    dress,
    key_room,
    message_figure,
    named,
    new_figure,
    number_ticks,
    panel_grid,
    segment_color,
    segment_key,
    segment_text,
)
from segmentation.plots._text import count_text, plain, share_text, with_unit, words

MAX_FEATURES = 20
MAX_ROWS = 30


@dataclass(frozen=True)
class FeatureProfile:
    """One feature in each segment and in all customers; a categorical one by the percentage of `level`."""

    column: str
    level: str | None
    values: np.ndarray
    population: float


@dataclass(frozen=True)
class ProfileInfo:
    """Profiles of the features over the segments that occur, noise last."""

    labels: tuple[int, ...]
    features: tuple[FeatureProfile, ...]
    n_features: int


@dataclass(frozen=True)
class HeatmapInfo:
    """Standardised differences, shape (n_features, n_segments): (segment mean - mean) / deviation."""

    labels: tuple[int, ...]
    columns: tuple[str, ...]
    differences: np.ndarray
    n_numeric: int


@dataclass(frozen=True)
class SizesInfo:
    """Customers of each segment, noise last."""

    labels: tuple[int, ...]
    counts: tuple[int, ...]
    shares: tuple[float, ...]


def _known(values: np.ndarray, statistic: str) -> float:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return float("nan")
    return float(np.median(finite) if statistic == "median" else finite.mean())


def _measured(table: pd.DataFrame, statistic: str) -> list[tuple[str, str | None, np.ndarray, str]]:
    features: list[tuple[str, str | None, np.ndarray, str]] = []
    for name, values in list(table.items())[:MAX_FEATURES]:
        if is_number(values):
            features.append(
                (str(name), None, numbers(values.to_numpy(dtype=float, na_value=np.nan)), statistic)
            )
            continue
        known = values.dropna().astype(str)
        if len(known):
            counts = known.value_counts()
            level = str(min(counts[counts == counts.max()].index))
            share = 100.0 * (values.astype(str) == level).to_numpy(dtype=float)
            # A median of zeros and hundreds says nothing: a level is always shown by its share.
            features.append((str(name), level, np.where(values.isna(), np.nan, share), "mean"))
    return features


def profile_info(table: pd.DataFrame, labels: Any, statistic: str = "mean") -> ProfileInfo:
    """Take the mean or median of each feature in each segment."""
    if statistic not in ("mean", "median"):
        raise InputError(f"statistic must be 'mean' or 'median', not '{statistic}'")
    given = checked_labels(labels, len(table))
    shown = segments(given)
    features = tuple(
        FeatureProfile(name, level, np.array([_known(v[given == s], how) for s in shown]), _known(v, how))
        for name, level, v, how in _measured(table, statistic)
    )
    return ProfileInfo(tuple(shown), features, table.shape[1])


def heatmap_info(table: pd.DataFrame, labels: Any) -> HeatmapInfo:
    """Compare the segment means with the mean of all customers, in its standard deviations."""
    given = checked_labels(labels, len(table))
    shown = segments(given)
    every = numeric_columns(table)
    rows = [_differences(column, given, shown) for column in every[:MAX_ROWS]]
    matrix = np.array(rows).reshape(len(rows), len(shown))
    return HeatmapInfo(tuple(shown), tuple(name for name, _ in every[:MAX_ROWS]), matrix, len(every))


def _differences(column: Column, labels: np.ndarray, shown: list[int]) -> list[float]:
    values = column[1]
    mean, finite = _known(values, "mean"), values[np.isfinite(values)]
    # In a constant column no segment differs.
    deviation = (float(finite.std()) if finite.size else 0.0) or 1.0
    return [(_known(values[labels == s], "mean") - mean) / deviation for s in shown]


def sizes_info(labels: Any) -> SizesInfo:
    """Count the customers of each segment."""
    given = checked_labels(labels)
    counts = [int((given == s).sum()) for s in segments(given)]
    return SizesInfo(tuple(segments(given)), tuple(counts), tuple(c / given.size for c in counts))


def profile_bars(
    table: pd.DataFrame,
    labels: Any,
    units: Mapping[str, str] | None = None,
    statistic: Literal["mean", "median"] = "mean",
) -> Figure:
    """Draw each feature over the segments, in its own unit.

    Parameters
    ----------
    table : DataFrame of shape (n_customers, n_columns)
        The customers in original units. The first 20 columns are drawn.
    labels : array of shape (n_customers,)
        Segments, noise -1.
    units : mapping of str to str, optional
        Unit of a column.
    statistic : {"mean", "median"}, default="mean"
        What is taken of a measured column. A categorical column shows the share of its most frequent
        level.

    Returns
    -------
    Figure
        One panel a feature, one bar a segment, a line for all customers.

    Raises
    ------
    InputError
        If there is not one label a customer, or the statistic is another one.
    """
    info = profile_info(table, labels, statistic)
    title = f"Segment profiles ({statistic} of each feature)"
    if not info.features or not info.labels:
        return message_figure(
            title, f"Nothing to draw: {len(table):,} customers, {info.n_features} features."
        )
    across, down = panel_grid(len(info.features))
    width = max(2.9, 0.9 + 0.13 * len(info.labels))
    notes = ("dashed line: all customers", sample_note(len(info.features), info.n_features, "columns"))
    figure, area = new_figure(
        title, notes, (max(5.5, min(width * across, 18)) + key_room(), 1.0 + 2.2 * down)
    )
    grid = area.subplots(down, across, squeeze=False)
    for axes, feature in zip(grid.flat, info.features, strict=False):
        _draw_profile(axes, feature, info.labels, units)
    for axes in grid.flat[len(info.features) :]:
        axes.set_axis_off()
    area.supxlabel("Segment", fontsize=LABEL_SIZE, color=INK)
    if named():
        segment_key(area, info.labels)
    return figure


def _draw_profile(
    axes: Axes, feature: FeatureProfile, labels: tuple[int, ...], units: Mapping[str, str] | None
) -> None:
    axes.bar(
        range(len(labels)),
        np.nan_to_num(feature.values),
        color=[segment_color(s) for s in labels],
        width=0.75,
    )
    if np.isfinite(feature.population):
        axes.axhline(feature.population, color=INK, linestyle="--", linewidth=1)
    else:
        axes.text(0.5, 0.5, "no values", transform=axes.transAxes, ha="center", fontsize=TICK_SIZE)
    if feature.level is None:
        title = with_unit(feature.column, units, 22)
    else:
        title = f"{words(feature.column, 16)}: {plain(feature.level, 14)} (%)"
    dress(axes, title=title, grid="y")
    segment_ticks(axes, labels)
    number_ticks(axes.yaxis, 4)


def segment_ticks(axes: Axes, labels: tuple[int, ...], wide: bool = False) -> None:
    """Number the segments below the axis; where there are many, not each."""
    step = -(-len(labels) // 15)
    places = [i for i, label in enumerate(labels) if label < 0 or i % step == 0]
    # The word for noise is wider than a number, and takes the place of the one before it too.
    if not wide and len(labels) > 8 and labels[-1] < 0 and places[-2] > len(labels) - 2 - 2 * step:
        del places[-2]
    # Where the key gives customers in no segment a name, they have its marker here.
    none = "\N{MULTIPLICATION SIGN}" if named() else "noise"
    axes.set_xticks(places, [none if labels[i] < 0 else str(labels[i]) for i in places])


def profile_heatmap(table: pd.DataFrame, labels: Any) -> Figure:
    """Draw how far the mean of each segment lies from the mean of all customers.

    Parameters
    ----------
    table : DataFrame of shape (n_customers, n_columns)
        The customers; the first 30 columns of numbers are drawn.
    labels : array of shape (n_customers,)
        Segments, noise -1.

    Returns
    -------
    Figure
        A heat map in standard deviations of all customers; colours end at 2. Grey is without values.

    Raises
    ------
    InputError
        If there is not one label a customer.
    """
    info = heatmap_info(table, labels)
    title = "Segments against all customers"
    if not info.differences.size:
        return message_figure(
            title, f"Nothing to draw: {len(table):,} customers, {info.n_numeric} numeric columns."
        )
    n_rows, n_columns = info.differences.shape
    width = min(4.2 + 0.5 * n_columns, 18)
    notes = (
        "difference of means in standard deviations",
        sample_note(n_rows, info.n_numeric, "numeric columns"),
    )
    # A key of many names needs some height.
    height = max(1.9 + 0.34 * n_rows, 1.2 + 0.1 * n_columns if named() else 0)
    figure, area = new_figure(title, notes, (max(width, 6) + key_room(), height))
    axes = area.subplots()
    axes.set_facecolor(GRID)
    image = axes.imshow(info.differences, cmap="RdBu_r", vmin=-2, vmax=2, aspect="auto")
    dress(axes, "Segment", grid="")
    segment_ticks(axes, info.labels, wide=n_columns <= 25)
    axes.set_yticks(range(n_rows), [words(column, 26) for column in info.columns])
    if n_columns <= 25:
        annotate_cells(axes, info.differences, 2.0)
    bar = area.colorbar(image, ax=axes, extend="both")
    bar.ax.tick_params(labelsize=SMALL_SIZE)
    if named():
        segment_key(area, info.labels)
    return figure


def segment_sizes(labels: Any) -> Figure:
    """Draw the number of customers of each segment.

    Parameters
    ----------
    labels : array of shape (n_customers,)
        Segments, noise -1.

    Returns
    -------
    Figure
        One bar a segment with count and share; noise below and apart.
    """
    info = sizes_info(labels)
    title = "Segment sizes"
    if not info.labels:
        return message_figure(title, "There is no customer to count.")
    n_segments = sum(label >= 0 for label in info.labels)
    notes = (count_text(sum(info.counts), "customer"), count_text(n_segments, "segment"))
    places = np.arange(len(info.labels)) + np.array([0.5 if label < 0 else 0.0 for label in info.labels])
    figure, area = new_figure(title, notes, (7.5, min(1.5 + 0.36 * len(info.labels), 13)))
    axes = area.subplots()
    axes.barh(places, info.counts, color=[segment_color(s) for s in info.labels], height=0.75)
    for place, count in zip(places, info.counts, strict=True):
        axes.annotate(
            share_text(count, sum(info.counts)),
            (count, place),
            (4, 0),
            textcoords="offset points",
            va="center",
            fontsize=TICK_SIZE,
            color=INK,
        )
    axes.set_yticks(places, [segment_text(s, 30, 2 if len(info.labels) <= 14 else 1) for s in info.labels])
    axes.set_ylim(places[-1] + 0.6, -0.6)
    axes.set_xlim(0, 1.18 * max(info.counts))
    dress(axes, "Customers", grid="x")
    number_ticks(axes.xaxis, 6, whole=True)
    return figure
