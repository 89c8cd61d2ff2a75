"""One clustering of customers, without a run."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.preprocessing import StandardScaler

from segmentation.clustering import Segmenter
from segmentation.data import Customers
from segmentation.errors import InputError, nearest
from segmentation.evaluation import verdict
from segmentation.features import FeatureSet
from segmentation.study import PipelineFitter, SearchSpace
from segmentation.workflows._defaults import default_profiling, option
from segmentation.workflows._evaluate import evaluate, single_configuration
from segmentation.workflows._results import SegmentationResult, profile_segments
from segmentation.workflows._summary import StudySummary

Features = FeatureSet | Sequence[str]


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
    table = table_of(customers)
    if not isinstance(algorithm, Segmenter):
        raise InputError(
            f"algorithm is {type(algorithm).__name__}; valid are those of segmentation.clustering, such as KMeans(5)."
        )
    chosen, profiling = feature_set(table, features), default_profiling(value, called, rename).of(table)
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
    call = call_of(
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
    summary = StudySummary(verdict(evaluated.yardstick.X, seed))
    return profile_segments(profiling, customers, evaluated, summary, seed, call=call)


def table_of(customers: Customers) -> pd.DataFrame:
    """The table, refusing what is none."""
    if not isinstance(customers, Customers):
        raise InputError(
            f"customers is a {type(customers).__name__}; valid is what Demo, MallFile, TableFile or Transactions "
            f"read, such as MallFile('Mall_Customers.csv').read()."
        )
    return customers.table


def feature_set(table: pd.DataFrame, features: Features) -> FeatureSet:
    """The features, refusing columns that are not there."""
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


def call_of(function: str, *given: Any, **named: Any) -> str:
    """The call as it was written, but for what was left out."""
    said = {key: value for key, value in named.items() if value is not None}
    words = [repr(value) for value in given] + [f"{key}={value!r}" for key, value in said.items()]
    return " ".join(f"segmentation.{function}(customers, {', '.join(words)})".split())
