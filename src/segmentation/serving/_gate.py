"""The checks that a challenger must pass to become the champion."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from sklearn.base import clone
from threadpoolctl import threadpool_limits

from segmentation.clustering import NOISE
from segmentation.errors import InputError
from segmentation.evaluation import STABLE_JACCARD, Scores, Stability, adjusted_rand, stability
from segmentation.serving._identity import Lineage
from segmentation.serving._model import SegmentModel
from segmentation.serving._segment import Segment

SHARES = ("min_stability", "min_jaccard", "min_share", "max_noise", "min_agreement")


@dataclass(frozen=True)
class Check:
    """One check of the gate and its result.

    Attributes
    ----------
    name : str
        What is checked.
    value : str
        What was found.
    limit : str
        The required value; empty where the check is for information.
    passed : bool
        Whether the value meets the limit.
    reason : str
        Where it does not: why, in one sentence; empty otherwise.
    """

    name: str
    value: str
    limit: str = ""
    passed: bool = True
    reason: str = ""


@dataclass(frozen=True, eq=False)
class EvaluatedModel:
    """A model applied to the customers that a promotion is decided on.

    Attributes
    ----------
    segments : tuple of Segment
        Its segments.
    space : tuple of str
        The columns that it reads, with a mark at those taken as logarithms; scores can be compared within one space.
    labels : ndarray of int, shape (n,)
        The segment of each customer; -1 is noise.
    scores : Scores
        Of these labels, in the evaluation space of its features.
    version, algorithm : str
        Its registered version, and the algorithm that made it.
    verdict : str or None
        The verdict on its training customers, where it is known.
    """

    segments: tuple[Segment, ...]
    space: tuple[str, ...]
    labels: np.ndarray
    scores: Scores
    version: str = ""
    algorithm: str = ""
    verdict: str | None = None

    @property
    def sizes(self) -> np.ndarray:
        """Customers in each segment, by its number; 0 where a segment has none."""
        return np.bincount(self.labels[self.labels >= 0], minlength=len(self.segments))


@dataclass(frozen=True)
class Gate:
    """What a challenger must meet to become the champion; null switches a check off.

    Parameters
    ----------
    min_segments : int or None, default=2
        Fewest segments that these customers fall into.
    silhouette_drop : float or None, default=0.02
        How far its silhouette in the yardstick space may stay below the champion's. Models that read other
        columns have other spaces, in which silhouettes do not compare; nothing is asked of them here.
    min_stability : float or None, default=0.7
        Mean adjusted Rand index between fits to sub-samples.
    min_jaccard : float or None, default=0.75
        Mean Jaccard similarity of each segment to the most similar one in the sub-samples. Hennig (2007) calls segments
        above 0.75 stable, those below 0.6 not to be trusted, those below 0.5 dissolved.
    min_share : float or None, default=0.02
        Share of all customers in the smallest segment.
    min_customers : int or None, default=10
        Customers in the smallest segment.
    max_noise : float or None, default=0.2
        Share of the customers in no segment.
    min_agreement : float or None, default=None
        Adjusted Rand index to the champion. Without it the agreement is for information.
    same_ids : bool, default=True
        Whether segments that are still there must have the ids that they have in the champion.
    served : bool, default=True
        Whether MLflow must load the model, answer as it does, and know its columns.
    fits : int, default=20
        Sub-samples of four fifths of the customers that the algorithm is fitted to again.
    rows : int, default=5000
        The most customers that sub-samples are drawn from, for algorithms with a given number of segments. A
        density-based algorithm finds other segments among fewer customers; it has its own `max_rows`.
    """

    min_segments: int | None = 2
    silhouette_drop: float | None = 0.02
    min_stability: float | None = 0.7
    min_jaccard: float | None = STABLE_JACCARD
    min_share: float | None = 0.02
    min_customers: int | None = 10
    max_noise: float | None = 0.2
    min_agreement: float | None = None
    same_ids: bool = True
    served: bool = True
    fits: int = 20
    rows: int = 5_000

    def __post_init__(self) -> None:
        for name in SHARES:
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise InputError(f"gate.{name} is {value}; valid is 0 to 1, or null for no such check.")
        for name, least in {"fits": 2, "rows": 10}.items():
            if getattr(self, name) < least:
                raise InputError(f"gate.{name} is {getattr(self, name)}; valid is {least} or more.")

    @property
    def resamples(self) -> bool:
        """Whether any check needs fits to sub-samples."""
        return self.min_stability is not None or self.min_jaccard is not None

    def repeated(
        self, model: SegmentModel, customers: pd.DataFrame, labels: np.ndarray, seed: int = 0
    ) -> Stability:
        """Fit a model's algorithm again to sub-samples of customers, in the space that it sees them in.

        Parameters
        ----------
        model : SegmentModel
            Its features, scaler and reducer stay as they were fitted.
        customers : DataFrame of shape (n, columns)
            The customers.
        labels : ndarray of int, shape (n,)
            Where the model puts them.
        seed : int, default=0
            Of the drawing.

        Returns
        -------
        Stability
            Of `labels`.
        """
        kept = np.arange(len(customers))
        if hasattr(model.algorithm, "n_clusters") and len(kept) > self.rows:
            kept = np.sort(np.random.default_rng(seed).choice(kept, self.rows, replace=False))
        X = model.pipeline[:-1].transform(customers.iloc[kept])

        def fit(sample: np.ndarray) -> np.ndarray:
            rows = np.searchsorted(kept, sample)
            with warnings.catch_warnings():
                # Its warnings were shown when the model was trained.
                warnings.simplefilter("ignore")
                try:
                    found: np.ndarray = clone(model.algorithm).fit(X[rows]).labels_
                except InputError:
                    found = np.full(len(rows), NOISE)
            return found

        # A few thousand customers are clustered faster on one thread than on several.
        with threadpool_limits(1):
            return stability(fit, labels, self.fits, seed=seed, rows=kept)

    def judge(
        self,
        challenger: EvaluatedModel,
        repeated: Stability | None = None,
        champion: EvaluatedModel | None = None,
        lineage: Lineage | None = None,
        unservable: str | None = None,
    ) -> tuple[Check, ...]:
        """Run all checks for which the figures are given.

        Parameters
        ----------
        challenger : EvaluatedModel
            The model that is to become the champion.
        repeated : Stability, optional
            The result of `repeated`, where a check needs it.
        champion : EvaluatedModel, optional
            The champion on the same customers. Without one only the challenger itself is checked.
        lineage : Lineage, optional
            How the challenger's segments descend from the champion's.
        unservable : str, optional
            Why MLflow cannot serve the model.

        Returns
        -------
        tuple of Check
        """
        return (
            *self._alone(challenger),
            *(self._stable(challenger, repeated) if repeated else ()),
            *(self._beside(challenger, champion) if champion else ()),
            *(self._related(lineage) if self.same_ids and lineage and lineage.kept else ()),
            *(self._serving(unservable) if self.served else ()),
        )

    def _alone(self, challenger: EvaluatedModel) -> Iterator[Check]:
        scores, sizes = challenger.scores, challenger.sizes
        if self.min_segments is not None:
            found = scores.n_segments
            why = f"these customers fall into {_counted(found, 'segment')}"
            why += f" ({scores.degenerate})" if scores.degenerate else ""
            yield _at_least("segments", found, self.min_segments, why, "{:.0f}")
        if len(sizes):
            smallest = int(np.argmin(sizes))
            named = _named(challenger.segments[smallest])
            size, share = int(sizes[smallest]), sizes[smallest] / len(challenger.labels)
            if self.min_customers is not None:
                why = f"{named} has {_counted(size, 'customer')}"
                yield _at_least("smallest segment", size, self.min_customers, why, "{:.0f}")
            if self.min_share is not None:
                why = f"{named} holds {share:.1%} of the customers"
                yield _at_least("smallest share", share, self.min_share, why, "{:.1%}")
        if self.max_noise is not None:
            noise = scores.noise_share
            passed = noise <= self.max_noise
            why = f"{noise:.1%} of the customers are in no segment, above {self.max_noise:.1%}"
            yield Check(
                "noise", f"{noise:.1%}", f"at most {self.max_noise:.1%}", passed, "" if passed else why
            )

    def _stable(self, challenger: EvaluatedModel, repeated: Stability) -> Iterator[Check]:
        if self.min_stability is not None:
            why = f"fits to sub-samples agree with an adjusted Rand index of {repeated.score:.2f}"
            yield _at_least("stability", repeated.score, self.min_stability, why)
        if self.min_jaccard is not None:
            for segment, size, found in zip(
                challenger.segments, challenger.sizes, _padded(repeated, challenger.segments), strict=True
            ):
                name, members = f"Jaccard {segment.id}", _counted(int(size), "customer")
                if np.isnan(found):
                    limit = f"at least {self.min_jaccard:.2f}"
                    why = f"no sub-sample holds any of the {members} of {_named(segment)}"
                    yield Check(name, "not known", limit, False, why)
                    continue
                why = (
                    f"{_named(segment)}, {members}, is not found again in sub-samples of the customers: "
                    f"its mean Jaccard similarity is {found:.2f}"
                )
                yield _at_least(name, found, self.min_jaccard, why)

    def _beside(self, challenger: EvaluatedModel, champion: EvaluatedModel) -> Iterator[Check]:
        own, other = challenger.scores.silhouette, champion.scores.silhouette
        if self.silhouette_drop is not None and challenger.space == champion.space:
            least = other - self.silhouette_drop
            why = f"its silhouette is {own:.4f} and the champion's {other:.4f}"
            yield _at_least("silhouette", own, least, why, "{:.4f}")
        else:
            yield Check("silhouette", f"{own:.4f}")
        rand = adjusted_rand(challenger.labels, champion.labels)
        if self.min_agreement is None:
            yield Check("agreement", f"{rand:.4f}")
        else:
            why = f"it agrees with the champion at an adjusted Rand index of {rand:.4f}"
            yield _at_least("agreement", rand, self.min_agreement, why, "{:.4f}")

    def _related(self, lineage: Lineage) -> Iterator[Check]:
        kept, strangers = len(lineage.kept), lineage.strangers
        told = ", ".join(f"{before} is {now} in it" for before, now in strangers.items())
        why = f"it was not trained as this champion's successor ({told}); train it again"
        found = f"{kept - len(strangers)} of {kept}"
        yield Check("ids kept", found, f"{kept} of {kept}", not strangers, why if strangers else "")

    def _serving(self, unservable: str | None) -> Iterator[Check]:
        why = f"it cannot be served: {unservable}" if unservable else ""
        yield Check("served by MLflow", "no" if unservable else "yes", "yes", not unservable, why)


def checks_table(checks: Sequence[Check]) -> pd.DataFrame:
    """Show checks as a table.

    Parameters
    ----------
    checks : sequence of Check

    Returns
    -------
    DataFrame of shape (n_checks, 5)
        Columns check, value, limit, passed (yes, no, or empty where nothing was asked) and reason.
    """
    rows = [
        (c.name, c.value, c.limit, "" if not c.limit else "yes" if c.passed else "no", c.reason)
        for c in checks
    ]
    return pd.DataFrame(rows, columns=["check", *(f.name for f in fields(Check)[1:])])


def _at_least(name: str, value: float, least: float, why: str, form: str = "{:.2f}") -> Check:
    passed = bool(value >= least)
    limit = form.format(least)
    return Check(
        name, form.format(value), f"at least {limit}", passed, "" if passed else f"{why}, below {limit}"
    )


def _padded(repeated: Stability, segments: Sequence[Segment]) -> list[float]:
    """One figure for each segment; the last segments of the model may have no customers."""
    missing = len(segments) - len(repeated.jaccard)
    return [*repeated.jaccard, *[np.nan] * missing]


def _named(segment: Segment) -> str:
    return f"segment '{segment.name}' ({segment.id})"


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
