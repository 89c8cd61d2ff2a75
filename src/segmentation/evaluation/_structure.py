"""Whether segments are there by nature, come back in other samples, or are a choice of how to cut."""

from dataclasses import dataclass, fields
from typing import Literal, NamedTuple

import numpy as np
from scipy.stats import t
from threadpoolctl import threadpool_limits

from segmentation.clustering import cut_tree
from segmentation.evaluation._gaps import evidence, p_dip
from segmentation.evaluation._repeats import repeats
from segmentation.evaluation._structureless import Columns, Draws, columns, references

SAMPLE = 800
FEWEST = 20
LOOKS = (10, 20)
"""Samples, or ways to spread tied values, whose evidence is averaged: of many customers, of few."""
DIPS = 3
"""Of how many of them the dip is asked, which takes longest."""
ROUNDS = (6, 10, 16, 24, 32, 64, 128)
"""After so many draws of each reference it is asked whether more could change the answer."""
DRAWN = 32 * SAMPLE
"""Rows drawn of a reference at most: of small tables, which are drawn faster, there are more draws."""

# What differences are too small to mean anything, however alike the draws are: of silhouettes, log
# densities and adjusted Rand indices.
SILHOUETTE_GRAIN = 0.003
VALLEY_GRAIN = 0.025
STABILITY_GRAIN = 0.02
HALF = 0.5
"""A cut that comes back with less than this adjusted Rand index does not come back."""
PAIRS = 2
"""Halvings of each reference; the table itself is halved once for each look."""

STABLE = 0.02
"""Chance of so stable a cut without structure up to which segments are reproducible."""
Answer = Literal["natural", "reproducible", "constructive"]
SENTENCES: dict[Answer, str] = {
    "natural": "The segments are natural: there are gaps between groups of customers, which exist whoever looks",
    "reproducible": "The segments are reproducible: there are no clear gaps between the groups, but the same groups "
    "come back in other samples of customers",
    "constructive": "The segments are constructive: customers vary gradually, so the segments are a choice of how to "
    "cut; they are useful if they are stable, and another cut would be as true",
}


@dataclass(frozen=True)
class ClusteringTendency:
    """Which kind of segments a table has, and the evidence.

    The words are those of Dolnicar, Gruen and Leisch 2018 (Market Segmentation Analysis, chapter 2). Three questions
    are asked of a table and of tables like it without structure. *Compact*: is some cut into 2 to 10 groups
    cleaner? *Apart*: are there places between dense places where customers are missing, as a valley of the density
    or as two modes of a projection? *Stable*: does some cut into 2 to 8 groups come back in other customers more
    often? A continuum can pass the first (a triangle is cut cleanly) and chance can pass the second; natural
    segments pass both.

    Attributes
    ----------
    verdict : {"natural", "reproducible", "constructive"}
        `natural`, density clusters exist: compact (all four references rejected at 0.05) and apart (a valley at
        0.005, at 0.02 beside a cut at 0.00001, or at 0.05 with a dip at 0.01), or a valley that chance hardly makes
        (0.0005: rings and bands are apart and not compact). `reproducible`, no clear gaps: half of
        the customers gives the groups of the other half, at 0.02. `constructive`: neither; a clustering cuts a
        continuum. Fewer than 20 customers are too few to tell, and called so. The levels were set on generated
        tables without structure.
    sentence : str
        The answer in plain words.
    p_uniform, p_gaussian, p_skewed, p_bent : float
        Chance of so clean a cut in a uniform box, in a Gaussian of the same covariance, in a Gaussian pushed back
        through the columns' own Yeo-Johnson transforms, and along a parabola.
    p_valley : float
        Chance of so deep a valley in the references, the largest of the four.
    p_dip : float
        Dip test of the principal components and of the lines between neighbouring groups, Bonferroni-corrected.
    p_stability : float
        Chance of so stable a cut in the references, the largest of the four; 1 where the segments are natural, so
        that it was not asked.
    k : int
        Where the cut is cleanest, against the references; 0 where nothing could be cut.
    silhouette : float
        Silhouette of that cut.
    valley : float
        Depth of the deepest valley, in the logarithm of density (1 is a fall to 37 %).
    ks, silhouettes, expected : tuple
        For a figure: each k, the silhouette of the cut, and the highest mean of the references there.
    stabilities, stabilities_expected : tuple
        For a figure: for k = 2 to 8 how alike the cuts of two halves of the table are, and the highest mean of the
        references there; empty where it was not asked.
    rows, columns, draws : int
        How many customers and columns were looked at, and how many sets of each reference were drawn for the gaps.
    """

    verdict: Answer
    sentence: str
    p_uniform: float = 1.0
    p_gaussian: float = 1.0
    p_skewed: float = 1.0
    p_bent: float = 1.0
    p_valley: float = 1.0
    p_dip: float = 1.0
    p_stability: float = 1.0
    k: int = 0
    silhouette: float = 0.0
    valley: float = 0.0
    ks: tuple[int, ...] = ()
    silhouettes: tuple[float, ...] = ()
    expected: tuple[float, ...] = ()
    stabilities: tuple[float, ...] = ()
    stabilities_expected: tuple[float, ...] = ()
    rows: int = 0
    columns: int = 0
    draws: int = 0

    def tags(self) -> dict[str, str]:
        """The answer, for runs and registered versions."""
        return {"verdict": self.verdict, "verdict_sentence": self.sentence}

    def metrics(self) -> dict[str, float]:
        """The evidence: chances that data without segments looks so."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name.startswith("p_")}


def verdict(X: np.ndarray, seed: int = 0) -> ClusteringTendency:
    """Decide whether the segments of a table are natural, reproducible or constructive.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        The features in the yardstick space, without missing values. Beyond 800 rows a sample of 800 is looked at.
    seed : int, default=0
        Of the sample, the spreading of ties and the draws.

    Returns
    -------
    ClusteringTendency
        The same for rows in another order, and for columns in other units once they are standard-scaled.

    Notes
    -----
    Constant columns are dropped. Tied values (counts, rounded figures) are spread evenly over the place they stand
    for. Columns of up to ten values, and amounts of which a tenth or more is one value, make groups by themselves:
    the references have the same values in them, as often, by the ranks of numbers whose correlations are such that
    the answers correlate as in the table. Indicators of one category (never 1 together) stay one in the references.
    The dip is asked of the other columns alone. Where a sample is drawn or values are spread, the evidence is the
    mean of 10 to 20 such looks, so that a single one does not decide.

    Cuts are those of one Ward tree, each group at least 2 % of the rows; the statistic is the largest of their
    silhouettes, each in standard deviations from the reference's mean at that k. The valley is the largest rise of
    log density on the way between two groups of at least 2 % each, from the lesser peak: the merges of single
    linkage on mutual reachability at the 4th and at the 8th neighbour, averaged, times the number of columns
    (Campello et al. 2013; persistence, Chazal et al. 2013). Stability is the adjusted Rand index of k-means of two
    halves, 0.5 or more at a k where it is above all references (Dolnicar and Leisch 2010). References are drawn
    until the answer is clear, 6 of each kind and up to 32, of few customers 128, of those that matter; with so
    few, p-values are those of Student's t for one more draw. The parabola is that of the further principal
    components over the first, which has one mode there. Dip: Hartigan and Hartigan 1985.
    """
    X = np.asarray(X, dtype=float)
    X = X[np.lexsort(X.T[::-1])] if X.size else X
    n, d = len(X), int((np.ptp(X, axis=0) > 0).sum()) if len(X) else 0
    if n < FEWEST:
        words = f"Too few customers to tell: {n}, where {FEWEST} are needed; the segments are a choice of how to cut."
        return ClusteringTendency("constructive", words, rows=n, columns=d)
    if d == 0:
        return ClusteringTendency("constructive", f"All {n} customers are the same.", rows=n)
    with threadpool_limits(1):
        return _decided(X, seed)


def _look(X: np.ndarray, rng: np.random.Generator) -> Columns:
    """The columns that vary, split into amounts and items, of a sample."""
    if len(X) > SAMPLE:
        X = X[np.sort(rng.choice(len(X), SAMPLE, replace=False))]
    return columns(X[:, np.ptp(X, axis=0) > 0], rng)


def _decided(X: np.ndarray, seed: int) -> ClusteringTendency:
    looks = min(LOOKS[1], max(LOOKS[0], LOOKS[0] * SAMPLE // len(X)))
    tables = [_look(X, np.random.default_rng([seed, 1, look])) for look in range(looks)]
    tables = [table for table in tables if table.X.size]
    if not tables:
        return ClusteringTendency(
            "constructive", f"Hardly any of the {len(X)} customers differs from the others.", rows=len(X)
        )
    if len(X) <= SAMPLE and np.array_equal(tables[0].X, tables[-1].X) and not tables[0].items:
        # Nothing was drawn or spread, so all looks are the same.
        tables = tables[:1]
    rng = np.random.default_rng(seed)
    draw = references(tables[0])
    gaps = _gaps(tables, draw, rng)
    p_cut = max(gaps.p_cut.values())
    natural = _natural(p_cut, gaps.p_valley, gaps.p_dip)
    back = Back() if natural else _back(tables, draw, rng)
    answer: Answer = "natural" if natural else "reproducible" if back.p <= STABLE else "constructive"
    n, d = tables[0].X.shape
    return ClusteringTendency(
        answer,
        _sentence(answer, gaps, back),
        gaps.p_cut["uniform"],
        gaps.p_cut["gaussian"],
        gaps.p_cut["skewed"],
        gaps.p_cut["bent"],
        gaps.p_valley,
        gaps.p_dip,
        back.p,
        gaps.k,
        float(gaps.seen[gaps.k - 2]),
        float(gaps.seen[-1]),
        tuple(range(2, len(gaps.seen) + 1)),
        tuple(gaps.seen[:-1].tolist()),
        tuple(gaps.usual.tolist()),
        back.seen,
        back.usual,
        n,
        d,
        gaps.draws,
    )


class Gaps(NamedTuple):
    """How clean the cuts and how deep the valleys of a table are, beside its references."""

    p_cut: dict[str, float]
    p_valley: float
    p_dip: float
    k: int
    seen: np.ndarray
    usual: np.ndarray
    draws: int


class Back(NamedTuple):
    """Whether the cuts of a table come back in its other half, beside its references."""

    p: float = 1.0
    seen: tuple[float, ...] = ()
    usual: tuple[float, ...] = ()


def _gaps(tables: list[Columns], draw: Draws, rng: np.random.Generator) -> Gaps:
    looks = [evidence(table.spread(table.X, rng)) for table in tables]
    seen = _usual(np.array([look[0] for look in looks]))
    drawn: dict[str, list[np.ndarray]] = {name: [] for name in draw}
    asked, dips = set(draw), 1.0
    for rounds in _rounds(tables[0]):
        for name in sorted(asked):
            while len(drawn[name]) < rounds:
                drawn[name].append(evidence(tables[0].spread(draw[name](rng), rng))[0])
        expected = {name: np.array(rows) for name, rows in drawn.items()}
        p_cut = {name: _p_cut(seen[:-1], rows[:, :-1]) for name, rows in expected.items()}
        p_deep = {name: _p_larger(seen[-1], rows[:, -1], VALLEY_GRAIN) for name, rows in expected.items()}
        p_valley = max(p_deep.values())
        excess = [_standardised(seen[:-1], rows[:, :-1], SILHOUETTE_GRAIN) for rows in expected.values()]
        k = int(np.mean(excess, axis=0).argmax()) + 2
        if rounds == ROUNDS[0]:
            dips = _dips(tables[:DIPS], [cut_tree(tree, k) for _, tree in looks[:DIPS]])
        if _clear(max(p_cut.values()), p_valley, dips):
            break
        # The others would not change the largest chance.
        asked = {max(p_cut, key=lambda name: p_cut[name]), max(p_deep, key=lambda name: p_deep[name])}
    means = np.array([_usual(rows[:, :-1]) for rows in expected.values()]).max(axis=0)
    return Gaps(p_cut, p_valley, dips, k, seen, means, rounds)


def _back(tables: list[Columns], draw: Draws, rng: np.random.Generator) -> Back:
    seen = np.mean([repeats(tables[look % len(tables)].X, rng, 1) for look in range(LOOKS[0])], axis=0)
    # What comes back in less than half is not the same groups, however much more than nothing it is.
    able = np.where(seen >= HALF, seen, -1.0)
    drawn: dict[str, list[np.ndarray]] = {name: [] for name in draw}
    asked = set(draw)
    for rounds in _rounds(tables[0]):
        for name in sorted(asked):
            while len(drawn[name]) < rounds:
                drawn[name].append(repeats(draw[name](rng), rng, PAIRS))
        expected = {name: np.array(rows) for name, rows in drawn.items()}
        # At one k it has to be more than in each of the references.
        above = {name: _standardised(able, rows, STABILITY_GRAIN) for name, rows in expected.items()}
        k = int(np.min(list(above.values()), axis=0).argmax())
        most = {
            name: _standardised(rows, rows, STABILITY_GRAIN).max(axis=1) for name, rows in expected.items()
        }
        p = max(_p_larger(float(above[name][k]), most[name], 0.0) for name in draw)
        if p > 0.2 or p < 0.001:
            break
        asked = {min(above, key=lambda name: above[name][k])}
    means = np.max([rows.mean(axis=0) for rows in expected.values()], axis=0)
    return Back(p, tuple(seen.tolist()), tuple(means.tolist()))


def _rounds(table: Columns) -> list[int]:
    return [rounds for rounds in ROUNDS if rounds * len(table.X) <= DRAWN]


def _dips(tables: list[Columns], cuts: list[np.ndarray]) -> float:
    """The usual chance of a dip; of the amounts alone, for items have modes of their own, one at each answer."""
    if not all(table.amounts for table in tables):
        return 1.0
    chances = [
        p_dip(table.X[:, list(table.amounts)], labels) for table, labels in zip(tables, cuts, strict=True)
    ]
    return float(np.exp(np.mean(np.log(chances))))


def _natural(p_cut: float, p_valley: float, p_dip: float) -> bool:
    """From the chances of the cut (largest of the references), the valley and the dip."""
    return p_valley <= 0.0005 or (p_cut <= 0.05 and _apart(p_cut, p_valley, p_dip))


def _apart(p_cut: float, p_valley: float, p_dip: float) -> bool:
    # A bent ridge has two modes on a line, and no valley.
    shallow = (p_valley <= 0.05 and p_dip <= 0.01) or (p_valley <= 0.02 and p_cut <= 1e-5)
    return p_valley <= 0.005 or shallow


def _clear(p_cut: float, p_valley: float, p_dip: float) -> bool:
    """Whether more draws will hardly change the answer."""
    nothing = p_valley > 0.25 and p_dip > 0.01
    return nothing or p_valley <= 1e-4 or (p_cut <= 0.005 and p_valley <= 0.001)


def _sentence(answer: Answer, gaps: Gaps, back: Back) -> str:
    worst = max(gaps.p_cut, key=lambda name: gaps.p_cut[name])
    figures = f"valley p = {gaps.p_valley:.2g}, dip p = {gaps.p_dip:.2g}"
    again = "" if answer == "natural" else f", stability p = {back.p:.2g}"
    clean = f"clean cut p = {gaps.p_cut[worst]:.2g} against {worst} data"
    return f"{SENTENCES[answer]} ({figures}{again}; {clean})."


def _standardised(values: np.ndarray, drawn: np.ndarray, grain: float) -> np.ndarray:
    """Figures at each k in standard deviations of the draws from their mean."""
    possible = np.where(drawn > -1, drawn, np.nan)
    usual = np.isfinite(possible).sum(axis=0) >= len(drawn) / 2
    result = np.full(values.shape, -10.0)
    center = np.nanmean(possible[:, usual], axis=0)
    scale = np.nanstd(possible[:, usual], axis=0, ddof=1) + grain
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
    largest = _standardised(drawn, drawn, SILHOUETTE_GRAIN).max(axis=1)
    return _p_larger(float(_standardised(values, drawn, SILHOUETTE_GRAIN).max()), largest, SILHOUETTE_GRAIN)


def _p_larger(value: float, drawn: np.ndarray, grain: float) -> float:
    """Chance that one more draw is at least `value`."""
    m = len(drawn)
    # Draws that are all alike, of few distinct rows, tell by which side of them the figure lies.
    scale = max(drawn.std(ddof=1) * np.sqrt(1 + 1 / m) + grain, 1e-12)
    return float(t.sf((value - drawn.mean()) / scale, m - 1))
