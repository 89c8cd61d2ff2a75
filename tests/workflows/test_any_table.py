"""Whatever table is brought, a study ends with an answer or with one clear sentence."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import segmentation as sg
from segmentation.configs import conf_dir
from segmentation.data.customers import ROW, fingerprint
from segmentation.errors import InputError
from segmentation.evaluation import ByConsensus, ByPareto, BySilhouette, ByStability, Constraints
from segmentation.report import to_json
from segmentation.workflows import ValidationSettings, build_report

Draw = Callable[[np.random.Generator, int], np.ndarray]


def _category(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.choice(np.array(["north", "south", "West ", "1", None], dtype=object), n)


COLUMNS: dict[str, Draw] = {
    "amount": lambda rng, n: rng.normal(50, 12, n) + 40 * rng.integers(0, 3, n),
    "skewed": lambda rng, n: rng.lognormal(3, 2, n),
    "huge": lambda rng, n: rng.normal(0, 1e100, n),
    "tiny": lambda rng, n: 1e9 + rng.normal(0, 1e-6, n),
    "count": lambda rng, n: rng.poisson(0.7, n),
    "yes_no": lambda rng, n: rng.integers(0, 2, n),
    "nearly_never": lambda rng, n: (np.arange(n) == rng.integers(n)) * 1.0,
    "rating": lambda rng, n: rng.integers(1, 6, n),
    "code": lambda rng, n: rng.choice([101, 205, 3310, 90210], n),
    "constant": lambda rng, n: np.full(n, 7.0),
    "running_number": lambda rng, n: np.arange(n) + 1000,
    "holes": lambda rng, n: np.where(rng.random(n) < 0.6, np.nan, rng.normal(size=n)),
    "missing": lambda rng, n: np.full(n, np.nan),
    "category": _category,
    "free_text": lambda rng, n: np.array([f"text {i}" for i in rng.integers(0, 15, n)], dtype=object),
    "missing_text": lambda rng, n: np.full(n, None, dtype=object),
}
SHAPES = ("plain", "repeated", "far", "copies", "identical", "two")
ALGORITHMS, SCALERS = (
    sorted(path.stem for path in (conf_dir() / group).glob("*.yaml")) for group in ("algorithm", "scaler")
)
SIZES = (30, 31, 47, 90, 200, 450, 1_200, 2_100, 6_000)


@dataclass(frozen=True)
class Recipe:
    """How a table is made: what a failing example prints."""

    n: int
    columns: tuple[str, ...]
    shape: str
    seed: int
    algorithms: tuple[str, ...]
    scalers: tuple[str, ...]
    n_trials: int
    min_share: float
    rule: object = ByConsensus()

    def table(self) -> pd.DataFrame:
        """Make it."""
        rng = np.random.default_rng(self.seed)
        table = pd.DataFrame({f"{c}_{i}": COLUMNS[c](rng, self.n) for i, c in enumerate(self.columns)})
        numbers = list(table.select_dtypes("number"))
        table = table.astype({c: float if c in numbers else "str" for c in table})
        if self.shape == "repeated":
            table = table.iloc[rng.integers(0, max(3, self.n // 20), self.n)]
        elif self.shape == "far":
            for c in numbers:
                table.loc[:2, c] = table[c].mean() + 50 * table[c].std() + 1
        elif self.shape == "copies":
            table = pd.concat([table, table.add_suffix("_again")], axis=1)
        elif self.shape in ("identical", "two"):
            table = table.iloc[rng.integers(0, 1 + (self.shape == "two"), self.n)]
        return table.set_axis(pd.RangeIndex(self.n, name=ROW))


recipes = st.builds(
    Recipe,
    n=st.sampled_from(SIZES),
    columns=st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=6).map(tuple),
    shape=st.sampled_from(SHAPES),
    seed=st.integers(0, 9_999),
    algorithms=st.lists(st.sampled_from(ALGORITHMS), min_size=1, max_size=3, unique=True).map(tuple),
    scalers=st.lists(st.sampled_from(SCALERS), min_size=1, max_size=2, unique=True).map(tuple),
    n_trials=st.integers(4, 12),
    min_share=st.sampled_from([0.0, 0.01, 0.2]),
    rule=st.sampled_from([ByConsensus(), ByStability(), ByPareto(), BySilhouette()]),
)


wide = st.sampled_from(["amount", "yes_no", "skewed"])
more_columns_than_rows = st.builds(lambda recipe, c: replace(recipe, n=30, columns=(c,) * 50), recipes, wide)


def check(recipe: Recipe) -> sg.SegmentationResult | None:
    """Run the study; None where it ends with a sentence."""
    table = recipe.table()
    customers = sg.Customers(table, "generated", {}, (), fingerprint(table))
    try:
        found = sg.search(
            customers,
            sg.FeatureSet("all", "all"),
            recipe.algorithms,
            scalers=recipe.scalers,
            n_trials=recipe.n_trials,
            constraints=Constraints(min_share=recipe.min_share),
            selection=recipe.rule,
            validation=ValidationSettings(fits=3),
            seed=recipe.seed,
        )
    except InputError as error:
        said = str(error)
        assert len(said) < 1_000
        assert "\n" not in said
        assert "Error" not in said
        return None
    labels = found.labels.to_numpy()
    sizes = np.bincount(labels[labels >= 0])
    assert len(labels) == len(table)
    assert len(sizes) == found.scores.n_segments >= 2
    assert sizes.min() >= max(1, recipe.min_share * len(table))
    # What a trial failed of is a sentence too, and no exception.
    assert not found.leaderboard["failed"].str.contains("Error").any()
    assert found.evidence["size"].tolist() == sizes.tolist()
    assert found.evidence["jaccard"].dropna().between(0, 1).all()
    # Only a segment of a few customers can be in no sub-sample.
    assert found.evidence["jaccard"].notna().all() or recipe.min_share == 0
    assert np.isfinite(list(found.evaluated.metrics().values())).all()
    told = build_report(customers, found.evaluated, found.profiles, found.summary, {}, "", "")
    json.dumps(to_json(told), allow_nan=False)
    assert found.model.assign(table)["segment"].isin([-1, *range(len(sizes))]).all()
    return found


@pytest.mark.slow
@given(recipes | more_columns_than_rows)
# The three that are far away are a segment of their own, and not among the 2,000 rows that are drawn from.
@example(Recipe(6_000, ("amount", "amount"), "far", 1, ("kmeans",), ("standard",), 4, 0.0))
@settings(max_examples=25, derandomize=True)
def test_a_study_of_any_table_ends_with_an_answer_or_one_sentence(recipe: Recipe) -> None:
    check(recipe)
