"""What a search tried, from plain numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from segmentation.data import is_number
from segmentation.errors import InputError
from segmentation.plots._columns import numbers, sample_note, sampled, varies
from segmentation.plots._style import (
    ACCENT,
    INK,
    LABEL_SIZE,
    NOISE_COLOR,
    PALETTE,
    SMALL_SIZE,
    TICK_SIZE,
    dress,
    message_figure,
    new_figure,
    number_ticks,
    ring,
    side_legend,
    write_beside,
)
from segmentation.plots._text import count_text, plain, short_number

MAX_BARS = 20
MAX_AXES = 12
MAX_TICKS = 10
# Below the axis: where a trial did not use the parameter.
_UNUSED = -0.14


@dataclass(frozen=True)
class HistoryInfo:
    """Objective of each trial, which of them count, and the best feasible value so far (NaN before one)."""

    values: np.ndarray
    feasible: np.ndarray
    running_best: np.ndarray
    best: int | None
    n_failed: int


@dataclass(frozen=True)
class ParameterAxis:
    """One axis: positions 0 to 1 of the trials (NaN where the parameter was not used) and its ticks."""

    name: str
    positions: np.ndarray
    ticks: tuple[float, ...]
    tick_labels: tuple[str, ...]


@dataclass(frozen=True)
class ParallelInfo:
    """Axes, objectives and the best trial, worst trial first so that good lines lie on top."""

    axes: tuple[ParameterAxis, ...]
    values: np.ndarray
    best: int
    n_trials: int
    n_parameters: int


def history_info(values: Any, feasible: Any = None, best: int | None = None) -> HistoryInfo:
    """Follow the best feasible value."""
    objective = numbers(values)
    counts = np.ones(len(objective), dtype=bool) if feasible is None else np.asarray(feasible, dtype=bool)
    if counts.shape != objective.shape:
        raise InputError(
            f"there are {counts.size} feasible marks for {objective.size} trials; each trial needs one"
        )
    if best is not None and not 0 <= best < len(objective):
        raise InputError(f"the best trial must be one of 0 to {len(objective) - 1}, not {best}")
    counts = counts & np.isfinite(objective)
    running = np.maximum.accumulate(np.where(counts, objective, -np.inf))
    if best is None and counts.any():
        best = int(np.flatnonzero(counts & (objective == running[-1]))[0])
    running = np.where(np.isfinite(running), running, np.nan)
    return HistoryInfo(objective, counts, running, best, int(np.isnan(objective).sum()))


def parallel_info(params: pd.DataFrame, values: Any) -> ParallelInfo | None:
    """Place every parameter of every finished trial on its axis; None if no trial has a value."""
    objective = numbers(values)
    if objective.shape != (len(params),):
        raise InputError(f"there are {objective.size} values for {len(params)} trials; each trial needs one")
    finished = np.flatnonzero(np.isfinite(objective))
    if not len(finished) or not params.shape[1]:
        return None
    rows = finished[sampled(len(finished))]
    # The sample must not lose the one trial that the figure is about.
    top = finished[objective[finished].argmax()]
    rows = np.union1d(rows, [top])
    rows = rows[np.argsort(objective[rows], kind="stable")]
    chosen = params.iloc[rows, :MAX_AXES]
    axes = tuple(parameter_axis(str(name), column) for name, column in chosen.items())
    return ParallelInfo(
        axes, objective[rows], int(np.flatnonzero(rows == top)[0]), len(finished), params.shape[1]
    )


def parameter_axis(name: str, column: pd.Series) -> ParameterAxis:
    """Numbers by value, all else by level."""
    if is_number(column):
        return _number_axis(name, numbers(column.to_numpy(dtype=float, na_value=np.nan)))
    known = column.notna().to_numpy()
    text = column.astype(str).to_numpy()
    levels = sorted(set(text[known]))
    place = {level: (i + 0.5) / len(levels) for i, level in enumerate(levels)}
    positions = np.array([place[t] if k else np.nan for t, k in zip(text, known, strict=True)], dtype=float)
    # Of too many levels only some can be written.
    shown = levels[:: -(-len(levels) // MAX_TICKS) or 1]
    return ParameterAxis(name, positions, tuple(place[s] for s in shown), tuple(plain(s, 14) for s in shown))


def _number_axis(name: str, numbers_of: np.ndarray) -> ParameterAxis:
    finite = numbers_of[np.isfinite(numbers_of)]
    if not finite.size:
        return ParameterAxis(name, numbers_of, (), ())
    if not varies(finite):
        positions = np.where(np.isfinite(numbers_of), 0.5, np.nan)
        return ParameterAxis(name, positions, (0.5,), (short_number(float(finite[0])),))
    low, high = float(finite.min()), float(finite.max())
    inner = np.asarray(MaxNLocator(4, steps=[1, 2, 5, 10]).tick_values(low, high))
    if np.array_equal(finite, finite.round()):
        inner = np.unique(inner.round())
    # The ends are always written, and what lies too near to them is not.
    middle = [t for t in inner if 0.08 < (t - low) / (high - low) < 0.92]
    ticks = np.array([low, *middle, high])
    labels = tuple(short_number(t) for t in ticks)
    return ParameterAxis(name, (numbers_of - low) / (high - low), tuple((ticks - low) / (high - low)), labels)


def history(
    values: Sequence[float],
    feasible: Sequence[bool] | None = None,
    best: int | None = None,
    objective: str = "Objective",
) -> Figure:
    """Draw the objective of each trial and the best one so far.

    Parameters
    ----------
    values : array of shape (n_trials,)
        Objectives in the order of the trials; NaN for a trial without one.
    feasible : array of bool of shape (n_trials,), optional
        Whether a trial keeps all constraints. Others are drawn, but are never the best.
    best : int, optional
        Position of the trial that won; without it the best feasible one.
    objective : str
        Its name on the axis.

    Returns
    -------
    Figure
        Points, a stair line of the best so far, and a ring around the winner.

    Raises
    ------
    InputError
        If there is not one mark a trial, or there is no such best trial.
    """
    info = history_info(values, feasible, best)
    title = "Search history"
    if not np.isfinite(info.values).any():
        return message_figure(title, f"None of {len(info.values)} trials has a value.")
    rows = sampled(len(info.values))
    notes = (
        count_text(len(info.values), "trial"),
        f"{info.n_failed:,} without a value" if info.n_failed else "",
        sample_note(len(rows), len(info.values), "points"),
    )
    figure, area = new_figure(title, notes, (8.5, 4.6))
    axes = area.subplots()
    numbers_of = np.arange(len(info.values))
    good = rows[info.feasible[rows]]
    bad = rows[~info.feasible[rows] & np.isfinite(info.values[rows])]
    handles = axes.plot(
        good, info.values[good], "o", markersize=5, alpha=0.7, color=PALETTE[0], label="trial"
    )
    if len(bad):
        handles += axes.plot(
            bad, info.values[bad], "x", markersize=5, color=NOISE_COLOR, label="breaks a constraint"
        )
    handles += axes.plot(
        numbers_of, info.running_best, drawstyle="steps-post", color=PALETTE[5], label="best so far"
    )
    if info.best is not None and np.isfinite(info.values[info.best]):
        value = float(info.values[info.best])
        handles += ring(axes, info.best, value, ACCENT, f"best: {value:.4g} (trial {info.best})", size=13)
    dress(axes, "Trial", plain(objective, 50))
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    number_ticks(axes.yaxis, 7)
    side_legend(area, handles)
    return figure


def importance(importances: Mapping[str, float]) -> Figure:
    """Draw how much each parameter mattered.

    Parameters
    ----------
    importances : mapping of str to float
        Share of the objective's variance each parameter explains. The 20 highest are drawn.

    Returns
    -------
    Figure
        Bars, the most important parameter first.
    """
    title = "Importance of the parameters"
    pairs = [(name, float(value)) for name, value in importances.items() if np.isfinite(value)]
    pairs = sorted(pairs, key=lambda pair: (-pair[1], pair[0]))
    if not pairs:
        return message_figure(title, "There is no importance to draw.")
    shown = pairs[:MAX_BARS]
    figure, area = new_figure(
        title, (sample_note(len(shown), len(pairs), "parameters"),), (8, 1.5 + 0.34 * len(shown))
    )
    axes = area.subplots()
    axes.barh(range(len(shown)), [value for _, value in shown], color=PALETTE[0], height=0.7)
    for row, (_, value) in enumerate(shown):
        write_beside(axes, f"{value:.2f}" if value >= 0.01 or value == 0 else "< 0.01", (max(value, 0), row))
    axes.set_yticks(range(len(shown)), [plain(name, 40) for name, _ in shown])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlim(0, 1.12 * max(shown[0][1], 1e-9))
    dress(axes, "Share of the objective's variance (0 to 1)", grid="x")
    return figure


def parallel_coordinate(
    params: pd.DataFrame, values: Sequence[float], objective: str = "Objective"
) -> Figure:
    """Draw each trial as a line through its parameters.

    Parameters
    ----------
    params : DataFrame of shape (n_trials, n_parameters)
        Numbers or categories; missing where a trial did not use the parameter. The first 12 are drawn.
    values : array of shape (n_trials,)
        Objectives; trials without one are left out.
    objective : str
        Its name on the colour bar.

    Returns
    -------
    Figure
        Lines coloured by the objective, the best one thick. Where a trial did not use a parameter its line
        passes below the axis.

    Raises
    ------
    InputError
        If there is not one value a trial.
    """
    info = parallel_info(params, values)
    title = "Parameters of the trials"
    if info is None:
        return message_figure(title, f"Nothing to draw: {len(params)} trials, {params.shape[1]} parameters.")
    notes = (
        count_text(info.n_trials, "trial"),
        sample_note(len(info.values), info.n_trials, "trials"),
        sample_note(len(info.axes), info.n_parameters, "parameters"),
    )
    figure, area = new_figure(title, notes, (max(7.0, 2.5 + 1.35 * len(info.axes)), 5.6))
    axes = area.subplots()
    dress(axes, grid="")
    norm = Normalize(float(info.values.min()), float(info.values.max()))
    colors = ScalarMappable(norm, "viridis")
    _draw_trials(axes, info, colors)
    for place, axis in enumerate(info.axes):
        _draw_axis(axes, place, axis)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.set_yticks([])
    names = [plain(axis.name, 24) for axis in info.axes]
    axes.set_xticks(
        range(len(names)), names, rotation=25, ha="right", rotation_mode="anchor", fontsize=TICK_SIZE
    )
    axes.tick_params(axis="x", length=0)
    # Room for the tick labels at the right of the last axis.
    axes.set_xlim(-0.15, len(names) - 0.45)
    unused = any(np.isnan(axis.positions).any() for axis in info.axes)
    axes.set_ylim((_UNUSED if unused else 0) - 0.04, 1.04)
    bar = area.colorbar(colors, ax=axes, shrink=0.9)
    bar.set_label(plain(objective, 40), fontsize=LABEL_SIZE, color=INK)
    bar.ax.tick_params(labelsize=SMALL_SIZE)
    best = axes.plot([], [], color=ACCENT, linewidth=2.6, label=f"best: {info.values[info.best]:.4g}")
    axes.legend(handles=best, loc="lower right", bbox_to_anchor=(1, 1), frameon=False, fontsize=TICK_SIZE)
    return figure


def _draw_trials(axes: Axes, info: ParallelInfo, colors: ScalarMappable) -> None:
    heights = np.nan_to_num(np.column_stack([axis.positions for axis in info.axes]), nan=_UNUSED)
    places = np.arange(len(info.axes))
    lines = [np.column_stack([places, row]) for row in heights]
    shades = colors.to_rgba(info.values, alpha=0.55)
    axes.add_collection(LineCollection(lines, colors=shades, linewidths=1.1, zorder=2))
    axes.plot(places, heights[info.best], color=ACCENT, linewidth=2.6, marker="o", markersize=5, zorder=3)


def _draw_axis(axes: Axes, place: int, axis: ParameterAxis) -> None:
    axes.plot([place, place], [0, 1], color="#9A9A9A", linewidth=1, zorder=1)
    ticks = list(zip(axis.ticks, axis.tick_labels, strict=True))
    if np.isnan(axis.positions).any():
        ticks.append((_UNUSED, "not used"))
        axes.plot(place, _UNUSED, "o", markersize=4, color="#9A9A9A", zorder=1)
    for height, label in ticks:
        write_beside(
            axes,
            label,
            (place, height),
            (5, 0),
            fontsize=SMALL_SIZE,
            zorder=4,
            bbox={"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.75},
        )
