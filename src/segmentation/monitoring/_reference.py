"""A summary of the training customers that is stored with a model, to compare later customers with."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from segmentation.serving import Assigned, SegmentModel

POINTS = 201
POINTS_OF_SEGMENT = 21


@dataclass(frozen=True)
class Sample:
    """A column of numbers, kept as some of its order statistics; as all of them where there are few.

    Attributes
    ----------
    n : int
        Known values.
    missing : int
        Missing ones.
    mean, sd : float
        Of the known values (sd with n in the denominator); NaN where there is none.
    ranks : tuple of int
        Which order statistics are kept, 1 for the smallest.
    values : tuple of float
        The order statistics of these ranks.
    """

    n: int
    missing: int
    mean: float
    sd: float
    ranks: tuple[int, ...]
    values: tuple[float, ...]

    @classmethod
    def of(cls, values: NDArray[np.float64], points: int = POINTS) -> Self:
        """Summarize values; NaN counts as missing."""
        known = np.sort(values[~np.isnan(values)])
        n = len(known)
        if n == 0:
            return cls(0, len(values), float("nan"), float("nan"), (), ())
        ranks = np.unique(np.rint(np.linspace(1, n, min(points, n))).astype(int))
        return cls(
            n,
            len(values) - n,
            float(known.mean()),
            float(known.std()),
            tuple(ranks.tolist()),
            tuple(known[ranks - 1].tolist()),
        )

    @property
    def resolution(self) -> float:
        """Largest error of `below`."""
        return float(np.diff(self.ranks).max(initial=1) - 1) / (2 * self.n) if self.n else 0.0

    @cached_property
    def _order(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return np.array(self.values), np.array([0, *self.ranks, self.n + 1], dtype=float)

    def below(self, x: NDArray[np.float64], ties: Literal["left", "right"] = "right") -> NDArray[np.float64]:
        """Share of the sample that is below x; equal values count where ties is "right"."""
        values, ranks = self._order
        at = np.searchsorted(values, x, ties)
        return np.asarray((ranks[at] + ranks[at + 1] - 1) / (2 * self.n))

    def quantile(self, share: float) -> float:
        """The kept value nearest to that quantile."""
        return self.values[int(np.argmin(np.abs(np.array(self.ranks) - share * self.n)))]

    def tail(self, share: float) -> tuple[float, int]:
        """The value that about this share of the sample reaches, and how many do; at least 2."""
        ranks = np.array(self.ranks)
        at = int(np.argmin(np.abs(ranks - (self.n - max(2, round(share * self.n)) + 1))))
        return self.values[at], self.n - self.ranks[at] + 1


@dataclass(frozen=True)
class Levels:
    """A column of categories: customers of each level, and customers without one."""

    counts: Mapping[str, int]
    missing: int

    @property
    def n(self) -> int:
        """Customers with a level."""
        return sum(self.counts.values())


@dataclass(frozen=True, eq=False)
class Reference:
    """A summary of the training customers: small enough to be stored with the model, and without their ids.

    Attributes
    ----------
    customers : int
        How many there were.
    segments : dict of int to int
        Segment number (noise: -1) -> customers.
    numbers : dict of str to Sample
        Numeric features; those taken as logarithms as log(1 + x).
    categories : dict of str to Levels
        Categorical features.
    logged : tuple of str
        Which of the numeric features are taken as logarithms.
    distance : Sample
        Distance of each customer to the centre of its segment, computed without that customer.
    distances : dict of int to Sample
        The same by segment, with fewer points.
    """

    customers: int
    segments: Mapping[int, int]
    numbers: Mapping[str, Sample]
    categories: Mapping[str, Levels]
    logged: tuple[str, ...]
    distance: Sample
    distances: Mapping[int, Sample]

    @classmethod
    def of(cls, table: pd.DataFrame, model: SegmentModel) -> Self:
        """Summarize the training customers.

        Parameters
        ----------
        table : DataFrame of shape (n, columns)
            The customers that the model was trained on.
        model : SegmentModel
            The fitted model.

        Returns
        -------
        Reference
        """
        assigned, features = model.measure(table), model.features
        numbers, segments = numeric_features(table, model), np.arange(-1, model.algorithm.n_segments_)
        sizes = {int(s): int((assigned.segment == s).sum()) for s in segments}
        distance = _leave_one_out(assigned, sizes)
        return cls(
            len(table),
            sizes,
            {column: Sample.of(values) for column, values in numbers.items()},
            {column: levels_of(table[column], features.levels_[column]) for column in features.categorical_},
            tuple(features.log_),
            Sample.of(distance),
            {int(s): Sample.of(distance[assigned.segment == s], POINTS_OF_SEGMENT) for s in segments[1:]},
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as JSON and YAML hold them."""
        plain = asdict(self)
        for key in ("segments", "distances"):
            plain[key] = {str(segment): value for segment, value in plain[key].items()}
        return _listed(plain)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote."""
        return cls(
            plain["customers"],
            {int(s): n for s, n in plain["segments"].items()},
            {column: _sample(values) for column, values in plain["numbers"].items()},
            {column: Levels(**levels) for column, levels in plain["categories"].items()},
            tuple(plain["logged"]),
            _sample(plain["distance"]),
            {int(s): _sample(values) for s, values in plain["distances"].items()},
        )


def _leave_one_out(assigned: Assigned, sizes: Mapping[int, int]) -> NDArray[np.float64]:
    """Distances to the mean of the other customers; later customers did not move the centre either."""
    # The last entry is for noise, number -1.
    stretch = np.array([1 + 1 / max(sizes[s] - 1, 1) for s in range(len(sizes) - 1)] + [1.0])
    return assigned.distance * stretch[assigned.segment]


def numeric_features(table: pd.DataFrame, model: SegmentModel) -> dict[str, NDArray[np.float64]]:
    """The numeric features that a model reads, as the model uses them: some as log(1 + x); NaN is missing."""
    features = model.features
    found = {}
    for column in features.columns_:
        if column not in features.categorical_:
            values = pd.to_numeric(table[column]).to_numpy(dtype=float, na_value=np.nan)
            found[column] = np.log1p(values) if column in features.log_ else values
    return found


def levels_of(values: pd.Series, known: list[str]) -> Levels:
    """Count the levels of a column as training spelled them; those never seen come last."""
    spelled = {" ".join(level.split()).casefold(): level for level in known}
    there = values.dropna().astype(str)
    named = there.map(lambda level: spelled.get(" ".join(level.split()).casefold(), level))
    counts = named.value_counts()
    order = [*known, *sorted(set(counts.index) - set(known))]
    return Levels({level: int(counts.get(level, 0)) for level in order}, int(values.isna().sum()))


def _sample(plain: Mapping[str, Any]) -> Sample:
    return Sample(**{**plain, "ranks": tuple(plain["ranks"]), "values": tuple(plain["values"])})


def _listed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _listed(item) for key, item in value.items()}
    return [_listed(item) for item in value] if isinstance(value, (list, tuple)) else value
