"""Which candidate wins, and why. The one place where the choice is made."""

from collections.abc import Sequence
from dataclasses import dataclass

from segmentation.errors import InputError
from segmentation.evaluation._scores import Scores


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
    min_share: float = 0.02
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
    """A clustering that may win: the number of its trial, its feature set, its scores."""

    number: int
    features: str
    scores: Scores


@dataclass(frozen=True)
class Selection:
    """The winner and the order of all candidates.

    Attributes
    ----------
    ranking : tuple of int
        Trial numbers, best first; those that fail a test come last, in the order of their score.
    failed : dict of int to str
        For each candidate that cannot win, which test it failed.
    reason : str
        Why the first one won, what came second and how close.
    """

    ranking: tuple[int, ...]
    failed: dict[int, str]
    reason: str

    @property
    def winner(self) -> int:
        """The trial that won."""
        return self.ranking[0]


def select(
    candidates: Sequence[Candidate], constraints: Constraints, reference: dict[str, float]
) -> Selection | None:
    """Choose the winner: the highest silhouette among those that keep every constraint.

    Parameters
    ----------
    candidates : sequence of Candidate
        What the study found, degenerate ones included.
    constraints : Constraints
        What the winner must keep.
    reference : dict of str to float
        For each feature set the silhouette that structureless data of its shape reaches; what is above it
        is compared, since silhouettes of different feature sets are not comparable. One feature set alone
        needs no reference: 0 for it leaves its silhouettes as they are.

    Returns
    -------
    Selection or None
        None where no candidate is fit to win.
    """
    failed = {c.number: reason for c in candidates if (reason := _failure(c.scores, constraints))}

    def rank(candidate: Candidate) -> tuple[bool, float, int, int]:
        # Equal scores are usually the same partition found twice: fewer segments, then the earlier trial.
        gain = candidate.scores.silhouette - reference[candidate.features]
        return (
            candidate.number in failed,
            -round(gain, 12),
            candidate.scores.n_segments,
            candidate.number,
        )

    ordered = sorted(candidates, key=rank)
    if not ordered or ordered[0].number in failed:
        return None
    return Selection(tuple(c.number for c in ordered), failed, _why(ordered, failed, len(reference) > 1))


def _failure(scores: Scores, constraints: Constraints) -> str | None:
    return scores.degenerate or "; ".join(constraints.violations(scores)) or None


def _why(ordered: Sequence[Candidate], failed: dict[int, str], several: bool) -> str:
    best = ordered[0]
    measure = (
        "silhouette above its feature set's reference" if several else "silhouette in the yardstick space"
    )
    won = f"Trial {best.number} has the highest {measure}, {best.scores.silhouette:.4f}"
    # The runner-up worth naming is another answer, not the same partition found by another trial.
    for other in ordered[1:]:
        if other.number not in failed and other.scores != best.scores:
            return (
                f"{won} with {best.scores.n_segments} segments; next is trial {other.number} with "
                f"{other.scores.silhouette:.4f} and {other.scores.n_segments} segments."
            )
    return f"{won} with {best.scores.n_segments} segments; no other clustering kept every constraint."
