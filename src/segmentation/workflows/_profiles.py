"""From a clustering to what people act on: profile, names, rules, recommendations, identity."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from segmentation import plots
from segmentation.data import Customers
from segmentation.errors import InputError, nearest
from segmentation.profiling import (
    UNLIKE,
    Attractiveness,
    Naming,
    Playbook,
    Profile,
    Recommendation,
    Rules,
    describe,
    surrogate,
)
from segmentation.serving import Lineage, Segment
from segmentation.workflows._evaluate import EvaluatedClustering

MONETARY = "monetary"
NOISE = -1

Identity = Callable[[Sequence[Segment]], tuple[tuple[Segment, ...], Lineage]]


@dataclass(frozen=True, eq=False)
class SegmentProfiles:
    """The market analysis of a clustering.

    Attributes
    ----------
    profile : Profile
        What the segments are like.
    segments : tuple of Segment
        Their identity, in the order of their numbers.
    lineage : Lineage
        How they descend from the champion's.
    exceptional : str
        What customers in no segment are called.
    traits : mapping of int to mapping of str to str
        Segment -> column -> "low", "mid", "high" or a level; of noise (-1), where there is any, what sets it apart (see
        `Naming.exceptional`).
    rules : Rules
        How to find them without the model.
    recommendations : tuple of Recommendation
        What the playbook says of them.
    ranking : DataFrame
        Which to go for first.
    """

    profile: Profile
    segments: tuple[Segment, ...]
    lineage: Lineage
    exceptional: str
    traits: Mapping[int, Mapping[str, str]]
    rules: Rules
    recommendations: tuple[Recommendation, ...]
    ranking: pd.DataFrame

    @property
    def names(self) -> dict[int, str]:
        """What each segment is called, and customers in none (-1)."""
        return {**{s.number: s.name for s in self.segments}, NOISE: self.exceptional}

    @property
    def colors(self) -> dict[int, int]:
        """The palette number of each segment."""
        return {s.number: s.color for s in self.segments}

    @contextmanager
    def pictured(self) -> Iterator[None]:
        """Draw the segments under their names and in their colours."""
        with plots.identities(self.names, self.colors):
            yield


@dataclass(frozen=True)
class ProfilingSettings:
    """How the market analysis is made.

    Attributes
    ----------
    naming : Naming
        How segments are called.
    playbooks : tuple of Playbook
        Where recommendations come from.
    attractiveness : Attractiveness
        How segments are ranked.
    value : str or None
        The column that says what a customer is worth; None takes `monetary` where there is one.
    """

    naming: Naming = field(default_factory=Naming)
    playbooks: tuple[Playbook, ...] = ()
    attractiveness: Attractiveness = field(default_factory=Attractiveness)
    value: str | None = None

    def of(self, table: pd.DataFrame) -> "ProfilingSettings":
        """The same for one table, refusing what it cannot give.

        Raises
        ------
        InputError
            If the value column is not there or holds no numbers, or a play asks for what no segment can have.
        """
        numeric = [str(c) for c in table.select_dtypes("number").columns]
        if self.value is not None and self.value not in numeric:
            raise InputError(f"value={self.value} is no column of numbers; {nearest(self.value, numeric)}")
        for book in self.playbooks:
            book.check(numeric)
        return replace(self, value=self.value or (MONETARY if MONETARY in numeric else None))

    def worth(self, table: pd.DataFrame) -> np.ndarray | None:
        """What each customer is worth, shape (n,); None where no column says it."""
        return None if self.value is None else table[self.value].to_numpy(dtype=float, na_value=np.nan)


def analyse(
    profiling: ProfilingSettings,
    customers: Customers,
    evaluated: EvaluatedClustering,
    stability: Mapping[int, float] | None,
    seed: int,
    identity: Identity,
) -> SegmentProfiles:
    """Describe, name, explain and rank the segments.

    Parameters
    ----------
    profiling : ProfilingSettings
        How.
    customers : Customers
        Everybody.
    evaluated : EvaluatedClustering
        The clustering.
    stability : mapping of int to float or None
        Segment -> mean Jaccard similarity under resampling, where it was measured.
    seed : int
        Of the rules' folds.
    identity : callable
        Gives the segments their ids, colours, and the names that they have already.

    Returns
    -------
    SegmentProfiles
    """
    fitted, features, table = evaluated.fitted, evaluated.fitted.pipeline[0], customers.table
    profile = describe(
        table, fitted.labels, features.columns_, features.log_, fitted.X, profiling.value, customers.units
    )
    traits, called = profiling.naming.traits(profile), profiling.naming.names(profile)
    segments, lineage = identity(_cards(profile, traits, called, set(profiling.naming.rename.values())))
    # Customers in no segment may come later where the training had none.
    names = {NOISE: UNLIKE, **called, **{s.number: s.name for s in segments}}
    if NOISE in called:
        traits[NOISE] = profiling.naming.exceptional(profile)
    rules = surrogate(table, fitted.labels, features.columns_, names, customers.units, seed=seed)
    recommendations = tuple(r for book in profiling.playbooks for r in book.recommend(profile, traits, names))
    ranking = profiling.attractiveness.rank(profile, stability, rules.reach())
    return SegmentProfiles(profile, segments, lineage, names[NOISE], traits, rules, recommendations, ranking)


def _cards(
    profile: Profile, traits: Mapping[int, Mapping[str, str]], names: Mapping[int, str], given: set[str]
) -> list[Segment]:
    return [
        Segment(
            number=number,
            id="",
            name=names[number],
            size=int(row["customers"]),
            share=float(row["share"]),
            center=_center(profile, number),
            traits=traits.get(number, {}),
            named_by_user=names[number] in given,
        )
        for number, row in profile.segments.iterrows()
        if number != NOISE
    ]


def _center(profile: Profile, segment: int) -> dict[str, float | str]:
    """Mean of each feature, the commonest level of each category."""
    numbers, categories = (
        frame[(frame["segment"] == segment) & (frame["role"] == "feature")]
        for frame in (profile.numbers, profile.categories)
    )
    commonest = categories.sort_values("share", kind="stable").drop_duplicates("column", keep="last")
    return {
        **{str(c): float(v) for c, v in zip(numbers["column"], numbers["center"], strict=True)},
        **{str(c): str(v) for c, v in zip(commonest["column"], commonest["level"], strict=True)},
    }
