"""Hydra's and OmegaConf's errors as one sentence with the nearest valid name."""

import re
from collections.abc import Iterator
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue

from segmentation.errors import nearest

GROUP = re.compile(r"Available options in '(?P<group>[^']+)'")
KEY = re.compile(r"Could not override '(?P<key>[^']+)'")
GRID = re.compile(r"(Sweep parameters|Ambiguous value for argument) '(?P<key>[^'=]+)=(?P<value>[^']+)'")


def explain(error: Exception, command: str, words: list[str], directory: str) -> str:
    """Say in one sentence what is wrong in a config.

    Parameters
    ----------
    error : Exception
        What Hydra or OmegaConf raised.
    command : str
        The command whose config was composed.
    words : list of str
        The overrides given.
    directory : str
        The folder of configs.

    Returns
    -------
    str
        The sentence.
    """
    text = f"{error}"
    if isinstance(error, MissingConfigException) and error.options:
        asked = str(error.missing_cfg_file)
        group = GROUP.search(text)
        name = asked.rsplit("/", 1)[-1]
        where = group["group"] if group else asked.rsplit("/", 1)[0]
        return f"{where}={name} does not exist; {nearest(name, error.options)}"
    if isinstance(error, MissingMandatoryValue):
        key = getattr(error, "full_key", None) or text.rsplit(":", maxsplit=1)[-1].strip()
        return f"The config key '{key}' must be given: {key}=..."
    unknown = KEY.search(text)
    if unknown:
        key = unknown["key"]
        return f"There is no config key '{key}' in `segment {command}`; {_nearest_key(key, command, words, directory)}"
    grid = GRID.search(text)
    if grid:
        return _advise_on_grid(grid["key"], grid["value"], command)
    if isinstance(error, OverrideParseException):
        return (
            f"The override {error.override} cannot be read ({_first_line(text)}); quote it: 'key=\"value\"'."
        )
    return _first_line(text)


def _advise_on_grid(key: str, value: str, command: str) -> str:
    if command == "sweep":
        return f"{key}={value} names several; the search space takes them: search.{key}='choice({value})'."
    return f"{key}={value} names several; add -m for a grid of runs."


def _nearest_key(key: str, command: str, words: list[str], directory: str) -> str:
    # The config without what was mistaken tells which keys there are.
    kept = [w for w in words if not w.startswith("-") and "=" in w and not w.lstrip("+~").startswith(key)]
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(directory, version_base="1.3"):
            config = compose(command, kept)
    except HydraException:
        with initialize_config_dir(directory, version_base="1.3"):
            config = compose(command)
    keys = _keys(config)
    parent, _, leaf = key.rpartition(".")
    siblings = [k.rpartition(".")[2] for k in keys if k.rpartition(".")[0] == parent]
    if siblings:
        guess = nearest(leaf, siblings)
        return guess.replace("'", f"'{parent}.", 1) if parent and guess.startswith("did") else guess
    return nearest(key, keys)


def _keys(config: DictConfig) -> list[str]:
    tree = OmegaConf.to_container(config, resolve=False)
    assert isinstance(tree, dict)
    return list(_dotted(tree))


def _dotted(tree: dict[Any, Any], prefix: str = "") -> Iterator[str]:
    for name, value in tree.items():
        if name == "_target_":
            continue
        yield f"{prefix}{name}"
        if isinstance(value, dict):
            yield from _dotted(value, f"{prefix}{name}.")


def _first_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0] if lines else "no reason given"
