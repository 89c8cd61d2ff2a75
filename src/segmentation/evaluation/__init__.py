"""How good a labelling is, whether its segments are real, and which one to choose."""

from segmentation.evaluation._consensus import (
    SHORTLIST,
    SURELY,
    ByConsensus,
    Limits,
    SubSamples,
    resampled,
    shipped_weights,
)
from segmentation.evaluation._evidence import TERMS, Evidence, cheap_evidence, terms
from segmentation.evaluation._indices import (
    Gap,
    bic,
    dbcv,
    gap,
    icl,
    prediction_strength,
    segment_silhouettes,
    share_negative,
)
from segmentation.evaluation._knee import knee
from segmentation.evaluation._overlap import Step, segment_overlap
from segmentation.evaluation._reference import silhouette_reference
from segmentation.evaluation._rules import ByPareto, ByStability
from segmentation.evaluation._scores import BETTER, Scores
from segmentation.evaluation._selection import (
    BySilhouette,
    Candidate,
    Constraints,
    Refit,
    RefitContext,
    Selection,
)
from segmentation.evaluation._sets import SetScore
from segmentation.evaluation._silhouette import mean_silhouette, silhouette_values
from segmentation.evaluation._space import EXACT_ROWS, EvaluationSpace
from segmentation.evaluation._stability import (
    DOUBTFUL_JACCARD,
    STABLE_JACCARD,
    Stability,
    adjusted_rand,
    stability,
)
from segmentation.evaluation._structure import ClusteringTendency, verdict
from segmentation.evaluation._value import value_share

__all__ = [
    "BETTER",
    "DOUBTFUL_JACCARD",
    "EXACT_ROWS",
    "SHORTLIST",
    "STABLE_JACCARD",
    "SURELY",
    "TERMS",
    "ByConsensus",
    "ByPareto",
    "BySilhouette",
    "ByStability",
    "Candidate",
    "ClusteringTendency",
    "Constraints",
    "EvaluationSpace",
    "Evidence",
    "Gap",
    "Limits",
    "Refit",
    "RefitContext",
    "Scores",
    "Selection",
    "SetScore",
    "Stability",
    "Step",
    "SubSamples",
    "adjusted_rand",
    "bic",
    "cheap_evidence",
    "dbcv",
    "gap",
    "icl",
    "knee",
    "mean_silhouette",
    "prediction_strength",
    "resampled",
    "segment_overlap",
    "segment_silhouettes",
    "share_negative",
    "shipped_weights",
    "silhouette_reference",
    "silhouette_values",
    "stability",
    "terms",
    "value_share",
    "verdict",
]
