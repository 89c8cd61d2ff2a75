"""`segment ui`: the MLflow UI on the right store."""

import subprocess
import sys

from omegaconf import DictConfig

from segmentation.commands._open import open_store
from segmentation.commands._result import Result
from segmentation.errors import InputError


def run(config: DictConfig) -> Result:
    """Serve the MLflow UI until it is interrupted.

    Parameters
    ----------
    config : DictConfig
        The composed config of conf/ui.yaml.

    Returns
    -------
    Result
    """
    uri = config.tracking.uri
    if uri.startswith(("http://", "https://")):
        return Result(f"The store is a server: open {uri}", {"url": uri})
    # A UI on a store that is not there yet shows an empty page; opening it makes it.
    store = open_store(config)
    url = f"http://{config.host}:{config.port}"
    # The front page is about language models; this one lists the runs.
    page = f"{url}/#/experiments/{store.experiment_id}/runs?workflowType=machine_learning"
    print(f"MLflow UI on {uri}: {page} (Ctrl-C ends it)", file=sys.stderr, flush=True)
    words = [
        "-m",
        "mlflow",
        "ui",
        "--backend-store-uri",
        uri,
        "--host",
        config.host,
        "--port",
        str(config.port),
    ]
    try:
        subprocess.run([sys.executable, *words], check=True)
    except subprocess.CalledProcessError as error:
        raise InputError(f"The MLflow UI did not start on {url}: is port={config.port} taken?") from error
    return Result("", {"url": url})
