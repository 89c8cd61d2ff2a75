"""Tables and tests that compare later customers with those of the training."""

from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from segmentation.monitoring._reference import Levels, Reference, Sample, levels_of, numeric_features
from segmentation.monitoring._thresholds import DriftThresholds
from segmentation.profiling import holm
from segmentation.serving import Assigned, SegmentModel

Side = Literal["left", "right"]

TAILS = (0.1, 0.05, 0.01)
DRAWS = 20_000
BINS = 10
DETECTED = 0.9
EQUAL = 1 - 1e-9
"""A distance computed among other rows may differ in its last digit."""


def compare_segments(
    reference: Reference, model: SegmentModel, assigned: Assigned, thresholds: DriftThresholds, seed: int
) -> pd.DataFrame:
    ids, names = model.labels()
    labels = [*range(len(ids) - 1), -1]
    before = np.array([reference.segments.get(s, 0) for s in labels], dtype=float)
    now = np.array([(assigned.segment == s).sum() for s in labels], dtype=float)
    if before[-1] == now[-1] == 0:
        labels, before, now = labels[:-1], before[:-1], now[:-1]
    n, m = before.sum(), now.sum()
    # Half a customer is added to each segment, so that one without training customers has a variance too.
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
            "level": [thresholds.level({"share": abs(a)}, b, "segments") for a, b in zip(h, p, strict=True)],
        },
        index=pd.Index(labels, name="segment"),
    )


def compare_features(
    reference: Reference, model: SegmentModel, table: pd.DataFrame, thresholds: DriftThresholds
) -> pd.DataFrame:
    rows: dict[str, dict[str, Any]] = {}
    tests: list[tuple[str, float]] = []
    for column, values in numeric_features(table, model).items():
        rows[column], p = _number(reference.numbers[column], Sample.of(values), values)
        tests += [(column, value) for value in p]
    for column, before in reference.categories.items():
        rows[column], p = _category(before, levels_of(table[column], model.levels_[column]))
        tests += [(column, value) for value in p]
    corrected = holm(np.array([p for _, p in tests]))
    for column, row in rows.items():
        own = [p for (name, _), p in zip(tests, corrected, strict=True) if name == column]
        row["p"] = min(own, default=1.0)
        shift = 0.0 if np.isnan(row["shift"]) else abs(row["shift"])
        missing = abs(row["missing"] - row["missing_expected"])
        row["level"] = thresholds.level(
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
        "psi": psi(expected, seen, 0.5 / before.n, 0.5 / now.n) if before.n and now.n else 0.0,
        "missing_expected": before.missing / max(before.n + before.missing, 1),
        "missing": now.missing / max(now.n + now.missing, 1),
    }
    tests = [_missing_p(before.n, before.missing, now.n, now.missing)]
    there = (old + new) > 0
    if before.n and now.n and there.sum() > 1:
        tests.append(float(stats.chi2_contingency([old[there], new[there]], correction=False).pvalue))
    return row, tests


def far_customers(reference: Reference, assigned: Assigned, seed: int) -> pd.DataFrame:
    """Customers farther from their centre than most training customers were, with p-values."""
    now = assigned.distance[~np.isnan(assigned.distance)]
    n, m = reference.distance.n, len(now)
    if n == 0 or m == 0:
        columns = ["beyond", "expected", "share", "p"]
        return pd.DataFrame(columns=columns, index=pd.Index([], name="tail"), dtype=float)
    tails = sorted({reference.distance.tail(share) for share in TAILS})
    counts = np.array([reached for _, reached in tails])
    seen = np.array([(now >= beyond * EQUAL).sum() for beyond, _ in tails])
    chances = [chance_of_at_least(m, count, n) for count in counts]
    single = np.array([chance[count] for chance, count in zip(chances, seen, strict=True)])
    # Whatever the distribution, the probabilities between order statistics follow a Dirichlet distribution.
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


def compare_distances(reference: Reference, assigned: Assigned) -> pd.DataFrame:
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


def _location_p(before: Sample, known: NDArray[np.float64]) -> float:
    """The p-value of the Mann-Whitney test, with ties counted half."""
    m = len(known)
    place = (before.below(known, "left") + before.below(known, "right")) / 2
    excess = max(abs(float(place.mean()) - 0.5) - before.resolution, 0.0)
    return float(2 * stats.norm.sf(excess / np.sqrt((1 / before.n + 1 / m) / 12)))


def _ks(before: Sample, known: NDArray[np.float64], sign: int = 0) -> float:
    """The Kolmogorov-Smirnov distance; with sign 1 only where the new values are larger."""
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
    return psi(expected, seen, 0.5 / before.n, 0.5 / len(known))


def psi(
    expected: NDArray[np.float64], seen: NDArray[np.float64], least: float = 1e-4, least_seen: float = 1e-4
) -> float:
    expected, seen = np.maximum(expected, least), np.maximum(seen, least_seen)
    return float(((seen - expected) * np.log(seen / expected)).sum())


def _missing_p(n: int, missing: int, m: int, missing_now: int) -> float:
    if missing + missing_now == 0:
        return 1.0
    return float(stats.fisher_exact([[n, missing], [m, missing_now]]).pvalue)


def chance_of_at_least(m: int, reached: int, n: int) -> NDArray[np.float64]:
    """Probability that at least 0, 1, ... of m customers exceed a value that `reached` of n others exceed.

    The number of customers above an order statistic of another sample has a beta-binomial distribution.
    """
    chance = stats.betabinom.pmf(np.arange(m + 1), m, reached, n + 1 - reached)
    return np.minimum(chance[::-1].cumsum()[::-1], 1.0)


def detectable_shift(n: int, m: int, features: int, thresholds: DriftThresholds) -> float:
    """The smallest shift of a Gaussian feature that the Mann-Whitney test detects with a power of 90 %."""
    level = thresholds.alpha * thresholds.weights["features"] / max(2 * features, 1)
    steps = stats.norm.isf(max(level, 1e-300) / 2) + stats.norm.ppf(DETECTED)
    return float(steps * np.sqrt((1 / n + 1 / m) * np.pi / 3))
