"""Whether later customers still are those that a model was trained on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from segmentation.errors import InputError, nearest
from segmentation.evaluation import Verdict, verdict
from segmentation.serving._model import NOISE_NAME, Assigned, SegmentModel
from segmentation.serving._reference import Levels, Reference, Sample, levels_of, numeric_features

Answer = Literal["ok", "watch", "retrain"]
Side = Literal["left", "right"]
LEVELS: tuple[Answer, ...] = ("ok", "watch", "retrain")

TAILS = (0.1, 0.05, 0.01)
DRAWS = 20_000
BINS = 10
DETECTED = 0.9
EQUAL = 1 - 1e-9
"""A distance computed among other rows may differ in its last digit."""

FAMILIES = ("segments", "distance", "features", "outside")
KINDS = ("share", "distance", "shift", "psi", "missing", "outside")


@dataclass(frozen=True)
class Limits:
    """From where on a difference counts: it must be more than chance, and large enough to matter.

    Parameters
    ----------
    alpha : float
        Chance of an alarm though nothing changed, over all tests together.
    weights : mapping of str to float
        How `alpha` is shared out: "segments" (shares of the segments), "distance" (customers far from their
        centre), "features" (location, distribution and missing values of each), "outside" (customers outside the
        training ranges). They sum to 1; a family of weight 0 raises no alarm.
    watch, retrain : mapping of str to float
        Kind of effect -> size from which on it is watched, and asks for retraining. "share": Cohen's h of a
        segment's share (0.2 is 10 % to 17 %). "distance", "outside": share of customers in excess of what training
        had. "shift": change of a mean in standard deviations. "psi": population stability index. "missing": change of
        a share of missing values.
    structure : {"ok", "watch", "retrain"}
        What it means if the training customers' segments were natural, with gaps between them, and these customers
        vary gradually.

    Raises
    ------
    InputError
        If a value is out of its range, or a key is none of these.

    Notes
    -----
    Most of `alpha` goes to the shares of segments, since a small segment that doubles is the hardest to see:
    among 200 customers 11 % against 20 % is seen at 0.024 and not below.
    """

    alpha: float = 0.042
    weights: Mapping[str, float] = field(
        default_factory=lambda: {"segments": 0.6, "distance": 0.3, "features": 0.08, "outside": 0.02}
    )
    watch: Mapping[str, float] = field(
        default_factory=lambda: dict(zip(KINDS, (0.1, 0.02, 0.1, 0.1, 0.05, 0.01), strict=True))
    )
    retrain: Mapping[str, float] = field(
        default_factory=lambda: dict(zip(KINDS, (0.2, 0.05, 0.25, 0.25, 0.2, 0.05), strict=True))
    )
    structure: Answer = "watch"

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise InputError(f"drift.alpha is {self.alpha!r}; valid are numbers between 0 and 1.")
        for key, valid in (("weights", FAMILIES), ("watch", KINDS), ("retrain", KINDS)):
            for name in getattr(self, key):
                if name not in valid:
                    raise InputError(f"drift.{key} names '{name}'; {nearest(name, valid)}")
            for name in valid:
                value = getattr(self, key).get(name)
                if not isinstance(value, (int, float)) or not value >= 0:
                    raise InputError(f"drift.{key}.{name} is {value!r}; valid are numbers from 0 on.")
        total = sum(self.weights.values())
        if abs(total - 1) > 1e-6:
            raise InputError(f"drift.weights sum to {total:g}; they share out drift.alpha and must sum to 1.")
        for kind in KINDS:
            if self.watch[kind] > self.retrain[kind]:
                raise InputError(
                    f"drift.watch.{kind} is {self.watch[kind]:g}, above drift.retrain.{kind}, {self.retrain[kind]:g}; "
                    f"what asks for retraining is larger than what is watched."
                )
        if self.structure not in LEVELS:
            raise InputError(f"drift.structure is {self.structure!r}; {nearest(self.structure, LEVELS)}")

    def level(self, effects: Mapping[str, float], p: float, family: str) -> Answer:
        """What effects mean whose chance, corrected within the family, is p."""
        if p > self.alpha * self.weights[family]:
            return "ok"
        if any(effects[kind] >= self.retrain[kind] for kind in effects):
            return "retrain"
        return "watch" if any(effects[kind] >= self.watch[kind] for kind in effects) else "ok"


@dataclass(frozen=True)
class Reason:
    """One thing that changed.

    Attributes
    ----------
    level : {"watch", "retrain"}
        What it means.
    about : str
        "segments", "distance", "features", "outside" or "structure".
    what : str
        The segment's name, or the column; empty where it is of all customers.
    sentence : str
        In words, with the figures.
    p : float
        Chance of as much in customers like those of the training, corrected for the tests of its kind; 1 where
        nothing was tested.
    """

    level: Answer
    about: str
    what: str
    sentence: str
    p: float


@dataclass(frozen=True, eq=False)
class Drift:
    """Later customers beside those of the training.

    Attributes
    ----------
    customers, trained_on : int
        How many there are, and were.
    segments : DataFrame
        Index segment (noise: -1, where there is any). Columns id, name, customers, expected and share (of training
        and of these), change (of the share), h (Cohen's), p (of the largest such change of any segment), level.
    features : DataFrame
        Index column. Columns kind ("number", "category"), expected and now (mean in the space of the model, of a
        category its commonest level's share), shift (in standard deviations; NaN for a category), ks
        (Kolmogorov-Smirnov distance; of a category the total variation), psi, missing_expected, missing,
        p (Holm-corrected over all tests of features, the smallest of the column), level.
    distance : DataFrame
        Index "all", then the segments' numbers. Columns customers, expected and now (median distance to the own
        centre), p95_expected and p95 (95 % are nearer), ks (largest excess of far customers, one-sided).
    far : DataFrame
        Index share of the training customers (10 %, 5 %, 1 %). Columns beyond (the distance that so many of
        them reach), expected (their share, exact), share (of these customers), p.
    outside : float
        Share of customers outside the training's ranges or with a level never seen.
    structure : Verdict or None
        Whether these customers show segments; None where it was not asked.
    reasons : tuple of Reason
        What changed, the gravest first.
    sees : float
        The shift of a single feature, in standard deviations, that so many customers show in nine of ten cases.
    """

    customers: int
    trained_on: int
    segments: pd.DataFrame
    features: pd.DataFrame
    distance: pd.DataFrame
    far: pd.DataFrame
    outside: float
    structure: Verdict | None
    reasons: tuple[Reason, ...]
    sees: float

    @property
    def verdict(self) -> Answer:
        """The gravest of the reasons; ok without any."""
        return max((reason.level for reason in self.reasons), key=LEVELS.index, default="ok")

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        if self.reasons:
            return f"{self.reasons[0].sentence}"
        return (
            f"These {self.customers} customers are like the {self.trained_on} of the training, as far as so many "
            f"can show: a feature's shift of {self.sees:.2g} standard deviations would have been seen."
        )

    def metrics(self) -> dict[str, float]:
        """The figures by name, for a run."""
        named = {
            "customers": self.customers,
            "verdict_level": LEVELS.index(self.verdict),
            "segments_psi": _psi(self.segments["expected"].to_numpy(), self.segments["share"].to_numpy()),
            "segments_p": self.segments["p"].min(),
            "distance_ks": self.distance.loc["all", "ks"],
            "distance_p": self.far["p"].min(),
            "outside": self.outside,
            **{f"psi_{column}": value for column, value in self.features["psi"].items()},
            **{f"ks_{column}": value for column, value in self.features["ks"].items()},
            **{f"shift_{column}": value for column, value in self.features["shift"].items()},
            **{f"share_{row.id or NOISE_NAME}": row.share for row in self.segments.itertuples()},
        }
        return {name: float(value) for name, value in named.items() if np.isfinite(value)}


def drift(
    reference: Reference,
    model: SegmentModel,
    table: pd.DataFrame,
    limits: Limits | None = None,
    trained: str | None = None,
    structure: bool = True,
    seed: int = 0,
) -> Drift:
    """Compare later customers with those that a model was trained on.

    Parameters
    ----------
    reference : Reference
        What travelled with the model.
    model : SegmentModel
        The model.
    table : DataFrame of shape (n, columns)
        The customers, with at least the columns that the model reads.
    limits : Limits, optional
        What counts; the defaults.
    trained : {"natural", "reproducible", "constructive"}, optional
        What `evaluation.verdict` said of the training customers, where it was asked.
    structure : bool, default=True
        Whether to ask also if these customers show segments; of at most 800 of them.
    seed : int, default=0
        Of the draws and of that sample.

    Returns
    -------
    Drift

    Raises
    ------
    InputError
        If there are no customers, or a column that the model reads is not there.

    Notes
    -----
    Both the training customers and these are taken for samples, so that a small training set is not taken for the
    truth. Shares of segments: each change in standard deviations of its own, the largest against that of 20,000
    draws of a Dirichlet-multinomial (Westfall and Young's single step). Distance to the centre: customers beyond the
    distances that 10, 5 and 1 % of training reached; how many they are is a matter of ranks alone (the exceedance
    test), the smallest of the three p-values is compared with 20,000 draws. Features: Mann-Whitney for
    the location, Kolmogorov-Smirnov for the rest, chi-square for categories and for missing values, corrected by
    Holm. Each family has its part of `limits.alpha`, so that all together raise an alarm without cause at most
    that often.
    """
    if len(table) == 0:
        raise InputError("There are no customers to compare with those of the training.")
    limits = limits or Limits()
    assigned = model.measure(table)
    segments = _segments(reference, model, assigned, limits, seed)
    features = _features(reference, model, table, limits)
    far = _far(reference, assigned, seed)
    outside = len(assigned.reasons) / len(table)
    found = verdict(model.pipeline[:-1].transform(table), seed) if structure else None
    reasons = [
        *_segment_reasons(segments),
        *_feature_reasons(features),
        *_far_reasons(far, limits),
        *_outside_reasons(reference, assigned, len(table), limits),
        *_structure_reasons(trained, found, limits),
    ]
    reasons.sort(key=lambda reason: (-LEVELS.index(reason.level), reason.p))
    return Drift(
        len(table),
        reference.customers,
        segments,
        features,
        _distance(reference, assigned),
        far,
        outside,
        found,
        tuple(reasons),
        _sees(reference.customers, len(table), len(features), limits),
    )


def _sees(n: int, m: int, features: int, limits: Limits) -> float:
    """The shift of a Gaussian feature that the Mann-Whitney test finds in nine of ten cases."""
    level = limits.alpha * limits.weights["features"] / max(2 * features, 1)
    steps = stats.norm.isf(max(level, 1e-300) / 2) + stats.norm.ppf(DETECTED)
    return float(steps * np.sqrt((1 / n + 1 / m) * np.pi / 3))


def _segments(
    reference: Reference, model: SegmentModel, assigned: Assigned, limits: Limits, seed: int
) -> pd.DataFrame:
    ids, names = model.labels()
    labels = [*range(len(ids) - 1), -1]
    before = np.array([reference.segments.get(s, 0) for s in labels], dtype=float)
    now = np.array([(assigned.segment == s).sum() for s in labels], dtype=float)
    if before[-1] == now[-1] == 0:
        labels, before, now = labels[:-1], before[:-1], now[:-1]
    n, m = before.sum(), now.sum()
    # Half a customer more in each, so that an empty segment of training has a standard deviation too.
    prior = before + 0.5
    p0 = prior / prior.sum()
    scale = np.sqrt(p0 * (1 - p0) * (1 / n + 1 / m))
    seen = np.abs(now / m - p0) / np.where(scale > 0, scale, np.inf)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(int(m), rng.dirichlet(prior, DRAWS))
    largest = (np.abs(drawn / m - p0) / np.where(scale > 0, scale, np.inf)).max(axis=1)
    p = (1 + (largest >= seen[:, None] - 1e-9).sum(axis=1)) / (1 + DRAWS)
    share, expected = now / m, before / n
    h = 2 * (np.arcsin(np.sqrt(share)) - np.arcsin(np.sqrt(expected)))
    return pd.DataFrame(
        {
            "id": [ids[s] for s in labels],
            "name": [names[s] for s in labels],
            "customers": now.astype(int),
            "expected": expected,
            "share": share,
            "change": share - expected,
            "h": h,
            "p": p,
            "level": [limits.level({"share": abs(a)}, b, "segments") for a, b in zip(h, p, strict=True)],
        },
        index=pd.Index(labels, name="segment"),
    )


def _segment_reasons(segments: pd.DataFrame) -> list[Reason]:
    return [
        Reason(
            row.level,
            "segments",
            row.name,
            f"{_called(row)} {'grew' if row.change > 0 else 'shrank'} from {row.expected:.1%} to {row.share:.1%} of "
            f"the customers",
            row.p,
        )
        for row in segments.itertuples(index=False, name="Row")
        if row.level != "ok"
    ]


def _called(row: Any) -> str:
    return f"{row.name} ({row.id})" if row.id else str(row.name)


def _features(reference: Reference, model: SegmentModel, table: pd.DataFrame, limits: Limits) -> pd.DataFrame:
    rows: dict[str, dict[str, Any]] = {}
    tests: list[tuple[str, float]] = []
    for column, values in numeric_features(table, model).items():
        rows[column], p = _number(reference.numbers[column], Sample.of(values), values)
        tests += [(column, value) for value in p]
    for column, before in reference.categories.items():
        rows[column], p = _category(before, levels_of(table[column], model.levels_[column]))
        tests += [(column, value) for value in p]
    corrected = _holm(np.array([p for _, p in tests]))
    for column, row in rows.items():
        own = [p for (name, _), p in zip(tests, corrected, strict=True) if name == column]
        row["p"] = min(own, default=1.0)
        shift = 0.0 if np.isnan(row["shift"]) else abs(row["shift"])
        missing = abs(row["missing"] - row["missing_expected"])
        row["level"] = limits.level(
            {"shift": shift, "psi": row["psi"], "missing": missing}, row["p"], "features"
        )
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("column")


def _number(before: Sample, now: Sample, values: NDArray[np.float64]) -> tuple[dict[str, Any], list[float]]:
    row: dict[str, Any] = {
        "kind": "number",
        "expected": before.mean,
        "now": now.mean,
        "shift": np.nan,
        "ks": np.nan,
        "psi": 0.0,
        "missing_expected": before.missing / max(before.n + before.missing, 1),
        "missing": now.missing / max(now.n + now.missing, 1),
    }
    tests = [_missing_p(before.n, before.missing, now.n, now.missing)]
    if before.n and now.n:
        known = np.sort(values[~np.isnan(values)])
        row["shift"] = (now.mean - before.mean) / before.sd if before.sd > 0 else np.nan
        row["ks"] = _ks(before, known)
        row["psi"] = _binned_psi(before, known)
        effective = before.n * now.n / (before.n + now.n)
        tests += [_location_p(before, known), float(stats.kstwo.sf(row["ks"], max(1, round(effective))))]
    return row, tests


def _location_p(before: Sample, known: NDArray[np.float64]) -> float:
    """Mann and Whitney's test, ties counted half, from the ranks of the new values in the reference."""
    m = len(known)
    place = (before.below(known, "left") + before.below(known, "right")) / 2
    excess = max(abs(float(place.mean()) - 0.5) - before.resolution, 0.0)
    return float(2 * stats.norm.sf(excess / np.sqrt((1 / before.n + 1 / m) / 12)))


def _ks(before: Sample, known: NDArray[np.float64], sign: int = 0) -> float:
    """Distance of the two distribution functions; with sign 1 only where the new values are larger."""
    at = np.unique(np.r_[known, before.values])
    sides: tuple[Side, ...] = ("left", "right")
    found = [before.below(at, side) - np.searchsorted(known, at, side) / len(known) for side in sides]
    gap = np.concatenate(found)
    largest = gap.max() if sign > 0 else np.abs(gap).max()
    return float(max(largest - before.resolution, 0.0))


def _binned_psi(before: Sample, known: NDArray[np.float64]) -> float:
    edges = np.unique([before.quantile(q) for q in np.arange(1, BINS) / BINS])
    expected = np.diff(np.r_[0, before.below(edges), 1])
    seen = np.diff(np.r_[0, np.searchsorted(known, edges, "right") / len(known), 1])
    # An empty bin counts as half a customer.
    return _psi(expected, seen, 0.5 / before.n, 0.5 / len(known))


def _psi(
    expected: NDArray[np.float64], seen: NDArray[np.float64], least: float = 1e-4, least_seen: float = 1e-4
) -> float:
    expected, seen = np.maximum(expected, least), np.maximum(seen, least_seen)
    return float(((seen - expected) * np.log(seen / expected)).sum())


def _category(before: Levels, now: Levels) -> tuple[dict[str, Any], list[float]]:
    names = [*before.counts, *(level for level in now.counts if level not in before.counts)]
    old = np.array([before.counts.get(level, 0) for level in names], dtype=float)
    new = np.array([now.counts.get(level, 0) for level in names], dtype=float)
    expected, seen = old / max(before.n, 1), new / max(now.n, 1)
    commonest = int(expected.argmax()) if names else 0
    row: dict[str, Any] = {
        "kind": "category",
        "expected": expected[commonest] if names else np.nan,
        "now": seen[commonest] if names else np.nan,
        "shift": np.nan,
        "ks": float(np.abs(seen - expected).sum() / 2),
        "psi": _psi(expected, seen, 0.5 / before.n, 0.5 / now.n) if before.n and now.n else 0.0,
        "missing_expected": before.missing / max(before.n + before.missing, 1),
        "missing": now.missing / max(now.n + now.missing, 1),
    }
    tests = [_missing_p(before.n, before.missing, now.n, now.missing)]
    there = (old + new) > 0
    if before.n and now.n and there.sum() > 1:
        tests.append(float(stats.chi2_contingency([old[there], new[there]], correction=False).pvalue))
    return row, tests


def _missing_p(n: int, missing: int, m: int, missing_now: int) -> float:
    if missing + missing_now == 0:
        return 1.0
    return float(stats.fisher_exact([[n, missing], [m, missing_now]]).pvalue)


def _holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(stepped, 1)
    return corrected


def _feature_reasons(features: pd.DataFrame) -> list[Reason]:
    return [
        Reason(row.level, "features", str(row.Index), f"the feature {row.Index} {_feature_words(row)}", row.p)
        for row in features.itertuples()
        if row.level != "ok"
    ]


def _feature_words(row: Any) -> str:
    said = []
    if abs(row.shift) >= 0.05:
        said.append(f"moved by {row.shift:+.2f} standard deviations")
    if abs(row.missing - row.missing_expected) >= 0.01:
        said.append(f"is missing in {row.missing:.1%} instead of {row.missing_expected:.1%}")
    said = said or ["is distributed otherwise"]
    return f"{' and '.join(said)} (PSI {row.psi:.2f}, KS {row.ks:.2f})"


def _far(reference: Reference, assigned: Assigned, seed: int) -> pd.DataFrame:
    """Customers beyond the distances that few of the training's reached, and the chance of so many."""
    now = assigned.distance[~np.isnan(assigned.distance)]
    n, m = reference.distance.n, len(now)
    if n == 0 or m == 0:
        return pd.DataFrame({"beyond": [], "expected": [], "share": [], "p": []}, dtype=float)
    tails = sorted({reference.distance.tail(share) for share in TAILS})
    counts = np.array([reached for _, reached in tails])
    seen = np.array([(now >= beyond * EQUAL).sum() for beyond, _ in tails])
    chances = [_at_least(m, count, n) for count in counts]
    single = np.array([chance[count] for chance, count in zip(chances, seen, strict=True)])
    # Of ranks alone: the masses between order statistics are Dirichlet, whatever the distribution.
    rng = np.random.default_rng([seed, 1])
    between = np.r_[n + 1 - counts[0], counts[:-1] - counts[1:], counts[-1]]
    drawn = rng.multinomial(m, rng.dirichlet(between, DRAWS))
    beyond = drawn[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
    smallest = np.min([chance[column] for chance, column in zip(chances, beyond.T, strict=True)], axis=0)
    p = (1 + (smallest <= single[:, None] * (1 + 1e-9)).sum(axis=1)) / (1 + DRAWS)
    return pd.DataFrame(
        {"beyond": [b for b, _ in tails], "expected": counts / n, "share": seen / m, "p": p},
        index=pd.Index([f"{c / n:.3g}" for c in counts], name="tail"),
    )


def _at_least(m: int, reached: int, n: int) -> NDArray[np.float64]:
    """Chance that 0, 1, ... of m customers reach what `reached` of n others did: a beta-binomial."""
    chance = stats.betabinom.pmf(np.arange(m + 1), m, reached, n + 1 - reached)
    return np.minimum(chance[::-1].cumsum()[::-1], 1.0)


def _far_reasons(far: pd.DataFrame, limits: Limits) -> list[Reason]:
    if far.empty:
        return []
    row = far.loc[far["p"].idxmin()]
    level = limits.level({"distance": float((far["share"] - far["expected"]).max())}, row["p"], "distance")
    if level == "ok":
        return []
    sentence = (
        f"{row['share']:.1%} of the customers are as far from their centre as {row['expected']:.1%} of the training's "
        f"were"
    )
    return [Reason(level, "distance", "", sentence, float(row["p"]))]


def _distance(reference: Reference, assigned: Assigned) -> pd.DataFrame:
    rows = {"all": _far_from(reference.distance, assigned.distance)}
    for segment, before in reference.distances.items():
        rows[str(segment)] = _far_from(before, assigned.distance[assigned.segment == segment])
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("segment")


def _far_from(before: Sample, distances: NDArray[np.float64]) -> dict[str, float]:
    known = np.sort(distances[~np.isnan(distances)])
    both = before.n > 0 and len(known) > 0
    return {
        "customers": len(known),
        "expected": before.quantile(0.5) if before.n else np.nan,
        "now": float(np.median(known)) if len(known) else np.nan,
        "p95_expected": before.quantile(0.95) if before.n else np.nan,
        "p95": float(np.quantile(known, 0.95)) if len(known) else np.nan,
        "ks": _ks(before, known, sign=1) if both else np.nan,
    }


def _outside_reasons(reference: Reference, assigned: Assigned, m: int, limits: Limits) -> list[Reason]:
    n, numbers = reference.customers, len(reference.numbers)
    count = len(assigned.reasons)
    # Each end of each range is an order statistic: one of n + 1 places, in the mean, is beyond it.
    ends = min(max(2 * numbers, 1), n)
    p = float(_at_least(m, ends, n)[count])
    level = limits.level({"outside": count / m - ends / (n + 1)}, p, "outside")
    if level == "ok":
        return []
    said = [part for text in assigned.reasons.values() for part in text.split("; ")]
    columns = [*reference.numbers, *reference.categories]
    column = max(columns, key=lambda name: sum(part.startswith(f"{name} ") for part in said))
    sentence = (
        f"{count / m:.1%} of the customers are outside what the model was trained on, mostly in {column}"
    )
    return [Reason(level, "outside", str(column), sentence, p)]


def _structure_reasons(trained: str | None, found: Verdict | None, limits: Limits) -> list[Reason]:
    if found is None or trained != "natural" or found.verdict != "constructive":
        return []
    if limits.structure == "ok":
        return []
    words = "the training customers showed natural segments, with gaps between them, and these vary gradually"
    return [Reason(limits.structure, "structure", "", words, 1.0)]
