"""`segment serve`: MLflow's scoring server for a registered model, checked before anything of it is loaded."""

import sys

from omegaconf import DictConfig

from segmentation.commands._open import open_store
from segmentation.commands._result import Result
from segmentation.tracking import load_model, serve


def run(config: DictConfig) -> Result:
    """Serve a model until the command is interrupted.

    Parameters
    ----------
    config : DictConfig
        The composed config of conf/serve.yaml.

    Returns
    -------
    Result
    """
    open_store(config)
    model, _ = load_model(config.model)
    url = f"http://{config.host}:{config.port}"
    told = f"{config.model} answers at {url}/invocations (Ctrl-C ends it)"
    serve(model, config.host, config.port, lambda: print(told, file=sys.stderr, flush=True))
    return Result("", {"url": url})
