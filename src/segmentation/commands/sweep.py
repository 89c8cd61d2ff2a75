"""`segment sweep`: an Optuna study, every trial a run, the winner registered."""

import hashlib
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from omegaconf import DictConfig, OmegaConf
from tqdm import tqdm

from segmentation import plots
from segmentation.cli import STARTED
from segmentation.commands._clustering import (
    Assessed,
    assess,
    choice_tags,
    clustering_record,
    data_tags,
    findings_text,
    keep,
    log_data,
    open_bench,
    open_store,
    profile_text,
    read_customers,
)
from segmentation.commands._config import build, choices, dimension, options
from segmentation.commands._recorder import Recorder
from segmentation.commands._result import Result
from segmentation.data import Customers
from segmentation.errors import InputError
from segmentation.evaluation import Candidate, Constraints, Selection, knee, select, silhouette_reference
from segmentation.study import (
    Bench,
    Outcome,
    Search,
    Space,
    Study,
    curves_over_k,
    leaderboard,
    open_study,
    parameter_importance,
    parameter_table,
    run_search,
)
from segmentation.tracking import Run

SHOWN_ROWS = 8
OBJECTIVE = "Silhouette in the yardstick space"


def run(config: DictConfig) -> Result:
    """Search, log every trial, register the winner.

    Parameters
    ----------
    config : DictConfig
        The composed config of conf/sweep.yaml.

    Returns
    -------
    Result
    """
    customers = read_customers(config)
    space = _space(config)
    bench = open_bench(config, customers, space)
    for features in space.features:
        bench.yardstick(features)
    search = _search(config, customers)
    store = open_store(config)
    facts = {"data": customers.fingerprint, "space": _digest(config, space)}
    record = open_study(search, facts)

    tags = {**data_tags(customers), "command": "sweep", "study": search.name}
    known = record.user_attrs.get("parent_run_id")
    with store.run(search.name, tags, run_id=known) as parent:
        record.set_user_attr("parent_run_id", parent.id)
        log_data(parent, config, customers)
        loaded = time.perf_counter()
        with _Progress(search) as progress, Recorder(parent, tags, bench, progress.show) as recorder:
            study = run_search(bench, search, record, recorder)
        searched = time.perf_counter()
        _require_a_result(study)
        finish = _finish(config, customers, bench, search, study, parent)
    ended = time.perf_counter()
    seconds = {
        "load": loaded - STARTED,
        "search": searched - loaded,
        "finish": ended - searched,
        "total": ended - STARTED,
    }
    result = {
        "study": search.name,
        "parent_run_id": parent.id,
        "trials": study.counts(),
        **finish.record,
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
    }
    return Result(findings_text(customers) + finish.text, result)


def _space(config: DictConfig) -> Space:
    search = config.search
    wanted = {
        "features": choices("features") if search.features is None else choices("", search.features),
        "scaler": choices("scaler", search.scaler),
        "reducer": choices("reducer", search.reducer),
        "algorithm": choices("algorithm", search.algorithm),
    }
    made = options("sweep", wanted)
    tried = [name for group in ("scaler", "reducer", "algorithm") for name in wanted[group]]
    params = {
        option: {name: dimension(f"search.space.{option}.{name}", value) for name, value in space.items()}
        for option, space in search.space.items()
        if option in tried and space
    }
    return Space(made["features"], made["scaler"], made["reducer"], made["algorithm"], params)


def _search(config: DictConfig, customers: Customers) -> Search:
    search = config.search
    return Search(
        n_trials=search.n_trials,
        seed=search.seed,
        sampler=search.sampler,
        timeout=search.timeout,
        constraints=build(search.constraints, "search.constraints"),
        storage=_beside_store(config.tracking.uri) if search.storage == "auto" else search.storage,
        name=search.study or f"{customers.name}-{datetime.now():%Y%m%d-%H%M%S-%f}",
    )


def _beside_store(uri: str) -> str:
    folder = Path(uri.removeprefix("sqlite:///")).parent if uri.startswith("sqlite:///") else Path("mlruns")
    return str(folder / "studies.journal")


def _digest(config: DictConfig, space: Space) -> str:
    # Trials of another space, seed or yardstick cannot be ranked beside these.
    shape = (
        sorted(space.params.items()),
        *(sorted(g) for g in (space.features, space.scalers, space.reducers)),
    )
    parts = [
        repr(shape),
        repr(sorted(space.algorithms)),
        OmegaConf.to_yaml(config.yardstick),
        str(config.seed),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


class _Progress(tqdm):
    """Trials done, the best so far and the time left, on stderr."""

    def __init__(self, search: Search) -> None:
        self.constraints = search.constraints
        self.best = -1.0
        form = "{desc} {n_fmt}/{total_fmt} |{bar:20}| {postfix} {elapsed}<{remaining}"
        super().__init__(total=search.n_trials, desc="trials", file=sys.stderr, bar_format=form, leave=False)

    def show(self, outcome: Outcome) -> None:
        """Count one trial."""
        scores = outcome.scores
        fit = scores and not scores.degenerate and not self.constraints.violations(scores)
        if scores and fit and scores.silhouette > self.best:
            self.best = scores.silhouette
            self.set_postfix_str(
                f"best silhouette {self.best:.4f} with {scores.n_segments} segments", refresh=False
            )
        # A resumed study starts where it stopped.
        self.update(outcome.number + 1 - self.n)


def _require_a_result(study: Study) -> None:
    if study.outcomes and all(outcome.state == "failed" for outcome in study.outcomes):
        raise InputError(
            f"All {len(study.outcomes)} trials failed, the first one so: {study.outcomes[0].reason}"
        )


def _finish(
    config: DictConfig, customers: Customers, bench: Bench, search: Search, study: Study, parent: Run
) -> Result:
    selection = _select(bench, search.constraints, study)
    board = leaderboard(study, selection)
    parent.table("study/leaderboard.csv", board)
    for name, figure in _study_figures(study, selection, search.constraints, bench).items():
        parent.figure(f"plots/{name}.png", figure)
    counts = study.counts()
    parent.log(
        params={"seed": search.seed},
        metrics={f"trials_{state}": float(count) for state, count in counts.items()},
    )
    heading = ", ".join(f"{count} {state}" for state, count in counts.items())
    if selection is None:
        parent.log(tags={"winner": "none"})
        text = f"{heading}: no clustering kept every constraint.\n{_board_text(board)}\nrun {parent.id}"
        return Result(text, {"winner": None, "model": None})

    configuration = study.outcome(selection.winner).configuration
    assert configuration is not None
    assessed = assess(bench, configuration)
    result = _log_winner(config, customers, parent, assessed, selection)
    winner = {"run_id": parent.find_child("trial", str(selection.winner)), **result.record["winner"]}
    return Result(f"{heading}\n{_board_text(board)}\n\n{result.text}", {**result.record, "winner": winner})


def _log_winner(
    config: DictConfig, customers: Customers, parent: Run, assessed: Assessed, selection: Selection
) -> Result:
    metrics = assessed.metrics()
    # Tags, not parameters: a study that is resumed may find another winner, and parameters cannot change.
    tags = {
        **choice_tags(assessed.configuration),
        "winner": assessed.configuration.title,
        "winner_trial": str(selection.winner),
        "reason": selection.reason,
    }
    parent.log(metrics=metrics, tags=tags)
    described, model = keep(parent, config, customers, assessed)
    registered = ""
    if "version" in model:
        registered = f"\nregistered as {model['name']} version {model['version']}, alias challenger"
    text = (
        f"{selection.reason}\n\n{profile_text(described)}\n\nrun {parent.id}{registered}\n"
        f"next: `segment ui` to compare the runs, `segment promote` to make the winner the champion"
    )
    winner = {
        "trial": selection.winner,
        **clustering_record(assessed, metrics),
        "reason": selection.reason,
    }
    return Result(text, {"winner": winner, "model": model})


def _select(bench: Bench, constraints: Constraints, study: Study) -> Selection | None:
    candidates = [
        Candidate(o.number, o.configuration.features, o.scores)
        for o in study.outcomes
        if o.configuration and o.scores
    ]
    names = list(bench.space.features)
    several = len(names) > 1
    reference = {n: silhouette_reference(bench.yardstick(n)) if several else 0.0 for n in names}
    return select(candidates, constraints, reference)


def _study_figures(
    study: Study, selection: Selection | None, constraints: Constraints, bench: Bench
) -> dict[str, Any]:
    drawn = {}
    winner = selection and study.outcome(selection.winner)
    for features in bench.space.features:
        curves = curves_over_k(study, features)
        if curves.empty:
            continue
        space = bench.yardstick(features).space
        chosen = None
        if winner and winner.configuration and winner.scores and winner.configuration.features == features:
            chosen = winner.scores.n_segments
        ending = f"_{features}" if len(bench.space.features) > 1 else ""
        by_algorithm = {str(name): part for name, part in curves.groupby("algorithm")}
        silhouettes = {
            name: (part["k"].tolist(), part["silhouette"].tolist()) for name, part in by_algorithm.items()
        }
        drawn[f"silhouette_over_k{ending}"] = plots.silhouette_curve(silhouettes, space, chosen)
        # The elbow belongs to the algorithm that lowers inertia; any other's curve is not monotone.
        first = (
            "kmeans" if "kmeans" in by_algorithm else max(by_algorithm, key=lambda a: len(by_algorithm[a]))
        )
        part = by_algorithm[first]
        ks, inertia = part["k"].tolist(), part["inertia"].tolist()
        at = knee(ks, inertia)
        drawn[f"elbow{ending}"] = plots.elbow(ks, inertia, space, at, chosen)
    numbers = [o.number for o in study.outcomes]
    values = [o.scores.silhouette if o.scores else np.nan for o in study.outcomes]
    feasible = [o.scores is not None and not constraints.violations(o.scores) for o in study.outcomes]
    best = numbers.index(selection.winner) if selection else None
    drawn["optuna_history"] = plots.history(values, feasible, best, objective=OBJECTIVE)
    drawn["optuna_importance"] = plots.importance(parameter_importance(study))
    table = parameter_table(study)
    objective = table.pop("objective").tolist()
    drawn["optuna_parallel"] = plots.parallel_coordinate(table, objective, objective=OBJECTIVE)
    return drawn


def _board_text(board: pd.DataFrame) -> str:
    # Many trials find the same clustering; each is shown once.
    distinct = board.drop_duplicates([c for c in board if str(c).endswith("_yardstick")])
    names = {"silhouette_yardstick": "silhouette", "n_segments": "k"}
    columns = ["rank", "trial", "algorithm", "scaler", "params", "silhouette", "k", "failed"]
    shown = distinct.rename(columns=names).head(SHOWN_ROWS)
    shown = shown[[c for c in columns if c in shown]]
    # The algorithm has a column of its own: its name before each parameter is noise.
    shown["params"] = shown["params"].str.replace(r"\b\w+\.(?=\w+=)", "", regex=True)
    shown["params"] = shown["params"].str.replace(r"(\.\d{3})\d+", r"\1", regex=True)
    whole = shown.astype({c: "Int64" for c in ("rank", "trial", "k") if c in shown})
    return str(whole.to_string(index=False, na_rep="", float_format="{:.4f}".format, max_colwidth=50))
