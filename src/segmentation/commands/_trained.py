"""How a model's training data was read, and reading other customers the same way."""

from typing import Any

from omegaconf import DictConfig

from segmentation.commands._config import build, plain
from segmentation.data import Demo, MallFile, TableFile, Transactions
from segmentation.errors import InputError

AS_TRAINED = "as_trained"
READERS = {f"segmentation.data.{kind.__name__}" for kind in (Demo, MallFile, TableFile, Transactions)}


def source(config: DictConfig, metadata: dict[str, Any]) -> Any:
    """Make the data source of a command that works on a model.

    Parameters
    ----------
    config : DictConfig
        The command's config. With ``data=as_trained`` the reader that the model recorded is used, with
        `data.path` in the place of its path where one is given.
    metadata : dict
        What was logged with the model.

    Returns
    -------
    source
        With `read` and `read_new`.
    """
    node = plain(config.data)
    if node.get("kind") != AS_TRAINED:
        return build(config.data, "data")
    recorded = dict(metadata["data"])
    # The metadata comes with the model: only readers of this project may be made from it.
    if recorded.get("_target_") not in READERS:
        raise InputError(
            f"The model names no reader of this project ({recorded.get('_target_')}); give data=..."
        )
    # A model of demo customers scores files too; its generator has no path to replace.
    if node["path"] is not None and "path" in recorded:
        recorded["path"] = node["path"]
    return build(recorded, "data")
