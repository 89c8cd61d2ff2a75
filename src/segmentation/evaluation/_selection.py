"""What a choice between clusterings is made of, and the plain choice: the highest silhouette."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from segmentation.errors import InputError
from segmentation.evaluation._scores import Scores
from segmentation.evaluation._structure import Answer

if TYPE_CHECKING:
    from segmentation.evaluation._evidence import Evidence

Refit = Callable[[int, np.ndarray], np.ndarray]
"""Fits a trial's configuration to these rows alone, positions of shape (m,), and returns their labels."""


@dataclass(frozen=True)
class Constraints:
    """What a clustering must keep to be of use.

    Parameters
    ----------
    min_segments, max_segments : int
        Bounds on the number of segments, both included.
    min_share : float
        The smallest segment holds at least this share of all customers.
    max_noise : float
        At most this share of all customers is noise.
    """

    min_segments: int = 2
    max_segments: int = 20
    min_share: float = 0.01
    max_noise: float = 0.2

    def __post_init__(self) -> None:
        if not 2 <= self.min_segments <= self.max_segments:
            raise InputError(
                f"search.constraints.min_segments is {self.min_segments} and max_segments {self.max_segments}; "
                f"valid is 2 <= min_segments <= max_segments."
            )
        for name in ("min_share", "max_noise"):
            value = getattr(self, name)
            if not 0 <= value < 1:
                raise InputError(f"search.constraints.{name} is {value}; valid are shares from 0 to below 1.")

    def violation(self, scores: Scores) -> float:
        """How far the constraints are overstepped, all together; 0 where every one is kept."""
        return sum(max(0.0, over) for over in self._excess(scores).values())

    def _excess(self, scores: Scores) -> dict[str, float]:
        return {
            "min_segments": float(self.min_segments - scores.n_segments),
            "max_segments": float(scores.n_segments - self.max_segments),
            "min_share": self.min_share - scores.smallest_share,
            "max_noise": scores.noise_share - self.max_noise,
        }

    def violations(self, scores: Scores) -> list[str]:
        """Each overstepped constraint in words; empty where all are kept."""
        words = {
            "min_segments": f"{scores.n_segments} segments, fewer than {self.min_segments}",
            "max_segments": f"{scores.n_segments} segments, more than {self.max_segments}",
            "min_share": f"smallest segment {scores.smallest_share:.1%}, below {self.min_share:.1%}",
            "max_noise": f"noise {scores.noise_share:.1%}, above {self.max_noise:.1%}",
        }
        return [words[name] for name, over in self._excess(scores).items() if over > 1e-12]


@dataclass(frozen=True)
class Candidate:
    """A clustering that may win.

    Attributes
    ----------
    number : int
        Its trial.
    algorithm : str
        What found it; answers of the same algorithm do not confirm each other. Linkages differ as much as
        algorithms do, so the linkage is part of the name ("hierarchical ward").
    labels : ndarray of int, shape (n,)
        Segments of all rows; -1 is noise.
    scores : Scores
        In the yardstick space.
    asked : int or None
        The number of segments that the algorithm was told to find; None where it finds the number itself.
    """

    number: int
    algorithm: str
    labels: np.ndarray
    scores: Scores
    asked: int | None = None

    def failure(self, constraints: Constraints) -> str | None:
        """Why it cannot be of use, in words; None where it can."""
        return self.scores.degenerate or "; ".join(constraints.violations(self.scores)) or None

    @property
    def title(self) -> str:
        """What found it and how many segments, for a sentence."""
        return f"{self.algorithm}, {self.scores.n_segments} segments"


def failures(candidates: Sequence[Candidate], constraints: Constraints) -> dict[int, str]:
    """Why each candidate that cannot be of use cannot, by the number of its trial."""
    return {c.number: why for c in candidates if (why := c.failure(constraints))}


@dataclass(frozen=True)
class RefitContext:
    """The customers that candidates of one feature set are about.

    Attributes
    ----------
    X : ndarray of shape (n, d)
        In the yardstick space.
    refit : callable
        `refit(number, rows)` fits that trial's configuration to those rows and returns their labels.
        The same few arrays of rows come again for every trial: a tree grown for them can be kept.
    verdict : {"natural", "reproducible", "constructive"}
        What the customers show; the choice follows from it.
    columns : ndarray of shape (n, p) or None
        The features before any scaling.
    value : ndarray of shape (n,) or None
        What each customer is worth, where that is known.
    """

    X: np.ndarray
    refit: Refit
    verdict: Answer = "natural"
    columns: np.ndarray | None = None
    value: np.ndarray | None = None


@dataclass(frozen=True)
class Selection:
    """The winner and the order of all candidates.

    Attributes
    ----------
    ranking : tuple of int
        Trial numbers, best first; those that fail a test come last.
    failed : dict of int to str
        For each candidate that cannot win, which test it failed.
    reason : str
        Why the first one won, what came second and how close.
    evidence : mapping of int to Evidence
        For each candidate that was looked at more closely.
    unsure : str
        What the first one lacks to be a segmentation to rely on; empty where it lacks nothing.
    """

    ranking: tuple[int, ...]
    failed: dict[int, str]
    reason: str
    evidence: Mapping[int, "Evidence"] = field(default_factory=dict)
    unsure: str = ""

    @property
    def winner(self) -> int:
        """The trial that won."""
        return self.ranking[0]


@dataclass(frozen=True)
class BySilhouette:
    """The highest silhouette among those that keep every constraint."""

    def select(
        self, candidates: Sequence[Candidate], field: RefitContext, constraints: Constraints, seed: int = 0
    ) -> Selection | None:
        """Choose the winner.

        Parameters
        ----------
        candidates : sequence of Candidate
            What the study found on one feature set, degenerate ones included.
        field : RefitContext
            The customers; not looked at.
        constraints : Constraints
            What the winner must keep.
        seed : int
            Not used: nothing is drawn.

        Returns
        -------
        Selection or None
            None where no candidate keeps the constraints.
        """
        failed = failures(candidates, constraints)

        def rank(c: Candidate) -> tuple[bool, float, int, int]:
            # Equal scores are usually the same partition found twice: fewer segments, then the earlier trial.
            return c.number in failed, -round(c.scores.silhouette, 12), c.scores.n_segments, c.number

        ordered = sorted(candidates, key=rank)
        if not ordered or ordered[0].number in failed:
            return None
        return Selection(tuple(c.number for c in ordered), failed, _why(ordered, failed))


def _why(ordered: Sequence[Candidate], failed: dict[int, str]) -> str:
    best = ordered[0]
    won = (
        f"Trial {best.number} has the highest silhouette in the yardstick space, {best.scores.silhouette:.4f} "
        f"with {best.scores.n_segments} segments"
    )
    # The runner-up worth naming is another answer, not the same partition found by another trial.
    for other in ordered[1:]:
        if other.number not in failed and other.scores != best.scores:
            return (
                f"{won}; next is trial {other.number} with {other.scores.silhouette:.4f} and "
                f"{other.scores.n_segments} segments."
            )
    return f"{won}; no other clustering kept every constraint."
