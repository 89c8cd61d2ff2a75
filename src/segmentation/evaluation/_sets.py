"""Which of several feature sets shows its segments best."""

from dataclasses import dataclass

from segmentation.evaluation._structure import Answer

RANK: dict[Answer, int] = {"constructive": 0, "reproducible": 1, "natural": 2}


@dataclass(frozen=True)
class SetScore:
    """How the winner of one feature set stands, in figures that compare across sets; silhouettes do not.

    Attributes
    ----------
    features : str
        The feature set.
    trial : int
        Its winner.
    verdict : {"natural", "reproducible", "constructive"}
        Whether its segments are natural, come back in other samples, or are a choice.
    stability : float
        Mean adjusted Rand index between sub-samples.
    agreement : float
        Adjusted Rand index to the nearest answers of two other algorithms.
    gain : float
        Silhouette above what structureless data of the same shape reaches.
    """

    features: str
    trial: int
    verdict: Answer
    stability: float
    agreement: float
    gain: float

    @property
    def merit(self) -> tuple[int, float]:
        """The verdict first; then the product of what is repeated, agreed upon and above chance."""
        return RANK[self.verdict], max(self.stability, 0) * max(self.agreement, 0) * max(self.gain, 0)
