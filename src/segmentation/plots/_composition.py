"""What the segments are made of: the shares of the levels of each category."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from segmentation.plots._columns import need_columns, sample_note, segments
from segmentation.plots._profile import OTHER
from segmentation.plots._style import (
    INK,
    SMALL_SIZE,
    TICK_SIZE,
    dress,
    letters_wide,
    message_figure,
    new_figure,
    segment_text,
)
from segmentation.plots._text import plain, words

MAX_SEGMENTS = 20
MAX_LEVELS = 12
MAX_COMPOSITIONS = 6
# Pale enough for black numbers on them, and none of them the colour of a segment.
_LEVEL_COLORS = (
    "#8DD3C7",
    "#FDB462",
    "#BEBADA",
    "#FB8072",
    "#A6CEE3",
    "#B3DE69",
    "#FCCDE5",
    "#E5D8BD",
    "#BC80BD",
    "#CCEBC5",
    "#FFED6F",
    "#9EBCDA",
)
_OTHER_COLOR = "#C9C9C9"


@dataclass(frozen=True)
class Composition:
    """Shares of the levels of one column, shape (n_levels, n_rows): all customers, then each segment."""

    column: str
    levels: tuple[str, ...]
    shares: np.ndarray


@dataclass(frozen=True)
class CompositionInfo:
    """Segments, noise last, and the compositions to draw."""

    labels: tuple[int, ...]
    compositions: tuple[Composition, ...]
    n_columns: int


def composition_info(categories: pd.DataFrame) -> CompositionInfo:
    """Take the first 6 columns, each with its 12 commonest levels and the rest as "other"."""
    need_columns(categories, ("segment", "column", "level", "share", "overall"), "categories")
    labels = segments(categories["segment"].to_numpy(dtype=int))
    groups = list(categories.groupby("column", sort=False))
    return CompositionInfo(
        tuple(labels),
        tuple(_composition(str(column), rows, labels) for column, rows in groups[:MAX_COMPOSITIONS]),
        len(groups),
    )


def _composition(column: str, rows: pd.DataFrame, labels: list[int]) -> Composition:
    shares = rows.pivot_table(index="level", columns="segment", values="share", aggfunc="sum", sort=False)
    shares = shares.reindex(columns=labels).fillna(0.0)
    shares.insert(0, "all", rows.groupby("level")["overall"].first())
    common = shares.drop(index=OTHER, errors="ignore").sort_values("all", ascending=False, kind="stable")
    levels = [str(level) for level in common.index[:MAX_LEVELS]]
    table = common.iloc[:MAX_LEVELS].to_numpy(dtype=float)
    rest = shares.to_numpy(dtype=float).sum(axis=0) - table.sum(axis=0)
    if (rest > 1e-9).any():
        levels, table = [*levels, OTHER], np.vstack([table, np.maximum(rest, 0)])
    return Composition(column, tuple(levels), table)


def composition_bars(categories: pd.DataFrame) -> Figure:
    """Draw what the segments are made of, for each column of categories.

    Parameters
    ----------
    categories : DataFrame
        One row a segment, column and level: `segment` (noise -1), `column`, `level`, `share` of the segment and
        `overall` share (0 to 1).

    Returns
    -------
    Figure
        One panel a column, at most 6; one bar for all customers and one a segment, at most 20, of the 12
        commonest levels and the rest as "other".

    Raises
    ------
    InputError
        If a column is missing.
    """
    info = composition_info(categories)
    title = "What the segments are made of"
    if not info.compositions:
        return message_figure(title, "There is no column of categories.")
    labels = info.labels[:MAX_SEGMENTS]
    names = ["All customers", *(segment_text(label, 30, 2 if len(labels) <= 14 else 1) for label in labels)]
    rows = len(names) * (0.36 if any("\n" in name for name in names) else 0.27)
    each = [max(rows, 0.2 * len(c.levels)) + 0.65 for c in info.compositions]
    notes = (
        "share of the known values",
        sample_note(len(info.compositions), info.n_columns, "columns"),
        sample_note(len(labels), len(info.labels), "segments"),
    )
    longest = letters_wide([plain(level, 28) for c in info.compositions for level in c.levels])
    figure, area = new_figure(title, notes, (5.6 + letters_wide(names) + longest, 1.0 + sum(each)))
    grid = area.subplots(len(each), 1, squeeze=False, gridspec_kw={"height_ratios": each})[:, 0]
    for axes, composition in zip(grid, info.compositions, strict=True):
        _draw_composition(axes, composition, names)
    return figure


def _draw_composition(axes: Axes, composition: Composition, names: list[str]) -> None:
    # All customers stand apart from the segments.
    places = np.array([0.0, *(i + 0.3 for i in range(1, len(names)))])
    left = np.zeros(len(names))
    for number, (level, every) in enumerate(zip(composition.levels, composition.shares, strict=True)):
        shares = every[: len(names)]
        color = _OTHER_COLOR if level == OTHER and number else _LEVEL_COLORS[number % len(_LEVEL_COLORS)]
        # A name that begins with a low line is not taken into a legend.
        axes.barh(
            places,
            100 * shares,
            left=100 * left,
            color=color,
            edgecolor="white",
            linewidth=0.6,
            height=0.8,
            label=plain(level, 28).lstrip("_") or "(no name)",
        )
        for place, start, share in zip(places, left, shares, strict=True):
            if share >= 0.06:
                axes.text(
                    100 * (start + share / 2),
                    place,
                    f"{share:.0%}",
                    ha="center",
                    va="center_baseline",
                    fontsize=SMALL_SIZE,
                    color=INK,
                    in_layout=False,
                )
        left = left + shares
    dress(axes, title=words(composition.column, 50), grid="")
    axes.set_yticks(places, names)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(places[-1] + 0.6, -0.6)
    axes.set_xlim(0, 100)
    axes.xaxis.set_major_formatter("{x:.0f}%")
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(1.01, 1),
        borderaxespad=0,
        fontsize=SMALL_SIZE if len(composition.levels) > 8 else TICK_SIZE,
        frameon=False,
        labelcolor=INK,
        labelspacing=0.25,
    )
