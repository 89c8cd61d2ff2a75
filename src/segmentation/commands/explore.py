"""`segment explore`: the data alone, as one page, pictures and tables."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from segmentation.commands._config import build, choices, options, resolved
from segmentation.commands._open import log_data, open_store, read_customers
from segmentation.commands._result import Result
from segmentation.overrides import shell_word
from segmentation.report import data_text, write_files
from segmentation.tracking import data_tags
from segmentation.workflows import DataExploration, explore

DEFAULT_FEATURES = "all_numeric"
OWN_KEYS = ("output=", "report=", "print=", "preview=")
"""What is said to this command alone."""
CONTINUED = " \\\n  "
"""Between the words of a command over several lines, as a shell takes it."""


def run(config: DictConfig) -> Result:
    """Describe the customers, draw them, and say what to do about them.

    Parameters
    ----------
    config : DictConfig
        The composed config of conf/explore.yaml.

    Returns
    -------
    Result
    """
    customers, words = read_customers(config), list(HydraConfig.get().overrides.task)
    explored = explore(
        customers,
        build(config.features, "features"),
        scalers=options("explore", {"scaler": choices("scaler", config.preview)})["scaler"],
        settable=[*map(str, config.data)],
        seed=config.seed,
    )
    following = _next_command(words)
    command = " ".join(["segment explore", *map(shell_word, words)])
    files = explored.files(command, following, resolved(config))
    # What cannot be written is told before a run is made.
    if config.output is not None:
        write_files(Path(config.output), files, f"output={config.output}", "a folder")
    if config.report is not None:
        path = Path(config.report)
        write_files(path.parent, {path.name: files["explore.html"]}, f"report={path}", "a file")
    run_id = _log(config, explored, files)
    places = [f"run {run_id}", *(str(place) for place in (config.output, config.report) if place)]
    text = (
        f"{customers.findings_text}{data_text(explored)}\n\n"
        f"explore.html and {len(explored.figures())} pictures in {', '.join(places)}\nnext: {following}"
    )
    shown = {"run_id": run_id, "output": config.output, "report": config.report}
    return Result(text, {**explored.record(), **shown, "next": following.replace(CONTINUED, " ")})


def _next_command(words: list[str]) -> str:
    """The sweep that follows, of the same data with the same overrides."""
    given = [word for word in words if not word.startswith(OWN_KEYS)]
    # Named, for a sweep has other features by default.
    if HydraConfig.get().runtime.choices.get("features") == DEFAULT_FEATURES:
        given = [word for word in given if not word.startswith("features=")]
        given.append(f"features={DEFAULT_FEATURES}")
    return CONTINUED.join(["segment sweep", *map(shell_word, given)])


def _log(config: DictConfig, explored: DataExploration, files: Mapping[str, bytes]) -> str:
    """Log the run and return its id."""
    customers, found = explored.customers, explored.verdict
    tags: dict[str, Any] = {**data_tags(customers), "command": "explore"}
    with open_store(config).run(f"explore {customers.name}", tags) as active:
        log_data(active, config, customers)
        if found:
            active.log(metrics=found.metrics(), tags=found.tags())
        active.files(files)
    return active.id
