"""How a model's training data was read, and reading other customers the same way."""

from collections.abc import Mapping
from typing import Any

from omegaconf import DictConfig

from segmentation.commands._config import build, plain
from segmentation.data import Demo, MallFile, TableFile, Transactions
from segmentation.errors import InputError

AS_TRAINED = "as_trained"
MALL_FILE = f"segmentation.data.{MallFile.__name__}"
READERS = {f"segmentation.data.{kind.__name__}" for kind in (Demo, MallFile, TableFile, Transactions)}


def source(config: DictConfig, metadata: Mapping[str, Any]) -> Any:
    """Make the data source of a command that works on a model.

    Parameters
    ----------
    config : DictConfig
        The command's config. With ``data=as_trained`` the reader that the model recorded is used, with
        `data.path` in the place of its path where one is given.
    metadata : mapping
        What was logged with the model.

    Returns
    -------
    source
        With `read` and `read_new`.
    """
    return build(reader(plain(config.data), metadata), "data")


def reader(node: dict[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Resolve ``as_trained``: what makes the data source, as plain values."""
    if node.get("kind") != AS_TRAINED:
        return node
    recorded = dict(metadata["data"])
    # The metadata comes with the model: only readers of this project may be made from it.
    if recorded.get("_target_") not in READERS:
        raise InputError(
            f"The model names no reader of this project ({recorded.get('_target_')}); give data=..."
        )
    if node["path"] is None:
        return recorded
    if "path" not in recorded:
        # The demo's generator reads no file; files for its models have the mall's columns.
        return {"_target_": MALL_FILE, "path": node["path"]}
    return {**recorded, "path": node["path"]}
