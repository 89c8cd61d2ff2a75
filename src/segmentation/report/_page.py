"""Parts laid out as one HTML file."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from json import dumps
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from segmentation.errors import InputError
from segmentation.report._cells import cells, decimals, is_long, number
from segmentation.report._parts import Scatter3D, Section

TEMPLATE = Path(__file__).with_name("template")
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_POINTS = 3_000
"""Drawn of a cloud: more would make it slow to turn, and no clearer."""
FEWEST_POINTS = 20
"""Drawn of each segment where it has them, so that none is lost in the sample."""
LONGEST_AXIS = 36
"""Letters of an axis that are drawn; the whole name stands below."""


def page(title: str, lead: str, sections: Sequence[Section]) -> str:
    """Lay out a page; everything is escaped.

    Parameters
    ----------
    title : str
        Its heading.
    lead : str
        What to know first, in plain words.
    sections : sequence of Section
        The rest.

    Returns
    -------
    str
        One HTML file that asks nothing of the network.

    Examples
    --------
    >>> "&lt;b&gt;" in page("Customers", "200 of them.", [Section("<b>", ["Who they are."])])
    True
    """
    script = (TEMPLATE / "scatter.js").read_text(encoding="utf-8") if _turns(sections) else ""
    # Only this very script may run, whatever else should find its way into the page.
    hashed = f"sha256-{b64encode(sha256(script.encode()).digest()).decode()}" if script else ""
    html = (
        _environment()
        .get_template("page.html")
        .render(title=title, lead=lead, sections=sections, script=script, hashed=hashed)
    )
    # Half of a surrogate pair, which a damaged name may hold, has no place in UTF-8.
    return html.encode("utf-8", "replace").decode("utf-8")


def write_page(path: Path, html: str) -> None:
    """Write a page to a file that ends in .html, making its folder where it is new.

    Raises
    ------
    InputError
        If the file has another suffix or cannot be written.
    """
    if path.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"report={path}; valid is a file that ends in .html.")
    write_files(path.parent, {path.name: html.encode()}, f"report={path}", "a file that ends in .html")


def write_files(folder: Path, files: Mapping[str, bytes], place: str, valid: str) -> None:
    """Write files into a folder, which is made where it is new.

    Parameters
    ----------
    folder : Path
        Where.
    files : mapping of str to bytes
        By their path in a run, of which the last part is kept.
    place, valid : str
        What was asked for, as "output=FOLDER", and what would have been valid.

    Raises
    ------
    InputError
        If they cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / Path(name).name).write_bytes(content)
    except OSError as error:
        raise InputError(f"{place} cannot be written ({error}); valid is {valid}.") from error


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATE, encoding="utf-8"), autoescape=True, undefined=StrictUndefined
    )
    environment.tests["a"] = lambda part, name: type(part).__name__ == name
    environment.tests["long"] = is_long
    environment.filters |= {"base64": _base64, "png_size": _png_size, "cells": cells, "cloud": _cloud}
    return environment


def _turns(parts: Sequence[Any]) -> bool:
    return any(
        isinstance(part, Scatter3D) or (isinstance(part, Section) and _turns(part.parts)) for part in parts
    )


def _base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")


class _Size(NamedTuple):
    width: int
    height: int


def _png_size(png: bytes) -> _Size:
    """The picture's own size, so that the page does not jump while it loads."""
    if not png.startswith(PNG_SIGNATURE):
        raise ValueError("A picture of a page is a PNG file.")
    return _Size(int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big"))


class _Cloud(NamedTuple):
    segments: list[tuple[int, str, str]]  # position in the legend, name, colour
    data: str
    note: str


def _cloud(scatter: Scatter3D) -> _Cloud:
    known = np.flatnonzero(np.isfinite(scatter.points).all(axis=1))
    rows = known[_sample(scatter.labels[known])]
    labels, points = scatter.labels[rows], scatter.points[rows]
    present = sorted(np.unique(labels).tolist(), key=lambda s: (s < 0, s))
    low, high = points.min(axis=0, initial=np.inf), points.max(axis=0, initial=-np.inf)
    # A thousand steps are finer than the screen, and take a fifth of the room of decimal numbers.
    steps = np.rint(1000 * (points - low) / np.where(high > low, high - low, 1)).astype(int)
    at = {segment: i for i, segment in enumerate(present)}
    data = {
        "axes": [
            {"name": _shortened(name), "low": _end(a, b), "high": _end(b, a)}
            for name, a, b in zip(scatter.axes, low, high, strict=True)
        ],
        "colors": [{"color": scatter.colors[s], "shape": max(s, 0) // 8 % 4} for s in present],
        "points": np.column_stack([steps, [at[s] for s in labels.tolist()]]).ravel().tolist(),
    }
    total = len(scatter.points)
    note = f"All {total:,} customers are drawn."
    if len(rows) < total:
        note = f"{len(rows):,} of {total:,} customers are drawn, at random, some of every segment."
    return _Cloud(
        [(at[s], scatter.names[s], scatter.colors[s]) for s in present],
        dumps(data, separators=(",", ":")),
        note,
    )


def _sample(labels: np.ndarray) -> np.ndarray:
    """Rows at random, with some of every segment first."""
    if len(labels) <= MOST_POINTS:
        return np.arange(len(labels))
    order = np.random.default_rng(0).permutation(len(labels))
    segments = np.unique(labels)
    few = min(FEWEST_POINTS, MOST_POINTS // len(segments))
    first = np.concatenate([order[labels[order] == s][:few] for s in segments])
    rest = order[~np.isin(order, first)][: MOST_POINTS - len(first)]
    return np.sort(np.concatenate([first, rest]))


def _shortened(name: str) -> str:
    return name if len(name) <= LONGEST_AXIS else f"{name[: LONGEST_AXIS - 1]}\N{HORIZONTAL ELLIPSIS}"


def _end(value: float, other: float) -> str:
    return number(value, decimals([value, other]))
