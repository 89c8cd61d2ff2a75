"""The silhouette of every customer, as Rousseeuw (1987) drew it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from segmentation.errors import InputError
from segmentation.plots._columns import checked_labels, numbers, segments
from segmentation.plots._style import (
    ACCENT,
    SMALL_SIZE,
    TICK_SIZE,
    dress,
    message_figure,
    new_figure,
    segment_color,
    segment_text,
    side_legend,
)
from segmentation.plots._text import count_text, plain, signed_zero_free

# A blade is some hundred pixels high at most: more steps than this are not seen.
_STEPS = 400


@dataclass(frozen=True)
class Blade:
    """The silhouettes of one segment, highest first."""

    label: int
    values: np.ndarray
    mean: float


@dataclass(frozen=True)
class KnifeInfo:
    """Segments in order, noise last, and the mean of all customers, noise included."""

    blades: tuple[Blade, ...]
    mean: float
    n: int


def knife_info(samples: Any, labels: Any) -> KnifeInfo:
    """Sort the silhouettes within each segment."""
    values = numbers(samples)
    given = checked_labels(labels)
    if values.shape != given.shape:
        raise InputError(
            f"there are {values.size} silhouettes for {given.size} labels; each customer needs one"
        )
    known = np.isfinite(values)
    values, given = values[known], given[known]
    blades = [np.sort(values[given == label])[::-1] for label in segments(given)]
    return KnifeInfo(
        tuple(Blade(s, b, float(b.mean())) for s, b in zip(segments(given), blades, strict=True)),
        float(values.mean()) if values.size else 0.0,
        int(values.size),
    )


def silhouette_per_customer(samples: Sequence[float], labels: Sequence[int], space: str) -> Figure:
    """Draw the silhouette of every customer, segment by segment.

    Parameters
    ----------
    samples : array of shape (n_customers,)
        Silhouettes, -1 to 1.
    labels : array of shape (n_customers,)
        Segments, noise -1.
    space : str
        The space in which they were measured.

    Returns
    -------
    Figure
        One blade a segment, as thick as it has customers, with its mean beside; noise below and apart.

    Raises
    ------
    InputError
        If there is not one label a silhouette.
    """
    info = knife_info(samples, labels)
    title = "Silhouette of every customer"
    if not info.n:
        return message_figure(title, "There is no silhouette to draw.")
    notes = (f"space: {plain(space, 60)}", count_text(info.n, "customer"))
    figure, area = new_figure(title, notes, (8.5, min(1.8 + 0.42 * max(len(info.blades), 6), 14)))
    axes = area.subplots()
    # All blades share the same height for the gaps, however many customers there are; a blade of one
    # customer among thousands still gets room for its name.
    gap, least = 0.25, 0.75
    top, middles = 0.0, []
    for blade in info.blades:
        top += gap if blade.label < 0 else 0
        height = max(least, 0.8 * len(info.blades) * len(blade.values) / info.n)
        ranks = np.linspace(0, len(blade.values) - 1, min(len(blade.values), _STEPS)).round().astype(int)
        # A step a customer: the last one needs its width too.
        edges = top + height * np.append(np.linspace(0, 1, len(ranks), endpoint=False), 1)
        widths = np.append(blade.values[ranks], blade.values[-1])
        axes.fill_betweenx(edges, 0, widths, step="post", color=segment_color(blade.label), linewidth=0)
        axes.plot([blade.mean] * 2, [top, top + height], color="black", linewidth=1.2)
        middles.append(top + height / 2)
        top += height + gap
    label = f"mean of all: {signed_zero_free(info.mean, '.3f')}"
    mean = axes.axvline(info.mean, color=ACCENT, linestyle="--", linewidth=1.3, label=label)
    (own,) = axes.plot([], [], color="black", linewidth=1.2, label="mean of the segment")
    axes.axvline(0, color="#B0B0B0", linewidth=0.8)
    axes.set_ylim(top, -gap)
    lowest = min(float(blade.values[-1]) for blade in info.blades)
    axes.set_xlim(min(-0.05, lowest - 0.05), max(1.02 * float(max(b.values[0] for b in info.blades)), 0.1))
    names = [
        f"{segment_text(b.label)} ({len(b.values):,})  {signed_zero_free(b.mean, '+.2f')}"
        for b in info.blades
    ]
    dress(axes, "Silhouette (-1 to 1)", grid="x")
    axes.set_yticks(middles, names)
    axes.tick_params(axis="y", length=0, labelsize=TICK_SIZE if len(names) <= 24 else SMALL_SIZE)
    side_legend(area, [mean, own])
    return figure
