"""`segment sweep` beside a hand-written search: the same data, the same number of trials, alternately.

    python benchmarks/sweep.py CSV COLUMN,COLUMN --peer PATH_TO_PEER_SCRIPT [--trials 60] [--rounds 3]

The peer script takes `CSV COLUMNS --trials N --models winner --store DIR`, logs to an MLflow store in DIR, and ends
with a line of JSON that holds `search_s` and `all_s`. Each run is a process of its own with a store of its own.
"""

import argparse
import ast
import json
import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import astuple, dataclass, fields
from importlib.metadata import version
from pathlib import Path
from statistics import median

OURS = "from segmentation.commands import launch\nimport segmentation.commands.sweep"
MALL = {"Annual Income (k$)", "Spending Score (1-100)"}
LIBRARIES = ("hydra-core", "optuna", "mlflow", "scikit-learn", "numpy", "pandas", "matplotlib")


@dataclass(frozen=True)
class Seconds:
    """How long one process took.

    Attributes
    ----------
    search : float
        The trials, as each side tells it. The peer's own figure also holds the logging of the winner's model.
    with_winner : float
        The trials and everything done with the winner: for this project figures, profile, model and registry too.
    total : float
        From the start of the imports to the result.
    wall : float
        The whole process.
    imports : float
        A process that only imports what the side imports.
    """

    search: float
    with_winner: float
    total: float
    wall: float
    imports: float


@dataclass(frozen=True)
class Logged:
    """What one process left in its store."""

    runs: int
    params: int
    metrics: int
    tags: int
    artifacts: int
    model_versions: int

    @classmethod
    def of(cls, folder: Path) -> "Logged":
        """Count what is in the one store below a folder."""
        (database,) = folder.rglob("mlflow.db")
        with closing(sqlite3.connect(database)) as store:
            tables = ("runs", "params", "latest_metrics", "tags", "model_versions")
            count = {t: store.execute(f"SELECT COUNT(*) FROM {t}").fetchone()[0] for t in tables}
        files = sum(path.is_file() for path in database.parent.joinpath("artifacts").rglob("*"))
        return cls(
            count["runs"], count["params"], count["latest_metrics"], count["tags"], files,
            count["model_versions"],
        )  # fmt: skip


@dataclass(frozen=True)
class Side:
    """One of the two that are compared: its command and the imports it begins with."""

    name: str
    command: Sequence[str]
    imports: str


def project(csv: str, columns: Sequence[str], trials: int) -> Side:
    """`segment sweep` on a CSV file; the mall's two classic columns are its own defaults."""
    if set(columns) == MALL:
        data = ["data=mall"]
    else:
        data = ["data=table", "features=custom", f"features.numeric={json.dumps(list(columns))}"]
    words = ["sweep", *data, f'data.path="{csv}"', f"search.n_trials={trials}", "print=json"]
    return Side("segment sweep", (sys.executable, "-m", "segmentation", *words), OURS)


def peer(script: str, csv: str, columns: Sequence[str], trials: int) -> Side:
    """The hand-written script on the same file."""
    words = [csv, ",".join(columns), "--trials", str(trials), "--models", "winner", "--store", "peer_store"]
    source = Path(script).read_text(encoding="utf-8")
    return Side(Path(script).stem, (sys.executable, script, *words), import_lines(source))


def import_lines(source: str) -> str:
    """The import statements at the top level of a script."""
    statements = [s for s in ast.parse(source).body if isinstance(s, ast.Import | ast.ImportFrom)]
    return "\n".join(ast.unparse(s) for s in statements)


def run(side: Side) -> tuple[Seconds, Logged]:
    """Run one side in a new folder."""
    with tempfile.TemporaryDirectory() as folder:
        imports, _ = _timed((sys.executable, "-c", side.imports), folder)
        wall, out = _timed(side.command, folder)
        told = json.loads(out.strip().splitlines()[-1])
        return Seconds(*told_seconds(told), wall, imports), Logged.of(Path(folder))


def _timed(command: Sequence[str], folder: str) -> tuple[float, str]:
    environment = {**os.environ, "MPLBACKEND": "Agg", "MLFLOW_DISABLE_TELEMETRY": "true"}
    # A store that this shell works with must not be written by a benchmark.
    environment.pop("MLFLOW_TRACKING_URI", None)
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\nended with {done.returncode}:\n{done.stderr[-2000:]}")
    return seconds, done.stdout


def told_seconds(told: dict) -> tuple[float, float, float]:
    """Search, search with the winner, and total, from what a side says of itself."""
    if "search_s" in told:
        return told["search_s"], told["search_s"], told["all_s"]
    seconds = told["seconds"]
    return seconds["search"], seconds["search"] + seconds["finish"], seconds["total"]


def medians(measured: Sequence[Seconds]) -> Seconds:
    """The median of each figure."""
    return Seconds(*(median(values) for values in zip(*map(astuple, measured), strict=True)))


def ratios(slow: Seconds, quick: Seconds) -> dict[str, float]:
    """How many times longer the first takes, for each figure."""
    return {f.name: getattr(slow, f.name) / getattr(quick, f.name) for f in fields(Seconds)}


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; floats with two decimals."""
    cells = [[f"{c:.2f}" if isinstance(c, float) else f"{c}" for c in row] for row in (header, *rows)]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    return "\n".join([lines[0], "|" + " --- |" * len(header), *lines[1:]])


def timing_row(label: object, name: str, seconds: Seconds, trials: int) -> list[object]:
    """One line of the table of times."""
    share = f"{seconds.imports / seconds.wall:.0%}"
    return [
        label, name, seconds.search, trials / seconds.search, seconds.with_winner, seconds.total, seconds.wall,
        seconds.imports, share,
    ]  # fmt: skip


TIMES = (
    "round",
    "side",
    "search s",
    "trials/s",
    "search + winner s",
    "total s",
    "process s",
    "imports s",
    "imports / process",
)


def report(trials: int, measured: dict[str, list[tuple[Seconds, Logged]]]) -> str:
    """The tables: times by round and their medians, ratios, and what each side logged.

    Parameters
    ----------
    trials : int
        Number of trials of each run.
    measured : dict of str to list
        For each side, by name, this project's first, one measurement a round.

    Returns
    -------
    str
        Markdown.
    """
    rounds = len(next(iter(measured.values())))
    middle = {name: medians([seconds for seconds, _ in runs]) for name, runs in measured.items()}
    times = [
        *(
            timing_row(i + 1, name, runs[i][0], trials)
            for i in range(rounds)
            for name, runs in measured.items()
        ),
        *(timing_row("median", name, seconds, trials) for name, seconds in middle.items()),
    ]
    ours, other = middle.values()
    names = ("search", "with_winner", "total", "wall")
    mine, theirs = ([seconds for seconds, _ in runs] for runs in measured.values())
    pairs = [*zip(range(1, rounds + 1), mine, theirs, strict=True), ("medians", ours, other)]
    ratio = table(
        ["peer / ours, round", "search", "search + winner", "total", "process"],
        [[label, *(ratios(slow, quick)[name] for name in names)] for label, quick, slow in pairs],
    )
    left = {name: runs[-1][1] for name, runs in measured.items()}
    logged = table(
        ["side", *(f.name.replace("_", " ") for f in fields(Logged)), "metrics per run"],
        [[name, *astuple(counts), counts.metrics / counts.runs] for name, counts in left.items()],
    )
    return "\n\n".join([table(TIMES, times), ratio, logged])


def machine() -> str:
    """Where this is measured, and how busy it is."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, load {load}, "
        f"Python {platform.python_version()}; {libraries}"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("csv")
    parser.add_argument("columns", help="names of the numeric columns, with commas between")
    parser.add_argument("--peer", required=True, help="the hand-written script")
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()

    csv, columns = str(Path(args.csv).resolve()), args.columns.split(",")
    sides = [
        project(csv, columns, args.trials),
        peer(str(Path(args.peer).resolve()), csv, columns, args.trials),
    ]
    print(f"Before: {machine()}\n", flush=True)
    measured: dict[str, list[tuple[Seconds, Logged]]] = {side.name: [] for side in sides}
    for i in range(args.rounds):
        # Who goes first has the colder disk cache: they take turns.
        for side in sides if i % 2 == 0 else sides[::-1]:
            measured[side.name].append(run(side))
            print(f"round {i + 1}, {side.name}: {measured[side.name][-1][0]}", file=sys.stderr, flush=True)
    print(f"{args.trials} trials, {args.rounds} rounds\n\n{report(args.trials, measured)}\n")
    print(f"After: {machine()}")


if __name__ == "__main__":
    main()
