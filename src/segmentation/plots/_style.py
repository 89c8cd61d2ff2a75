"""One look for all figures, set on each artist: global settings of matplotlib are read by other threads."""

import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure, SubFigure
from matplotlib.image import imsave
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator
from PIL import Image

from segmentation.plots._columns import segments
from segmentation.plots._text import short_number, signed_zero_free, wrapped

# Okabe and Ito (2008), https://jfly.uni-koeln.de/color/ with navy for black, which is kept for lines and text.
# Measured: a yellow that is darker, for white paper, is their orange to a colour-blind reader.
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#10005A")
MARKERS = ("o", "s", "^", "D", "v", "P", "*", "h")
NOISE_COLOR = "#8a8a8a"
NOISE_MARKER = "x"
INK = "#333333"
SOFT = "#6B6B6B"
GRID = "#E3E3E3"
ACCENT = "#C1121F"
TITLE_SIZE = 13
LABEL_SIZE = 10
TICK_SIZE = 9
SMALL_SIZE = 8
DPI = 110
LARGE_PNG = 150_000


# What the segments are called and the number of the colour of each, in this thread and context.
_known: ContextVar[tuple[Mapping[int, str], Mapping[int, int]]] = ContextVar("identities", default=({}, {}))


@contextmanager
def identities(names: Mapping[int, str], colors: Mapping[int, int] | None = None) -> Iterator[None]:
    """Call the segments by their names, in their own colours, in every figure made within.

    Other threads do not see it.

    Parameters
    ----------
    names : mapping of int to str
        What a segment is called; others stay "Segment 3". Long names are shortened where they are drawn.
    colors : mapping of int to int, optional
        The number of a segment's colour, for a segment that keeps its colour while its label changes; without
        it the label is the number.

    Examples
    --------
    >>> with identities({0: "high income"}, {0: 3}):
    ...     segment_name(0), segment_name(1), segment_color(0)
    ('high income', 'Segment 1', '#cc79a7')
    """
    token = _known.set((dict(names), dict(colors or {})))
    try:
        yield
    finally:
        _known.reset(token)


def palette_color(number: int) -> str:
    """A colour by its number: eight hues, then the same ones darker, then lighter."""
    share, added = ((1.0, 0.0), (0.5, 0.0), (0.5, 0.5))[number // len(PALETTE) % 3]
    red, green, blue = to_rgb(PALETTE[number % len(PALETTE)])
    return to_hex((added + share * red, added + share * green, added + share * blue))


def palette_marker(number: int) -> str:
    """A marker by the number of the colour, which tells eights apart where the hue repeats."""
    return MARKERS[number // len(PALETTE) % len(MARKERS)]


def segment_color(label: int) -> str:
    """Give the colour of a segment, the same in every figure.

    Parameters
    ----------
    label : int
        Segment from 0, or -1 for noise.

    Returns
    -------
    str
        ``"#rrggbb"``: eight hues for colour-blind readers too, then the same ones darker, then lighter; grey
        for noise. Within `identities` the segment's own colour.

    Examples
    --------
    >>> segment_color(0), segment_color(8), segment_color(-1)
    ('#0072b2', '#003959', '#8a8a8a')
    """
    return NOISE_COLOR if label < 0 else palette_color(_known.get()[1].get(label, label))


def segment_marker(label: int) -> str:
    """The marker of a segment."""
    return NOISE_MARKER if label < 0 else palette_marker(_known.get()[1].get(label, label))


def segment_name(label: int) -> str:
    """Call a segment by its name, or by its number where it has none.

    Parameters
    ----------
    label : int
        Segment from 0, or -1 for noise.

    Returns
    -------
    str
        Its name as given to `identities`, or ``"Segment 2"``.

    Examples
    --------
    >>> segment_name(2), segment_name(-1)
    ('Segment 2', 'Noise')
    """
    return _known.get()[0].get(label, "Noise" if label < 0 else f"Segment {label}")


def segment_text(label: int, width: int = 24, lines: int = 2) -> str:
    """A segment in a figure: its name after its number, in at most `lines` lines of `width` letters."""
    name = segment_name(label)
    return wrapped(f"{label} · {name}" if label >= 0 and label in _known.get()[0] else name, width, lines)


def named() -> bool:
    """Whether the segments have names, which figures that number them must then explain."""
    return bool(_known.get()[0])


def key_room() -> float:
    """The inches that a key of names needs beside panels that have no legend without names."""
    return 1.6 if named() else 0.0


class _Shown(Figure):
    """A figure that notebooks show: they only know of those that pyplot made."""

    def _repr_png_(self) -> bytes:
        return to_png(self)


def new_figure(
    title: str, notes: Iterable[str] = (), size: tuple[float, float] = (8, 5)
) -> tuple[Figure, SubFigure]:
    """A titled figure and the area below its title, where the notes are the second line."""
    figure = _Shown(
        figsize=size, dpi=DPI, layout=ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.06), facecolor="white"
    )
    FigureCanvasAgg(figure)
    figure.suptitle(title, x=0.01, ha="left", fontsize=TITLE_SIZE, color=INK)
    body: Any = figure.subfigures(1, 1)
    # A letter of the second line is some 0.07 inches wide where there are many wide ones.
    subtitle = fill("; ".join(note for note in notes if note), int(size[0] / 0.07), break_on_hyphens=False)
    if not subtitle:
        return figure, body
    body.suptitle(subtitle, x=0.01, ha="left", fontsize=TICK_SIZE, color=SOFT)
    # One level more, for a legend beside the axes is not to reach up into the second line.
    area: Any = body.subfigures(1, 1)
    return figure, area


def panel_grid(n: int) -> tuple[int, int]:
    """Columns and rows for `n` panels: three or four across, and few empty places."""
    down = -(-n // (4 if n > 9 else 3))
    return -(-n // down), down


def letters_wide(texts: Iterable[str]) -> float:
    """The inches that tick labels take, some 0.068 a letter of their longest line."""
    return 0.068 * max((len(line) for text in texts for line in text.split("\n")), default=0)


def title(figure: Figure) -> str:
    """The heading of a figure of this package."""
    return str(figure.get_suptitle())


def caption(figure: Figure) -> str:
    """What a figure shows, for those who do not see it: its heading and the line below."""
    below = [str(part.get_suptitle()) for part in figure.subfigs]
    return ". ".join(" ".join(text.split()) for text in (title(figure), *below) if text)


def message_figure(title: str, message: str) -> Figure:
    """A figure for data that leaves nothing to draw, saying why."""
    figure, area = new_figure(title, size=(8, 2.2))
    axes = area.subplots()
    axes.set_axis_off()
    axes.text(
        0.5, 0.5, message, ha="center", va="center", fontsize=LABEL_SIZE, color=SOFT, transform=axes.transAxes
    )
    return figure


def dress(axes: Axes, xlabel: str = "", ylabel: str = "", title: str = "", grid: str = "both") -> None:
    """Labels, readable ticks and a light grid ("x", "y", "both" or "") behind the data."""
    axes.set_xlabel(xlabel, fontsize=LABEL_SIZE, color=INK)
    axes.set_ylabel(ylabel, fontsize=LABEL_SIZE, color=INK)
    axes.set_title(title, fontsize=LABEL_SIZE, color=INK, loc="left")
    axes.tick_params(labelsize=TICK_SIZE, colors=INK, length=3)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color("#B0B0B0")
    if grid:
        axes.grid(axis=grid, color=GRID, linewidth=0.8)  # type: ignore[arg-type]


def number_ticks(axis: Axis, n_ticks: int = 5, whole: bool = False) -> None:
    """A few round ticks, written so that no factor stands apart at the end of the axis."""
    axis.set_major_locator(MaxNLocator(n_ticks, steps=[1, 2, 2.5, 5, 10], integer=whole))
    low, high = axis.get_view_interval()
    # Four digits tell ticks apart only where the axis spans a good part of its values.
    if abs(high - low) > 0.05 * max(abs(low), abs(high)):
        axis.set_major_formatter(FuncFormatter(lambda value, _: short_number(value)))


def _is_light(color: str) -> bool:
    red, green, blue = to_rgb(color)
    return 0.3 * red + 0.6 * green + 0.1 * blue > 0.75


def point_style(label: int, size: float, alpha: float) -> dict[str, Any]:
    """How the points of a segment are drawn by ``Axes.plot``."""
    color = segment_color(label)
    # A cross has no face: with a white edge it would not be seen. Yellow on white needs a darker one.
    edge = color if label < 0 else to_hex([0.7 * c for c in to_rgb(color)]) if _is_light(color) else "white"  # type: ignore[arg-type]
    return {
        "linestyle": "none",
        "marker": segment_marker(label),
        "markersize": size * (1.4 if segment_marker(label) == "*" else 1),
        "color": color,
        "markeredgecolor": edge,
        "markeredgewidth": 1.0 if label < 0 else 0.4,
        "alpha": alpha,
    }


def draw_points(
    axes: Axes, coordinates: np.ndarray, labels: np.ndarray, size: float = 6, alpha: float = 0.9
) -> None:
    """Points of shape (n, 2) or (n, 3); small segments come last and stay on top."""
    crowd = len(coordinates) > 1_000
    for label in segments(labels):
        chosen = coordinates[labels == label]
        if len(chosen):
            style = point_style(label, size * (0.65 if crowd else 1), min(alpha, 0.6) if crowd else alpha)
            if crowd and label >= 0:
                style["markeredgewidth"] = 0
            axes.plot(*chosen.T, zorder=1 if label < 0 else 2, **style)


def write_beside(
    axes: Axes, text: str, at: tuple[Any, Any], shift: tuple[float, float] = (4, 0), **style: Any
) -> None:
    """Text beside a place of the axes, `shift` points away from it."""
    usual: dict[str, Any] = {"va": "center", "fontsize": TICK_SIZE, "color": INK}
    axes.annotate(text, at, shift, textcoords="offset points", **usual | style)


def ring(
    axes: Axes, x: float, y: float, color: str, label: str | None = None, size: float = 14
) -> list[Line2D]:
    """A ring around the point that stands out, as handles for a legend."""
    return axes.plot(
        [x],
        [y],
        "o",
        linestyle="none",
        markersize=size,
        markerfacecolor="none",
        markeredgecolor=color,
        markeredgewidth=2,
        label=label,
    )


def annotate_cells(axes: Axes, values: np.ndarray, limit: float) -> None:
    """Write each value into its cell of a diverging map, white where the cell is dark."""
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            color = "white" if abs(value) > 0.6 * limit else INK
            axes.text(
                column,
                row,
                signed_zero_free(value, ".2f"),
                ha="center",
                va="center",
                fontsize=SMALL_SIZE,
                color=color,
                # What lies within the axes needs no room of its own, and is not measured for it.
                in_layout=False,
            )


def segment_legend(area: SubFigure, labels: np.ndarray) -> None:
    """Segments and their numbers of customers, to the right of the axes."""
    segment_key(area, segments(labels), {s: int(np.sum(labels == s)) for s in segments(labels)})


def segment_key(area: SubFigure, labels: Iterable[int], counts: Mapping[int, int] | None = None) -> None:
    """The colours, markers and names of segments, to the right of the axes."""
    shown = list(labels)
    lines = 2 if len(shown) <= 14 else 1
    after = {s: f" ({counts[s]:,})" if counts else "" for s in shown}
    handles = [
        Line2D([], [], label=segment_text(s, 26, lines) + after[s], **point_style(s, 7, 1)) for s in shown
    ]
    if handles:
        side_legend(area, handles)


def side_legend(area: SubFigure, handles: list[Any]) -> None:
    """A legend outside the axes, in as many columns as its length needs; long words make the figure wider."""
    texts = [str(handle.get_label()) for handle in handles]
    figure: Any = area.get_figure(root=True)
    width, height = figure.get_size_inches()
    # A line is some 0.19 inches high, a letter some 0.065 wide; figures have room for one column of 20 letters.
    n_lines = sum(text.count("\n") + 1 for text in texts)
    columns = max(-(-n_lines // max(int((height - 0.8) / 0.19), 1)), -(-len(texts) // 20))
    letters = max(len(line) for text in texts for line in text.split("\n"))
    if letters > 20:
        figure.set_size_inches(width + 0.065 * (columns * (letters + 4) - 24), height)
    area.legend(
        handles=handles,
        loc="outside right upper",
        ncols=columns,
        fontsize=TICK_SIZE,
        frameon=False,
        labelcolor=INK,
        handletextpad=0.4,
    )


def to_png(figure: Figure, dpi: int = DPI) -> bytes:
    """Render a figure.

    Parameters
    ----------
    figure : Figure
        Any figure of this package.
    dpi : int, default=110
        Pixels per inch.

    Returns
    -------
    bytes
        A PNG file.
    """
    canvas: Any = figure.canvas
    own = figure.dpi
    figure.dpi = dpi
    try:
        # Drawn once: savefig would draw all a second time, for layouts that are not used here.
        canvas.draw()
        buffer = io.BytesIO()
        pixels = np.asarray(canvas.buffer_rgba())
        imsave(buffer, pixels, format="png", pil_kwargs={"compress_level": 4})
        if buffer.tell() > LARGE_PNG:
            # A third of the size; the eye does not see the difference of 256 chosen colours.
            buffer = io.BytesIO()
            image = Image.fromarray(pixels[..., :3])
            image.quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(buffer, "png")
    finally:
        figure.dpi = own
    return buffer.getvalue()
