"""What the benchmark counts and prints; how long anything takes is not tested."""

import importlib.util
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "sweep.py"


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_of_sweep", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    # A dataclass looks its module up by name.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_a_table_is_markdown_with_two_decimals(benchmark: ModuleType) -> None:
    assert benchmark.table(["side", "s"], [["ours", 1.005], ["peer", 12]]) == (
        "| side | s |\n| --- | --- |\n| ours | 1.00 |\n| peer | 12 |"
    )


def test_ratios_say_how_many_times_longer_the_first_takes(benchmark: ModuleType) -> None:
    slow, quick = benchmark.Seconds(12.0, 12.0, 20.0, 22.0, 4.0), benchmark.Seconds(3.0, 6.0, 10.0, 11.0, 4.0)
    by = benchmark.ratios(slow, quick)
    assert by == {"search": 4.0, "with_winner": 2.0, "total": 2.0, "wall": 2.0, "imports": 1.0}


def test_medians_are_taken_figure_by_figure(benchmark: ModuleType) -> None:
    runs = [benchmark.Seconds(a, 10 - a, 0.0, 1.0, 2.0) for a in (1.0, 9.0, 2.0)]
    assert benchmark.medians(runs) == benchmark.Seconds(2.0, 8.0, 0.0, 1.0, 2.0)


def test_both_sides_seconds_are_read_from_what_they_print(benchmark: ModuleType) -> None:
    assert benchmark.told_seconds({"search_s": 5.0, "all_s": 9.0}) == (5.0, 5.0, 9.0)
    told = {"seconds": {"load": 4.0, "search": 2.0, "finish": 1.5, "total": 7.5}}
    assert benchmark.told_seconds(told) == (2.0, 3.5, 7.5)


def test_imports_are_those_at_the_top_of_a_script(benchmark: ModuleType) -> None:
    source = "import os  # noqa\nos.nice(0)\nfrom a import b as c\ndef f():\n    import slow\n"
    assert benchmark.import_lines(source) == "import os\nfrom a import b as c"


def test_the_mall_columns_are_the_mall_study_and_others_a_table(benchmark: ModuleType) -> None:
    mall = benchmark.project("m.csv", ["Annual Income (k$)", "Spending Score (1-100)"], 60).command
    assert "data=mall" in mall
    other = benchmark.project("t.csv", ["Age", "Annual Income (k$)"], 60).command
    assert {"data=table", "features=custom", 'features.numeric=["Age", "Annual Income (k$)"]'} <= set(other)


def test_what_a_side_logged_is_counted_in_its_store(benchmark: ModuleType, tmp_path: Path) -> None:
    store = tmp_path / "mlruns"
    (store / "artifacts" / "1" / "run").mkdir(parents=True)
    (store / "artifacts" / "1" / "run" / "plot.png").write_bytes(b"")
    with closing(sqlite3.connect(store / "mlflow.db")) as database:
        for name, rows in (
            ("runs", 2),
            ("params", 3),
            ("latest_metrics", 8),
            ("tags", 5),
            ("model_versions", 1),
        ):
            database.execute(f"CREATE TABLE {name} (x)")
            database.executemany(f"INSERT INTO {name} VALUES (?)", [(i,) for i in range(rows)])
        database.commit()
    logged = benchmark.Logged.of(tmp_path)
    assert logged == benchmark.Logged(runs=2, params=3, metrics=8, tags=5, artifacts=1, model_versions=1)
    seconds = benchmark.Seconds(2.0, 3.0, 4.0, 5.0, 1.0)
    slower = benchmark.Seconds(6.0, 6.0, 8.0, 10.0, 1.0)
    lines = benchmark.report(60, {"ours": [(seconds, logged)], "peer": [(slower, logged)]}).splitlines()
    assert {"| 1 | 3.00 | 2.00 | 2.00 | 2.00 |", "| medians | 3.00 | 2.00 | 2.00 | 2.00 |"} <= set(lines)
    assert "| median | ours | 2.00 | 30.00 | 3.00 | 4.00 | 5.00 | 1.00 | 20% |" in lines
    assert "| ours | 2 | 3 | 8 | 5 | 1 | 1 | 4.00 |" in lines
