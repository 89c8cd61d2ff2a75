"""Scaling column by column, as an analyst would."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from segmentation.features._preparation import one_hot, repeated, sums, treat


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
    shared_ : list of str
        Why the weight of a column is not 1; empty where it is.
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
        self.shared_ = [""] * rows.shape[1]
        runs = one_hot(rows)
        for run in runs:
            self._weigh_category(rows, run)
        in_runs = {j for run in runs for j in run}
        single = [
            j for j, found in enumerate(self.treatments_) if found.kind != "constant" and j not in in_runs
        ]
        self._weigh_repeats(rows, single)
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
            self.shared_[j] = f"the {len(run)} levels of a category weigh as one column"

    def _weigh_repeats(self, rows: np.ndarray, single: list[int]) -> None:
        names = getattr(self, "feature_names_in_", [f"column {j}" for j in range(rows.shape[1])])
        groups: dict[int, list[int]] = {}
        for copy, first in repeated(rows[:, single]).items():
            groups.setdefault(single[first], [single[first]]).append(single[copy])
        for group in groups.values():
            for j in group:
                others = ", ".join(str(names[i]) for i in group if i != j)
                self._share(j, 1 / len(group), f"weighed once with {others}, nearly the same")
        copies = {j for first, group in groups.items() for j in group if j != first}
        kept = [j for j in single if j not in copies]
        for total, parts in sums(rows[:, kept]).items():
            whole, of = kept[total], [kept[i] for i in parts]
            for j in (whole, *of):
                told = ", ".join(str(names[i]) for i in of)
                self._share(j, len(of) / (len(of) + 1), f"weighed with {names[whole]}, the sum of {told}")

    def _share(self, j: int, share: float, why: str) -> None:
        self.weights_[j] *= np.sqrt(share)
        self.shared_[j] = "; ".join(filter(None, (self.shared_[j], why)))
