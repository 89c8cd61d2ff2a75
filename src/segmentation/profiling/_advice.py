"""What the data suggests to do before clustering, with the evidence and the words to type."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import skew
from sklearn.preprocessing import PowerTransformer

from segmentation.features import values_apart
from segmentation.profiling._associations import CRAMER, RANK, Associations
from segmentation.profiling._columns import describe_columns, is_number

ROWS_PER_FEATURE = 10
NEARLY_CONSTANT = 0.95
MANY_LEVELS = 20
MUCH_MISSING = 0.3
SAME = 0.9
"""Association from which on one column is nearly the other one again."""
SKEWED = 1.0
EVENED = 0.5
"""A treatment helps where it leaves at most this share of the skewness."""
MIXED_SCALES = 10.0
MANY_ZEROS = 0.2
LONGEST_LIST = 30
"""Features that are still named one by one to leave out a few of them."""
POWER_ROWS = 5_000

LEFT_OUT = ("constant", "id", "missing", "duplicate", "two_values", "levels")
"""Kinds of suggestions that take columns out of the features."""


@dataclass(frozen=True)
class Suggestion:
    """Something to do about the data, or to know of it.

    Attributes
    ----------
    kind : str
        rows, constant, id, missing, two_values, duplicate, apart, skewed, levels or scales.
    columns : tuple of str
        What it is about; empty where it is about the whole table.
    evidence : str
        What was seen, with figures.
    action : str
        What to do, in words.
    override : str
        What to type after the command, as a shell takes it.
    """

    kind: str
    columns: tuple[str, ...]
    evidence: str
    action: str
    override: str


@dataclass(frozen=True)
class Start:
    """Features to start with.

    Attributes
    ----------
    numeric : tuple of str
        Columns of numbers that the suggestions leave.
    log : tuple of str
        Those to take as logarithms.
    overrides : tuple of str
        What to type for them; empty where nothing differs from `features=all_numeric`, or none is left.
    """

    numeric: tuple[str, ...]
    log: tuple[str, ...]
    overrides: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """What the data's source can be told, so that no suggestion asks for what it cannot do.

    Attributes
    ----------
    keys : collection of str
        Parameters of the source, such as drop and checks.
    dropped : sequence of str
        Columns that are dropped already.
    id : str or None
        The column of ids; None where rows are only numbered.
    logged : collection of str
        Columns that are taken as logarithms already.
    """

    keys: Collection[str] = ()
    dropped: Sequence[str] = ()
    id: str | None = None
    logged: Collection[str] = ()


def advise(
    table: pd.DataFrame, associations: Associations, source: Source | None = None
) -> tuple[Suggestion, ...]:
    """Suggest what to do about the data before it is clustered.

    Parameters
    ----------
    table : DataFrame of shape (n, columns)
        The customers.
    associations : Associations
        Of the same table.
    source : Source, optional
        What can be overridden where it was read.

    Returns
    -------
    tuple of Suggestion
        The gravest kinds first; empty where there is nothing to say.
    """
    look = _Look(table, associations, source or Source())
    return (
        *_few_rows(look),
        *_constant(look),
        *_ids(look),
        *_missing(look),
        *_two_values(look),
        *_duplicates(look),
        *_apart(look),
        *_skewed(look),
        *_levels(look),
        *_scales(look),
    )


def starting_features(table: pd.DataFrame, suggestions: Iterable[Suggestion]) -> Start:
    """Put the suggestions about features together.

    Parameters
    ----------
    table : DataFrame of shape (n, columns)
        The customers.
    suggestions : iterable of Suggestion
        What `advise` says of them.

    Returns
    -------
    Start
        Without features where none is left.
    """
    suggestions = list(suggestions)
    out = {column for s in suggestions if s.kind in LEFT_OUT for column in s.columns}
    every = [str(column) for column, values in table.items() if is_number(values)]
    numeric = tuple(column for column in every if column not in out)
    skewed = {
        c for s in suggestions if s.kind == "skewed" and "features.log" in s.override for c in s.columns
    }
    log = tuple(column for column in numeric if column in skewed)
    words = []
    if len(numeric) < len([c for c in every if table[c].nunique() > 1]):
        words = ["features=custom", listed("features.numeric", numeric)]
    if log:
        words = [*(words or ["features=all_numeric"]), listed("features.log", log)]
    return Start(numeric, log, tuple(words) if numeric else ())


def listed(key: str, columns: Iterable[str]) -> str:
    """An override that sets a list, as Hydra and a shell read it.

    Examples
    --------
    >>> print(listed("features.log", ["spend", "Annual Income (k$)"]))
    'features.log=[spend,"Annual Income (k$)"]'
    """
    return shell_word(f"{key}=[{','.join(_word(column) for column in columns)}]")


def shell_word(word: str) -> str:
    """One word of a shell; kept as it stands where nothing in it is special.

    Examples
    --------
    >>> shell_word("scaler=power"), shell_word("a=[b]")
    ('scaler=power', "'a=[b]'")
    """
    return word if re.fullmatch(r"[\w./:=@+-]+", word) else "'" + word.replace("'", "'\"'\"'") + "'"


def _word(text: str) -> str:
    # What Hydra would read as a number, a truth value or nothing is quoted, and so is what it cannot read.
    special = {"null", "true", "false", "inf", "nan"}
    if re.fullmatch(r"[A-Za-z_][\w-]*", text, re.ASCII) and text.lower() not in special:
        return text
    # Hydra takes a backslash for itself, but before a quote.
    return '"' + re.sub(r'(\\*)("|$)', lambda m: 2 * m[1] + (m[2] and '\\"'), text) + '"'


def _key(text: str) -> str:
    # A key of a mapping cannot be quoted in Hydra's grammar, but escaped.
    return re.sub(r"([\\()\[\]{}:=, \t])", r"\\\1", text)


def _nested(key: str, column: str, value: str) -> str:
    # The mapping that is there may know other columns: this one is added.
    return shell_word(f"+{key}={{{_key(column)}:{value}}}")


class _Look:
    """The table with what all suggestions ask of it."""

    def __init__(self, table: pd.DataFrame, associations: Associations, source: Source) -> None:
        self.table, self.associations, self.source = table, associations, source
        self.described = describe_columns(table)
        self.numeric = [str(c) for c, values in table.items() if is_number(values)]
        self.categories = [str(c) for c in table if str(c) not in set(self.numeric)]
        self.constant = [str(c) for c in table if self.described.loc[c, "share"] >= NEARLY_CONSTANT]
        self.ids = [str(c) for c in table if _is_id(table[c])]
        useless = {*self.constant, *self.ids}
        two = [c for c in self.numeric if self.described.loc[c, "distinct"] == 2 and c not in useless]
        self.two_values = two if len(two) + len(useless & set(self.numeric)) < len(self.numeric) else []
        self.features = [c for c in self.numeric if c not in {*useless, *self.two_values}]

    def known(self, column: str) -> np.ndarray:
        """Values of a column of numbers that are not missing."""
        return self.table[column].dropna().to_numpy(dtype=float)

    def without(self, columns: Sequence[str], describing: bool = False) -> str:
        """How to leave columns out: of the features alone where they still describe segments, or of the data."""
        numeric = [c for c in self.numeric if c not in columns and self.described.loc[c, "distinct"] > 1]
        of_features = " ".join(["features=custom", listed("features.numeric", numeric)])
        if "drop" not in self.source.keys or (describing and len(numeric) <= LONGEST_LIST):
            return of_features
        return listed("data.drop", [*self.source.dropped, *columns])


def _is_id(values: pd.Series) -> bool:
    known = values.dropna()
    if len(known) <= 20:
        return False
    if not is_number(values):
        return bool(known.nunique() > 0.9 * len(known))
    # Numbers in a row, each once: nobody's age or spend is so.
    return bool(known.is_unique and known.max() - known.min() == len(known) - 1 and (known % 1 == 0).all())


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


def _constant(look: _Look) -> Iterable[Suggestion]:
    columns = [c for c in look.constant if c not in look.ids]
    if not columns:
        return
    shares = [
        f"{c} is {_value(look.described.loc[c, 'commonest'])} for {_share(look.described.loc[c, 'share'])}"
        for c in columns
    ]
    far = [
        (1 - p) / np.sqrt(p * (1 - p))
        for c in columns
        if c in look.numeric and (p := 1 - look.described.loc[c, "share"]) > 0
    ]
    reach = f"; standard-scaled, the others lie up to {max(far):.0f} standard deviations away" if far else ""
    yield Suggestion(
        "constant",
        tuple(columns),
        f"{_some(shares)} of the customers{reach}.",
        "Leave out: they tell few customers apart, and those too loudly.",
        look.without(columns, describing=True),
    )


def _ids(look: _Look) -> Iterable[Suggestion]:
    if not look.ids:
        return
    first = look.ids[0]
    takes_id = look.source.id is None and "id" in look.source.keys
    yield Suggestion(
        "id",
        tuple(look.ids),
        f"{_some(look.ids)}: {look.described.loc[first, 'distinct']:,} different values for {len(look.table):,} "
        "customers.",
        "Name it as the id, or leave it out: it names customers and does not describe them.",
        shell_word(f"data.id={_word(first)}") if takes_id else look.without(look.ids),
    )


def _missing(look: _Look) -> Iterable[Suggestion]:
    shares = look.described["missing"] / len(look.table)
    columns = [
        str(c) for c in shares[shares > MUCH_MISSING].sort_values(ascending=False, kind="stable").index
    ]
    if columns:
        yield Suggestion(
            "missing",
            tuple(columns),
            f"Missing: {_some([f'{c} for {_share(shares[c])}' for c in columns])} of the customers.",
            "Leave out: filled with the median they would make a segment of their own.",
            look.without(columns),
        )


def _two_values(look: _Look) -> Iterable[Suggestion]:
    if look.two_values:
        yield Suggestion(
            "two_values",
            tuple(look.two_values),
            f"{_some(look.two_values)} hold{'s' * (len(look.two_values) == 1)} two values only.",
            "Let them describe the segments instead of making them: two values always make two groups.",
            look.without(
                [*look.two_values, *[c for c in look.constant if c in look.numeric]], describing=True
            ),
        )


def _duplicates(look: _Look) -> Iterable[Suggestion]:
    pairs = look.associations.pairs
    near = pairs[(pairs["strength"] >= SAME) & pairs["kind"].isin([RANK, CRAMER])]
    strength = {frozenset(pair): s for *pair, s in near[["a", "b", "strength"]].itertuples(index=False)}
    kept: list[str] = []
    again: dict[str, list[str]] = {}
    candidates = [c for c in [*look.features, *look.categories] if c not in {*look.constant, *look.ids}]
    for column in candidates:
        twin = next((k for k in kept if frozenset((k, column)) in strength), None)
        if twin is None:
            kept.append(column)
        else:
            again.setdefault(twin, []).append(column)
    for twin, columns in again.items():
        told = [f"{c} ({strength[frozenset((twin, c))]:.2f})" for c in columns]
        kind = RANK if twin in look.numeric else CRAMER
        yield Suggestion(
            "duplicate",
            tuple(columns),
            f"{_some(told)} nearly repeat{'s' * (len(columns) == 1)} {twin}, by {kind}.",
            f"Leave out beside {twin}: what is told twice counts twice.",
            look.without(columns, describing=True),
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
        if "checks" in look.source.keys:
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
    log: dict[str, str] = {}
    power: dict[str, str] = {}
    neither: dict[str, str] = {}
    for column in look.features:
        if column in look.source.logged:
            continue
        known = look.known(column)
        below, above = values_apart(known)
        inner = np.sort(known)[len(below) : len(known) - len(above)]
        if len(np.unique(inner)) < 3:
            continue
        before = float(skew(inner))
        if abs(before) <= SKEWED:
            continue
        zeros = float((inner == 0).mean())
        apart = f", {zeros:.0%} are 0" if zeros >= MANY_ZEROS else ""
        logged = float(skew(np.log1p(inner))) if inner[0] >= 0 and before > 0 else np.inf
        if abs(logged) <= EVENED * abs(before):
            log[column] = f"{column} ({before:.1f}, logged {logged:.1f}{apart})"
            continue
        bent = _bent_skewness(inner)
        if abs(bent) <= EVENED * abs(before):
            power[column] = f"{column} ({before:.1f}, by power {bent:.1f}{apart})"
        else:
            share = look.described.loc[column, "share"]
            neither[column] = (
                f"{column} ({before:.1f}, {_share(share)} are {_value(look.described.loc[column, 'commonest'])})"
            )
    if log:
        zeros = any(" are 0" in text for text in log.values())
        yield Suggestion(
            "skewed",
            tuple(log),
            f"Skewness: {_some(log.values())}.",
            "Take as log(1 + x), or use scaler=power: else a few large values make the segments."
            + (
                " Many zeros stay apart from the rest after it, as a group of those who do not."
                if zeros
                else ""
            ),
            f"features=all_numeric {listed('features.log', log)}",
        )
    if power:
        yield Suggestion(
            "skewed",
            tuple(power),
            f"Skewness: {_some(power.values())}.",
            "A power transform evens them out where the logarithm does not.",
            "scaler=power",
        )
    if neither:
        yield Suggestion(
            "skewed",
            tuple(neither),
            f"Skewness: {_some(neither.values())}.",
            "Neither logarithm nor power evens them out: use ranks, or leave them to describe the segments.",
            "scaler=quantile",
        )


def _bent_skewness(values: np.ndarray) -> float:
    step = max(1, len(values) // POWER_ROWS)
    with np.errstate(all="ignore"):
        bent = PowerTransformer().fit_transform(values[::step, None])
    result = float(skew(bent[:, 0]))
    return result if np.isfinite(result) else np.inf


def _levels(look: _Look) -> Iterable[Suggestion]:
    many = [
        c for c in look.categories if look.described.loc[c, "distinct"] > MANY_LEVELS and c not in look.ids
    ]
    if many:
        counted = [f"{c} has {look.described.loc[c, 'distinct']:,} levels" for c in many]
        yield Suggestion(
            "levels",
            tuple(many),
            f"{_some(counted)}.",
            "Leave out, or sum levels up before: each level would become a feature.",
            look.without(many),
        )
    for column in look.categories:
        if column in {*many, *look.ids, *look.constant} or "levels" not in look.source.keys:
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
