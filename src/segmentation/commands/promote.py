"""`segment promote`: the challenger compared with the champion; the alias moves if the gate lets it."""

from omegaconf import DictConfig

from segmentation.commands._config import build
from segmentation.commands._open import open_store
from segmentation.commands._result import Result
from segmentation.commands._trained import source
from segmentation.tracking import Registry, promote_challenger

REFUSED = 3
"""Exit code where the gate, or another promotion, is in the way."""


def run(config: DictConfig) -> Result:
    """Compare the challenger with the champion, ask the gate, and move the alias.

    Parameters
    ----------
    config : DictConfig
        The composed config of conf/promote.yaml.

    Returns
    -------
    Result
        With code 3 where the gate refuses, or another version became the champion meanwhile.
    """
    gate = build(config.gate, "gate")
    found = promote_challenger(
        Registry(open_store(config), config.tracking.model),
        gate,
        build(config.yardstick, "yardstick"),
        lambda metadata: source(config, metadata).read(),
        alias=config.alias,
        reason=None if config.reason is None else str(config.reason),
        force=bool(config.force),
        dry_run=bool(config.dry_run),
        seed=config.seed,
    )
    refused = found.refused and not found.promoted and not config.dry_run
    return Result(found.text, found.record, REFUSED if refused else 0)
