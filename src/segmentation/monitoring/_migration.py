"""Which known customers changed segment: because they changed, or because the model did."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

Cause = Literal["all", "customer", "model"]
CAUSES: tuple[Cause, ...] = ("all", "customer", "model")


@dataclass(frozen=True, eq=False)
class Migration:
    """Customers known from before, by their segments before and now.

    Attributes
    ----------
    flows : DataFrame
        One row a cause and path. Columns cause ("all": from before to now; "customer": the same model, new values;
        "model": the same values, a new model), before, after (ids of segments, "" for noise), customers, value (sum of
        the customers' values; NaN where no value is known).
    known, new, gone : int
        Customers in both, only now, only before.
    """

    flows: pd.DataFrame
    known: int
    new: int
    gone: int

    def matrix(self, cause: Cause = "all", what: str = "customers") -> pd.DataFrame:
        """Customers, or their value, from each segment (rows) to each (columns), in the order of the flows."""
        part = self.flows[self.flows["cause"] == cause]
        table = part.pivot_table(what, "before", "after", aggfunc="sum", fill_value=0, sort=False)
        both = list(dict.fromkeys([*self.flows["before"], *self.flows["after"]]))
        return table.reindex(
            index=[i for i in both if i in table.index],
            columns=[i for i in both if i in table.columns],
            fill_value=0,
        )

    def moved(self, cause: Cause = "all") -> int:
        """Customers that are in another segment than before."""
        part = self.flows[self.flows["cause"] == cause]
        return int(part.loc[part["before"] != part["after"], "customers"].sum())

    def value_moved(self, cause: Cause = "all") -> float:
        """The total value of those customers; NaN where no value is known."""
        part = self.flows[self.flows["cause"] == cause]
        return float(
            part["value"].where(part["before"] != part["after"], part["value"] * 0).sum(skipna=False)
        )

    def metrics(self) -> dict[str, float]:
        """The figures by name, for a run."""
        found: dict[str, float] = {"known": self.known, "new": self.new, "gone": self.gone}
        for cause in CAUSES:
            ending = "" if cause == "all" else f"_by_{cause}"
            found[f"moved{ending}"] = self.moved(cause)
            found[f"value_moved{ending}"] = self.value_moved(cause)
        return {f"migration_{name}": value for name, value in found.items() if np.isfinite(value)}


def migrate(
    before: pd.Series,
    now: pd.Series,
    between: pd.Series | None = None,
    value: pd.Series | None = None,
    order: Sequence[str] = (),
) -> Migration:
    """Follow customers from the segments they were in to those they are in.

    Parameters
    ----------
    before : Series
        Customer id -> id of the segment before ("" for noise).
    now : Series
        Customer id -> id of the segment that the present model gives to the present values.
    between : Series, optional
        Customer id -> id of the segment that the previous model gives to the present values. Without it the model is
        the same, and every move means that the customer changed.
    value : Series, optional
        Customer id -> the customer's value now.
    order : sequence of str
        Ids of segments in the order in which they are to be shown; others come after, noise last.

    Returns
    -------
    Migration
        Each known customer is counted once for each cause; the moves by "customer" followed by those by "model" lead
        from before to now.

    Notes
    -----
    Ids are compared as text. A customer that appears twice on a side cannot be followed and counts as unknown.
    """
    then, today = _by_id(before), _by_id(now)
    known = then.index.intersection(today.index)
    sides = {"before": then[known], "now": today[known]}
    sides["between"] = sides["now"] if between is None else _by_id(between)[known]
    worth = (
        pd.Series(np.nan, known) if value is None else _by_id(value).reindex(known).fillna(0.0).astype(float)
    )
    paths: dict[Cause, tuple[str, str]] = {
        "all": ("before", "now"),
        "customer": ("before", "between"),
        "model": ("between", "now"),
    }
    places = {name: place for place, name in enumerate(order)}
    flows = [
        _flows(cause, sides[start], sides[end], worth).sort_values(
            ["before", "after"], key=lambda ids: ids.map(lambda i: _place(i, places)), kind="stable"
        )
        for cause, (start, end) in paths.items()
    ]
    return Migration(
        pd.concat(flows, ignore_index=True),
        len(known),
        len(now) - len(known),
        len(before) - len(known),
    )


def _by_id(values: pd.Series) -> pd.Series:
    plain = values.set_axis(values.index.astype(str))
    return plain[~plain.index.duplicated(keep=False)]


def _flows(cause: Cause, start: pd.Series, end: pd.Series, worth: pd.Series) -> pd.DataFrame:
    table = pd.DataFrame({"before": start.astype(str), "after": end.astype(str), "value": worth})
    grouped = table.groupby(["before", "after"], sort=True)["value"]
    sums = pd.DataFrame({"customers": grouped.size(), "value": grouped.sum(min_count=1)}).reset_index()
    sums.insert(0, "cause", cause)
    return sums


def _place(segment: str, places: dict[str, int]) -> tuple[bool, int, str]:
    return segment == "", places.get(segment, len(places)), segment
