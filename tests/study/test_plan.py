"""What a study begins with, trial by trial, and what the classes of the algorithms say of it."""

import numpy as np
import pandas as pd
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from segmentation.clustering import (
    DBSCAN,
    HDBSCAN,
    OPTICS,
    BisectingKMeans,
    Bounds,
    GaussianMixture,
    Hierarchical,
    KMeans,
    LatentClass,
    MeanShift,
    MiniBatchKMeans,
)
from segmentation.errors import InputError
from segmentation.features import FeatureSet
from segmentation.study import FROM_DATA, Configuration, PipelineFitter, SearchSpace


class Leaves(HDBSCAN):
    """An algorithm that nobody else knows of."""

    equivalent = KMeans
    from_data = {"cluster_selection_epsilon": lambda spaces: Bounds(0.1, float(np.ptp(spaces[0])))}  # noqa: RUF012

    def first_settings(self, X):
        return [{"cluster_selection_epsilon": 0.125}]

    def differs(self, X):
        return X.shape[1] > 2

    def kind(self, name):
        return f"{name}, from a tree"


ALGORITHMS = {
    "leaves": Leaves(),
    "optics": OPTICS(),
    "kmeans": KMeans(random_state=0),
    "gaussian_mixture": GaussianMixture(random_state=0),
    "latent_class": LatentClass(random_state=0),
    "hierarchical": Hierarchical(),
    "dbscan": DBSCAN(),
    "hdbscan": HDBSCAN(),
    "mean_shift": MeanShift(),
    "minibatch_kmeans": MiniBatchKMeans(random_state=0),
    "bisecting_kmeans": BisectingKMeans(random_state=0),
}
KS = IntDistribution(8, 9)
PARAMS = {
    "optics": {"min_samples": FROM_DATA, "xi": FloatDistribution(0.01, 0.2, log=True)},
    "kmeans": {"n_clusters": KS},
    "gaussian_mixture": {"n_clusters": KS, "covariance_type": CategoricalDistribution(("full", "diag"))},
    "latent_class": {"n_clusters": KS},
    "hierarchical": {"n_clusters": KS, "linkage": CategoricalDistribution(("ward", "single"))},
    "dbscan": {"eps": FROM_DATA, "min_samples": FROM_DATA},
    "hdbscan": {"min_cluster_size": FROM_DATA, "min_samples": FROM_DATA},
    "leaves": {"cluster_selection_epsilon": FROM_DATA},
    "mean_shift": {"bandwidth": FloatDistribution(0.2, 2.0, log=True)},
}
USUAL = tuple(name for name in PARAMS if name != "leaves")
PLAN = """
kmeans n_clusters=8
gaussian_mixture n_clusters=8 covariance_type=full
hierarchical n_clusters=8 linkage=ward
hdbscan min_cluster_size=5 min_samples=5
dbscan eps=0.220 min_samples=4
hdbscan min_cluster_size=7 min_samples=5
dbscan eps=0.172 min_samples=4
hdbscan min_cluster_size=7 min_samples=7
dbscan eps=0.309 min_samples=4
gaussian_mixture n_clusters=8 covariance_type=diag
hierarchical n_clusters=8 linkage=single
hdbscan min_cluster_size=11 min_samples=5
dbscan eps=0.146 min_samples=4
hdbscan min_cluster_size=11 min_samples=9
dbscan eps=0.190 min_samples=4
dbscan eps=0.263 min_samples=4
dbscan eps=0.155 min_samples=4
dbscan eps=0.201 min_samples=4
dbscan eps=0.334 min_samples=4
dbscan eps=0.194 min_samples=3
dbscan eps=0.146 min_samples=3
dbscan eps=0.294 min_samples=3
dbscan eps=0.115 min_samples=3
dbscan eps=0.157 min_samples=3
dbscan eps=0.243 min_samples=3
dbscan eps=0.127 min_samples=3
dbscan eps=0.167 min_samples=3
dbscan eps=0.316 min_samples=3
dbscan eps=0.345 min_samples=9
dbscan eps=0.276 min_samples=9
dbscan eps=0.451 min_samples=9
dbscan eps=0.227 min_samples=9
dbscan eps=0.293 min_samples=9
dbscan eps=0.396 min_samples=9
dbscan eps=0.240 min_samples=9
dbscan eps=0.318 min_samples=9
dbscan eps=0.481 min_samples=9
kmeans n_clusters=9
gaussian_mixture n_clusters=9 covariance_type=full
gaussian_mixture n_clusters=9 covariance_type=diag
hierarchical n_clusters=9 linkage=ward
hierarchical n_clusters=9 linkage=single
"""


def groups(n: int = 30, apart: float = 10.0, **columns) -> pd.DataFrame:
    """Three groups of n customers each."""
    rng = np.random.default_rng(0)
    X = np.vstack([rng.normal(c, 1, size=(n, 2)) for c in ((0, 0), (apart, 0), (0, apart))])
    return pd.DataFrame(X, columns=["a", "b"]).assign(**columns)


def fitter(table: pd.DataFrame, names=USUAL) -> PipelineFitter:
    space = SearchSpace(
        {"features": FeatureSet()},
        {"standard": StandardScaler()},
        {"none": FunctionTransformer()},
        {name: ALGORITHMS[name] for name in names},
        PARAMS,
    )
    return PipelineFitter(table, space, StandardScaler(), "standard")


def written(trial: dict) -> str:
    """A trial in words, as in PLAN."""
    values = {name.rpartition(".")[2]: v for name, v in trial.items() if "." in name}
    words = [f"{name}={v:.3f}" if isinstance(v, float) else f"{name}={v}" for name, v in values.items()]
    return " ".join([trial["algorithm"], *words])


def kind(made: PipelineFitter, algorithm: str, **params) -> str:
    """What a rule of choice takes a clustering for."""
    named = tuple((f"{algorithm}.{name}", value) for name, value in params.items())
    return made.candidate(0, Configuration("features", "standard", "none", algorithm, named)).algorithm


@pytest.fixture(scope="module")
def planned() -> PipelineFitter:
    return fitter(groups())


def test_the_plan_of_a_small_table(planned):
    assert [written(trial) for trial in planned.plan()] == PLAN.split("\n")[1:-1]


def test_the_bounds_that_its_rows_set(planned):
    params = planned.space.params
    radii = params["dbscan"]["eps"]
    assert (radii.low, radii.high, radii.log) == (pytest.approx(0.08657047), pytest.approx(0.48117642), True)
    assert params["dbscan"]["min_samples"] == IntDistribution(3, 9)
    assert params["hdbscan"] == {
        "min_cluster_size": IntDistribution(5, 11, log=True),
        "min_samples": IntDistribution(3, 9),
    }
    assert params["optics"]["min_samples"] == IntDistribution(3, 9)


def test_above_5000_rows_fewer_settings_of_what_takes_seconds_there():
    plan = [written(trial) for trial in fitter(groups(1_700), ("dbscan", "hdbscan")).plan()]
    sizes = [51, 51, 153, 153, 408, 408]
    assert [line for line in plan if line.startswith("hdbscan")] == [
        f"hdbscan min_cluster_size={size} min_samples={samples}"
        for size, samples in zip(sizes, (5, 17) * 3, strict=True)
    ]
    assert {line.split()[2] for line in plan if line.startswith("dbscan")} == {"min_samples=9"}
    assert len(plan) == 15


def test_a_latent_class_model_is_tried_where_it_is_more_than_a_diagonal_mixture(planned):
    assert "latent_class" not in planned.space.algorithms
    answers = np.tile([0.0, 1.0], 45)
    assert "latent_class" in fitter(groups(answer=answers)).space.algorithms
    assert "latent_class" in fitter(groups(), ("latent_class", "kmeans")).space.algorithms


@pytest.mark.parametrize("dense", ["optics", "dbscan", "hdbscan"])
def test_where_there_are_no_gaps_nothing_looks_for_density(dense):
    assert list(fitter(groups(60, apart=0.0), (dense, "mean_shift")).space.algorithms) == ["mean_shift"]


def test_algorithms_that_minimise_the_same_are_one_kind():
    made = fitter(groups(), ("kmeans", "minibatch_kmeans", "bisecting_kmeans", "hierarchical", "dbscan"))
    assert {kind(made, f"{name}kmeans") for name in ("", "minibatch_", "bisecting_")} == {"kmeans"}
    assert kind(made, "hierarchical", linkage="single") == "hierarchical single"
    assert kind(made, "hierarchical") == "hierarchical ward"
    assert kind(made, "dbscan") == "dbscan"


def test_a_new_algorithm_says_all_of_this_by_itself():
    alone = fitter(groups(), ("leaves", "dbscan"))
    assert alone.space.params["leaves"]["cluster_selection_epsilon"].low == 0.1
    assert written(alone.plan()[0]) == "leaves cluster_selection_epsilon=0.125"
    assert kind(alone, "leaves") == "leaves, from a tree"
    assert "leaves" not in fitter(groups(), ("leaves", "kmeans")).space.algorithms
    three = groups(spent=np.sin(np.arange(90)))
    assert "leaves" in fitter(three, ("leaves", "kmeans")).space.algorithms


def test_bounds_that_no_data_can_set_are_refused_before_any_is_read():
    with pytest.raises(
        InputError, match=r"space.hdbscan.cluster_selection_epsilon=from_data; only min_samples, eps"
    ):
        SearchSpace({}, {}, {}, {"hdbscan": HDBSCAN()}, {"hdbscan": {"cluster_selection_epsilon": FROM_DATA}})
