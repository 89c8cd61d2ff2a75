"""Why these segments: what speaks for a number of segments, an algorithm and a winner."""

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PolyCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from segmentation.errors import InputError, nearest
from segmentation.plots._columns import checked_labels, numbers, sample_note
from segmentation.plots._curves import Curve, _k_axis, _mark_chosen, curve_info
from segmentation.plots._explore import annotate_cells
from segmentation.plots._style import (
    ACCENT,
    GRID,
    INK,
    LABEL_SIZE,
    NOISE_COLOR,
    PALETTE,
    SMALL_SIZE,
    SOFT,
    TICK_SIZE,
    dress,
    message_figure,
    new_figure,
    number_ticks,
    point_style,
    segment_name,
    side_legend,
)
from segmentation.plots._text import count_text, plain, signed_zero_free, words

if TYPE_CHECKING:
    from segmentation.evaluation._across import Step

MAX_NAMES = 12
# Hennig (2007) and the manual of his R package fpc: below which Jaccard similarity a segment is what.
BANDS = ((0.5, "dissolved"), (0.6, "not to be trusted"), (0.75, "a pattern, edges unsure"), (1.0, "stable"))
MEASURES = {"stability": "Stability", "agreement": "Agreement", "silhouette": "Silhouette"}
_MIXED_TO_WHOLE = LinearSegmentedColormap.from_list("mixed to whole", ["#C4C4C4", "#C6D9D0", PALETTE[2]])
_PALE = "#A9C9DF"
# Shares of all customers: the room that the number of a small segment needs, and between blocks.
_LEAST, _GAP = 0.026, 0.01
# Half the width of a block, of the distance between columns.
_HALF = 0.11


@dataclass(frozen=True)
class StructureInfo:
    """Silhouettes of cuts and of references, in the order of k; NaN where no cut was possible."""

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
class Block:
    """One group of one solution; heights are shares of all customers, `top` counts from the middle down."""

    label: int
    size: int
    stability: float
    top: float
    height: float


@dataclass(frozen=True)
class Ribbon:
    """Customers that two neighbouring solutions have in the same groups: where it starts and ends."""

    column: int
    before: int
    after: int
    count: int
    start: float
    end: float
    height: float
    stability: float


@dataclass(frozen=True)
class FlowsInfo:
    """Blocks of each solution from the top, ordered so that few ribbons cross; noise at the bottom."""

    ks: tuple[int, ...]
    columns: tuple[tuple[Block, ...], ...]
    ribbons: tuple[Ribbon, ...]
    n: int


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
    _need_columns(table, ("k", "segment", "size", "jaccard"), "segment stability")
    known = table[np.isfinite(_values(table, "jaccard")) & (table["segment"] >= 0)].sort_values(
        ["k", "segment"]
    )
    groups = [(int(k), rows) for k, rows in known.groupby("k")]
    dots = [
        Dot(column, offset, int(segment), int(size), float(jaccard))
        for column, (_, rows) in enumerate(groups)
        for offset, segment, size, jaccard in zip(
            _spread(len(rows)), rows["segment"], rows["size"], rows["jaccard"], strict=True
        )
    ]
    return DotsInfo(
        tuple(k for k, _ in groups),
        tuple(dots),
        tuple(len(rows) for _, rows in groups),
        tuple(int((rows["jaccard"] >= 0.75).sum()) for _, rows in groups),
    )


def _spread(n: int) -> np.ndarray:
    return (np.arange(n) - (n - 1) / 2) * min(0.16, 0.8 / max(n - 1, 1))


def flows_info(solutions: Sequence[Any]) -> FlowsInfo:
    """Stack the groups of each solution and lay the ribbons between neighbours."""
    # scikit-learn comes with it, and other figures do not wait for that.
    from segmentation.evaluation._across import across

    given = [checked_labels(labels) for labels in solutions]
    steps = across(given)
    n = len(given[0]) if given else 0
    if not steps or not n:
        return FlowsInfo((), (), (), n)
    sizes = [_sizes(steps[0].before, steps[0].flows.sum(axis=1))]
    sizes += [_sizes(step.after, step.flows.sum(axis=0)) for step in steps]
    stabilities: list[dict[int, float]] = [{}]
    stabilities += [dict(zip(sorted(set(step.after) - {-1}), step.stability, strict=True)) for step in steps]
    columns = tuple(map(_stack, _orders(steps), sizes, stabilities))
    ribbons = [
        ribbon for i, step in enumerate(steps) for ribbon in _ribbons(i, columns[i], columns[i + 1], step)
    ]
    return FlowsInfo((steps[0].ks[0], *(step.ks[1] for step in steps)), columns, tuple(ribbons), n)


def _sizes(labels: tuple[int, ...], counts: np.ndarray) -> dict[int, int]:
    return dict(zip(labels, counts.tolist(), strict=True))


def _orders(steps: "Sequence[Step]") -> list[list[int]]:
    """Labels from top to bottom, moved to where their members are on both sides (Sugiyama's barycentres)."""
    orders = [
        sorted(labels, key=_noise_last) for labels in (steps[0].before, *(step.after for step in steps))
    ]
    down = [(i + 1, i, step.after, step.before, step.flows) for i, step in enumerate(steps)]
    up = [(i, i + 1, step.before, step.after, step.flows.T) for i, step in enumerate(steps)][::-1]
    for column, neighbour, labels, others, flows in (down + up) * 3 + down:
        places = np.array([orders[neighbour].index(other) for other in others])
        # Rounded, for what comes from the same segment keeps the order that the other side gave it.
        means = dict(zip(labels, np.round(places @ flows / flows.sum(axis=0), 9), strict=True))
        orders[column].sort(key=lambda label, means=means: (label < 0, means[label]))  # type: ignore[misc]
    return orders


def _noise_last(label: int) -> tuple[bool, int]:
    return label < 0, label


def _stack(order: list[int], sizes: dict[int, int], stability: dict[int, float]) -> tuple[Block, ...]:
    heights = [sizes[label] / sum(sizes.values()) for label in order]
    slots = [max(height, _LEAST) for height in heights]
    top = -(sum(slots) + _GAP * (len(slots) - 1)) / 2
    blocks = []
    for label, height, slot in zip(order, heights, slots, strict=True):
        middle = top + slot / 2
        blocks.append(Block(label, sizes[label], stability.get(label, np.nan), middle - height / 2, height))
        top += slot + _GAP
    return tuple(blocks)


def _ribbons(column: int, left: tuple[Block, ...], right: tuple[Block, ...], step: "Step") -> list[Ribbon]:
    counts = {
        (before, after): int(step.flows[i, j])
        for i, before in enumerate(step.before)
        for j, after in enumerate(step.after)
    }
    n = step.flows.sum()
    # Ribbons leave and reach a block in the order of the blocks at their other ends: none cross at a block.
    starts, ends = {b.label: b.top for b in left}, {b.label: b.top for b in right}
    found = []
    for source in left:
        for target in right:
            count = counts[source.label, target.label]
            if not count:
                continue
            start, end = starts[source.label], ends[target.label]
            found.append(
                Ribbon(column, source.label, target.label, count, start, end, count / n, target.stability)
            )
            starts[source.label] += count / n
            ends[target.label] += count / n
    return found


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
    _need_columns(table, (x, y), "the front")
    wanted = [*front] if winner is None else [*front, winner]
    lost = [str(label) for label in wanted if label not in table.index]
    if lost:
        raise InputError(
            f"'{lost[0]}' is on the front or the winner, but is no row of the table of candidates"
        )
    first, second = _values(table, x), _values(table, y)
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
    _need_columns(table, ("title", *MEASURES), "the leading candidates")
    shown = table.head(MAX_NAMES)
    measured = [(name, _values(shown, name)) for name in MEASURES]
    return SelectionInfo(
        tuple(str(title) for title in shown["title"]),
        tuple((name, values) for name, values in measured if np.isfinite(values).any()),
        len(table),
    )


def _need_columns(table: pd.DataFrame, needed: Sequence[str], what: str) -> None:
    for name in needed:
        if name not in table.columns:
            raise InputError(
                f"the table of {what} has no column '{name}'; {nearest(name, map(str, table.columns))}"
            )


def _values(table: pd.DataFrame, name: str) -> np.ndarray:
    return numbers(table[name].to_numpy(dtype=float, na_value=np.nan))


def structure(
    ks: Sequence[int], silhouettes: Sequence[float], expected: Sequence[float], sentence: str
) -> Figure:
    """Draw how clean the cuts are, beside data without segments.

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

    Returns
    -------
    Figure
        A line over what structureless data reaches.

    Raises
    ------
    InputError
        If there is not one value of each for every k.
    """
    info = structure_info(ks, silhouettes, expected)
    title = "Are there segments at all?"
    known = np.concatenate([info.silhouettes, info.expected])
    if not np.isfinite(info.silhouettes).any():
        return message_figure(title, plain(sentence, 90) if sentence else "No cut was possible.")
    # The sentence is laid out for less than the width that it gets: p-values are wider than words.
    figure, area = new_figure(title, (plain(sentence, 400) if sentence else "",), (7.8, 4.8))
    figure.set_size_inches(8.5, 4.8)
    axes = area.subplots()
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
    _k_axis(axes, "Silhouette of the cut (-1 to 1)")
    _fit_to_ks(axes, info.ks)
    axes.set_ylim(floor, max(1.12 * float(np.nanmax(known)), 0.1))
    number_ticks(axes.yaxis)
    side_legend(area, handles)
    return figure


def _fit_to_ks(axes: Axes, ks: np.ndarray) -> None:
    # One k alone needs others beside it, for the ticks to be whole.
    margin = 0.5 if ks[-1] > ks[0] else 1.0
    axes.set_xlim(ks[0] - margin, ks[-1] + margin)


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
    _accent_tick(axes, info.ks, chosen)
    axes.set_xlim(-0.6, len(ticks) - 0.4)
    axes.set_ylim(floor, 1.04)
    for place in range(1, len(ticks)):
        axes.axvline(place - 0.5, color="white", linewidth=2, zorder=1)
    found = sorted({dot.segment for dot in info.dots})
    side_legend(area, [Line2D([], [], label=segment_name(s), **point_style(s, 7, 1)) for s in found])
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


def _accent_tick(axes: Axes, ks: Sequence[int], chosen: int | None) -> None:
    for k, text in zip(ks, axes.get_xticklabels(), strict=True):
        if k == chosen:
            text.set_color(ACCENT)
            text.set_fontweight("bold")


def segment_flows(solutions: Sequence[Any], chosen: int | None = None) -> Figure:
    """Draw where the customers of each segment go when one more segment is asked for.

    Parameters
    ----------
    solutions : sequence of array of shape (n_customers,)
        Labellings of the same customers, by their numbers of segments; noise is -1.
    chosen : int, optional
        The number of segments that was decided on.

    Returns
    -------
    Figure
        A column of blocks for each solution, as high as they have customers, and ribbons of the customers that
        neighbours share; green where all members of a segment come from one segment, grey where they are mixed.
        Segment level stability across solutions (SLSA) of Dolnicar and Leisch (2017).

    Raises
    ------
    InputError
        If the solutions are not of the same customers.
    """
    info = flows_info(solutions)
    title = "Segments across solutions"
    if not info.columns:
        return message_figure(
            title, f"Two solutions are needed; given: {len(solutions)}, for {count_text(info.n, 'customer')}."
        )
    notes = (
        count_text(info.n, "customer"),
        "heights: customers",
        "green: members were together before; grey: a mixture",
    )
    height = min(4.4 + 0.16 * max(len(column) for column in info.columns), 7.6)
    figure, area = new_figure(title, notes, (min(max(7.5, 2.2 + 1.8 * len(info.ks)), 20), height))
    axes = area.subplots()
    _draw_ribbons(axes, info)
    for place, column in enumerate(info.columns):
        for block in column:
            _draw_block(axes, block, place)
    lowest = max(abs(edge) for column in info.columns for b in column for edge in (b.top, b.top + b.height))
    axes.set_xlim(-0.25, len(info.ks) - 0.75)
    axes.set_ylim(lowest + 0.02, -lowest - 0.02)
    dress(axes, grid="")
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.set_yticks([])
    axes.set_xticks(range(len(info.ks)), [f"k = {k}" + "\nchosen" * (k == chosen) for k in info.ks])
    axes.tick_params(axis="x", length=0, labelsize=LABEL_SIZE)
    _accent_tick(axes, info.ks, chosen)
    bar = area.colorbar(ScalarMappable(Normalize(0, 1), _MIXED_TO_WHOLE), ax=axes, shrink=0.7, aspect=30)
    bar.set_label("Stability across (0 to 1)", fontsize=TICK_SIZE, color=INK)
    bar.ax.tick_params(labelsize=SMALL_SIZE)
    return figure


def _draw_ribbons(axes: Axes, info: FlowsInfo) -> None:
    along = np.linspace(0, 1, 30)
    bend = along**2 * (3 - 2 * along)
    shapes = []
    for ribbon in info.ribbons:
        x = ribbon.column + _HALF + (1 - 2 * _HALF) * along
        top = ribbon.start + (ribbon.end - ribbon.start) * bend
        upper, lower = np.column_stack([x, top]), np.column_stack([x, top + ribbon.height])
        shapes.append(np.vstack([upper, lower[::-1]]))
    faces = [_stability_color(ribbon.stability, ribbon.after) for ribbon in info.ribbons]
    axes.add_collection(PolyCollection(shapes, facecolors=faces, linewidths=0, alpha=0.6))


def _stability_color(stability: float, label: int) -> Any:
    if label < 0:
        return NOISE_COLOR
    return "white" if np.isnan(stability) else _MIXED_TO_WHOLE(stability)


def _draw_block(axes: Axes, block: Block, place: int) -> None:
    face = _stability_color(block.stability, block.label)
    axes.add_patch(
        Rectangle(
            (place - _HALF, block.top),
            2 * _HALF,
            block.height,
            facecolor=face,
            edgecolor=INK,
            linewidth=0.7,
            zorder=2,
        )
    )
    axes.text(
        place,
        block.top + block.height / 2,
        "noise" if block.label < 0 else str(block.label),
        ha="center",
        va="center_baseline",
        fontsize=SMALL_SIZE,
        color=INK,
        zorder=3,
        # A small segment is lower than its number.
        path_effects=[withStroke(linewidth=2, foreground="white")],
    )


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
    handles += _mark_chosen(axes, chosen)
    _k_axis(axes, "Gap (log of dispersions)")
    _fit_to_ks(axes, gaps.ks)
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
        `silhouette`; a value may be missing. The first 12 are drawn.

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
    notes = ("dark: the winner", "bold: highest of its measure", sample_note(n, info.n, "candidates"))
    names = [plain(name, 44) for name in info.titles]
    width = 1 + 0.065 * max(map(len, names)) + 2.4 * len(info.measures)
    figure, area = new_figure(title, notes, (max(width, 7), 1.7 + 0.34 * n))
    panels = area.subplots(1, len(info.measures), sharey=True, squeeze=False)[0]
    for axes, (name, values) in zip(panels, info.measures, strict=True):
        _draw_measure(axes, MEASURES[name], values)
    panels[0].set_yticks(range(n), names)
    panels[0].get_yticklabels()[0].set_fontweight("bold")
    panels[0].set_ylim(n - 0.4, -0.6)
    return figure


def _draw_measure(axes: Axes, name: str, values: np.ndarray) -> None:
    colors = [PALETTE[0], *[_PALE] * (len(values) - 1)]
    axes.barh(range(len(values)), np.nan_to_num(values), color=colors, height=0.7)
    highest = float(np.nanmax(values))
    for row, value in enumerate(values):
        axes.annotate(
            signed_zero_free(value, ".3f") if np.isfinite(value) else "not known",
            (max(np.nan_to_num(value), 0), row),
            (4, 0),
            textcoords="offset points",
            va="center",
            fontsize=TICK_SIZE,
            fontweight="bold" if value == highest else "normal",
            color=INK if np.isfinite(value) else SOFT,
        )
    axes.axvline(0, color="#B0B0B0", linewidth=0.8)
    reach = max(highest, 0.05)
    axes.set_xlim(min(0.0, 1.1 * float(np.nanmin(values))), 1.35 * reach)
    dress(axes, title=name, grid="x")
    axes.tick_params(axis="y", length=0)
    number_ticks(axes.xaxis, 4)
