from dataclasses import replace

import numpy as np
import optuna
import pandas as pd
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from scipy.spatial.distance import cdist
from sklearn.decomposition import PCA
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler

from segmentation.clustering import DBSCAN, HDBSCAN, Hierarchical, KMeans
from segmentation.errors import InputError
from segmentation.evaluation import BySilhouette, Constraints
from segmentation.features import FeatureSet
from segmentation.study import (
    FROM_DATA,
    PipelineFitter,
    SearchSpace,
    StudySettings,
    curves_over_k,
    leaderboard,
    open_study,
    parameter_importance,
    parameter_table,
    run_search,
    trials_of,
)


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = np.vstack([rng.normal(c, 1, size=(30, 2)) for c in ((0, 0), (10, 0), (0, 10))])
    return pd.DataFrame(X, columns=["a", "b"])


def space(**params):
    return SearchSpace(
        features={"both": FeatureSet()},
        scalers={"standard": StandardScaler(), "minmax": MinMaxScaler()},
        reducers={"none": FunctionTransformer(), "pca": PCA(2)},
        algorithms={"kmeans": KMeans(random_state=0), "dbscan": DBSCAN()},
        params=params
        or {
            "kmeans": {"n_clusters": IntDistribution(2, 6), "n_init": 3},
            "dbscan": {"eps": FloatDistribution(0.05, 2.0, log=True), "min_samples": IntDistribution(3, 8)},
            "pca": {"whiten": CategoricalDistribution((True, False))},
        },
    )


def fitter(table, made=None):
    return PipelineFitter(table, made or space(), StandardScaler(), "standard", seed=0)


def search(n_trials=20, storage=None, name="s", **others):
    settings = {"seed": 0, "sampler": "tpe", "timeout": None, "constraints": Constraints()}
    return StudySettings(n_trials=n_trials, storage=storage, name=name, **{**settings, **others})


def run(table, settings, made=None, seen=None):
    def record(outcome, labels):
        if seen is not None:
            seen.append((outcome, labels))

    study = open_study(settings, {"data": "d", "space": "s"})
    return run_search(fitter(table, made), settings, study, record)


def winner(study):
    return BySilhouette().select(study.candidates("both"), study.field("both"), Constraints())


def test_every_k_is_visited_once_before_the_sampler_chooses(table):
    study = run(table, search(12))
    first = [o.configuration for o in study.outcomes[:5]]
    assert [c.params_of("kmeans")["n_clusters"] for c in first] == [2, 3, 4, 5, 6]
    assert {(c.scaler, c.algorithm) for c in first} == {("standard", "kmeans")}
    assert winner(study).winner == 1
    assert curves_over_k(study, "both").query("algorithm == 'kmeans'")["k"].tolist() == [2, 3, 4, 5, 6]


def test_the_same_seed_repeats_the_study_and_another_does_not(table):
    first, second = run(table, search(25)), run(table, search(25))
    assert [o.configuration for o in first.outcomes] == [o.configuration for o in second.outcomes]
    assert [o.scores for o in first.outcomes] == [o.scores for o in second.outcomes]
    other = run(table, search(25, seed=1))
    assert [o.configuration for o in other.outcomes] != [o.configuration for o in first.outcomes]


def test_parameters_belong_to_the_options_that_were_chosen(table):
    for outcome in run(table, search(30)).outcomes:
        c = outcome.configuration
        expected = {"kmeans": {"n_clusters", "n_init"}, "dbscan": {"eps", "min_samples"}}[c.algorithm]
        assert set(c.params_of(c.algorithm)) == expected
        assert set(c.params_of("pca")) == ({"whiten"} if c.reducer == "pca" else set())


def test_degenerate_and_failed_trials_are_told_apart_and_end_nothing(table):
    made = space(
        kmeans={"n_clusters": IntDistribution(89, 92)}, dbscan={"eps": FloatDistribution(50.0, 60.0)}
    )
    seen = []
    study = run(table, search(12, sampler="random"), made, seen)
    assert len(study.outcomes) == 12
    counts = study.counts()
    assert counts["degenerate"] > 0 and counts["failed"] > 0
    for outcome, labels in seen:
        if outcome.state == "failed":
            assert labels is None and "n_clusters" in outcome.reason
        if outcome.configuration.algorithm == "dbscan":
            assert outcome.reason == "one segment holds all customers"
            assert outcome.scores.silhouette == -1
            assert len(labels) == 90
    assert winner(study) is None


def test_a_study_is_resumed_where_it_stopped(table, tmp_path):
    journal = str(tmp_path / "deep" / "studies.journal")
    begun = run(table, search(8, journal))
    seen = []
    resumed = run(table, search(14, journal), seen=seen)
    assert [outcome.number for outcome, _ in seen] == list(range(8, 14))
    assert resumed.outcomes[:8] == begun.outcomes
    # Nothing is left to do: the budget counts what was done.
    seen.clear()
    assert len(run(table, search(14, journal), seen=seen).outcomes) == 14
    assert not seen
    # The sampler goes on instead of proposing its first points again.
    tried = [o.configuration for o in resumed.outcomes]
    assert tried[8:] != tried[:6]


def test_a_killed_trial_does_not_stay_running(table, tmp_path):
    journal = str(tmp_path / "studies.journal")
    settings = search(3, journal)
    study = open_study(settings, {"data": "d", "space": "s"})
    study.ask()
    run(table, settings)
    states = [t.state for t in open_study(settings, {"data": "d", "space": "s"}).trials]
    assert optuna.trial.TrialState.RUNNING not in states
    assert len(states) == 4


def test_another_data_set_is_not_mixed_into_a_study(tmp_path):
    settings = search(3, str(tmp_path / "studies.journal"), "mine")
    open_study(settings, {"data": "one", "space": "s"})
    with pytest.raises(InputError, match="'mine' was made with another data"):
        open_study(settings, {"data": "two", "space": "s"})


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        ({"n_trials": 0}, "search.n_trials is 0"),
        ({"timeout": -1}, "search.timeout is -1"),
        ({"sampler": "tpee"}, "did you mean 'tpe'"),
    ],
)
def test_settings_that_cannot_be_are_refused(bad, sentence):
    with pytest.raises(InputError, match=sentence):
        search(**bad)


def test_a_storage_that_cannot_be_opened_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="search.storage=.* cannot be opened"):
        open_study(search(3, str(tmp_path / "file" / "studies.journal")), {})


def test_a_parameter_that_an_option_does_not_have_is_refused():
    with pytest.raises(InputError, match="search.space.kmeans has no parameter 'n_cluster'; did you mean"):
        space(kmeans={"n_cluster": IntDistribution(2, 4)})


def test_brute_force_ends_by_itself(table):
    made = SearchSpace(
        {"both": FeatureSet()},
        {"standard": StandardScaler()},
        {"none": FunctionTransformer()},
        {"kmeans": KMeans(random_state=0)},
        {"kmeans": {"n_clusters": IntDistribution(2, 5)}},
    )
    study = run(table, search(50, sampler="brute_force"), made)
    assert sorted(o.scores.n_segments for o in study.outcomes) == [2, 3, 4, 5]


def test_a_timeout_ends_the_search(table):
    assert 1 <= len(run(table, search(100_000, timeout=0.3)).outcomes) < 100_000


def test_the_leaderboard_says_which_test_each_candidate_failed(table):
    study = run(table, search(60))
    chosen = winner(study)
    board = leaderboard(study, chosen)
    assert board["trial"].iloc[0] == chosen.winner
    assert pd.isna(board["failed"].iloc[0])
    assert len(board) == 60
    degenerate = board[board["state"] == "degenerate"]
    assert len(degenerate) and degenerate["failed"].notna().all()
    assert board["rank"].is_monotonic_increasing


def test_views_for_the_plots(table):
    study = run(table, search(25))
    parameters = parameter_table(study)
    assert {"scaler", "algorithm", "kmeans.n_clusters", "dbscan.eps", "objective"} <= set(parameters)
    assert parameters["dbscan.eps"].isna().any()
    importance = parameter_importance(study)
    assert sum(importance.values()) == pytest.approx(1)
    assert parameter_importance(run(table, search(1))) == {}


@pytest.fixture(scope="module")
def from_data():
    return space(
        kmeans={"n_clusters": IntDistribution(2, 6)},
        hierarchical={
            "n_clusters": IntDistribution(2, 5),
            "linkage": CategoricalDistribution(("ward", "single")),
        },
        dbscan={"eps": FROM_DATA, "min_samples": FROM_DATA},
        hdbscan={"min_cluster_size": FROM_DATA, "min_samples": FROM_DATA},
    )


@pytest.fixture(scope="module")
def planned(table, from_data):
    more = {"hierarchical": Hierarchical(), "hdbscan": HDBSCAN()}
    return fitter(table, replace(from_data, algorithms={**from_data.algorithms, **more}))


class TestPlan:
    def test_every_k_of_every_algorithm_is_there_and_each_trial_once(self, planned):
        plan = planned.plan()
        assert [t["kmeans.n_clusters"] for t in plan[:9:2]] == [2, 3, 4, 5, 6]
        assert [t["hierarchical.n_clusters"] for t in plan[1:8:2]] == [2, 3, 4, 5]
        cuts = {
            (t["hierarchical.n_clusters"], t["hierarchical.linkage"])
            for t in plan
            if "hierarchical.linkage" in t
        }
        assert cuts == {(k, linkage) for k in range(2, 6) for linkage in ("ward", "single")}
        # Whatever the number of trials, kinds that find the number of segments themselves come early.
        assert {"dbscan", "hdbscan"} <= {t["algorithm"] for t in plan[9:15]}
        assert len({tuple(sorted(t.items())) for t in plan}) == len(plan)
        assert {t["scaler"] for t in plan} == {"standard"}

    def test_beyond_a_handful_of_segments_everything_comes_later(self, table):
        radii = {"eps": FROM_DATA, "min_samples": FROM_DATA}
        wide = fitter(table, space(kmeans={"n_clusters": IntDistribution(2, 12)}, dbscan=radii))
        numbers = [t.get("kmeans.n_clusters", 0) for t in wide.plan()]
        assert numbers[:7] == list(range(2, 9))
        assert numbers[-4:] == [9, 10, 11, 12]
        assert set(numbers[7:-4]) == {0}

    def test_where_there_are_no_gaps_nothing_looks_for_dense_places_or_many_segments(self):
        rng = np.random.default_rng(0)
        even = pd.DataFrame(rng.uniform(size=(200, 2)), columns=["a", "b"])
        tried = space(kmeans={"n_clusters": IntDistribution(2, 20)}, dbscan={"eps": FROM_DATA})
        found = fitter(even, tried)
        assert not found.natural
        assert "dbscan" not in found.space.algorithms
        assert [t["kmeans.n_clusters"] for t in found.plan()] == list(range(2, 11))
        # What was asked for alone is tried all the same.
        alone = fitter(even, replace(tried, algorithms={"dbscan": tried.algorithms["dbscan"]}))
        assert list(alone.space.algorithms) == ["dbscan"]

    def test_where_nobody_says_how_many_the_sampler_has_a_tenth_more(self, planned):
        assert trials_of(planned, search(None)) == round(1.1 * len(planned.plan()))
        assert trials_of(planned, search(7)) == 7
        assert trials_of(planned, search(None, sampler="random")) == trials_of(planned, search(None))

    def test_the_bounds_that_the_data_sets_hold_what_is_planned(self, planned):
        params = planned.space.params
        eps, samples = params["dbscan"]["eps"], params["dbscan"]["min_samples"]
        radii = [t["dbscan.eps"] for t in planned.plan() if "dbscan.eps" in t]
        assert len(radii) > 10
        assert all(eps.low <= radius <= eps.high for radius in radii)
        # log(90) is 4.5.
        assert (samples.low, samples.high) == (3, 9)
        sizes = params["hdbscan"]["min_cluster_size"]
        assert (sizes.low, sizes.high) == (5, 11)

    def test_radii_make_core_rows_of_these_shares_of_the_customers(self, planned, table):
        X = StandardScaler().fit_transform(table)
        # About log(90) customers make a core, the customer itself among them.
        distances = np.sort(cdist(X, X), axis=1)[:, 3]
        trials = [t for t in planned.plan() if t.get("dbscan.min_samples") == 4]
        shares = [np.mean(distances <= t["dbscan.eps"]) for t in trials]
        assert shares == pytest.approx([0.9, 0.7, 0.98, 0.5, 0.8, 0.95, 0.6, 0.85, 0.995], abs=0.012)

    def test_a_study_begins_with_the_plan_as_it_is(self, planned):
        settings = search(200)
        study = run_search(planned, settings, open_study(settings, {}), lambda outcome, labels: None)
        plan = planned.plan()
        for outcome, trial in zip(study.outcomes, plan, strict=False):
            assert outcome.configuration.algorithm == trial["algorithm"]
            params = {k: v for k, v in trial.items() if "." in k}
            assert dict(outcome.configuration.params) == params
        assert study.counts()["failed"] == 0
        assert winner(study) is not None

    def test_radii_follow_the_units_of_the_data(self, table, from_data):
        def radius(scale):
            found = PipelineFitter(
                table * scale,
                replace(from_data, scalers={"none": FunctionTransformer()}),
                StandardScaler(),
                "s",
            )
            return found.space.params["dbscan"]["eps"]

        assert radius(1000.0).low == pytest.approx(1000 * radius(1.0).low)

    def test_what_data_cannot_tell_is_refused(self, table):
        with pytest.raises(InputError, match=r"search.space.kmeans.n_init=from_data; only min_samples"):
            fitter(table, space(kmeans={"n_init": FROM_DATA}))

    def test_a_grid_is_left_to_its_sampler(self, table):
        study = run(
            table, search(3, sampler="brute_force"), space(kmeans={"n_clusters": IntDistribution(2, 4)})
        )
        assert len(study.outcomes) == 3


def test_a_study_for_several_scores_keeps_all_of_them(table):
    study = run(table, search(30, objectives=("silhouette", "noise_share")))
    scores = {o.number: o.scores for o in study.outcomes}
    for trial in study.record.trials:
        found = scores[trial.number]
        expected = (found.silhouette, found.noise_share) if not found.degenerate else (-1.0, 1.0)
        assert tuple(trial.values) == pytest.approx(expected)
    assert study.record.best_trials
    assert parameter_table(study)["objective"].max() <= 1
    assert sum(parameter_importance(study).values()) == pytest.approx(1)


def test_a_trial_is_fitted_again_to_some_rows(table):
    study = run(table, search(12))
    field = study.field("both")
    rows = np.arange(0, 90, 2)
    for candidate in study.candidates("both")[:5]:
        labels = field.refit(candidate.number, rows)
        assert labels.shape == rows.shape
        assert len(set(labels)) == candidate.asked
    three = study.candidates("both")[1]
    again = field.refit(three.number, rows)
    assert len(set(zip(again, three.labels[rows], strict=True))) == 3


def test_features_and_spaces_are_computed_once(table, monkeypatch):
    fits = []
    original = FeatureSet.fit
    monkeypatch.setattr(FeatureSet, "fit", lambda self, *a, **k: fits.append(1) or original(self, *a, **k))
    run(table, search(15))
    assert len(fits) == 1
