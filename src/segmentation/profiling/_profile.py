"""What each segment is like, in the customers' own units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist

from segmentation.clustering import NOISE
from segmentation.errors import InputError, nearest
from segmentation.evaluation import value_share
from segmentation.profiling._descriptors import significance
from segmentation.profiling._exceptional import against_segments

MOST_LEVELS = 12
"""Levels of a category that are told apart; the rarer ones are one level, `OTHER`."""
OTHER = "other"
EXAMPLES = 5
LARGE = 0.01
"""Share of the value of all customers above which a single customer is named."""


@dataclass(frozen=True, eq=False)
class Profile:
    """What the segments of a clustering are like; made by `describe`.

    Attributes
    ----------
    segments : DataFrame of shape (n_segments, 4)
        Index segment: 0, 1, ..., and noise (-1) last where there is noise. Columns customers, share (of all
        customers), value (sum of the value column over those whose value is known; NaN if none is, or no
        column was named) and value_share (NaN too where the sum of all is not positive).
    numbers : DataFrame
        One row per segment and numeric column: segment, column, role ("feature" or "descriptor"), center,
        mean, sd, q25, median, q75, missing and effect. All but missing are of the known values. The center
        is the mean, or ``expm1(mean(log1p(x)))`` for a feature taken as a logarithm. The effect is the
        distance of the segment's mean from that of all customers (noise too) in standard deviations of all,
        on the logarithmic scale for such a feature; NaN for a constant column. The sd of one customer is NaN.
    categories : DataFrame
        One row per segment, category and level: segment, column, role, level, share (of the segment's known),
        overall (of all known) and effect, ``(share - overall) / sqrt(overall * (1 - overall))``. The 12
        commonest levels come first, the others together as "other". Categories of one level are left out,
        and so are those that name single customers.
    typical : DataFrame
        segment, id and distance of up to 5 customers a segment, the closest to its centre.
    uncertain : DataFrame
        segment, id and margin of up to 5 customers a segment, the closest to another one's centre:
        1 - own distance / distance to the nearest other centre, from 0 (on the border, or beyond it) to 1 (at
        its own centre). Empty where there is one segment.
    tests : DataFrame
        What `significance` found of the columns that were not clustered on.
    exceptional : DataFrame
        How the customers in no segment (noise) differ from those in segments. Index column (of numbers); columns
        role, median, usual (the median of the customers in segments), position (the share of these that the middle
        one of the group exceeds, ties by half), lowest and highest (the share of the group that is among the lowest
        or highest tenth of the customers in segments). Empty where there is no noise, or no segment.
    largest : DataFrame
        id, segment, value and share (of the value of all customers) of each customer with more than 1 % of it, the
        largest first. Empty where no value column was named.
    features, descriptors : tuple of str
        Columns that were clustered on, and the other columns described here.
    units : mapping of str to str
        Column -> unit.
    value : str or None
        The value column.
    """

    segments: pd.DataFrame
    numbers: pd.DataFrame
    categories: pd.DataFrame
    typical: pd.DataFrame
    uncertain: pd.DataFrame
    tests: pd.DataFrame
    exceptional: pd.DataFrame
    largest: pd.DataFrame
    features: tuple[str, ...]
    descriptors: tuple[str, ...]
    units: Mapping[str, str]
    value: str | None

    def summary(self) -> pd.DataFrame:
        """Lay the profile out with one row a segment.

        Returns
        -------
        DataFrame
            Index segment; customers, share, the mean of each numeric column, and the share of each level of
            each category as ``column=level``.
        """
        means = wide(self.numbers, ["column"], "mean")
        shares = wide(self.categories, ["column", "level"], "share")
        shares.columns = pd.Index([f"{column}={level}" for column, level in shares.columns])
        parts = [self.segments[["customers", "share"]], means, shares]
        return pd.concat([part for part in parts if len(part.columns)], axis=1).rename_axis("segment")


def describe(
    table: pd.DataFrame,
    labels: Any,
    features: Sequence[str] = (),
    log: Sequence[str] = (),
    X: np.ndarray | None = None,
    value: str | None = None,
    units: Mapping[str, str] | None = None,
) -> Profile:
    """Describe the segments of any labelling of any algorithm.

    Columns of numbers are described by their centre and spread, all others (true and false too) by the shares
    of their levels. Infinite numbers count as missing.

    Parameters
    ----------
    table : DataFrame of shape (n, columns)
        The customers, indexed by id.
    labels : array-like of int, shape (n,)
        Segments; negative is noise, which is described apart and belongs to all customers.
    features : sequence of str
        Columns that were clustered on. All others are descriptors, and only these are tested.
    log : sequence of str
        Numeric columns that were taken as log(1 + x).
    X : ndarray of shape (n, p), optional
        The space that the algorithm saw, in which customers are typical or uncertain; None takes the numeric
        features, standardised.
    value : str, optional
        Column whose sum tells what a segment is worth.
    units : mapping of str to str, optional
        Column -> unit, kept for tables and axes.

    Returns
    -------
    Profile

    Raises
    ------
    InputError
        If a column is not there, `value` or one of `log` is not numeric, a column of `log` has negative
        values, there is not one whole number a row in `labels`, or X has another number of rows.

    Examples
    --------
    >>> table = pd.DataFrame({"age": [20, 30, 60], "gender": ["f", "m", "f"]})
    >>> describe(table, [0, 0, 1]).summary().loc[0, ["customers", "age", "gender=f"]].tolist()
    [2.0, 25.0, 0.5]
    """
    labels = _as_labels(labels, len(table))
    numeric = _numeric(table)
    _check(table, numeric, features, log, value)
    if X is not None and len(X) != len(table):
        raise InputError(f"X has {len(X)} rows and the table {len(table)}; valid is one row a customer.")
    levels = {
        c: codes for c in table.columns if c not in numeric and (codes := _levels(table[c])) is not None
    }
    logged = numeric.assign(**{c: np.log1p(numeric[c]) for c in log})
    order = [*sorted(set(labels[labels >= 0])), *([NOISE] if (labels < 0).any() else [])]
    described = [c for c in table.columns if c in numeric or c in levels]
    descriptors = tuple(c for c in described if c not in features)
    space = _standardised(logged[[c for c in numeric if c in features]]) if X is None else np.asarray(X)
    typical, uncertain = _examples(table.index, labels, space)
    return Profile(
        segments=_segments(labels, order, None if value is None else numeric[value]),
        numbers=_numbers(numeric, logged, labels, order, features, log),
        categories=_categories(levels, labels, order, features),
        typical=typical,
        uncertain=uncertain,
        tests=significance(
            {c: numeric[c].to_numpy() if c in numeric else levels[c][0] for c in descriptors},
            {c for c in descriptors if c in levels},
            labels,
        ),
        exceptional=against_segments(numeric, labels, features),
        largest=_largest(table.index, labels, None if value is None else numeric[value]),
        features=tuple(features),
        descriptors=descriptors,
        units={c: unit for c, unit in (units or {}).items() if c in table},
        value=value,
    )


def _as_labels(labels: Any, n: int) -> np.ndarray:
    array = np.asarray(labels)
    if array.shape != (n,) or n == 0:
        raise InputError(
            f"The labels have shape {array.shape} and the table {n} customers; valid is one label a customer."
        )
    number = array.dtype.kind in "iuf"
    wrong = array[~np.isfinite(array) | (array != np.round(array))] if number else array
    if len(wrong):
        raise InputError(
            f"The labels hold {wrong[0]!s}; valid are whole numbers, 0 and up for segments, -1 for noise."
        )
    return np.maximum(array.astype(int), NOISE)


def _numeric(table: pd.DataFrame) -> pd.DataFrame:
    columns = [
        c
        for c in table.columns
        if pd.api.types.is_numeric_dtype(table[c]) and not pd.api.types.is_bool_dtype(table[c])
    ]
    matrix = np.empty((len(table), len(columns)))
    for i, column in enumerate(columns):
        matrix[:, i] = table[column].to_numpy(dtype=float, na_value=np.nan)
    matrix[np.isinf(matrix)] = np.nan
    return pd.DataFrame(matrix, columns=pd.Index(columns, dtype=object))


def _check(
    table: pd.DataFrame, numeric: pd.DataFrame, features: Sequence[str], log: Sequence[str], value: str | None
) -> None:
    for column in [*features, *log, *([] if value is None else [value])]:
        if column not in table:
            raise InputError(f"There is no column '{column}' to describe; {nearest(column, table.columns)}")
    for column in [*log, *([] if value is None else [value])]:
        if column not in numeric:
            raise InputError(f"Column '{column}' is not numeric; {nearest(column, numeric.columns)}")
    for column in log:
        if (low := numeric[column].min()) < 0:
            raise InputError(
                f"Column '{column}' goes down to {low:g}; the logarithm needs values of 0 or more."
            )


def _levels(values: pd.Series) -> tuple[np.ndarray, list[str]] | None:
    """Code of each customer's level (missing -1) and the levels, the commonest first."""
    codes, spelled = pd.factorize(values)
    # Numbers and text in one column may be spelled alike.
    merged, names = pd.factorize(np.array([str(level) for level in spelled], dtype=object))
    codes = np.append(merged, -1)[codes]
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    if len(names) < 2 or len(names) > max(MOST_LEVELS, counts.sum() / 2):
        return None  # the same for everybody, or almost one a customer: it describes nobody
    common = sorted(range(len(names)), key=lambda i: (-counts[i], names[i]))
    kept = [names[i] for i in common[:MOST_LEVELS] if names[i] != OTHER]
    shown = [*kept, OTHER] if len(kept) < len(names) else kept
    place = {name: i for i, name in enumerate(kept)}
    recoded = np.array([*(place.get(name, len(kept)) for name in names), -1])
    return recoded[codes], shown


def _role(column: str, features: Sequence[str]) -> str:
    return "feature" if column in features else "descriptor"


def _segments(labels: np.ndarray, order: list[int], value: pd.Series | None) -> pd.DataFrame:
    groups = pd.Series(labels).groupby(labels)
    table = pd.DataFrame({"customers": groups.size()}).loc[order].rename_axis("segment")
    table["share"] = table["customers"] / len(labels)
    table["value"] = np.nan if value is None else value.groupby(labels).sum(min_count=1)
    table["value_share"] = np.nan if value is None else pd.Series(value_share(labels, value))
    return table


def _largest(ids: pd.Index, labels: np.ndarray, value: pd.Series | None) -> pd.DataFrame:
    """The customers who hold more than a hundredth of the value each."""
    values = np.full(len(ids), np.nan) if value is None else value.to_numpy()
    total = np.nansum(values)
    shares = values / total if total > 0 else np.full(len(ids), np.nan)
    rows = [i for i in np.argsort(-shares, kind="stable") if shares[i] > LARGE]
    return pd.DataFrame(
        {"id": ids[rows], "segment": labels[rows], "value": values[rows], "share": shares[rows]}
    )


def _numbers(
    numeric: pd.DataFrame,
    logged: pd.DataFrame,
    labels: np.ndarray,
    order: list[int],
    features: Sequence[str],
    log: Sequence[str],
) -> pd.DataFrame:
    groups = numeric.groupby(labels)
    center = logged.groupby(labels).mean()
    varies = logged.min() < logged.max()
    effect = (center - logged.mean()) / logged.std().where(varies)
    quantiles = groups.quantile([0.25, 0.5, 0.75]) if len(numeric.columns) else None
    stats = {
        "center": center.assign(**{c: np.expm1(center[c]) for c in log}),
        "mean": groups.mean(),
        "sd": groups.std(),
        **{
            name: center if quantiles is None else quantiles.xs(q, level=1)
            for name, q in (("q25", 0.25), ("median", 0.5), ("q75", 0.75))
        },
        "missing": numeric.isna().groupby(labels).sum(),
        "effect": effect,
    }
    columns = list(numeric.columns)
    return pd.DataFrame(
        {
            "segment": np.repeat(order, len(columns)),
            "column": columns * len(order),
            "role": [_role(c, features) for c in columns] * len(order),
            **{name: stat.loc[order].to_numpy().ravel() for name, stat in stats.items()},
        }
    ).astype({"missing": int})


def _categories(
    levels: Mapping[str, tuple[np.ndarray, list[str]]],
    labels: np.ndarray,
    order: list[int],
    features: Sequence[str],
) -> pd.DataFrame:
    rows = pd.Index(order).get_indexer(labels)
    parts = []
    for column, (codes, names) in levels.items():
        known = codes >= 0
        flat = rows[known] * len(names) + codes[known]
        counts = np.bincount(flat, minlength=len(order) * len(names)).reshape(len(order), len(names))
        sizes = counts.sum(axis=1, keepdims=True)
        share = np.divide(counts, sizes, out=np.full(counts.shape, np.nan), where=sizes > 0)
        overall = counts.sum(axis=0) / counts.sum()
        parts.append(
            pd.DataFrame(
                {
                    "segment": np.repeat(order, len(names)),
                    "column": [column] * counts.size,
                    "role": _role(column, features),
                    "level": names * len(order),
                    "share": share.ravel(),
                    "overall": np.tile(overall, len(order)),
                    "effect": ((share - overall) / np.sqrt(overall * (1 - overall))).ravel(),
                }
            )
        )
    if parts:
        return pd.concat(parts, ignore_index=True)
    columns = ["segment", "column", "role", "level", "share", "overall", "effect"]
    return pd.DataFrame(columns=columns).astype({"segment": int, "level": "str", "share": float})


def wide(long: pd.DataFrame, columns: list[str], values: str) -> pd.DataFrame:
    """Lay out a long table of a profile with one row a segment and one column for each of the others' values."""
    order = pd.MultiIndex.from_frame(long[columns].drop_duplicates())
    laid = long.pivot(index="segment", columns=columns, values=values)  # noqa: PD010 (keeps NaN columns)
    return laid[list(order if len(columns) > 1 else order.get_level_values(0))]


def _standardised(numbers: pd.DataFrame) -> np.ndarray:
    varying = numbers.loc[:, numbers.min() < numbers.max()]
    # A missing number stands at the mean: it makes nobody typical and nobody odd.
    return ((varying - varying.mean()) / varying.std()).fillna(0).to_numpy()


def _examples(ids: pd.Index, labels: np.ndarray, X: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The customers closest to the centre of their segment, and those closest to another one's."""
    members = {segment: np.flatnonzero(labels == segment) for segment in np.unique(labels[labels >= 0])}
    typical, uncertain = [], []
    if members and X.shape[1]:
        centers = np.array([X[rows].mean(axis=0) for rows in members.values()])
        for i, (segment, rows) in enumerate(members.items()):
            own, *_ = cdist(centers[[i]], X[rows])
            closest = np.argsort(own, kind="stable")[:EXAMPLES]
            typical += [(segment, ids[rows[j]], own[j]) for j in closest]
            if len(centers) == 1:
                continue
            other = cdist(np.delete(centers, i, axis=0), X[rows]).min(axis=0)
            margin = np.divide(other - own, other, out=np.zeros_like(own), where=other > 0)
            least = np.argsort(margin, kind="stable")[:EXAMPLES]
            uncertain += [(segment, ids[rows[j]], max(margin[j], 0.0)) for j in least]
    return (
        pd.DataFrame(typical, columns=["segment", "id", "distance"]),
        pd.DataFrame(uncertain, columns=["segment", "id", "margin"]),
    )
