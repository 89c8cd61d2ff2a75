"""`segment sweep`: an Optuna study, every trial a run, the winner registered."""

import hashlib
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from segmentation import plots
from segmentation.cli import STARTED
from segmentation.commands._config import build, choices, dimension, options, plain
from segmentation.commands._log import log_segmentation, profile_in
from segmentation.commands._open import (
    log_data,
    open_fitter,
    open_profiling,
    open_store,
    read_customers,
    yardstick_scaler,
)
from segmentation.commands._progress import FitCounter, TrialProgress
from segmentation.commands._result import Result
from segmentation.data import Customers
from segmentation.errors import InputError
from segmentation.evaluation import ByPareto
from segmentation.features import prepared_text
from segmentation.study import (
    SearchSpace,
    StudySettings,
    evidence_scores,
    leaderboard,
    open_study,
    run_search,
    trials_of,
)
from segmentation.tracking import Run, data_tags
from segmentation.tracking.trials import TrialLogger
from segmentation.workflows import (
    ProfilingSettings,
    StudySelection,
    ValidationSettings,
    evaluate_winner,
    evidence_tables,
    leaderboard_text,
    pareto_trials,
    segments_record,
    segments_text,
    select_winner,
    study_figures,
    summarise,
    trials_text,
    validation_text,
)

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
    rule, validation = build(config.selection, "selection"), ValidationSettings(**plain(config.evidence))
    if config.register not in (True, False, "always"):
        raise InputError(
            f"register is {config.register}; valid are true, false, and always (what is unsure too)."
        )
    fitter = open_fitter(config, customers, space, validation.seed)
    profiling = open_profiling(command, config, customers.table)
    settings = _settings(config, customers, rule)
    store = open_store(config)
    facts = {"data": customers.fingerprint, "space": _digest(config, space, settings)}
    record = open_study(settings, facts)

    tags = {**data_tags(customers), "command": command, "study": settings.name}
    known = record.user_attrs.get("parent_run_id")
    with store.run(settings.name, tags, run_id=known) as parent:
        record.set_user_attr("parent_run_id", parent.id)
        log_data(parent, config, customers)
        loaded = time.perf_counter()
        with (
            TrialProgress(settings.constraints, trials_of(fitter, settings)) as progress,
            TrialLogger(parent, tags, fitter, progress.show) as on_trial,
        ):
            study = run_search(fitter, settings, record, on_trial)
        searched = time.perf_counter()
        with FitCounter("evidence, fits to sub-samples") as counter:
            value = profiling.worth(customers.table)
            selected = select_winner(study, rule, settings.constraints, validation, counter.one, value)
        validated = time.perf_counter()
        _log_study(parent, selected, settings)
        finish = _finish(config, customers, selected, settings, profiling, parent)
    ended = time.perf_counter()
    seconds = {
        "load": loaded - STARTED,
        "search": searched - loaded,
        "evidence": validated - searched,
        "finish": ended - validated,
        "total": ended - STARTED,
    }
    found = selected.verdict
    unsure = f"\n{UNSURE}" if selected.selection and selected.selection.unsure else ""
    text = (
        f"Verdict: {found.verdict}. {found.sentence}{unsure}\n\n{customers.findings_text}"
        f"{trials_text(study, settings)}{finish.text}"
    )
    result = {
        "study": settings.name,
        "parent_run_id": parent.id,
        "trials": study.counts(),
        "verdict": {**found.tags(), **found.metrics()},
        **finish.record,
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
    }
    return Result(text, result)


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


def _settings(config: DictConfig, customers: Customers, rule: Any) -> StudySettings:
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


def _digest(config: DictConfig, space: SearchSpace, settings: StudySettings) -> str:
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
        repr(settings.objectives),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _log_study(run: Run, selected: StudySelection, settings: StudySettings) -> None:
    """Log who won and why, beside the trials."""
    study, selection, found = selected.study, selected.selection, selected.verdict
    board = leaderboard(study, selection)
    run.table("study/leaderboard.csv", board)
    run.log(
        params={"seed": settings.seed},
        metrics={
            **{f"trials_{state}": float(count) for state, count in study.counts().items()},
            **found.metrics(),
        },
        tags={**found.tags(), "selection": str(choices("selection")[0])},
    )
    reason = selection.reason if selection else "No clustering kept every constraint."
    run.log(tags={NOTE: f"**Verdict: {found.verdict}. {found.sentence}**\n\n{reason}"})
    if selection is None:
        return
    if isinstance(selected.rule, ByPareto):
        front = board[board["trial"].isin(pareto_trials(study, selection))]
        run.table("study/front.csv", front.rename(columns=lambda c: str(c).removesuffix("_yardstick")))
    for path, table in evidence_tables(selected).items():
        run.table(path, table)
    # The trials that were looked at closely bear their evidence too.
    for rank, number in enumerate(selection.ranking, start=1):
        evidence = selection.evidence.get(number)
        run_id = run.find_child("trial", str(number)) if evidence and evidence.stability else None
        if run_id:
            run.amend_child(run_id, {**evidence_scores(evidence), "rank": float(rank)})


def _finish(
    config: DictConfig,
    customers: Customers,
    selected: StudySelection,
    settings: StudySettings,
    profiling: ProfilingSettings,
    parent: Run,
) -> Result:
    """Profile the winner, log and register it, and tell of it."""
    selection, validation = selected.selection, selected.validation
    board = leaderboard_text(leaderboard(selected.study, selection))
    if selection is None or validation is None:
        figures = study_figures(selected, settings.constraints)
        parent.files({f"plots/{name}.png": plots.to_png(figure) for name, figure in figures.items()})
        parent.log(tags={"winner": "none"})
        text = f": no clustering kept every constraint.\n{board}\nrun {parent.id}"
        return Result(text, {"winner": None, "model": None, "evidence": None})
    evaluated = evaluate_winner(selected)
    metrics = {**evaluated.metrics(), **validation.metrics}
    # Tags, not parameters: a study that is resumed may find another winner, and parameters cannot change.
    about = {
        "winner": evaluated.configuration.title,
        "winner_trial": str(selection.winner),
        "reason": selection.reason,
    }
    parent.log(metrics=metrics, tags={**evaluated.configuration.choice, **about})
    register = config.register == "always" or (config.register and not selection.unsure)
    summary = summarise(selected, settings.constraints)
    found = profile_in(parent, config, customers, evaluated, profiling, summary, register)
    model = log_segmentation(parent, config, found, register)
    registered, ahead = "not registered", ""
    if "version" in model:
        registered = f"registered as {model['name']} version {model['version']}, alias challenger"
        ahead = ", `segment promote` to make the winner the champion"
    elif selection.unsure:
        registered = (
            "not registered, since nothing found is stable; register=always registers it all the same"
        )
    text = (
        f"\n{board}\n\n{prepared_text(found.preparation)}{selection.reason}\n\n"
        f"{segments_text(found.profiles, not selection.unsure)}\n\n{validation_text(validation)}\n\n"
        f"run {parent.id}\n{registered}\nnext: `segment ui` to compare the runs{ahead}"
    )
    winner = {
        "run_id": parent.find_child("trial", str(selection.winner)),
        "trial": selection.winner,
        **evaluated.record(),
        "scores": metrics,
        "reason": selection.reason,
        "unsure": selection.unsure,
        **segments_record(found.profiles),
    }
    return Result(text, {"winner": winner, "model": model, "evidence": validation.record()})
