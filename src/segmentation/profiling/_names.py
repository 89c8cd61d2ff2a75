"""Names that say what segments are like."""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

import numpy as np
import pandas as pd

from segmentation.errors import InputError
from segmentation.profiling._profile import NOISE, OTHER, Profile, wide

LEVELS = ("low", "mid", "high")
VERY = 3
"""How many thresholds from the mean a segment is not just high, but very high."""
DIGITS = 9
"""Effects are compared so far, so that names do not hang on how sums were rounded."""
LONGEST = 24
"""Characters of a column or a level in a name."""
NUMERALS = (
    ("C", 100),
    ("XC", 90),
    ("L", 50),
    ("XL", 40),
    ("X", 10),
    ("IX", 9),
    ("V", 5),
    ("IV", 4),
    ("I", 1),
)


@dataclass(frozen=True)
class Naming:
    """Names made from what segments are like, never from their numbers.

    Parameters
    ----------
    words : mapping of str to sequence of str
        Numeric column -> its words for a low, a middling and a high segment; low, mid, high for the others.
    called : mapping of str to str
        Column -> what it is called after its word, "" where the word says enough; the column's name for the
        others.
    threshold : float
        Distance from the mean of all customers, in their standard deviations, beyond which a segment is low
        or high. A level marks a segment where its share is as far (see `Profile.categories`) and at least half.
    most : int
        Columns in a name, before some are added to tell segments apart.
    rename : mapping of str to str
        Generated name -> a person's name for such a segment. Names that no segment has do nothing.

    Raises
    ------
    InputError
        If words are not three different ones, the threshold is not above 0, `most` not at least 1, or two
        segments would get one name.
    """

    words: Mapping[str, Sequence[str]] = field(default_factory=dict, hash=False)
    called: Mapping[str, str] = field(default_factory=dict, hash=False)
    threshold: float = 0.5
    most: int = 3
    rename: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        for key in ("words", "called", "rename"):
            object.__setattr__(self, key, dict(getattr(self, key) or {}))
        for column, words in self.words.items():
            if isinstance(words, str) or len({str(word) for word in words}) != 3 or len(words) != 3:
                raise InputError(
                    f"naming.words.{column} is {words!r}; valid are three different words, for low, middling "
                    f"and high."
                )
        if not self.threshold > 0:
            raise InputError(f"naming.threshold is {self.threshold!r}; valid are numbers above 0.")
        if not self.most >= 1:
            raise InputError(f"naming.most is {self.most!r}; valid are whole numbers of at least 1.")
        for given in self.rename.values():
            if list(self.rename.values()).count(given) > 1:
                raise InputError(f"naming.rename gives the name '{given}' twice; valid are different names.")

    def traits(self, profile: Profile) -> dict[int, dict[str, str]]:
        """Tell what each segment is like in one word a column.

        Parameters
        ----------
        profile : Profile

        Returns
        -------
        dict of int to dict of str to str
            Segment -> column -> "low", "mid" or "high", or the level that marks the segment. A category is left
            out where no level marks the segment, a number where the segment's effect is not known, and noise
            altogether.
        """
        numbers = profile.numbers[profile.numbers["effect"].notna()]
        place = 1 + (self._beyond(numbers["effect"])).to_numpy()
        found: dict[int, dict[str, str]] = {int(s): {} for s in profile.segments.index if s != NOISE}
        for segment, column, i in zip(numbers["segment"], numbers["column"], place, strict=True):
            if segment != NOISE:
                found[segment][column] = LEVELS[i]
        marks = profile.categories[
            (self._beyond(profile.categories["effect"]) > 0)
            & (profile.categories["share"].round(DIGITS) >= 0.5)
            & (profile.categories["level"] != OTHER)
        ]
        # Two levels may mark a segment, with half of it each: the one that is further from usual does.
        marks = marks.assign(effect=marks["effect"].round(DIGITS)).sort_values("effect", kind="stable")
        for segment, column, level in zip(marks["segment"], marks["column"], marks["level"], strict=True):
            if segment != NOISE:
                found[segment][column] = level
        return found

    def names(self, profile: Profile) -> dict[int, str]:
        """Name each segment.

        A name has a word for each of up to `most` columns that were clustered on (of all columns where none
        is known), the same ones for all segments: those that tell most segments apart, and among them those
        that segments differ most in. Columns in which all segments have the same word are left out. Where two
        segments have one name, further columns tell them apart, then "very", and last a roman numeral.

        Parameters
        ----------
        profile : Profile

        Returns
        -------
        dict of int to str
            A name for every segment, different for all; "noise" for noise.

        Raises
        ------
        InputError
            If `rename` gives a name that another segment has.
        """
        names = self._generated(profile)
        if NOISE in profile.segments.index:
            names[NOISE] = "noise"
        given = {segment: self.rename.get(name, name) for segment, name in names.items()}
        for segment, name in given.items():
            if list(given.values()).count(name) > 1:
                raise InputError(
                    f"naming.rename calls '{names[segment]}' '{name}', as another segment is called; valid are "
                    f"different names."
                )
        return given

    def _beyond(self, effect: pd.Series, times: float = 1) -> pd.Series:
        """-1, 0 or 1: below, within, above so many thresholds."""
        rounded = effect.astype(float).round(DIGITS)
        limit = times * self.threshold
        return (rounded > limit).astype(int) - (rounded < -limit).astype(int)

    def _generated(self, profile: Profile) -> dict[int, str]:
        segments = [int(s) for s in profile.segments.index if s != NOISE]
        if len(segments) == 1:
            return {segments[0]: "all but noise" if NOISE in profile.segments.index else "all customers"}
        words = self._words(profile)
        columns = _by_spread(profile, list(words.columns))
        telling = [c for c in columns if words[c].nunique() > 1] or columns
        chosen: list[str] = []
        while len(chosen) < min(self.most, len(telling)):
            rest = [c for c in telling if c not in chosen]
            chosen.append(max(rest, key=lambda c: len(words[[*chosen, c]].drop_duplicates())))
        chosen = [c for c in words.columns if c in chosen]
        said = {segment: list(chosen) for segment in segments}

        def name(segment: int) -> str:
            return ", ".join(words.loc[segment, c] for c in said[segment]) or "customers"

        for column in (c for c in telling if c not in chosen):
            for group in _same(name, segments):
                if words.loc[group, column].nunique() > 1:
                    for segment in group:
                        said[segment].append(column)
        very = self._very(profile, words)
        for column in (c for c in columns if c in very):
            if any(
                column in said[group[0]] and very.loc[group, column].nunique() > 1
                for group in _same(name, segments)
            ):
                words[column] = very[column]
        return _numbered({s: name(s) for s in segments}, _by_content(profile, columns))

    def _words(self, profile: Profile) -> pd.DataFrame:
        """The part of each segment's name for each column that names may use."""
        traits = pd.DataFrame.from_dict(self.traits(profile), orient="index")
        usable = profile.features or profile.descriptors
        numbers = {c for c in profile.numbers["column"] if c in traits}
        categories = set(profile.categories["column"])
        parts = {}
        for column in usable:
            if column in numbers:
                words = [str(word) for word in self.words.get(column, LEVELS)]
                said = dict(zip(LEVELS, (f"{w} {self._called(column)}".strip() for w in words), strict=True))
                parts[column] = traits[column].map(said).fillna(f"unknown {_plain(column)}")
            elif column in categories:
                marks = traits[column] if column in traits else pd.Series(pd.NA, traits.index, dtype="str")
                said = {m: f"{self._called(column)} {_plain(m)}".strip() for m in marks.dropna().unique()}
                parts[column] = marks.map(said).fillna(f"mixed {_plain(column)}")
        return pd.DataFrame(parts, index=sorted(self.traits(profile)), dtype="str")

    def _called(self, column: str) -> str:
        return self.called.get(column, _plain(column))

    def _very(self, profile: Profile, words: pd.DataFrame) -> pd.DataFrame:
        """The same words, with "very" for segments far beyond the threshold."""
        effects = wide(profile.numbers, ["column"], "effect")
        effects = effects.loc[words.index, [c for c in words.columns if c in effects]]
        far = effects.apply(self._beyond, times=VERY) != 0
        return words[far.columns].where(~far, "very " + words[far.columns])


def _plain(name: str) -> str:
    """A column or level as it may stand in a name."""
    text = " ".join(str(name).replace("_", " ").split())
    return textwrap.shorten(text, LONGEST, placeholder="…") if " " in text else text[:LONGEST]


def _by_spread(profile: Profile, columns: list[str]) -> list[str]:
    """The columns, first those that segments differ most in: the share of variance between segments."""
    weights = profile.segments["customers"].drop(NOISE, errors="ignore")

    def between(effects: pd.Series) -> float:
        known = effects.reindex(weights.index).dropna()
        if known.empty:
            return 0.0
        mean = np.average(known, weights=weights[known.index])
        return float(np.average((known - mean) ** 2, weights=weights[known.index]))

    spread = dict.fromkeys(columns, 0.0)
    for column, rows in profile.numbers.groupby("column"):
        spread[column] = between(rows.set_index("segment")["effect"])
    for column, rows in profile.categories.groupby("column"):
        levels = rows.groupby("level")
        spread[column] = sum(
            between(level.set_index("segment")["effect"]) * (1 - level["overall"].iloc[0])
            for _, level in levels
        ) / (len(levels) - 1)
    return sorted(columns, key=lambda c: -round(spread[c], DIGITS))


def _same(name: Callable[[int], str], segments: Sequence[int]) -> list[list[int]]:
    """Groups of segments that have one name."""
    groups: dict[str, list[int]] = {}
    for segment in segments:
        groups.setdefault(name(segment), []).append(segment)
    return [group for group in groups.values() if len(group) > 1]


def _by_content(profile: Profile, columns: list[str]) -> list[int]:
    """The segments, those with high values of the first columns first."""
    numbers = wide(profile.numbers, ["column"], "effect")
    levels = wide(profile.categories, ["column", "level"], "effect")
    first = [numbers[c] for c in columns if c in numbers]
    content = pd.concat([*first, numbers, levels, profile.segments["customers"]], axis=1)
    content = content.drop(NOISE, errors="ignore").astype(float).fillna(0).round(DIGITS)
    order = np.lexsort(-content.to_numpy().T[::-1])
    return [int(segment) for segment in content.index[order]]


def _numbered(names: dict[int, str], order: list[int]) -> dict[int, str]:
    """Put roman numerals to names that are still the same, in the order of content."""
    taken = {"noise", *names.values()}
    numbered = dict(names)
    for group in _same(names.__getitem__, order):
        numerals = (f"{names[group[0]]} {_roman(n)}" for n in count(1))
        free = (name for name in numerals if name not in taken)
        for segment, name in zip(group, free, strict=False):
            numbered[segment] = name
            taken.add(name)
    return numbered


def _roman(n: int) -> str:
    for numeral, size in NUMERALS:
        if n >= size:
            return numeral + (_roman(n - size) if n > size else "")
    return ""
