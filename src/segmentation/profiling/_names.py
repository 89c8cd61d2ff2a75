"""Names that say what segments are like."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from numbers import Integral, Real

import numpy as np
import pandas as pd

from segmentation.clustering import NOISE
from segmentation.errors import InputError
from segmentation.profiling._exceptional import FAR
from segmentation.profiling._profile import OTHER, Profile, wide

LEVELS = ("low", "mid", "high")
BOTH_ENDS = "very low or very high"
FAR_LEVELS = ("very low", "very high", BOTH_ENDS)
"""What the customers in no segment can be as a group."""
NO_SEGMENT = "noise"
"""What customers in no segment are called where there is no segment that they could be an exception to."""
UNLIKE = "exceptional: unlike any segment"
VERY = 3
"""How many thresholds from the mean a segment is not just high, but very high."""
DIGITS = 9
"""Effects are compared so far, so that names do not hang on how sums were rounded."""
LONGEST = 40
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
        if not isinstance(self.threshold, Real) or not self.threshold > 0:
            raise InputError(f"naming.threshold is {self.threshold!r}; valid are numbers above 0.")
        if not isinstance(self.most, Integral) or self.most < 1:
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
        found: dict[int, dict[str, str]] = {int(s): {} for s in profile.segments.index if s != NOISE}
        numbers = _apart_from_noise(profile.numbers.dropna(subset="effect"))
        for segment, column, effect in zip(
            *(numbers[c] for c in ("segment", "column", "effect")), strict=True
        ):
            found[segment][column] = LEVELS[1 + self._beyond(effect)]
        marks = self._levels(profile)
        return {segment: {**words, **marks.get(segment, {})} for segment, words in found.items()}

    def exceptional(self, profile: Profile) -> dict[str, str]:
        """Tell what sets the customers in no segment apart from those in segments.

        They differ among themselves, so a word holds where it is true of half of them, wherever the others are: "very
        high" where half of them are among the highest tenth of the customers in segments, "very low or very high" where
        a quarter is among the lowest tenth and another among the highest. What is merely high is so in segments, too,
        and in a few customers by chance.

        Parameters
        ----------
        profile : Profile

        Returns
        -------
        dict of str to str
            Column -> "very low", "very high" or "very low or very high", the columns in which they are furthest off
            first; then categories -> the level that at least half of them have and that is as far from usual (see
            `traits`). Columns in which they are not off as a group are left out.
        """
        numbers = profile.exceptional
        said = {str(c): word for c, row in numbers.iterrows() if (word := _far(row))}
        order = sorted(said, key=lambda column: -_distance(numbers.loc[column], said[column]))
        levels = self._levels(profile, VERY).get(NOISE, {}) if len(profile.segments) > 1 else {}
        return {**{column: said[column] for column in order}, **levels}

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
            A name for every segment, different for all. Noise is "exceptional: " and what sets it apart, see
            `exceptional`, in up to `most` columns; "exceptional: unlike any segment" where nothing does; "noise" where
            there is no segment.

        Raises
        ------
        InputError
            If `rename` gives a name that another segment has.
        """
        names = self._generated(profile)
        if NOISE in profile.segments.index:
            names[NOISE] = self._exceptional_name(profile) if names else NO_SEGMENT
        given = {segment: self.rename.get(name, name) for segment, name in names.items()}
        for segment, name in given.items():
            if name != names[segment] and list(given.values()).count(name) > 1:
                raise InputError(
                    f"naming.rename calls '{names[segment]}' '{name}', as another segment is called; valid are "
                    f"different names."
                )
        return given

    def _levels(self, profile: Profile, times: int = 1) -> dict[int, dict[str, str]]:
        """Segment (noise too) -> category -> the level that marks it by so many thresholds."""
        found: dict[int, dict[str, str]] = {int(s): {} for s in profile.segments.index}
        shares = profile.categories
        marking = shares[(shares["share"].round(DIGITS) >= 0.5) & (shares["level"] != OTHER)]
        # Two levels may have half of a segment each: the one that is further from usual marks it.
        marking = marking.iloc[np.argsort(marking["effect"].round(DIGITS), kind="stable")]
        parts = (marking[c] for c in ("segment", "column", "level", "effect"))
        for segment, column, level, effect in zip(*parts, strict=True):
            if self._beyond(effect, times) > 0:
                found[segment][column] = level
        return found

    def _beyond(self, effect: float, times: int = 1) -> int:
        """-1, 0 or 1: below, within or above so many thresholds."""
        far = round(float(effect), DIGITS)
        return (far > times * self.threshold) - (far < -times * self.threshold)

    def _generated(self, profile: Profile) -> dict[int, str]:
        segments = [int(s) for s in profile.segments.index if s != NOISE]
        if len(segments) == 1:
            return {
                segments[0]: "all other customers" if NOISE in profile.segments.index else "all customers"
            }
        words = self._words(profile)
        columns = _by_spread(profile, words)
        telling = [c for c in columns if len(set(words[c].values())) > 1] or columns
        chosen = _telling_most_apart(words, telling, segments, self.most)
        said = {segment: [c for c in words if c in chosen] for segment in segments}

        def name(segment: int) -> str:
            return ", ".join(words[c][segment] for c in said[segment]) or "customers"

        for column in (c for c in telling if c not in chosen):
            for group in _same(name, segments):
                if len({words[column][s] for s in group}) > 1:
                    for segment in group:
                        said[segment].append(column)
        for column, very in self._very(profile, words, columns).items():
            if any(
                column in said[group[0]] and len({very[s] for s in group}) > 1
                for group in _same(name, segments)
            ):
                words[column] = very
        return _numbered({s: name(s) for s in segments}, _by_content(profile, columns))

    def _exceptional_name(self, profile: Profile) -> str:
        columns, measured = profile.features or profile.descriptors, profile.exceptional.index
        traits = [(c, word) for c, word in self.exceptional(profile).items() if c in columns]
        said = [
            self._far_word(c, word) if c in measured else f"{self._called(c)} {_plain(word)}".strip()
            for c, word in traits[: self.most]
        ]
        return f"exceptional: {', '.join(said)}" if said else UNLIKE

    def _called(self, column: str) -> str:
        return self.called.get(column, _plain(column))

    def _far_word(self, column: str, word: str) -> str:
        """What is said of one column of numbers of the customers in no segment."""
        low, _, high = self.words.get(column, LEVELS)
        spoken = {
            "very low": f"very {low}",
            "very high": f"very {high}",
            BOTH_ENDS: f"very {low} or very {high}",
        }
        return f"{spoken[word]} {self._called(column)}".strip()

    def _words(self, profile: Profile) -> dict[str, dict[int, str]]:
        """Column -> segment -> its part of the segment's name, for the columns that names may use."""
        traits = self.traits(profile)
        measured = set(profile.numbers.loc[profile.numbers["effect"].notna(), "column"])
        words: dict[str, dict[int, str]] = {}
        for column in profile.features or profile.descriptors:
            called = self._called(column)
            levels = dict(zip(LEVELS, self.words.get(column, LEVELS), strict=True))
            if column in measured:
                said = {s: f"{levels[t[column]]} {called}" for s, t in traits.items() if column in t}
                words[column] = {s: said.get(s, f"unknown {_plain(column)}").strip() for s in traits}
            elif column in set(profile.categories["column"]):
                said = {s: f"{called} {_plain(t[column])}" for s, t in traits.items() if column in t}
                words[column] = {s: said.get(s, f"mixed {_plain(column)}").strip() for s in traits}
        return words

    def _very(
        self, profile: Profile, words: Mapping[str, Mapping[int, str]], columns: Sequence[str]
    ) -> dict[str, dict[int, str]]:
        """The words of the numbers, with "very" for segments far beyond the threshold."""
        numbers = _apart_from_noise(profile.numbers.dropna(subset="effect"))
        very = {c: dict(words[c]) for c in columns if c in set(numbers["column"])}
        for segment, column, effect in zip(
            *(numbers[c] for c in ("segment", "column", "effect")), strict=True
        ):
            if column in very and self._beyond(effect, VERY):
                very[column][segment] = f"very {very[column][segment]}"
        return very


def _far(row: pd.Series) -> str:
    """Where the customers in no segment are among the others, in one word; "" where that is not one place."""
    if row["lowest"] >= 0.25 and row["highest"] >= 0.25:
        return BOTH_ENDS
    if row["position"] > 1 - FAR:
        return "very high"
    return "very low" if row["position"] < FAR else ""


def _distance(row: pd.Series, word: str) -> float:
    """How far customers in no segment are from the middle of the others, 0 to a half."""
    both = word == BOTH_ENDS
    return round(float(row["lowest"] + row["highest"] - 0.5 if both else abs(row["position"] - 0.5)), DIGITS)


def _apart_from_noise(long: pd.DataFrame) -> pd.DataFrame:
    return long[long["segment"] != NOISE]


def _plain(name: str) -> str:
    """A column or level as it may stand in a name."""
    text = " ".join(str(name).replace("_", " ").split())
    text = text.lower() if text.isupper() and len(text) > 3 else text
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1].rstrip()}…"


def _by_spread(profile: Profile, columns: Iterable[str]) -> list[str]:
    """The columns, first those of whose variance most is between segments."""
    customers = profile.segments["customers"].drop(NOISE, errors="ignore")

    def between(effects: pd.DataFrame) -> pd.Series:
        known = effects.reindex(customers.index).astype(float)
        weights = known.notna().mul(customers, axis=0)
        weights = weights / weights.sum().clip(lower=1)
        return (weights * (known - (weights * known).sum()) ** 2).sum()

    spread = between(wide(profile.numbers, ["column"], "effect")).to_dict()
    if len(profile.categories):
        levels = between(wide(profile.categories, ["column", "level"], "effect"))
        unusual = 1 - wide(profile.categories, ["column", "level"], "overall").iloc[0]
        by_column = (levels * unusual).groupby(level="column")
        spread |= (by_column.sum() / (by_column.size() - 1)).to_dict()
    return sorted(columns, key=lambda column: -round(spread[column], DIGITS))


def _telling_most_apart(
    words: Mapping[str, Mapping[int, str]], columns: Sequence[str], segments: Sequence[int], most: int
) -> list[str]:
    """Columns chosen one by one, each the one that gives most different names; the first where several do."""

    def different(chosen: Sequence[str]) -> int:
        return len({tuple(words[c][segment] for c in chosen) for segment in segments})

    chosen: list[str] = []
    while len(chosen) < min(most, len(columns)):
        rest = [column for column in columns if column not in chosen]
        chosen.append(max(rest, key=lambda column: different([*chosen, column])))
    return chosen


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
    taken = {NO_SEGMENT, UNLIKE, *names.values()}
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
