"""Do segments stay together from one number of segments to the next? Their members, followed."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from segmentation.errors import InputError


@dataclass(frozen=True)
class Step:
    """From one solution to the next: where the members of each segment were before.

    Attributes
    ----------
    before, after : tuple of int
        The labels that occur in each solution, ascending, so that noise (-1), where there is any, comes first.
    flows : ndarray of int, shape (len(before), len(after))
        Customers of each group before in each group after.
    stability : ndarray of shape (k_after,)
        For each segment after, noise left out: 1 if all its members come from one group, 0 if they come in
        equal numbers from all groups there were.
    """

    before: tuple[int, ...]
    after: tuple[int, ...]
    flows: np.ndarray
    stability: np.ndarray

    @property
    def ks(self) -> tuple[int, int]:
        """Numbers of segments before and after, noise not counted."""
        return sum(label >= 0 for label in self.before), sum(label >= 0 for label in self.after)


def segment_overlap(solutions: Sequence[np.ndarray]) -> tuple[Step, ...]:
    """Follow segments across solutions of neighbouring numbers of segments.

    Parameters
    ----------
    solutions : sequence of ndarray of int, each of shape (n,)
        Labellings of the same rows, in the order of their numbers of segments; -1 is noise.

    Returns
    -------
    tuple of Step
        One for each two neighbours; empty for fewer than two solutions.

    Raises
    ------
    InputError
        If the solutions are not of the same rows.

    Notes
    -----
    Segment level stability across solutions (SLSA), Dolnicar and Leisch 2017, as `slsaplot` of the R package
    flexclust computes it: 1 - H / log(m), where H is the entropy of the shares in which the members of a segment
    come from the m groups before. Noise before is one of these groups, for a segment gathered from noise did not
    exist. Where there was one group only, nothing could be mixed, and the stability is 1.

    Examples
    --------
    >>> step, = segment_overlap([np.array([0, 0, 0, 1, 1, 1]), np.array([0, 0, 1, 1, 2, 2])])
    >>> step.flows.tolist(), step.stability.tolist()
    ([[2, 1, 0], [0, 1, 2]], [1.0, 0.0, 1.0])
    """
    rows = [len(labels) for labels in solutions]
    if len(set(rows)) > 1:
        raise InputError(
            f"the solutions to compare label {', '.join(map(str, rows))} customers; all must label the same ones"
        )
    return tuple(_step(*pair) for pair in pairwise(solutions))


def _step(before: np.ndarray, after: np.ndarray) -> Step:
    groups, row = np.unique(before, return_inverse=True)
    parts, column = np.unique(after, return_inverse=True)
    cells = np.bincount(row * len(parts) + column, minlength=len(groups) * len(parts))
    flows = cells.reshape(len(groups), len(parts))
    stability = np.array([_purity(counts) for counts in flows.T[parts >= 0]])
    return Step(tuple(groups.tolist()), tuple(parts.tolist()), flows, stability)


def _purity(counts: np.ndarray) -> float:
    """1 less the share of the entropy that is possible among these groups."""
    if len(counts) < 2:
        return 1.0
    shares = counts[counts > 0] / counts.sum()
    # Rounding may leave the sum of equal shares beyond the entropy that is possible.
    return float(np.clip(1 + (shares * np.log(shares)).sum() / np.log(len(counts)), 0, 1))
