"""Do the segments survive other customers? Fits on sub-samples, compared."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

Resample = tuple[np.ndarray, np.ndarray]
"""Positions of the rows of one sub-sample, each once, and the labels they got there."""
STABLE_JACCARD, DOUBTFUL_JACCARD = 0.75, 0.6
"""Mean Jaccard from which a segment is stable, and below which it should not be trusted (Hennig, clusterboot of the R
package fpc)."""


@dataclass(frozen=True)
class Stability:
    """How far a clustering depends on which customers were there.

    Attributes
    ----------
    score : float
        Mean adjusted Rand index over all pairs of sub-samples, on the rows that both hold, noise as one group.
        1 for the same segments each time, about 0 for chance.
    spread : float
        Standard deviation over those pairs.
    jaccard : tuple of float
        For each segment of the clustering of all rows, the mean over the sub-samples that hold a member of it of its
        largest Jaccard similarity to a segment found there, 0 to 1; NaN where no sub-sample holds one. Hennig
        2007 calls segments above 0.75 stable and those below 0.5 dissolved.
    losses : tuple of float
        For each sub-sample the variation of information between the clustering of all rows and its own, in bits a
        row: what of the answer changes with the customers. 0 for nothing.
    fits : int
        Sub-samples that were looked at.
    """

    score: float
    spread: float
    losses: tuple[float, ...]
    jaccard: tuple[float, ...]
    fits: int = 0

    @property
    def lost(self) -> float:
        """Mean of the losses, in bits a row."""
        return float(np.mean(self.losses))

    @property
    def jaccard_min(self) -> float:
        """The least stable segment's, of those in some sub-sample; 0 where none is."""
        return min((j for j in self.jaccard if not np.isnan(j)), default=0.0)


def stability(
    fit: Callable[[np.ndarray], np.ndarray],
    labels: np.ndarray,
    fits: int = 8,
    share: float = 0.8,
    seed: int = 0,
    bootstrap: bool = False,
    rows: np.ndarray | None = None,
) -> Stability:
    """Fit on sub-samples again and compare.

    Parameters
    ----------
    fit : callable
        Takes positions of rows in `labels`, shape (m,), and returns their labels, shape (m,). No `predict` is
        needed.
    labels : ndarray of int, shape (n,)
        The clustering of all rows; -1 is noise.
    fits : int, default=8
        Number of sub-samples, 2 or more; each pair of them is compared.
    share : float, default=0.8
        Share of the rows in a sub-sample.
    seed : int, default=0
        Of the drawing.
    bootstrap : bool, default=False
        Draw n rows with replacement instead. Repeated rows can make dense spots that are not there, so
        sub-samples are the better default for algorithms that follow density.
    rows : ndarray of int, optional
        Positions to draw from, ascending, where all rows are too many to fit to.

    Returns
    -------
    Stability

    Notes
    -----
    Pairs of sub-samples: Ben-Hur, Elisseeff and Guyon 2002. Jaccard: Hennig 2007.
    """
    drawn = draws(np.arange(len(labels)) if rows is None else rows, fits, share, seed, bootstrap)
    return compare(labels, [once(sample, fit(sample)) for sample in drawn])


def draws(
    rows: np.ndarray, fits: int, share: float = 0.8, seed: int = 0, bootstrap: bool = False
) -> list[np.ndarray]:
    """Draw sub-samples of `rows`, ascending; with replacement as many as there are."""
    rng = np.random.default_rng(seed)
    size = len(rows) if bootstrap else max(2, round(share * len(rows)))
    return [np.sort(rng.choice(rows, size, replace=bootstrap)) for _ in range(fits)]


def once(rows: np.ndarray, labels: np.ndarray) -> Resample:
    """Keep each row of a resample once: a bootstrap repeats them."""
    kept, first = np.unique(rows, return_index=True)
    return kept, labels[first]


def compare(labels: np.ndarray, resamples: Sequence[Resample]) -> Stability:
    """Compare clusterings of sub-samples with each other, and with that of all rows.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        The clustering of all rows.
    resamples : sequence of (rows, labels)
        Two or more.

    Returns
    -------
    Stability
    """
    scores = []
    for (rows, found), (others, found_there) in combinations(resamples, 2):
        _, here, there = np.intersect1d(rows, others, assume_unique=True, return_indices=True)
        scores.append(adjusted_rand(found[here], found_there[there]))
    best = np.array([_jaccard(labels, rows, found) for rows, found in resamples])
    times = np.isfinite(best).sum(axis=0)
    jaccard = np.where(times > 0, np.nansum(best, axis=0) / np.maximum(times, 1), np.nan)
    losses = tuple(information_lost(labels[rows], found) for rows, found in resamples)
    return Stability(
        float(np.mean(scores)),
        float(np.std(scores)),
        losses,
        tuple(float(j) for j in jaccard),
        len(resamples),
    )


def adjusted_rand(a: np.ndarray, b: np.ndarray) -> float:
    """Adjusted Rand index of two labellings, noise counted as one group.

    Parameters
    ----------
    a, b : ndarray of int, shape (n,)
        Segments 0, 1, ...; -1 is noise.

    Returns
    -------
    float
        1 for the same groups, about 0 for chance. Hubert and Arabie 1985, as in scikit-learn but without its
        checks, which take longer than the sum.
    """
    table = _crosstab(a, b)

    def pairs(counts: np.ndarray) -> float:
        return float((counts * (counts - 1)).sum() / 2)

    both, in_a, in_b, total = (
        pairs(table),
        pairs(table.sum(1)),
        pairs(table.sum(0)),
        len(a) * (len(a) - 1) / 2,
    )
    chance = in_a * in_b / max(total, 1)
    most = (in_a + in_b) / 2
    return 1.0 if most == chance else (both - chance) / (most - chance)


def information(labels: np.ndarray) -> float:
    """Bits that a labelling tells of a row: the entropy of its shares, noise as one group."""
    return _bits(np.bincount(labels + 1).astype(float))


def information_lost(a: np.ndarray, b: np.ndarray) -> float:
    """Variation of information of two labellings in bits a row, noise as one group (Meilă 2007).

    0 for the same groups; symmetric; at most the information of both together.
    """
    table = _crosstab(a, b)
    return max(0.0, 2 * _bits(table.ravel()) - _bits(table.sum(axis=0)) - _bits(table.sum(axis=1)))


def _bits(counts: np.ndarray) -> float:
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log2(shares)).sum())


def _crosstab(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Rows in each group of a and each of b, noise first."""
    height, width = int(a.max(initial=-1)) + 2, int(b.max(initial=-1)) + 2
    cells = (a.astype(np.int64) + 1) * width + b + 1
    return np.bincount(cells, minlength=height * width).reshape(height, width).astype(float)


def _jaccard(labels: np.ndarray, rows: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Best Jaccard similarity of each segment of all rows to a segment of the sub-sample; NaN where it has none."""
    table = np.zeros((int(labels.max(initial=-1)) + 2, int(found.max(initial=-1)) + 2))
    here = _crosstab(labels[rows], found)
    table[: len(here)] = here
    segments, shared = table[1:].sum(axis=1), table[1:, 1:]
    union = segments[:, None] + table[:, 1:].sum(axis=0) - shared
    best = (shared / np.maximum(union, 1)).max(axis=1, initial=0.0)
    return np.where(segments > 0, best, np.nan)
