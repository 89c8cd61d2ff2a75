"""What an analyst would do about a column of numbers before customers are compared on it, and why.

`AutoScaler` applies it, and `segment explore` reports it.
"""

import warnings
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import yeojohnson
from sklearn.preprocessing import PowerTransformer

SKEWED = 1.0
"""Skewness from which on a few large values would decide."""
VERY_SKEWED = 2.0
EVENED = 0.5
"""A treatment helps where it leaves at most this share of the skewness."""
TAIL = 3.0
"""Standard deviations that a skewed column must reach: one that is bounded, such as a share, harms nobody."""
REACH = 4.0
"""Standard deviations at which values of a long tail are held."""
MANY_ZEROS = 0.2
LEVELS = 11
"""Columns of at most so many distinct values are ordered levels: ratings from 0 to 10, bands, numbers of children."""
ROWS_PER_LEVEL = 5
LOW, MIDDLE = 0.05, 0.25
"""Quantiles of the amounts above 0 that are the unit of the logarithm: few zeros, many zeros."""
WIDEST = 2.0
"""How far apart two neighbouring levels may lie: as far as yes and no. A rare value is moved no further away."""
POWER_ROWS = 5_000
KNOTS = 1_000
GROUP = 0.01
"""Share of the customers over which density is measured."""
SMALLEST = 0.02
"""Customers on each side of a valley, as a share."""
VALLEY = 0.3
"""Fall of the logarithm of density between two groups, beyond what chance makes."""

FAR = 3.0
"""Interquartile ranges beyond the quartiles from which on Tukey calls a value far out."""
FEW_FAR = 0.005
"""Values that stand apart are at most this share of the customers; more of them are a group."""


@dataclass(frozen=True)
class Treatment:
    """What is done about one column.

    Attributes
    ----------
    kind : {"constant", "two_values", "levels", "log", "power", "ranks", "plain"}
        What it is, in one word.
    words : str
        What is done, in words.
    why : str
        What was seen.
    origin, unit, power : float
        The logarithm is log(1 + x / unit), Yeo-Johnson's transform that of (x - origin) / unit with `power`.
    signed : bool
        Whether the logarithm is that of the size, with the sign of x.
    values, ranks : ndarray of float
        Of ranks: values and their places from 0 to 1; between them it is interpolated.
    center, scale : float
        What is subtracted and divided by in the end.
    reach : float
        Beyond it, values are held at it.
    """

    kind: str
    words: str
    why: str
    origin: float = 0.0
    unit: float = 1.0
    power: float = 1.0
    signed: bool = False
    values: np.ndarray | None = None
    ranks: np.ndarray | None = None
    center: float = 0.0
    scale: float = 1.0
    reach: float = np.inf

    def apply(self, x: np.ndarray) -> np.ndarray:
        """Treat values of the column."""
        z = (self.bent(x) - self.center) / self.scale
        return np.clip(z, -self.reach, self.reach)

    def bent(self, x: np.ndarray) -> np.ndarray:
        """Transform values, before they are standardised."""
        if self.signed:
            return np.sign(x) * np.log1p(np.abs(x) / self.unit)
        if self.kind == "log":
            # A later customer below 0 has spent nothing.
            return np.log1p(np.maximum(x, 0) / self.unit)
        if self.kind == "power":
            return np.asarray(yeojohnson((x - self.origin) / self.unit, self.power))
        if self.values is None or self.ranks is None:
            return x
        return np.interp(x, self.values, self.ranks)

    def scaled(self, x: np.ndarray, inner: np.ndarray) -> "Treatment":
        """The same with a centre and a scale; x and inner, its ordinary values, are sorted."""
        bent = self.bent(inner)
        spread = max(float(bent.std()), _widest_gap(self.kind, bent) / WIDEST)
        if spread == 0:
            return self
        result = replace(self, center=float(bent.mean()), scale=spread)
        far = int((np.abs(result.apply(x)) > REACH).sum())
        if not far:
            return result
        held = f"{result.words}; values beyond {REACH:g} standard deviations are held there"
        seen = f"{result.why}, {far:,} value{'s' * (far != 1)} far out"
        return replace(result, words=held, why=seen, reach=REACH)


def _widest_gap(kind: str, bent: np.ndarray) -> float:
    """Between two levels, or of amounts between the value of most customers and what the others usually have."""
    values, counts = np.unique(bent, return_counts=True)
    if kind in ("two_values", "levels"):
        return float(np.diff(values).max())
    often = values[counts.argmax()]
    if counts.max() < len(bent) / 2:
        return 0.0
    return float(abs(np.median(bent[bent != often]) - often))


def treat(values: np.ndarray, plain: bool = False) -> Treatment:
    """Judge one column of numbers.

    Parameters
    ----------
    values : ndarray of shape (n,)
        The column, nothing missing. The order of its rows does not matter.
    plain : bool
        Whether somebody decided that it is not transformed.

    Returns
    -------
    Treatment
        Two values keep their distance, 2. At most 11 levels are taken as ranks. A long tail is evened out by the
        logarithm, whose unit is a low quantile of the amounts (with many zeros a middle one, so that these do not
        become a group of their own), else by Yeo-Johnson's transform, else by ranks; long tails of losses and gains by
        the logarithm of their size; tails that are groups of values are left. The rest is as it is. Then
        all are standardised, unless neighbouring levels, or the value of most customers and the usual one of the
        others, would lie more than 2 apart.

    Examples
    --------
    >>> spend = np.random.default_rng(0).lognormal(4, 1, 500)
    >>> treat(spend).kind, treat(np.log(spend)).kind, treat(np.arange(500) % 7).kind
    ('log', 'plain', 'levels')
    """
    x = np.sort(np.asarray(values, dtype=float))
    levels, counts = np.unique(x, return_counts=True)
    if x[-1] - x[0] <= 1e-12 * max(abs(x[0]), abs(x[-1])):
        return Treatment("constant", "takes no part", "one value only", center=float(x[0]))
    if len(levels) == 2:
        return Treatment("two_values", "kept as two values, 2 apart", "two values").scaled(x, x)
    as_it_is = Treatment("plain", "standardised", "")
    if plain:
        return replace(as_it_is, why="as the features ask").scaled(x, x)
    if len(levels) <= min(LEVELS, len(x) / ROWS_PER_LEVEL):
        seen = f"{len(levels)} levels from {levels[0]:g} to {levels[-1]:g}"
        return _ranked("levels", "ranks, standardised", seen, levels, counts).scaled(x, x)
    below, above = values_apart(x)
    inner = x[len(below) : len(x) - len(above)]
    found = _evened(x, inner, levels, counts)
    if found.kind == "plain" and inner[0] < 0 < inner[-1]:
        found = _held_on_both_sides(found, inner)
    return found.scaled(x, inner)


def _evened(x: np.ndarray, inner: np.ndarray, levels: np.ndarray, counts: np.ndarray) -> Treatment:
    before = _skewness(inner)
    seen = f"skewness {_shown(before)}"
    as_it_is = Treatment("plain", "standardised", seen)
    farthest = np.abs(inner - inner.mean()).max() / inner.std()
    if abs(before) <= SKEWED or farthest <= TAIL:
        return as_it_is
    share = float(counts.max()) / len(x)
    often = levels[counts.argmax()]
    if share >= MANY_ZEROS:
        seen = f"{seen}, {share:.0%} are {often:g}"
    if in_groups(inner[inner != often] if share >= MANY_ZEROS else inner):
        return replace(as_it_is, why=f"{seen}, made by groups of values and not by a long tail")
    logged = _logarithm(inner) if before > 0 and inner[0] >= 0 else None
    if logged and abs(after := _skewness(logged.bent(inner))) <= EVENED * before:
        return replace(logged, why=f"{seen}, {_shown(after)} after it")
    # Where no zero holds it, a transform can pull groups together: only where it is needed, and nobody lies apart.
    if abs(before) <= VERY_SKEWED or farthest <= REACH or _few_beyond_a_gap(inner):
        return replace(as_it_is, why=seen)
    powered = _power(inner) if share < MANY_ZEROS else None
    if powered and abs(after := _skewness(powered.bent(inner))) <= EVENED * abs(before):
        return replace(powered, why=f"{seen}, {_shown(after)} after it")
    return _ranked("ranks", "ranks, standardised", f"{seen}, and no transform evens it out", levels, counts)


def _held_on_both_sides(found: Treatment, inner: np.ndarray) -> Treatment:
    """Losses and gains with long tails: the logarithm of their size, with their sign, where it shortens these."""
    far = _far(inner)
    if far <= FEW_FAR or in_groups(inner):
        return found
    unit = float(np.median(np.abs(inner[inner != 0])))
    words = f"log(1 + |x| / {_rounded(unit)}) with the sign of x, standardised"
    signed = replace(found, kind="log", words=words, unit=unit, signed=True)
    if _far(signed.bent(inner)) > FEW_FAR:
        return found
    return replace(signed, why=f"{found.why}, {far:.1%} beyond {REACH:g} standard deviations")


def _far(x: np.ndarray) -> float:
    return float((np.abs(x - x.mean()) > REACH * x.std()).mean())


def in_groups(x: np.ndarray) -> bool:
    """Whether the density of sorted values falls and rises again: their skewness is then that of groups.

    A transform that evens such a column out would pull its groups together.
    """
    n = len(x)
    # Rounded values are no groups: a neighbourhood holds several of them.
    often = np.unique(x, return_counts=True)[1].max(initial=0)
    k = max(10, round(GROUP * n), 3 * int(often))
    if 3 * k > n:
        return False
    widths = np.log(np.maximum(x[k:] - x[:-k], 1e-300))
    before, after = np.minimum.accumulate(widths), np.minimum.accumulate(widths[::-1])[::-1]
    least = round(SMALLEST * n)
    valley = float((widths - np.maximum(before, after))[least : n - k - least].max(initial=0))
    # Of n / k independent widths, each of which varies by 1 / sqrt(k), the most extreme ones lie so far apart.
    return valley > VALLEY + 2 * np.sqrt(2 * np.log(n / k) / k)


def _few_beyond_a_gap(x: np.ndarray) -> bool:
    """Whether five values or more lie beyond a gap of an interquartile range: too few to show in the density."""
    low, high = np.quantile(x, [0.25, 0.75])
    return bool((np.diff(x)[4:-4] > high - low).any())


def _logarithm(inner: np.ndarray) -> Treatment:
    many = (inner == 0).mean() >= MANY_ZEROS
    unit = float(np.quantile(inner[inner > 0], MIDDLE if many else LOW))
    shown = "x" if unit == 1 else f"x / {_rounded(unit)}"
    return Treatment("log", f"log(1 + {shown}), standardised", "", unit=unit)


def _power(inner: np.ndarray) -> Treatment | None:
    # Evenly through the sorted values, so that the order of the rows does not matter.
    rows = inner[:: max(1, len(inner) // POWER_ROWS)]
    origin, unit = float(inner.mean()), float(inner.std())
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        power = float(PowerTransformer(standardize=False).fit((rows[:, None] - origin) / unit).lambdas_[0])
    # No stronger than a logarithm of either side: more would hide that a few lie apart.
    power = min(max(power, 0.0), 2.0)
    made = Treatment("power", "Yeo-Johnson, standardised", "", origin=origin, unit=unit, power=power)
    return made if np.isfinite(made.bent(inner)).all() else None


def _ranked(kind: str, words: str, why: str, levels: np.ndarray, counts: np.ndarray) -> Treatment:
    places = (np.cumsum(counts) - counts / 2) / counts.sum()
    few = np.unique(np.linspace(0, len(levels) - 1, KNOTS).round().astype(int))
    return Treatment(kind, words, why, values=levels[few], ranks=places[few])


def _rounded(unit: float) -> str:
    return f"{float(f'{unit:.3g}'):,g}"


def _shown(skewness: float) -> str:
    return f"{round(skewness, 1) + 0:.1f}"


def _skewness(x: np.ndarray) -> float:
    spread = x.std()
    found = float((((x - x.mean()) / spread) ** 3).mean()) if spread > 0 else 0.0
    return found if np.isfinite(found) else np.inf


def values_apart(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the few values that stand apart from all others.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Known values of one column.

    Returns
    -------
    below, above : ndarray
        Values more than three interquartile ranges outside the quartiles, and more than one interquartile
        range away from the next value; of a column with a long tail on its logarithmic scale, where that tail
        is no gap. At most one in 200, and at least one may be found on each side.

    Examples
    --------
    >>> values_apart(np.array([*range(100), 5_000.0]))[1].tolist()
    [5000.0]
    """
    ordered = np.sort(values)
    if len(ordered) < 5:
        return ordered[:0], ordered[:0]
    most = max(1, int(FEW_FAR * len(ordered)))
    above = _tail(ordered, most)
    if len(above) and ordered[0] >= 0:
        unit = np.quantile(ordered[ordered > 0], LOW)
        above = ordered[len(ordered) - len(_tail(np.log1p(ordered / unit), most)) :]
    below = -_tail(-ordered[::-1], most)[::-1]
    return below, above


def _tail(ordered: np.ndarray, most: int) -> np.ndarray:
    low, high = np.quantile(ordered, [0.25, 0.75])
    width = high - low
    if width <= 0:
        return ordered[:0]
    # The outermost gap that is wide enough separates the tail: what is beyond it may be spread.
    gaps = np.diff(ordered[-most - 1 :])
    wide = np.flatnonzero((gaps > width) & (ordered[-most:] > high + FAR * width))
    return ordered[-most:][wide[0] :] if len(wide) else ordered[:0]
