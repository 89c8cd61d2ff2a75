"""Scalers that scikit-learn has not got in the form needed here."""

import warnings
from typing import Self

from numpy.typing import ArrayLike
from sklearn.preprocessing import QuantileTransformer


class QuantileScaler(QuantileTransformer):
    """Scikit-learn's `QuantileTransformer`, silent where rows are fewer than quantiles.

    It uses one quantile a row then, which is all there is to know: nothing to warn of.
    """

    def fit(self, X: ArrayLike, y: None = None) -> Self:
        """Compute the quantiles.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Customers.
        y : None
            Ignored.

        Returns
        -------
        self
        """
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "n_quantiles", UserWarning)
            return super().fit(X, y)
