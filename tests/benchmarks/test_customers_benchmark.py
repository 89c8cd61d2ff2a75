"""What the benchmark on real customer tables runs, counts and prints; how good the segments are is not tested."""

import importlib.util
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from statistics import fmean
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def customers() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        # It imports its neighbours, as a script does.
        patch.syspath_prepend(str(FOLDER))
        spec = importlib.util.spec_from_file_location("benchmark_of_customers", FOLDER / "customers.py")
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        # A dataclass looks its module up by name.
        patch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        yield module


@pytest.fixture
def row(customers: ModuleType) -> Callable[..., Any]:
    """A row of a table of six customers in two segments, with other figures where they are given."""

    def make(seed: int = 0, **figures: Any) -> Any:
        usual = {
            "table": "mall_income_spending", "trials": None, "words": (), "code": "c", "data": "d", "k": 2,
            "verdict": "segments", "algorithm": "kmeans", "jaccard": 0.9, "labels": (0, 0, 0, 1, 1, 1),
            "noise": 0.0, "seconds": 10.0, "search": 5.0, "evidence": 2.0,
        }  # fmt: skip
        return customers.Row(**{**usual, **figures, "seed": seed})

    return make


@pytest.fixture
def nothing(row: Callable[..., Any]) -> Callable[[int], Any]:
    """A row of a study that registers nothing."""
    return lambda seed: row(seed, k=None, labels=(), jaccard=None, noise=None, algorithm="-", verdict="none")


def survey(folder: Path, n: int = 30) -> pd.DataFrame:
    """Write the table with a true segment: two groups of n customers, in no order."""
    rng = np.random.default_rng(0)
    group = rng.permutation(np.repeat([0, 1], n))
    frame = pd.DataFrame(
        {
            "age": 30 + 25 * group + rng.normal(size=2 * n),
            "income": 4e4 + 3e4 * group + 1e3 * rng.normal(size=2 * n),
            "Segment": np.where(group, "settled", "young"),
        }
    )
    frame.to_csv(folder / "segments_known_truth.csv", index=False)
    return frame


def cells_by(header: Sequence[str], line: list[object]) -> dict[str, object]:
    return dict(zip(header, line, strict=True))


def held(said: str) -> dict[str, list[str]]:
    """What must hold, from a report: the answer, and the tables that do not."""
    lines = said.split("| must hold | answer | not by |\n")[1].splitlines()[1:]
    return {cells[0]: cells[1:] for cells in (line.strip("| ").split(" | ") for line in lines)}


def test_seeds_are_summed_up_and_compared(customers: ModuleType, row: Callable[..., Any]) -> None:
    split, noisy = (0, 0, 0, 1, 1, 2), (0, 0, 0, 1, 1, -1)
    rows = [
        row(0),
        row(1, jaccard=0.62, refused=("Jaccard S2 0.62, at least 0.75",)),
        row(2, k=3, labels=split, algorithm="hdbscan", verdict="weak", seconds=30.0, search=9.0),
        row(3, labels=noisy, noise=1 / 6, value=0.4, ari=0.5),
    ]
    between = fmean(adjusted_rand_score(a.labels, b.labels) for a, b in combinations(rows, 2))
    assert 0 < between < 1
    assert cells_by(customers.SUMMARY, customers.summary(rows)) == {
        "table": "mall_income_spending", "k by seed": "2 2 3 2", "same k": "3 of 4",
        "verdicts": "segments 3, weak 1", "winners": "kmeans 3, hdbscan 1", "ARI between seeds": f"{between:.2f}",
        "smallest Jaccard": "0.62", "gate": "3 of 4 pass", "most noise": "16.7%", "most value in noise": "40.0%",
        "ARI to answer": "0.50", "study s": "7.0", "process s": "10.0",
    }  # fmt: skip
    said = customers.report(rows)
    assert (
        "| 1 | 2 | segments | kmeans | 0.62 | refused: Jaccard S2 0.62, at least 0.75 | 0.0% | - | - |"
        in said
    )
    assert set(map(tuple, held(said).values())) == {("no", "mall_income_spending")}


def test_nine_of_ten_seeds_are_enough(customers: ModuleType, row: Callable[..., Any]) -> None:
    other = {"k": 3, "labels": (0, 0, 1, 1, 2, 2)}
    nine = [*(row(seed) for seed in range(9)), row(9, **other)]
    eight = [*nine[:8], row(8, **other), row(9, **other)]
    must = "the same k in at least 9 of 10 seeds"
    assert held(customers.report(nine))[must] == ["yes", "-"]
    assert held(customers.report(eight))[must] == ["no", "mall_income_spending"]


def test_no_stable_segmentation_is_an_answer_that_seeds_can_share(
    customers: ModuleType, row: Callable[..., Any], nothing: Callable[[int], Any]
) -> None:
    assert customers.ari_between([nothing(0), nothing(1)]) == 1
    assert customers.ari_between([nothing(0), row(1)]) == 0
    told = cells_by(customers.SUMMARY, customers.summary([nothing(0), nothing(1)]))
    assert (told["k by seed"], told["same k"], told["gate"]) == ("none none", "2 of 2", "nothing won")
    answers = held(customers.report([nothing(0), nothing(1)]))
    assert {tuple(answer) for answer in answers.values()} == {("yes", "-")}
    mixed = held(customers.report([nothing(0), row(1)]))
    assert [answer[0] for answer in mixed.values()] == ["no", "no", "yes"]


def test_one_seed_cannot_say_what_seeds_share(customers: ModuleType, row: Callable[..., Any]) -> None:
    assert [answer[0] for answer in held(customers.report([row()])).values()] == ["-", "-", "yes"]


def test_a_sweep_that_failed_is_told_and_nothing_holds(
    customers: ModuleType, row: Callable[..., Any]
) -> None:
    rows = [*(row(seed) for seed in range(19)), row(19, error="no memory")]
    said = customers.report(rows)
    assert "| 19 | - | failed: no memory |" in said
    assert [answer[0] for answer in held(said).values()] == ["yes", "no", "no"]
    alone = customers.report([row(error="no memory")])
    assert "| mall_income_spending | failed | - |" in alone


def test_budgets_are_compared_apart_from_the_seeds(customers: ModuleType, row: Callable[..., Any]) -> None:
    renamed = (1, 1, 1, 0, 0, 0)
    same = [row(trials=30, labels=renamed), row(trials=300)]
    said = customers.report(same)
    assert "| mall_income_spending | 30 | 2 | segments | kmeans | 1.00 | 7.0 |" in said
    assert customers.SUMMARY[1] not in said
    assert [answer[0] for answer in held(said).values()] == ["yes", "yes"]
    moved = held(customers.report([*same, row(trials=60, labels=(0, 0, 1, 1, 1, 1))]))
    assert [answer[0] for answer in moved.values()] == ["yes", "no"]
    failed = customers.report([*same, row(trials=60, error="no memory")])
    assert "| mall_income_spending | 60 | failed | no memory | kmeans | - |" in failed
    assert [answer[0] for answer in held(failed).values()] == ["no", "no"]


def test_the_tables_of_the_folder_are_run_from_every_seed_and_others_skipped(
    customers: ModuleType, tmp_path: Path
) -> None:
    (tmp_path / "Mall_Customers.csv").write_text("CustomerID\n1\n")
    survey(tmp_path)
    words = [str(tmp_path), "--seeds", "2", "--budgets", "30", "60", "--", "figures=false", "features=rfm"]
    tasks, missing = customers.tasks_of(customers._arguments(words))
    assert [(t.table.name, t.seed, t.trials) for t in tasks] == [
        *((name, seed, None) for name in customers.BUDGETED for seed in (0, 1)),
        *(("segments_known_truth", seed, None) for seed in (0, 1)),
        *((name, 0, trials) for name in customers.BUDGETED for trials in (30, 60)),
    ]
    assert tasks[1].words == ("data=mall", "features=rfm", "figures=false", "search.seed=1")
    assert tasks[-1].words[-2:] == ("search.seed=0", "search.n_trials=60")
    assert [t.name for t in missing] == [
        "credit_card", "marketing_campaign", "online_retail", "vacation_motives",
    ]  # fmt: skip
    assert len({t.row("code").key for t in tasks}) == len(tasks)


@pytest.fixture
def measured(customers: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Measure a table with the answers of `segment` given: the row."""

    def run(name: str, told: dict[str, Any], segments: pd.Series, checks: Sequence[dict] = ()) -> Any:
        def segment(_: Any, folder: Path, words: Sequence[str], __: bool) -> tuple[float, dict[str, Any]]:
            if words[0] == "promote":
                assert {"gate=default", "dry_run=true"} <= set(words)
                return 3.0, {"checks": checks}
            place = folder / "mlruns" / "artifacts" / "1" / "run" / "artifacts" / "segments"
            place.mkdir(parents=True)
            # Ids in no order, as a study may write them.
            segments.sample(frac=1, random_state=0).to_frame("segment").to_csv(place / "assignments.csv")
            seconds = {"search": 5.0, "evidence": 2.0}
            return 10.0, {"parent_run_id": "run", "verdict": {"verdict": "weak"}, "seconds": seconds, **told}

        monkeypatch.setattr(customers, "segment", segment)
        (tmp_path / "mlflow.db").touch()
        (kind,) = (t for t in customers.TABLES if t.name == name)
        task = customers.Task.of(kind, tmp_path, [], 0, None)
        return customers.measure(task, customers.Code(tmp_path, "code"), False)

    return run


WON = {
    "winner": {"n_segments": 2, "algorithm": "hdbscan"},
    "model": {"name": "customer-segments", "version": "1", "uri": "models:/1"},
    "evidence": {"jaccard_min": 0.7},
}


def test_value_in_noise_is_the_share_of_the_money_that_those_customers_spent(
    measured: Callable[..., Any], tmp_path: Path
) -> None:
    lines = pd.DataFrame(
        {
            "InvoiceNo": ["1", "2", "3", "4", "5"],
            "InvoiceDate": pd.date_range("2026-01-01", periods=5),
            "CustomerID": [30, 10, 20, 40, 30],
            "Quantity": [4, 1, 2, 1, 2],
            "UnitPrice": [10.0, 10.0, 10.0, 10.0, 10.0],
        }
    )
    lines.to_parquet(tmp_path / "online_retail.parquet")
    checks = [
        {"name": "noise", "value": "25.0%", "limit": "at most 20.0%", "passed": False, "reason": "so many"},
        {"name": "segments", "value": "2", "limit": "at least 2", "passed": True, "reason": ""},
    ]
    segments = pd.Series({10: 0, 20: 1, 30: -1, 40: 1})
    row = measured("online_retail", WON, segments, checks)
    assert row.error is None
    assert row.labels == (0, 1, -1, 1)
    assert (row.noise, row.value) == (0.25, 0.6)
    assert row.refused == ("noise 25.0%, at most 20.0%",)
    assert (row.k, row.jaccard, row.algorithm, row.verdict) == (2, 0.7, "hdbscan", "weak")
    assert row.ari is None


def test_a_published_answer_is_compared_row_by_row(measured: Callable[..., Any], tmp_path: Path) -> None:
    truth = survey(tmp_path)["Segment"]
    found = pd.Series(pd.factorize(truth)[0], index=range(1, len(truth) + 1))
    assert measured("segments_known_truth", WON, found).ari == 1
    found[:10] = 1
    row = measured("segments_known_truth", WON, found)
    assert row.ari == pytest.approx(adjusted_rand_score(truth, found))
    assert row.ari < 1


@pytest.mark.parametrize(
    "told",
    [
        {"winner": None, "model": None, "evidence": None},
        {**WON, "model": None},
        {**WON, "model": {"uri": "models:/1"}},
    ],
)
def test_a_study_that_registers_nothing_is_not_asked_for_its_segments(
    measured: Callable[..., Any], tmp_path: Path, told: dict[str, Any]
) -> None:
    survey(tmp_path)
    row = measured("segments_known_truth", told, pd.Series({1: 0}))
    assert row.error is None
    assert (row.answer, row.gate, row.labels, row.ari) == ("none", "-", (), 0.0)


def test_without_the_file_of_the_answer_there_is_none(measured: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "vacation_motives.csv").write_text("rest\n1\n0\n")
    row = measured("vacation_motives", WON, pd.Series({1: 0, 2: 1}))
    assert (row.error, row.k, row.ari) == (None, 2, None)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "There is no folder nowhere."),
        ([".", "--only", "mall*"], ". holds none of the tables: Mall_Customers.csv."),
        ([".", "--only", "zzz"], "No table is like --only zzz; they are: mall_income_spending,"),
        ([".", "--seeds", "0"], "There is nothing to run: give --seeds of 1 or more,"),
        ([".", "--", "search.seed=3"], "search.seed=3 cannot be given: the benchmark itself sets data.path,"),
        ([".", "--results", "nowhere/r.jsonl"], "There is no folder nowhere for --results."),
    ],
)
def test_a_mistake_is_one_sentence_and_code_2(
    customers: ModuleType,
    words: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    survey(tmp_path)
    assert customers.main(words) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith(f"customers.py: {said}")


@pytest.mark.slow
def test_what_is_printed_is_what_the_sweeps_found(
    customers: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, results = tmp_path / "tables", tmp_path / "results.jsonl"
    folder.mkdir()
    truth = survey(folder)["Segment"]
    words = [str(folder), "--seeds", "2", "--jobs", "1", "--results", str(results)]
    small = ["--", "search.n_trials=4", "selection=silhouette", "algorithm=kmeans", "figures=false"]

    assert customers.main([*words, *small]) == 0
    printed = capsys.readouterr()
    rows = [json.loads(line) for line in results.read_text().splitlines()]
    assert [row["error"] for row in rows] == [None, None]
    labels = [row["labels"] for row in rows]
    assert [row["k"] for row in rows] == [len(set(found)) for found in labels] == [2, 2]
    between = adjusted_rand_score(*labels)
    answer = fmean(adjusted_rand_score(truth, found) for found in labels)
    jaccard = min(row["jaccard"] for row in rows)
    verdicts = f"{rows[0]['verdict']} 2"
    assert (
        f"| segments_known_truth | 2 2 | 2 of 2 | {verdicts} | kmeans 2 | {between:.2f} | {jaccard:.2f} "
        f"| 2 of 2 pass | 0.0% | - | {answer:.2f} |"
    ) in printed.out
    assert [a[0] for a in held(printed.out).values()] == ["yes", "yes", "yes"]
    assert "skipped, not in the folder: mall_income_spending, mall_age_income_spending," in printed.out
    assert rows[0]["seconds"] > rows[0]["search"] > 0

    assert customers.main([*words, *small]) == 0
    assert len(results.read_text().splitlines()) == 2
    again = capsys.readouterr().out
    assert again.split("\n\n")[1:] == printed.out.split("\n\n")[1:]
