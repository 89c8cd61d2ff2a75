"""A rule for each segment, for those who have a database and not the model."""

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.tree import DecisionTreeClassifier

from segmentation.errors import InputError, nearest
from segmentation.profiling._conditions import Axis, Between, Condition, axes_of, near, quoted

FOLDS = 5
SAMPLE = 5_000  # customers that the size of the tree is chosen on
NEGLIGIBLE = 0.01  # fidelity that is not worth more leaves
_Path = dict[str, Condition]


@dataclass(frozen=True)
class Rule:
    """What a customer must be like to be in a segment.

    Attributes
    ----------
    segment : int
        Number of the segment; -1 is noise.
    words : str
        ``"annual income above 70.5 k$ and spending score at most 39.5"``, alternatives joined by "; or".
    sql : str
        The same as the condition of a WHERE; ``1 = 0`` where the tree never finds the segment.
    precision : float
        Share of the customers that the rule selects that are in the segment; NaN where it selects nobody.
    recall : float
        Share of the segment's customers that the rule selects.
    customers : int
        How many the rule selects.
    """

    segment: int
    words: str
    sql: str
    precision: float
    recall: float
    customers: int

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, 0 where the rule selects nobody of the segment."""
        if not self.customers or not self.recall:
            return 0.0
        return 2 * self.precision * self.recall / (self.precision + self.recall)


@dataclass(frozen=True)
class Node:
    """A node of the tree, for pictures.

    Attributes
    ----------
    column : str or None
        The column that its condition is about; None at the root.
    text : str
        The condition that leads here from its parent, in words; "" at the root.
    segment : int
        The commonest segment of its customers; -1 is noise.
    customers : int
        How many come here.
    purity : float
        Share of them that is in `segment`.
    children : tuple of Node
        None or two; the first is where the number is smaller, or the level another.
    """

    column: str | None
    text: str
    segment: int
    customers: int
    purity: float
    children: tuple["Node", ...] = ()


@dataclass(frozen=True, eq=False)
class Rules:
    """The rules of all segments.

    Attributes
    ----------
    rules : tuple of Rule
        In the order of the segments, noise last.
    fidelity : float
        Share of the customers that the rules put in the segment they are in, noise counted as one;
        measured on the customers that the rules were made from.
    held_out : float
        The same for customers that a tree of the same size had not seen, by five-fold cross-validation;
        NaN for one customer.
    case : str
        A SQL CASE expression that gives the segment's name.
    tree : Node
        The root.
    labels : ndarray of int, shape (n,)
        The segment that the rules give each customer.
    note : str
        How well the rules do and what they take missing values for, in words.
    """

    rules: tuple[Rule, ...]
    fidelity: float
    held_out: float
    case: str
    tree: Node
    labels: np.ndarray
    note: str

    def reach(self) -> dict[int, float]:
        """Segment -> how well its rule reaches it, as F1; noise left out."""
        return {rule.segment: rule.f1 for rule in self.rules if rule.segment >= 0}


def surrogate(
    table: pd.DataFrame,
    labels: np.ndarray,
    features: Sequence[str],
    names: Mapping[int, str],
    units: Mapping[str, str] | None = None,
    max_leaves: int | None = None,
    seed: int = 0,
) -> Rules:
    """Explain a labelling by a small decision tree over the columns as they are.

    Parameters
    ----------
    table : DataFrame of shape (n, columns)
        The customers, as read.
    labels : ndarray of int, shape (n,)
        Segments of any labelling; -1 is noise, which is a class of its own.
    features : sequence of str
        The columns that a rule may speak of. Of a category only the 12 commonest levels are used.
    names : mapping of int to str
        What the segments are called, for the CASE.
    units : mapping of str to str, optional
        Column -> unit.
    max_leaves : int, optional
        The most leaves of the tree; three for each segment if not given.
    seed : int, default=0
        Of what is drawn: the folds, and the order of equally good splits.

    Returns
    -------
    Rules

    Raises
    ------
    InputError
        If a feature is not in the table, the labels do not fit it, or `max_leaves` is not a whole number of
        at least 1.

    Notes
    -----
    The tree is grown best split first (Breiman et al. 1984, as in scikit-learn) to the smallest of five sizes,
    from one leaf a segment on, whose cross-validated fidelity is within 0.01 of the best. Thresholds are then
    replaced by the shortest decimal between the two neighbouring values, which moves nobody. A missing number
    counts as the median, in the SQL as a round figure on the same side of every threshold; a missing category
    counts as its commonest level.

    Examples
    --------
    >>> table = pd.DataFrame({"age": [21.0, 24.0, 25.0, 61.0, 64.0, 70.0]})
    >>> found = surrogate(table, np.array([0, 0, 0, 1, 1, 1]), ["age"], {0: "young", 1: "older"})
    >>> found.rules[0].words, found.rules[1].sql
    ('age at most 40', 'COALESCE("age", 43) > 40')
    """
    labels = np.asarray(labels, dtype=int)
    _check(table, labels, features, max_leaves)
    segments = sorted(np.unique(labels).tolist(), key=lambda s: (s < 0, s))
    place = {segment: i for i, segment in enumerate(segments)}
    classes = np.array([place[label] for label in labels.tolist()])
    axes = [axis for column in features for axis in axes_of(table[column], units)]
    axes = [axis for axis in axes if axis.values.min() < axis.values.max()]
    # A tree sees only the order of the values: ranks keep what its single precision would round off.
    ranks = [np.unique(axis.values, return_inverse=True)[1].astype(np.float32) for axis in axes]
    X = np.column_stack(ranks) if ranks else np.empty((len(labels), 0), dtype=np.float32)
    tree, held_out = _tree(X, classes, len(segments), max_leaves, seed)
    leaves: list[_Leaf] = []
    grower = _Grower(axes, X, classes, segments, tree)
    root = grower.grow(0, np.arange(len(labels)), {}, "", None, leaves)
    leaves = _tidy(leaves, list(features))
    found = np.empty_like(labels)
    for leaf in leaves:
        found[leaf.rows] = leaf.segment
    rules = tuple(_rule(segment, leaves, labels, found) for segment in segments)
    fidelity = float((found == labels).mean())
    note = _note(fidelity, held_out, len(labels), leaves)
    return Rules(rules, fidelity, held_out, _case(rules, names), root, found, note)


@dataclass(frozen=True, eq=False)
class _Leaf:
    """Customers that the tree puts in one segment, and the path to them."""

    segment: int
    rows: np.ndarray
    path: _Path

    def words(self) -> str:
        return " and ".join(c.words() for c in self.path.values()) or "all customers"

    def sql(self) -> str:
        return " AND ".join(c.sql() for c in self.path.values()) or "1 = 1"


@dataclass(frozen=True, eq=False)
class _Grower:
    """Turns the tree of scikit-learn into nodes and leaves with readable conditions."""

    axes: list[Axis]
    X: np.ndarray
    classes: np.ndarray
    segments: list[int]
    tree: Any

    def grow(
        self, at: int, rows: np.ndarray, path: _Path, text: str, column: str | None, leaves: list[_Leaf]
    ) -> Node:
        counts = np.bincount(self.classes[rows], minlength=len(self.segments))
        best = int(counts.argmax())
        node = Node(column, text, self.segments[best], len(rows), float(counts[best] / len(rows)))
        here: list[_Leaf] = []
        if self.tree is not None and self.tree.children_left[at] >= 0:
            node = replace(node, children=self._children(at, rows, path, here))
        if len({leaf.segment for leaf in here}) < 2:
            # A split whose sides are the same segment tells nothing.
            node, here = replace(node, children=()), [_Leaf(node.segment, rows, path)]
        leaves.extend(here)
        return node

    def _children(self, at: int, rows: np.ndarray, path: _Path, leaves: list[_Leaf]) -> tuple[Node, ...]:
        axis = self.axes[self.tree.feature[at]]
        left = self.X[rows, self.tree.feature[at]] <= self.tree.threshold[at]
        column = axis.nothing_known.column
        known = axis.split(path.get(column, axis.nothing_known), rows, left)
        step = axis.split(axis.nothing_known, rows, left)
        return tuple(
            self.grow(child, rows[side], {**path, column: now}, alone.words(), column, leaves)
            for child, side, now, alone in zip(
                (self.tree.children_left[at], self.tree.children_right[at]),
                (left, ~left),
                known,
                step,
                strict=True,
            )
        )


def _check(table: pd.DataFrame, labels: np.ndarray, features: Sequence[str], max_leaves: int | None) -> None:
    if labels.shape != (len(table),) or not len(table):
        raise InputError(
            f"The labels have the shape {labels.shape} and the table {len(table)} rows; rules need one label "
            f"a customer, and a customer."
        )
    for column in features:
        if column not in table:
            raise InputError(f"There is no column '{column}' to make rules of; {nearest(column, table)}")
    if max_leaves is not None and (not isinstance(max_leaves, int) or max_leaves < 1):
        raise InputError(f"max_leaves is {max_leaves!r}; valid are whole numbers of at least 1, or null.")


def _tree(
    X: np.ndarray, classes: np.ndarray, n_segments: int, max_leaves: int | None, seed: int
) -> tuple[Any, float]:
    most = max_leaves or 3 * n_segments
    if not X.shape[1] or n_segments == 1 or most == 1:
        majority = float(np.bincount(classes).max() / len(classes))
        return None, majority if len(classes) > 1 else math.nan
    # A leaf of a few customers is little evidence, unless a segment is as small.
    smallest = max(1, min(5, int(np.bincount(classes).min()) // 2))

    def grown(leaves: int) -> DecisionTreeClassifier:
        return DecisionTreeClassifier(max_leaf_nodes=leaves, min_samples_leaf=smallest, random_state=seed)

    rows = np.arange(len(X))
    if len(rows) > SAMPLE:
        rows = np.sort(np.random.default_rng(seed).choice(rows, SAMPLE, replace=False))
    with warnings.catch_warnings():
        # Many small segments are still segments, and no numbers to regress on.
        warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)
        fidelity = _held_out(grown, _sizes(n_segments, most), X[rows], classes[rows], seed)
        enough = min(size for size, value in fidelity.items() if value >= max(fidelity.values()) - NEGLIGIBLE)
        return grown(enough).fit(X, classes).tree_, fidelity[enough]


def _sizes(n_segments: int, most: int) -> list[int]:
    fewest = max(2, min(n_segments, most))
    return sorted({round(size) for size in np.linspace(fewest, most, 5)})


def _held_out(
    grown: Callable[[int], DecisionTreeClassifier],
    sizes: Sequence[int],
    X: np.ndarray,
    classes: np.ndarray,
    seed: int,
) -> dict[int, float]:
    folds = KFold(min(FOLDS, len(X)), shuffle=True, random_state=seed)
    return {
        size: float((cross_val_predict(grown(size), X, classes, cv=folds) == classes).mean())
        for size in sizes
    }


def _tidy(leaves: list[_Leaf], features: list[str]) -> list[_Leaf]:
    """Conditions in the order of the features, and a readable figure for what is missing."""
    conditions = [c for leaf in leaves for c in leaf.path.values() if isinstance(c, Between)]
    fills = {
        column: near(c.fill, {cut for o in conditions if o.column == column for cut in (o.low, o.high)})
        for c in conditions
        for column in [c.column]
    }
    return [
        replace(
            leaf,
            path={
                column: replace(c, fill=fills[column]) if isinstance(c, Between) else c
                for column, c in sorted(leaf.path.items(), key=lambda item: features.index(item[0]))
            },
        )
        for leaf in leaves
    ]


def _rule(segment: int, leaves: list[_Leaf], labels: np.ndarray, found: np.ndarray) -> Rule:
    own = sorted((leaf for leaf in leaves if leaf.segment == segment), key=lambda leaf: -len(leaf.rows))
    chosen, true = found == segment, labels == segment
    both = int((chosen & true).sum())
    recall = both / int(true.sum())
    if not own:
        return Rule(segment, "none: the tree never finds this segment", "1 = 0", math.nan, recall, 0)
    words = "; or ".join(leaf.words() for leaf in own)
    sql = own[0].sql() if len(own) == 1 else " OR ".join(f"({leaf.sql()})" for leaf in own)
    return Rule(segment, words, sql, both / int(chosen.sum()), recall, int(chosen.sum()))


def _case(rules: Sequence[Rule], names: Mapping[int, str]) -> str:
    lines = [
        f"  WHEN {rule.sql} THEN {quoted(_name(rule.segment, names))}" for rule in rules if rule.customers
    ]
    return "\n".join(["CASE", *lines, "END"])


def _name(segment: int, names: Mapping[int, str]) -> str:
    return names.get(segment, f"segment {segment}" if segment >= 0 else "noise")


def _note(fidelity: float, held_out: float, n: int, leaves: list[_Leaf]) -> str:
    used = {column: c for leaf in leaves for column, c in leaf.path.items()}
    elsewhere = "" if math.isnan(held_out) else f" ({held_out:.1%} of customers left out in cross-validation)"
    said = f"The rules put {fidelity:.1%} of the {n:,} customers they were made from in their segment{elsewhere}."
    if not used:
        return said
    fills = ", ".join(condition.missing() for condition in used.values())
    return f"{said} A missing value counts as about the median, or as the commonest level: {fills}."
