"""Many sweeps, each a process of its own in a folder and a store of its own, and the file that keeps their results.

A benchmark has tasks and rows. A task says what is swept: `row(code)` gives its row before it is run by a version
of the code, `size` how large it is. A row is a frozen dataclass, one line of the results: `key` says which sweep it is
the result of, `error` why there is none.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

import segmentation
from segmentation.errors import InputError
from sweep import machine

EMPTY_STORE = "from mlflow import MlflowClient; MlflowClient('sqlite:///mlflow.db').search_experiments()"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
QUIET = {"MPLBACKEND": "Agg", "MLFLOW_DISABLE_TELEMETRY": "true"}


def overriding(words: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    """Both, without those of the first that the second give again."""
    return tuple({word.partition("=")[0]: word for word in (*words, *others)}.values())


@dataclass(frozen=True)
class Code:
    """A copy of the package: what is edited while a benchmark runs does not count.

    Attributes
    ----------
    folder : Path
        Where it is.
    version : str
        The package's version, and a digest of all its files and configs.
    """

    folder: Path
    version: str

    @classmethod
    def copy(cls, folder: Path) -> "Code":
        """Copy the code that this process would import."""
        package = Path(segmentation.__file__).parent
        bytecode = shutil.ignore_patterns("__pycache__")
        shutil.copytree(package, folder / "src" / "segmentation", ignore=bytecode)
        if not (package / "conf").is_dir():
            shutil.copytree(package.parents[1] / "conf", folder / "conf")
        digest = hashlib.sha256()
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            digest.update(f"{path.relative_to(folder)}\n".encode() + path.read_bytes())
        return cls(folder, f"{segmentation.__version__}+{digest.hexdigest()[:12]}")


def make_store(code: Code) -> None:
    """Make the empty store, beside the code, that every sweep gets a copy of: making one takes seconds."""
    make = [sys.executable, "-c", EMPTY_STORE]
    subprocess.run(make, cwd=code.folder, env={**os.environ, **QUIET}, check=True, capture_output=True)


def give_store(code: Code, folder: Path) -> None:
    """Put a copy of the empty store where commands that run in the folder look for theirs."""
    (folder / "mlruns").mkdir()
    shutil.copy(code.folder / "mlflow.db", folder / "mlruns")


def segment(code: Code, folder: Path, words: Sequence[str], one_thread: bool) -> tuple[float, dict]:
    """Run `segment` in a folder that has a store: its seconds, and the JSON that it prints.

    Raises
    ------
    InputError
        If it fails; with the last line of what it said.
    """
    environment = {**os.environ, **QUIET, "PYTHONPATH": str(code.folder / "src")}
    # A store that this shell works with must not be written by a benchmark.
    environment.pop("MLFLOW_TRACKING_URI", None)
    if one_thread:
        environment |= dict.fromkeys(THREADS, "1")
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "segmentation", *words, "print=json"],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    seconds = time.perf_counter() - began
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        reason = said[-1].removeprefix("segment: ")
        raise InputError(f"segment {words[0]} ended with {done.returncode}: {reason}")
    return seconds, json.loads(done.stdout)


def assignments(folder: Path, told: Mapping[str, Any]) -> pd.Series:
    """Read the winner's segment of each customer, in the order of their ids, from the store in a folder."""
    (path,) = folder.rglob(f"{told['parent_run_id']}/artifacts/segments/assignments.csv")
    return pd.read_csv(path, index_col=0)["segment"].sort_index()


def reason_of(error: Exception) -> str:
    """What the row of a sweep that failed says."""
    return str(error) if isinstance(error, InputError) else repr(error)


def read_results(path: Path, kind: type) -> dict[tuple, Any]:
    """Read the finished rows of earlier runs, by their keys; what failed is not finished.

    Parameters
    ----------
    path : Path
        The file; where there is none nothing is finished.
    kind : type
        Of the rows.

    Raises
    ------
    InputError
        If a line is not a result of this benchmark.
    """
    rows = {}
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    for number, line in enumerate(lines, start=1):
        try:
            told = json.loads(line)
            # JSON has no tuples.
            row = kind(**{name: tuple(v) if isinstance(v, list) else v for name, v in told.items()})
        except (ValueError, TypeError, AttributeError):
            raise InputError(
                f"Line {number} of {path} is not a result of this benchmark; delete it."
            ) from None
        if not row.error:
            rows[row.key] = row
    return rows


Measure = Callable[[Any, Code, bool], Any]
"""Runs one task with a version of the code, on one thread if so told: its row, whatever goes wrong."""


def rows_of(
    tasks: Sequence[Any], kind: type, measure: Measure, args: argparse.Namespace, told: Callable[[Any], str]
) -> tuple[list[Any], Code]:
    """Run the tasks, but for those that `--results` has, and say on stderr how each ends.

    Parameters
    ----------
    tasks : sequence
        What is to be run.
    kind : type
        Of the rows.
    measure : callable
        Runs one.
    args : Namespace
        With the options of `parse`.
    told : callable
        One line about a row.

    Returns
    -------
    rows : list
        In the order of the tasks.
    code : Code
        What was run; its folder is gone.

    Raises
    ------
    InputError
        If the results cannot be kept where they should be, or are not those of this benchmark.
    """
    if args.results and not args.results.parent.is_dir():
        raise InputError(f"There is no folder {args.results.parent} for --results.")
    earlier = read_results(args.results, kind) if args.results and not args.fresh else {}
    with tempfile.TemporaryDirectory() as place:
        code = Code.copy(Path(place))
        keys = [task.row(code.version).key for task in tasks]
        rows = {key: earlier[key] for key in keys if key in earlier}
        left = [task for task, key in zip(tasks, keys, strict=True) if key not in rows]
        print(f"{len(rows)} results are known from {args.results}" if rows else machine(), file=sys.stderr)
        if left:
            make_store(code)
        for row in _measured(left, measure, code, args.jobs):
            if args.results:
                with args.results.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(row)) + "\n")
            rows[row.key] = row
            print(f"[{len(rows)}/{len(tasks)}] {told(row)}", file=sys.stderr, flush=True)
    return [rows[key] for key in keys], code


def _measured(tasks: Sequence[Any], measure: Measure, code: Code, jobs: int) -> Iterator[Any]:
    """Rows as they are finished; the largest task is begun first."""
    pool = ThreadPoolExecutor(jobs)
    try:
        order = sorted(tasks, key=lambda task: -task.size)
        for future in as_completed([pool.submit(measure, task, code, jobs > 1) for task in order]):
            yield future.result()
    finally:
        # After Ctrl-C, which ends the sweeps too, no other is begun.
        pool.shutdown(cancel_futures=True)


def parse(parser: argparse.ArgumentParser, words: Sequence[str]) -> argparse.Namespace:
    """Read a command line, with the options that these benchmarks share; `overrides` is what follows `--`."""
    own, overrides = list(words), []
    if "--" in own:
        own, overrides = own[: own.index("--")], own[own.index("--") + 1 :]
    parser.add_argument("--results", type=Path, help="a file of JSON lines; what it has is not run again")
    parser.add_argument("--fresh", action="store_true", help="run all again, and add them to the results")
    parser.add_argument("--jobs", type=_jobs, default=os.cpu_count() or 1, help="sweeps at once (all cores)")
    args = parser.parse_args(own)
    args.overrides = overrides
    return args


def count(word: str) -> int:
    """A whole number from 0 on, for argparse."""
    if not word.isdecimal():
        raise argparse.ArgumentTypeError(f"{word} is not a whole number from 0 on")
    return int(word)


def _jobs(word: str) -> int:
    if not count(word):
        raise argparse.ArgumentTypeError("at least one sweep has to run at a time")
    return int(word)


def end(script: str, run: Callable[[], int]) -> int:
    """Run a benchmark: its exit code; 2 for a user's mistake, which is told in one sentence."""
    try:
        return run()
    except InputError as error:
        print(f"{script}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"{script}: interrupted; what was finished is in --results.", file=sys.stderr)
        return 130
