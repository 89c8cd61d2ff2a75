"""The data alone in a notebook, beside what the command says of the same data."""

import doctest
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hydra import compose, initialize_config_dir
from matplotlib.axes import Axes

import segmentation as sg
from segmentation.commands._config import parse
from segmentation.configs import conf_dir
from segmentation.data.customers import ROW, fingerprint
from segmentation.workflows import _explore

PLANE = ["annual_income", "spending_score"]


def customers(table: pd.DataFrame, index: str = ROW) -> sg.Customers:
    table = table.rename_axis(index)
    return sg.Customers(table, "generated", {}, (), fingerprint(table))


@pytest.fixture(scope="module")
def mall() -> sg.Customers:
    return sg.Demo(n_customers=100).read()


@pytest.fixture(scope="module")
def explored(mall: sg.Customers) -> sg.DataExploration:
    return sg.explore(mall)


@pytest.fixture(scope="module")
def shop() -> sg.DataExploration:
    """Skewed spend, a status with a rare level, and a number of the customer."""
    random = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "number": range(1, 151),
            "spend": random.lognormal(4, 1.2, 150),
            "age": random.normal(40, 9, 150),
            "status": ["single"] * 80 + ["wed"] * 69 + ["YOLO"],
        }
    )
    return sg.explore(customers(table), scalers=["standard"], settable=["id", "levels"])


def test_the_examples_of_the_docstrings_are_true() -> None:
    ran = doctest.testmod(_explore)
    assert ran.attempted >= 9
    assert ran.failed == 0


def test_an_exploration_is_that_of_the_command(
    segment: Callable[..., Any], store_dir: Path, explored: sg.DataExploration
) -> None:
    result = segment("explore", "data.n_customers=100", "output=seen", "print=json").json()
    record = json.loads(json.dumps(explored.record()))
    assert {key: result[key] for key in record} == record
    for name, table in explored.tables().items():
        assert (store_dir / "seen" / f"{name}.csv").read_text(encoding="utf-8") == table.to_csv(index=False)
    assert set(explored.figures()) == {path.stem for path in (store_dir / "seen").glob("*.png")}
    assert "structure" in explored.figures()
    assert result["suggestions"] == [] and explored.suggestions == ()
    assert explored.verdict is not None
    assert result["tendency"]["verdict_sentence"] == explored.verdict.sentence


def test_the_scalers_that_are_shown_are_those_of_the_command(explored: sg.DataExploration) -> None:
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        assert list(explored.scaled) == parse("preview", compose("explore").preview).list


def test_an_exploration_says_the_verdict_and_how_many_suggestions_there_are(
    explored: sg.DataExploration, shop: sg.DataExploration
) -> None:
    assert repr(explored) == "100 customers of demo, 4 columns (verdict: natural; 0 suggestions)"
    assert shop.verdict is not None
    assert repr(shop) == (
        f"150 customers of generated, 4 columns (verdict: {shop.verdict.verdict}; "
        f"{len(shop.suggestions)} suggestions)"
    )


def test_the_features_that_are_named_are_looked_at(mall: sg.Customers) -> None:
    data = sg.explore(mall, PLANE, scalers="robust", seed=3)
    assert data.features == tuple(PLANE)
    assert data.verdict is not None and data.verdict.columns == 2
    assert set(data.scaled) == {"robust"}
    # Units do not count.
    larger = mall.table.assign(annual_income=1e6 * mall.table["annual_income"])
    again = sg.explore(customers(larger), PLANE, scalers="robust", seed=3)
    assert again.verdict is not None
    assert again.verdict.silhouettes == pytest.approx(data.verdict.silhouettes)
    assert data.call == (
        "segmentation.explore(customers, "
        "FeatureSet(categorical=[], numeric=['annual_income', 'spending_score']), scalers=['robust'], seed=3)"
    )


def test_columns_that_a_search_prepares_are_judged_so_too(shop: sg.DataExploration) -> None:
    assert shop.start.log == ["spend"]
    assert shop.prepared_verdict is not None
    assert {"structure", "structure_suggested"} <= set(shop.figures())
    logged = sg.explore(shop.customers, sg.FeatureSet(log=["spend"]), scalers=["standard"])
    assert logged.prepared_verdict is None
    assert "skewed" not in {s.kind for s in logged.suggestions}
    named = sg.explore(shop.customers, ["spend", "age"], scalers=["standard"])
    assert named.prepared_verdict is None


def test_suggestions_name_what_the_source_takes(shop: sg.DataExploration) -> None:
    overrides = {s.kind: s.override for s in shop.suggestions}
    assert overrides["id"] == "data.id=number"
    assert "data.levels" in overrides["rare_levels"]
    unknown = sg.explore(shop.customers, scalers=["standard"])
    assert "rare_levels" not in {s.kind for s in unknown.suggestions}
    with_ids = sg.explore(customers(shop.customers.table, "key"), scalers=["standard"], settable=["id"])
    assert {s.kind: s.override for s in with_ids.suggestions}["id"] == "'features.keep=[number]'"


def test_the_report_is_one_page_or_a_folder(explored: sg.DataExploration, tmp_path: Path) -> None:
    page = explored.report(tmp_path / "new" / "data.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64") == len(explored.figures())
    assert "segmentation.explore(customers, scalers=" in page
    assert "segmentation.search(customers, FeatureSet())" in page
    folder = explored.report(tmp_path / "out")
    assert (folder / "explore.html").read_text(encoding="utf-8") == page
    tables = {f"{name}.csv" for name in ("columns", "associations", "suggestions", "scalers")}
    pictures = {f"{name}.png" for name in explored.figures()}
    assert {path.name for path in folder.iterdir()} == {"explore.html", *tables, *pictures}


def test_data_without_a_number_that_varies_is_explored(tmp_path: Path) -> None:
    data = sg.explore(customers(pd.DataFrame({"one": [1.0] * 30, "plan": ["a", "b", "c"] * 10})))
    assert data.verdict is None and data.scalers is None
    assert "(verdict: no numbers vary; " in repr(data)
    assert "structure" not in data.figures()
    page = data.report(tmp_path / "data.html").read_text(encoding="utf-8")
    assert "What scalers do" not in page


def test_the_most_related_columns_are_drawn_against_each_other_and_weak_pairs_are_not_recorded() -> None:
    random = np.random.default_rng(1)
    table = pd.DataFrame(random.normal(size=(100, 7)), columns=list("abcdefg"))
    data = sg.explore(customers(table.assign(g=table["f"] + 0.1 * table["g"])), scalers=["standard"])
    axes = data.figures()["pair_relations"].findobj(Axes)
    # The lowest row names the columns from the left.
    assert [ax.get_xlabel() for ax in axes if ax.get_xlabel()][:2] == ["F", "G"]
    assert {(pair["a"], pair["b"]) for pair in data.record()["associations"]} == {("f", "g")} | {
        (a, b) for a, b, _, strength, *_ in data.associations.pairs.to_numpy() if strength >= 0.1
    }
    assert len(data.associations.pairs) == 21
    assert len(data.record()["associations"]) < 21


def test_scalers_are_shown_on_a_sample_of_many_customers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_explore, "PREVIEW_ROWS", 30)
    table = pd.DataFrame({"place": np.arange(100.0), "other": np.arange(100.0) % 7})
    data = sg.explore(customers(table), sg.FeatureSet(["place", "other"]), scalers=["none"])
    places = data.scaled["none"][:, 0].tolist()
    assert len(set(places)) == 30
    # In the order of the customers, and not the first ones.
    assert places == sorted(places) != list(range(30))
    assert ", of a sample of 30 of 100 customers" in data.files("", "")["explore.html"].decode()


def test_of_many_columns_the_first_are_drawn_a_dozen_a_picture() -> None:
    random = np.random.default_rng(0)
    table = pd.DataFrame(random.choice(["a", "b"], (30, 50)), columns=[f"c{i}" for i in range(50)])
    data = sg.explore(customers(table))
    assert [name for name in data.figures() if name.startswith("distributions")] == [
        "distributions",
        "distributions_2",
        "distributions_3",
        "distributions_4",
    ]
    assert "The first 48 of 50 columns are drawn." in data.files("", "")["explore.html"].decode()


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda mall: sg.explore(mall.table), "customers is a DataFrame; valid is what Demo"),
        (lambda mall: sg.explore(mall, ["anual_income"]), "did you mean 'annual_income'"),
        (lambda mall: sg.explore(mall, []), "features is empty"),
        (lambda mall: sg.explore(mall, scalers=["standart"]), "did you mean 'standard'"),
        (
            lambda mall: sg.explore(mall, PLANE, scalers=["standard"]).report("/dev/null/data.html"),
            "report=/dev/null/data.html cannot be written",
        ),
    ],
)
def test_a_mistake_is_told_in_one_sentence(
    call: Callable[[sg.Customers], Any], sentence: str, mall: sg.Customers
) -> None:
    with pytest.raises(sg.InputError) as error:
        call(mall)
    assert sentence in str(error.value)
