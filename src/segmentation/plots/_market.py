"""What the segments are worth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from segmentation.plots._columns import need_columns, values_of
from segmentation.plots._style import (
    INK,
    SMALL_SIZE,
    SOFT,
    TICK_SIZE,
    dress,
    letters_wide,
    message_figure,
    new_figure,
    number_ticks,
    segment_color,
    segment_text,
    side_legend,
    write_beside,
)
from segmentation.plots._text import count_text, words


@dataclass(frozen=True)
class ValueInfo:
    """Shares of customers and of value, 0 to 1, in the order of the segments, noise last."""

    labels: tuple[int, ...]
    customers: np.ndarray
    sizes: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class Bubble:
    """One segment: where it lies (0 to 1), its customers, its score, and whether a criterion knocked it out."""

    label: int
    x: float
    y: float
    customers: float
    score: float
    out: bool


def value_info(table: pd.DataFrame) -> ValueInfo:
    """Order the segments, noise last."""
    need_columns(table, ("customers", "share", "value_share"), "segments")
    order = sorted(range(len(table)), key=lambda i: (int(table.index[i]) < 0, int(table.index[i])))
    rows = table.iloc[order]
    return ValueInfo(
        tuple(int(label) for label in rows.index),
        values_of(rows, "customers"),
        values_of(rows, "share"),
        values_of(rows, "value_share"),
    )


def bubbles_info(ranked: pd.DataFrame, y: str) -> tuple[tuple[Bubble, ...], int]:
    """Bubbles that can be placed, the largest first, and how many cannot."""
    need_columns(ranked, ("distinctness", y, "customers"), "attractiveness")
    reasons = ranked["knocked_out"] if "knocked_out" in ranked else pd.Series("", ranked.index)
    out = reasons.fillna("").astype(str) != ""
    score = values_of(ranked, "score") if "score" in ranked else np.full(len(ranked), np.nan)
    columns = [*(values_of(ranked, name) for name in ("distinctness", y, "customers")), score]
    every = [
        Bubble(int(label), float(across), float(up), float(n), float(reached), bool(knocked))
        for label, across, up, n, reached, knocked in zip(ranked.index, *columns, out, strict=True)
    ]
    placed = [b for b in every if np.isfinite(b.x) and np.isfinite(b.y)]
    return tuple(sorted(placed, key=lambda b: (-b.customers, b.label))), len(every) - len(placed)


def value_bars(segments: pd.DataFrame) -> Figure:
    """Draw each segment's share of the customers beside its share of the value.

    Parameters
    ----------
    segments : DataFrame
        One row a segment, the index its label (noise -1), with `customers`, `share` and `value_share` (0 to 1, NaN
        where no value is known).

    Returns
    -------
    Figure
        Two bars a segment, and how many times more value it has than customers.

    Raises
    ------
    InputError
        If a column is missing.
    """
    info = value_info(segments)
    title = "Customers and value"
    if not np.isfinite(info.values).any():
        return message_figure(title, "No value is known of the segments: no value column is named.")
    names = [segment_text(label, 30) for label in info.labels]
    notes = (
        "pale: share of the customers; strong: share of the value",
        "times: value for each customer, compared with the mean of all",
    )
    figure, area = new_figure(title, notes, (5.6 + letters_wide(names), 1.4 + 0.5 * len(names)))
    axes = area.subplots()
    places = np.arange(len(names)) + np.array([0.4 if label < 0 else 0.0 for label in info.labels])
    colors = [segment_color(label) for label in info.labels]
    values = np.nan_to_num(info.values)
    axes.barh(places - 0.2, 100 * info.sizes, color=colors, alpha=0.35, height=0.36)
    axes.barh(places + 0.2, 100 * values, color=colors, height=0.36)
    for place, size, value, customers in zip(places, info.sizes, info.values, info.customers, strict=True):
        known = np.isfinite(value)
        times = f"  {value / size:.2g} times" if known and size > 0 else ""
        for shift, at, text in (
            (-0.2, size, f"{size:.1%} ({int(customers):,})"),
            (0.2, value, f"{value:.1%}{times}" if known else "no value known"),
        ):
            write_beside(
                axes,
                text,
                (100 * max(np.nan_to_num(at), 0), place + shift),
                fontsize=SMALL_SIZE,
                color=INK if shift > 0 else SOFT,
                in_layout=False,
            )
    axes.set_yticks(places, names)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(places[-1] + 0.6, -0.6)
    reach = 100 * max(float(np.nanmax(info.values)), float(info.sizes.max(initial=0)), 0.01)
    low = 100 * float(np.nanmin(info.values))
    axes.set_xlim(1.1 * low if low < 0 else 0, 1.3 * reach)
    axes.axvline(0, color="#B0B0B0", linewidth=0.8)
    dress(axes, "Share of all (%)", grid="x")
    number_ticks(axes.xaxis, 6)
    return figure


def attractiveness_bubbles(ranked: pd.DataFrame, y: str = "value") -> Figure:
    """Draw the segments over distinctness and another criterion of attractiveness.

    Parameters
    ----------
    ranked : DataFrame
        One row a segment, the index its label, with a column of scores (0 to 1) for each criterion, `customers`,
        `score`, and `knocked_out` (the reason, or "").
    y : str
        The criterion of the upright axis.

    Returns
    -------
    Figure
        One numbered bubble a segment, hollow where a criterion knocked it out; the most attractive first in
        the legend.

    Raises
    ------
    InputError
        If a column is missing.
    """
    bubbles, lost = bubbles_info(ranked, y)
    title = "Attractiveness of the segments"
    if not bubbles:
        return message_figure(title, f"No segment has both scores: Distinctness and {words(y).lower()}.")
    notes = (
        "area: customers",
        "hollow: knocked out" if any(b.out for b in bubbles) else "",
        f"{count_text(lost, 'segment')} without both scores" if lost else "",
    )
    figure, area = new_figure(title, notes, (8.5, 5.4))
    axes = area.subplots()
    largest = max(b.customers for b in bubbles) or 1.0
    for b in bubbles:
        color = segment_color(b.label)
        axes.plot(
            b.x,
            b.y,
            "o",
            markersize=max(52 * np.sqrt(b.customers / largest), 9),
            markerfacecolor="none" if b.out else color,
            markeredgecolor=color if b.out else "white",
            markeredgewidth=2 if b.out else 1,
            alpha=0.9 if b.out else 0.75,
            zorder=2,
        )
        axes.annotate(
            str(b.label) if b.label >= 0 else "noise",
            (b.x, b.y),
            ha="center",
            va="center_baseline",
            fontsize=TICK_SIZE,
            color=INK,
            zorder=3,
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
            in_layout=False,
        )
    dress(axes, "Distinctness (score, 0 to 1)", f"{words(y, 40)} (score, 0 to 1)")
    _bubble_limits(axes, bubbles)
    number_ticks(axes.xaxis)
    number_ticks(axes.yaxis)
    side_legend(area, _bubble_handles(bubbles))
    return figure


def _bubble_limits(axes: Axes, bubbles: Sequence[Bubble]) -> None:
    # A bubble of half the largest size reaches over the edge of the scores.
    for values, limit in (([b.x for b in bubbles], axes.set_xlim), ([b.y for b in bubbles], axes.set_ylim)):
        low, high = min(*values, 0.0), max(*values, 1.0)
        limit(low - 0.1 * (high - low), high + 0.1 * (high - low))


def _bubble_handles(bubbles: Sequence[Bubble]) -> list[Line2D]:
    ranked = sorted(bubbles, key=lambda b: (b.out, -np.nan_to_num(b.score, nan=-1), b.label))
    lines = 2 if len(ranked) <= 14 else 1
    return [
        Line2D(
            [],
            [],
            linestyle="none",
            marker="o",
            markersize=8,
            color=segment_color(b.label),
            markerfacecolor="none" if b.out else segment_color(b.label),
            label=segment_text(b.label, 26, lines) + (f" ({b.score:.2f})" if np.isfinite(b.score) else ""),
        )
        for b in ranked
    ]
