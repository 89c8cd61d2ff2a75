"""The shallow tree that says in words who belongs to which segment."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from segmentation.plots._columns import sample_note
from segmentation.plots._style import (
    SMALL_SIZE,
    SOFT,
    message_figure,
    new_figure,
    segment_color,
    segment_text,
    write_beside,
)
from segmentation.plots._text import count_text, wrapped

MAX_LEAVES = 16
# Inches: a level of the tree, a row of leaves.
_LEVEL, _ROW = 2.15, 0.62


class Node(Protocol):
    """What is drawn of a node of a tree; the root's text is empty."""

    @property
    def text(self) -> str: ...
    @property
    def segment(self) -> int: ...
    @property
    def customers(self) -> int: ...
    @property
    def purity(self) -> float: ...
    @property
    def children(self) -> Sequence["Node"]: ...


@dataclass(frozen=True)
class Branch:
    """A node where it is drawn: its depth, its place from the top, and the leaves closed within it."""

    node: Node
    depth: int
    place: float
    parent: int | None
    closed: int


@dataclass(frozen=True)
class SurrogateInfo:
    """Branches, a parent before its children, and the numbers of leaves."""

    branches: tuple[Branch, ...]
    n_shown: int
    n_leaves: int


def surrogate_info(node: Node) -> SurrogateInfo:
    """Lay out the tree, with the branches of fewest customers closed where there are more than 16 leaves."""
    closed: set[int] = set()
    while len(_leaves(node, closed)) > MAX_LEAVES:
        ends = [n for n in _inner(node, closed) if all(_ends(child, closed) for child in n.children)]
        smallest = min(ends, key=lambda n: n.customers)
        # Nothing is left to close but the root: so many children has no tree of rules.
        if smallest is node:
            break
        closed.add(id(smallest))
    branches: list[Branch] = []
    _place(node, closed, 0, None, [0], branches)
    return SurrogateInfo(tuple(branches), len(_leaves(node, closed)), len(_leaves(node, set())))


def _ends(node: Node, closed: set[int]) -> bool:
    return not node.children or id(node) in closed


def _leaves(node: Node, closed: set[int]) -> list[Node]:
    if _ends(node, closed):
        return [node]
    return [leaf for child in node.children for leaf in _leaves(child, closed)]


def _inner(node: Node, closed: set[int]) -> list[Node]:
    if _ends(node, closed):
        return []
    return [node, *(n for child in node.children for n in _inner(child, closed))]


def _place(
    node: Node, closed: set[int], depth: int, parent: int | None, row: list[int], branches: list[Branch]
) -> float:
    number = len(branches)
    within = len(_leaves(node, set())) - 1 if _ends(node, closed) else 0
    branches.append(Branch(node, depth, 0.0, parent, within))
    if _ends(node, closed):
        place = float(row[0])
        row[0] += 1
    else:
        places = [_place(child, closed, depth + 1, number, row, branches) for child in node.children]
        place = (places[0] + places[-1]) / 2
    branches[number] = replace(branches[number], place=place)
    return place


def surrogate_tree(node: Node) -> Figure:
    """Draw the tree of rules, read from left to right.

    Parameters
    ----------
    node : node
        The root: `text` (the condition in words, "" for the root), `segment` (the commonest, noise -1),
        `customers`, `purity` (the share of its customers that are in that segment, 0 to 1) and `children`.

    Returns
    -------
    Figure
        Conditions on the branches, thicker for more customers; each leaf with its segment, customers and purity.
        Of more than 16 leaves the branches with the fewest customers are closed, which is said.
    """
    info = surrogate_info(node)
    title = "Who belongs to which segment"
    if info.n_leaves == 1:
        return message_figure(title, f"One rule for all {count_text(node.customers, 'customer')}: no tree.")
    depth = max(branch.depth for branch in info.branches)
    notes = (
        count_text(node.customers, "customer"),
        "pure: share of a leaf that is in its segment",
        sample_note(info.n_shown, info.n_leaves, "leaves"),
    )
    width, height = _LEVEL * depth + 3.4, _ROW * info.n_shown
    figure, area = new_figure(title, notes, (max(width, 6.5), 0.9 + max(height, 1.3)))
    axes = area.subplots()
    axes.set_axis_off()
    _draw_branches(axes, info, node.customers)
    for branch in info.branches:
        _draw_node(axes, branch, not branch.node.children or branch.closed > 0, node.customers)
    axes.set_xlim(-0.12, depth + 3.1 / _LEVEL)
    axes.set_ylim(info.n_shown - 0.45, -0.55)
    return figure


def _draw_branches(axes: Axes, info: SurrogateInfo, total: int) -> None:
    lines, widths, colors = [], [], []
    for branch in info.branches:
        if branch.parent is None:
            continue
        above = info.branches[branch.parent]
        bend = above.depth + 0.1
        lines.append(
            [
                (above.depth, above.place),
                (bend, above.place),
                (bend, branch.place),
                (branch.depth, branch.place),
            ]
        )
        widths.append(_line_width(branch.node, total))
        red, green, blue = to_rgb(segment_color(branch.node.segment))
        colors.append((0.5 + red / 2, 0.5 + green / 2, 0.5 + blue / 2))
    axes.add_collection(LineCollection(lines, linewidths=widths, colors=colors, joinstyle="round"))


def _line_width(node: Node, total: int) -> float:
    return 1 + 7 * node.customers / max(total, 1)


def _draw_node(axes: Axes, branch: Branch, leaf: bool, total: int) -> None:
    node = branch.node
    if branch.parent is not None:
        write_beside(
            axes,
            wrapped(node.text, 26, 2),
            (branch.depth - 0.87, branch.place),
            # Above the line, which is up to eight points wide.
            (0, 2 + _line_width(node, total) / 2),
            va="bottom",
            fontsize=SMALL_SIZE,
            linespacing=1.05,
            in_layout=False,
        )
    axes.plot(
        branch.depth,
        branch.place,
        "s" if leaf else "o",
        markersize=9 if leaf else 6,
        color=segment_color(node.segment),
        clip_on=False,
    )
    if not leaf:
        return
    more = f", {branch.closed + 1} leaves" if branch.closed else ""
    name = segment_text(node.segment, 34, 2)
    write_beside(
        axes,
        name,
        (branch.depth, branch.place),
        (9, 1 if "\n" not in name else -3),
        va="bottom",
        linespacing=1.1,
        in_layout=False,
    )
    write_beside(
        axes,
        f"{count_text(node.customers, 'customer')}, {node.purity:.0%} pure{more}",
        (branch.depth, branch.place),
        (9, -1 if "\n" not in name else -4),
        va="top",
        fontsize=SMALL_SIZE,
        color=SOFT,
        in_layout=False,
    )
