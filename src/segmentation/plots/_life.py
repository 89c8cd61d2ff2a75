"""What becomes of the segments after they were found: moves, drift, changed shares, and what a watch would see."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import PercentFormatter

from segmentation.errors import InputError
from segmentation.plots._columns import need_columns, numbers, sample_note, values_of
from segmentation.plots._style import (
    GRID,
    INK,
    PALETTE,
    SMALL_SIZE,
    TICK_SIZE,
    dress,
    letters_wide,
    message_figure,
    new_figure,
    number_ticks,
    segment_color,
    segment_text,
    write_beside,
)
from segmentation.plots._text import count_text, short_number, signed_zero_free, words, wrapped

MAX_ROWS = 30
# Beyond so many segments their counts would not fit into the cells.
_MAX_WRITTEN = 16
# Siddiqi (2006), Credit Risk Scorecards: stable, to be watched, changed.
LIMITS = (0.1, 0.25)
BANDS = ("#9CCBBB", "#F2C36B", "#E58A8F")


@dataclass(frozen=True)
class FlowTable:
    """Counts of moves, their shares of each row (NaN in an empty one), and the cells of who stayed."""

    before: tuple[str, ...]
    after: tuple[str, ...]
    counts: np.ndarray
    shares: np.ndarray
    stayed: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class DriftInfo:
    """Columns with the highest index first, and the band of each: 0 below both limits."""

    columns: tuple[str, ...]
    values: np.ndarray
    bands: tuple[int, ...]
    n_columns: int


@dataclass(frozen=True)
class ShareInfo:
    """Shares before and after, 0 to 1; NaN where there was no such segment."""

    labels: tuple[Any, ...]
    before: np.ndarray
    after: np.ndarray


def flow_table(matrix: pd.DataFrame) -> FlowTable:
    """Take the shares of each row."""
    counts = np.nan_to_num(numbers(matrix.to_numpy(dtype=float, na_value=np.nan)))
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.full_like(counts, np.nan), where=totals > 0)
    columns = {label: place for place, label in enumerate(matrix.columns)}
    stayed = [(row, columns[label]) for row, label in enumerate(matrix.index) if label in columns]
    lines = 2 if max(counts.shape) <= _MAX_WRITTEN else 1
    before, after = ([_title(label, 26, lines) for label in axis] for axis in (matrix.index, matrix.columns))
    return FlowTable(tuple(before), tuple(after), counts, shares, tuple(stayed))


def _title(label: Any, width: int = 26, lines: int = 2) -> str:
    """A segment by its label, anything else as it is called."""
    if isinstance(label, (int, np.integer)):
        return segment_text(int(label), width, lines)
    return wrapped(label, width, lines)


def drift_info(table: pd.DataFrame, limits: tuple[float, float] = LIMITS) -> DriftInfo:
    """Order the columns by their index."""
    need_columns(table, ("column", "psi"), "drift")
    if not 0 < limits[0] <= limits[1]:
        raise InputError(f"limits must be two rising numbers above 0, not {limits[0]} and {limits[1]}")
    known = table[np.isfinite(values_of(table, "psi"))]
    values = values_of(known, "psi")
    order = np.argsort(-values, kind="stable")[:MAX_ROWS]
    bands = tuple(int(band) for band in np.searchsorted(limits, values[order], side="right"))
    return DriftInfo(tuple(str(known["column"].iloc[i]) for i in order), values[order], bands, len(known))


def share_info(before: Any, after: Any) -> ShareInfo:
    """Put the segments of both sides beside each other, noise last."""
    one, two = pd.Series(before, dtype=float), pd.Series(after, dtype=float)
    labels = list(dict.fromkeys([*one.index, *two.index]))
    if all(isinstance(label, (int, np.integer)) for label in labels):
        labels.sort(key=lambda label: (label < 0, label))
    return ShareInfo(
        tuple(labels), one.reindex(labels).to_numpy(dtype=float), two.reindex(labels).to_numpy(dtype=float)
    )


def migration_flows(matrix: pd.DataFrame) -> Figure:
    """Draw how many customers moved from which segment to which.

    Parameters
    ----------
    matrix : DataFrame of shape (n_before, n_after)
        Counts of customers; index and columns are the segments before and after, as labels (noise -1) or names.

    Returns
    -------
    Figure
        A heat map of the shares of each row, with counts and shares written for at most 16 segments; who stayed
        is framed.
    """
    info = flow_table(matrix)
    title = "Where customers moved"
    total = int(info.counts.sum())
    if not total:
        return message_figure(title, "There is no customer in both.")
    stayed = sum(info.counts[cell] for cell in info.stayed)
    notes = (
        count_text(total, "customer"),
        f"{stayed / total:.1%} stayed" if info.stayed else "",
        "shares of each row",
        "framed: stayed" if info.stayed else "",
    )
    n_rows, n_columns = info.counts.shape
    written = max(n_rows, n_columns) <= _MAX_WRITTEN
    cell = (0.78, 0.46) if written else (0.3, 0.26)
    row_names = [
        f"{name} ({int(count):,})" for name, count in zip(info.before, info.counts.sum(axis=1), strict=True)
    ]
    height = 1.9 + cell[1] * n_rows + (0.72 if written else 0.9) * letters_wide(info.after)
    width = 2.0 + letters_wide(row_names) + cell[0] * n_columns
    figure, area = new_figure(title, notes, (max(width, 6.5), height))
    axes = area.subplots()
    axes.set_facecolor(GRID)
    image = axes.imshow(np.ma.masked_invalid(info.shares), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    dress(axes, "To", "From", grid="")
    if written:
        axes.set_xticks(range(n_columns), info.after, rotation=40, ha="right", rotation_mode="anchor")
    else:
        axes.set_xticks(range(n_columns), info.after, rotation=90)
    axes.set_yticks(range(n_rows), row_names)
    axes.tick_params(length=0, labelsize=TICK_SIZE if written else SMALL_SIZE)
    for row, column in info.stayed:
        axes.add_patch(
            Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor=INK, linewidth=1.4, zorder=3)
        )
    if written:
        for (row, column), count in np.ndenumerate(info.counts):
            if count:
                share = info.shares[row, column]
                axes.text(
                    column,
                    row,
                    f"{int(count):,}\n{share:.0%}" if share >= 0.005 else f"{int(count):,}\n<1%",
                    ha="center",
                    va="center",
                    fontsize=SMALL_SIZE,
                    color="white" if share > 0.6 else INK,
                    in_layout=False,
                )
    bar = area.colorbar(image, ax=axes, format=PercentFormatter(1.0))
    bar.ax.tick_params(labelsize=SMALL_SIZE)
    return figure


def drift_bars(table: pd.DataFrame, limits: tuple[float, float] = LIMITS) -> Figure:
    """Draw how far the distribution of each feature has moved.

    Parameters
    ----------
    table : DataFrame
        One row a feature: `column` and `psi` (population stability index); others are ignored.
    limits : tuple of two floats, default=(0.1, 0.25)
        From where a feature is to be watched, and from where it has changed.

    Returns
    -------
    Figure
        Bars, the highest index first, at most 30, with both limits.

    Raises
    ------
    InputError
        If a column is missing or the limits do not rise.
    """
    info = drift_info(table, limits)
    title = "Drift of each feature"
    if not info.columns:
        return message_figure(title, "There is no feature with an index.")
    over = sum(band > 0 for band in info.bands)
    notes = (
        "population stability index",
        f"{over} of {count_text(info.n_columns, 'feature')} beyond a limit",
        sample_note(len(info.columns), info.n_columns, "features"),
    )
    names = [words(column, 34) for column in info.columns]
    figure, area = new_figure(title, notes, (5.4 + letters_wide(names), 1.8 + 0.32 * len(names)))
    axes = area.subplots()
    axes.barh(range(len(names)), info.values, color=[BANDS[band] for band in info.bands], height=0.7)
    for row, value in enumerate(info.values):
        write_beside(
            axes,
            signed_zero_free(value, ".3f") if value < 10 else short_number(float(value)),
            (max(value, 0), row),
            in_layout=False,
        )
    for limit, word in zip(limits, ("watch", "changed"), strict=True):
        axes.axvline(limit, color=INK, linestyle="--", linewidth=1.1)
        write_beside(
            axes,
            f"{word} {limit:g}",
            (limit, 1),
            (0, 3),
            xycoords=("data", "axes fraction"),
            ha="center",
            va="baseline",
            fontsize=SMALL_SIZE,
        )
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(0, 1.15 * max(float(info.values.max()), 1.15 * limits[1]))
    dress(axes, "Population stability index", grid="x")
    number_ticks(axes.xaxis, 6)
    return figure


def share_change(before: Mapping[Any, float] | pd.Series, after: Mapping[Any, float] | pd.Series) -> Figure:
    """Draw the share of each segment before and after.

    Parameters
    ----------
    before, after : Series or mapping of segment to share
        Shares (0 to 1) by label (noise -1) or by name; a segment may be in one of them only.

    Returns
    -------
    Figure
        One line a segment from a hollow point to a full one, and the change in percentage points.
    """
    info = share_info(before, after)
    title = "Shares of the segments, before and after"
    if not info.labels:
        return message_figure(title, "There is no segment.")
    names = [_title(label, 30) for label in info.labels]
    figure, area = new_figure(
        title,
        ("hollow: before; full: after", "right: change in percentage points"),
        (5.4 + letters_wide(names), 1.6 + 0.4 * len(names)),
    )
    axes = area.subplots()
    known = np.concatenate([info.before, info.after])
    reach = 100 * max(float(np.nanmax(known, initial=0)), 0.01)
    for row, (label, old, new) in enumerate(
        zip(info.labels, 100 * info.before, 100 * info.after, strict=True)
    ):
        color = segment_color(int(label)) if isinstance(label, (int, np.integer)) else PALETTE[0]
        axes.plot([old, new], [row, row], color=color, linewidth=2.4, alpha=0.5, zorder=1)
        axes.plot(old, row, "o", markersize=9, color="white", markeredgecolor=color, markeredgewidth=1.8)
        axes.plot(new, row, "o", markersize=9, color=color)
        axes.annotate(
            _change(old, new),
            (1.01, row),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=TICK_SIZE,
            color=INK,
            annotation_clip=False,
        )
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(-0.03 * reach, 1.06 * reach)
    dress(axes, "Share of the customers (%)", grid="both")
    number_ticks(axes.xaxis, 6)
    return figure


def _change(old: float, new: float) -> str:
    if np.isnan(old):
        return "new" if np.isfinite(new) else "no share"
    return "gone" if np.isnan(new) else signed_zero_free(new - old, "+.1f")
