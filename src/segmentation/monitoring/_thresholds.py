"""From which size on a difference to the training customers counts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from segmentation.errors import InputError, nearest

Level = Literal["ok", "watch", "retrain"]
LEVELS: tuple[Level, ...] = ("ok", "watch", "retrain")

FAMILIES = ("segments", "distance", "features", "outside")
KINDS = ("share", "distance", "shift", "psi", "missing", "outside")


@dataclass(frozen=True)
class DriftThresholds:
    """When a difference counts: it must be statistically significant and large enough to matter.

    Parameters
    ----------
    alpha : float
        Probability of a false alarm, over all tests together.
    weights : mapping of str to float
        How `alpha` is shared out: "segments" (shares of the segments), "distance" (customers far from their
        centre), "features" (location, distribution and missing values of each), "outside" (customers outside the
        training ranges). They sum to 1; a family with weight 0 raises no alarm.
    watch, retrain : mapping of str to float
        Kind of effect -> the smallest size that is watched, or that asks for retraining. "share": Cohen's h of a
        segment's share (0.2 is 10 % to 17 %). "distance", "outside": by how much the share of such customers exceeds
        that of the training. "shift": change of a mean in standard deviations. "psi": population stability index.
        "missing": change of a share of missing values.
    structure : {"ok", "watch", "retrain"}
        The level where the training customers formed natural segments, with gaps between them, and the later
        customers vary gradually.

    Raises
    ------
    InputError
        If a value is out of its range, or a key is none of these.

    Notes
    -----
    Most of `alpha` goes to the shares of segments, since the growth of a small segment is the hardest to detect:
    among 200 customers a change from 11 % to 20 % is significant at 0.024 and not below.
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
    structure: Level = "watch"

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
                    f"the threshold for retraining must be the larger one."
                )
        if self.structure not in LEVELS:
            raise InputError(f"drift.structure is {self.structure!r}; {nearest(self.structure, LEVELS)}")

    def level(self, effects: Mapping[str, float], p: float, family: str) -> Level:
        """Give the level of effects whose p-value, corrected within the family, is p."""
        if p > self.alpha * self.weights[family]:
            return "ok"
        if any(effects[kind] >= self.retrain[kind] for kind in effects):
            return "retrain"
        return "watch" if any(effects[kind] >= self.watch[kind] for kind in effects) else "ok"
