"""Are there segments: the cuts of a table beside those of tables without structure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from segmentation.plots._curves import curve_info, k_axis
from segmentation.plots._style import (
    GRID,
    PALETTE,
    SOFT,
    message_figure,
    new_figure,
    number_ticks,
    side_legend,
)
from segmentation.plots._text import plain


@dataclass(frozen=True)
class StructureInfo:
    """What is known of cuts and of references, in the order of k; NaN where no cut was possible."""

    ks: np.ndarray
    silhouettes: np.ndarray
    expected: np.ndarray


def structure_info(ks: Sequence[int], silhouettes: Any, expected: Any) -> StructureInfo:
    """Order the points; a silhouette of -1 says that there was no cut."""
    cuts, chance = (
        curve_info(name, ks, values)
        for name, values in (("silhouettes", silhouettes), ("expected", expected))
    )
    seen, usual = (np.where(curve.values > -1, curve.values, np.nan) for curve in (cuts, chance))
    return StructureInfo(cuts.ks.astype(int), seen, usual)


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
