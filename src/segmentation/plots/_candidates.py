"""Why this clustering: agreement of algorithms, the front of two objectives, the leading candidates."""

from collections.abc import Collection, Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from segmentation.errors import InputError
from segmentation.plots._columns import need_columns, numbers, sample_note, values_of
from segmentation.plots._style import (
    ACCENT,
    GRID,
    INK,
    PALETTE,
    SMALL_SIZE,
    SOFT,
    annotate_cells,
    dress,
    message_figure,
    new_figure,
    number_ticks,
    ring,
    side_legend,
    write_beside,
)
from segmentation.plots._text import count_text, plain, signed_zero_free, words

MAX_NAMES = 12
MEASURES = {"stability": "Stability", "agreement": "Agreement", "silhouette": "Silhouette"}
_PALE = "#A9C9DF"


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
        handles += ring(
            axes, info.x[info.winner], info.y[info.winner], ACCENT, f"winner: {plain(winner, 28)}"
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
        write_beside(
            axes,
            signed_zero_free(value, ".3f") if np.isfinite(value) else "not known",
            (max(np.nan_to_num(value), 0), row),
            fontweight="bold" if value == best and not refused[row] else "normal",
            color=INK if np.isfinite(value) else SOFT,
        )
    axes.axvline(0, color="#B0B0B0", linewidth=0.8)
    reach = max(float(np.nanmax(values)), 0.05)
    axes.set_xlim(min(0.0, 1.1 * float(np.nanmin(values))), 1.35 * reach)
    dress(axes, title=name, grid="x")
    axes.tick_params(axis="y", length=0)
    number_ticks(axes.xaxis, 4)
