"""Which segments to go for first."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Real

import numpy as np
import pandas as pd

from segmentation.clustering import NOISE
from segmentation.errors import InputError, nearest
from segmentation.profiling._profile import Profile

CRITERIA = {
    "size": "share of all customers",
    "value": "share of the value",
    "distinctness": "mean distance from all customers",
    "stability": "Jaccard similarity under resampling",
    "reachability": "F1 of its rule",
}
RELATIVE = ("size", "value", "distinctness")
"""Criteria whose largest segment is the measure of the others; the rest are shares of a whole already."""


@dataclass(frozen=True)
class Attractiveness:
    """Weighs up what makes a segment worth the effort.

    Parameters
    ----------
    weights : mapping of str to float
        Criterion -> weight, at least 0; 1 for those that are not named. Only their proportions count.
    knock_out : mapping of str to float or None
        Criterion -> smallest raw figure allowed; a segment below it is out. None switches one off.

    Raises
    ------
    InputError
        If a criterion is unknown, or a weight or limit is no number, or no weight is above 0.

    Notes
    -----
    The criteria, with their raw figures: size (share of all customers), value (share of the value column's
    sum), distinctness (mean over the features of how many standard deviations the segment is from all
    customers; of a category, its level that is furthest off), stability (mean Jaccard similarity to itself
    under resampling, Hennig 2007) and reachability (F1 of the segment's rule). The first three are scored
    against the largest of all segments, the other two as they are. The score is the weighted mean, after the
    attractiveness step of Dolnicar, Grün and Leisch, Market Segmentation Analysis, 2018.
    """

    weights: Mapping[str, float] = field(default_factory=dict, hash=False)
    knock_out: Mapping[str, float | None] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        for key in ("weights", "knock_out"):
            object.__setattr__(self, key, dict(getattr(self, key) or {}))
        given: dict[str, Mapping[str, float | None]] = {"weights": self.weights, "knock_out": self.knock_out}
        for key, figures in given.items():
            for name, figure in figures.items():
                if name not in CRITERIA:
                    raise InputError(f"attractiveness.{key} has '{name}'; {nearest(name, CRITERIA)}")
                if key == "knock_out" and figure is None:
                    continue
                if isinstance(figure, bool) or not isinstance(figure, Real) or not 0 <= figure < np.inf:
                    raise InputError(
                        f"attractiveness.{key}.{name} is {figure!r}; valid are numbers of at least 0."
                    )
        if not any(self._weight(name) for name in CRITERIA):
            raise InputError("attractiveness.weights are all 0; valid is at least one above 0.")

    def rank(
        self,
        profile: Profile,
        stability: Mapping[int, float] | None = None,
        reachability: Mapping[int, float] | None = None,
    ) -> pd.DataFrame:
        """Rank the segments.

        Parameters
        ----------
        profile : Profile
        stability : mapping of int to float, optional
            Segment -> mean Jaccard similarity, 0 to 1.
        reachability : mapping of int to float, optional
            Segment -> F1 of its rule, see `Rules.reach`.

        Returns
        -------
        DataFrame
            Index segment, the most attractive first, those knocked out last; noise is left out. Columns: each
            criterion scored 0 to 1, its raw figure as ``size_raw`` and so on, score (0 to 1), rank (from 1;
            missing where knocked out, or without a score), knocked_out (the reason, or "") and not_known (the
            criteria that were left out of all scores, in words, or ""). A criterion with a weight that is not
            known for every segment is left out for all, so that their scores can be compared.
        """
        segments = [s for s in profile.segments.index if s != NOISE]
        kept = profile.segments.loc[segments]
        raw = pd.DataFrame(
            {
                "size": kept["share"],
                "value": kept["value_share"],
                "distinctness": _distinctness(profile),
                "stability": pd.Series(stability or {}, dtype=float),
                "reachability": pd.Series(reachability or {}, dtype=float),
            },
            index=kept.index,
            dtype=float,
        )
        largest = raw.max().where(raw.columns.isin(RELATIVE), 1.0)
        scores = (raw / largest.where(largest > 0, np.inf)).clip(0, 1)
        scores.loc[:, raw.isna().any()] = np.nan
        weights = pd.Series({c: self._weight(c) for c in CRITERIA})
        known = weights.where(scores.notna().all(), 0.0)
        table = scores.join(raw.add_suffix("_raw"))
        table["score"] = (scores * known).sum(axis=1) / known.sum() if known.sum() else np.nan
        table["knocked_out"] = [self._reason(figures) for _, figures in raw.iterrows()]
        table["not_known"] = ", ".join(c for c in CRITERIA if weights[c] and not known[c])
        table["out"] = table["knocked_out"] != ""
        # Rounded, so that the order does not hang on how sums were rounded; the larger segment goes first.
        table["rounded"] = -table["score"].round(9)
        table = table.sort_values(["out", "rounded"], kind="stable")
        ranked = ~table["out"] & table["score"].notna()
        table.insert(2 * len(CRITERIA) + 1, "rank", ranked.cumsum().where(ranked).astype("Int64"))
        return table.drop(columns=["out", "rounded"]).rename_axis("segment")

    def _weight(self, criterion: str) -> float:
        return float(self.weights.get(criterion, 1.0))

    def _reason(self, figures: pd.Series) -> str:
        return "; ".join(
            f"{name} {figures[name]:.3g} ({CRITERIA[name]}) is below {limit:g}"
            for name, limit in self.knock_out.items()
            if limit is not None and figures[name] < limit
        )


def _distinctness(profile: Profile) -> pd.Series:
    """Mean over the features of the distance from all customers, in standard deviations."""
    off = [
        frame[frame["column"].isin(profile.features)]
        .assign(effect=lambda rows: rows["effect"].abs())
        .groupby(["segment", "column"])["effect"]
        .max()
        for frame in (profile.numbers, profile.categories)
    ]
    return pd.concat([part.astype(float) for part in off if len(part)] or off).groupby("segment").mean()
