"""A tiny picture of a labelling, quick enough to make one for each of hundreds of trials."""

import io
import threading
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imsave

from segmentation.plots._columns import checked_labels, checked_matrix, sampled, segments
from segmentation.plots._style import INK, point_style
from segmentation.plots._text import plain

MAX_DOTS = 1_000
_DPI = 64
_kept = threading.local()


def thumbnail(X2: Any, labels: Any, title: str) -> Figure:
    """Draw a labelling without axes, 320 by 240 pixels.

    Parameters
    ----------
    X2 : array of shape (n_customers, 2)
        Where the customers lie: two features, or one projection for all trials of a study. At most 1,000
        of them are drawn.
    labels : array of shape (n_customers,)
        Segments, noise -1.
    title : str
        One line above the points.

    Returns
    -------
    Figure
        Points by segment.

    Raises
    ------
    InputError
        If X2 has not two columns or there is not one label a customer.
    """
    figure = Figure(figsize=(320 / _DPI, 240 / _DPI), dpi=_DPI, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.02, 0.02, 0.96, 0.87))
    axes.set_axis_off()
    figure.text(0.02, 0.985, "", va="top", fontsize=11, color=INK)
    _fill(figure, X2, labels, title)
    return figure


def thumbnail_png(X2: Any, labels: Any, title: str) -> bytes:
    """Draw a labelling as `thumbnail` does and encode it.

    One figure a thread is kept and filled anew, which saves most of the time.

    Parameters
    ----------
    X2 : array of shape (n_customers, 2)
        Where the customers lie.
    labels : array of shape (n_customers,)
        Segments, noise -1.
    title : str
        One line above the points.

    Returns
    -------
    bytes
        A PNG file of 320 by 240 pixels.

    Raises
    ------
    InputError
        If X2 has not two columns or there is not one label a customer.
    """
    figure = getattr(_kept, "figure", None)
    if figure is None:
        figure = _kept.figure = thumbnail(X2, labels, title)
    else:
        _fill(figure, X2, labels, title)
    canvas: Any = figure.canvas
    canvas.draw()
    buffer = io.BytesIO()
    imsave(buffer, np.asarray(canvas.buffer_rgba()), format="png", pil_kwargs={"compress_level": 1})
    return buffer.getvalue()


def _fill(figure: Figure, X2: Any, labels: Any, title: str) -> None:
    matrix, _ = checked_matrix(X2, None, 2)
    given = checked_labels(labels, len(matrix))
    placed = np.flatnonzero(np.isfinite(matrix).all(axis=1))
    # The limits come from all customers: every trial of a study has the same frame.
    low, high = (
        (matrix[placed].min(axis=0), matrix[placed].max(axis=0)) if len(placed) else (np.zeros(2), np.ones(2))
    )
    margin = 0.04 * np.where(high > low, high - low, 1)
    rows = placed[sampled(len(placed), MAX_DOTS)]
    axes = figure.axes[0]
    size = 5 if len(rows) <= 400 else 3.5
    for line in list(axes.lines):
        line.remove()
    for label in segments(given[rows]):
        chosen = rows[given[rows] == label]
        style = point_style(label, size, 1)
        axes.plot(matrix[chosen, 0], matrix[chosen, 1], zorder=1 if label < 0 else 2, **style)
    axes.set_xlim(low[0] - margin[0], high[0] + margin[0])
    axes.set_ylim(low[1] - margin[1], high[1] + margin[1])
    figure.texts[0].set_text(plain(title, 48))
