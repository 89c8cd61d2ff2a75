"""What the data suggests to do before clustering, with the evidence and the words to type."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import skew

from segmentation.data import is_number
from segmentation.data.customers import ROW
from segmentation.features import FeatureSet, Preparation, role, values_apart
from segmentation.overrides import listed, quoted, shell_word
from segmentation.profiling._associations import RANK, Associations

ROWS_PER_FEATURE = 10
SKEWED = 1.0
MIXED_SCALES = 10.0

BY_ITSELF = "A sweep where nothing is named does so."


@dataclass(frozen=True)
class Suggestion:
    """Something to do about the data, or to know of it.

    Attributes
    ----------
    kind : str
        rows, id, constant, missing, levels, code, duplicate, sum, apart, skewed, ordered, rare_levels or scales.
    columns : tuple of str
        What it is about; empty where it is about the whole table.
    evidence : str
        What was seen, with figures.
    action : str
        What to do, in words.
    override : str
        What to type after the command, as a shell takes it; of what a sweep does by itself, for the contrary.
    automatic : bool
        Whether a sweep does it where nothing is named.
    """

    kind: str
    columns: tuple[str, ...]
    evidence: str
    action: str
    override: str
    automatic: bool = False


def advise(
    table: pd.DataFrame,
    associations: Associations,
    preparation: Preparation | None = None,
    settable: Collection[str] = (),
    logged: Collection[str] = (),
) -> tuple[Suggestion, ...]:
    """Suggest what to do about the data before it is clustered.

    Parameters
    ----------
    table : DataFrame of shape (n, columns)
        The customers.
    associations : Associations
        Of the same table.
    preparation : Preparation, optional
        What a sweep makes of the table, where it is known already.
    settable : collection of str
        Parameters of the data's source that a suggestion may override, such as id, levels and checks.
    logged : collection of str
        Columns that are taken as logarithms already.

    Returns
    -------
    tuple of Suggestion
        The gravest kinds first; empty where there is nothing to say.
    """
    look = _Look(table, associations, preparation or Preparation.of(table), settable, logged)
    return (
        *_few_rows(look),
        *_left_out(look),
        *_codes(look),
        *_duplicates(look),
        *_sums(look),
        *_apart(look),
        *_skewed(look),
        *_ordered(look),
        *_rare_levels(look),
        *_scales(look),
    )


def starting_features(preparation: Preparation | None) -> FeatureSet:
    """Name the numbers that a sweep of all columns clusters on, and those that it takes as logarithms."""
    numbers = preparation.numbers if preparation else {}
    return FeatureSet(list(numbers), log=[c for c, found in numbers.items() if found.kind == "log"])


def _key(text: str) -> str:
    # A key of a mapping cannot be quoted in Hydra's grammar, but escaped.
    return re.sub(r"([\\()\[\]{}:=, \t])", r"\\\1", text)


def _nested(key: str, column: str, value: str) -> str:
    # The mapping that is there may know other columns: this one is added.
    return shell_word(f"+{key}={{{_key(column)}:{value}}}")


class _Look:
    """The table with what all suggestions ask of it."""

    def __init__(
        self,
        table: pd.DataFrame,
        associations: Associations,
        preparation: Preparation | None,
        settable: Collection[str],
        logged: Collection[str],
    ) -> None:
        self.table, self.associations, self.settable = table, associations, settable
        self.preparation = preparation
        self.roles = preparation.features.roles_ if preparation else [role(table[c]) for c in table]
        numbers = preparation.numbers if preparation else {}
        self.categories = list(preparation.features.levels_) if preparation else []
        self.treated = {c: found for c, found in numbers.items() if c not in logged}
        self.features = [c for c, found in numbers.items() if found.kind not in ("two_values", "constant")]

    def known(self, column: str) -> np.ndarray:
        """Values of a column of numbers that are not missing."""
        return self.table[column].dropna().to_numpy(dtype=float)

    def groups(self, kind: str) -> list[list[str]]:
        """Columns that a sweep weighs together."""
        return self.preparation.groups(kind) if self.preparation else []


def _few_rows(look: _Look) -> Iterable[Suggestion]:
    n, features = len(look.table), len(look.features)
    if features and n < ROWS_PER_FEATURE * features:
        yield Suggestion(
            "rows",
            (),
            f"{n} customers for {features} features, fewer than {ROWS_PER_FEATURE} each.",
            "Cluster on fewer features or on principal components, and do not trust small segments.",
            "reducer=pca",
        )


def _left_out(look: _Look) -> Iterable[Suggestion]:
    kinds = {
        "id": "They name customers and do not describe them.",
        "constant": "They tell few customers apart.",
        "missing": "Filled with the median they would make a segment of their own.",
        "levels": "Each level would become a feature.",
    }
    kept = look.preparation.features.columns_ if look.preparation else []
    for kind, reason in kinds.items():
        found = [r for r in look.roles if r.kind == kind and r.column not in kept]
        if not found:
            continue
        columns = tuple(r.column for r in found)
        evidence = f"{_some(f'{r.column} ({r.why})' for r in found)}."
        if kind == "id" and look.table.index.name in (None, ROW) and "id" in look.settable:
            yield Suggestion(
                "id",
                columns,
                evidence,
                "Name it as the id of the customers.",
                shell_word(f"data.id={quoted(columns[0])}"),
            )
            continue
        action = f"Leave out. {reason} {BY_ITSELF}"
        yield Suggestion(kind, columns, evidence, action, listed("features.keep", columns), automatic=True)


def _codes(look: _Look) -> Iterable[Suggestion]:
    found = [r for r in look.roles if r.kind == "code"]
    if found:
        columns = tuple(r.column for r in found)
        yield Suggestion(
            "code",
            columns,
            f"{_some(f'{r.column} ({r.why})' for r in found)}.",
            f"Take as categories: a larger code is not more of anything. {BY_ITSELF}",
            listed("features.keep", columns),
            automatic=True,
        )


def _duplicates(look: _Look) -> Iterable[Suggestion]:
    pairs = look.associations.pairs
    known = {
        frozenset((a, b)): (s, kind)
        for a, b, s, kind in pairs[["a", "b", "strength", "kind"]].itertuples(index=False)
    }
    for first, *copies in look.groups("repeats"):
        strength = {c: known.get(frozenset((first, c)), (1.0, RANK)) for c in copies}
        told = [f"{c} ({s:.2f})" for c, (s, _) in strength.items()]
        yield Suggestion(
            "duplicate",
            (first, *copies),
            f"{_some(told)} nearly repeat{'s' * (len(copies) == 1)} {first}, by {strength[copies[0]][1]}.",
            f"Weigh them together as one column. {BY_ITSELF}",
            "scaler=standard",
            automatic=True,
        )


def _sums(look: _Look) -> Iterable[Suggestion]:
    for total, *parts in look.groups("sum"):
        yield Suggestion(
            "sum",
            (total, *parts),
            f"{total} is the sum of {_some(parts)}.",
            f"Let the sum and its parts weigh as the parts do. {BY_ITSELF}",
            "scaler=standard",
            automatic=True,
        )


def _apart(look: _Look) -> Iterable[Suggestion]:
    for column in look.features:
        known = look.known(column)
        below, above = values_apart(known)
        if not len(below) and not len(above):
            continue
        inner = np.sort(known)[len(below) : len(known) - len(above)]
        low = f"{inner[0]:.12g}" if len(below) else "null"
        high = f"{inner[-1]:.12g}" if len(above) else "null"
        said = [
            f"{_some(map(_number, values))} stand{'s' * (len(values) == 1)} apart, the next is {_number(nearest)}"
            for values, nearest in ((below, inner[0]), (above, inner[-1]))
            if len(values)
        ]
        skewness = skew(known), skew(inner)
        if abs(skewness[0]) > SKEWED >= abs(skewness[1]):
            said.append(
                f"without {'them' if len(below) + len(above) > 1 else 'it'} the skewness is "
                f"{skewness[1]:.1f} instead of {skewness[0]:.1f}"
            )
        override = "scaler=robust"
        if "checks" in look.settable:
            bounds = _nested("data.checks.ranges", column, f"[{low},{high}]")
            override = f"{bounds} data.checks.out_of_range=missing"
        yield Suggestion(
            "apart",
            (column,),
            f"{column}: {'; '.join(said)}.",
            "Look whether it is an error; a value out of range can be treated as missing.",
            override,
        )


def _skewed(look: _Look) -> Iterable[Suggestion]:
    actions = {
        "log": "Take logarithms, else a few large values make the segments.",
        "power": "Use Yeo-Johnson's transform, which evens them out.",
        "ranks": "Use ranks: no transform evens them out.",
    }
    for kind, action in actions.items():
        found = {c: t for c, t in look.treated.items() if t.kind == kind}
        if found:
            yield Suggestion(
                "skewed",
                tuple(found),
                f"{_some(f'{c} ({t.why})' for c, t in found.items())}.",
                f"{action} {BY_ITSELF}",
                listed("features.plain", found),
                automatic=True,
            )


def _ordered(look: _Look) -> Iterable[Suggestion]:
    found = {c: t for c, t in look.treated.items() if t.kind == "levels"}
    if found:
        yield Suggestion(
            "ordered",
            tuple(found),
            f"{_some(f'{c} has {t.why}' for c, t in found.items())}.",
            f"Take as ranks: the steps between answers need not be equal. {BY_ITSELF}",
            listed("features.plain", found),
            automatic=True,
        )


def _rare_levels(look: _Look) -> Iterable[Suggestion]:
    for column in look.categories:
        if is_number(look.table[column]) or "levels" not in look.settable:
            continue
        counts = look.table[column].value_counts()
        rare = sorted(str(level) for level in counts[counts < 0.01 * counts.sum()].index)
        if 0 < len(rare) <= len(counts) / 2 + 1:
            told = [f"{level} ({counts[level]:,})" for level in rare]
            names = ",".join(f"{_key(level)}:other" for level in rare)
            yield Suggestion(
                "rare_levels",
                (column,),
                f"{column}: {_some(told)} of {counts.sum():,} customers.",
                "Call rare levels by a name that they share, or null to treat them as missing.",
                _nested("data.levels", column, f"{{{names}}}"),
            )


def _scales(look: _Look) -> Iterable[Suggestion]:
    spread = look.table[look.features].std()
    spread = spread[spread > 0]
    if len(spread) < 2 or spread.max() <= MIXED_SCALES * spread.min():
        return
    weight = (spread**2 / (spread**2).sum()).max()
    yield Suggestion(
        "scales",
        (str(spread.idxmax()), str(spread.idxmin())),
        f"The standard deviations run from {spread.min():,.3g} ({spread.idxmin()}) to {spread.max():,.3g} "
        f"({spread.idxmax()}); unscaled, {spread.idxmax()} makes {_share(weight)} of all squared distances.",
        "Keep a scaler; never scaler=none.",
        "scaler=standard",
    )


def _share(share: float) -> str:
    if 0.9995 <= share < 1:
        return "over 99.9%"
    return f"{share:.0%}" if 0.005 <= share < 0.995 or share == 1 else f"{share:.1%}"


def _value(value: object) -> str:
    return _number(value) if isinstance(value, float | int) else f"'{value}'"


def _number(value: float) -> str:
    # A year has no comma.
    return f"{value:,.10g}" if abs(value) >= 10_000 else f"{value:.6g}"


def _some(texts: Iterable[str], most: int = 12) -> str:
    """The first of a list in words, and how many more there are."""
    texts = list(texts)
    if len(texts) > most:
        return f"{', '.join(texts[:most])} and {len(texts) - most} more"
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)
