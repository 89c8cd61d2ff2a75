"""A fitted pipeline with its named segments and the ranges of its training customers."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from segmentation.clustering import Segmenter
from segmentation.features import FeatureSet
from segmentation.serving._segment import Segment

NOISE_NAME = "noise"
COLUMNS: Mapping[str, str] = {
    "segment": "long",
    "segment_id": "string",
    "segment_name": "string",
    "distance": "double",
    "margin": "double",
    "outside": "boolean",
    "outside_reason": "string",
}
"""What `SegmentModel.assign` says of a customer, with MLflow's name of the type."""
PROBABILITY: Mapping[str, str] = {"probability": "double"}
LONGEST = 60
"""Characters of a level that is quoted as a reason."""
_CELLS = 100_000


@dataclass(frozen=True, eq=False)
class Assigned:
    """The assignment of n customers to segments, as plain arrays.

    Attributes
    ----------
    segment : ndarray of int of shape (n,)
        The segment's number, -1 for noise.
    distance : ndarray of shape (n,)
        To the segment's centre in the space that the algorithm sees; for noise, to the nearest centre. NaN where
        the model has no segment.
    margin : ndarray of shape (n,)
        1 - distance / distance to the nearest other centre, from 0 (as near to another segment, or noise) to 1 (at the
        centre, or there is no other segment).
    probability : ndarray of shape (n,) or None
        Of the segment, where the algorithm gives probabilities.
    reasons : dict of int to str
        Row -> in what it lies outside the training customers; rows that do not are left out.
    """

    segment: NDArray[np.int64]
    distance: NDArray[np.float64]
    margin: NDArray[np.float64]
    probability: NDArray[np.float64] | None
    reasons: Mapping[int, str]


class SegmentModel:
    """A fitted pipeline with the identity of its segments and the ranges of its training customers.

    Parameters
    ----------
    pipeline : Pipeline
        Fitted: features, scaler, reducer, algorithm.
    segments : sequence of Segment
        One for each number that the algorithm gives.
    customers : DataFrame of shape (n, columns)
        The customers that it was trained on.
    noise_name : str
        What customers in no segment are called.

    Attributes
    ----------
    pipeline : Pipeline
        As given.
    ranges_ : dict of str to (float, float)
        Numeric feature -> smallest and largest value of the training customers.
    levels_ : dict of str to list of str
        Categorical feature -> the levels of the training customers.
    """

    # Older model files lack this attribute.
    noise_name: str = NOISE_NAME

    def __init__(
        self,
        pipeline: Pipeline,
        segments: Sequence[Segment],
        customers: pd.DataFrame,
        noise_name: str = NOISE_NAME,
    ) -> None:
        features, algorithm = pipeline[0], pipeline[-1]
        if sorted(s.number for s in segments) != list(range(algorithm.n_segments_)):
            raise ValueError(
                f"segments must be those that the algorithm numbers 0 to {algorithm.n_segments_ - 1}"
            )
        self.pipeline, self.noise_name = pipeline, noise_name
        # Plain values, so that model files do not depend on the class Segment.
        self._segments = [asdict(s) for s in sorted(segments, key=lambda s: s.number)]
        numeric = [c for c in features.columns_ if c not in features.categorical_]
        values = customers[numeric].apply(pd.to_numeric).astype(float)
        self.ranges_ = {c: (float(values[c].min()), float(values[c].max())) for c in numeric}
        self.levels_ = features.levels_

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The segments, in the order of their numbers."""
        return tuple(Segment(**s) for s in self._segments)

    @property
    def features(self) -> FeatureSet:
        """The first step of the pipeline."""
        return self.pipeline[0]

    @property
    def algorithm(self) -> Segmenter:
        """The last step of the pipeline."""
        return self.pipeline[-1]

    @property
    def columns(self) -> dict[str, str]:
        """The columns of `assign`, with MLflow's names of their types."""
        return {**COLUMNS, **(PROBABILITY if hasattr(self.algorithm, "predict_proba") else {})}

    def predict(self, X: Any) -> NDArray[np.int64]:
        """Give each customer the number of its segment, -1 for noise.

        Parameters
        ----------
        X : DataFrame of shape (n, columns)
            Customers with at least the columns that the features need.

        Returns
        -------
        ndarray of int of shape (n,)
        """
        return np.asarray(self.pipeline.predict(X))

    def assign(self, X: pd.DataFrame) -> pd.DataFrame:
        """Assign customers to segments, with the distance and the margin of each.

        Parameters
        ----------
        X : DataFrame of shape (n, columns)
            Customers with at least the columns that the features need; missing values and levels never seen are
            treated as in training.

        Returns
        -------
        DataFrame of shape (n, columns)
            Index: that of X. Columns: segment (int), segment_id (empty for noise), segment_name, distance, margin,
            probability (mixtures only), as in `Assigned`; outside (bool) and outside_reason, whether and in what the
            customer lies outside those of the training: ``annual_income 250 above 137``.

        Raises
        ------
        InputError
            If a column is not there or holds what the training would have refused.
        """
        assigned = self.measure(X)
        ids, names = self.labels()
        reasons = np.full(len(X), "", dtype=object)
        reasons[list(assigned.reasons)] = list(assigned.reasons.values())
        table = pd.DataFrame(
            {
                "segment": assigned.segment,
                "segment_id": pd.array(np.array(ids, dtype=object)[assigned.segment], dtype="str"),
                "segment_name": pd.array(np.array(names, dtype=object)[assigned.segment], dtype="str"),
                "distance": assigned.distance,
                "margin": assigned.margin,
                "outside": reasons != "",
                "outside_reason": pd.array(reasons, dtype="str"),
            },
            index=X.index,
        )
        return table if assigned.probability is None else table.assign(probability=assigned.probability)

    def labels(self) -> tuple[list[str], list[str]]:
        """Ids and names of the segments by their number; the last entry is that of noise, number -1."""
        return [*(s["id"] for s in self._segments), ""], [
            *(s["name"] for s in self._segments),
            self.noise_name,
        ]

    def segment_ids(self, assignments: pd.DataFrame) -> pd.Series:
        """The ids of the segments in a table of assignments, which has a column segment_id or segment (its number)."""
        if "segment_id" in assignments:
            return assignments["segment_id"]
        ids = self.labels()[0]
        return assignments["segment"].astype(int).map(lambda number: ids[number])

    def measure(self, X: pd.DataFrame) -> Assigned:
        """Assign customers as `assign` does, without making a table; the features are computed once.

        Parameters
        ----------
        X : DataFrame of shape (n, columns)
            As for `assign`.

        Returns
        -------
        Assigned
        """
        Z = self.pipeline[:-1].transform(X)
        segment = np.asarray(self.algorithm.predict(Z))
        probability = None
        if hasattr(self.algorithm, "predict_proba") and self.algorithm.n_segments_:
            probability = self.algorithm.predict_proba(Z)[np.arange(len(Z)), segment]
        distance, margin = _nearness(Z, segment, self.algorithm.segment_centers_)
        return Assigned(segment, distance, margin, probability, self._reasons(X))

    def _reasons(self, X: pd.DataFrame) -> dict[int, str]:
        found: dict[int, list[str]] = {}
        for column, (low, high) in self.ranges_.items():
            values = _numbers(X[column])
            for row in np.flatnonzero((values < low) | (values > high)).tolist():
                value = values[row]
                word, end = ("below", low) if value < low else ("above", high)
                found.setdefault(row, []).append(f"{column} {value:.10g} {word} {end:.10g}")
        for column, unseen in self.features.unseen(X).items():
            values = X[column]
            for row in np.flatnonzero(unseen).tolist():
                found.setdefault(row, []).append(f"{column} '{str(values.iloc[row])[:LONGEST]}' never seen")
        return {row: "; ".join(said) for row, said in found.items()}


def _numbers(values: pd.Series) -> NDArray[np.float64]:
    if values.dtype != np.float64:
        # Numbers that arrive as text are converted, as FeatureSet does.
        values = pd.to_numeric(values)
    return values.to_numpy(dtype=float, na_value=np.nan)


def _nearness(
    Z: NDArray[np.float64], segment: NDArray[np.int64], centers: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distance to the own centre, and margin to the nearest other one."""
    if not len(centers):
        return np.full(len(Z), np.nan), np.zeros(len(Z))
    distance, margin = np.empty(len(Z)), np.empty(len(Z))
    norms = np.einsum("ij,ij->i", centers, centers)[:, None]
    towards = -2.0 * centers
    # In blocks, so that intermediate results stay small and in the cache, however many centres there are.
    step = max(1, _CELLS // (len(centers) + Z.shape[1]))
    for start in range(0, len(Z), step):
        rows = slice(start, start + step)
        block, label = Z[rows], segment[rows]
        # |z - c|^2 without |z|^2, which all centres share; centres are rows, as minima along columns are slow.
        apart = towards @ block.T
        apart += norms
        nearest = label
        noise = np.flatnonzero(label < 0)
        if len(noise):
            nearest = label.copy()
            nearest[noise] = apart[:, noise].argmin(axis=0)
        off = block - centers.take(nearest, axis=0)
        own = np.sqrt(np.einsum("ij,ij->i", off, off))
        apart[nearest, np.arange(len(block))] = np.inf
        other = np.sqrt(np.maximum(apart.min(axis=0) + np.einsum("ij,ij->i", block, block), 0.0))
        distance[rows] = own
        margin[rows] = 1.0 - np.divide(own, other, out=np.ones_like(own), where=other > own)
        margin[start + noise] = 0.0
    return distance, margin
