from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler

from segmentation.clustering import BisectingKMeans, GaussianMixture, Hierarchical, KMeans
from segmentation.errors import InputError
from segmentation.features import FeatureSet
from segmentation.study import Configuration, PipelineFitter, SearchSpace
from segmentation.study import _fitter as module


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(50, 3)), columns=["a", "b", "c"])
    table.loc[3, "a"] = np.nan
    return table


def make(table, *, algorithms=None, **features):
    space = SearchSpace(
        features=features or {"all": FeatureSet()},
        scalers={"minmax": MinMaxScaler(), "standard": StandardScaler()},
        reducers={"none": FunctionTransformer(), "pca": PCA()},
        algorithms=algorithms or {"kmeans": KMeans(random_state=0)},
    )
    return PipelineFitter(table, space, StandardScaler(), "standard")


def test_the_pipeline_takes_raw_customers_and_repeats_the_labels(table):
    fitted = make(table).fit(Configuration("all", "minmax", "pca", "kmeans", (("pca.n_components", 2),)))
    assert fitted.X.shape == (50, 2)
    assert (fitted.pipeline.predict(table) == fitted.labels).all()
    assert fitted.pipeline.predict(table.iloc[[3]][["c", "b", "a"]]) == fitted.labels[3]


def test_the_yardstick_is_the_same_whatever_the_scaler(table):
    fitter = make(table)
    before = fitter.yardstick("all").X.copy()
    for scaler in ("minmax", "standard"):
        fitter.fit(Configuration("all", scaler, "none", "kmeans"))
    assert (before == fitter.yardstick("all").X).all()
    assert before.mean(axis=0) == pytest.approx(0)


def test_what_a_scaler_cannot_do_is_the_users_mistake(table):
    with pytest.raises(InputError, match="scaler=minmax, reducer=pca: n_components=9"):
        make(table).fit(Configuration("all", "minmax", "pca", "kmeans", (("pca.n_components", 9),)))


def test_each_linkage_is_a_kind_of_its_own_and_all_that_minimise_inertia_are_one(table):
    algorithms = {"kmeans": KMeans(), "bisecting_kmeans": BisectingKMeans(), "hierarchical": Hierarchical()}
    space = replace(make(table).space, algorithms=algorithms)
    fitter = PipelineFitter(table, space, StandardScaler(), "standard")

    def kind(algorithm, **params):
        own = tuple((f"{algorithm}.{name}", value) for name, value in params.items())
        return fitter.candidate(0, Configuration("all", "standard", "none", algorithm, own)).algorithm

    # Answers of one kind do not confirm each other.
    assert kind("kmeans") == kind("bisecting_kmeans")
    linkages = [kind("hierarchical", linkage=linkage) for linkage in ("ward", "average", "single")]
    assert len({kind("kmeans"), *linkages}) == 4


def test_customers_that_are_all_the_same_are_refused():
    table = pd.DataFrame({"a": ["x", "x"], "b": [1.0, np.nan]})
    with pytest.raises(InputError, match="constant"):
        make(table, one=FeatureSet(["b"])).features("one")


def test_matrices_beyond_the_bound_are_dropped(table, monkeypatch):
    monkeypatch.setattr(module, "CACHE_BYTES", 50 * 3 * 8 + 1)
    fitter = make(table)
    spaces = [Configuration("all", scaler, "none", "kmeans") for scaler in ("minmax", "standard")]
    first = fitter.model_space(spaces[0])[2]
    assert fitter.model_space(spaces[0])[2] is first
    fitter.model_space(spaces[1])
    assert fitter.model_space(spaces[0])[2] is not first


def test_a_configuration_is_clustered_once_and_says_what_its_algorithm_says(table, monkeypatch):
    fitter = make(table)
    asked = Configuration("all", "standard", "none", "kmeans", (("kmeans.n_clusters", 3),))
    found = fitter.cluster(asked)
    assert fitter.cluster(asked) is found
    assert set(found.own) == {"inertia"}
    assert found.scores.inertia == pytest.approx(found.own["inertia"])
    # Beyond the bound, labels are dropped and fitted again when they are asked for: the same ones.
    monkeypatch.setattr(module, "CACHE_BYTES", 1)
    fitter.cluster(Configuration("all", "minmax", "none", "kmeans"))
    again = fitter.cluster(asked)
    assert again is not found
    assert (again.labels == found.labels).all()


def test_the_model_of_a_clustering_is_the_one_that_was_fitted_then(table, monkeypatch):
    fitter = make(table, algorithms={"hierarchical": Hierarchical(3)})
    configuration = Configuration("all", "minmax", "none", "hierarchical")
    labels = fitter.cluster(configuration).labels
    model = fitter.fit(configuration)
    assert model.algorithm is fitter.fit(configuration).algorithm
    assert (model.labels == labels).all()

    # What takes too much memory is fitted again, with the same answer.
    monkeypatch.setattr(module, "CACHE_BYTES", 1)
    fitter.cluster(Configuration("all", "standard", "none", "hierarchical"))
    again = fitter.fit(configuration)
    assert again.algorithm is not model.algorithm
    assert (again.labels == labels).all()


def test_what_several_configurations_begin_at_is_fitted_once(table, monkeypatch):
    means = KMeans(max_starts=100, random_state=0)
    tried = {"kmeans": means, "mixture": GaussianMixture(random_state=0), "tree": Hierarchical()}
    fitter = make(table, algorithms=tried)

    def configuration(algorithm, **params):
        own = {"n_clusters": 3, **params}
        return Configuration(
            "all", "standard", "none", algorithm, tuple((f"{algorithm}.{name}", v) for name, v in own.items())
        )

    fits = []
    for kind in (KMeans, Hierarchical):
        learn = kind._learn

        def counted(self, *args, learn=learn, **options):
            fits.append((type(self).__name__, self.n_clusters, len(args[0])))
            return learn(self, *args, **options)

        monkeypatch.setattr(kind, "_learn", counted)
    X = fitter.model_space(configuration("kmeans"))[2]
    rows = np.arange(40)
    for shape in ("full", "diag"):
        asked = configuration("mixture", covariance_type=shape)
        alone = GaussianMixture(3, covariance_type=shape, random_state=0)
        np.testing.assert_array_equal(fitter.cluster(asked).labels, alone.fit(X).labels_)
        np.testing.assert_array_equal(fitter.refit(asked, rows), alone.fit(X[rows]).labels_)
    fits.clear()
    fitter.cluster(configuration("kmeans"))
    fitter.refit(configuration("kmeans"), rows)
    assert fits == []
    fitter.cluster(configuration("kmeans", n_init=2))
    assert fits == [("KMeans", 3, 50)]
    fits.clear()
    for k in (2, 3, 4):
        fitter.cluster(configuration("tree", n_clusters=k))
    assert fits == [("Hierarchical", k, 50) for k in (1, 2, 3, 4)]


def test_centres_that_are_given_are_begun_at(table):
    X = make(table).model_space(Configuration("all", "standard", "none", "kmeans"))[2]
    fitter = make(table, algorithms={"kmeans": KMeans(3, init=X[[0, 1, 2]], n_init=1)})
    other = make(table, algorithms={"kmeans": KMeans(3, init=X[[7, 8, 9]], n_init=1)})
    asked = Configuration("all", "standard", "none", "kmeans")
    for found, begin in ((fitter, [0, 1, 2]), (other, [7, 8, 9])):
        np.testing.assert_array_equal(
            found.cluster(asked).labels, KMeans(3, init=X[begin], n_init=1).fit(X).labels_
        )
