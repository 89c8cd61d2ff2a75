"""What the benchmark of found segments reads, counts, keeps and prints; how good the segments are is not tested."""

import importlib.util
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from segmentation.errors import InputError

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def truth() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        # It imports its neighbours, as a script does.
        patch.syspath_prepend(str(FOLDER))
        spec = importlib.util.spec_from_file_location("benchmark_of_truth", FOLDER / "truth.py")
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        # A dataclass looks its module up by name.
        patch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        yield module


@pytest.fixture
def row(truth: ModuleType) -> Any:
    """A row of a set of three known segments, with other figures where they are given."""

    def make(**figures: Any) -> Any:
        usual = {
            "group": "labelled", "name": "blobs", "words": ("scaler=none",), "code": "c", "data": "d", "n": 90,
            "d": 2, "true_k": 3, "found_k": 3, "ari": 1.0, "verdict": "natural", "algorithm": "kmeans",
            "seconds": 10.0, "search": 5.0, "evidence": 2.0, "finish": 1.0,
        }  # fmt: skip
        return truth.Row(**{**usual, **figures})

    return make


def blobs(path: Path, centers: int = 3) -> pd.DataFrame:
    """Write a labelled CSV of well separated groups of 30 rows, in no order."""
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat(np.arange(centers), 30))
    points = rng.normal(scale=0.3, size=(len(labels), 2)) + 10 * np.column_stack([labels, labels % 2])
    frame = pd.DataFrame(points, columns=["x1", "x2"]).assign(truth=labels + 1)
    frame.to_csv(path, index=False)
    return frame


def test_features_and_references_are_told_by_their_headers(truth: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "set.csv"
    path.write_text("x1,note,truth,x2,truth2\n1.5,a,1,2,0\n2.5,b,2,3,1\n")
    known = truth.labelled(path, ["scaler=none"])
    assert known.X.to_dict("list") == {"x1": [1.5, 2.5], "x2": [2, 3]}
    assert [t.tolist() for t in known.truths] == [[1, 2], [0, 1]]
    assert known.name == "set"


def test_only_names_with_a_given_start_are_scaled(truth: ModuleType, tmp_path: Path) -> None:
    for name in ("uci_a", "wut_b"):
        blobs(tmp_path / f"{name}.csv")
    sets = truth.labelled_sets(tmp_path, ["selection=consensus"], ["uci_"])
    assert [(k.name, k.words) for k in sets] == [
        ("uci_a", ("scaler=standard", "selection=consensus")),
        ("wut_b", ("scaler=none", "selection=consensus")),
    ]
    own = truth.labelled_sets(tmp_path, ["scaler=robust"], ["uci_"])
    assert [k.words for k in own] == [("scaler=robust",)] * 2


def test_generated_sets_leave_the_scaler_free_and_nulls_have_no_reference(truth: ModuleType) -> None:
    mixture, null = truth.generated_sets(1, 1, 3, ["selection=pareto"])
    assert mixture.words == null.words == ("selection=pareto",)
    assert mixture.truths[0].min() == 1  # 0 would be noise
    assert null.truths == ()


def test_noise_of_a_reference_does_not_count_and_the_reference_that_fits_best_does(truth: ModuleType) -> None:
    labels = np.array([0, 0, 1, 1, 2, 2])
    coarse, fine = np.array([1, 1, 1, 1, 2, 2]), np.array([1, 1, 2, 2, 0, 0])
    assert truth.score([fine], labels) == (2, 1.0)
    assert truth.score([coarse, fine], labels) == (2, 1.0)
    k, ari = truth.score([coarse], labels)
    assert k == 2
    assert 0 < ari < 1


def test_found_noise_counts_as_one_more_group(truth: ModuleType) -> None:
    reference = np.array([1, 1, 2, 2, 3, 3])
    assert truth.score([reference], np.array([0, 0, 1, 1, -1, -1])) == (3, 1.0)
    assert truth.score([reference], np.zeros(6, dtype=int)) == (3, 0.0)


def test_a_group_is_summed_up_without_the_sets_that_failed(truth: ModuleType, row: Any) -> None:
    rows = [
        row(),
        row(found_k=4, ari=0.5, noise=0.4, verdict="reproducible", seconds=30.0),
        row(found_k=1, ari=0.0, verdict="constructive", algorithm="-", seconds=20.0),
        row(found_k=3, ari=None, error="boom"),
    ]
    assert dict(zip(truth.SUMMARY, truth.summary(rows, "consensus"), strict=True)) == {
        "rule": "consensus", "group": "labelled", "sets": 3, "exact k": 1, "within 1": 2, "mean ARI": "0.500",
        "noise > 30%": 1, "nothing won": 1, "natural": 1, "reproducible": 1, "constructive": 1, "study s": "7.0",
        "process s": "20.0", "longest s": "30.0", "failed": 1,
    }  # fmt: skip


def test_sets_without_structure_have_verdicts_and_no_k(truth: ModuleType, row: Any) -> None:
    rows = [row(group="nulls", name="disc", true_k=None, ari=None, verdict="constructive")]
    lines = truth.report(rows, "consensus").splitlines()
    assert "| disc | 90 | 2 | - | 3 | - | constructive | 0% | kmeans | 10.0 | 5.0 | 2.0 | 1.0 |" in lines
    assert "| consensus | nulls | 1 | - | - | - | 0 | 0 | 0 | 0 | 1 | 7.0 | 10.0 | 10.0 | 0 |" in lines


def test_labelled_sets_are_summed_up_by_the_beginning_of_their_names(truth: ModuleType, row: Any) -> None:
    rows = [
        row(name="wut_x_y", ari=0.5, found_k=4),
        row(name="fcps_a", ari=0.25),
        row(name="wut_z", ari=1.0),
        row(name="wut_failed", ari=None, error="boom"),
        row(name="wut_mixture", group="mixtures", ari=0.0),
    ]
    said = truth.report(rows, "consensus")
    table = "| battery | sets | exact k | mean ARI |\n| --- | --- | --- | --- |\n"
    assert f"\n\n{table}| fcps | 1 | 1 | 0.250 |\n| wut | 2 | 1 | 0.750 |\n\n" in said
    assert "| battery |" not in truth.report([row(group="nulls", true_k=None, ari=None)], "consensus")


def test_a_set_that_failed_has_its_reason_in_the_table(truth: ModuleType, row: Any) -> None:
    lines = truth.report([row(error="no trial")], "stability").splitlines()
    assert "| blobs | 90 | 2 | - | - | - | failed: no trial | - | - | - | - | - | - |" in lines
    assert lines[-1] == "| stability | labelled | 0 | - | - | - | - | - | - | - | - | - | - | - | 1 |"


def test_results_give_back_what_is_finished_and_not_what_failed(
    truth: ModuleType, row: Any, tmp_path: Path
) -> None:
    processes = importlib.import_module("processes")
    done, failed = row(), row(name="other", error="boom")
    path = tmp_path / "results.jsonl"
    path.write_text("".join(json.dumps(asdict(r)) + "\n" for r in (done, failed)))
    assert processes.read_results(path, truth.Row) == {done.key: done}


def test_other_words_code_or_data_are_another_result(truth: ModuleType, tmp_path: Path) -> None:
    frame = blobs(tmp_path / "set.csv")
    known = truth.labelled(tmp_path / "set.csv", ["selection=consensus"])
    frame.assign(truth=frame["truth"] % 2 + 1).to_csv(tmp_path / "set.csv", index=False)
    keys = {
        known.row("1").key,
        known.row("2").key,
        truth.labelled(tmp_path / "set.csv", ["selection=consensus"]).row("1").key,
        truth.Known(known.group, known.name, known.X, known.truths, ("selection=pareto",)).row("1").key,
    }
    assert len(keys) == 4


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,truth\n1,1\n", "has no column x\\*; its columns are: a, truth"),
        ("x1,label\n1,1\n", "has no column truth\\*; its columns are: x1, label"),
        ("x1,truth\n1,1\n2,\n", "Column 'truth' of .* is no reference"),
        ("x1,truth\n1,0\n2,0\n", "Column 'truth' of .* is no reference"),
        ("x1,truth\n1,-1\n2,1\n", "Column 'truth' of .* is no reference"),
        ("", "is not a readable CSV"),
    ],
)
def test_what_is_not_labelled_is_refused(truth: ModuleType, tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "set.csv").write_text(content)
    with pytest.raises(InputError, match=said):
        truth.labelled_sets(tmp_path, [], ["uci_"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "There is no folder nowhere."),
        (["."], ". holds no CSV."),
        (["--only", "zzz"], "No set is like --only zzz; there are 68, such as mixtures/mixture-0-0."),
        (["--results", "nowhere/r.jsonl"], "There is no folder nowhere for --results."),
        (["--results", "bad.jsonl"], "Line 1 of bad.jsonl is not a result of this benchmark; delete it."),
    ],
)
def test_a_mistake_is_one_sentence_and_code_2(
    truth: ModuleType,
    words: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.jsonl").write_text('{"group": "labelled"')
    assert truth.main(words) == 2
    assert capsys.readouterr().err == f"truth.py: {said}\n"


@pytest.mark.slow
def test_sets_are_swept_once_and_one_that_fails_does_not_stop_the_others(
    truth: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, results = tmp_path / "sets", tmp_path / "results.jsonl"
    folder.mkdir()
    blobs(folder / "blobs.csv")
    (folder / "text.csv").write_text("x1,truth\n" + "apple,1\npear,2\n" * 20)
    words = [str(folder), "--mixtures", "0", "--nulls", "0", "--results", str(results), "--jobs", "2"]
    small = ["--", "search.n_trials=8", "selection=silhouette", "algorithm=kmeans", "register=false"]

    assert truth.main([*words, *small]) == 1
    told = {row["name"]: row for row in map(json.loads, results.read_text().splitlines())}
    assert told["blobs"]["error"] is None
    assert (told["blobs"]["found_k"], told["blobs"]["ari"], told["blobs"]["algorithm"]) == (3, 1.0, "kmeans")
    assert told["blobs"]["seconds"] > told["blobs"]["search"] > 0
    assert "'x1'" in told["text"]["error"]
    assert "| silhouette | labelled | 1 | 1 | 1 | 1.000 |" in capsys.readouterr().out

    assert truth.main([*words, "--only", "blobs", *small]) == 0
    assert len(results.read_text().splitlines()) == 2
    assert "| blobs | 90 | 2 | 3 | 3 | 1.00 |" in capsys.readouterr().out


def test_each_battery_has_the_weights_that_were_fitted_without_it(truth: ModuleType, tmp_path: Path) -> None:
    known = truth.Known("labelled", "wut_x", pd.DataFrame({"x1": [1.0]}), (np.array([1]),), ("scaler=none",))
    (tmp_path / "wut.json").write_text("{}")
    assert (
        truth.with_weights(known, tmp_path).words[-1]
        == f"selection.weights={tmp_path.resolve() / 'wut.json'}"
    )
    with pytest.raises(InputError, match=r"no fcps\.json in .*; learn\.py --left-out writes one"):
        truth.with_weights(replace(known, name="fcps_y"), tmp_path)
