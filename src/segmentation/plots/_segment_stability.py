"""How often each segment was found again, for each number of segments."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from segmentation.plots._columns import need_columns, values_of
from segmentation.plots._style import (
    ACCENT,
    SMALL_SIZE,
    SOFT,
    dress,
    identities,
    message_figure,
    new_figure,
    point_style,
    segment_key,
)

# Hennig (2007) and the manual of his R package fpc: below which Jaccard similarity a segment is what.
BANDS = ((0.5, "dissolved"), (0.6, "not to be trusted"), (0.75, "a pattern, edges unsure"), (1.0, "stable"))


@dataclass(frozen=True)
class Dot:
    """One segment of one solution: its column, the place in it (-0.5 to 0.5), and its values."""

    column: int
    offset: float
    segment: int
    size: int
    jaccard: float


@dataclass(frozen=True)
class DotsInfo:
    """Segments of all solutions, and how many of each solution are stable (0.75 or more)."""

    ks: tuple[int, ...]
    dots: tuple[Dot, ...]
    n_segments: tuple[int, ...]
    n_stable: tuple[int, ...]


def dots_info(table: pd.DataFrame) -> DotsInfo:
    """Place the segments of each solution beside each other, in the order of their numbers."""
    need_columns(table, ("k", "segment", "size", "jaccard"), "segment stability")
    # A segment that no resample holds has no dot, and keeps its place.
    shown = table.assign(jaccard=values_of(table, "jaccard"))[table["segment"] >= 0]
    groups = [(int(k), rows) for k, rows in shown.sort_values(["k", "segment"]).groupby("k")]
    dots = [
        Dot(column, offset, int(segment), int(size), float(jaccard))
        for column, (_, rows) in enumerate(groups)
        for offset, segment, size, jaccard in zip(
            _spread(len(rows)), rows["segment"], rows["size"], rows["jaccard"], strict=True
        )
        if np.isfinite(jaccard)
    ]
    return DotsInfo(
        tuple(k for k, _ in groups),
        tuple(dots),
        tuple(len(rows) for _, rows in groups),
        tuple(int((rows["jaccard"] >= 0.75).sum()) for _, rows in groups),
    )


def _spread(n: int) -> np.ndarray:
    return (np.arange(n) - (n - 1) / 2) * min(0.16, 0.8 / max(n - 1, 1))


# The segments of other solutions are not the ones that have names.
@identities({})
def segment_stability(table: pd.DataFrame, chosen: int | None = None) -> Figure:
    """Draw how often each segment was found again in resamples, for each number of segments.

    Parameters
    ----------
    table : DataFrame
        One row a segment of a solution, with the columns `k`, `segment` (from 0), `size` (customers) and
        `jaccard` (mean over resamples of its best Jaccard similarity, 0 to 1).
    chosen : int, optional
        The number of segments that was decided on.

    Returns
    -------
    Figure
        A dot a segment, larger for more customers, over the bands of Hennig (2007): dissolved below 0.5, a
        pattern from 0.6, stable from 0.75. Segment level stability within solutions (SLSW) of Dolnicar and
        Leisch (2017).

    Raises
    ------
    InputError
        If a column is missing.
    """
    info = dots_info(table)
    title = "Stability of each segment"
    if not info.dots:
        return message_figure(title, "There is no segment to draw.")
    notes = ("best Jaccard similarity in resamples, mean", "larger dot: more customers")
    each = max(1.15, 0.13 * max(info.n_segments))
    figure, area = new_figure(title, notes, (min(max(7.5, 3.6 + each * len(info.ks)), 19), 5.2))
    axes = area.subplots()
    lowest = min(dot.jaccard for dot in info.dots)
    floor = max(-0.04, min(0.4, lowest - 0.08))
    _draw_bands(axes, floor)
    largest = max(dot.size for dot in info.dots)
    for dot in info.dots:
        size = 4 + 7.5 * np.sqrt(dot.size / max(largest, 1))
        axes.plot(dot.column + dot.offset, dot.jaccard, zorder=3, **point_style(dot.segment, size, 0.95))
    ticks = [
        f"{k}\n{stable} of {n} stable" + "\nchosen" * (k == chosen)
        for k, stable, n in zip(info.ks, info.n_stable, info.n_segments, strict=True)
    ]
    dress(axes, "Number of segments k", "Jaccard similarity (0 to 1)", grid="")
    axes.set_xticks(range(len(ticks)), ticks)
    accent_tick(axes, info.ks, chosen)
    axes.set_xlim(-0.6, len(ticks) - 0.4)
    axes.set_ylim(floor, 1.04)
    for place in range(1, len(ticks)):
        axes.axvline(place - 0.5, color="white", linewidth=2, zorder=1)
    segment_key(area, sorted({dot.segment for dot in info.dots}))
    return figure


def _draw_bands(axes: Axes, floor: float) -> None:
    bottom = floor
    for (top, word), shade in zip(BANDS, ("#F3D9D5", "#F6EAE2", "#EFF2EA", "#DDEEE4"), strict=True):
        if top <= floor:
            continue
        end = 1.04 if top == 1 else top
        axes.axhspan(bottom, end, color=shade, linewidth=0, zorder=0)
        axes.text(
            1.01,
            (bottom + end) / 2,
            word,
            transform=axes.get_yaxis_transform(),
            va="center",
            fontsize=SMALL_SIZE,
            color=SOFT,
        )
        bottom = top


def accent_tick(axes: Axes, ks: Sequence[int], chosen: int | None) -> None:
    """Make the tick of the number of segments that was decided on stand out."""
    for k, text in zip(ks, axes.get_xticklabels(), strict=True):
        if k == chosen:
            text.set_color(ACCENT)
            text.set_fontweight("bold")
