"""What lies on the boundaries of segments, and inside them: valleys of the density, or nothing."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

NEIGHBOURS = 10
GRAPH_ROWS = 2_000
"""Beyond so many rows the boundaries are those of one fixed sample of as many."""
FEWEST = 20
"""Rows of a segment that is asked whether it holds two groups."""
HALF = 5
"""Rows of each half."""
SHALLOWEST, DEEPEST = -1.0, 3.0
"""Valleys are held within these bounds; a boundary that no two neighbours cross is as deep as the deepest."""


@dataclass(frozen=True)
class Boundaries:
    """How the segments of one labelling are bounded; depths are in the logarithm of density, -1 to 3.

    Attributes
    ----------
    valley : float
        How much sparser it is where two neighbouring segments meet than inside the sparser of the two: the mean of
        all pairs that meet. Near 0 the boundary cuts through a crowd.
    weakest : float
        The same of each segment's shallowest boundary, the mean of all segments.
    inner : float
        The same of a cut through each segment, the mean of all customers; above 0 segments hold several groups. As
        deep as the deepest where a segment falls apart: no row of one part is among the neighbours of another's.
    """

    valley: float
    weakest: float
    inner: float


@dataclass(frozen=True, eq=False)
class NeighbourGraph:
    """The nearest neighbours of each row, and how dense it is there and half-way to them.

    Attributes
    ----------
    X : ndarray of shape (m, d)
        The sampled rows.
    rows : ndarray of int, shape (m,)
        Their positions.
    nearest : ndarray of int, shape (m, NEIGHBOURS)
        Their nearest neighbours among them.
    density, between : ndarray of shape (m,) and (m, NEIGHBOURS)
        Logarithms of density at each row, and in the middle of the way to each neighbour.
    cuts : dict
        What was found of segments that occur in several labellings.
    """

    X: np.ndarray
    rows: np.ndarray
    nearest: np.ndarray
    density: np.ndarray
    between: np.ndarray
    cuts: dict[bytes, float]

    @classmethod
    def of(cls, X: np.ndarray, seed: int = 0) -> Self:
        """Find the neighbours.

        Parameters
        ----------
        X : ndarray of shape (n, d)
            Rows in the yardstick space, two at least.
        seed : int, default=0
            Of the sample, where there are more than 2,000.

        Returns
        -------
        NeighbourGraph
        """
        n, d = X.shape
        rows = np.arange(n)
        if n > GRAPH_ROWS:
            rows = np.sort(np.random.default_rng(seed).choice(n, GRAPH_ROWS, replace=False))
        X = X[rows]
        tree, k = cKDTree(X), min(NEIGHBOURS, len(X) - 1)
        distance, nearest = tree.query(X, k=k + 1)
        distance, nearest = distance[:, 1:], nearest[:, 1:]
        middle = ((X[:, None] + X[nearest]) / 2).reshape(-1, d)
        between = tree.query(middle, k=[k])[0].reshape(nearest.shape)
        # Rows that coincide are as dense as the closest that do not.
        least = float(distance[distance > 0].min(initial=np.inf))
        least = least if np.isfinite(least) else 1.0
        return cls(
            X,
            rows,
            nearest,
            -d * np.log(np.maximum(distance[:, -1], least)),
            -d * np.log(np.maximum(between, least)),
            {},
        )

    def boundaries(self, labels: np.ndarray) -> Boundaries:
        """Look at the boundaries of a labelling.

        Parameters
        ----------
        labels : ndarray of int, shape (n,)
            Segments of all rows; -1 is noise, which bounds nothing.

        Returns
        -------
        Boundaries
        """
        present, own = np.unique(labels[self.rows], return_inverse=True)
        own = own - int(present[0] < 0)
        k = int(own.max(initial=-1)) + 1
        here, there = np.repeat(own, self.nearest.shape[1]), own[self.nearest].ravel()
        inside = (here >= 0) & (there >= 0)
        here, there, between = here[inside], there[inside], self.between.ravel()[inside]
        crosses = here != there
        usual = np.array([np.median(self.density[own == s]) for s in range(k)])
        low, high = np.minimum(here, there)[crosses], np.maximum(here, there)[crosses]
        pairs, index = np.unique(low * k + high, return_inverse=True)
        first, second = pairs // k, pairs % k
        met = np.bincount(index, weights=between[crosses]) / np.maximum(np.bincount(index), 1)
        depth = np.clip(np.minimum(usual[first], usual[second]) - met, SHALLOWEST, DEEPEST)
        weakest = np.full(k, DEEPEST)
        np.minimum.at(weakest, first, depth)
        np.minimum.at(weakest, second, depth)
        cuts = np.array([self._cut(np.flatnonzero(own == s)) for s in range(k)])
        sizes = np.bincount(own[own >= 0], minlength=k)
        return Boundaries(
            float(depth.mean()) if len(depth) else DEEPEST,
            float(weakest.mean()) if k else 0.0,
            float(np.average(np.maximum(cuts, 0), weights=sizes)) if k else 0.0,
        )

    def _cut(self, members: np.ndarray) -> float:
        """Depth of the valley between the halves of a segment."""
        key = members.tobytes()
        if key not in self.cuts:
            side = _halves(self.X[members]) if len(members) >= FEWEST else None
            if self._falls_apart(members):
                self.cuts[key] = DEEPEST
            else:
                self.cuts[key] = SHALLOWEST if side is None else self._valley(members, side)
        return self.cuts[key]

    def _falls_apart(self, members: np.ndarray) -> bool:
        """Whether a segment has parts that no two neighbours connect, each with more rows than a row has neighbours."""
        place = np.full(len(self.X), -1)
        place[members] = np.arange(len(members))
        there = place[self.nearest[members]]
        here = np.broadcast_to(np.arange(len(members))[:, None], there.shape)
        edges = (np.ones((there >= 0).sum(), bool), (here[there >= 0], there[there >= 0]))
        _, part = connected_components(coo_matrix(edges, shape=(len(members),) * 2), directed=False)
        return int((np.bincount(part, minlength=1) > self.nearest.shape[1]).sum()) > 1

    def _valley(self, members: np.ndarray, side: np.ndarray) -> float:
        half = np.full(len(self.X), -1)
        half[members] = side
        there = half[self.nearest[members]]
        crosses = (there >= 0) & (there != half[members][:, None])
        if crosses.sum() < 3:
            return DEEPEST
        density = self.density[members]
        usual = min(np.median(density[side]), np.median(density[~side]))
        return float(np.clip(usual - self.between[members][crosses].mean(), SHALLOWEST, DEEPEST))


def _halves(rows: np.ndarray) -> np.ndarray | None:
    """Cut by two means, from the first principal axis; None where a half is too small."""
    away = rows - rows.mean(axis=0)
    side = away @ np.linalg.svd(away, full_matrices=False)[2][0] > 0
    for _ in range(12):
        if min(side.sum(), (~side).sum()) < HALF:
            return None
        one, other = rows[side].mean(axis=0), rows[~side].mean(axis=0)
        moved = (rows - (one + other) / 2) @ (one - other) > 0
        if (moved == side).all():
            break
        side = moved
    return side if min(side.sum(), (~side).sum()) >= HALF else None
