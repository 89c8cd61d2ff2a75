"""Compose a command's config with Hydra, run the command, show what it returns."""

import contextlib
import importlib
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from segmentation.commands._explain import explain
from segmentation.commands._grid import Grid
from segmentation.commands._result import Result
from segmentation.configs import conf_dir
from segmentation.errors import InputError, nearest

PRINT = ("text", "json")
CONFIG_ERRORS = (HydraException, OmegaConfBaseException)


def launch(command: str, words: list[str]) -> int:
    """Run one command.

    Parameters
    ----------
    command : str
        Its name, which is also that of its config and its module.
    words : list of str
        Hydra overrides and flags.

    Returns
    -------
    int
        The code that the process ends with; of a grid's the highest.

    Raises
    ------
    InputError
        For a user's mistake, in the config or in the data.
    """
    # Hydra then raises what goes wrong, and every mistake is told in one way, by the caller.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    stdout = sys.stdout
    results: list[Result] = []
    mistakes: list[InputError] = []

    with Grid() as grid:

        def task(config: DictConfig) -> None:
            # Hydra would print a mistake in its own way; kept here, it also leaves a grid's other jobs running.
            try:
                run(config)
            except InputError as error:
                mistakes.append(error)
            except CONFIG_ERRORS as error:
                mistakes.append(InputError(explain(error, command, words, str(conf_dir()))))

        def run(config: DictConfig) -> None:
            grid.print = _valid_print(config)
            grid.active = HydraConfig.get().mode == RunMode.MULTIRUN
            module = importlib.import_module(f"segmentation.commands.{command}")
            if grid.active and command != "fit":
                raise InputError(f"`segment {command}` takes no grid (-m); `segment fit -m` does.")
            # Whatever a library prints, stdout holds the result alone.
            with contextlib.redirect_stdout(sys.stderr):
                result = module.run(config, grid) if command == "fit" else module.run(config)
            results.append(result)
            if grid.print == "text":
                print(result.text, file=stdout, flush=True)

        _main(command, words, task)
        if results and grid.print == "json":
            record = grid.record(results) if grid.active else results[0].record
            print(json.dumps(record), file=stdout, flush=True)
        if mistakes:
            raise mistakes[0]
    return max((result.code for result in results), default=0)


def _valid_print(config: DictConfig) -> str:
    if config.print not in PRINT:
        raise InputError(f"print={config.print}; {nearest(config.print, PRINT)}")
    return str(config.print)


def _main(command: str, words: list[str], task: Callable[[DictConfig], None]) -> None:
    directory = str(conf_dir())
    _refuse_null_groups(words)
    with tempfile.TemporaryDirectory() as scratch:
        # Hydra leaves a multirun.yaml behind each grid; the parent run has it all.
        extra = [
            *_recipes(words),
            *([f"hydra.sweep.dir={scratch}"] if {"-m", "--multirun"} & {*words} else []),
        ]
        sys.argv = ["segment", *_beside_overrides(_with_search_as_text(words), extra)]
        try:
            hydra.main(version_base="1.3", config_path=directory, config_name=command)(task)()
        except CONFIG_ERRORS as error:
            raise InputError(explain(error, command, words, directory)) from error


def _refuse_null_groups(words: list[str]) -> None:
    groups = {path.name for path in conf_dir().iterdir() if path.is_dir()}
    for word in words:
        group, _, name = word.partition("=")
        if group in groups and name == "null":
            raise InputError(
                f"{word} names no option; leave {group}= out for what the command does without it."
            )


def _with_search_as_text(words: list[str]) -> list[str]:
    # search.x=range(2, 9) is a value of the space, not a grid of launches: quoted, Hydra hands it over as text.
    parser = OverridesParser.create()

    def quoted(word: str) -> str:
        key, _, value = word.partition("=")
        with contextlib.suppress(HydraException):
            if key.startswith("search.") and parser.parse_override(word).is_sweep_override():
                escaped = value.replace("\\", "\\\\").replace('"', '\\"')
                return f'{key}="{escaped}"'
        return word

    return [quoted(word) for word in words]


def _recipes(words: list[str]) -> list[str]:
    # The recipes of the folder one stands in are found by themselves: `segment sweep recipe=...`.
    recipes = Path.cwd() / "experiments"
    if any(w.startswith("hydra.searchpath") for w in words):
        return []
    if (recipes / "recipe").is_dir():
        return [f"hydra.searchpath=[file://{recipes}]"]
    if any(w.startswith("recipe=") for w in words):
        raise InputError(
            "recipe= finds its recipes in experiments/recipe, which is not in this folder; stand where it is, "
            "or name it: hydra.searchpath=[file:///path/to/experiments]"
        )
    return []


def _beside_overrides(words: list[str], extra: list[str]) -> list[str]:
    # Hydra reads no override that a flag parts from the first.
    at = next((i for i, word in enumerate(words) if "=" in word and not word.startswith("-")), 0)
    return [*words[:at], *extra, *words[at:]]
