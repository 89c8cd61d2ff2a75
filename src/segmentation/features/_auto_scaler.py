"""Scaling column by column, as an analyst would."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from segmentation.features._preparation import treat
from segmentation.features._redundancy import one_hot, repeated, sums


class AutoScaler(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Give every column the treatment that its values ask for, and about the same weight.

    Skewed amounts are taken as logarithms, levels as ranks, the rest as it is; all are standardised but two values,
    which lie 2 apart however rare one of them is. The indicators of a category weigh at most as much as one column,
    columns that nearly repeat each other weigh together as one, and a sum with its parts as its parts do.
    `segmentation.features.treat` says how one column is judged.

    Parameters
    ----------
    plain : sequence of int, default=()
        Positions of columns that are standardised only: somebody decided about them already.

    Attributes
    ----------
    treatments_ : list of Treatment
        What is done about each column, in words and figures.
    weights_ : ndarray of shape (n_features,)
        What each column is multiplied by after it.
    groups_ : list of (str, list of int)
        Columns that share a weight: ("category", its indicators), ("repeats", columns that are nearly the same) and
        ("sum", the sum and then its parts), a category by its first indicator.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of str
        Their names, where X was a DataFrame with string names.

    Examples
    --------
    >>> spend = np.random.default_rng(0).lognormal(4, 1, 500)
    >>> scaler = AutoScaler().fit(np.column_stack([spend, np.arange(500) % 2]))
    >>> [treatment.kind for treatment in scaler.treatments_]
    ['log', 'two_values']
    """

    def __init__(self, plain: Sequence[int] = ()) -> None:
        self.plain = plain

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Judge every column.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Customers, nothing missing.
        y : ignored

        Returns
        -------
        AutoScaler
            Itself.
        """
        rows = validate_data(self, X, dtype=np.float64)
        self.treatments_ = [treat(rows[:, j], j in self.plain) for j in range(rows.shape[1])]
        self.weights_ = np.ones(rows.shape[1])
        self.groups_: list[tuple[str, list[int]]] = []
        runs = one_hot(rows)
        for run in runs:
            self._weigh_category(rows, run)
        indicators = {j for run in runs for j in run}
        single = [[j] for j, t in enumerate(self.treatments_) if t.kind != "constant" and j not in indicators]
        self._weigh_repeats(rows, [*single, *map(list, runs)], len(single))
        return self

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Treat and weigh the columns.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Customers.

        Returns
        -------
        ndarray of shape (n_rows, n_features)
        """
        check_is_fitted(self)
        rows = validate_data(self, X, dtype=np.float64, reset=False)
        treated = [found.apply(rows[:, j]) for j, found in enumerate(self.treatments_)]
        return np.column_stack(treated) * self.weights_

    def _weigh_category(self, rows: np.ndarray, run: range) -> None:
        # Two levels lie 2 apart, as yes and no do, but all of them have a variance of at most 1.
        variance = rows[:, run].var(axis=0).sum()
        factor = min(np.sqrt(2), 1 / np.sqrt(variance))
        for j in run:
            self.weights_[j] = factor * self.treatments_[j].scale
        self.groups_.append(("category", list(run)))

    def _weigh_repeats(self, rows: np.ndarray, columns: list[list[int]], numbers: int) -> None:
        repeats: dict[int, list[int]] = {}
        X = rows[:, [first for first, *_ in columns[:numbers]]]
        copies = repeated(X, [rows[:, run] for run in columns[numbers:]])
        for copy, first in copies.items():
            repeats.setdefault(first, [first]).append(copy)
        for group in repeats.values():
            self._share("repeats", [columns[i] for i in group], 1 / len(group))
        kept = [column for i, column in enumerate(columns[:numbers]) if i not in copies]
        for total, parts in sums(rows[:, [j for (j,) in kept]]).items():
            self._share("sum", [kept[i] for i in (total, *parts)], len(parts) / (len(parts) + 1))

    def _share(self, kind: str, columns: list[list[int]], share: float) -> None:
        self.weights_[[j for column in columns for j in column]] *= np.sqrt(share)
        self.groups_.append((kind, [first for first, *_ in columns]))
