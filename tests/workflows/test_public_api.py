"""What a notebook has of `import segmentation`."""

import doctest
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hydra import compose, initialize_config_dir
from optuna.distributions import CategoricalDistribution
from sklearn.preprocessing import RobustScaler

import segmentation as sg
from segmentation.clustering import DBSCAN, GaussianMixture, KMeans
from segmentation.commands._config import build, dimension, parse
from segmentation.configs import conf_dir
from segmentation.evaluation import BySilhouette, Constraints
from segmentation.workflows import _fit, _results, _search, default_profiling, default_space, option
from segmentation.workflows._defaults import ALGORITHMS, SCALERS

PLANE = ["annual_income", "spending_score"]


@pytest.fixture(scope="module")
def mall() -> sg.Customers:
    return sg.Demo(n_customers=120).read()


@pytest.fixture(scope="module")
def fitted(mall: sg.Customers) -> sg.SegmentationResult:
    return sg.fit(mall, PLANE, KMeans(5), value="annual_income")


@pytest.fixture(scope="module")
def searched(mall: sg.Customers) -> sg.SegmentationResult:
    return sg.search(mall, PLANE, ["kmeans"], scalers=["standard"], k=(2, 6), n_trials=5)


def test_the_examples_of_the_docstrings_are_true() -> None:
    ran = [doctest.testmod(module) for module in (_fit, _results, _search)]
    assert min(found.attempted for found in ran) >= 3
    assert not any(found.failed for found in ran)


def test_everything_promised_is_there_and_nothing_else_pretends_to_be() -> None:
    assert all(getattr(sg, name) is not None for name in sg.__all__)
    with pytest.raises(AttributeError, match="no attribute 'fitt'"):
        _ = sg.fitt


def test_importing_the_package_imports_nothing_heavy() -> None:
    program = (
        "import segmentation, sys; print({'pandas', 'sklearn', 'mlflow', 'yaml'} & set(sys.modules) or '')"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""


def test_a_notebook_needs_neither_hydra_nor_mlflow() -> None:
    program = (
        "import sys, segmentation as sg\n"
        "sg.fit, sg.search, sg.Demo, sg.FeatureSet\n"
        "print({'hydra', 'omegaconf', 'mlflow'} & set(sys.modules) or '')"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""


@pytest.mark.parametrize("seed", [0, 7])
def test_options_read_without_hydra_are_those_that_hydra_makes(seed: int) -> None:
    groups = ("algorithm", "scaler", "reducer", "naming", "playbook", "attractiveness")
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        for group in groups:
            for name in sorted(path.stem for path in (conf_dir() / group).glob("*.yaml")):
                made = build(compose(overrides=[f"+{group}@node={name}", f"+seed={seed}"]).node, group)
                assert repr(option(group, name, seed)) == repr(made), f"{group}={name}"


def test_the_default_space_is_that_of_a_sweep() -> None:
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        search = compose("sweep").search
    space = default_space(sg.FeatureSet(PLANE))
    assert tuple(parse("", search.algorithm).list) == ALGORITHMS == tuple(space.algorithms)
    assert tuple(parse("", search.scaler).list) == SCALERS == tuple(space.scalers)
    space = default_space(sg.FeatureSet(PLANE), [name for name in search.space if name != "pca"])
    for name, params in space.params.items():
        wanted = {key: dimension("", value) for key, value in search.space[name].items()}
        assert params == wanted
    assert build(search.constraints, "") == Constraints()


def test_a_fit_is_that_of_the_command(
    segment: Callable[..., Any], client: Any, tmp_path: Path, fitted: sg.SegmentationResult
) -> None:
    result = segment("fit", "data.n_customers=120", "value=annual_income", "print=json").json()
    path = client.download_artifacts(result["run_id"], "segments/assignments.csv", str(tmp_path))
    assert pd.read_csv(path, index_col=0)["segment"].to_list() == fitted.labels.to_list()
    assert [s["name"] for s in result["segments"]] == list(fitted.names.values())
    assert [s["rank"] for s in result["segments"]] == fitted.ranking["rank"].sort_index().to_list()
    assert result["scores"]["silhouette_yardstick"] == pytest.approx(fitted.scores.silhouette)


def test_a_search_answers_what_a_sweep_answers(searched: sg.SegmentationResult) -> None:
    assert searched.verdict.verdict == "natural"
    assert searched.scores.n_segments == 5
    assert "Trial" in searched.reason
    assert searched.leaderboard["k"].to_list()[0] == 5
    assert searched.evidence["jaccard"].min() > 0.75
    assert searched.ranking["stability"].notna().all()
    assert {"structure", "silhouette_over_k", "segment_stability"} <= set(searched.figures())


def test_the_preparation_of_columns_is_at_hand(mall: sg.Customers, fitted: sg.SegmentationResult) -> None:
    found = sg.fit(mall, PLANE, KMeans(5), scaler="auto")
    assert found.preparation["treatment"].to_list() == ["standardised", "standardised"]
    assert found.labels.equals(fitted.labels)
    # There the scaler and the columns were named.
    assert fitted.preparation is None


def test_figures_show_themselves_in_notebooks_under_the_names_of_segments(
    fitted: sg.SegmentationResult,
) -> None:
    figure = fitted.figures()["segment_sizes"]
    assert figure._repr_png_().startswith(b"\x89PNG")
    said = {text.get_text().replace("\n", " ") for text in figure.findobj(lambda a: hasattr(a, "get_text"))}
    assert any("high income, low spending" in text for text in said)


def test_the_report_is_one_page_or_a_folder(fitted: sg.SegmentationResult, tmp_path: Path) -> None:
    page = fitted.report(tmp_path / "report.html").read_text(encoding="utf-8")
    assert "high income, high spending" in page
    assert "segmentation.fit(customers" in page
    folder = fitted.report(tmp_path / "out")
    assert {"report.html", "report.md", "rules.sql", "segments.csv", "segments.json"} <= {
        path.name for path in folder.iterdir()
    }


def test_the_model_puts_new_customers_into_the_segments(
    fitted: sg.SegmentationResult, mall: sg.Customers
) -> None:
    new = mall.table.head(3).assign(annual_income=[20.0, 500.0, 60.0])
    assigned = fitted.model.assign(new)
    assert set(assigned["segment_name"]) <= set(fitted.names.values())
    assert assigned["outside"].to_list() == [False, True, False]


def test_names_may_be_given_and_categories_and_other_scalers_used(mall: sg.Customers) -> None:
    found = sg.fit(
        mall, [*PLANE, "gender"], GaussianMixture(4, n_init=1), scaler=RobustScaler(), rename={"x": "y"}
    )
    assert found.profile.features == (*PLANE, "gender")
    assert "RobustScaler" in found.call
    words = {"rename": {"high earnings, low spending": "Careful"}, "called": {"annual_income": "earnings"}}
    own = sg.fit(mall, PLANE, KMeans(5), **words)
    assert {"Careful", "low earnings, high spending"} <= set(own.names.values())


def test_customers_in_no_segment_have_a_name_and_advice_that_new_ones_get_too(mall: sg.Customers) -> None:
    found = sg.fit(mall, PLANE, DBSCAN(eps=0.4, min_samples=5), value="annual_income")
    assert found.names[-1].startswith("exceptional: ")
    assert -1 in {r.segment for r in found.recommendations}
    assert -1 not in found.ranking.index
    nobody = pd.DataFrame({"annual_income": [1e6], "spending_score": [1e6]})
    assert found.model.assign(nobody)["segment_name"].tolist() == [found.names[-1]]
    all_in = sg.fit(mall, PLANE, DBSCAN(eps=5.0, min_samples=5))
    assert -1 not in all_in.names
    assert all_in.model.assign(nobody)["segment_name"].tolist() == ["exceptional: unlike any segment"]


def test_all_noise_is_a_result(mall: sg.Customers) -> None:
    found = sg.fit(mall, PLANE, DBSCAN(eps=0.001, min_samples=5))
    assert found.names == {-1: "noise"}
    assert "0 segments of 120" in repr(found)
    assert found.recommendations == ()
    assert "segment_separation" in found.figures()


def test_another_rule_and_another_space_are_taken(mall: sg.Customers) -> None:
    space = {
        "gaussian_mixture": {"covariance_type": CategoricalDistribution(("tied", "spherical")), "n_init": 2}
    }
    found = sg.search(
        mall,
        sg.FeatureSet(PLANE, log="all"),
        ["gaussian_mixture"],
        scalers=["none"],
        k=(2, 3),
        space=space,
        n_trials=4,
        sampler="brute_force",
        selection=BySilhouette(),
    )
    assert found.evaluated.configuration.scaler == "none"
    assert set(found.leaderboard["params"].str.extract(r"covariance_type=(\w+)")[0]) <= {"tied", "spherical"}
    assert "highest silhouette" in found.reason


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda mall: sg.fit(mall.table, PLANE, KMeans(3)), "customers is a DataFrame; valid is what Demo"),
        (lambda mall: sg.fit(mall, ["anual_income"], KMeans(3)), "did you mean 'annual_income'"),
        (lambda mall: sg.fit(mall, [], KMeans(3)), "features is empty"),
        (
            lambda mall: sg.fit(mall, PLANE, "kmeans"),
            "algorithm is str; valid are those of segmentation.clustering",
        ),
        (lambda mall: sg.fit(mall, PLANE, KMeans(3), scaler="standart"), "did you mean 'standard'"),
        (lambda mall: sg.fit(mall, PLANE, KMeans(3), value="gender"), "value=gender is no column of numbers"),
        (
            lambda mall: sg.search(mall, PLANE, ["kmean"]),
            "There is no algorithm 'kmean'; did you mean 'kmeans'",
        ),
        (lambda mall: sg.search(mall, PLANE, k=(1, 4)), "k is (1, 4)"),
        (lambda mall: sg.search(mall, PLANE, ["kmeans"], space={"dbscan": {}}), "space has 'dbscan'"),
        (lambda mall: sg.search(mall, PLANE, ["kmeans"], n_trials=0), "n_trials is 0"),
        (
            lambda mall: sg.search(
                mall, PLANE, ["kmeans"], k=(2, 3), n_trials=2, constraints=Constraints(min_segments=9)
            ),
            "None of 2 clusterings kept the constraints (2 segments, fewer than 9",
        ),
    ],
)
def test_a_mistake_is_told_in_one_sentence(
    call: Callable[[sg.Customers], Any], sentence: str, mall: sg.Customers
) -> None:
    with pytest.raises(sg.InputError) as error:
        call(mall)
    assert sentence in str(error.value)


def test_the_default_profiling_reads_the_vocabulary_of_conf() -> None:
    profiling = default_profiling(rename={"a": "b"})
    assert profiling.naming.words["age"][0] == "young"
    assert profiling.naming.rename == {"a": "b"}
    assert [book.exceptional for book in profiling.playbooks] == [False, False, True]
