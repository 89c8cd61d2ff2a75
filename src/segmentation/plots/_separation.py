"""How far apart the segments lie: hulls in a plane, and boxes of each feature."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure

from segmentation.plots._columns import (
    checked_labels,
    checked_matrix,
    numeric_columns,
    sample_note,
    segments,
)
from segmentation.plots._profile import MAX_FEATURES, segment_ticks
from segmentation.plots._scatter import PointsInfo, draw_centers, pca_info, points_info
from segmentation.plots._style import (
    INK,
    LABEL_SIZE,
    SOFT,
    TICK_SIZE,
    draw_points,
    dress,
    key_room,
    message_figure,
    named,
    new_figure,
    number_ticks,
    panel_grid,
    segment_color,
    segment_key,
    segment_legend,
)
from segmentation.plots._text import count_text, with_unit

INNER, OUTER = 0.5, 0.95
# Weaker neighbourhoods are not drawn: nearly all segments touch a little.
_LEAST_SIMILARITY = 0.1


@dataclass(frozen=True)
class Hulls:
    """Corners, shape (n, 2), around the inner half and around 95 % of a segment; its centre in the plane."""

    label: int
    inner: np.ndarray
    outer: np.ndarray
    center: np.ndarray


@dataclass(frozen=True)
class Neighbours:
    """Two segments and how much they touch: 0 apart, 1 the same."""

    one: int
    other: int
    similarity: float


@dataclass(frozen=True)
class SeparationInfo:
    """Points in the plane (a sample), hulls of all customers, and neighbours in the space of X."""

    points: PointsInfo
    hulls: tuple[Hulls, ...]
    neighbours: tuple[Neighbours, ...]
    axes: tuple[str, str]
    n_features: int


@dataclass(frozen=True)
class Spread:
    """5, 25, 50, 75 and 95 % of one column, shape (n_segments, 5), and the median of all."""

    column: str
    quantiles: np.ndarray
    median: float


@dataclass(frozen=True)
class BoxesInfo:
    """Segments, noise last, and the columns to draw."""

    labels: tuple[int, ...]
    spreads: tuple[Spread, ...]
    n_numeric: int


def separation_info(
    X: Any,
    labels: Any,
    names: Sequence[str] | None = None,
    units: Mapping[str, str] | None = None,
) -> SeparationInfo:
    """Lay the customers into a plane and take the hulls there."""
    matrix, columns = checked_matrix(X, names)
    given = checked_labels(labels, len(matrix))
    known = np.isfinite(matrix).all(axis=1)
    n_features = matrix.shape[1]
    if n_features == 2:
        plane, titles = matrix, (with_unit(columns[0], units, 50), with_unit(columns[1], units, 40))
    else:
        info = pca_info(matrix, given)
        center = matrix[known].mean(axis=0) if known.any() else np.zeros(n_features)
        plane = (matrix - center) @ info.loadings
        one, two = (f"Component {i + 1} ({share:.0%} of the variance)" for i, share in enumerate(info.shares))
        titles = (one, two)
    found = [s for s in segments(given[known]) if s >= 0]
    hulls = tuple(_hulls(plane[known & (given == s)], s) for s in found)
    touching = _neighbours(matrix[known], given[known], found)
    return SeparationInfo(points_info(plane, given), hulls, touching, titles, n_features)


def _hulls(points: np.ndarray, label: int) -> Hulls:
    center = points.mean(axis=0)
    order = np.argsort(((points - center) ** 2).sum(axis=1), kind="stable")
    inner, outer = (
        _hull(points[order[: max(int(np.ceil(part * len(points))), 1)]]) for part in (INNER, OUTER)
    )
    return Hulls(label, inner, outer, center)


def _hull(points: np.ndarray) -> np.ndarray:
    # It comes with scikit-learn, and other figures do not wait for that.
    from scipy.spatial import ConvexHull, QhullError

    try:
        return points[ConvexHull(points).vertices]
    except (QhullError, ValueError):
        # Fewer than three customers, or all on one line: from its one end to the other.
        order = np.lexsort((points[:, 1], points[:, 0]))
        return points[order[[0, -1]]]


def _neighbours(matrix: np.ndarray, labels: np.ndarray, found: list[int]) -> tuple[Neighbours, ...]:
    """Leisch's (2006) neighbourhood graph: how near customers are to the centre next to their own."""
    if len(found) < 2:
        return ()
    centers = np.array([matrix[labels == s].mean(axis=0) for s in found])
    totals = np.zeros((len(found), len(found)))
    for place, label in enumerate(found):
        members = matrix[labels == label]
        distances = np.sqrt(np.stack([((members - c) ** 2).sum(axis=1) for c in centers], axis=1))
        own = distances[:, place].copy()
        distances[:, place] = np.inf
        second = distances.argmin(axis=1)
        sums = own + distances.min(axis=1)
        # An own centre that is not the nearest would be more than the same: it counts as the same.
        shadow = np.minimum(2 * own / np.where(sums > 0, sums, 1), 1)
        np.add.at(totals[place], second, shadow / len(members))
    both = (totals + totals.T) / 2
    return tuple(
        Neighbours(found[i], found[j], float(both[i, j]))
        for i in range(len(found))
        for j in range(i + 1, len(found))
        if both[i, j] >= _LEAST_SIMILARITY
    )


def boxes_info(table: pd.DataFrame, labels: Any) -> BoxesInfo:
    """Take the quantiles of each segment."""
    given = checked_labels(labels, len(table))
    shown = segments(given)
    every = numeric_columns(table)
    spreads = [
        Spread(name, np.array([_quantiles(values[given == s]) for s in shown]), _quantiles(values)[2])
        for name, values in every[:MAX_FEATURES]
    ]
    return BoxesInfo(tuple(shown), tuple(spreads), len(every))


def _quantiles(values: np.ndarray) -> np.ndarray:
    finite = values[np.isfinite(values)]
    return np.quantile(finite, [0.05, 0.25, 0.5, 0.75, 0.95]) if finite.size else np.full(5, np.nan)


def segment_separation(
    X: Any,
    labels: Any,
    names: Sequence[str] | None = None,
    units: Mapping[str, str] | None = None,
) -> Figure:
    """Draw how far the segments are apart, with hulls around them.

    The segment separation plot of Dolnicar, Gruen and Leisch (2018, Market Segmentation Analysis, chapter 8).

    Parameters
    ----------
    X : array or DataFrame of shape (n_customers, n_features)
        The customers in the space they were clustered in. Two features are drawn as they are, others in the
        plane of the two strongest principal components. At most 5,000 customers are drawn; hulls are of all.
    labels : array of shape (n_customers,)
        Segments, noise -1.
    names : sequence of str, optional
        Names of the features; without them those of the DataFrame.
    units : mapping of str to str, optional
        Unit of a feature.

    Returns
    -------
    Figure
        Points, for each segment a filled hull of the half nearest to its centre and an outline of 95 %, and
        numbered centres. Lines join neighbours in the space of X, thicker where more customers lie between their
        centres (Leisch 2006, A toolbox for k-centroids cluster analysis).

    Raises
    ------
    InputError
        If X is not a matrix, or names or labels do not fit it.
    """
    title = "How far the segments are apart"
    if not np.size(X):
        return message_figure(title, "There is no customer to draw.")
    info = separation_info(X, labels, names, units)
    if not info.points.n_placed:
        return message_figure(title, "There is no customer to draw.")
    notes = (
        count_text(len(info.points.all_labels), "customer"),
        "filled: the half nearest to the centre; outline: 95 %",
        "lines join neighbours, thicker for more customers between them" if info.neighbours else "",
        sample_note(len(info.points.points), info.points.n_placed, "points"),
    )
    figure, area = new_figure(title, notes, (8.5, 5.8))
    axes = area.subplots()
    _draw_hulls(axes, info.hulls)
    draw_points(axes, info.points.points, info.points.labels, size=4, alpha=0.35)
    at = {hull.label: hull.center for hull in info.hulls}
    axes.add_collection(
        LineCollection(
            [[at[pair.one], at[pair.other]] for pair in info.neighbours],
            colors=INK,
            linewidths=[0.6 + 6 * pair.similarity for pair in info.neighbours],
            zorder=2.5,
            alpha=0.75,
        )
    )
    draw_centers(axes, at)
    if info.n_features == 1:
        dress(axes, f"{info.axes[0]}", "The only feature: nothing to show here")
        axes.set_yticks([])
    else:
        dress(axes, *info.axes)
        number_ticks(axes.yaxis, 7)
    number_ticks(axes.xaxis, 7)
    segment_legend(area, info.points.all_labels)
    return figure


def _draw_hulls(axes: Axes, hulls: Sequence[Hulls]) -> None:
    for hull in hulls:
        color = segment_color(hull.label)
        axes.add_collection(
            PolyCollection([hull.inner], facecolors=color, edgecolors=color, alpha=0.25, zorder=1.5)
        )
        axes.add_collection(
            PolyCollection(
                [hull.outer], facecolors="none", edgecolors=color, linewidths=1.1, linestyles="--", zorder=1.6
            )
        )


def feature_boxes(table: pd.DataFrame, labels: Any, units: Mapping[str, str] | None = None) -> Figure:
    """Draw how each measured column is spread in each segment.

    Parameters
    ----------
    table : DataFrame of shape (n_customers, n_columns)
        The customers in original units. The first 20 columns of numbers are drawn.
    labels : array of shape (n_customers,)
        Segments, noise -1.
    units : mapping of str to str, optional
        Unit of a column.

    Returns
    -------
    Figure
        One panel a column: a box of the middle half and the median of each segment, whiskers from 5 to 95 %;
        a line for the median of all customers. A column whose segments are far apart has a logarithmic axis.

    Raises
    ------
    InputError
        If there is not one label a customer.
    """
    info = boxes_info(table, labels)
    title = "Spread of each feature"
    if not info.labels or not any(np.isfinite(spread.median) for spread in info.spreads):
        return message_figure(title, f"Nothing to draw: {len(table):,} customers, {info.n_numeric} features.")
    across, down = panel_grid(len(info.spreads))
    notes = (
        "box: middle half; whiskers: 5 to 95 %",
        "dashed line: median of all customers",
        sample_note(len(info.spreads), info.n_numeric, "numeric columns"),
    )
    width = max(2.9, 0.9 + 0.15 * len(info.labels))
    figure, area = new_figure(title, notes, (max(6, min(width * across, 18)) + key_room(), 1.1 + 2.3 * down))
    grid = area.subplots(down, across, squeeze=False)
    for place, axes in enumerate(grid.flat):
        if place < len(info.spreads):
            _draw_spread(axes, info.spreads[place], info.labels, units)
        else:
            axes.set_axis_off()
    area.supxlabel("Segment", fontsize=LABEL_SIZE, color=INK)
    if named():
        segment_key(area, info.labels)
    return figure


def _draw_spread(
    axes: Axes, spread: Spread, labels: tuple[int, ...], units: Mapping[str, str] | None
) -> None:
    low, lower, median, upper, high = spread.quantiles.T
    places = np.arange(len(labels))
    # Three collections: an artist for each part of each box would take seconds.
    axes.vlines(places, low, high, color=SOFT, linewidth=0.9, zorder=2)
    corners = [
        [(x - 0.35, a), (x - 0.35, b), (x + 0.35, b), (x + 0.35, a)]
        for x, a, b in zip(places, lower, upper, strict=True)
    ]
    axes.add_collection(
        PolyCollection(
            corners, facecolors=[segment_color(s) for s in labels], edgecolors=INK, linewidths=0.6, zorder=3
        )
    )
    axes.hlines(median, places - 0.35, places + 0.35, color="white", linewidth=3, zorder=4)
    axes.hlines(median, places - 0.35, places + 0.35, color=INK, linewidth=1.4, zorder=5)
    if np.isfinite(spread.median):
        axes.axhline(spread.median, color=INK, linestyle="--", linewidth=0.9, zorder=1)
    else:
        axes.text(
            0.5, 0.5, "no values", transform=axes.transAxes, ha="center", fontsize=TICK_SIZE, color=SOFT
        )
    axes.autoscale_view()
    axes.set_xlim(-0.7, len(labels) - 0.3)
    dress(axes, title=with_unit(spread.column, units, 22), grid="y")
    segment_ticks(axes, labels)
    if np.isfinite(median).any() and np.nanmin(low) > 0 and np.nanmax(high) > 30 * np.nanmin(median):
        axes.set_yscale("log")
        axes.set_title(f"{axes.get_title(loc='left')}, log scale", fontsize=LABEL_SIZE, color=INK, loc="left")
        axes.tick_params(which="minor", length=0, labelsize=0)
    else:
        number_ticks(axes.yaxis, 4)
