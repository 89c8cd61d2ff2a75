"""`segment sweep`: an Optuna study, every trial a run, the winner registered."""

import hashlib
import sys
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from omegaconf import DictConfig
from tqdm import tqdm

from segmentation import plots
from segmentation.cli import INTERRUPTED, STARTED
from segmentation.commands._clustering import (
    choice_tags,
    clustering_record,
    findings_text,
    log_data,
    open_fitter,
    open_store,
    preparation_text,
    read_customers,
    verdict_metrics,
    verdict_tags,
    yardstick_scaler,
)
from segmentation.commands._config import build, choices, dimension, options, plain
from segmentation.commands._log import log_clustering
from segmentation.commands._result import Result
from segmentation.commands._segments import open_profiling, segments_record, segments_text
from segmentation.commands._trials import TrialLogger
from segmentation.data import Customers
from segmentation.errors import InputError
from segmentation.evaluation import ByPareto, Selection
from segmentation.study import (
    SearchSpace,
    StudyResult,
    StudySettings,
    TrialResult,
    evidence_scores,
    leaderboard,
    open_study,
    plan_of,
    run_search,
    trials_of,
)
from segmentation.tracking import Run, data_tags
from segmentation.workflows import (
    ClusterValidation,
    ProfilingSettings,
    StudySummary,
    ValidatedStudy,
    ValidationSettings,
    decide,
    evaluate,
    evidence_figures,
    evidence_tables,
    pareto_trials,
    readable,
    study_figures,
)

SHOWN_ROWS = 8
STABLE = 0.75
"""The Jaccard similarity above which Hennig (2007) calls a segment stable."""
UNSURE = "No stable segmentation: what follows is the best attempt, not segments to rely on."
NOTE = "mlflow.note.content"
"""What the MLflow UI shows as a run's description."""


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
    return search_in(config, read_customers(config), _space(config), "sweep")


def search_in(config: DictConfig, customers: Customers, space: SearchSpace, command: str) -> Result:
    """Search a space for one command, log every trial, register the winner."""
    rule = build(config.selection, "selection")
    examination = ValidationSettings(**plain(config.evidence))
    if config.register not in (True, False, "always"):
        raise InputError(
            f"register is {config.register}; valid are true, false, and always (what is unsure too)."
        )
    fitter = open_fitter(config, customers, space, examination.seed)
    profiling = open_profiling(command, config, customers.table)
    search = _search(config, customers, rule)
    store = open_store(config)
    facts = {"data": customers.fingerprint, "space": _digest(config, space, search)}
    record = open_study(search, facts)

    tags = {**data_tags(customers), "command": command, "study": search.name}
    known = record.user_attrs.get("parent_run_id")
    with store.run(search.name, tags, run_id=known) as parent:
        record.set_user_attr("parent_run_id", parent.id)
        log_data(parent, config, customers)
        loaded = time.perf_counter()
        with (
            _Progress(search, trials_of(fitter, search)) as progress,
            TrialLogger(parent, tags, fitter, progress.show) as recorder,
        ):
            study = run_search(fitter, search, record, recorder)
        searched = time.perf_counter()
        with _Counting("evidence, fits to sub-samples") as counting:
            validated = decide(
                study, rule, search.constraints, examination, counting.one, profiling.worth(customers.table)
            )
        proven = time.perf_counter()
        finish = _finish(config, customers, search, validated, profiling, parent)
    ended = time.perf_counter()
    seconds = {
        "load": loaded - STARTED,
        "search": searched - loaded,
        "evidence": proven - searched,
        "finish": ended - proven,
        "total": ended - STARTED,
    }
    result = {
        "study": search.name,
        "parent_run_id": parent.id,
        "trials": study.counts(),
        "verdict": {
            **verdict_tags(validated.chosen.verdict),
            **verdict_metrics(validated.chosen.verdict),
        },
        **finish.record,
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
    }
    return Result(finish.text, result)


def _space(config: DictConfig) -> SearchSpace:
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
    return SearchSpace(made["features"], made["scaler"], made["reducer"], made["algorithm"], params)


def _search(config: DictConfig, customers: Customers, rule: Any) -> StudySettings:
    search = config.search
    return StudySettings(
        n_trials=search.n_trials,
        seed=search.seed,
        sampler=search.sampler,
        timeout=search.timeout,
        constraints=build(search.constraints, "search.constraints"),
        storage=_beside_store(config.tracking.uri) if search.storage == "auto" else search.storage,
        name=search.study or f"{customers.name}-{datetime.now():%Y%m%d-%H%M%S-%f}",
        objectives=tuple(rule.objectives) if isinstance(rule, ByPareto) else ("silhouette",),
    )


def _beside_store(uri: str) -> str:
    folder = Path(uri.removeprefix("sqlite:///")).parent if uri.startswith("sqlite:///") else Path("mlruns")
    return str(folder / "studies.journal")


def _digest(config: DictConfig, space: SearchSpace, search: StudySettings) -> str:
    # Trials of another space, seed or yardstick cannot be ranked beside these.
    shape = (
        sorted(space.params.items()),
        *(sorted(g) for g in (space.features, space.scalers, space.reducers)),
    )
    parts = [
        repr(shape),
        repr(sorted(space.algorithms)),
        repr(yardstick_scaler(config, space)),
        str(config.seed),
        repr(search.objectives),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


class _Progress(tqdm):
    """Trials done, the best so far and the time left, on stderr."""

    def __init__(self, search: StudySettings, trials: int) -> None:
        self.constraints = search.constraints
        self.best = -1.0
        form = "{desc} {n_fmt}/{total_fmt} |{bar:20}| {postfix} {elapsed}<{remaining}"
        super().__init__(total=trials, desc="trials", file=sys.stderr, bar_format=form, leave=False)

    def show(self, outcome: TrialResult) -> None:
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


class _Counting(tqdm):
    """Fits of the evidence, on stderr: how many there will be is not known before."""

    def __init__(self, what: str) -> None:
        super().__init__(desc=what, file=sys.stderr, bar_format="{desc}: {n_fmt} {elapsed}", leave=False)

    def one(self) -> None:
        """Count one."""
        if INTERRUPTED.is_set():
            raise KeyboardInterrupt
        self.update()


def _finish(
    config: DictConfig,
    customers: Customers,
    search: StudySettings,
    validated: ValidatedStudy,
    profiling: ProfilingSettings,
    parent: Run,
) -> Result:
    study, selection, found = validated.study, validated.chosen.selection, validated.chosen.verdict
    board = leaderboard(study, selection)
    parent.table("study/leaderboard.csv", board)
    figures = study_figures(validated, search.constraints)
    counts = study.counts()
    parent.log(
        params={"seed": search.seed},
        metrics={
            **{f"trials_{state}": float(count) for state, count in counts.items()},
            **verdict_metrics(found),
        },
        tags={**verdict_tags(found), "selection": str(choices("selection")[0])},
    )
    said = f"Verdict: {found.verdict}. {found.sentence}"
    tried = ", ".join(f"{count} {state}" for state, count in counts.items()) + _too_few(study, search)
    unsure = f"\n{UNSURE}" if selection and selection.unsure else ""
    heading = f"{said}{unsure}\n\n{findings_text(customers)}{tried}"
    if selection is None:
        parent.files({f"plots/{name}.png": plots.to_png(figure) for name, figure in figures.items()})
        parent.log(tags={"winner": "none", NOTE: f"**{said}**\n\nNo clustering kept every constraint."})
        text = f"{heading}: no clustering kept every constraint.\n{_board_text(board)}\nrun {parent.id}"
        return Result(text, {"winner": None, "model": None, "evidence": None})

    parent.log(tags={NOTE: f"**{said}**\n\n{selection.reason}"})
    if isinstance(validated.rule, ByPareto):
        front = board[board["trial"].isin(pareto_trials(study, selection))]
        parent.table("study/front.csv", front.rename(columns=lambda c: str(c).removesuffix("_yardstick")))
    _amend_trials(parent, selection)
    result = _log_winner(
        config,
        customers,
        parent,
        validated,
        profiling,
        StudySummary(found, selection.reason, selection.unsure, leaderboard=readable(board), figures=figures),
    )
    winner = {"run_id": parent.find_child("trial", str(selection.winner)), **result.record["winner"]}
    return Result(f"{heading}\n{_board_text(board)}\n\n{result.text}", {**result.record, "winner": winner})


def _too_few(study: StudyResult, search: StudySettings) -> str:
    """What is said of a study that ended before its plan did."""
    planned = len(plan_of(study.fitter, search))
    if len(study.outcomes) >= planned:
        return ""
    return (
        f"\nThis is the beginning of a plan of {planned} trials: what was left out could have won "
        f"(search.n_trials=null tries all)"
    )


def _amend_trials(parent: Run, selection: Selection) -> None:
    """Add the evidence to the trials that were looked at closely."""
    for rank, number in enumerate(selection.ranking, start=1):
        evidence = selection.evidence.get(number)
        run_id = parent.find_child("trial", str(number)) if evidence and evidence.stability else None
        if run_id:
            parent.amend_child(run_id, {**evidence_scores(evidence), "rank": float(rank)})


def _log_winner(
    config: DictConfig,
    customers: Customers,
    parent: Run,
    validated: ValidatedStudy,
    profiling: ProfilingSettings,
    summary: StudySummary,
) -> Result:
    study, selection, proof = validated.study, validated.chosen.selection, validated.proof
    assert selection is not None and proof is not None
    configuration = study.outcome(selection.winner).configuration
    assert configuration is not None
    evaluated = evaluate(study.fitter, configuration)
    metrics = {**evaluated.metrics(), **proof.metrics}
    # Tags, not parameters: a study that is resumed may find another winner, and parameters cannot change.
    tags = {
        **choice_tags(evaluated.configuration),
        "winner": evaluated.configuration.title,
        "winner_trial": str(selection.winner),
        "reason": selection.reason,
    }
    parent.log(metrics=metrics, tags=tags)
    for path, table in evidence_tables(proof, validated.chosen).items():
        parent.table(path, table)
    drawn = {**summary.figures, **evidence_figures(study, validated.chosen, proof, validated.features)}
    told = replace(summary, evidence=proof.segments, figures=drawn)
    register = config.register == "always" or (config.register and not selection.unsure)
    kept = log_clustering(parent, config, customers, evaluated, profiling, told, register)
    model = kept.model
    registered = "not registered"
    if "version" in model:
        registered = f"registered as {model['name']} version {model['version']}, alias challenger"
    elif selection.unsure:
        registered = (
            "not registered, since nothing found is stable; register=always registers it all the same"
        )
    told_of_segments = segments_text(kept.profiles, not selection.unsure)
    ahead = ", `segment promote` to make the winner the champion" if "version" in model else ""
    text = (
        f"{preparation_text(evaluated)}{selection.reason}\n\n{told_of_segments}\n\n{_segments_text(proof)}\n\n"
        f"run {parent.id}\n{registered}\nnext: `segment ui` to compare the runs{ahead}"
    )
    winner = {
        "trial": selection.winner,
        **clustering_record(evaluated, metrics),
        "reason": selection.reason,
        "unsure": selection.unsure,
        **segments_record(kept.profiles),
    }
    return Result(text, {"winner": winner, "model": model, "evidence": proof.record()})


def _segments_text(proof: ClusterValidation) -> str:
    """How far each segment is repeated by sub-samples, the weak ones named."""
    weak = proof.segments[~(proof.segments["jaccard"] >= STABLE)]
    lines = [
        f"Stability: sub-samples repeat the whole with ARI {proof.stability.score:.2f}, each segment with a Jaccard "
        f"of {proof.stability.jaccard_min:.2f} or more."
    ]
    if len(weak):
        named = ", ".join(
            f"segment {s} ({'in no sub-sample' if np.isnan(j) else f'{j:.2f}'})"
            for s, j in zip(weak["segment"], weak["jaccard"], strict=True)
        )
        lines.append(f"Below {STABLE} a segment is unsure: {named}.")
    return "\n".join(lines)


def _board_text(board: pd.DataFrame) -> str:
    whole = readable(board).head(SHOWN_ROWS)
    return str(whole.to_string(index=False, na_rep="", float_format="{:.4f}".format, max_colwidth=50))
