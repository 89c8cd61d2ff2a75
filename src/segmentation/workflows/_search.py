"""A search over algorithms and parameters, in memory and without a run."""

from collections.abc import Mapping, Sequence
from typing import Any

from segmentation.data import Customers
from segmentation.errors import InputError
from segmentation.evaluation import ByConsensus, ByPareto, Constraints
from segmentation.study import PipelineFitter, StudySettings, TrialResult, open_study, run_search
from segmentation.workflows._choice import StudySelection
from segmentation.workflows._defaults import ALGORITHMS, SCALERS, default_profiling, default_space
from segmentation.workflows._evaluate import default_yardstick
from segmentation.workflows._fit import Features, call_of, feature_set, table_of
from segmentation.workflows._results import SegmentationResult, profile_segments
from segmentation.workflows._study import evaluate_winner, select_winner, summarise
from segmentation.workflows._validation import ValidationSettings


def search(
    customers: Customers,
    features: Features,
    algorithms: Sequence[str] = ALGORITHMS,
    *,
    scalers: Sequence[str] = SCALERS,
    k: tuple[int, int] = (2, 20),
    space: Mapping[str, Mapping[str, Any]] | None = None,
    n_trials: int | None = None,
    sampler: str = "tpe",
    timeout: float | None = None,
    constraints: Constraints | None = None,
    selection: Any = None,
    validation: ValidationSettings | None = None,
    value: str | None = None,
    called: Mapping[str, str] | None = None,
    rename: Mapping[str, str] | None = None,
    seed: int = 0,
) -> SegmentationResult:
    """Search algorithms and their parameters, as `segment sweep` does, in memory and without a run.

    Parameters
    ----------
    customers : Customers
        From `Demo`, `MallFile`, `TableFile` or `Transactions`, by their `read`.
    features : FeatureSet or sequence of str
        What to cluster on. Names of columns are taken as they are; for logarithms give a `FeatureSet`.
    algorithms, scalers : sequence of str
        Names of options in conf/algorithm and conf/scaler.
    k : (int, int)
        Smallest and largest number of segments that algorithms which take one are asked for.
    space : mapping of str to mapping, optional
        Option -> parameter -> what may be tried of it (a distribution of Optuna, such as
        `optuna.distributions.IntDistribution(2, 8)`, or a plain value), over the usual.
    n_trials : int, optional
        Number of trials; by default the plan and a tenth more.
    sampler : {"tpe", "random", "brute_force"}
        How the next trial is chosen. "brute_force" visits each point of a discrete space once.
    timeout : float, optional
        Seconds after which no new trial starts.
    constraints : Constraints, optional
        What a clustering must keep to win.
    selection : object, optional
        Which clustering wins, a rule of `segmentation.evaluation`; by default `ByConsensus`.
    validation : ValidationSettings, optional
        How closely the winner is looked at.
    value : str, optional
        The column that says what a customer is worth; None takes `monetary` where there is one.
    called : mapping of str to str, optional
        Column -> what it is called in a name, beside those that conf/naming knows.
    rename : mapping of str to str, optional
        Generated name -> your own name for such a segment.
    seed : int
        Of the sampler, the algorithms and the sub-samples.

    Returns
    -------
    SegmentationResult
        The winner, with the verdict, the reason, the leaderboard and the evidence.

    Raises
    ------
    InputError
        If what is asked is not there or cannot be done with these customers, or no clustering kept the
        constraints.

    Examples
    --------
    >>> import segmentation as sg
    >>> mall = sg.Demo(n_customers=100).read()
    >>> found = sg.search(mall, ["annual_income", "spending_score"], ["kmeans"], k=(2, 6), n_trials=5)
    >>> found.verdict.verdict, found.scores.n_segments
    ('natural', 5)
    >>> bool(found.evidence["jaccard"].min() > 0.75)
    True
    """
    table = table_of(customers)
    chosen, profiling = feature_set(table, features), default_profiling(value, called, rename).of(table)
    rule, kept = selection or ByConsensus(), constraints or Constraints()
    objectives = tuple(rule.objectives) if isinstance(rule, ByPareto) else ("silhouette",)
    settings = StudySettings(n_trials, seed, sampler, timeout, kept, None, customers.name, objectives)
    tried = default_space(chosen, algorithms, scalers, k, space, seed)
    name, yardstick = default_yardstick(tried)
    looked = validation or ValidationSettings()
    fitter = PipelineFitter(table, tried, yardstick, f"yardstick ({name})", looked.seed)
    study = run_search(fitter, settings, open_study(settings, {}), _let_go)
    selected = select_winner(study, rule, kept, looked, _let_go, profiling.worth(table))
    call = call_of(
        "search",
        chosen,
        list(algorithms),
        scalers=list(scalers),
        k=k,
        n_trials=n_trials,
        sampler=sampler,
        space=space,
        constraints=constraints,
        selection=selection,
        value=value,
        called=called,
        rename=rename,
        seed=seed,
    )
    if selected.winner is None:
        raise InputError(_nothing_won(selected, kept))
    return profile_segments(
        profiling, customers, evaluate_winner(selected), summarise(selected, kept), seed, call=call
    )


def _nothing_won(selected: StudySelection, constraints: Constraints) -> str:
    outcomes, found = selected.study.outcomes, selected.verdict
    tried = "; ".join(dict.fromkeys(_failure(o, constraints) for o in outcomes[:3]))
    return (
        f"None of {len(outcomes)} clusterings kept the constraints ({tried}); loosen `constraints`, or try other "
        f"algorithms or features. Verdict {found.verdict}: {found.sentence}"
    )


def _failure(outcome: TrialResult, constraints: Constraints) -> str:
    return outcome.reason or "; ".join(constraints.violations(outcome.scores) if outcome.scores else ())


def _let_go(*_: object) -> None:
    """In a notebook nobody counts trials and fits."""
