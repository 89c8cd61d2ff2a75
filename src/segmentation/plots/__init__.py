"""Figures of customers, segments and searches: first the numbers, then the drawing.

Every public function takes plain tables, arrays and labels and returns a new matplotlib Figure. None saves or
shows anything, and none reads or changes the state of pyplot. Data that leaves nothing to draw makes a figure
that says so.
"""

from segmentation.plots._candidates import agreement_matrix, pareto_front, selection_evidence
from segmentation.plots._composition import composition_bars
from segmentation.plots._curves import elbow, gap_curve, k_distance, silhouette_curve
from segmentation.plots._distributions import distributions, missing_values, outliers, scaler_preview
from segmentation.plots._effects import parallel_segments, segment_profile
from segmentation.plots._flows import segment_flows
from segmentation.plots._life import drift_bars, migration_flows, share_change
from segmentation.plots._market import attractiveness_bubbles, value_bars
from segmentation.plots._profile import profile_bars, profile_heatmap, segment_sizes
from segmentation.plots._relations import associations, correlations, pair_relations
from segmentation.plots._scatter import pca_scatter, scatter_2d, scatter_3d
from segmentation.plots._search import history, importance, parallel_coordinate
from segmentation.plots._segment_stability import segment_stability
from segmentation.plots._separation import feature_boxes, segment_separation
from segmentation.plots._silhouette import silhouette_per_customer
from segmentation.plots._style import caption, identities, segment_color, segment_name, title, to_png
from segmentation.plots._surrogate import surrogate_tree
from segmentation.plots._tendency import structure
from segmentation.plots._thumbnail import thumbnail, thumbnail_png
from segmentation.plots._tree import dendrogram

__all__ = [
    "agreement_matrix",
    "associations",
    "attractiveness_bubbles",
    "caption",
    "composition_bars",
    "correlations",
    "dendrogram",
    "distributions",
    "drift_bars",
    "elbow",
    "feature_boxes",
    "gap_curve",
    "history",
    "identities",
    "importance",
    "k_distance",
    "migration_flows",
    "missing_values",
    "outliers",
    "pair_relations",
    "parallel_coordinate",
    "parallel_segments",
    "pareto_front",
    "pca_scatter",
    "profile_bars",
    "profile_heatmap",
    "scaler_preview",
    "scatter_2d",
    "scatter_3d",
    "segment_color",
    "segment_flows",
    "segment_name",
    "segment_profile",
    "segment_separation",
    "segment_sizes",
    "segment_stability",
    "selection_evidence",
    "share_change",
    "silhouette_curve",
    "silhouette_per_customer",
    "structure",
    "surrogate_tree",
    "thumbnail",
    "thumbnail_png",
    "title",
    "to_png",
    "value_bars",
]
