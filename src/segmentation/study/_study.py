"""Run an Optuna study over a space, in this process."""

import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import optuna
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState
from threadpoolctl import threadpool_limits

from segmentation.errors import InputError, nearest
from segmentation.evaluation import BETTER, Candidate, Constraints, RefitContext, Scores
from segmentation.study._fitter import PipelineFitter
from segmentation.study._space import Configuration

UNPLANNED = 150
"""Trials of a study without a plan, where nobody says how many."""
SAMPLERS = ("tpe", "random", "brute_force")


@dataclass(frozen=True)
class StudySettings:
    """How a study searches.

    Parameters
    ----------
    n_trials : int or None
        Number of trials, those of an interrupted study included; None for the plan and a tenth more.
    seed : int
        Seed of the sampler.
    sampler : {"tpe", "random", "brute_force"}
        How the next trial is chosen. "brute_force" visits each point of a discrete space once.
    timeout : float or None
        Seconds after which no new trial starts.
    constraints : Constraints
        What a clustering must keep to win.
    storage : str or None
        Where trials are kept: a journal file, a database URL, or None for memory only.
    name : str
        The study's name in the storage. A study that is there already is resumed.
    objectives : tuple of str
        The scores to search for; several make a study with a Pareto front.
    """

    n_trials: int | None
    seed: int
    sampler: str
    timeout: float | None
    constraints: Constraints
    storage: str | None
    name: str
    objectives: tuple[str, ...] = ("silhouette",)

    def __post_init__(self) -> None:
        if self.n_trials is not None and self.n_trials < 1:
            raise InputError(f"search.n_trials is {self.n_trials}; valid is 1 or more, or null for the plan.")
        if self.timeout is not None and self.timeout <= 0:
            raise InputError(f"search.timeout is {self.timeout} s; valid is above 0, or null for no limit.")
        if self.sampler not in SAMPLERS:
            raise InputError(f"search.sampler is '{self.sampler}'; {nearest(self.sampler, SAMPLERS)}")


@dataclass(frozen=True)
class TrialResult:
    """What one trial came to.

    Attributes
    ----------
    number : int
        The trial's number.
    configuration : Configuration or None
        What was tried; None where it failed before it had chosen.
    state : {"complete", "degenerate", "failed"}
        A degenerate clustering (one segment, all noise) is a result; a failed trial has none.
    scores : Scores or None
        Scores in the yardstick space; None where the trial failed.
    own : mapping of str to float
        What the algorithm itself says, in the space it saw: `inertia`, `bic`, `icl`, where it defines them.
    seconds : float
        Time to fit and score.
    started : float
        When it began, in seconds since 1970.
    reason : str or None
        Why it is degenerate or failed.
    warning : str or None
        What the algorithm warned of, such as that it did not converge.
    """

    number: int
    configuration: Configuration | None
    state: Literal["complete", "degenerate", "failed"]
    scores: Scores | None
    own: Mapping[str, float]
    seconds: float
    started: float
    reason: str | None = None
    warning: str | None = None


@dataclass(frozen=True)
class StudyResult:
    """A finished search: its outcomes in the order of their trials, and Optuna's own record of them."""

    outcomes: tuple[TrialResult, ...]
    record: optuna.Study
    fitter: PipelineFitter

    def candidates(self, features: str) -> list[Candidate]:
        """What was found on one feature set, degenerate clusterings included."""
        return [
            self.fitter.candidate(o.number, o.configuration)
            for o in self.outcomes
            if o.configuration and o.scores and o.configuration.features == features
        ]

    def field(self, features: str) -> RefitContext:
        """The customers of one feature set, and how to fit a trial to some of them."""

        def refit(number: int, rows: np.ndarray) -> np.ndarray:
            configuration = self.outcome(number).configuration
            assert configuration is not None
            return self.fitter.refit(configuration, rows)

        fitter = self.fitter
        return RefitContext(
            fitter.yardstick(features).X,
            refit,
            fitter.verdict(features).verdict,
            fitter.features(features)[1],
        )

    def counts(self) -> dict[str, int]:
        """Number of trials in each state."""
        states = [outcome.state for outcome in self.outcomes]
        return {state: states.count(state) for state in ("complete", "degenerate", "failed")}

    def outcome(self, number: int) -> TrialResult:
        """The outcome of one trial."""
        return next(outcome for outcome in self.outcomes if outcome.number == number)


def open_study(search: StudySettings, facts: Mapping[str, str]) -> optuna.Study:
    """Create the study, or find it again.

    Parameters
    ----------
    search : StudySettings
        Its name, storage and sampler.
    facts : mapping of str to str
        What must be the same for a study to be resumed (data, space), and anything to remember with it.

    Returns
    -------
    optuna.Study

    Raises
    ------
    InputError
        If the storage cannot be opened, or the study was made from other data or another space.
    """
    # Each trial's outcome is recorded and shown by this project; Optuna need not repeat it.
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = _storage(search.storage)
    study = optuna.create_study(
        study_name=search.name,
        storage=storage,
        directions=["maximize" if BETTER[name][0] > 0 else "minimize" for name in search.objectives],
        load_if_exists=True,
    )
    for key, value in facts.items():
        known = study.user_attrs.get(key)
        if known is None:
            study.set_user_attr(key, value)
        elif known != value:
            raise InputError(
                f"The study '{search.name}' was made with another {key} ({known[:12]}, now {value[:12]}); "
                f"give search.study another name, or the {key} it had."
            )
    return study


def run_search(
    fitter: PipelineFitter,
    search: StudySettings,
    study: optuna.Study,
    on_outcome: Callable[[TrialResult, np.ndarray | None], None],
) -> StudyResult:
    """Search until the number of trials or the timeout is reached.

    Parameters
    ----------
    fitter : PipelineFitter
        The prepared customers and the space.
    search : StudySettings
        How to search.
    study : optuna.Study
        From `open_study`; its finished trials count.
    on_outcome : callable
        Called after each trial with its outcome and, unless it failed, its labels.

    Returns
    -------
    StudyResult
    """
    outcomes = {t.number: _recall(t, fitter) for t in _finished(study)}
    planned = plan_of(fitter, search)[: search.n_trials]
    study.sampler = _sampler(search, fitter, len(outcomes), len(planned))
    if not outcomes:
        for params in planned:
            study.enqueue_trial(params)
    floor = [BETTER[name][1] for name in search.objectives]

    def objective(trial: optuna.Trial) -> list[float]:
        started, clock = time.time(), time.perf_counter()
        configuration, found, reason, values = None, None, None, floor
        state: Literal["complete", "degenerate", "failed"] = "failed"
        try:
            configuration = fitter.space.configure(trial)
            found = fitter.cluster(configuration)
            reason = found.scores.degenerate
            state = "degenerate" if reason else "complete"
            if not reason:
                values = [float(getattr(found.scores, name)) for name in search.objectives]
        except InputError as error:
            # What cannot be done here is known for good: the floor keeps the sampler from trying it again.
            reason = f"{error}"
        except Exception as error:
            # Whatever an algorithm does, the other trials go on; the sentence is kept with the trial.
            reason, values = f"{type(error).__name__}: {error}", [np.nan] * len(floor)
        seconds = time.perf_counter() - clock
        outcome = TrialResult(
            trial.number,
            configuration,
            state,
            found.scores if found else None,
            found.own if found else {},
            seconds,
            started,
            reason,
            found.warning if found else None,
        )
        outcomes[trial.number] = outcome
        trial.set_user_attr("outcome", _remember(outcome))
        # One figure, not one a constraint: each is an append to the journal, and the sampler sums them anyway.
        trial.set_constraint("violation", search.constraints.violation(found.scores) if found else 1.0)
        on_outcome(outcome, found.labels if found else None)
        # NaN is a failed trial to Optuna.
        return values

    remaining = trials_of(fitter, search) - len(outcomes)
    if remaining > 0:
        with threadpool_limits(fitter.threads):
            study.optimize(objective, n_trials=remaining, timeout=search.timeout)
    return StudyResult(tuple(outcomes[number] for number in sorted(outcomes)), study, fitter)


def plan_of(fitter: PipelineFitter, search: StudySettings) -> list[dict[str, Any]]:
    """The trials that a study begins with; a grid needs none."""
    return [] if search.sampler == "brute_force" else fitter.plan()


def trials_of(fitter: PipelineFitter, search: StudySettings) -> int:
    """How many trials a study has: what was asked for, else the plan and a tenth more for the sampler."""
    if search.n_trials is not None:
        return search.n_trials
    return round(1.1 * len(plan_of(fitter, search))) or UNPLANNED


def _storage(where: str | None) -> BaseStorage | None:
    if where is None:
        return None
    try:
        if "://" in where:
            return optuna.storages.get_storage(where)
        Path(where).parent.mkdir(parents=True, exist_ok=True)
        return JournalStorage(JournalFileBackend(where))
    except Exception as error:
        raise InputError(
            f"search.storage={where} cannot be opened ({error}); valid is the path of a journal file in a folder "
            f"that can be written, a database URL such as postgresql://..., or null."
        ) from error


def _sampler(
    search: StudySettings, fitter: PipelineFitter, n_known: int, n_planned: int
) -> optuna.samplers.BaseSampler:
    # A resumed study goes on with another stream, or it would propose its first points again.
    seed = search.seed + n_known
    # Random trials for each algorithm come before the model of them; enqueued trials count as such.
    startup = n_planned + 2 * len(fitter.space.algorithms)
    with warnings.catch_warnings():
        # BruteForceSampler and `group`, which a conditional space needs, are experimental in Optuna 5.
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        if search.sampler == "random":
            return optuna.samplers.RandomSampler(seed=seed)
        if search.sampler == "brute_force":
            return optuna.samplers.BruteForceSampler(seed=seed)
        return optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True, n_startup_trials=startup)


def _finished(study: optuna.Study) -> list[FrozenTrial]:
    finished = []
    for trial in study.get_trials(deepcopy=False):
        if trial.state == TrialState.RUNNING:
            # Only a process that was killed leaves one: studies of this project have one writer.
            study.tell(trial.number, state=TrialState.FAIL)
        elif trial.state.is_finished() and "outcome" in trial.user_attrs:
            finished.append(trial)
    return finished


def _remember(outcome: TrialResult) -> dict[str, Any]:
    record = asdict(outcome)
    del record["number"]
    return record


def _recall(trial: FrozenTrial, fitter: PipelineFitter) -> TrialResult:
    record = dict(trial.user_attrs["outcome"])
    if record["configuration"]:
        choice = dict(record["configuration"])
        choice["params"] = tuple((name, value) for name, value in choice["params"])
        record["configuration"] = Configuration(**choice)
    if record["scores"]:
        record["scores"] = Scores(**record["scores"])
    return TrialResult(number=trial.number, **record)
