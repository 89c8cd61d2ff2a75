"""Tests that rule a clustering out, whatever the other evidence."""

import numpy as np
from sklearn.metrics import pairwise_distances_argmin

from segmentation.evaluation._selection import Candidate, Constraints, RefitContext
from segmentation.evaluation._stability import adjusted_rand
from segmentation.evaluation._value import value_share

ONE_COLUMN = 0.9
"""Adjusted Rand index from which on a clustering is the values of one column again."""
OTHERS = 0.5
"""Adjusted Rand index up to which the other columns do not find it."""
CROSSED = 4
"""Columns whose values are crossed: with more of them, any clustering of a survey would be told."""
TIED = 10
"""Rows for each distinct value of a column, on average, from which on its values are levels or counts."""


def refusals(candidates: list[Candidate], field: RefitContext, constraints: Constraints) -> dict[int, str]:
    """Say why candidates cannot be the answer.

    Parameters
    ----------
    candidates : list of Candidate
        Those that keep the constraints.
    field : RefitContext
        The customers.
    constraints : Constraints
        `max_noise` is the largest share of the value, too, that may be left in no segment.

    Returns
    -------
    dict of int to str
        Number of the trial -> why, for those that are refused.
    """
    levels = _tied_columns(field)
    found: dict[int, str] = {}
    known: dict[bytes, str] = {}
    for c in candidates:
        key = c.labels.tobytes()
        if key not in known:
            known[key] = _lost_value(c.labels, field, constraints) or _few_columns(c.labels, field, levels)
        if known[key]:
            found[c.number] = known[key]
    return found


def _lost_value(labels: np.ndarray, field: RefitContext, constraints: Constraints) -> str:
    noise = labels < 0
    if field.value is None or not noise.any():
        return ""
    share = value_share(labels, field.value)[-1]
    if not share > constraints.max_noise:
        return ""
    return f"{share:.0%} of the value lies with the {noise.mean():.1%} of customers in no segment"


def _tied_columns(field: RefitContext) -> list[tuple[int, np.ndarray]]:
    """Columns of levels and counts: each with the position of every row's value."""
    if field.columns is None or field.columns.shape[1] < 2:
        return []
    found = []
    for j, column in enumerate(field.columns.T):
        values, position = np.unique(column, return_inverse=True)
        if 1 < len(values) <= len(column) / TIED:
            found.append((j, position))
    return found


def _few_columns(labels: np.ndarray, field: RefitContext, levels: list[tuple[int, np.ndarray]]) -> str:
    """Whether the values of one column, or of a few crossed, tell every segment, and the others do not find it."""
    crossed, used = np.zeros(len(labels), dtype=np.int64), []
    for _ in range(min(CROSSED, len(levels))):
        options = [
            (-_told(labels, crossed * (position.max() + 1) + position), j, position)
            for j, position in levels
            if j not in used
        ]
        told, j, position = min(options, key=lambda option: option[:2])
        used.append(j)
        _, crossed = np.unique(crossed * (position.max() + 1) + position, return_inverse=True)
        if -told >= ONE_COLUMN:
            if _found_by_others(labels, field, used) > OTHERS:
                return ""
            places = ", ".join(str(i + 1) for i in sorted(used))
            return (
                f"it is the values of one column again (column {places} of the features)"
                if len(used) == 1
                else f"it is the values of {len(used)} columns crossed (columns {places} of the features)"
            )
    return ""


def _told(labels: np.ndarray, position: np.ndarray) -> float:
    """Adjusted Rand index of the segments to what the commonest segment at each value says."""
    _, position = np.unique(position, return_inverse=True)
    cells = np.zeros((position.max() + 1, labels.max() + 2))
    np.add.at(cells, (position, labels + 1), 1)
    return adjusted_rand(labels, cells.argmax(axis=1)[position] - 1)


def _found_by_others(labels: np.ndarray, field: RefitContext, used: list[int]) -> float:
    """Adjusted Rand index of the segments to what the nearest of their centres says without some columns."""
    assert field.columns is not None
    # Scaled columns stand where the features do, unless a reducer made others of them.
    same = field.X.shape[1] == field.columns.shape[1]
    X = np.delete(field.X, used, axis=1) if same else np.delete(field.columns, used, axis=1)
    segments = np.unique(labels)
    centers = np.array([X[labels == s].mean(axis=0) for s in segments])
    return adjusted_rand(labels, segments[pairwise_distances_argmin(X, centers)]) if X.size else 0.0
