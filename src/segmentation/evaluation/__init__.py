"""How good a labelling is: one yardstick for every trial, whatever made the labels."""

from segmentation.evaluation._knee import knee
from segmentation.evaluation._reference import silhouette_reference
from segmentation.evaluation._scores import Scores
from segmentation.evaluation._selection import Candidate, Constraints, Selection, select
from segmentation.evaluation._silhouette import mean_silhouette, silhouette_values
from segmentation.evaluation._yardstick import EXACT_ROWS, Yardstick

__all__ = [
    "EXACT_ROWS",
    "Candidate",
    "Constraints",
    "Scores",
    "Selection",
    "Yardstick",
    "knee",
    "mean_silhouette",
    "select",
    "silhouette_reference",
    "silhouette_values",
]
