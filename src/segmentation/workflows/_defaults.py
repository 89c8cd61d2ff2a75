"""What is used where nobody says otherwise: the options of conf/, read without Hydra, and the usual search space."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any

import yaml

from segmentation.configs import conf_dir
from segmentation.errors import InputError, nearest
from segmentation.features import FeatureSet
from segmentation.profiling import Naming
from segmentation.study import CategoricalDistribution, FloatDistribution, IntDistribution, SearchSpace
from segmentation.workflows._profiles import ProfilingSettings

ALGORITHMS = ("kmeans", "gaussian_mixture", "latent_class", "hierarchical", "dbscan", "hdbscan")
SCALERS = ("auto",)
EXCEPTIONAL = "exceptional"
"""The playbook of customers in no segment."""
PLAYBOOKS = ("mall", "rfm", EXCEPTIONAL)
"""What is looked up where nobody names a playbook: plays whose columns are not there do not fire."""


def option(group: str, name: str, seed: int = 0) -> Any:
    """Make an option of conf/ as it stands there.

    Parameters
    ----------
    group, name : str
        Such as "algorithm" and "kmeans".
    seed : int
        What ``${seed}`` stands for.

    Raises
    ------
    InputError
        If there is no such option.
    """
    known = sorted(path.stem for path in (conf_dir() / group).glob("*.yaml"))
    if name not in known:
        raise InputError(f"There is no {group} '{name}'; {nearest(str(name), known)}")
    node = yaml.safe_load((conf_dir() / group / f"{name}.yaml").read_text(encoding="utf-8"))
    module, _, kind = node.pop("_target_").rpartition(".")
    params = {key: seed if value == "${seed}" else value for key, value in node.items()}
    return getattr(import_module(module), kind)(**params)


def default_profiling(
    value: str | None = None,
    called: Mapping[str, str] | None = None,
    rename: Mapping[str, str] | None = None,
) -> ProfilingSettings:
    """The vocabulary, playbooks and weights of conf/.

    Parameters
    ----------
    value : str, optional
        The column that says what a customer is worth.
    called : mapping of str to str, optional
        Column -> what it is called in a name, beside those that conf/ knows.
    rename : mapping of str to str, optional
        Generated name -> your own.
    """
    naming: Naming = option("naming", "default")
    own = replace(naming, called={**naming.called, **(called or {})}, rename=rename or {})
    books = tuple(option("playbook", name) for name in PLAYBOOKS)
    return ProfilingSettings(own, books, option("attractiveness", "default"), value)


def default_space(
    features: FeatureSet,
    algorithms: Sequence[str] = ALGORITHMS,
    scalers: Sequence[str] = SCALERS,
    k: tuple[int, int] = (2, 20),
    params: Mapping[str, Mapping[str, Any]] | None = None,
    seed: int = 0,
) -> SearchSpace:
    """The space of a search by the names of its options.

    Parameters
    ----------
    features : FeatureSet
        What is clustered on.
    algorithms, scalers : sequence of str
        Names of options in conf/.
    k : (int, int)
        Smallest and largest number of segments, for algorithms that take one.
    params : mapping of str to mapping, optional
        Option -> parameter -> what may be tried, over the usual.
    seed : int
        Of the algorithms.

    Raises
    ------
    InputError
        If there is no such option or parameter, or the bounds of k are none.
    """
    low, high = k
    if not 2 <= low <= high:
        raise InputError(f"k is {k}; valid is a smallest and a largest number, 2 <= smallest <= largest.")
    made = {name: option("algorithm", name, seed) for name in algorithms}
    ranges = {
        name: {"n_clusters": IntDistribution(low, high)}
        for name, a in made.items()
        if hasattr(a, "n_clusters")
    }
    given = params or {}
    tried = (*made, *scalers)
    for name in given:
        if name not in tried:
            raise InputError(f"space has '{name}', which is not tried; {nearest(name, tried)}")
    usual = _searched()
    merged = {name: {**usual.get(name, {}), **ranges.get(name, {}), **given.get(name, {})} for name in tried}
    return SearchSpace(
        {"features": features},
        {name: option("scaler", name, seed) for name in scalers},
        {"none": option("reducer", "none")},
        made,
        {name: values for name, values in merged.items() if values},
    )


def _searched() -> dict[str, dict[str, Any]]:
    """What a sweep searches: option -> parameter -> what may be tried."""
    text = (conf_dir() / "search" / "default.yaml").read_text(encoding="utf-8")
    space = yaml.safe_load(text)["space"]
    return {
        name: {key: _distribution(value) for key, value in params.items()} for name, params in space.items()
    }


def _distribution(value: Any) -> Any:
    """Read ``choice(a, b)``, ``range(2, 21)``, ``interval(0.1, 1)`` and ``tag(log, interval(0.1, 1))``."""
    call = re.fullmatch(
        r"(?P<log>tag\(log, )?(?P<kind>choice|range|interval)\((?P<words>[^()]*)\)+", str(value)
    )
    if not call:
        return value
    words = yaml.safe_load(f"[{call['words']}]")
    if call["kind"] == "choice":
        return CategoricalDistribution(tuple(words))
    low, high = words
    if call["kind"] == "range":
        return IntDistribution(low, high - 1, log=bool(call["log"]))
    return FloatDistribution(low, high, log=bool(call["log"]))
