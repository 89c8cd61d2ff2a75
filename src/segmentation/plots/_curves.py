"""Curves that help to choose a number of segments or a radius."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from segmentation.errors import InputError
from segmentation.plots._columns import MAX_POINTS, numbers
from segmentation.plots._style import (
    ACCENT,
    INK,
    PALETTE,
    TICK_SIZE,
    dress,
    message_figure,
    new_figure,
    number_ticks,
    palette_color,
    palette_marker,
    ring,
    side_legend,
)
from segmentation.plots._text import count_text, plain, short_number


@dataclass(frozen=True)
class Curve:
    """Values over the number of segments, in its order; `best` is the k of the highest one."""

    name: str
    ks: np.ndarray
    values: np.ndarray
    best: int | None


@dataclass(frozen=True)
class KDistanceInfo:
    """Sorted distances, thinned to at most 5,000 evenly spaced ranks."""

    ranks: np.ndarray
    distances: np.ndarray
    n: int
    n_beyond: int | None


def curve_info(name: str, ks: Sequence[int], values: Sequence[float]) -> Curve:
    """Order the points of one curve."""
    if len(ks) != len(values):
        raise InputError(f"the curve '{name}' has {len(ks)} numbers of segments and {len(values)} values")
    order = np.argsort(np.asarray(ks, dtype=float), kind="stable")
    x, y = np.asarray(ks, dtype=float)[order], numbers(values)[order]
    return Curve(name, x, y, int(x[np.nanargmax(y)]) if np.isfinite(y).any() else None)


def k_distance_info(distances: Sequence[float], eps: float | None = None) -> KDistanceInfo:
    """Sort the distances and count the customers beyond `eps`."""
    ordered = numbers(distances).ravel()
    ordered = np.sort(ordered[np.isfinite(ordered)])
    ranks = np.unique(np.linspace(0, max(len(ordered) - 1, 0), MAX_POINTS).round().astype(int))[
        : len(ordered)
    ]
    beyond = None if eps is None else int((ordered > eps).sum())
    return KDistanceInfo(ranks + 1, ordered[ranks], len(ordered), beyond)


def gap_info(ks: Sequence[int], values: Sequence[float], errors: Sequence[float]) -> tuple[Curve, Curve]:
    """Order gaps and errors; a gap without an error keeps an error of 0."""
    gaps, spread = curve_info("gap", ks, values), curve_info("errors", ks, errors)
    return gaps, Curve(spread.name, spread.ks, np.nan_to_num(spread.values), None)


def elbow(
    ks: Sequence[int],
    inertia: Sequence[float],
    space: str,
    knee: int | None = None,
    chosen: int | None = None,
) -> Figure:
    """Draw the within-segment sum of squares over the number of segments.

    Parameters
    ----------
    ks : sequence of int
        Numbers of segments.
    inertia : sequence of float
        The sum of squared distances to the centres for each.
    space : str
        The space in which the distances were taken, named on the axis.
    knee : int, optional
        Where the curve bends, found by the caller.
    chosen : int, optional
        The number of segments that was decided on.

    Returns
    -------
    Figure
        The curve with both marked.

    Raises
    ------
    InputError
        If there are not as many values as numbers of segments.
    """
    curve = curve_info("inertia", ks, inertia)
    title = "Elbow: inertia by number of segments"
    if curve.best is None:
        return message_figure(title, "There is no inertia to draw.")
    figure, area = new_figure(title, (f"space: {plain(space, 70)}",), (7.5, 4.6))
    axes = area.subplots()
    axes.plot(curve.ks, curve.values, color=PALETTE[0], marker="o", markersize=5)
    if knee is not None and knee in curve.ks:
        at = curve.values[curve.ks == knee][0]
        ring(axes, knee, at, PALETTE[5], f"knee at k = {knee}")
    mark_chosen(axes, chosen)
    k_axis(axes, curve.ks, "Inertia (sum of squared distances)")
    axes.set_ylim(bottom=0)
    number_ticks(axes.yaxis)
    _inner_legend(axes)
    return figure


def silhouette_curve(
    curves: Mapping[str, tuple[Sequence[int], Sequence[float]]], space: str, chosen: int | None = None
) -> Figure:
    """Draw the mean silhouette over the number of segments, one line an algorithm.

    Parameters
    ----------
    curves : mapping of str to (ks, values)
        Numbers of segments and silhouettes of each algorithm; NaN leaves a gap.
    space : str
        The space in which all of them were measured: others cannot be compared.
    chosen : int, optional
        The number of segments that was decided on.

    Returns
    -------
    Figure
        The lines, best algorithm first in the legend, each with its highest point ringed.

    Raises
    ------
    InputError
        If a curve has not as many values as numbers of segments.
    """
    infos = [curve_info(name, *points) for name, points in curves.items()]
    infos = sorted((i for i in infos if i.best is not None), key=lambda i: -np.nanmax(i.values))
    title = "Mean silhouette by number of segments"
    if not infos:
        return message_figure(title, "There is no silhouette to draw.")
    figure, area = new_figure(title, (f"space: {plain(space, 70)}", "ring: best of each line"), (8.5, 4.8))
    axes = area.subplots()
    handles: list[Line2D] = []
    order = list(curves)
    for info in infos:
        # The colour is the algorithm's place in the mapping, so that two figures of one study agree.
        place = order.index(info.name)
        color = palette_color(place)
        best = float(np.nanmax(info.values))
        label = f"{plain(info.name, 24).lstrip('_')}: {best:.3f} at {info.best}"
        handles += axes.plot(
            info.ks, info.values, markersize=5, label=label, color=color, marker=palette_marker(place)
        )
        ring(axes, float(info.best or 0), best, color, size=12)
    handles += mark_chosen(axes, chosen)
    k_axis(axes, np.concatenate([info.ks for info in infos]), "Mean silhouette (-1 to 1)")
    side_legend(area, handles)
    return figure


def k_distance(distances: Sequence[float], k: int, eps: float | None = None) -> Figure:
    """Draw the sorted distances of the customers to their k-th neighbour.

    Parameters
    ----------
    distances : sequence of float
        One a customer, in any order.
    k : int
        Which neighbour.
    eps : float, optional
        The radius that was decided on.

    Returns
    -------
    Figure
        The curve, and the customers beyond the radius.
    """
    info = k_distance_info(distances, eps)
    title = f"Distance to neighbour {k}"
    if not info.n:
        return message_figure(title, "There is no distance to draw.")
    figure, area = new_figure(title, (count_text(info.n, "customer"),), (7.5, 4.6))
    axes = area.subplots()
    axes.plot(info.ranks, info.distances, color=PALETTE[0], marker="o" if info.n == 1 else None)
    if eps is not None:
        label = f"eps = {short_number(eps)}: {count_text(info.n_beyond or 0, 'customer')} beyond"
        axes.axhline(eps, color=ACCENT, linestyle="--", label=label)
    dress(axes, "Customers, nearest first", f"Distance to neighbour {k}")
    axes.set_ylim(bottom=0)
    number_ticks(axes.xaxis)
    number_ticks(axes.yaxis)
    _inner_legend(axes)
    return figure


def gap_curve(
    ks: Sequence[int],
    values: Sequence[float],
    errors: Sequence[float],
    chosen: int | None = None,
    best: int | None = None,
) -> Figure:
    """Draw the gap statistic over the number of segments.

    Parameters
    ----------
    ks : sequence of int
        Numbers of segments.
    values : sequence of float
        The gap at each.
    errors : sequence of float
        Its standard error.
    chosen : int, optional
        The number of segments that was decided on.
    best : int, optional
        The k of the 1-standard-error rule (Tibshirani, Walther and Hastie 2001), found by the caller.

    Returns
    -------
    Figure
        The curve with error bars and both marked.

    Raises
    ------
    InputError
        If there is not one value and one error for every k.
    """
    gaps, spread = gap_info(ks, values, errors)
    title = "Gap statistic by number of segments"
    if gaps.best is None:
        return message_figure(title, "There is no gap to draw.")
    notes = ("how much tighter the segments are than cuts through a uniform box", "bars: one standard error")
    figure, area = new_figure(title, notes, (8.5, 4.6))
    axes = area.subplots()
    bars = axes.errorbar(
        gaps.ks,
        gaps.values,
        spread.values,
        color=PALETTE[0],
        marker="o",
        markersize=5,
        capsize=3,
        label="gap",
    )
    handles: list[Any] = [bars]
    if best is not None and best in gaps.ks:
        handles += ring(
            axes, best, gaps.values[gaps.ks == best][0], PALETTE[5], f"1-standard-error rule: k = {best}"
        )
    handles += mark_chosen(axes, chosen)
    k_axis(axes, gaps.ks, "Gap (log of dispersions)")
    number_ticks(axes.yaxis)
    side_legend(area, handles)
    return figure


def mark_chosen(axes: Axes, chosen: int | None) -> list[Line2D]:
    """The number of segments that was decided on, as handles for a legend."""
    if chosen is None:
        return []
    return [
        axes.axvline(
            chosen, color=ACCENT, linestyle="--", linewidth=1.4, zorder=1, label=f"chosen: k = {chosen}"
        )
    ]


def k_axis(axes: Axes, ks: np.ndarray, ylabel: str) -> None:
    """An axis of numbers of segments."""
    dress(axes, "Number of segments k", ylabel)
    # One k alone needs others beside it, for the ticks to be whole; so does a mark beyond the curve.
    shown = [float(k) for k in (*ks, *(x for line in axes.lines for x in np.ravel(line.get_xdata())))]
    margin = 0.5 if max(shown) > min(shown) else 1.0
    axes.set_xlim(min(shown) - margin, max(shown) + margin)
    axes.xaxis.set_major_locator(MaxNLocator(12, integer=True))


def _inner_legend(axes: Axes) -> None:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=TICK_SIZE, frameon=False, labelcolor=INK)
