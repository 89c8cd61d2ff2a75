"""What structureless data scores, for comparing feature sets."""

import numpy as np
from sklearn.cluster import KMeans

from segmentation.evaluation._silhouette import mean_silhouette
from segmentation.evaluation._space import EvaluationSpace

DRAWS = 5
LARGEST_K = 8
REFERENCE_ROWS = 1_000


def silhouette_reference(yardstick: EvaluationSpace, seed: int = 0) -> float:
    """The silhouette that k-means reaches on Gaussian data of the yardstick's shape.

    A silhouette means little by itself: pure noise in two dimensions averages 0.34 at k = 5, in ten
    dimensions far less. What a feature set scores above its own reference can be compared across feature sets.

    Parameters
    ----------
    yardstick : EvaluationSpace
        The feature set in its yardstick space.
    seed : int, default=0
        Of the draws.

    Returns
    -------
    float
        Mean over 5 draws of the best silhouette over k from 2 to 8, from -1 to 1.
    """
    rng = np.random.default_rng(seed)
    n, d = min(len(yardstick.X), REFERENCE_ROWS), yardstick.X.shape[1]
    covariance = np.cov(yardstick.X, rowvar=False).reshape(d, d)
    ks = range(2, min(LARGEST_K, n - 1) + 1)
    best = []
    for _ in range(DRAWS):
        X = rng.multivariate_normal(np.zeros(d), covariance, size=n)
        best.append(
            max(mean_silhouette(X, KMeans(k, n_init=3, random_state=seed).fit_predict(X)) for k in ks)
        )
    return float(np.mean(best))
