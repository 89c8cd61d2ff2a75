"""A clustering as pictures."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from segmentation import plots
from segmentation.clustering import DBSCAN, k_distances
from segmentation.data import Customers
from segmentation.report import Picture
from segmentation.workflows._evaluate import EvaluatedClustering
from segmentation.workflows._profiles import SegmentProfiles

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CARDS = 20
"""Up to so many segments each has a picture on its card."""


def clustering_figures(
    customers: Customers, evaluated: EvaluatedClustering, profiles: SegmentProfiles
) -> dict[str, "Figure"]:
    """Draw a clustering from every side that its features and its algorithm have, under the names of the files.

    Within `SegmentProfiles.pictured` the segments have their names and colours.
    """
    fitted, labels, units = evaluated.fitted, evaluated.fitted.labels, customers.units
    features = fitted.pipeline[0]
    names = [str(name) for name in features.get_feature_names_out()]
    titled = [f"log(1 + {n})" if n in features.log_ else n for n in names]
    X = features.transform(customers.table)
    centers = _centers(X, labels)
    table, profile = customers.table[features.columns_], profiles.profile
    numbers, levels = (part[part["role"] == "feature"] for part in (profile.numbers, profile.categories))
    drawn = {
        # Two features are shown as they are, more of them where their units do not count.
        "segment_separation": plots.segment_separation(
            X if X.shape[1] <= 2 else evaluated.yardstick.X, labels, titled, units
        ),
        "segment_profile": plots.segment_profile(profile.numbers, profile.categories, units),
        "segment_sizes": plots.segment_sizes(labels),
        "profile_bars": plots.profile_bars(numbers, profile.overall, levels, units),
        "profile_heatmap": plots.profile_heatmap(numbers),
        "feature_boxes": plots.feature_boxes(table, labels, units),
        "parallel_segments": plots.parallel_segments(profile.numbers, units),
        "silhouette": plots.silhouette_per_customer(
            evaluated.yardstick.silhouettes(labels).tolist(),
            labels[evaluated.yardstick.rows],
            evaluated.yardstick.space,
        ),
        "surrogate_tree": plots.surrogate_tree(profiles.rules.tree),
        "attractiveness": plots.attractiveness_bubbles(
            profiles.ranking.join(profile.segments["customers"]), y=_known(profiles.ranking)
        ),
    }
    if len(profile.categories):
        drawn["composition"] = plots.composition_bars(profile.categories)
    if profile.value is not None:
        drawn["value"] = plots.value_bars(profile.segments)
    if X.shape[1] >= 2:
        drawn["scatter_2d"] = plots.scatter_2d(X[:, :2], labels, centers[:, :2], titled[:2], units)
    if X.shape[1] >= 3:
        drawn["scatter_3d"] = plots.scatter_3d(X[:, :3], labels, centers[:, :3], titled[:3], units)
    if X.shape[1] > 2:
        drawn["pca_scatter"] = plots.pca_scatter(
            evaluated.yardstick.X, labels, names, evaluated.yardstick.space
        )
    algorithm = fitted.algorithm
    if hasattr(algorithm, "linkage_matrix_"):
        drawn["dendrogram"] = plots.dendrogram(algorithm.linkage_matrix_, evaluated.scores.n_segments)
    if isinstance(algorithm, DBSCAN):
        k = algorithm.min_samples
        drawn["k_distance"] = plots.k_distance(k_distances(fitted.X, k).tolist(), k, algorithm.eps)
    return drawn


def _known(ranking: pd.DataFrame) -> str:
    """The first criterion beside distinctness that every segment has a score in."""
    return next((c for c in ("value", "stability", "reachability") if ranking[c].notna().all()), "size")


def _centers(X: np.ndarray, labels: np.ndarray) -> np.ndarray:
    segments = range(int(labels.max()) + 1)
    return np.array([X[labels == s].mean(axis=0) for s in segments]).reshape(-1, X.shape[1])


def card_figures(profiles: SegmentProfiles) -> dict[str, "Figure"]:
    """One segment's profile each, for its card in the report."""
    profile = profiles.profile
    if len(profiles.segments) > CARDS:
        return {}
    return {
        f"segment_{s.number}": plots.segment_profile(
            profile.numbers[profile.numbers["segment"] == s.number],
            profile.categories[profile.categories["segment"] == s.number],
            profile.units,
        )
        for s in profiles.segments
    }


def pictured(figures: Mapping[str, "Figure"]) -> dict[str, Picture]:
    """Render figures for a run or a page."""
    return {
        name: Picture(plots.title(figure), plots.caption(figure), plots.to_png(figure), name)
        for name, figure in figures.items()
    }
