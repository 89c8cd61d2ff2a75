"""What the segments are like and how large they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from segmentation.plots._columns import checked_labels, need_columns, sample_note, segments, values_of
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
    write_beside,
)
from segmentation.plots._text import count_text, plain, share_text, with_unit, words

MAX_FEATURES = 20
MAX_ROWS = 30
OTHER = "other"
"""All rare levels of a category together."""


@dataclass(frozen=True)
class FeatureProfile:
    """One feature in each segment and in all customers; a category by the percentage of `level`."""

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
    """Effects, shape (n_features, n_segments); NaN where one is not known."""

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


def profile_info(
    numbers: pd.DataFrame, overall: Mapping[str, float], categories: pd.DataFrame | None = None
) -> ProfileInfo:
    """Take the first 20 features: the centres of numbers, the share of the commonest level of each category."""
    need_columns(numbers, ("segment", "column", "center"), "numbers")
    given = [numbers["segment"]] if categories is None else [numbers["segment"], categories["segment"]]
    shown = segments(np.concatenate([column.to_numpy(dtype=int) for column in given]))
    features = [
        FeatureProfile(str(column), None, _by_segment(rows, "center", shown), float(overall[column]))
        for column, rows in numbers.groupby("column", sort=False)
    ]
    if categories is not None:
        need_columns(categories, ("segment", "column", "level", "share", "overall"), "categories")
        features += [_commonest(rows, shown) for _, rows in categories.groupby("column", sort=False)]
    return ProfileInfo(tuple(shown), tuple(features[:MAX_FEATURES]), len(features))


def _commonest(rows: pd.DataFrame, shown: list[int]) -> FeatureProfile:
    # The rare levels together are none of them.
    named = rows[rows["level"] != OTHER]
    level, overall = named.loc[named["overall"].idxmax(), ["level", "overall"]]
    shares = 100 * _by_segment(rows[rows["level"] == level], "share", shown)
    return FeatureProfile(str(rows["column"].iloc[0]), str(level), shares, 100 * float(overall))


def _by_segment(rows: pd.DataFrame, values: str, shown: list[int]) -> np.ndarray:
    return values_of(rows.set_index("segment").reindex(shown), values)


def heatmap_info(numbers: pd.DataFrame) -> HeatmapInfo:
    """Take the effects of the first 30 columns."""
    need_columns(numbers, ("segment", "column", "effect"), "numbers")
    shown = segments(numbers["segment"].to_numpy(dtype=int))
    groups = list(numbers.groupby("column", sort=False))
    rows = [_by_segment(own, "effect", shown) for _, own in groups[:MAX_ROWS]]
    columns = tuple(str(column) for column, _ in groups[:MAX_ROWS])
    return HeatmapInfo(tuple(shown), columns, np.array(rows).reshape(len(rows), len(shown)), len(groups))


def sizes_info(labels: Any) -> SizesInfo:
    """Count the customers of each segment."""
    given = checked_labels(labels)
    counts = [int((given == s).sum()) for s in segments(given)]
    return SizesInfo(tuple(segments(given)), tuple(counts), tuple(c / given.size for c in counts))


def profile_bars(
    numbers: pd.DataFrame,
    overall: Mapping[str, float],
    categories: pd.DataFrame | None = None,
    units: Mapping[str, str] | None = None,
) -> Figure:
    """Draw each feature over the segments, in its own unit.

    Parameters
    ----------
    numbers : DataFrame
        One row a segment and column: `segment` (noise -1), `column` and `center`.
    overall : mapping of str to float
        Column of numbers -> the centre of all customers.
    categories : DataFrame, optional
        One row a segment, column and level: `segment`, `column`, `level`, `share` and `overall` (0 to 1). The
        commonest level of each column is drawn.
    units : mapping of str to str, optional
        Unit of a column.

    Returns
    -------
    Figure
        One panel a feature, at most 20, one bar a segment, a line for all customers.

    Raises
    ------
    InputError
        If a column is missing.
    """
    info = profile_info(numbers, overall, categories)
    title = "Segment profiles (centre of each feature)"
    if not info.features or not info.labels:
        return message_figure(title, "There is no feature to draw.")
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


def profile_heatmap(numbers: pd.DataFrame) -> Figure:
    """Draw how far each segment lies from all customers.

    Parameters
    ----------
    numbers : DataFrame
        One row a segment and column: `segment` (noise -1), `column` and `effect` (difference from all customers in
        standard deviations). The first 30 columns are drawn.

    Returns
    -------
    Figure
        A heat map; colours end at 2 standard deviations. Grey is without values.

    Raises
    ------
    InputError
        If a column is missing.
    """
    info = heatmap_info(numbers)
    title = "Segments against all customers"
    if not info.differences.size:
        return message_figure(title, "There is no column of numbers.")
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
        write_beside(axes, share_text(count, sum(info.counts)), (count, place))
    axes.set_yticks(places, [segment_text(s, 30, 2 if len(info.labels) <= 14 else 1) for s in info.labels])
    axes.set_ylim(places[-1] + 0.6, -0.6)
    axes.set_xlim(0, 1.18 * max(info.counts))
    dress(axes, "Customers", grid="x")
    number_ticks(axes.xaxis, 6, whole=True)
    return figure
