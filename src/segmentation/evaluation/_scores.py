"""What one labelling scores."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

BETTER: Mapping[str, tuple[int, float]] = {
    "silhouette": (1, -1.0),
    "calinski_harabasz": (1, 0.0),
    "davies_bouldin": (-1, 1e3),
    "n_segments": (-1, 1e3),
    "noise_share": (-1, 1.0),
    "smallest_share": (1, 0.0),
}
"""Scores that a search can aim at: 1 where higher is better, -1 where lower is; what counts for no clustering."""


@dataclass(frozen=True)
class Scores:
    """Scores of one labelling in the yardstick space.

    Attributes
    ----------
    silhouette : float
        Mean silhouette over all rows, noise scoring 0; -1 to 1, higher is better.
    calinski_harabasz : float
        Between over within variance ratio of the rows in segments, times their share; higher is better.
    davies_bouldin : float
        Mean similarity of each segment to its most similar one, over the share of rows in segments; 0 or
        more, lower is better.
    inertia : float
        Sum of squared distances to the segment centres, noise to the centre of all; lower is tighter, and it
        falls with every further segment.
    n_segments : int
        Number of segments, noise not counted.
    noise_share, smallest_share : float
        Share of all rows that are noise; of the smallest segment. 0 to 1.
    degenerate : str or None
        Why there is nothing to score (fewer than two segments), in words. The silhouette is then the floor
        of -1 and the two other indices are absent.
    """

    silhouette: float
    inertia: float
    n_segments: int
    noise_share: float
    smallest_share: float
    calinski_harabasz: float | None = None
    davies_bouldin: float | None = None
    degenerate: str | None = None

    def metrics(self) -> Mapping[str, float]:
        """Every figure that exists, under a name that says its space."""
        spaceless = {"n_segments", "noise_share", "smallest_share"}
        return {
            name if name in spaceless else f"{name}_yardstick": float(value)
            for name, value in asdict(self).items()
            if value is not None and name != "degenerate"
        }
