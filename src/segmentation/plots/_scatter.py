"""Customers as points, coloured by segment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from segmentation.errors import InputError
from segmentation.plots._columns import (
    checked_labels,
    checked_matrix,
    numbers,
    sample_note,
    sampled,
)
from segmentation.plots._style import (
    INK,
    LABEL_SIZE,
    SMALL_SIZE,
    TICK_SIZE,
    draw_points,
    dress,
    message_figure,
    new_figure,
    number_ticks,
    segment_color,
    segment_legend,
)
from segmentation.plots._text import count_text, plain, with_unit, words

MAX_ARROWS = 6


@dataclass(frozen=True)
class PointsInfo:
    """The points to draw, of all rows that can be placed."""

    points: np.ndarray
    labels: np.ndarray
    all_labels: np.ndarray
    centers: np.ndarray
    n_placed: int


@dataclass(frozen=True)
class PcaInfo:
    """Points in the first two principal components; `shares` of variance, `loadings` (n_features, 2)."""

    points: PointsInfo
    shares: tuple[float, float]
    loadings: np.ndarray
    arrows: tuple[int, ...]


def points_info(matrix: np.ndarray, labels: Any, centers: Any = None) -> PointsInfo:
    """Leave out rows with gaps and take a sample of the others."""
    given = checked_labels(labels, len(matrix))
    middle = np.empty((0, matrix.shape[1])) if centers is None else numbers(centers)
    if middle.ndim != 2 or middle.shape[1] != matrix.shape[1]:
        raise InputError(
            f"centers must have the {matrix.shape[1]} columns of X, but their shape is {middle.shape}"
        )
    placed = np.flatnonzero(np.isfinite(matrix).all(axis=1))
    rows = placed[sampled(len(placed))]
    return PointsInfo(matrix[rows], given[rows], given, middle, len(placed))


def pca_info(matrix: np.ndarray, labels: Any) -> PcaInfo:
    """Project on the two directions of largest variance; the strongest loading of each is positive."""
    complete = matrix[np.isfinite(matrix).all(axis=1)]
    n_features = matrix.shape[1]
    center = complete.mean(axis=0) if len(complete) else np.zeros(n_features)
    spread = (complete - center).T @ (complete - center) / max(len(complete) - 1, 1)
    variances, axes = np.linalg.eigh(spread)
    variances, axes = np.maximum(variances[::-1], 0), axes[:, ::-1][:, :2]
    strongest = axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]
    axes = axes * np.where(strongest < 0, -1, 1)
    # One feature has no second direction: all customers lie on a line.
    loadings = np.hstack([axes, np.zeros((n_features, 2 - axes.shape[1]))])
    shares = np.append(variances, 0)[:2] / (variances.sum() or 1.0)
    weight = np.linalg.norm(loadings * np.sqrt(np.append(variances, 0)[:2]), axis=1)
    arrows = [int(i) for i in np.argsort(-weight, kind="stable")[:MAX_ARROWS] if weight[i] > 1e-9]
    points = points_info((matrix - center) @ loadings, labels)
    return PcaInfo(points, (float(shares[0]), float(shares[1])), loadings, tuple(arrows))


def _notes(info: PointsInfo) -> tuple[str, ...]:
    gone = len(info.all_labels) - info.n_placed
    return (
        count_text(len(info.all_labels), "customer"),
        sample_note(len(info.points), info.n_placed, "points"),
        f"{gone:,} with missing values left out" if gone else "",
    )


def scatter_2d(
    X: Any,
    labels: Any,
    centers: Any = None,
    names: Sequence[str] | None = None,
    units: Mapping[str, str] | None = None,
) -> Figure:
    """Draw customers by two features.

    Parameters
    ----------
    X : array or DataFrame of shape (n_customers, 2)
        The customers; at most 5,000 of them are drawn.
    labels : array of shape (n_customers,)
        Segments, noise -1.
    centers : array of shape (n_segments, 2), optional
        Row i is the centre of segment i.
    names : sequence of str, optional
        Names of the features; without them those of the DataFrame.
    units : mapping of str to str, optional
        Unit of a feature.

    Returns
    -------
    Figure
        Points by segment, each centre with its number.

    Raises
    ------
    InputError
        If X has not two columns, or names, labels or centres do not fit it.
    """
    matrix, columns = checked_matrix(X, names, 2)
    info = points_info(matrix, labels, centers)
    title = "Segments"
    if not info.n_placed:
        return message_figure(title, "There is no customer to draw.")
    figure, area = new_figure(title, _notes(info), (8, 5.4))
    axes = area.subplots()
    draw_points(axes, info.points, info.labels)
    draw_centers(axes, dict(enumerate(info.centers)))
    dress(axes, with_unit(columns[0], units, 50), with_unit(columns[1], units, 40))
    number_ticks(axes.xaxis, 7)
    number_ticks(axes.yaxis, 7)
    segment_legend(area, info.all_labels)
    return figure


def draw_centers(axes: Axes, centers: Mapping[int, np.ndarray]) -> None:
    """Numbered circles where the segments have their centres."""
    for label, center in centers.items():
        if np.isfinite(center).all():
            axes.plot(
                *center,
                "o",
                markersize=15,
                color="white",
                markeredgecolor=segment_color(label),
                markeredgewidth=2.2,
                zorder=3,
            )
            axes.annotate(
                str(label),
                (center[0], center[1]),
                ha="center",
                va="center_baseline",
                fontsize=TICK_SIZE,
                color=INK,
                zorder=4,
                in_layout=False,
            )


def scatter_3d(
    X: Any,
    labels: Any,
    centers: Any = None,
    names: Sequence[str] | None = None,
    units: Mapping[str, str] | None = None,
) -> Figure:
    """Draw customers by three features, from one point of view.

    Parameters
    ----------
    X : array or DataFrame of shape (n_customers, 3)
        The customers; at most 5,000 of them are drawn.
    labels : array of shape (n_customers,)
        Segments, noise -1.
    centers : array of shape (n_segments, 3), optional
        Row i is the centre of segment i.
    names : sequence of str, optional
        Names of the features; without them those of the DataFrame.
    units : mapping of str to str, optional
        Unit of a feature.

    Returns
    -------
    Figure
        Points by segment, each centre with its number.

    Raises
    ------
    InputError
        If X has not three columns, or names, labels or centres do not fit it.
    """
    matrix, columns = checked_matrix(X, names, 3)
    info = points_info(matrix, labels, centers)
    title = "Segments"
    if not info.n_placed:
        return message_figure(title, "There is no customer to draw.")
    figure, area = new_figure(title, _notes(info), (9, 6.4))
    axes: Any = area.subplots(subplot_kw={"projection": "3d"})
    draw_points(axes, info.points, info.labels, size=5)
    for label, center in enumerate(info.centers):
        if np.isfinite(center).all():
            # Depth sorting would hide a marker behind the points; text is always in front.
            box = {
                "boxstyle": "circle,pad=0.2",
                "facecolor": "white",
                "edgecolor": segment_color(label),
                "linewidth": 2,
            }
            axes.text(
                *center,
                str(label),
                ha="center",
                va="center",
                fontsize=TICK_SIZE,
                color=INK,
                bbox=box,
                zorder=10,
            )
    for axis, column in zip((axes.xaxis, axes.yaxis, axes.zaxis), columns, strict=True):
        axis.set_label_text(with_unit(column, units, 28), fontsize=LABEL_SIZE, color=INK)
        axis.labelpad = 6
        axis.set_pane_color("#F7F7F7")
        number_ticks(axis)
    axes.tick_params(labelsize=SMALL_SIZE)
    axes.view_init(elev=22, azim=-55)
    # The label of the vertical axis lies outside the box that the layout measures.
    axes.set_box_aspect(None, zoom=1.05)
    segment_legend(area, info.all_labels)
    return figure


def pca_scatter(
    X: Any, labels: Any, names: Sequence[str] | None = None, space: str = "features as given"
) -> Figure:
    """Draw customers in the plane of their two strongest principal components.

    Parameters
    ----------
    X : array or DataFrame of shape (n_customers, n_features)
        The customers in the space they were clustered in; at most 5,000 of them are drawn. Two features
        are drawn as they are, without a projection.
    labels : array of shape (n_customers,)
        Segments, noise -1.
    names : sequence of str, optional
        Names of the features; without them those of the DataFrame.
    space : str
        The name of that space.

    Returns
    -------
    Figure
        Points by segment; axes with their share of the variance; arrows for the six strongest features.

    Raises
    ------
    InputError
        If X is not a matrix, or names or labels do not fit it.
    """
    matrix, columns = checked_matrix(X, names)
    title = "Segments in the plane of largest variance"
    given = checked_labels(labels, len(matrix))
    if not matrix.shape[1] or not np.isfinite(matrix).all(axis=1).any():
        known = f"not one of {count_text(len(matrix), 'customer')} has all {count_text(matrix.shape[1], 'feature')}"
        return message_figure(
            title, f"Nothing to draw: {known if matrix.shape[1] else 'there are no features'}."
        )
    n_features = matrix.shape[1]
    info = pca_info(matrix, given)
    points = points_info(matrix, given) if n_features == 2 else info.points
    shown = len(info.arrows) if n_features > 2 else 0
    arrows = f"arrows: the {shown} strongest of {n_features} features" if n_features > MAX_ARROWS else ""
    figure, area = new_figure(title, (f"space: {plain(space, 50)}", *_notes(points), arrows), (8.5, 5.8))
    axes = area.subplots()
    draw_points(axes, points.points, points.labels)
    if n_features == 2:
        dress(axes, words(columns[0], 50), words(columns[1], 40))
    elif n_features == 1:
        dress(axes, f"{words(columns[0], 50)}, from its mean", "The only feature: nothing to show here")
        axes.set_yticks([])
    else:
        dress(
            axes, *(f"Component {i + 1} ({share:.0%} of the variance)" for i, share in enumerate(info.shares))
        )
        _draw_arrows(axes, info, columns)
    number_ticks(axes.xaxis, 7)
    if n_features > 1:
        number_ticks(axes.yaxis, 7)
    segment_legend(area, points.all_labels)
    return figure


def _draw_arrows(axes: Axes, info: PcaInfo, columns: list[str]) -> None:
    arrows = info.loadings[list(info.arrows)]
    if not len(arrows):
        return
    low, high = axes.get_xlim(), axes.get_ylim()
    tips = arrows / np.linalg.norm(arrows, axis=1).max() * 0.85 * min(-low[0], low[1], -high[0], high[1])
    names = [words(columns[i], 20) for i in info.arrows]
    # Room for the names, which stand outside the arrows: a letter is some 1.5 % of the width.
    room = [0.015 * (len(name) + 2) * (low[1] - low[0]) for name in names]
    ends = [tip[0] + (space if tip[0] >= 0 else -space) for tip, space in zip(tips, room, strict=True)]
    axes.set_xlim(min(low[0], *ends), max(low[1], *ends))
    for tip in tips:
        axes.annotate(
            "",
            tip,
            (0, 0),
            zorder=5,
            arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 1.2, "shrinkA": 0, "shrinkB": 0},
        )
    for side in (-1, 1):
        chosen = [i for i, tip in enumerate(tips) if (tip[0] >= 0) == (side > 0)]
        heights = spread_apart(np.array([tips[i][1] for i in chosen]), 0.055 * (high[1] - high[0]))
        for i, height in zip(chosen, heights, strict=True):
            axes.annotate(
                names[i],
                tips[i],
                (tips[i][0] + side * 0.015 * (low[1] - low[0]), height),
                ha="left" if side > 0 else "right",
                va="center",
                fontsize=SMALL_SIZE,
                color=INK,
                zorder=6,
                bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.8},
            )


def spread_apart(positions: np.ndarray, least: float) -> np.ndarray:
    """Move positions as little as needed to lie `least` apart, in their order."""
    order = np.argsort(positions, kind="stable")
    moved = positions.astype(float).copy()
    # Push upwards, then move the whole back by the mean shift: the names stay around their arrows.
    for before, after in pairwise(order):
        moved[after] = max(moved[after], moved[before] + least)
    return moved - (moved - positions).mean() if moved.size else moved
