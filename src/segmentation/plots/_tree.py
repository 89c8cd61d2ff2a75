"""The tree of an agglomerative clustering."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from scipy.cluster import hierarchy

from segmentation.errors import InputError
from segmentation.plots._style import (
    ACCENT,
    INK,
    SMALL_SIZE,
    SOFT,
    dress,
    message_figure,
    new_figure,
    number_ticks,
    segment_color,
    segment_legend,
    write_beside,
)
from segmentation.plots._text import count_text

MAX_MERGES = 30


@dataclass(frozen=True)
class TreeInfo:
    """The last merges: `paths` (n_merges, 4, 2), the segment of each (None above the cut), and the leaves."""

    paths: np.ndarray
    segments: tuple[int | None, ...]
    leaf_segments: tuple[int, ...]
    leaf_sizes: tuple[int, ...]
    cut: float | None
    labels: np.ndarray


def tree_info(linkage_matrix: Any, n_segments: int) -> TreeInfo:
    """Cut the tree into `n_segments` and lay out its last 30 merges."""
    Z = np.asarray(linkage_matrix, dtype=float)
    if Z.ndim != 2 or Z.shape[1] != 4 or not len(Z):
        raise InputError(
            f"a linkage matrix has 4 columns and a row a merge, but this one has the shape {Z.shape}"
        )
    n = len(Z) + 1
    if not 1 <= n_segments <= n:
        raise InputError(f"a tree of {n} customers can be cut into 1 to {n} segments, not {n_segments}")
    roots, branch = _cut(Z, n_segments)
    # Segments are numbered by size, the largest first.
    members = np.bincount(branch[:n], minlength=len(roots))
    number = np.argsort(np.argsort(-members, kind="stable"), kind="stable").tolist()
    # Every node of a branch has its number; the nodes above the cut have none.
    segment = [number[b] if b >= 0 else None for b in branch]
    shown: dict[int, int | None] = {}

    def remember(node: int) -> str:
        shown[node] = segment[node]
        return "none" if segment[node] is None else str(segment[node])

    drawn = hierarchy.dendrogram(
        Z,
        p=min(max(MAX_MERGES + 1, n_segments), n),
        truncate_mode="lastp",
        no_plot=True,
        link_color_func=remember,
    )
    paths = np.stack([np.array(drawn["icoord"]), np.array(drawn["dcoord"])], axis=2)
    owners = tuple(None if color == "none" else int(color) for color in drawn["color_list"])
    leaves = drawn["leaves"]
    sizes = tuple(1 if leaf < n else int(Z[leaf - n, 3]) for leaf in leaves)
    # A leaf always lies below the cut: at least as many leaves as segments are shown.
    leaf_segments = tuple(int(segment[leaf] or 0) for leaf in leaves)
    cut = None if n_segments in (1, n) else float(Z[n - n_segments - 1 : n - n_segments + 1, 2].mean())
    return TreeInfo(paths, owners, leaf_segments, sizes, cut, np.array([segment[i] or 0 for i in range(n)]))


def _cut(Z: np.ndarray, n_segments: int) -> tuple[np.ndarray, np.ndarray]:
    """Roots of the branches and the branch of every node, -1 above the cut: the last merges are undone."""
    n = len(Z) + 1
    first_above = 2 * n - n_segments
    parent = np.full(2 * n - 1, 2 * n - 1)
    parent[Z[:, :2].astype(int).ravel()] = np.repeat(np.arange(n, 2 * n - 1), 2)
    roots = np.flatnonzero((np.arange(2 * n - 1) < first_above) & (parent >= first_above))
    branch = np.full(2 * n - 1, -1)
    branch[roots] = np.arange(len(roots))
    # A parent is numbered after its children, so from the top every parent is known before them.
    for node in range(first_above - 1, -1, -1):
        if parent[node] < first_above:
            branch[node] = branch[parent[node]]
    return roots, branch


def dendrogram(linkage_matrix: Any, n_segments: int) -> Figure:
    """Draw the last 30 merges of a tree and the cut that makes the segments.

    Parameters
    ----------
    linkage_matrix : array of shape (n_customers - 1, 4)
        As made by `scipy.cluster.hierarchy.linkage`.
    n_segments : int
        Number of segments, which are numbered by size, the largest first. Of more than 31 all are shown.

    Returns
    -------
    Figure
        Branches coloured as the segments, the cut line, below each leaf its number of customers.

    Raises
    ------
    InputError
        If the matrix is no linkage matrix, or the number of segments is impossible.
    """
    title = "Tree of merges"
    if np.size(linkage_matrix) == 0:
        return message_figure(title, "One customer makes no tree.")
    info = tree_info(linkage_matrix, n_segments)
    n = len(info.labels)
    notes = (
        count_text(n, "customer"),
        "below: customers of each leaf",
        f"last {len(info.paths)} of {n - 1:,} merges" if len(info.paths) < n - 1 else "",
    )
    figure, area = new_figure(title, notes, (max(8.5, 2.5 + 0.25 * len(info.leaf_sizes)), 5))
    axes = area.subplots()
    colors = [SOFT if s is None else segment_color(s) for s in info.segments]
    axes.add_collection(LineCollection(list(info.paths), colors=colors, linewidths=1.6))
    places = 5 + 10 * np.arange(len(info.leaf_sizes))
    for place, segment in zip(places, info.leaf_segments, strict=True):
        axes.plot(place, 0, "s", markersize=7, color=segment_color(segment), clip_on=False, zorder=4)
    top = float(info.paths[:, :, 1].max()) or 1.0
    if info.cut is not None:
        axes.axhline(info.cut, color=ACCENT, linestyle="--", linewidth=1.3)
        # Outside, where no branch crosses the words.
        write_beside(
            axes,
            f"cut into {n_segments}",
            (1, info.cut),
            xycoords=("axes fraction", "data"),
            fontsize=SMALL_SIZE,
            color=ACCENT,
            annotation_clip=False,
        )
    axes.set_xlim(0, 10 * len(places))
    axes.set_ylim(0, 1.06 * top)
    dress(axes, ylabel="Height of the merge (linkage distance)", grid="y")
    axes.set_xticks(places, [f"{size:,}" for size in info.leaf_sizes])
    axes.tick_params(
        axis="x",
        labelsize=SMALL_SIZE,
        labelcolor=INK,
        length=0,
        pad=7,
        labelrotation=90 if max(info.leaf_sizes) > 999 else 0,
    )
    number_ticks(axes.yaxis)
    segment_legend(area, info.labels)
    return figure
