"""From config nodes to the objects they name."""

from collections.abc import Mapping
from typing import Any

from hydra import compose
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, IntervalSweep, RangeSweep, Sweep
from hydra.errors import HydraException, InstantiationException
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from segmentation.errors import InputError


def build(node: DictConfig | Mapping[str, Any], key: str) -> Any:
    """Make the object that a config node names.

    Parameters
    ----------
    node : DictConfig
        `_target_` and its parameters.
    key : str
        Where it stands in the config, for messages.

    Raises
    ------
    InputError
        If the constructor refuses what it is given.
    """
    if "_target_" not in node:
        raise InputError(
            f"The config under '{key}' names nothing that can be made (no _target_); choose {key}=..."
        )
    _require_values(node)
    try:
        return instantiate(node, _convert_="all")
    except InstantiationException as error:
        cause = error.__cause__
        if isinstance(cause, InputError):
            raise cause from error
        reason = f"{cause}" if cause else f"{error}".splitlines()[0]
        raise InputError(f"The config under '{key}' is not valid: {reason}") from error


def _require_values(node: Any) -> None:
    missing = sorted(OmegaConf.missing_keys(node)) if isinstance(node, DictConfig) else []
    if missing:
        raise InputError(f"The config key '{missing[0]}' must be given: {missing[0]}=...")


def choices(group: str, searched: str | None = None) -> tuple[str, ...]:
    """Which options of a config group this launch uses.

    Parameters
    ----------
    group : str
        For example "scaler".
    searched : str, optional
        What the search says of it, as ``choice(standard, robust)``; it counts where no option was named.
    """
    named = HydraConfig.get().runtime.choices.get(group)
    if named not in (None, "null"):
        return (str(named),)
    if searched is None:
        raise InputError(f"Name a {group}: {group}=..., or search.{group}='choice(...)'.")
    value = parse(f"search.{group}", searched)
    if isinstance(value, ChoiceSweep):
        return tuple(dict.fromkeys(str(v) for v in value.list))
    if isinstance(value, Sweep):
        raise InputError(f"search.{group}={searched}; valid is choice(a, b, ...) or one name.")
    return (str(value),)


def options(command: str, wanted: Mapping[str, tuple[str, ...]]) -> dict[str, dict[str, Any]]:
    """Build several options of several groups, composing the config once.

    Parameters
    ----------
    command : str
        The command whose config they belong to.
    wanted : mapping of str to tuple of str
        For each group the names of the options.

    Returns
    -------
    dict of str to dict of str to object
        For each group and name, what the option makes.
    """
    job = HydraConfig.get()
    extra = [
        f"+{group}@options.{group}.{name}={name}"
        for group, names in wanted.items()
        for name in names
        if str(job.runtime.choices.get(group)) != name
    ]
    # As they were written: ${oc.env:...} is read in the config that is composed.
    given: Any = OmegaConf.to_container(job.overrides)
    config = compose(command, [*given["task"], *given["hydra"], *extra])
    return {
        group: {
            name: build(
                config[group] if str(job.runtime.choices.get(group)) == name else config.options[group][name],
                group,
            )
            for name in names
        }
        for group, names in wanted.items()
    }


def parse(key: str, value: Any) -> Any:
    """Read a value of Hydra's override grammar: a sweep such as range(2, 11), or a plain value.

    Raises
    ------
    InputError
        If it cannot be parsed.
    """
    if not isinstance(value, str):
        return value
    try:
        return OverridesParser.create().parse_override(f"x={value}").value()
    except HydraException as error:
        raise InputError(
            f"{key}={value} cannot be read; valid are range(2, 11), interval(0.1, 1.5), choice(a, b), "
            f"tag(log, interval(0.1, 10)) or a plain value."
        ) from error


def dimension(key: str, value: Any) -> Any:
    """Turn one entry of `search.space` into what a study may choose from.

    Returns
    -------
    IntDistribution, FloatDistribution, CategoricalDistribution or a plain value
    """
    from segmentation.study import CategoricalDistribution, FloatDistribution, IntDistribution

    parsed = parse(key, value)
    if not isinstance(parsed, Sweep):
        return parsed
    log = "log" in parsed.tags
    if isinstance(parsed, ChoiceSweep):
        return CategoricalDistribution(tuple(_unquoted(v) for v in parsed.list))
    if isinstance(parsed, RangeSweep):
        values = sorted(parsed.range())
        if not values:
            raise InputError(f"{key}={value} holds nothing: the end of range(start, stop) is exclusive.")
        if all(isinstance(v, int) for v in values) and not log:
            return IntDistribution(
                values[0], values[-1], step=values[1] - values[0] if len(values) > 1 else 1
            )
        return (
            IntDistribution(values[0], values[-1], log=True)
            if log
            else CategoricalDistribution(tuple(values))
        )
    assert isinstance(parsed, IntervalSweep)
    low, high = parsed.start, parsed.end
    assert low is not None and high is not None
    if low > high or (log and low <= 0):
        raise InputError(f"{key}={value}; valid is low <= high, and above 0 on a logarithmic scale.")
    if isinstance(low, int) and isinstance(high, int):
        return IntDistribution(low, high, log=log)
    return FloatDistribution(low, high, log=log)


def _unquoted(value: Any) -> Any:
    return getattr(value, "text", value)


def resolved(config: DictConfig) -> str:
    """The whole config as YAML, with every reference replaced by its value."""
    return OmegaConf.to_yaml(config, resolve=True)


def plain(node: DictConfig) -> dict[str, Any]:
    """A config node as plain dicts and lists, every reference replaced by its value."""
    return OmegaConf.to_container(node, resolve=True)  # type: ignore[return-value]
