"""Whether later customers differ from those that a model was trained on."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from segmentation.errors import InputError
from segmentation.evaluation import ClusteringTendency, verdict
from segmentation.monitoring._reference import Reference
from segmentation.monitoring._statistics import (
    chance_of_at_least,
    compare_distances,
    compare_features,
    compare_segments,
    detectable_shift,
    far_customers,
    psi,
)
from segmentation.monitoring._thresholds import LEVELS, DriftThresholds, Level
from segmentation.serving import NOISE_NAME, Assigned, SegmentModel


@dataclass(frozen=True)
class Reason:
    """One change that was found.

    Attributes
    ----------
    level : {"watch", "retrain"}
        How grave it is.
    about : str
        "segments", "distance", "features", "outside" or "structure".
    what : str
        The segment's name, or the column; empty where it concerns all customers.
    sentence : str
        The change in words, with its figures.
    p : float
        Its p-value, corrected for the tests of its family; 1 where nothing was tested.
    """

    level: Level
    about: str
    what: str
    sentence: str
    p: float


@dataclass(frozen=True, eq=False)
class Drift:
    """How later customers differ from those of the training.

    Attributes
    ----------
    customers, trained_on : int
        How many there are now, and were in training.
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
        centre), p95_expected and p95 (the 95th percentile), ks (one-sided Kolmogorov-Smirnov distance).
    far : DataFrame
        Index share of the training customers (10 %, 5 %, 1 %). Columns beyond (the distance that so many of
        them reach), expected (their share, exact), share (of these customers), p.
    outside : float
        Share of customers outside the training's ranges or with a level never seen.
    structure : ClusteringTendency or None
        Whether these customers show segments; None where it was not asked.
    reasons : tuple of Reason
        What changed, the most serious first.
    detectable_shift : float
        The smallest shift of a feature, in standard deviations, that is detected with a power of 90 %.
    """

    customers: int
    trained_on: int
    segments: pd.DataFrame
    features: pd.DataFrame
    distance: pd.DataFrame
    far: pd.DataFrame
    outside: float
    structure: ClusteringTendency | None
    reasons: tuple[Reason, ...]
    detectable_shift: float

    @property
    def verdict(self) -> Level:
        """The most serious level of the reasons; ok without any."""
        return max((reason.level for reason in self.reasons), key=LEVELS.index, default="ok")

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        if self.reasons:
            return f"{self.reasons[0].sentence}"
        return (
            f"No difference was found between these {self.customers} customers and the {self.trained_on} of the "
            f"training data; with so many, shifts of a feature below {self.detectable_shift:.2g} standard deviations "
            f"may go undetected."
        )

    def metrics(self) -> dict[str, float]:
        """The figures by name, for a run."""
        named = {
            "customers": self.customers,
            "verdict_level": LEVELS.index(self.verdict),
            "segments_psi": psi(self.segments["expected"].to_numpy(), self.segments["share"].to_numpy()),
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
    thresholds: DriftThresholds | None = None,
    trained: str | None = None,
    structure: bool = True,
    seed: int = 0,
) -> Drift:
    """Compare later customers with those that a model was trained on.

    Parameters
    ----------
    reference : Reference
        The summary of the training customers that is stored with the model.
    model : SegmentModel
        The model.
    table : DataFrame of shape (n, columns)
        The customers, with at least the columns that the model reads.
    thresholds : DriftThresholds, optional
        When a difference counts; the defaults otherwise.
    trained : {"natural", "reproducible", "constructive"}, optional
        The verdict of `evaluation.verdict` on the training customers, where it is known.
    structure : bool, default=True
        Whether to test also if these customers form segments; at most 800 of them are used.
    seed : int, default=0
        Of the random draws and of that sample.

    Returns
    -------
    Drift

    Raises
    ------
    InputError
        If there are no customers, or a column that the model reads is missing.

    Notes
    -----
    The training customers and the later ones are both treated as samples. Shares of segments: each change is divided
    by its standard deviation, and the largest is compared with those of 20,000 draws of a Dirichlet-multinomial
    (the single-step method of Westfall and Young). Distance to the centre: the numbers of customers beyond the
    distances that 10, 5 and 1 % of the training customers exceed (exceedance test); the smallest of the three
    p-values is compared with those of 20,000 draws. Features: Mann-Whitney for the location, Kolmogorov-Smirnov for
    the distribution, chi-square for categories, Fisher's exact test for missing values, corrected by Holm. Each
    family has its share of `thresholds.alpha`, so that the probability of any false alarm is at most that.
    """
    if len(table) == 0:
        raise InputError("There are no customers to compare with those of the training.")
    thresholds = thresholds or DriftThresholds()
    assigned = model.measure(table)
    segments = compare_segments(reference, model, assigned, thresholds, seed)
    features = compare_features(reference, model, table, thresholds)
    far = far_customers(reference, assigned, seed)
    outside = len(assigned.reasons) / len(table)
    found = verdict(model.pipeline[:-1].transform(table), seed) if structure else None
    reasons = [
        *_segment_reasons(segments),
        *_feature_reasons(features),
        *_far_reasons(far, thresholds),
        *_outside_reasons(reference, assigned, len(table), thresholds),
        *_structure_reasons(trained, found, thresholds),
    ]
    reasons.sort(key=lambda reason: (-LEVELS.index(reason.level), reason.p))
    return Drift(
        len(table),
        reference.customers,
        segments,
        features,
        compare_distances(reference, assigned),
        far,
        outside,
        found,
        tuple(reasons),
        detectable_shift(reference.customers, len(table), len(features), thresholds),
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
    said = said or ["has another distribution"]
    return f"{' and '.join(said)} (PSI {row.psi:.2f}, KS {row.ks:.2f})"


def _far_reasons(far: pd.DataFrame, thresholds: DriftThresholds) -> list[Reason]:
    if far.empty:
        return []
    row = far.loc[far["p"].idxmin()]
    level = thresholds.level(
        {"distance": float((far["share"] - far["expected"]).max())}, row["p"], "distance"
    )
    if level == "ok":
        return []
    sentence = (
        f"{row['share']:.1%} of the customers are far from their centre, compared with {row['expected']:.1%} of the "
        f"training customers"
    )
    return [Reason(level, "distance", "", sentence, float(row["p"]))]


def _outside_reasons(
    reference: Reference, assigned: Assigned, m: int, thresholds: DriftThresholds
) -> list[Reason]:
    n, numbers = reference.customers, len(reference.numbers)
    count = len(assigned.reasons)
    # Each end of a range is an order statistic: a new value is beyond it with probability 1 / (n + 1).
    ends = min(max(2 * numbers, 1), n)
    p = float(chance_of_at_least(m, ends, n)[count])
    level = thresholds.level({"outside": count / m - ends / (n + 1)}, p, "outside")
    if level == "ok":
        return []
    said = [part for text in assigned.reasons.values() for part in text.split("; ")]
    columns = [*reference.numbers, *reference.categories]
    column = max(columns, key=lambda name: sum(part.startswith(f"{name} ") for part in said))
    sentence = (
        f"{count / m:.1%} of the customers are outside the ranges of the training data, mostly in {column}"
    )
    return [Reason(level, "outside", str(column), sentence, p)]


def _structure_reasons(
    trained: str | None, found: ClusteringTendency | None, thresholds: DriftThresholds
) -> list[Reason]:
    if found is None or trained != "natural" or found.verdict != "constructive":
        return []
    if thresholds.structure == "ok":
        return []
    words = "the training customers formed natural segments, with gaps between them; these customers vary gradually"
    return [Reason(thresholds.structure, "structure", "", words, 1.0)]
