"""Whether `segment sweep` gives the same answer on real customer tables from any seed, and one that can be promoted.

    python benchmarks/customers.py FOLDER [--seeds 10] [--budgets 30 60 150 300] [--only pattern] [-- key=value ...]

FOLDER holds the tables under the names of their publishers; those it lacks are skipped. Each table is swept with the
default settings from each search seed, in a process, a folder and a store of its own, and the gate is asked there
whether the winner could be promoted.
"""

import argparse
import hashlib
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from itertools import combinations
from pathlib import Path
from statistics import fmean, median
from typing import Any

import pandas as pd
from sklearn.metrics import adjusted_rand_score

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
from segmentation.data import Transactions
from segmentation.errors import InputError
from sweep import machine, table

SAME_K = 0.9
"""The share of the seeds that have to give the commonest k."""
SAME_ARI = 0.9
"""The mean adjusted Rand index that the answers of two seeds have to reach."""
NOTHING = "none"
"""The answer of a study that registers no clustering: an answer too, that another seed can repeat."""
RESERVED = ("data.path", "search.seed", "register", "print")


@dataclass(frozen=True)
class Table:
    """A real table, and how it is swept.

    Attributes
    ----------
    name : str
        What it is called here.
    file : str
        Its name in the folder.
    words : tuple of str
        The overrides that name its kind and its columns.
    answer : tuple of str or None
        The file and the column of a published segmentation, its rows in the order of the table's; None where there
        is none.
    transactions : bool
        Whether it is a log of purchases, whose sum is what a customer is worth.
    """

    name: str
    file: str
    words: tuple[str, ...]
    answer: tuple[str, str] | None = None
    transactions: bool = False


TABLES = (
    Table("mall_income_spending", "Mall_Customers.csv", ("data=mall", "features=income_spending")),
    Table("mall_age_income_spending", "Mall_Customers.csv", ("data=mall", "features=age_income_spending")),
    Table("credit_card", "CC GENERAL.csv", ("data=table", "data.id=CUST_ID", "features=all_numeric")),
    Table("marketing_campaign", "marketing_campaign.csv", ("data=marketing", "features=all_numeric")),
    Table("online_retail", "online_retail.parquet", ("data=transactions", "features=rfm"), transactions=True),
    Table(
        "vacation_motives",
        "vacation_motives.csv",
        ("data=table", "features=all_numeric"),
        ("vacation_motives_descriptors.csv", "published_segment"),
    ),
    Table(
        "segments_known_truth",
        "segments_known_truth.csv",
        ("data=table", "data.drop=[Segment]", "features=all"),
        ("segments_known_truth.csv", "Segment"),
    ),
)
BUDGETED = ("mall_income_spending", "mall_age_income_spending")


@dataclass(frozen=True)
class Task:
    """One sweep of one table.

    Attributes
    ----------
    table : Table
        What is swept.
    folder : Path
        Where the files are.
    seed : int
        Of the search.
    trials : int or None
        How many; None for the default.
    words : tuple of str
        All overrides but the one that names the file.
    """

    table: Table
    folder: Path
    seed: int
    trials: int | None
    words: tuple[str, ...]

    @classmethod
    def of(
        cls, table: Table, folder: Path, overrides: Sequence[str], seed: int, trials: int | None
    ) -> "Task":
        """Make the task of a seed, or of a number of trials."""
        own = [f"search.seed={seed}", *([] if trials is None else [f"search.n_trials={trials}"])]
        words = overriding(overriding(table.words, overrides), own)
        return cls(table, folder, seed, trials, words)

    @property
    def file(self) -> Path:
        """The table's."""
        return self.folder / self.table.file

    @property
    def size(self) -> int:
        """Bytes of the table."""
        return self.file.stat().st_size

    @property
    def published(self) -> pd.Series | None:
        """The published answer, where the folder has one."""
        if self.table.answer is None or not (self.folder / self.table.answer[0]).exists():
            return None
        file, column = self.table.answer
        return pd.read_csv(self.folder / file)[column]

    def row(self, code: str) -> "Row":
        """The row of this sweep before it is run by some version of the code."""
        answer = "" if self.published is None else self.published.to_csv()
        data = hashlib.sha256(self.file.read_bytes() + answer.encode())
        return Row(self.table.name, self.seed, self.trials, self.words, code, data.hexdigest()[:12])


@dataclass(frozen=True)
class Row:
    """What one sweep made of one table; a line of the results.

    Attributes
    ----------
    table : str
        The table's name.
    seed : int
        Of the search.
    trials : int or None
        How many, where it was not the default.
    words : tuple of str
        The overrides of the sweep.
    code, data : str
        Digests of the code and of the files.
    k : int or None
        Segments of the winner; None where the study registered none.
    verdict : str
        Of the study.
    algorithm : str
        The winner's; "-" where there is none.
    jaccard : float or None
        The winner's least stable segment.
    refused : tuple of str
        The checks of the gate that the winner does not pass, with their limits.
    labels : tuple of int
        The winner's segment of each customer, -1 for noise, in the order of the ids; empty where there is none.
    noise : float or None
        Share of the customers that the winner calls noise.
    value : float or None
        Their share of the value; None where nothing says what a customer is worth.
    ari : float or None
        Adjusted Rand index to the published answer; 0 where nothing won, None where there is no such answer.
    seconds : float
        The whole process of the sweep, without that of the gate.
    search, evidence : float
        The parts of it that the sweep tells.
    error : str or None
        Why there is no result; the figures then mean nothing.
    """

    table: str
    seed: int
    trials: int | None
    words: tuple[str, ...]
    code: str
    data: str
    k: int | None = None
    verdict: str = "-"
    algorithm: str = "-"
    jaccard: float | None = None
    refused: tuple[str, ...] = ()
    labels: tuple[int, ...] = ()
    noise: float | None = None
    value: float | None = None
    ari: float | None = None
    seconds: float = 0.0
    search: float = 0.0
    evidence: float = 0.0
    error: str | None = None

    @property
    def key(self) -> tuple:
        """What makes it the result of the same sweep of the same files by the same code."""
        return self.table, self.seed, self.trials, self.words, self.code, self.data

    @property
    def answer(self) -> str:
        """The number of segments, `none` where the study registered nothing, or that it failed."""
        return "failed" if self.error else NOTHING if self.k is None else str(self.k)

    @property
    def gate(self) -> str:
        """What the gate says."""
        if self.error or self.k is None:
            return "-"
        return f"refused: {'; '.join(self.refused)}" if self.refused else "passed"


def measure(task: Task, code: Code, one_thread: bool) -> Row:
    """Sweep once and ask the gate; whatever goes wrong becomes the row's error."""
    row = task.row(code.version)
    with tempfile.TemporaryDirectory() as place:
        try:
            figures = _measured(task, code, Path(place), one_thread)
        except Exception as error:
            figures = {"error": reason_of(error)}
    return Row(**{**vars(row), **figures})


def _measured(task: Task, code: Code, folder: Path, one_thread: bool) -> dict[str, Any]:
    published = task.published
    copy = shutil.copy(task.file, folder / f"customers{task.file.suffix}")
    give_store(code, folder)
    words = ["sweep", *task.words, f"data.path={copy.name}"]
    seconds, told = segment(code, folder, words, one_thread)
    figures = {
        "verdict": told["verdict"]["verdict"],
        "seconds": seconds,
        **{part: told["seconds"][part] for part in ("search", "evidence")},
    }
    if not told["winner"] or "version" not in (told["model"] or {}):
        # A study may show the best clustering that it does not believe in, and register nothing.
        return {**figures, "ari": None if published is None else 0.0}
    # Nothing is promoted, so that no reason is asked for where the verdict is constructive.
    _, judged = segment(code, folder, ["promote", "gate=default", "dry_run=true"], one_thread)
    labels = assignments(folder, told)
    return {
        **figures,
        "k": told["winner"]["n_segments"],
        "algorithm": told["winner"]["algorithm"],
        "jaccard": told["evidence"]["jaccard_min"],
        "refused": refused(judged["checks"]),
        "labels": tuple(labels.tolist()),
        "noise": float((labels < 0).mean()),
        "value": value_in_noise(labels, task.file) if task.table.transactions else None,
        "ari": None if published is None else ari_to(labels, published),
    }


def refused(checks: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The checks that were not passed: what was found, and what would have been enough."""
    return tuple(f"{c['name']} {c['value']}, {c['limit']}" for c in checks if not c["passed"])


def value_in_noise(labels: pd.Series, path: Path) -> float:
    """Share of the money that the customers in noise spent, by their ids."""
    money = _money(path).loc[labels.index]
    return float(money[labels < 0].sum() / money.sum())


@cache
def _money(path: Path) -> pd.Series:
    return Transactions(path).read().table["monetary"]


def ari_to(labels: pd.Series, published: pd.Series) -> float:
    """Adjusted Rand index to a published answer; customers without ids have the numbers of their rows, from 1 on."""
    return float(adjusted_rand_score(published.iloc[labels.index - 1], labels))


def ari_between(rows: Sequence[Row]) -> float | None:
    """Mean adjusted Rand index between the answers of all pairs, None for fewer than two; 1 where both are nothing."""
    done = [row for row in rows if not row.error]
    return fmean(_alike(a, b) for a, b in combinations(done, 2)) if len(done) > 1 else None


def _alike(one: Row, other: Row) -> float:
    if not (one.labels and other.labels):
        # A study without a winner leaves all customers in one group, which says nothing of any other grouping.
        return float(one.labels == other.labels)
    return float(adjusted_rand_score(one.labels, other.labels))


def same_k(rows: Sequence[Row]) -> int:
    """How many give the commonest answer; that it failed is no answer."""
    answers = Counter(row.answer for row in rows if not row.error)
    return max(answers.values(), default=0)


COLUMNS = (
    "seed", "k", "verdict", "winner", "smallest Jaccard", "gate", "noise", "value in noise", "ARI to answer",
    "search s", "evidence s", "process s",
)  # fmt: skip


def cells(row: Row) -> list[object]:
    """One line of the table of a data set."""
    if row.error:
        return [row.seed, "-", f"failed: {row.error}", *["-"] * (len(COLUMNS) - 3)]
    return [
        row.seed, row.answer, row.verdict, row.algorithm, _two(row.jaccard), row.gate, _percent(row.noise),
        _percent(row.value), _two(row.ari), *(f"{s:.1f}" for s in (row.search, row.evidence, row.seconds)),
    ]  # fmt: skip


SUMMARY = (
    "table", "k by seed", "same k", "verdicts", "winners", "ARI between seeds", "smallest Jaccard", "gate",
    "most noise", "most value in noise", "ARI to answer", "study s", "process s",
)  # fmt: skip


def summary(rows: Sequence[Row]) -> list[object]:
    """One line over the seeds of a table: ARI to the answer is the mean, seconds are medians."""
    done = [row for row in rows if not row.error]
    if not done:
        return [rows[0].table, " ".join(row.answer for row in rows), *["-"] * (len(SUMMARY) - 2)]
    won = [row for row in done if row.k is not None]
    aris = [row.ari for row in done if row.ari is not None]
    return [
        rows[0].table,
        " ".join(row.answer for row in rows),
        f"{same_k(rows)} of {len(rows)}",
        _counted(row.verdict for row in done),
        _counted(row.algorithm for row in won) or "-",
        _two(ari_between(rows)),
        _two(min((row.jaccard for row in won), default=None)),
        f"{sum(not row.refused for row in won)} of {len(won)} pass" if won else "nothing won",
        _percent(max((row.noise for row in won), default=None)),
        _percent(max((row.value for row in won if row.value is not None), default=None)),
        _two(fmean(aris) if aris else None),
        f"{median(row.search + row.evidence for row in done):.1f}",
        f"{median(row.seconds for row in done):.1f}",
    ]


def _two(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:.2f}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _counted(words: Any) -> str:
    return ", ".join(f"{word} {times}" for word, times in Counter(words).most_common())


Holds = Callable[[Sequence[Row]], bool | None]
"""Whether the rows of a table keep something; None where one alone cannot say."""


def _k_at_least(share: float) -> Holds:
    def holds(rows: Sequence[Row]) -> bool | None:
        return same_k(rows) >= share * len(rows) if len(rows) > 1 else None

    return holds


def _ari_at_least(least: float) -> Holds:
    def holds(rows: Sequence[Row]) -> bool | None:
        if any(row.error for row in rows):
            return False
        found = ari_between(rows)
        return None if found is None else found >= least

    return holds


def _promotable(rows: Sequence[Row]) -> bool:
    return not any(row.error or row.refused for row in rows)


SEEDS_HOLD: dict[str, Holds] = {
    "the same k in at least 9 of 10 seeds": _k_at_least(SAME_K),
    "mean ARI between seeds 0.9 or more": _ari_at_least(SAME_ARI),
    "every winner passes gate=default, or nothing won": _promotable,
}
BUDGETS_HOLD: dict[str, Holds] = {
    "the same k with every number of trials": _k_at_least(1),
    "the same segments with every number of trials": _ari_at_least(1),
}


def held(musts: Mapping[str, Holds], groups: Sequence[Sequence[Row]]) -> str:
    """A line for each thing that must hold: whether it does for every table, and where it does not."""
    lines = []
    for must, holds in musts.items():
        answers = {rows[0].table: holds(rows) for rows in groups}
        failing = [name for name, answer in answers.items() if answer is False]
        known = any(answer is not None for answer in answers.values())
        lines.append([must, "no" if failing else "yes" if known else "-", ", ".join(failing) or "-"])
    return table(["must hold", "answer", "not by"], lines)


def report(rows: Sequence[Row]) -> str:
    """A table for each data set, one that sums them up, and what must hold; Markdown."""
    groups = _by_table(row for row in rows if row.trials is None)
    parts = [f"{group[0].table}\n\n{table(COLUMNS, [cells(row) for row in group])}" for group in groups]
    if groups:
        parts += [table(SUMMARY, [summary(group) for group in groups]), held(SEEDS_HOLD, groups)]
    budgets = _by_table(row for row in rows if row.trials is not None)
    if budgets:
        lines = [line for group in budgets for line in _budget_lines(group)]
        header = ["table", "trials", "k", "verdict", "winner", "ARI to the largest", "study s"]
        parts += [table(header, lines), held(BUDGETS_HOLD, budgets)]
    return "\n\n".join(parts)


def _by_table(rows: Any) -> list[list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.table, []).append(row)
    return list(found.values())


def _budget_lines(rows: Sequence[Row]) -> list[list[object]]:
    largest = max(rows, key=lambda row: row.trials or 0)
    return [
        [
            row.table, row.trials, row.answer, row.error or row.verdict, row.algorithm,
            _two(ari_between([row, largest])), f"{row.search + row.evidence:.1f}",
        ]
        for row in rows
    ]  # fmt: skip


def tasks_of(args: argparse.Namespace) -> tuple[list[Task], list[Table]]:
    """What is to be run, and the tables that the folder lacks.

    Raises
    ------
    InputError
        If there is nothing to run, or an override belongs to the benchmark.
    """
    if not args.folder.is_dir():
        raise InputError(f"There is no folder {args.folder}.")
    for word in args.overrides:
        key = word.lstrip("+~").partition("=")[0]
        if key in RESERVED:
            raise InputError(f"{word} cannot be given: the benchmark itself sets {', '.join(RESERVED)}.")
    wanted = [t for t in TABLES if fnmatch(t.name, args.only)]
    if not wanted:
        raise InputError(
            f"No table is like --only {args.only}; they are: {', '.join(t.name for t in TABLES)}."
        )
    there = [t for t in wanted if (args.folder / t.file).exists()]
    if not there:
        files = ", ".join(dict.fromkeys(t.file for t in wanted))
        raise InputError(f"{args.folder} holds none of the tables: {files}.")
    tasks = [Task.of(t, args.folder, args.overrides, seed, None) for t in there for seed in range(args.seeds)]
    tasks += [
        Task.of(t, args.folder, args.overrides, 0, trials)
        for t in there
        if t.name in BUDGETED
        for trials in dict.fromkeys(args.budgets)
    ]
    if not tasks:
        raise InputError("There is nothing to run: give --seeds of 1 or more, or --budgets and a mall table.")
    return tasks, [t for t in wanted if t not in there]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; 2 for a user's mistake, 1 where a sweep failed."""
    return end("customers.py", lambda: _run(_arguments(sys.argv[1:] if argv is None else argv)))


def _run(args: argparse.Namespace) -> int:
    tasks, missing = tasks_of(args)
    for lacking in missing:
        print(f"{lacking.name} is skipped: {args.folder} has no {lacking.file}", file=sys.stderr)
    rows, code = rows_of(tasks, Row, measure, args, _told)
    words = f", {' '.join(args.overrides)}" if args.overrides else ""
    print(f"segmentation {code.version}, {args.jobs} jobs{words}\n{machine()}")
    if missing:
        print(f"skipped, not in the folder: {', '.join(t.name for t in missing)}")
    print(f"\n{report(rows)}")
    return int(any(row.error for row in rows))


def _told(row: Row) -> str:
    line = ", ".join(f"{c} {v}" for c, v in zip(COLUMNS, cells(row), strict=True))
    trials = "" if row.trials is None else f", {row.trials} trials"
    return f"{row.table}{trials}: {line}"


def _arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="the real tables")
    parser.add_argument("--seeds", type=count, default=10, help="search seeds, from 0 on (10)")
    parser.add_argument(
        "--budgets", type=count, nargs="+", default=[], metavar="N",
        help="also sweep the mall tables with these numbers of trials, from seed 0; --seeds 0 for these alone",
    )  # fmt: skip
    parser.add_argument("--only", default="*", help="tables whose names are like this pattern")
    return parse(parser, words)


if __name__ == "__main__":
    sys.exit(main())
