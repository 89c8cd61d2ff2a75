"""What to do with a segment, and why."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import pandas as pd

from segmentation.clustering import NOISE
from segmentation.errors import InputError, nearest
from segmentation.profiling._names import FAR_LEVELS, LEVELS
from segmentation.profiling._profile import Profile
from segmentation.profiling._wording import called, rounded, shortened, with_unit

EXCEPTIONAL = "exceptional group"
"""What a play asks that is for the customers in no segment: what one of them is worth, as a word of `WORTH`."""
WORTH = (*LEVELS, "unknown")
TIMES = 2.0
"""How many times the average customer one of them is worth at least for high, and at most one over that for low."""


@dataclass(frozen=True)
class Play:
    """One thing to do, and for whom.

    Attributes
    ----------
    name : str
        Such as ``"premium service"``.
    action : str
        What to do.
    when : mapping of str to str
        Column -> trait that a segment must have, all of them: "low", "mid" or "high" of numbers, a level of
        categories; several that would do are written ``"low|mid"``. A play with the key "exceptional group" is for the
        customers in no segment (noise) alone, all others are for segments. Its trait is what one of them is worth on
        average: "high" from twice the average customer on, "low" up to half of it, "mid" between, or "unknown"; their
        traits in columns of numbers are "very low", "very high" and "very low or very high".
    because : str
        Why that helps.
    """

    name: str
    action: str
    when: Mapping[str, str]
    because: str

    @property
    def exceptional(self) -> bool:
        """Whether it is for the customers in no segment."""
        return EXCEPTIONAL in self.when

    def fires(self, traits: Mapping[str, str]) -> bool:
        """Whether a segment with these traits has all that `when` asks; a column it lacks is a no."""
        return all(traits.get(column) in _meant(wanted) for column, wanted in self.when.items())


@dataclass(frozen=True)
class Recommendation:
    """A play that fired.

    Attributes
    ----------
    segment : int
        Number of the segment; -1 for the customers in no segment.
    play, action, because : str
        From the play.
    evidence : str
        The segment's name, the traits that the play asks with the figures behind them (the segment's centre, or
        share of the level, against all customers'), the segment's size, and its value where one is known.
    """

    segment: int
    play: str
    action: str
    because: str
    evidence: str


@dataclass(frozen=True)
class Playbook:
    """Plays, and which segments they are for.

    Parameters
    ----------
    plays : sequence of Play or mapping
        Each with the attributes of `Play`. A play whose columns are not in the data does not fire.

    Raises
    ------
    InputError
        If a play has an unknown key, lacks one, is for everybody, or has the name of another.
    """

    plays: Sequence[Play | Mapping[str, Any]] = field(default=(), hash=False)

    def __post_init__(self) -> None:
        plays = [_play(given, f"playbook.plays[{i}]") for i, given in enumerate(self.plays or ())]
        names = [play.name for play in plays]
        for i, name in enumerate(names):
            if name in names[:i]:
                raise InputError(f"playbook.plays[{i}].name is '{name}', as of another play; names differ.")
        object.__setattr__(self, "plays", tuple(plays))

    @property
    def exceptional(self) -> bool:
        """Whether a play is for the customers in no segment."""
        return any(play.exceptional for play in self._plays())

    def check(self, numeric: Collection[str]) -> None:
        """Refuse a trait that no segment can have, before anything is computed.

        Parameters
        ----------
        numeric : collection of str
            The columns that hold numbers.

        Raises
        ------
        InputError
            If a play asks another trait of one of them than those that `Play` lists.
        """
        for i, play in enumerate(self._plays()):
            valid = FAR_LEVELS if play.exceptional else LEVELS
            for column in (c for c in numeric if c in play.when and c != EXCEPTIONAL):
                for trait in _meant(play.when[column]):
                    if trait not in valid:
                        raise InputError(
                            f"playbook.plays[{i}].when.{column} asks '{trait}' of a column of numbers; "
                            f"{nearest(trait, valid)}"
                        )

    def recommend(
        self, profile: Profile, traits: Mapping[int, Mapping[str, str]], names: Mapping[int, str]
    ) -> tuple[Recommendation, ...]:
        """Say what to do with each segment.

        Parameters
        ----------
        profile : Profile
        traits : mapping of int to mapping of str to str
            Segment -> column -> trait, from `Naming.traits`; of noise from `Naming.exceptional`.
        names : mapping of int to str
            What the segments are called.

        Returns
        -------
        tuple of Recommendation
            By segment, noise last, then in the order of the plays. A segment that no play fires on has none, and so has
            noise where there is no segment.

        Raises
        ------
        InputError
            As `check`.
        """
        self.check(profile.numbers["column"].unique().tolist())
        known = {segment: traits[segment] for segment in sorted(traits) if segment != NOISE}
        if NOISE in profile.segments.index and len(profile.segments) > 1:
            known[NOISE] = {**traits.get(NOISE, {}), EXCEPTIONAL: _worth(profile)}
        return tuple(
            Recommendation(
                segment,
                play.name,
                play.action,
                play.because,
                _evidence(play, segment, profile, known, names),
            )
            for segment, own in known.items()
            for play in self._plays()
            if play.exceptional == (segment == NOISE) and play.fires(own)
        )

    def _plays(self) -> tuple[Play, ...]:
        return self.plays  # type: ignore[return-value]  # made Plays in __post_init__


def _play(given: Play | Mapping[str, Any], where: str) -> Play:
    known = [field.name for field in fields(Play)]
    values = {name: getattr(given, name) for name in known} if isinstance(given, Play) else given
    if not isinstance(values, Mapping):
        raise InputError(f"{where} is {values!r}; a play has the keys {', '.join(known)}.")
    for key in values:
        if key not in known:
            raise InputError(f"{where} has the key '{key}'; {nearest(key, known)}")
    for key in known:
        if key not in values:
            raise InputError(f"{where} has no '{key}'; a play has the keys {', '.join(known)}.")
    when = values["when"]
    if not isinstance(when, Mapping) or not when:
        raise InputError(
            f"{where}.when is {when!r}; valid is a trait for at least one column, such as age: low|mid."
        )
    texts = {key: values[key] for key in known if key != "when"}
    for key, text in (texts | {f"when.{column}": trait for column, trait in when.items()}).items():
        if not isinstance(text, str) or not text.strip() or ("." in key and not all(_meant(text))):
            raise InputError(f"{where}.{key} is {text!r}; valid is text (yes, no and numbers in quotes).")
    for trait in _meant(when.get(EXCEPTIONAL, WORTH[0])):
        if trait not in WORTH:
            raise InputError(f"{where}.when.{EXCEPTIONAL} asks '{trait}'; {nearest(trait, WORTH)}")
    return Play(**texts, when={str(column): trait for column, trait in when.items()})


def _meant(wanted: str) -> list[str]:
    return [trait.strip() for trait in wanted.split("|")]


def _evidence(
    play: Play,
    segment: int,
    profile: Profile,
    traits: Mapping[int, Mapping[str, str]],
    names: Mapping[int, str],
) -> str:
    fired = "; ".join(_figures(column, segment, profile, traits[segment][column]) for column in play.when)
    row = profile.segments.loc[segment]
    size = f"{int(row['customers']):,} customers, {row['share']:.1%} of all"
    worth = ""
    if profile.value is not None and np.isfinite(row["value"]):
        total = with_unit(rounded(row["value"]), profile.value, profile.units)
        part = f" ({row['value_share']:.1%} of all)" if np.isfinite(row["value_share"]) else ""
        worth = f", {called(profile.value)} {total}{part}"
    return f"{names.get(segment, f'segment {segment}')}: {fired}; {size}{worth}"


def _times(profile: Profile) -> float:
    """What a customer in no segment is worth, in average customers; NaN where it is not known."""
    row = profile.segments.loc[NOISE]
    return float(row["value_share"] / row["share"])


def _worth(profile: Profile) -> str:
    times = _times(profile)
    if np.isnan(times):
        return "unknown"
    return "high" if times >= TIMES else "low" if times <= 1 / TIMES else "mid"


def _figures(column: str, segment: int, profile: Profile, trait: str) -> str:
    """A trait and what it stands on, ``annual income high (86.5 k$, all customers 60.6 k$)``."""
    if column == EXCEPTIONAL:
        times = _times(profile)
        figure = "" if np.isnan(times) else f" ({rounded(times)} times that of the average customer)"
        return f"mean value {trait}{figure}"
    if segment == NOISE and column in profile.exceptional.index:
        own, usual = (
            with_unit(rounded(profile.exceptional.loc[column, name]), column, profile.units)
            for name in ("median", "usual")
        )
        return f"{called(column)} {trait} (median {own}, customers in segments {usual})"
    rows = profile.numbers[profile.numbers["column"] == column].set_index("segment")
    if len(rows):
        own, overall = (
            with_unit(rounded(figure), column, profile.units)
            for figure in (rows.loc[segment, "center"], _center_of_all(rows, profile.segments["customers"]))
        )
        return f"{called(column)} {trait} ({own}, all customers {overall})"
    frame = profile.categories
    shares = frame[(frame["column"] == column) & (frame["level"] == trait)].set_index("segment")
    own, overall = (f"{shares.loc[segment, name]:.0%}" for name in ("share", "overall"))
    return f"{called(column)} {shortened(trait)} ({own}, all customers {overall})"


def _center_of_all(rows: pd.DataFrame, customers: pd.Series) -> float:
    """The centre of all customers, from those of the segments and how many values are known in each."""
    known = (customers - rows["missing"])[rows["center"].notna()]
    center, mean = (rows.loc[known.index, name].to_numpy() for name in ("center", "mean"))
    # The centre of a feature taken as a logarithm is not its mean, and adds up on that scale.
    if np.allclose(center, mean):
        return float(np.average(center, weights=known))
    return float(np.expm1(np.average(np.log1p(center), weights=known)))
