"""How often `segment sweep` finds the segments that are known, and whether it denies those that are not there.

    python benchmarks/truth.py FOLDER [--selection consensus] [--results results.jsonl] [-- key=value ...]

FOLDER holds labelled CSVs: columns x* are features, columns truth* references (several where experts disagree, 0 for
a noise row). Beside them stand generated Gaussian mixtures and sets without structure; without FOLDER these alone.
Every set is swept by a process of its own, in a folder and a store of its own.
"""

import argparse
import hashlib
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path
from statistics import fmean, median

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score

from mixtures import mixtures
from nulls import nulls
from processes import (
    Code,
    assignments,
    count,
    end,
    give_store,
    overriding,
    parse,
    reason_of,
    rows_of,
    segment,
)
from segmentation.errors import InputError
from sweep import machine, table

GROUPS = ("labelled", "mixtures", "nulls")
NOISY = 0.3
"""A winner that leaves out a larger share of the customers has not segmented them."""


@dataclass(frozen=True)
class Known:
    """A set of which the segments are known.

    Attributes
    ----------
    group : str
        One of `GROUPS`.
    name : str
        Its name there.
    X : DataFrame of shape (n, d)
        The features alone.
    truths : tuple of ndarray of shape (n,)
        References, 0 for noise; none where there are no segments.
    words : tuple of str
        The overrides of its sweep, without those that name the data.
    """

    group: str
    name: str
    X: pd.DataFrame
    truths: tuple[np.ndarray, ...]
    words: tuple[str, ...]

    @property
    def size(self) -> int:
        """Values in its features."""
        return self.X.size

    def row(self, code: str) -> "Row":
        """The row of this set before it is swept by some version of the code."""
        content = self.X.to_csv(index=False) + "".join(f"{truth.tolist()}" for truth in self.truths)
        data = hashlib.sha256(content.encode()).hexdigest()[:12]
        return Row(self.group, self.name, self.words, code, data, *self.X.shape)


@dataclass(frozen=True)
class Row:
    """What a sweep made of one set; a line of the results.

    Attributes
    ----------
    group, name : str
        The set.
    words : tuple of str
        The overrides of the sweep.
    code, data : str
        Digests of the code and of the set.
    n, d : int
        Customers and features.
    true_k : int or None
        Segments of the reference that fits best; None where there are no segments.
    found_k : int
        Segments of the winner; 1 where nothing won.
    ari : float or None
        Adjusted Rand index to that reference, without its noise rows.
    verdict : str
        natural, reproducible or constructive.
    noise : float
        Share of all customers that the winner calls noise.
    algorithm : str
        The winner's, "-" where nothing won.
    seconds : float
        The whole process, from its start to its end.
    search, evidence, finish : float
        The parts of it that the sweep tells.
    error : str or None
        Why there is no result; the figures then mean nothing.
    """

    group: str
    name: str
    words: tuple[str, ...]
    code: str
    data: str
    n: int
    d: int
    true_k: int | None = None
    found_k: int = 1
    ari: float | None = None
    verdict: str = "-"
    noise: float = 0.0
    algorithm: str = "-"
    seconds: float = 0.0
    search: float = 0.0
    evidence: float = 0.0
    finish: float = 0.0
    error: str | None = None

    @property
    def key(self) -> tuple:
        """What makes it the result of the same sweep of the same set by the same code."""
        return self.group, self.name, self.words, self.code, self.data


def labelled(path: Path, words: Sequence[str]) -> Known:
    """Read one labelled CSV.

    Raises
    ------
    InputError
        If it is no table, lacks columns x* or truth*, or a reference is not whole numbers from 0 on.
    """
    try:
        frame = pd.read_csv(path)
    except ValueError as error:
        raise InputError(f"{path} is not a readable CSV ({str(error).splitlines()[0]}).") from None
    names = {start: [c for c in frame if str(c).startswith(start)] for start in ("x", "truth")}
    for start, found in names.items():
        if not found:
            columns = ", ".join(map(str, frame.columns))
            raise InputError(f"{path} has no column {start}*; its columns are: {columns}.")
    for column in names["truth"]:
        values = pd.to_numeric(frame[column], errors="coerce")
        if not ((values >= 0) & (values % 1 == 0)).all() or not values.any():
            raise InputError(
                f"Column '{column}' of {path} is no reference; valid are 1, 2, ... and 0 for noise."
            )
    truths = tuple(frame[column].to_numpy(dtype=int) for column in names["truth"])
    return Known("labelled", path.stem, frame[names["x"]], truths, tuple(words))


def labelled_sets(folder: Path, words: Sequence[str], standard: Sequence[str]) -> list[Known]:
    """Read all labelled CSVs of a folder; names that start with one of `standard` are scaled, others are not.

    Raises
    ------
    InputError
        If there is no such folder, no CSV in it, or one that is not labelled.
    """
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}.")
    paths = sorted(folder.glob("*.csv"))
    if not paths:
        raise InputError(f"{folder} holds no CSV.")
    scalers = ["standard" if path.stem.startswith(tuple(standard)) else "none" for path in paths]
    return [
        labelled(path, overriding([f"scaler={scaler}"], words))
        for path, scaler in zip(paths, scalers, strict=True)
    ]


def with_weights(known: Known, folder: Path) -> Known:
    """The same set, chosen for by weights that were fitted without its battery.

    Raises
    ------
    InputError
        If `learn.py --left-out` left none for it in the folder.
    """
    path = folder.resolve() / f"{known.name.partition('_')[0]}.json"
    if not path.is_file():
        raise InputError(
            f"There is no {path.name} in {folder}; learn.py --left-out writes one for each battery."
        )
    return replace(known, words=(*known.words, f"selection.weights={path}"))


def generated_sets(n_mixtures: int, n_nulls: int, seed: int, words: Sequence[str]) -> list[Known]:
    """Draw mixtures, and sets without structure."""

    def frame(X: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame(X, columns=[f"x{i + 1}" for i in range(X.shape[1])])

    return [
        *(
            Known("mixtures", m.name, frame(m.X), (m.truth + 1,), tuple(words))
            for m in mixtures(n_mixtures, seed)
        ),
        *(Known("nulls", n.name, frame(n.X), (), tuple(words)) for n in nulls(n_nulls, seed)),
    ]


def score(truths: Sequence[np.ndarray], labels: np.ndarray) -> tuple[int, float]:
    """Compare labels to the reference that they fit best.

    Parameters
    ----------
    truths : sequence of ndarray of shape (n,)
        References; rows of 0 do not count.
    labels : ndarray of shape (n,)
        Segments; noise, -1, counts as one more.

    Returns
    -------
    k : int
        Segments of that reference, of the first where several fit as well.
    ari : float
        Adjusted Rand index to it.
    """
    scored = [
        (np.unique(truth[truth > 0]).size, float(adjusted_rand_score(truth[truth > 0], labels[truth > 0])))
        for truth in truths
    ]
    return max(scored, key=lambda of: of[1])


def measure(known: Known, code: Code, one_thread: bool) -> Row:
    """Sweep one set; whatever goes wrong becomes the row's error."""
    row = known.row(code.version)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        try:
            seconds, told = _sweep(known, code, folder, one_thread)
            labels = _labels(folder, told, len(known.X))
            k, ari = score(known.truths, labels) if known.truths else (None, None)
            winner = told["winner"] or {"n_segments": 1, "algorithm": "-"}
            figures = {
                "true_k": k,
                "found_k": winner["n_segments"],
                "ari": ari,
                "verdict": told["verdict"]["verdict"],
                "noise": float(np.mean(labels < 0)),
                "algorithm": winner["algorithm"],
                "seconds": seconds,
                **{part: told["seconds"][part] for part in ("search", "evidence", "finish")},
            }
        except Exception as error:
            figures = {"error": reason_of(error)}
    return Row(**{**vars(row), **figures})


def _sweep(known: Known, code: Code, folder: Path, one_thread: bool) -> tuple[float, dict]:
    """Run `segment sweep` in a folder: its seconds, and what it prints."""
    known.X.to_csv(folder / "customers.csv", index=False)
    give_store(code, folder)
    # Columns that are named are numbers, whatever their values look like.
    names = [f"data.numeric={json.dumps(list(known.X.columns))}", "features=all_numeric"]
    words = ["sweep", "data=table", "data.path=customers.csv", *names, *known.words]
    return segment(code, folder, words, one_thread)


def _labels(folder: Path, told: Mapping, n: int) -> np.ndarray:
    """The winner's labels in the order of the file; one group where nothing won."""
    if not told["winner"]:
        return np.zeros(n, dtype=int)
    segments = assignments(folder, told)
    if segments.index.tolist() != list(range(1, n + 1)):
        raise InputError(f"The sweep assigned {len(segments)} rows, which are not the {n} of the file.")
    return segments.to_numpy()


COLUMNS = (
    "set", "n", "d", "true k", "found k", "ARI", "verdict", "noise", "algorithm", "s", "search s", "evidence s",
    "finish s",
)  # fmt: skip


def cells(row: Row) -> list[object]:
    """One line of a group's table."""
    if row.error:
        return [row.name, row.n, row.d, *["-"] * 3, f"failed: {row.error}", *["-"] * (len(COLUMNS) - 7)]
    true_k, ari = ("-", "-") if row.ari is None else (row.true_k, f"{row.ari:.2f}")
    return [
        row.name, row.n, row.d, true_k, row.found_k, ari, row.verdict, f"{row.noise:.0%}", row.algorithm,
        *(f"{s:.1f}" for s in (row.seconds, row.search, row.evidence, row.finish)),
    ]  # fmt: skip


SUMMARY = (
    "rule", "group", "sets", "exact k", "within 1", "mean ARI", f"noise > {NOISY:.0%}", "nothing won", "natural",
    "reproducible", "constructive", "study s", "process s", "longest s", "failed",
)  # fmt: skip


def summary(rows: Sequence[Row], rule: str) -> list[object]:
    """One line over the sets of a group; those that failed count in the last column alone.

    Seconds are medians: of the study (search, evidence, verdict) and of the whole process, which also starts Python
    and writes the report; then the longest process.
    """
    done = [row for row in rows if not row.error]
    if not done:
        return [rule, rows[0].group, 0, *["-"] * (len(SUMMARY) - 4), len(rows)]
    off = [abs(row.found_k - row.true_k) for row in done if row.true_k]
    aris = [row.ari for row in done if row.ari is not None]
    verdicts = [row.verdict for row in done]
    return [
        rule,
        done[0].group,
        len(done),
        off.count(0) if off else "-",
        off.count(0) + off.count(1) if off else "-",
        f"{fmean(aris):.3f}" if aris else "-",
        sum(row.noise > NOISY for row in done),
        sum(row.algorithm == "-" for row in done),
        *(verdicts.count(answer) for answer in ("natural", "reproducible", "constructive")),
        f"{median(row.search + row.evidence for row in done):.1f}",
        f"{median(row.seconds for row in done):.1f}",
        f"{max(row.seconds for row in done):.1f}",
        len(rows) - len(done),
    ]


BATTERIES = ("battery", "sets", "exact k", "mean ARI")


def batteries(rows: Sequence[Row]) -> list[list[object]]:
    """One line for each battery, which is the name up to the first underscore, over its sets that did not fail."""
    found: dict[str, list[Row]] = {}
    for row in sorted((row for row in rows if row.ari is not None), key=lambda row: row.name):
        found.setdefault(row.name.partition("_")[0], []).append(row)
    return [
        [
            name,
            len(sets),
            sum(row.found_k == row.true_k for row in sets),
            f"{fmean(row.ari for row in sets):.3f}",
        ]
        for name, sets in found.items()
    ]


def report(rows: Sequence[Row], rule: str) -> str:
    """A table for each group, one of the labelled batteries, and a line for each group that sums it up; Markdown."""
    groups = [[row for row in rows if row.group == group] for group in GROUPS]
    groups = [group for group in groups if group]
    tables = [f"{group[0].group}\n\n{table(COLUMNS, [cells(row) for row in group])}" for group in groups]
    lines = batteries([row for row in rows if row.group == "labelled"])
    if lines:
        tables.append(table(BATTERIES, lines))
    return "\n\n".join([*tables, table(SUMMARY, [summary(group, rule) for group in groups])])


def chosen(sets: Sequence[Known], pattern: str) -> list[Known]:
    """Those whose name, or group/name, is like the pattern.

    Raises
    ------
    InputError
        If there is none.
    """
    found = [k for k in sets if fnmatch(k.name, pattern) or fnmatch(f"{k.group}/{k.name}", pattern)]
    if not found:
        names = f"there are {len(sets)}" + (f", such as {sets[0].group}/{sets[0].name}" if sets else "")
        raise InputError(f"No set is like --only {pattern}; {names}.")
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; 2 for a user's mistake, 1 where a set failed."""
    return end("truth.py", lambda: _run(_arguments(sys.argv[1:] if argv is None else argv)))


def _run(args: argparse.Namespace) -> int:
    words = overriding([f"selection={args.selection}", f"search.seed={args.search_seed}"], args.overrides)
    rule = next(word.partition("=")[2] for word in words if word.startswith("selection="))
    sets = [] if args.folder is None else labelled_sets(args.folder, words, args.standard or ["uci_"])
    if args.left_out:
        sets = [with_weights(known, args.left_out) for known in sets]
    sets += generated_sets(args.mixtures, args.nulls, args.seed, words)
    sets = chosen(sets, args.only)
    rows, code = rows_of(sets, Row, measure, args, _told)
    print(f"segmentation {code.version}, {args.jobs} jobs, {' '.join(words)}\n{machine()}\n")
    print(report(rows, rule))
    return int(any(row.error for row in rows))


def _told(row: Row) -> str:
    line = ", ".join(f"{c} {v}" for c, v in zip(COLUMNS[3:10], cells(row)[3:10], strict=True))
    return f"{row.group}/{row.name}: {line}"


def _arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, help="labelled CSVs")
    parser.add_argument("--selection", default="consensus", help="the rule, an option of conf/selection")
    parser.add_argument("--left-out", type=Path, help="weights without each battery, of learn.py --left-out")
    parser.add_argument("--standard", action="append", help="start of names to be scaled (uci_); repeatable")
    parser.add_argument("--mixtures", type=count, default=24, help="how many mixtures (24)")
    parser.add_argument("--nulls", type=count, default=44, help="how many sets without structure (44)")
    parser.add_argument("--seed", type=count, default=0, help="of the generated sets (0)")
    parser.add_argument("--search-seed", type=count, default=0, help="of the sweeps (0)")
    parser.add_argument("--only", default="*", help="sets whose name or group/name is like this pattern")
    return parse(parser, words)


if __name__ == "__main__":
    sys.exit(main())
