"""Every clustering algorithm as an estimator that also predicts new customers, and can be saved by skops."""

from segmentation.clustering.base import NOISE, Bounds, Segmenter, agreement
from segmentation.clustering.centers import (
    Birch,
    BisectingKMeans,
    GaussianMixture,
    KMeans,
    MeanShift,
    MiniBatchKMeans,
    Mixture,
)
from segmentation.clustering.mixed import LatentClass, few_levels
from segmentation.clustering.rows import (
    DBSCAN,
    HDBSCAN,
    OPTICS,
    Hierarchical,
    Spectral,
    cut_tree,
    k_distances,
)
from segmentation.clustering.scalers import QuantileScaler

ALGORITHMS: tuple[type[Segmenter], ...] = (
    KMeans,
    MiniBatchKMeans,
    BisectingKMeans,
    GaussianMixture,
    LatentClass,
    Hierarchical,
    Birch,
    DBSCAN,
    HDBSCAN,
    OPTICS,
    MeanShift,
    Spectral,
)

# What a saved Pipeline of ours may contain beyond the types skops trusts by itself.
TRUSTED_TYPES: tuple[str, ...] = (
    *(f"{kind.__module__}.{kind.__qualname__}" for kind in (*ALGORITHMS, QuantileScaler)),
    "sklearn.cluster._bisect_k_means._BisectingTree",
    "sklearn.cluster._kmeans._kmeans_single_elkan",
    "sklearn.cluster._kmeans._kmeans_single_lloyd",
)

__all__ = [
    "ALGORITHMS",
    "DBSCAN",
    "HDBSCAN",
    "NOISE",
    "OPTICS",
    "TRUSTED_TYPES",
    "Birch",
    "BisectingKMeans",
    "Bounds",
    "GaussianMixture",
    "Hierarchical",
    "KMeans",
    "LatentClass",
    "MeanShift",
    "MiniBatchKMeans",
    "Mixture",
    "QuantileScaler",
    "Segmenter",
    "Spectral",
    "agreement",
    "cut_tree",
    "few_levels",
    "k_distances",
]
