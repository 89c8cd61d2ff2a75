"""Figures of customers, segments and searches: first the numbers, then the drawing.

Every public function takes plain tables, arrays and labels and returns a new matplotlib Figure. None saves or
shows anything, and none reads or changes the state of pyplot. Data that leaves nothing to draw makes a figure
that says so.
"""

from segmentation.plots._curves import elbow, k_distance, silhouette_curve
from segmentation.plots._evidence import (
    agreement_matrix,
    gap_curve,
    pareto_front,
    segment_stability,
    selection_evidence,
    structure,
)
from segmentation.plots._explore import correlations, distributions, missing_values, outliers, pair_relations
from segmentation.plots._flows import segment_flows
from segmentation.plots._profile import profile_bars, profile_heatmap, segment_sizes
from segmentation.plots._scatter import pca_scatter, scatter_2d, scatter_3d
from segmentation.plots._search import history, importance, parallel_coordinate
from segmentation.plots._silhouette import silhouette_per_customer
from segmentation.plots._style import identities, segment_color, segment_name, to_png
from segmentation.plots._thumbnail import thumbnail, thumbnail_png
from segmentation.plots._tree import dendrogram

__all__ = [
    "agreement_matrix",
    "correlations",
    "dendrogram",
    "distributions",
    "elbow",
    "gap_curve",
    "history",
    "identities",
    "importance",
    "k_distance",
    "missing_values",
    "outliers",
    "pair_relations",
    "parallel_coordinate",
    "pareto_front",
    "pca_scatter",
    "profile_bars",
    "profile_heatmap",
    "scatter_2d",
    "scatter_3d",
    "segment_color",
    "segment_flows",
    "segment_name",
    "segment_sizes",
    "segment_stability",
    "selection_evidence",
    "silhouette_curve",
    "silhouette_per_customer",
    "structure",
    "thumbnail",
    "thumbnail_png",
    "to_png",
]
