"""Where the customers of a segment go when one more segment is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PolyCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from segmentation.plots._columns import checked_labels
from segmentation.plots._segment_stability import accent_tick
from segmentation.plots._style import (
    INK,
    LABEL_SIZE,
    NOISE_COLOR,
    PALETTE,
    SMALL_SIZE,
    TICK_SIZE,
    dress,
    message_figure,
    new_figure,
)
from segmentation.plots._text import count_text

if TYPE_CHECKING:
    from segmentation.evaluation import Step

_MIXED_TO_WHOLE = LinearSegmentedColormap.from_list("mixed to whole", ["#C4C4C4", "#C6D9D0", PALETTE[2]])
# Shares of all customers: the room that the number of a small segment needs, and between blocks.
_LEAST, _GAP = 0.026, 0.01
# Half the width of a block, of the distance between columns.
_HALF = 0.11


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


def flows_info(solutions: Sequence[Any]) -> FlowsInfo:
    """Stack the groups of each solution and lay the ribbons between neighbours."""
    # scikit-learn comes with it, and other figures do not wait for that.
    from segmentation.evaluation import segment_overlap

    given = [checked_labels(labels) for labels in solutions]
    steps = segment_overlap(given)
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
    accent_tick(axes, info.ks, chosen)
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
