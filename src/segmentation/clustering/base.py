"""What all segmentations share: fit, numbering by size, predict and distance."""

import inspect
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from numbers import Integral
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.metrics import pairwise_distances_argmin, pairwise_distances_argmin_min
from sklearn.utils.validation import check_is_fitted, validate_data

from segmentation.errors import InputError

Labels = NDArray[np.int64]
Matrix = NDArray[np.float64]

NOISE = -1
"""The label of customers in no segment."""
_WITHOUT_MEMBERS = -2


class Bounds(NamedTuple):
    """From which value to which a parameter is searched; on a logarithmic scale where `log` says so."""

    low: float
    high: float
    log: bool = False


FromData = Mapping[str, Callable[[Sequence[Matrix]], Bounds]]


class Segmenter(ClusterMixin, BaseEstimator):
    """A clustering that numbers its segments by size and also labels new customers.

    The algorithm works in its own numbering. `fit` labels the training rows by the algorithm's rule for new
    rows and only then renumbers, so `labels_` and `predict` agree on them by construction, ties included.

    Attributes
    ----------
    labels_ : ndarray of shape (n_rows,)
        Segment of each training row: 0 is the largest (ties by centre, lexicographic), -1 is noise.
    segment_centers_ : ndarray of shape (n_segments_, n_features)
        Mean of each segment's members in the space of X.
    n_segments_ : int
        Number of segments that have members; 0 when all rows are noise.
    n_rows_fitted_ : int
        Rows the algorithm was fitted on; fewer than given where `max_rows` took a sample.
    n_features_in_ : int
        Number of columns of X.

    Notes
    -----
    The class also tells a search how to treat the algorithm: `looks_for_density`, `from_data`, `equivalent`,
    `first_settings`, `differs`, `basis`, `is_basis` and `kind`. An algorithm that needs no such treatment leaves them
    as they are.
    """

    looks_for_density: ClassVar[bool] = False
    """Whether it looks for dense places. Where there are no gaps between groups it finds chance."""

    from_data: ClassVar[FromData] = {}
    """Parameters whose bounds can be read off the data: how, from the customers under each scaler."""

    equivalent: ClassVar[type["Segmenter"] | None] = None
    """An algorithm that finds the same, where `differs` does not say otherwise of the data."""

    _refined: type
    """Whose parameters `refines` took over."""

    def first_settings(self, X: Matrix) -> list[dict[str, Any]]:
        """List the settings that a search should begin with, besides each number of segments.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_features)
            Scaled customers.

        Returns
        -------
        list of dict
            Parameter -> value, the most promising first.
        """
        return []

    def differs(self, X: Matrix) -> bool:
        """Say whether it can find something else in these customers than `equivalent`.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_features)
            Customers, however scaled.

        Returns
        -------
        bool
        """
        return True

    def basis(self) -> "Segmenter | None":
        """Give the algorithm whose fit this one begins at, which other settings may begin at too.

        Returns
        -------
        Segmenter or None
            Unfitted; `fit` takes it, fitted to the same rows, as `basis`. None where there is none.
        """
        return None

    @property
    def is_basis(self) -> bool:
        """Whether other algorithms may begin at its fit."""
        return False

    def kind(self, name: str) -> str:
        """Name what it optimises: clusterings that optimise the same do not confirm each other.

        Parameters
        ----------
        name : str
            What the algorithm is called in the search.

        Returns
        -------
        str
        """
        return name

    def fit(self, X: ArrayLike, y: None = None) -> Self:
        """Find the segments of X.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Scaled customers, without missing values.
        y : None
            Ignored.

        Returns
        -------
        self

        Raises
        ------
        InputError
            On a parameter out of its range, or data that cannot be clustered with it.
        """
        return self._fit(X, self._learn)

    def predict(self, X: ArrayLike) -> Labels:
        """Give each row the number of its segment, -1 where it belongs to none.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Customers, scaled as in training.

        Returns
        -------
        ndarray of shape (n_rows,)
        """
        return self._label(self._checked(X))

    def distance(self, X: ArrayLike, labels: ArrayLike | None = None) -> Matrix:
        """Measure how far each row lies from the centre of its segment.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Customers, scaled as in training.
        labels : array-like of shape (n_rows,), optional
            What `predict` said of them, where that is already known.

        Returns
        -------
        ndarray of shape (n_rows,)
            Euclidean, in the space of X; noise is measured to the nearest centre; NaN without any.
        """
        X = self._checked(X)
        labels = self._label(X) if labels is None else np.asarray(labels)
        if self.n_segments_ == 0:
            return np.full(len(X), np.nan)
        distances = np.linalg.norm(X - self.segment_centers_[labels], axis=1)
        noise = labels == NOISE
        if noise.any():
            distances[noise] = pairwise_distances_argmin_min(X[noise], self.segment_centers_)[1]
        return distances

    def _fit(self, X: ArrayLike, learn: Callable[[Matrix], int]) -> Self:
        """Learn, label, renumber."""
        with input_errors():
            table: Matrix = validate_data(self, X, dtype=np.float64)
        rows = _sample(table, getattr(self, "max_rows", None))
        if hasattr(self, "n_clusters"):
            _check_n_clusters(self.n_clusters, rows)
        with input_errors():
            n_numbers = learn(rows)
            raw = self._assign(table)
        order, self.segment_centers_ = _by_size(table, raw)
        # The last entry answers the index -1.
        self._renumber = np.full(n_numbers + 1, _WITHOUT_MEMBERS, dtype=np.int64)
        self._renumber[order] = np.arange(len(order))
        self._renumber[-1] = NOISE
        self.labels_ = self._renumber[raw]
        self.n_segments_ = len(order)
        self.n_rows_fitted_ = len(rows)
        if hasattr(getattr(self, "_model", None), "cluster_centers_"):
            self.cluster_centers_ = self._model.cluster_centers_[order]
        return self

    def _theirs(self, **other: Any) -> Any:
        """Make scikit-learn's estimator, with the parameters that both have, or other values of them."""
        ours = self.get_params(deep=False)
        shared = inspect.signature(self._refined).parameters.keys() & ours.keys()
        return self._refined(**{name: ours[name] for name in shared} | other)

    def _checked(self, X: ArrayLike) -> Matrix:
        check_is_fitted(self)
        with input_errors():
            return validate_data(self, X, dtype=np.float64, reset=False)

    def _label(self, X: Matrix) -> Labels:
        labels = self._renumber[self._assign(X)]
        # A centre or component that no training row belongs to is no segment: its rows go to the nearest one.
        stray = labels == _WITHOUT_MEMBERS
        if stray.any():
            labels[stray] = pairwise_distances_argmin(X[stray], self.segment_centers_)
        return labels

    def _learn(self, rows: Matrix) -> int:
        """Fit, and return how many numbers the algorithm may give."""
        return self._adopt(self._theirs().fit(rows))

    def _adopt(self, model: Any) -> int:
        """Let a fitted estimator of scikit-learn answer, and say of its fit what it says."""
        self._model = model
        for name in ("inertia_", "n_iter_"):
            if hasattr(model, name):
                setattr(self, name, getattr(model, name))
        return getattr(self, "n_clusters", None) or len(model.cluster_centers_)

    def _assign(self, X: Matrix) -> NDArray[np.integer]:
        """Label rows in the algorithm's own numbering."""
        return self._model.predict(X)


class BegunAtBasis(Segmenter):
    """What begins at the fit of another algorithm, its `basis()`."""

    def fit(self, X: ArrayLike, y: None = None, basis: Segmenter | None = None) -> Self:
        """Find the segments of X.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Scaled customers, without missing values.
        y : None
            Ignored.
        basis : Segmenter, optional
            What `basis()` gives, fitted to X: it is not fitted again.

        Returns
        -------
        self

        Raises
        ------
        InputError
            On a parameter out of its range, data that cannot be clustered with it, or a basis of other rows.
        """
        return self._fit(X, partial(self._learn, basis=basis))

    def _learn(self, rows: Matrix, basis: Segmenter | None = None) -> int:
        raise NotImplementedError


def agreement(estimator: Segmenter, X: ArrayLike) -> float:
    """Say on which share of the training rows `predict` repeats the training labels.

    Parameters
    ----------
    estimator : Segmenter
        Fitted on X.
    X : array-like of shape (n_rows, n_features)
        The training rows, in the order of training.

    Returns
    -------
    float
        Between 0 and 1.
    """
    return float(np.mean(estimator.predict(X) == estimator.labels_))


@contextmanager
def input_errors() -> Iterator[None]:
    """Turn scikit-learn's complaints about parameters and data into ours; they name the valid range."""
    try:
        yield
    except InputError:
        raise
    except ValueError as error:
        raise InputError(str(error)) from error


@contextmanager
def quiet(message: str) -> Iterator[None]:
    """Silence a warning of scikit-learn that says nothing a user could act on."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message)
        yield


def _sample(X: Matrix, max_rows: int | None) -> Matrix:
    """Take a fixed sample of at most max_rows rows, in their order."""
    if max_rows is None:
        return X
    if not isinstance(max_rows, Integral) or max_rows < 1:
        raise InputError(f"max_rows must be a whole number from 1 up, or null for no limit; got {max_rows!r}")
    if len(X) <= max_rows:
        return X
    return X[np.sort(np.random.default_rng(0).choice(len(X), max_rows, replace=False))]


def _check_n_clusters(n_clusters: int, rows: Matrix) -> None:
    whole = isinstance(n_clusters, Integral) and n_clusters >= 1
    # The first rows nearly always settle it.
    if whole and _distinct(rows[: 4 * n_clusters]) >= n_clusters:
        return
    distinct = _distinct(rows)
    if not whole or distinct < n_clusters:
        raise InputError(
            f"n_clusters must be a whole number from 1 to {distinct}, the number of distinct rows "
            f"(n_samples={len(rows)}); got {n_clusters!r}"
        )


def _distinct(rows: Matrix) -> int:
    # Adding zero makes -0.0 the same bytes as 0.0.
    return len({row.tobytes() for row in rows + 0.0})


def _by_size(X: Matrix, raw: NDArray[np.integer]) -> tuple[NDArray[np.intp], Matrix]:
    """Return the raw numbers that have members, largest first, and the means of their members."""
    member = raw >= 0
    if not member.all():
        X, raw = X[member], raw[member]
    sizes = np.bincount(raw)
    present = np.flatnonzero(sizes)
    sums = np.stack([np.bincount(raw, weights=column) for column in X.T], axis=1)
    centers = sums[present] / sizes[present, None]
    order = np.lexsort((*centers.T[::-1], -sizes[present]))
    return present[order], centers[order]
