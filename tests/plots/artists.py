"""What the artists of a figure hold, read the way a person reads the figure."""

import io
from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.text import Annotation, Text

from segmentation import plots
from segmentation.profiling import describe

# What no name of a person's data may break.
NASTY = [
    "<script>alert(1)</script>",
    "$x_1$",
    "n" * 300,
    "Доход клиента",
    "\N{UNICORN FACE} fun",
    "_hidden",
    "",
    "a\nb",
]


def drawn(figure, dpi=50):
    """A figure must show more than paper, and nothing may reach its edge: what does is cut."""
    assert isinstance(figure, Figure)
    picture = imread(io.BytesIO(plots.to_png(figure, dpi=dpi)), format="png")[..., :3]
    assert (picture < 0.9).any(axis=2).sum() > 60
    assert (np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]]) > 0.95).all()
    return figure


def profile_figures(table, labels, units=None):
    """The bars and the heat map of all columns."""
    # The squares of the largest numbers there are overflow; what is drawn then is asked here.
    with np.errstate(all="ignore"):
        profile = describe(table, labels, list(table.columns))
    yield plots.profile_bars(profile.numbers, profile.overall, profile.categories, units)
    yield plots.profile_heatmap(profile.numbers)


def texts(figure):
    """Every text, on one line each."""
    return [one_line(text.get_text()) for text in figure.findobj(Text) if text.get_text()]


def panels(figure):
    """The axes that show data, in the order of reading."""
    return [axes for axes in figure.findobj(Axes) if (axes.axison or axes.name == "3d") and not _is_key(axes)]


def _is_key(axes):
    return axes.get_label() == "<colorbar>"


def color_bar(figure):
    """Lowest and highest value of the colour bar, and the colours at both."""
    (axes,) = filter(_is_key, figure.findobj(Axes))
    bar = axes._colorbar
    return bar.vmin, bar.vmax, to_hex(bar.cmap(0.0)), to_hex(bar.cmap(1.0))


def ticks(axis):
    """Place -> what is written there, also where panels share what is written."""
    places = axis.get_ticklocs()
    return dict(zip(places.tolist(), map(one_line, axis.major.formatter.format_ticks(places)), strict=True))


def one_line(text):
    return " ".join(text.split())


def _rising(axes, names="xy"):
    for name in names:
        low, high = getattr(axes, f"get_{name}lim")()
        assert low < high, f"the {name} axis is drawn backwards"


def _named(axis, place):
    labels = ticks(axis)
    nearest = min(labels, key=lambda tick: abs(tick - place))
    assert abs(nearest - place) < 0.5
    return labels[nearest]


def bars(axes, number=0):
    """Label -> length of the bars of one set, from the top or from the left."""
    return {label: length for label, length, _ in _bars(axes, number)}


def bar_colors(axes, number=0):
    """Label -> colour of the bars of one set."""
    return {label: color for label, _, color in _bars(axes, number)}


def _bars(axes, number):
    container = axes.containers[number]
    flat = container.orientation == "horizontal"
    _rising(axes, "x" if flat else "y")
    axis, (first, last) = (axes.yaxis, axes.get_ylim()[::-1]) if flat else (axes.xaxis, axes.get_xlim())
    found = []
    for patch in container.patches:
        along = (patch.get_y() + patch.get_height() / 2) if flat else (patch.get_x() + patch.get_width() / 2)
        length = patch.get_width() if flat else patch.get_height()
        found.append((along, _named(axis, along), round(length, 9), to_hex(patch.get_facecolor())))
    found.sort(key=lambda bar: bar[0], reverse=bool(first > last))
    return [bar[1:] for bar in found]


def beside(axes):
    """Label of a row -> what is written in or beside it."""
    notes = [child for child in axes.texts if isinstance(child, Annotation) and child.get_text()]
    rows = {}
    for note in notes:
        rows.setdefault(_named(axes.yaxis, note.xy[1]), []).append(note.get_text())
    return {label: said[0] if len(said) == 1 else said for label, said in rows.items()}


def heat_map(axes):
    """The values of a heat map under the names of their rows and columns."""
    (image,) = axes.images
    values = np.ma.filled(image.get_array().astype(float), np.nan).round(9)
    left, right, bottom, top = image.get_extent()
    assert (left, right, sorted((bottom, top))) == (
        -0.5,
        values.shape[1] - 0.5,
        [-0.5, values.shape[0] - 0.5],
    )
    # Rows and columns stand where the axes count them.
    assert (image.origin == "upper") == (bottom > top)
    _rising(axes, "x")
    across, down = ticks(axes.xaxis), ticks(axes.yaxis)
    return pd.DataFrame(
        values, [down[i] for i in range(len(values))], [across[i] for i in range(values.shape[1])]
    )


def cell_texts(axes):
    """What is written into the cells of a heat map."""
    across, down = ticks(axes.xaxis), ticks(axes.yaxis)
    return {(down[t.get_position()[1]], across[t.get_position()[0]]): t.get_text() for t in axes.texts}


def points(line, down=False):
    """The points of a line on axes that rise to the right, and upwards or `down`."""
    _rising(line.axes, "x" if down else "xy")
    assert not down or line.axes.yaxis.get_inverted()
    return [tuple(point) for point in np.round(np.asarray(line.get_xydata(), dtype=float), 9).tolist()]


def line(axes, label):
    """The points of the line that the legend calls so."""
    (found,) = [artist for artist in axes.lines if artist.get_label() == label]
    return points(found)


def points_by_color(axes):
    """Colour -> points of the lines that have it, sorted; a hollow marker has the colour of its edge."""
    found = {}
    for artist in axes.lines:
        found.setdefault(color_of(artist), []).extend(points(artist))
    return {color: sorted(every) for color, every in found.items()}


def color_of(artist):
    """The colour a reader tells the artist by."""
    if not isinstance(artist, Line2D):
        color = artist.get_color() if hasattr(artist, "get_color") else artist.get_facecolor()
        return to_hex(np.ravel(color)[:4])
    hollow = str(artist.get_markerfacecolor()) in ("none", "white")
    return to_hex(artist.get_markeredgecolor() if hollow else artist.get_color())


def legend(figure):
    """What the legend calls its entries -> their colours, in its order."""
    (key,) = figure.findobj(Legend)
    names = [one_line(text.get_text()) for text in key.get_texts()]
    return dict(zip(names, map(color_of, key.legend_handles), strict=True))


def steps(area):
    """How far an area between 0 and a stair line reaches at each step, from the top of the picture down."""
    assert area.axes.yaxis.get_inverted()
    _rising(area.axes, "x")
    corners = area.get_paths()[0].vertices.tolist()
    found = {min(y, end): x for (x, y), (also, end) in pairwise(corners) if x == also != 0 and y != end}
    return [found[y] for y in sorted(found)]
