"""Seeded sets with known segments of many kinds, for fitting the weights of the rule of choice."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

FAMILIES = ("compact", "compact", "shapes", "shapes", "mixed", "nested", "wide")
KINDS = ("gaussian", "gaussian", "gaussian", "t", "uniform", "ball", "skewed")
CURVES = {
    "arc": 0.25,
    "ring": 0.15,
    "line": 0.17,
    "spiral": 0.08,
    "wave": 0.1,
    "blob": 0.1,
    "disc": 0.08,
    "box": 0.07,
}
THIN = ("arc", "ring", "line", "spiral", "wave")

Groups = list[np.ndarray]


@dataclass(frozen=True)
class Shaped:
    """One generated set: X of shape (n, d), and the group of each row, 1..k; 0 is noise."""

    name: str
    X: np.ndarray
    truth: np.ndarray


def shaped(number: int) -> Shaped:
    """Draw one set of 130 to 700 rows: the families in turn, a quarter of the sets with scattered noise."""
    rng = np.random.default_rng([77, number])
    n = int(np.exp(rng.uniform(np.log(130), np.log(700))))
    family = FAMILIES[number % len(FAMILIES)]
    groups = DRAW[family](rng, n)
    X = np.vstack(groups)
    truth = np.repeat(np.arange(1, len(groups) + 1), [len(group) for group in groups])
    if rng.uniform() < 0.25:
        stray, low, high = int(rng.uniform(0.01, 0.12) * len(X)), X.min(axis=0), X.max(axis=0)
        margin = 0.05 * (high - low)
        X = np.vstack([X, rng.uniform(low - margin, high + margin, (stray, X.shape[1]))])
        truth = np.append(truth, np.zeros(stray, dtype=int))
    order = rng.permutation(len(X))
    return Shaped(f"{family}-{number}", X[order], truth[order])


def _turn(rng: np.random.Generator, d: int) -> np.ndarray:
    result: np.ndarray = np.linalg.qr(rng.normal(size=(d, d)))[0]
    return result


def _sizes(rng: np.random.Generator, k: int, n: int, evenness: float) -> np.ndarray:
    shares = 0.03 + (1 - 0.03 * k) * rng.dirichlet(np.full(k, evenness))
    return np.maximum((shares * n).astype(int), 12)


def _blob(rng: np.random.Generator, m: int, d: int, stretch: float, kind: str) -> np.ndarray:
    if kind == "gaussian":
        rows = rng.normal(size=(m, d))
    elif kind == "t":
        rows = 0.8 * rng.standard_t(5, size=(m, d))
    elif kind == "uniform":
        rows = rng.uniform(-1.7, 1.7, size=(m, d))
    elif kind == "ball":
        rows = rng.normal(size=(m, d))
        rows = 1.9 * rows / np.linalg.norm(rows, axis=1, keepdims=True) * rng.uniform(size=(m, 1)) ** (1 / d)
    else:
        rows = (rng.gamma(2.0, size=(m, d)) - 2) / 1.4
    scale = rng.uniform(1, stretch, d)
    return rows * scale / np.exp(np.log(scale).mean()) @ _turn(rng, d)


def _gap(one: np.ndarray, other: np.ndarray) -> float:
    """Distance of two centres over the sum of both deviations along the line between them."""
    line = one.mean(axis=0) - other.mean(axis=0)
    length = float(np.linalg.norm(line))
    line /= max(length, 1e-9)
    return length / float((one @ line).std() + (other @ line).std())


def _compact(rng: np.random.Generator, n: int, overlap: tuple[float, float] = (1.3, 3.0)) -> Groups:
    """Gaussians, boxes, balls, skewed and heavy-tailed groups that overlap a little or lie apart."""
    k = int(rng.choice([2, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9, 10, 12, 15]))
    d = int(rng.choice([2, 2, 2, 3, 4, 5, 8]))
    stretch = float(rng.choice([1.01, 2, 4]))
    kinds = rng.choice(KINDS, size=1 if rng.uniform() < 0.7 else 3)
    gap = rng.uniform(*overlap)
    sizes = _sizes(rng, k, n, float(rng.choice([1, 2, 5, 30])))
    spread = float(rng.choice([1.0, 1.5, 3.0]))
    groups: Groups = []
    width = 2.0
    for m in sizes:
        rows = _blob(rng, m, d, stretch, str(rng.choice(kinds))) * rng.uniform(1, spread)
        while True:
            placed = rows + rng.uniform(-width, width, d)
            if all(_gap(placed, group) >= gap for group in groups):
                groups.append(placed)
                break
            width *= 1.03
    return groups


def _curve(rng: np.random.Generator, m: int) -> np.ndarray:
    kind = str(rng.choice(list(CURVES), p=list(CURVES.values())))
    t = rng.uniform(0, 1, m)
    if kind == "arc":
        angle = rng.uniform(0.6, 1.6) * np.pi * t
        rows = np.column_stack([np.cos(angle), np.sin(angle)])
    elif kind == "ring":
        rows = np.column_stack([np.cos(2 * np.pi * t), rng.uniform(0.5, 1) * np.sin(2 * np.pi * t)])
    elif kind == "line":
        rows = np.column_stack([2.4 * t - 1.2, np.zeros(m)])
    elif kind == "spiral":
        angle = rng.uniform(1.2, 2.2) * np.pi * np.sqrt(t + 0.05)
        rows = np.column_stack([angle * np.cos(angle), angle * np.sin(angle)]) / 5
    elif kind == "wave":
        rows = np.column_stack([2.6 * t - 1.3, 0.4 * np.sin(2 * np.pi * t * rng.uniform(0.7, 1.3))])
    elif kind == "blob":
        rows = 0.35 * rng.normal(size=(m, 2))
    elif kind == "disc":
        radius = 0.8 * np.sqrt(rng.uniform(size=m))
        rows = np.column_stack([radius * np.cos(2 * np.pi * t), radius * np.sin(2 * np.pi * t)])
    else:
        rows = rng.uniform(-0.8, 0.8, (m, 2)) * [1, rng.uniform(0.3, 1)]
    if kind in THIN:
        width = rng.uniform(0.02, 0.12)
        even = rng.uniform(-1.7 * width, 1.7 * width, (m, 2))
        rows = rows + (width * rng.normal(size=(m, 2)) if rng.uniform() < 0.6 else even)
    return rows * rng.uniform(0.6, 1.6) @ _turn(rng, 2)


def _reach(rows: np.ndarray) -> float:
    """Distance to the third neighbour that nine of ten rows have."""
    return float(np.quantile(cKDTree(rows).query(rows, k=4)[0][:, -1], 0.9))


def _shapes(rng: np.random.Generator, n: int) -> Groups:
    """Arcs, rings, lines, spirals and blobs in the plane; between two of them no row has its usual neighbour."""
    k = int(rng.choice([2, 2, 2, 3, 3, 4, 5, 6]))
    needed = rng.uniform(1.0, 3.2)
    groups: Groups = []
    width = 0.5
    for m in _sizes(rng, k, n, float(rng.choice([2, 5, 30]))):
        rows = _curve(rng, m)
        while True:
            placed = rows + rng.uniform(-width, width, 2)
            if all(_apart(placed, group, needed) for group in groups):
                groups.append(placed)
                break
            width *= 1.02
    return groups


def _apart(rows: np.ndarray, group: np.ndarray, needed: float) -> bool:
    nearest = cKDTree(group).query(rows)[0].min()
    return bool(nearest >= needed * max(_reach(rows), _reach(group)))


def _nested(rng: np.random.Generator, n: int) -> Groups:
    """A ball or shell inside other shells, in two or three dimensions."""
    k, d = int(rng.choice([2, 3])), int(rng.choice([2, 3]))
    groups: Groups = []
    radius = 0.0
    for i, m in enumerate(_sizes(rng, k, n, 5)):
        width = rng.uniform(0.03, 0.15)
        rows = rng.normal(size=(m, d))
        if i == 0:
            groups.append(0.3 * rows)
            radius = 1.2
            continue
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        groups.append(rows * radius * (1 + 0.6 * width * rng.normal(size=(m, 1))))
        radius += rng.uniform(0.7, 1.4)
    return groups


def _mixed(rng: np.random.Generator, n: int) -> Groups:
    """Shapes beside up to four compact groups."""
    shapes = _shapes(rng, n // 2)
    blobs = [blob[:, :2] for blob in _compact(rng, n // 2, (2.0, 3.0))]
    scale = np.vstack(blobs).std()
    blobs = [blob / scale for blob in blobs][:4]
    shift = np.vstack(shapes)[:, 0].max() - min(blob[:, 0].min() for blob in blobs)
    return shapes + [blob + np.array([shift + rng.uniform(0.2, 0.6), 0]) for blob in blobs]


def _wide(rng: np.random.Generator, n: int) -> Groups:
    """Compact groups with further columns of noise."""
    groups = _compact(rng, n, (1.3, 2.6))
    d, scale = groups[0].shape[1], np.vstack(groups).std(axis=0).mean()
    extra = int(rng.integers(1, max(2, d)))
    return [
        np.hstack([group, rng.uniform(0.3, 1.0) * scale * rng.normal(size=(len(group), extra))])
        for group in groups
    ]


DRAW: dict[str, Callable[[np.random.Generator, int], Groups]] = {
    "compact": _compact,
    "shapes": _shapes,
    "mixed": _mixed,
    "nested": _nested,
    "wide": _wide,
}
