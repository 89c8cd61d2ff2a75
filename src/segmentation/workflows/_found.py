"""The steps of `segment fit` and `segment sweep` for notebooks: customers in, everything about segments out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import yaml
from sklearn.base import BaseEstimator, clone
from sklearn.preprocessing import StandardScaler

from segmentation.clustering import Segmenter
from segmentation.data import Customers
from segmentation.errors import InputError, nearest
from segmentation.evaluation import ByConsensus, ByPareto, ClusteringTendency, Constraints, Scores, verdict
from segmentation.features import FeatureSet
from segmentation.profiling import Profile, Recommendation, Rules
from segmentation.serving import SegmentModel, identify
from segmentation.study import (
    PipelineFitter,
    SearchSpace,
    StudySettings,
    TrialResult,
    leaderboard,
    open_study,
    run_search,
)
from segmentation.workflows._evaluate import (
    EvaluatedClustering,
    default_yardstick,
    evaluate,
    single_configuration,
)
from segmentation.workflows._evidence import ValidationSettings, evidence_figures
from segmentation.workflows._figures import card_figures, clustering_figures, pictured
from segmentation.workflows._profiles import SegmentProfiles, analyse
from segmentation.workflows._study import ValidatedStudy, decide, readable, study_figures
from segmentation.workflows._summary import StudySummary, build_report, report_files, write_report
from segmentation.workflows._usual import ALGORITHMS, SCALERS, default_profiling, default_space, option

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Features = FeatureSet | Sequence[str]


@dataclass(frozen=True, eq=False, repr=False)
class SegmentationResult:
    """What `fit` or `search` found, from the verdict to the report.

    Attributes
    ----------
    customers : Customers
        Everybody.
    evaluated : EvaluatedClustering
        The clustering and its scores.
    profiles : SegmentProfiles
        Its analysis.
    summary : StudySummary
        The verdict, and what a search knows beside it.
    call : str
        How to find it again.

    Examples
    --------
    >>> import segmentation as sg
    >>> from segmentation.clustering import KMeans
    >>> mall = sg.Demo(n_customers=200).read()
    >>> found = sg.fit(mall, ["annual_income", "spending_score"], KMeans(5))
    >>> found
    5 segments of 200 customers of demo (verdict: natural)
      0: mid income, mid spending (69)
      1: high income, high spending (44)
      2: high income, low spending (35)
      3: low income, high spending (27)
      4: low income, low spending (25)
    >>> found.labels.head(2).to_list()
    [1, 0]
    >>> found.recommendations[0].play
    'Cross-sell'
    """

    customers: Customers
    evaluated: EvaluatedClustering
    profiles: SegmentProfiles
    summary: StudySummary
    call: str

    @property
    def verdict(self) -> ClusteringTendency:
        """Whether there are segments at all, with the evidence."""
        assert self.summary.verdict is not None
        return self.summary.verdict

    @property
    def labels(self) -> pd.Series:
        """The segment of each customer by id, numbered by size from 0; -1 is noise."""
        return pd.Series(self.evaluated.fitted.labels, self.customers.table.index, name="segment")

    @property
    def names(self) -> dict[int, str]:
        """What each segment is called; customers in none, where there are some, at -1."""
        present = set(self.evaluated.fitted.labels.tolist())
        return {number: name for number, name in self.profiles.names.items() if number in present}

    @property
    def scores(self) -> Scores:
        """Scores in the yardstick space."""
        return self.evaluated.scores

    @property
    def reason(self) -> str:
        """Why a search chose this clustering; empty of a fit."""
        return self.summary.reason

    @property
    def profile(self) -> Profile:
        """What the segments are like; `profile.summary()` is one table of it."""
        return self.profiles.profile

    @property
    def rules(self) -> Rules:
        """How to find the segments without the model, in words and in SQL."""
        return self.profiles.rules

    @property
    def recommendations(self) -> tuple[Recommendation, ...]:
        """What to do with each segment, and on what evidence."""
        return self.profiles.recommendations

    @property
    def ranking(self) -> pd.DataFrame:
        """Which segments to go for first."""
        return self.profiles.ranking

    @property
    def evidence(self) -> pd.DataFrame | None:
        """Of a search: one row a segment, with its Jaccard similarity under resampling."""
        return self.summary.evidence

    @property
    def leaderboard(self) -> pd.DataFrame | None:
        """Of a search: each different clustering once, best first."""
        return self.summary.leaderboard

    @property
    def preparation(self) -> pd.DataFrame | None:
        """What was done to each column before customers were compared, and why; None where it was all named."""
        return self.evaluated.preparation

    @cached_property
    def model(self) -> SegmentModel:
        """The model: `model.assign(table)` puts new customers into segments."""
        return SegmentModel(
            self.evaluated.fitted.pipeline,
            self.profiles.segments,
            self.customers.table,
            self.profiles.exceptional,
        )

    def figures(self) -> dict[str, "Figure"]:
        """Draw everything, under the names that the files of a run have.

        Returns
        -------
        dict of str to Figure
            Notebooks show each as a picture; drawn once.

        Examples
        --------
        >>> import segmentation as sg
        >>> from segmentation.clustering import KMeans
        >>> found = sg.fit(sg.Demo(60).read(), ["annual_income", "spending_score"], KMeans(3))
        >>> found.figures()["segment_sizes"].get_suptitle()
        'Segment sizes'
        """
        return dict(self._drawn)

    @cached_property
    def _drawn(self) -> dict[str, "Figure"]:
        with self.profiles.pictured():
            return {
                **self.summary.figures,
                **clustering_figures(self.customers, self.evaluated, self.profiles),
            }

    def report(self, path: str | Path) -> Path:
        """Write the report.

        Parameters
        ----------
        path : str or Path
            A file that ends in .html; or a folder, which also gets the pictures, Markdown, JSON, CSV and SQL.

        Returns
        -------
        Path
            The file or folder.

        Raises
        ------
        InputError
            If it cannot be written.

        Examples
        --------
        >>> import segmentation as sg
        >>> from segmentation.clustering import KMeans
        >>> found = sg.fit(sg.Demo(60).read(), ["annual_income", "spending_score"], KMeans(3))
        >>> found.report("report.html")  # doctest: +SKIP
        """
        with self.profiles.pictured():
            cards = card_figures(self.profiles)
        pictures = pictured({**self._drawn, **cards})
        settings, summary = self._settings(), self.summary
        told = build_report(
            self.customers, self.evaluated, self.profiles, summary, pictures, settings, self.call
        )
        write_report(Path(path), report_files(told, self.profiles), told)
        return Path(path)

    def _settings(self) -> str:
        configuration = self.evaluated.configuration
        chosen = {group: getattr(configuration, group) for group in ("scaler", "reducer", "algorithm")}
        return yaml.safe_dump(
            {"features": list(self.profile.features), **chosen, "params": dict(configuration.params)},
            sort_keys=False,
        )

    def __repr__(self) -> str:
        unsure = "; no stable segmentation" if self.summary.unsure else ""
        head = (
            f"{self.scores.n_segments} segments of {len(self.customers.table):,} customers of "
            f"{self.customers.name} (verdict: {self.verdict.verdict}{unsure})"
        )
        sizes = self.labels.value_counts()
        return "\n".join([head, *(f"  {n}: {name} ({sizes[n]:,})" for n, name in self.names.items())])


def fit(
    customers: Customers,
    features: Features,
    algorithm: Segmenter,
    *,
    scaler: BaseEstimator | str = "standard",
    reducer: BaseEstimator | str = "none",
    value: str | None = None,
    called: Mapping[str, str] | None = None,
    rename: Mapping[str, str] | None = None,
    seed: int = 0,
) -> SegmentationResult:
    """Cluster customers in one way, as `segment fit` does, without a run.

    Parameters
    ----------
    customers : Customers
        From `Demo`, `MallFile`, `TableFile` or `Transactions`, by their `read`.
    features : FeatureSet or sequence of str
        What to cluster on. Names of columns are taken as they are; for logarithms give a `FeatureSet`.
    algorithm : Segmenter
        From `segmentation.clustering`; its `random_state` is the seed where it has none.
    scaler, reducer : estimator or str
        One of scikit-learn's, or the name of an option in conf/scaler and conf/reducer.
    value : str, optional
        The column that says what a customer is worth; None takes `monetary` where there is one.
    called : mapping of str to str, optional
        Column -> what it is called in a name, beside those that conf/naming knows.
    rename : mapping of str to str, optional
        Generated name -> your own name for such a segment.
    seed : int
        Of the algorithm, the verdict and the rules.

    Returns
    -------
    SegmentationResult

    Raises
    ------
    InputError
        If what is asked is not there or cannot be done with these customers.

    Examples
    --------
    >>> import segmentation as sg
    >>> from segmentation.clustering import KMeans
    >>> mall = sg.Demo(n_customers=100).read()
    >>> found = sg.fit(mall, ["annual_income", "spending_score"], KMeans(5), value="annual_income")
    >>> found.names[1]
    'high income, high spending'
    >>> list(found.model.assign(mall.table.head(2))["segment_name"])
    ['low income, high spending', 'high income, high spending']
    """
    table = _table(customers)
    if not isinstance(algorithm, Segmenter):
        raise InputError(
            f"algorithm is {type(algorithm).__name__}; valid are those of segmentation.clustering, such as KMeans(5)."
        )
    chosen, profiling = _features(table, features), default_profiling(value, called, rename).of(table)
    own = clone(algorithm)
    if own.get_params().get("random_state", seed) is None:
        own.set_params(random_state=seed)
    steps = {
        group: option(group, given, seed) if isinstance(given, str) else given
        for group, given in (("scaler", scaler), ("reducer", reducer))
    }
    space = SearchSpace(
        {"features": chosen},
        {_name(scaler): steps["scaler"]},
        {_name(reducer): steps["reducer"]},
        {_name(own): own},
    )
    fitter = PipelineFitter(table, space, StandardScaler(), "yardstick (standard)", seed)
    evaluated = evaluate(fitter, single_configuration(space))
    profiles = analyse(profiling, customers, evaluated, None, seed, identify)
    call = _call(
        "fit",
        chosen,
        algorithm,
        scaler=scaler,
        reducer=reducer,
        value=value,
        called=called,
        rename=rename,
        seed=seed,
    )
    return SegmentationResult(
        customers, evaluated, profiles, StudySummary(verdict(evaluated.yardstick.X, seed)), call
    )


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
    examination: ValidationSettings | None = None,
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
    examination : ValidationSettings, optional
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
    table = _table(customers)
    chosen, profiling = _features(table, features), default_profiling(value, called, rename).of(table)
    rule, kept = selection or ByConsensus(), constraints or Constraints()
    objectives = tuple(rule.objectives) if isinstance(rule, ByPareto) else ("silhouette",)
    plan = StudySettings(n_trials, seed, sampler, timeout, kept, None, customers.name, objectives)
    tried = default_space(chosen, algorithms, scalers, k, space, seed)
    name, yardstick = default_yardstick(tried)
    looked = examination or ValidationSettings()
    fitter = PipelineFitter(table, tried, yardstick, f"yardstick ({name})", looked.seed)
    study = run_search(fitter, plan, open_study(plan, {}), _let_go)
    validated = decide(study, rule, kept, looked, _let_go, profiling.worth(table))
    evaluated, summary = _winner(validated, kept)
    profiles = analyse(profiling, customers, evaluated, summary.stability, seed, identify)
    call = _call(
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
    return SegmentationResult(customers, evaluated, profiles, summary, call)


def _winner(validated: ValidatedStudy, constraints: Constraints) -> tuple[EvaluatedClustering, StudySummary]:
    study, selection, proof = validated.study, validated.chosen.selection, validated.proof
    found = validated.chosen.verdict
    if selection is None or proof is None:
        tried = "; ".join(dict.fromkeys(_failure(o, constraints) for o in study.outcomes[:3]))
        raise InputError(
            f"None of {len(study.outcomes)} clusterings kept the constraints ({tried}); loosen `constraints`, or try "
            f"other algorithms or features. Verdict {found.verdict}: {found.sentence}"
        )
    configuration = study.outcome(selection.winner).configuration
    assert configuration is not None
    figures = {
        **study_figures(validated, constraints),
        **evidence_figures(study, validated.chosen, proof, validated.features),
    }
    board = readable(leaderboard(study, selection))
    return evaluate(study.fitter, configuration), StudySummary(
        found, selection.reason, selection.unsure, proof.segments, board, figures
    )


def _failure(outcome: TrialResult, constraints: Constraints) -> str:
    return outcome.reason or "; ".join(constraints.violations(outcome.scores) if outcome.scores else ())


def _let_go(*_: object) -> None:
    """In a notebook nobody counts trials and fits."""


def _table(customers: Customers) -> pd.DataFrame:
    if not isinstance(customers, Customers):
        raise InputError(
            f"customers is a {type(customers).__name__}; valid is what Demo, MallFile, TableFile or Transactions "
            f"read, such as MallFile('Mall_Customers.csv').read()."
        )
    return customers.table


def _features(table: pd.DataFrame, features: Features) -> FeatureSet:
    if isinstance(features, FeatureSet):
        return features
    columns = [features] if isinstance(features, str) else list(features)
    if not columns:
        raise InputError(f"features is empty; valid are columns: {', '.join(map(str, table.columns))}.")
    for column in columns:
        if column not in table:
            raise InputError(f"features has '{column}'; {nearest(str(column), map(str, table.columns))}")
    numbers = set(table.select_dtypes("number").columns)
    return FeatureSet([c for c in columns if c in numbers], [c for c in columns if c not in numbers])


def _name(step: Any) -> str:
    """What an option is called in runs and reports: of one made by hand, its class."""
    return step if isinstance(step, str) else type(step).__name__


def _call(function: str, *given: Any, **named: Any) -> str:
    said = {key: value for key, value in named.items() if value is not None}
    words = [repr(value) for value in given] + [f"{key}={value!r}" for key, value in said.items()]
    return " ".join(f"segmentation.{function}(customers, {', '.join(words)})".split())
