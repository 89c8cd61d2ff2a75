"""Every recipe of experiments/, as a person runs it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
RECIPES = sorted(path.stem for path in (EXPERIMENTS / "recipe").glob("*.yaml"))
FOUND = f"hydra.searchpath=[file://{EXPERIMENTS}]"
N_BUYERS = 300
TOLD = "mall_income_spending"
"""The recipe that is run whole, against what the README tells of it."""


@pytest.fixture(scope="module")
def few_buyers(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The purchases of the first customers of the retail data."""
    lines = pd.read_parquet(real_data / "online_retail.parquet")
    path = tmp_path_factory.mktemp("retail") / "online_retail.parquet"
    lines[lines["CustomerID"].isin(lines["CustomerID"].dropna().unique()[:N_BUYERS])].to_parquet(path)
    return path


@pytest.fixture(scope="module")
def few_card_holders(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first holders of a card."""
    path = tmp_path_factory.mktemp("cards") / "cards.csv"
    pd.read_csv(real_data / "CC GENERAL.csv").head(N_BUYERS).to_csv(path, index=False)
    return path


@pytest.fixture
def data_of(real_data: Path, request: pytest.FixtureRequest) -> Callable[[str], Path]:
    """The file that a recipe is about."""

    def path(recipe: str) -> Path:
        if recipe.startswith("retail"):
            return request.getfixturevalue("few_buyers")
        if recipe == "credit_card":
            return request.getfixturevalue("few_card_holders")
        if recipe == "marketing_campaign":
            return real_data / "marketing_campaign.csv"
        return real_data / "Mall_Customers.csv"

    return path


def said_of(recipe: str) -> str:
    """The section of the README that tells of a recipe."""
    sections = re.split(r"^## ", (EXPERIMENTS / "README.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    return next((s for s in sections if s.startswith(f"{recipe}\n")), "")


def test_the_readme_tells_of_the_recipes_and_no_others() -> None:
    text = (EXPERIMENTS / "README.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^## (\w+)$", text, flags=re.MULTILINE)) == RECIPES
    assert len(RECIPES) > 0


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_has_its_question_command_finding_and_limits_told(recipe: str) -> None:
    section = said_of(recipe)
    for word in ("Question", "Command", "Finding", "What it does not show"):
        assert f"**{word}.**" in section
    assert f"`segment sweep recipe={recipe} data.path=" in section
    assert re.search(r"0\.\d\d\d", section), "a finding has figures"
    assert re.search(
        r"`(natural|reproducible|constructive)`.{0,5}valley\sp\s=\s0\.\d+", section, flags=re.DOTALL
    ), "and a verdict"


@pytest.mark.parametrize("command", ["sweep", "fit"])
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_composes_and_an_override_counts_over_it(
    recipe: str, command: str, segment: Callable[..., Any]
) -> None:
    said = segment(
        command, FOUND, f"recipe={recipe}", "scaler=robust", "data.path=x.csv", "--cfg", "job", "--resolve"
    )
    assert said.code == 0, said.err
    assert "path: x.csv" in said.out
    assert "RobustScaler" in said.out
    trials = re.search(r"n_trials: (\d+)", (EXPERIMENTS / "recipe" / f"{recipe}.yaml").read_text())
    assert trials
    assert f"n_trials: {trials[1]}" in said.out, "what a recipe says counts over conf/"


@pytest.mark.parametrize("recipe", [recipe for recipe in RECIPES if recipe != TOLD])
def test_a_shrunk_study_of_a_recipe_finds_a_winner_and_logs_it(
    recipe: str, segment: Callable[..., Any], data_of: Callable[[str], Path], client: Any
) -> None:
    shrunk = {
        # A few points of DBSCAN's grid: most of the others find one segment, or none.
        "mall_dbscan": [
            "search.space.dbscan.eps=choice(0.35, 0.4, 0.45)",
            "search.space.dbscan.min_samples=5",
        ],
        # Of the grocer's customers more than three segments do not hold.
        "marketing_campaign": ["search.space.gaussian_mixture.n_clusters=2"],
    }
    words = ["search.n_trials=3", *shrunk.get(recipe, [])]
    result = segment(
        "sweep", FOUND, f"recipe={recipe}", f"data.path={data_of(recipe)}", *words, "print=json"
    ).json()
    assert sum(result["trials"].values()) == 3
    assert result["trials"]["failed"] == 0
    assert result["winner"]["n_segments"] >= 2
    run = client.get_run(result["winner"]["run_id"])
    assert run.data.metrics["silhouette_yardstick"] == result["winner"]["scores"]["silhouette_yardstick"]


def test_the_readme_tells_what_the_mall_recipe_finds(
    segment: Callable[..., Any], data_of: Callable[[str], Path]
) -> None:
    result = segment("sweep", FOUND, f"recipe={TOLD}", f"data.path={data_of(TOLD)}", "print=json").json()
    assert result["trials"]["complete"] == 9
    *most, last = map(str, result["winner"]["sizes"])
    said = " ".join(said_of(TOLD).split())
    assert f"{', '.join(most)} and {last} customers" in said
    assert f"**{result['winner']['scores']['silhouette_yardstick']:.3f}**" in said
    assert f"Verdict `{result['verdict']['verdict']}`: valley p = {result['verdict']['p_valley']:.2g}" in said
    assert f"with ARI {result['evidence']['stability']:.2f}" in said
    assert f"with a Jaccard of {result['evidence']['jaccard_min']:.2f}." in said


@pytest.mark.parametrize("recipe", ["mall_dbscan", "retail_rfm"])
def test_a_recipe_fits_one_configuration(
    recipe: str, segment: Callable[..., Any], data_of: Callable[[str], Path]
) -> None:
    result = segment("fit", FOUND, f"recipe={recipe}", f"data.path={data_of(recipe)}", "print=json").json()
    assert result["algorithm"] == ("dbscan" if recipe == "mall_dbscan" else "kmeans")
    assert result["n_segments"] >= 2


def test_recipes_are_found_from_the_folder_that_holds_experiments(
    segment: Callable[..., Any], store_dir: Path
) -> None:
    (store_dir / "experiments").symlink_to(EXPERIMENTS)
    said = segment("sweep", "recipe=mall_dbscan", "--cfg", "job")
    assert said.code == 0, said.err
    assert "eps: choice(" in said.out
    misspelt = segment("sweep", "recipe=mall_dbscann", "--cfg", "job")
    assert misspelt.code == 2
    assert "did you mean 'mall_dbscan'?" in misspelt.err


def test_elsewhere_a_recipe_asks_for_its_folder(segment: Callable[..., Any]) -> None:
    said = segment("sweep", "recipe=mall_dbscan")
    assert said.code == 2
    assert "hydra.searchpath=" in said.err
