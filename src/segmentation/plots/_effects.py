"""How each segment differs from all customers, from the long tables of a profile."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from segmentation.plots._columns import need_columns, sample_note, segments, values_of
from segmentation.plots._profile import OTHER
from segmentation.plots._style import (
    GRID,
    INK,
    LABEL_SIZE,
    SMALL_SIZE,
    SOFT,
    dress,
    letters_wide,
    message_figure,
    new_figure,
    number_ticks,
    panel_grid,
    point_style,
    segment_color,
    segment_key,
    segment_text,
    write_beside,
)
from segmentation.plots._text import plain, short_number, with_unit, words

MAX_VARIABLES = 20
MAX_PANELS = 12
MAX_LEVELS_EACH = 3
# Dolnicar, Gruen and Leisch (2018): what differs by more marks a segment.
MARKS, MARKS_SHARE = 0.25, 0.25


@dataclass(frozen=True)
class Variable:
    """One row of the profile: effects and texts of its values by segment, NaN and "" where not known."""

    title: str
    feature: bool
    effects: np.ndarray
    texts: tuple[str, ...]
    marks: np.ndarray


@dataclass(frozen=True)
class EffectsInfo:
    """Segments, noise last, and the variables to draw, features first."""

    labels: tuple[int, ...]
    variables: tuple[Variable, ...]
    n_variables: int


def effects_info(
    numbers: pd.DataFrame, categories: pd.DataFrame | None = None, units: Mapping[str, str] | None = None
) -> EffectsInfo:
    """Take the variables; of more than 20 the features, then those that differ most."""
    need_columns(numbers, ("segment", "column", "center", "effect"), "numbers")
    given = [numbers["segment"]] if categories is None else [numbers["segment"], categories["segment"]]
    labels = segments(np.concatenate([column.to_numpy(dtype=int) for column in given]))
    variables = [
        _variable(rows, with_unit(column, units, 26), values_of(rows, "center"), short_number, labels)
        for column, rows in numbers.groupby("column", sort=False)
    ]
    if categories is not None:
        variables += _levels(categories, labels)
    variables.sort(key=lambda v: not v.feature)
    # Stable, so that of equals the first ones stay.
    ranked = sorted(variables, key=lambda v: (not v.feature, -np.nanmax(np.abs(v.effects), initial=0)))
    kept = {id(v) for v in ranked[:MAX_VARIABLES]}
    return EffectsInfo(tuple(labels), tuple(v for v in variables if id(v) in kept), len(variables))


def _levels(categories: pd.DataFrame, labels: list[int]) -> list[Variable]:
    need_columns(categories, ("segment", "column", "level", "share", "overall", "effect"), "categories")
    found = []
    for column, every in categories.groupby("column", sort=False):
        overall = every.groupby("level")["overall"].first().sort_values(ascending=False, kind="stable")
        # Of two levels the second is what the first leaves; of many those that differ most.
        strength = every.assign(effect=np.abs(values_of(every, "effect"))).groupby("level")["effect"].max()
        strongest = strength.drop(OTHER, errors="ignore").nlargest(MAX_LEVELS_EACH).index
        chosen = overall.index[:1] if len(overall) == 2 else [s for s in overall.index if s in strongest]
        for level in chosen:
            rows = every[every["level"] == level]
            title = f"{words(column, 18)}: {plain(level, 18)}"
            far = np.abs(values_of(rows, "share") - values_of(rows, "overall")) > MARKS_SHARE
            found.append(_variable(rows, title, values_of(rows, "share"), "{:.0%}".format, labels, far))
    return found


def _variable(
    rows: pd.DataFrame,
    title: str,
    values: np.ndarray,
    write: object,
    labels: list[int],
    marks: np.ndarray | None = None,
) -> Variable:
    effects, texts = np.full(len(labels), np.nan), [""] * len(labels)
    marked = np.zeros(len(labels), dtype=bool)
    seen = values_of(rows, "effect")
    far = np.abs(seen) > MARKS if marks is None else marks
    for segment, effect, value, mark in zip(rows["segment"], seen, values, far, strict=True):
        place = labels.index(int(segment))
        effects[place], marked[place] = effect, mark
        texts[place] = write(value) if np.isfinite(value) else "none"  # type: ignore[operator]
    feature = "role" not in rows or rows["role"].iloc[0] == "feature"
    return Variable(title, bool(feature), effects, tuple(texts), marked)


def segment_profile(
    numbers: pd.DataFrame, categories: pd.DataFrame | None = None, units: Mapping[str, str] | None = None
) -> Figure:
    """Draw each segment against all customers, its marker variables highlighted.

    The segment profile plot of Dolnicar, Gruen and Leisch (2018, Market Segmentation Analysis, chapter 8),
    with all variables on one scale.

    Parameters
    ----------
    numbers : DataFrame
        One row a segment and column: `segment` (noise -1), `column`, `center` in the column's unit, `effect`
        (difference from all customers in standard deviations), and `role` ("feature" or "descriptor").
    categories : DataFrame, optional
        One row a segment, column and level: `segment`, `column`, `level`, `share`, `overall` (0 to 1), `effect`
        and `role`.
    units : mapping of str to str, optional
        Unit of a column.

    Returns
    -------
    Figure
        One panel a segment, at most 12, one bar a variable, at most 20 (of a column of categories the 3 levels that
        differ most). The line in the middle is all
        customers; a bar is strong where the variable marks the segment, by more than 0.25 standard deviations
        or 25 percentage points. Beside it the segment's own value.

    Raises
    ------
    InputError
        If a column is missing.
    """
    info = effects_info(numbers, categories, units)
    title = "Segment profiles"
    if not info.variables or not info.labels:
        return message_figure(title, "There is no variable to draw.")
    shown = info.labels[:MAX_PANELS]
    notes = (
        "line: all customers",
        "strong: marks the segment (beyond 0.25 deviations or 25 points)",
        "text: the segment's own value",
        sample_note(len(shown), len(info.labels), "segments"),
        sample_note(len(info.variables), info.n_variables, "variables"),
    )
    across, down = panel_grid(len(shown))
    names = [variable.title for variable in info.variables]
    width = 0.4 + letters_wide(names) + 2.35 * across
    figure, area = new_figure(title, notes, (max(width, 6), 1.2 + down * (0.75 + 0.24 * max(len(names), 2))))
    grid = area.subplots(down, across, squeeze=False, sharex=True, sharey=True)
    reach = max(float(np.nan_to_num([np.abs(v.effects) for v in info.variables]).max()), 0.5)
    for place, axes in enumerate(grid.flat):
        if place < len(shown):
            _draw_panel(axes, info, place, reach)
        else:
            axes.set_axis_off()
    for row in grid:
        row[0].set_yticks(range(len(names)), names)
    for axes in grid.flat[max(len(shown) - across, 0) : len(shown)]:
        axes.tick_params(labelbottom=True)
    area.supxlabel("Difference from all customers (standard deviations)", fontsize=LABEL_SIZE, color=INK)
    return figure


def _draw_panel(axes: Axes, info: EffectsInfo, place: int, reach: float) -> None:
    color = segment_color(info.labels[place])
    pale = to_hex([1 - 0.28 * (1 - c) for c in to_rgb(color)])  # type: ignore[arg-type]
    effects = np.array([variable.effects[place] for variable in info.variables])
    marks = [bool(variable.marks[place]) for variable in info.variables]
    axes.barh(
        range(len(effects)),
        np.nan_to_num(effects),
        color=[color if mark else pale for mark in marks],
        height=0.72,
    )
    for row, (effect, mark, variable) in enumerate(zip(effects, marks, info.variables, strict=True)):
        right = not effect < 0
        write_beside(
            axes,
            variable.texts[place],
            (np.nan_to_num(effect), row),
            (3 if right else -3, 0),
            ha="left" if right else "right",
            fontsize=SMALL_SIZE,
            color=INK if mark else SOFT,
            fontweight="bold" if mark else "normal",
            in_layout=False,
        )
    axes.axvline(0, color=INK, linewidth=1)
    n_features = sum(variable.feature for variable in info.variables)
    if 0 < n_features < len(info.variables):
        axes.axhline(n_features - 0.5, color=SOFT, linewidth=0.8, linestyle=":")
    # Beside the longest bar its text must fit.
    axes.set_xlim(-1.75 * reach, 1.75 * reach)
    axes.set_ylim(len(effects) - 0.4, -0.6)
    dress(axes, title=segment_text(info.labels[place], 30), grid="x")
    axes.tick_params(axis="y", length=0)
    number_ticks(axes.xaxis, 4)


def parallel_segments(numbers: pd.DataFrame, units: Mapping[str, str] | None = None) -> Figure:
    """Draw each segment as a line through its differences from all customers.

    Parameters
    ----------
    numbers : DataFrame
        One row a segment and column: `segment` (noise -1), `column`, `center`, `effect` (difference from all
        customers in standard deviations), and `role` ("feature" or "descriptor").
    units : mapping of str to str, optional
        Unit of a column.

    Returns
    -------
    Figure
        One line a segment over at most 20 columns; of more than 12 segments the others are grey.

    Raises
    ------
    InputError
        If a column is missing.
    """
    info = effects_info(numbers, None, units)
    title = "Segments across variables"
    if not info.variables or not info.labels:
        return message_figure(title, "There is no variable to draw.")
    shown = [label for label in info.labels if label >= 0][:MAX_PANELS] or list(info.labels)
    grey = len(info.labels) - len(shown) - (-1 in info.labels and -1 not in shown)
    notes = (
        "0: all customers",
        f"grey: {grey} smaller segments" if grey else "",
        sample_note(len(info.variables), info.n_variables, "variables"),
    )
    names = [variable.title for variable in info.variables]
    width = max(7.5, 3.6 + 0.55 * len(names))
    steep = letters_wide(names) > (width - 2.8) / len(names)
    figure, area = new_figure(title, notes, (width, 4.6 + (0.55 * letters_wide(names) if steep else 0)))
    axes = area.subplots()
    places = np.arange(len(names))
    heights = np.array([variable.effects for variable in info.variables]).reshape(len(names), -1)
    axes.axhline(0, color=INK, linewidth=1)
    for column in range(len(names)):
        axes.axvline(column, color=GRID, linewidth=0.8, zorder=0)
    # The first ones are the largest, and lie on top.
    for place, label in reversed(list(enumerate(info.labels))):
        if label in shown or label < 0:
            style = {**point_style(label, 6, 1), "linestyle": "--" if label < 0 else "-"}
            axes.plot(places, heights[:, place], linewidth=1.6, **style)
        else:
            axes.plot(places, heights[:, place], color="#C4C4C4", linewidth=0.8, zorder=1)
    if np.nanmax(np.abs(heights), initial=0) > 5:
        axes.set_yscale("symlog", linthresh=2, linscale=1.5)
        axes.yaxis.set_major_formatter("{x:g}")
    else:
        number_ticks(axes.yaxis)
    dress(axes, ylabel="Difference (standard deviations)", grid="")
    if steep:
        axes.set_xticks(places, names, rotation=40, ha="right", rotation_mode="anchor")
    else:
        axes.set_xticks(places, names)
    axes.set_xlim(-0.5, len(names) - 0.5)
    segment_key(area, [label for label in info.labels if label in shown or label < 0])
    return figure
