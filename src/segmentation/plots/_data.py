"""The columns before any clustering: what they tell of each other, what scalers make of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from segmentation.errors import InputError
from segmentation.plots._columns import sample_note
from segmentation.plots._explore import annotate_cells, bin_edges
from segmentation.plots._style import (
    GRID,
    INK,
    LABEL_SIZE,
    PALETTE,
    SMALL_SIZE,
    dress,
    message_figure,
    new_figure,
    number_ticks,
)
from segmentation.plots._text import count_text, words

MAX_COLUMNS = 30
MAX_FEATURES = 5


@dataclass(frozen=True)
class AssociationInfo:
    """The columns to draw: numbers first, then categories, each in the order of the table."""

    columns: tuple[str, ...]
    n_numeric: int
    strength: np.ndarray
    n_columns: int


@dataclass(frozen=True)
class ScalerInfo:
    """Histograms of a feature (row) on each scale (column)."""

    features: tuple[str, ...]
    scalers: tuple[str, ...]
    counts: tuple[tuple[np.ndarray, ...], ...]
    edges: tuple[tuple[np.ndarray, ...], ...]
    n_features: int
    n_rows: int


def association_info(matrix: pd.DataFrame, numeric: Sequence[str]) -> AssociationInfo:
    """Take the columns with the strongest associations, where there are too many to draw."""
    names = [str(name) for name in matrix.index]
    if names != [str(name) for name in matrix.columns]:
        raise InputError("the matrix of associations must have the same columns as rows")
    strength = matrix.to_numpy(dtype=float)
    others = np.where(np.eye(len(names), dtype=bool), np.nan, strength)
    strongest = np.array([np.nanmax(row) if np.isfinite(row).any() else -1.0 for row in others])
    known = int((strongest >= 0).sum())
    chosen = np.sort(np.argsort(-strongest, kind="stable")[: min(MAX_COLUMNS, known)])
    measured = set(map(str, numeric))
    order = sorted(chosen, key=lambda i: names[i] not in measured)
    return AssociationInfo(
        tuple(names[i] for i in order),
        sum(names[i] in measured for i in order),
        strength[np.ix_(order, order)],
        len(names),
    )


def scaler_info(scaled: Mapping[str, np.ndarray], features: Sequence[str]) -> ScalerInfo:
    """Count the features that are most skewed under the first scaler, those of two values last."""
    first = next(iter(scaled.values()))
    if any(X.shape != first.shape for X in scaled.values()) or first.shape[1] != len(features):
        raise InputError("every scaler must give one column a feature, of the same customers")
    frame = pd.DataFrame(first)
    # Two values look the same under every scaler.
    skewness = frame.skew().abs().fillna(0).where(frame.nunique() > 2, -1).to_numpy()
    rows = np.sort(np.argsort(-skewness, kind="stable")[:MAX_FEATURES])
    edges = tuple(tuple(bin_edges(X[:, i]) for X in scaled.values()) for i in rows)
    counts = tuple(
        tuple(np.histogram(X[:, i], e)[0] for X, e in zip(scaled.values(), edges_of, strict=True))
        for i, edges_of in zip(rows, edges, strict=True)
    )
    return ScalerInfo(
        tuple(str(features[i]) for i in rows), tuple(scaled), counts, edges, len(features), len(first)
    )


def associations(matrix: pd.DataFrame, numeric: Sequence[str]) -> Figure:
    """Draw how much every two columns tell of each other, whatever they hold.

    Parameters
    ----------
    matrix : DataFrame of shape (n_columns, n_columns)
        Symmetric, 0 to 1; NaN where nothing can be said. Of more than 30 columns those with the strongest
        associations are drawn.
    numeric : sequence of str
        Which of them are measured.

    Returns
    -------
    Figure
        A heat map, measured columns first, a line between them and the categories.

    Raises
    ------
    InputError
        If rows and columns differ.
    """
    info = association_info(matrix, numeric)
    title = "Associations of all columns"
    n = len(info.columns)
    if n < 2:
        return message_figure(title, f"Two columns that vary are needed, and there are {n}.")
    mixed = 0 < info.n_numeric < n
    kinds = ["numbers: size of Spearman's rank correlation"] * (info.n_numeric > 1)
    kinds += ["number and category: correlation ratio"] * mixed
    kinds += ["categories: Cramer's V"] * (n - info.n_numeric > 1)
    what = "columns, the most associated," if n == MAX_COLUMNS else "columns, those that vary,"
    notes = (*kinds, sample_note(n, info.n_columns, what))
    side = max(5.5, 2.6 + 0.38 * n)
    figure, area = new_figure(title, notes, (side + 1, side))
    axes = area.subplots()
    axes.set_facecolor(GRID)
    image = axes.imshow(np.ma.masked_invalid(info.strength), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    names = [words(column, 22) for column in info.columns]
    dress(axes, grid="")
    axes.set_xticks(range(n), names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(n), names)
    if mixed:
        for line in (axes.axhline, axes.axvline):
            line(info.n_numeric - 0.5, color=INK, linewidth=1.2)
    if n <= 16:
        annotate_cells(axes, info.strength, 1.0)
    bar = area.colorbar(image, ax=axes, shrink=0.8)
    bar.ax.tick_params(labelsize=SMALL_SIZE)
    return figure


def scaler_preview(scaled: Mapping[str, np.ndarray], features: Sequence[str]) -> Figure:
    """Draw what each scaler makes of the most skewed features.

    Parameters
    ----------
    scaled : mapping of str to array of shape (n_customers, n_features)
        Scaler -> the features on its scale.
    features : sequence of str
        Their names. The five most skewed under the first scaler are drawn.

    Returns
    -------
    Figure
        A histogram for each feature (row) and scaler (column).

    Raises
    ------
    InputError
        If the scalers give tables of different shapes.
    """
    title = "Features under each scaler"
    if not scaled or not len(features):
        return message_figure(title, f"Nothing to draw: {len(scaled)} scalers, {len(features)} features.")
    info = scaler_info(scaled, features)
    n_down, n_across = len(info.features), len(info.scalers)
    notes = (
        count_text(info.n_rows, "customer"),
        sample_note(n_down, info.n_features, "features, the most skewed,"),
    )
    figure, area = new_figure(title, notes, (1.4 + 1.75 * n_across, 1.2 + 1.35 * n_down))
    grid = area.subplots(n_down, n_across, squeeze=False)
    for i, feature in enumerate(info.features):
        for j, scaler in enumerate(info.scalers):
            axes, edges = grid[i, j], info.edges[i][j]
            axes.stairs(info.counts[i][j], edges, fill=True, color=PALETTE[0])
            dress(axes, grid="x")
            axes.tick_params(labelsize=SMALL_SIZE)
            axes.set_yticks([])
            number_ticks(axes.xaxis, 3)
            if i == 0:
                axes.set_title(words(scaler, 16), fontsize=LABEL_SIZE, color=INK, loc="center")
            if j == 0:
                axes.set_ylabel(words(feature, 20), fontsize=SMALL_SIZE, color=INK)
    return figure
