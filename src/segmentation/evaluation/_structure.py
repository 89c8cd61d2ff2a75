"""Whether there are segments at all, or a clustering cuts a continuum."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.cluster.hierarchy import linkage
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial import cKDTree
from scipy.spatial.distance import pdist, squareform
from scipy.stats import t
from sklearn.preprocessing import PowerTransformer
from threadpoolctl import threadpool_limits

from segmentation.clustering import cut_tree
from segmentation.evaluation._dip import dip_test

SAMPLE = 800
FEWEST = 20
LARGEST_K = 10
SMALLEST_SHARE = 0.02
NEIGHBOURS = (4, 8)
ROUNDS = (6, 10, 15, 20)
"""After so many draws of each reference it is asked whether more could change the answer."""

# What differences are too small to mean anything, however alike the draws are: of silhouettes, and of log densities.
SILHOUETTE_GRAIN = 0.003
VALLEY_GRAIN = 0.025

REFERENCES = ("uniform", "gaussian", "skewed")
Answer = Literal["segments", "weak", "none"]


@dataclass(frozen=True)
class Verdict:
    """Whether there are segments, and the evidence.

    Two questions are asked. *Compact*: is some cut into 2 to 10 groups cleaner than cuts through continuous data
    of the same spread, the same correlations, the same skew? *Apart*: are there places between dense places where
    customers are missing, as a valley of the density or as two modes of a projection? A continuum can pass the
    first (a triangle and a banana are cut cleanly) and chance can pass the second; segments pass both.

    Attributes
    ----------
    verdict : {"segments", "weak", "none"}
        `segments`: compact (all three references rejected at 0.05) and apart (a valley at 0.005, at 0.02 beside a
        cut at 0.00001, or at 0.05 with a dip at 0.01), or a valley that chance hardly makes (0.0005: rings and
        bands are apart and not compact). `weak`: apart without being compact, a dip alone, or compact and
        nearly apart (a valley at 0.05, at 0.1 where the cut is very clean): there may be something, and a
        clustering needs other reasons. `none`: neither; a clustering cuts a continuum. Fewer than 20 customers
        are too few to tell, and called `none`: nothing shows that segments are real. The levels were set on
        sets without segments, of which about one in a hundred is called `segments`.
    sentence : str
        The answer in plain words.
    p_uniform, p_gaussian, p_skewed : float
        Chance of so clean a cut in a uniform box, in a Gaussian of the same covariance, and in a Gaussian pushed
        back through the columns' own Yeo-Johnson transforms.
    p_valley : float
        Chance of so deep a valley in the references, the largest of the three.
    p_dip : float
        Dip test of the principal components and of the lines between neighbouring groups, Bonferroni-corrected.
    k : int
        Where the cut is cleanest, against the references; 0 where nothing could be cut.
    silhouette : float
        Silhouette of that cut.
    valley : float
        Depth of the deepest valley, in the logarithm of density (1 is a fall to 37 %).
    ks, silhouettes, expected : tuple
        For a figure: each k, the silhouette of the cut, and the highest mean of the three references there.
    rows, columns, draws : int
        How many customers and columns were looked at, and how many sets of each reference were drawn.
    """

    verdict: Answer
    sentence: str
    p_uniform: float = 1.0
    p_gaussian: float = 1.0
    p_skewed: float = 1.0
    p_valley: float = 1.0
    p_dip: float = 1.0
    k: int = 0
    silhouette: float = 0.0
    valley: float = 0.0
    ks: tuple[int, ...] = ()
    silhouettes: tuple[float, ...] = ()
    expected: tuple[float, ...] = ()
    rows: int = 0
    columns: int = 0
    draws: int = 0


def verdict(X: np.ndarray, seed: int = 0) -> Verdict:
    """Decide whether data has segments.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        The features in the yardstick space, without missing values. Beyond 800 rows a sample of 800 is looked at.
    seed : int, default=0
        Of the sample, the spreading of ties and the draws.

    Returns
    -------
    Verdict
        The same for rows in another order, and for columns in other units once they are standard-scaled.

    Notes
    -----
    Constant columns are dropped. Columns of two values are left out where there are others: they always make two
    groups. Tied values (counts, rounded figures) are spread evenly over the place they stand for.

    Cuts are those of one Ward tree, each group at least 2 % of the rows; the statistic is the largest of their
    silhouettes, each in standard deviations from the reference's mean at that k. The valley is the largest
    rise of log density on the way between two groups of at least 2 % each, from the lesser peak: the merges of
    single linkage on mutual reachability at the 4th and at the 8th neighbour, averaged, times the number of
    columns (Campello et al. 2013; persistence, Chazal et al. 2013). References are drawn until the answer is
    clear, 6 to 20 of each kind; with so few, p-values are those of Student's t for one more draw. Dip: Hartigan
    and Hartigan 1985.
    """
    X = _prepared(X, seed)
    n, d = X.shape
    if n < FEWEST:
        words = f"Too few customers to tell: {n}, where {FEWEST} are needed; nothing shows that segments are real."
        return Verdict("none", words, rows=n, columns=d)
    if d == 0:
        return Verdict("none", f"All {n} customers are the same.", rows=n)
    with threadpool_limits(1):
        return _decided(X, np.random.default_rng(seed))


def _prepared(X: np.ndarray, seed: int) -> np.ndarray:
    """Rows in an order of their own, sampled, ties spread, centred; columns that can hold segments."""
    X = np.asarray(X, dtype=float)
    X = X[np.lexsort(X.T[::-1])] if X.size else X
    rng = np.random.default_rng([seed, 1])
    if len(X) > SAMPLE:
        X = X[np.sort(rng.choice(len(X), SAMPLE, replace=False))]
    values = [len(np.unique(column)) for column in X.T]
    fewest = 3 if max(values, default=0) > 2 else 2
    columns = [_spread(column, rng) for column, count in zip(X.T, values, strict=True) if count >= fewest]
    return np.column_stack(columns) if columns else np.empty((len(X), 0))


def _spread(column: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Spread tied values evenly to half-way to their neighbours, at most by half the usual customer's step."""
    values, index, counts = np.unique(column, return_inverse=True, return_counts=True)
    if len(values) > 0.9 * len(column):
        return column
    steps = np.diff(values)
    # A gap between groups is wide for the few beside it; the first steps of logged counts are so for most.
    widest = np.maximum(np.r_[steps[0], steps], np.r_[steps, steps[-1]])
    half = np.minimum(steps, np.median(np.repeat(widest, counts))) / 2
    below, above = np.r_[half[0], half], np.r_[half, half[-1]]
    spread: np.ndarray = column + rng.uniform(-below[index], above[index])
    return spread


def _decided(X: np.ndarray, rng: np.random.Generator) -> Verdict:
    seen, tree = _evidence(X)
    draw = _references(X)
    drawn: dict[str, list[np.ndarray]] = {name: [] for name in REFERENCES}
    p_dip = 1.0
    for rounds in ROUNDS:
        for name in REFERENCES:
            while len(drawn[name]) < rounds:
                drawn[name].append(_evidence(draw[name](rng))[0])
        expected = {name: np.array(rows) for name, rows in drawn.items()}
        p_cut = {name: _p_cut(seen[:-1], rows[:, :-1]) for name, rows in expected.items()}
        p_valley = max(_p_larger(seen[-1], rows[:, -1], VALLEY_GRAIN) for rows in expected.values())
        excess = np.mean([_standardised(seen[:-1], rows[:, :-1]) for rows in expected.values()], axis=0)
        k = int(excess.argmax()) + 2
        if rounds == ROUNDS[0]:
            p_dip = _p_dip(X, cut_tree(tree, k))
        if _clear(max(p_cut.values()), p_valley, p_dip):
            break
    answer = _answer(max(p_cut.values()), p_valley, p_dip)
    means = np.array([_usual(rows[:, :-1]) for rows in expected.values()]).max(axis=0)
    return Verdict(
        answer,
        _sentence(answer, p_cut, p_valley, p_dip),
        p_cut["uniform"],
        p_cut["gaussian"],
        p_cut["skewed"],
        p_valley,
        p_dip,
        k,
        float(seen[k - 2]),
        float(seen[-1]),
        tuple(range(2, len(seen) + 1)),
        tuple(seen[:-1].tolist()),
        tuple(means.tolist()),
        len(X),
        X.shape[1],
        rounds,
    )


def _answer(p_cut: float, p_valley: float, p_dip: float) -> Answer:
    """From the chances of the cut (largest of the references), the valley and the dip."""
    compact = p_cut <= 0.05
    # A bent ridge has two modes on a line, and no valley.
    shallow = (p_valley <= 0.05 and p_dip <= 0.01) or (p_valley <= 0.02 and p_cut <= 1e-5)
    apart = p_valley <= 0.005 or shallow
    if p_valley <= 0.0005 or (compact and apart):
        return "segments"
    nearly = (compact and p_valley <= 0.05) or (p_cut <= 0.0005 and p_valley <= 0.1)
    if apart or p_dip <= 0.01 or nearly:
        return "weak"
    return "none"


def _clear(p_cut: float, p_valley: float, p_dip: float) -> bool:
    """Whether more draws will hardly change the answer."""
    nothing = p_valley > 0.25 and p_dip > 0.01
    return nothing or p_valley <= 1e-4 or (p_cut <= 0.005 and p_valley <= 0.001)


def _sentence(answer: Answer, p_cut: dict[str, float], p_valley: float, p_dip: float) -> str:
    worst = max(p_cut, key=lambda name: p_cut[name])
    cut = f"p = {p_cut[worst]:.2g} against the {worst} reference"
    gap = f"valley p = {p_valley:.2g}, dip p = {p_dip:.2g}"
    if answer == "segments":
        return f"There are segments: customers are missing between dense groups ({gap}; clean cut {cut})."
    if answer == "weak":
        return f"There may be segments, but the evidence is weak: groups are hardly apart ({gap}; clean cut {cut})."
    return (
        f"No segments: nothing shows gaps between groups ({gap}; clean cut {cut}), and a clustering cuts a "
        "continuum."
    )


def _evidence(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Silhouette of each cut of the Ward tree (-1 where a group is too small), the deepest valley; the tree."""
    pairs = pdist(X)
    tree = linkage(pairs, "ward")
    return np.append(_cut_silhouettes(squareform(pairs), tree), _valley(X, pairs)), tree


def _cut_silhouettes(distances: np.ndarray, tree: np.ndarray) -> np.ndarray:
    """Mean silhouettes for k = 2 to 10, from the distance sums to the groups of the finest cut."""
    n = len(distances)
    finest = cut_tree(tree, LARGEST_K)
    sums = distances @ np.eye(LARGEST_K)[finest]
    rows, scores = np.arange(n), np.full(LARGEST_K - 1, -1.0)
    for k in range(2, LARGEST_K + 1):
        labels = cut_tree(tree, k)
        sizes = np.bincount(labels)
        if sizes.min() < max(2, SMALLEST_SHARE * n):
            continue
        member = np.zeros((LARGEST_K, k))
        member[finest, labels] = 1
        totals = sums @ member
        within = totals[rows, labels] / (sizes[labels] - 1)
        totals /= sizes
        totals[rows, labels] = np.inf
        nearest = totals.min(axis=1)
        scores[k - 2] = ((nearest - within) / np.maximum(np.maximum(nearest, within), 1e-300)).mean()
    return scores


def _valley(X: np.ndarray, pairs: np.ndarray) -> float:
    """Depth in log density of the deepest valley, the mean of a fine and a coarse look."""
    n, d = X.shape
    nearest = cKDTree(X).query(X, max(NEIGHBOURS) + 1)[0]
    left, right = np.triu_indices(n, 1)
    depths = []
    for neighbours in NEIGHBOURS:
        core = nearest[:, neighbours]
        reach = np.maximum(pairs, np.maximum(core[left], core[right]))
        depths.append(_deepest(linkage(reach, "single"), max(5, int(SMALLEST_SHARE * n))))
    return d * float(np.mean(depths))


def _deepest(tree: np.ndarray, smallest: int) -> float:
    """Largest rise of log height from the lesser peak to where two groups of at least `smallest` rows merge."""
    n = len(tree) + 1
    size, peak, deepest = [1] * n, [np.inf] * n, 0.0
    heights = np.log(np.maximum(tree[:, 2], 1e-300)).tolist()
    for (a, b), height in zip(tree[:, :2].astype(int).tolist(), heights, strict=True):
        size.append(size[a] + size[b])
        if min(size[a], size[b]) >= smallest:
            deepest = max(deepest, height - max(peak[a], peak[b]))
        peak.append(min(peak[a], peak[b], height) if size[-1] >= smallest else np.inf)
    return deepest


def _references(X: np.ndarray) -> dict[str, Callable[[np.random.Generator], np.ndarray]]:
    """What draws a set like X without segments, of each kind."""
    n, d = X.shape
    axes = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)[2]
    along = (X - X.mean(axis=0)) @ axes.T
    low, high, deviation = along.min(axis=0), along.max(axis=0), along.std(axis=0)
    transformer = PowerTransformer()
    with warnings.catch_warnings():
        # Yeo-Johnson overflows on far values and says so; its best lambda is found all the same.
        warnings.simplefilter("ignore")
        normal = transformer.fit_transform(X)
    covariance = np.cov(normal, rowvar=False).reshape(d, d)
    margin = 0.5 * np.ptp(X, axis=0)
    floor, ceiling = X.min(axis=0) - margin, X.max(axis=0) + margin

    def skewed(rng: np.random.Generator) -> np.ndarray:
        drawn = rng.multivariate_normal(np.zeros(d), covariance, n, method="eigh")
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            back = transformer.inverse_transform(drawn)
        # Where a transform has no inverse the value is beyond all others.
        return np.clip(np.where(np.isnan(back), np.sign(drawn) * np.inf, back), floor, ceiling)

    return {
        "uniform": lambda rng: rng.uniform(low, high, (n, len(low))) @ axes,
        "gaussian": lambda rng: rng.normal(size=(n, len(low))) * deviation @ axes,
        "skewed": skewed,
    }


def _standardised(values: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Silhouettes at each k in standard deviations of the draws from their mean."""
    possible = np.where(drawn > -1, drawn, np.nan)
    usual = np.isfinite(possible).sum(axis=0) >= len(drawn) / 2
    result = np.full(values.shape, -10.0)
    center = np.nanmean(possible[:, usual], axis=0)
    scale = np.nanstd(possible[:, usual], axis=0, ddof=1) + SILHOUETTE_GRAIN
    result[..., usual] = np.where(values[..., usual] > -1, (values[..., usual] - center) / scale, -10.0)
    return result


def _usual(drawn: np.ndarray) -> np.ndarray:
    """Mean silhouette at each k over the draws that could be cut there; -1 where none could."""
    possible = drawn > -1
    count = np.maximum(possible.sum(axis=0), 1)
    means: np.ndarray = np.where(possible.any(axis=0), np.where(possible, drawn, 0).sum(axis=0) / count, -1.0)
    return means


def _p_cut(values: np.ndarray, drawn: np.ndarray) -> float:
    """Chance that a draw has a cut as far above the others at its k."""
    largest = _standardised(drawn, drawn).max(axis=1)
    return _p_larger(float(_standardised(values, drawn).max()), largest, SILHOUETTE_GRAIN)


def _p_larger(value: float, drawn: np.ndarray, grain: float) -> float:
    """Chance that one more draw is at least `value`."""
    m = len(drawn)
    scale = drawn.std(ddof=1) * np.sqrt(1 + 1 / m) + grain
    return float(t.sf((value - drawn.mean()) / scale, m - 1))


def _p_dip(X: np.ndarray, labels: np.ndarray) -> float:
    """Smallest chance of a dip of the principal components and of the lines between neighbours, corrected."""
    axes = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)[2]
    groups = [X[labels == group] for group in np.unique(labels)]
    within = sum(
        (len(g) - 1) * np.cov(g, rowvar=False).reshape(2 * X.shape[1:]) for g in groups if len(g) > 1
    )
    across = np.linalg.pinv(within / len(X))
    centers = np.array([group.mean(axis=0) for group in groups])
    neighbours = minimum_spanning_tree(squareform(pdist(centers))).tocoo()
    lines = [across @ (centers[a] - centers[b]) for a, b in zip(neighbours.row, neighbours.col, strict=True)]
    return min(1.0, 2 * min(_p_any(X, axes), _p_any(X, lines)))


def _p_any(X: np.ndarray, directions: "np.ndarray | list[np.ndarray]") -> float:
    """Bonferroni-corrected smallest chance over projections."""
    return min(dip_test(X @ direction) for direction in directions) * len(directions)
