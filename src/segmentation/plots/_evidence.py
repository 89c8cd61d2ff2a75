"""Why these segments: what speaks for a number of segments, an algorithm and a winner."""

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from segmentation.errors import InputError
from segmentation.plots._columns import need_columns, numbers, sample_note, values_of
from segmentation.plots._curves import Curve, curve_info, k_axis, mark_chosen
from segmentation.plots._style import (
    ACCENT,
    GRID,
    INK,
    PALETTE,
    SMALL_SIZE,
    SOFT,
    TICK_SIZE,
    annotate_cells,
    dress,
    identities,
    message_figure,
    new_figure,
    number_ticks,
    point_style,
    segment_key,
    side_legend,
)
from segmentation.plots._text import count_text, plain, signed_zero_free, words

if TYPE_CHECKING:
    pass

MAX_NAMES = 12
# Hennig (2007) and the manual of his R package fpc: below which Jaccard similarity a segment is what.
BANDS = ((0.5, "dissolved"), (0.6, "not to be trusted"), (0.75, "a pattern, edges unsure"), (1.0, "stable"))
MEASURES = {"stability": "Stability", "agreement": "Agreement", "silhouette": "Silhouette"}
_PALE = "#A9C9DF"


@dataclass(frozen=True)
class StructureInfo:
    """What is known of cuts and of references, in the order of k; NaN where no cut was possible."""

    ks: np.ndarray
    silhouettes: np.ndarray
    expected: np.ndarray


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


@dataclass(frozen=True)
class AgreementInfo:
    """Names and indices of at most 12 answers."""

    names: tuple[str, ...]
    values: np.ndarray
    n_names: int


@dataclass(frozen=True)
class FrontInfo:
    """Candidates that have both objectives; positions of the front, by the first one, and of the winner."""

    x: np.ndarray
    y: np.ndarray
    front: np.ndarray
    winner: int | None
    n: int


@dataclass(frozen=True)
class SelectionInfo:
    """Candidates in their order and the measures that any of them has."""

    titles: tuple[str, ...]
    measures: tuple[tuple[str, np.ndarray], ...]
    refused: np.ndarray
    n: int


def structure_info(ks: Sequence[int], silhouettes: Any, expected: Any) -> StructureInfo:
    """Order the points; a silhouette of -1 says that there was no cut."""
    cuts, chance = (
        curve_info(name, ks, values)
        for name, values in (("silhouettes", silhouettes), ("expected", expected))
    )
    seen, usual = (np.where(curve.values > -1, curve.values, np.nan) for curve in (cuts, chance))
    return StructureInfo(cuts.ks.astype(int), seen, usual)


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


def agreement_info(table: pd.DataFrame) -> AgreementInfo:
    """Check that rows and columns name the same answers, and keep the first 12."""
    names = [str(name) for name in table.index]
    if names != [str(name) for name in table.columns]:
        raise InputError(
            f"agreement needs the same names as rows and columns, in one order; it has {table.shape[0]} rows and "
            f"{table.shape[1]} columns that differ"
        )
    shown = names[:MAX_NAMES]
    return AgreementInfo(
        tuple(shown),
        numbers(table.to_numpy(dtype=float, na_value=np.nan))[: len(shown), : len(shown)],
        len(names),
    )


def gap_info(ks: Sequence[int], values: Sequence[float], errors: Sequence[float]) -> tuple[Curve, Curve]:
    """Order gaps and errors; a gap without an error keeps an error of 0."""
    gaps, spread = curve_info("gap", ks, values), curve_info("errors", ks, errors)
    return gaps, Curve(spread.name, spread.ks, np.nan_to_num(spread.values), None)


def front_info(
    table: pd.DataFrame, x: str, y: str, front: Collection[Hashable], winner: Hashable | None
) -> FrontInfo:
    """Find the front and the winner among the candidates that have both objectives."""
    need_columns(table, (x, y), "the front")
    wanted = [*front] if winner is None else [*front, winner]
    lost = [str(label) for label in wanted if label not in table.index]
    if lost:
        raise InputError(
            f"'{lost[0]}' is on the front or the winner, but is no row of the table of candidates"
        )
    first, second = values_of(table, x), values_of(table, y)
    known = np.isfinite(first) & np.isfinite(second)
    first, second, index = first[known], second[known], table.index[known]
    on_front = np.flatnonzero(index.isin(list(front)))
    won = np.flatnonzero(index == winner) if winner is not None else np.array([], dtype=int)
    return FrontInfo(
        first,
        second,
        on_front[np.lexsort((second[on_front], first[on_front]))],
        int(won[0]) if won.size else None,
        len(table),
    )


def selection_info(table: pd.DataFrame) -> SelectionInfo:
    """Keep the first 12 candidates and the measures that are known of any."""
    need_columns(table, ("title", *MEASURES), "the leading candidates")
    shown = table.head(MAX_NAMES)
    measured = [(name, values_of(shown, name)) for name in MEASURES]
    return SelectionInfo(
        tuple(str(title) for title in shown["title"]),
        tuple((name, values) for name, values in measured if np.isfinite(values).any()),
        shown["refused"].to_numpy(dtype=bool) if "refused" in shown else np.zeros(len(shown), dtype=bool),
        len(table),
    )


def structure(
    ks: Sequence[int],
    silhouettes: Sequence[float],
    expected: Sequence[float],
    sentence: str,
    stabilities: Sequence[float] = (),
    stabilities_expected: Sequence[float] = (),
) -> Figure:
    """Draw how clean the cuts are and how often they come back, beside data without segments.

    Parameters
    ----------
    ks : sequence of int
        Numbers of segments.
    silhouettes : sequence of float
        Silhouette of the cut at each; -1 where none was possible.
    expected : sequence of float
        The highest mean of structureless references there.
    sentence : str
        The verdict, written below the title.
    stabilities, stabilities_expected : sequence of float, optional
        Adjusted Rand index of the cuts of two halves of the customers, for the first numbers of segments, and the
        highest mean of the references.

    Returns
    -------
    Figure
        A line over what structureless data reaches, of each.

    Raises
    ------
    InputError
        If there is not one value of each for every k.
    """
    info = structure_info(ks, silhouettes, expected)
    title = "Are there segments at all?"
    if not np.isfinite(info.silhouettes).any():
        return message_figure(title, plain(sentence, 90) if sentence else "No cut was possible.")
    # The sentence is laid out for less than the width that it gets: p-values are wider than words.
    again = structure_info(list(ks)[: len(stabilities)], stabilities, stabilities_expected)
    shown = [(info, "Silhouette of the cut (-1 to 1)")]
    if np.isfinite(again.silhouettes).any():
        shown.append((again, "Agreement of two halves\n(adjusted Rand index)"))
    height = 4.8 if len(shown) == 1 else 6.6
    figure, area = new_figure(title, (plain(sentence, 400) if sentence else "",), (7.8, height))
    figure.set_size_inches(8.5, height)
    panels = area.subplots(len(shown), squeeze=False)[:, 0]
    handles = [
        _draw_beside_references(axes, it, name) for axes, (it, name) in zip(panels, shown, strict=True)
    ]
    for axes in panels[:-1]:
        axes.set_xlabel("")
        panels[-1].set_xlim(axes.get_xlim())
    side_legend(area, handles[0])
    return figure


def _draw_beside_references(axes: Axes, info: StructureInfo, name: str) -> list[Any]:
    known = np.concatenate([info.silhouettes, info.expected])
    floor = min(0.0, float(np.nanmin(known)) - 0.02)
    handles: list[Any] = axes.plot(
        info.ks, info.silhouettes, color=PALETTE[0], marker="o", markersize=5, zorder=3, label="the customers"
    )
    if np.isfinite(info.expected).any():
        axes.fill_between(info.ks, floor, info.expected, color=GRID, linewidth=0)
        handles += axes.plot(
            info.ks,
            info.expected,
            color=SOFT,
            linestyle="--",
            marker="_",
            label="data without segments\n(highest mean of the references)",
        )
    k_axis(axes, info.ks, name)
    axes.set_ylim(floor, max(1.12 * float(np.nanmax(known)), 0.1))
    number_ticks(axes.yaxis)
    return handles


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


def agreement_matrix(table: pd.DataFrame) -> Figure:
    """Draw how far the answers of algorithms agree.

    Parameters
    ----------
    table : DataFrame of shape (n_answers, n_answers)
        Adjusted Rand indices; index and columns name the answers in the same order. The first 12 are drawn.

    Returns
    -------
    Figure
        A heat map with every value written; grey is without a value.

    Raises
    ------
    InputError
        If rows and columns are not named alike.
    """
    info = agreement_info(table)
    title = "Do algorithms agree?"
    n = len(info.names)
    if n < 2 or not np.isfinite(info.values).any():
        return message_figure(title, f"There is no agreement to draw between {count_text(n, 'answer')}.")
    notes = (
        "adjusted Rand index: 1 the same segments, 0 no more alike than by chance",
        sample_note(n, info.n_names, "answers"),
    )
    names = [plain(name, 40) for name in info.names]
    longest = 0.055 * max(map(len, names))
    figure, area = new_figure(
        title, notes, (max(7.0, 2.0 + longest + 0.5 * n), 1.6 + 0.7 * longest + 0.42 * n)
    )
    axes = area.subplots()
    axes.set_facecolor(GRID)
    image = axes.imshow(np.ma.masked_invalid(info.values), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    dress(axes, grid="")
    axes.set_xticks(range(n), names, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(n), names)
    axes.tick_params(length=0)
    annotate_cells(axes, info.values, 1.1)
    bar = area.colorbar(image, ax=axes, extend="min" if np.nanmin(info.values) < 0 else "neither")
    bar.ax.tick_params(labelsize=SMALL_SIZE)
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
        handles += axes.plot(
            best,
            gaps.values[gaps.ks == best][0],
            "o",
            linestyle="none",
            markersize=14,
            markerfacecolor="none",
            markeredgecolor=PALETTE[5],
            markeredgewidth=2,
            label=f"1-standard-error rule: k = {best}",
        )
    handles += mark_chosen(axes, chosen)
    k_axis(axes, gaps.ks, "Gap (log of dispersions)")
    number_ticks(axes.yaxis)
    side_legend(area, handles)
    return figure


def pareto_front(
    table: pd.DataFrame, x: str, y: str, front: Collection[Hashable] = (), winner: Hashable | None = None
) -> Figure:
    """Draw all candidates over two objectives.

    Parameters
    ----------
    table : DataFrame
        One row a candidate, with the columns `x` and `y`; those without both values are left out.
    x, y : str
        The objectives.
    front : collection of index labels
        The candidates that no other beats in both.
    winner : index label, optional
        The candidate that won.

    Returns
    -------
    Figure
        Points, the front joined, and a ring around the winner.

    Raises
    ------
    InputError
        If a column is missing, or a label is no row of the table.
    """
    info = front_info(table, x, y, front, winner)
    title = "Candidates over two objectives"
    if not len(info.x):
        return message_figure(title, f"None of {count_text(info.n, 'candidate')} has both objectives.")
    missing = info.n - len(info.x)
    notes = (count_text(info.n, "candidate"), f"{missing:,} without both values" if missing else "")
    figure, area = new_figure(title, notes, (8.5, 4.8))
    axes = area.subplots()
    handles = axes.plot(
        info.x,
        info.y,
        "o",
        markersize=5,
        alpha=0.55,
        color=_PALE,
        markeredgecolor=PALETTE[0],
        label="candidate",
    )
    if len(info.front):
        handles += axes.plot(
            info.x[info.front],
            info.y[info.front],
            color=PALETTE[5],
            marker="o",
            markersize=6,
            linewidth=1.5,
            label="front: none is better in both",
        )
    if info.winner is not None:
        handles += axes.plot(
            info.x[info.winner],
            info.y[info.winner],
            "o",
            linestyle="none",
            markersize=14,
            markerfacecolor="none",
            markeredgecolor=ACCENT,
            markeredgewidth=2,
            label=f"winner: {plain(winner, 28)}",
        )
    dress(axes, words(x, 50), words(y, 50))
    number_ticks(axes.xaxis, 7)
    number_ticks(axes.yaxis, 7)
    side_legend(area, handles)
    return figure


def selection_evidence(table: pd.DataFrame) -> Figure:
    """Draw why the winner won.

    Parameters
    ----------
    table : DataFrame
        One row a candidate, the winner first, with the columns `title`, `stability`, `agreement` and
        `silhouette`; a value may be missing. The first 12 are drawn. With a column `refused` those that
        failed a test, of which not all is known, have a star and are compared with none.

    Returns
    -------
    Figure
        One panel a measure, one bar a candidate; the highest value of each in bold.

    Raises
    ------
    InputError
        If a column is missing.
    """
    info = selection_info(table)
    title = "Why this segmentation"
    if not info.measures:
        return message_figure(title, f"Nothing to compare: {count_text(info.n, 'candidate')}.")
    n = len(info.titles)
    stars = "*: refused, see the trials" if info.refused.any() else ""
    notes = ("dark: the winner", "bold: highest of its measure", stars, sample_note(n, info.n, "candidates"))
    names = [
        plain(name, 44) + " *" * bool(refused)
        for name, refused in zip(info.titles, info.refused, strict=True)
    ]
    width = 1 + 0.065 * max(map(len, names)) + 2.4 * len(info.measures)
    figure, area = new_figure(title, notes, (max(width, 7), 1.7 + 0.34 * n))
    panels = area.subplots(1, len(info.measures), sharey=True, squeeze=False)[0]
    for axes, (name, values) in zip(panels, info.measures, strict=True):
        _draw_measure(axes, MEASURES[name], values, info.refused)
    panels[0].set_yticks(range(n), names)
    panels[0].get_yticklabels()[0].set_fontweight("bold")
    panels[0].set_ylim(n - 0.4, -0.6)
    return figure


def _draw_measure(axes: Axes, name: str, values: np.ndarray, refused: np.ndarray) -> None:
    colors = [PALETTE[0], *[_PALE] * (len(values) - 1)]
    axes.barh(range(len(values)), np.nan_to_num(values), color=colors, height=0.7)
    best = max((v for v in values[~refused] if np.isfinite(v)), default=np.nan)
    for row, value in enumerate(values):
        axes.annotate(
            signed_zero_free(value, ".3f") if np.isfinite(value) else "not known",
            (max(np.nan_to_num(value), 0), row),
            (4, 0),
            textcoords="offset points",
            va="center",
            fontsize=TICK_SIZE,
            fontweight="bold" if value == best and not refused[row] else "normal",
            color=INK if np.isfinite(value) else SOFT,
        )
    axes.axvline(0, color="#B0B0B0", linewidth=0.8)
    reach = max(float(np.nanmax(values)), 0.05)
    axes.set_xlim(min(0.0, 1.1 * float(np.nanmin(values))), 1.35 * reach)
    dress(axes, title=name, grid="x")
    axes.tick_params(axis="y", length=0)
    number_ticks(axes.xaxis, 4)
