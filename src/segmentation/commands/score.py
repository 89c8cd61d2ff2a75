"""`segment score`: new customers in; id, segment and distance out."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
from omegaconf import DictConfig
from sklearn.pipeline import Pipeline

from segmentation.commands._clustering import open_store
from segmentation.commands._config import plain
from segmentation.commands._result import Result
from segmentation.commands._trained import source
from segmentation.errors import InputError
from segmentation.tracking import load_model

SUFFIXES = (".csv", ".parquet")


def run(config: DictConfig) -> Result:
    """Score a file of customers with a registered model.

    Parameters
    ----------
    config : DictConfig
        The composed config of conf/score.yaml.

    Returns
    -------
    Result
    """
    output = Path(config.output)
    if output.suffix not in SUFFIXES:
        raise InputError(f"output={output}; valid are files that end in {' or '.join(SUFFIXES)}.")
    path = plain(config.data).get("path")
    if path is None:
        raise InputError("Name the customers to score: data.path=...")
    open_store(config)
    model, metadata = load_model(config.model)
    new = source(config, metadata).read_new(path)
    scored = score(model.pipeline, new)
    _write(scored, output)

    counts = scored["segment"].value_counts().sort_index()
    lines = [
        f"  {'noise' if s < 0 else f'segment {s}'}: {n} ({n / len(scored):.1%})" for s, n in counts.items()
    ]
    text = "\n".join([f"{len(scored)} customers scored by {config.model}", *lines, f"written to {output}"])
    record = {
        "model": config.model,
        "rows": len(scored),
        "segments": {str(segment): int(n) for segment, n in counts.items()},
        "output": str(output),
    }
    return Result(text, record)


def score(pipeline: Pipeline, customers: pd.DataFrame) -> pd.DataFrame:
    """Put customers into segments.

    Parameters
    ----------
    pipeline : Pipeline
        A fitted pipeline of this project.
    customers : DataFrame of shape (n, columns)
        Customers as read, with at least the columns that the pipeline's features need.

    Returns
    -------
    DataFrame
        Index: the customers' own. Columns: segment (int, -1 is noise) and distance, the Euclidean distance to
        the segment's centre in the space that the algorithm sees; for noise, to the nearest centre.
    """
    X = pipeline[:-1].transform(customers)
    labels = pipeline[-1].predict(X)
    distances = pipeline[-1].distance(X, labels)
    return pd.DataFrame(
        {"segment": np.asarray(labels, dtype=int), "distance": distances}, index=customers.index
    )


def _write(scored: pd.DataFrame, output: Path) -> None:
    # Under another name until it is complete: whoever waits for the file never reads half of it.
    partial = output.with_name(f".{output.name}.{os.getpid()}.partial")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        if output.suffix == ".csv":
            scored.to_csv(partial)
        else:
            scored.to_parquet(partial)
        partial.replace(output)
    except OSError as error:
        raise InputError(f"output={output} cannot be written ({error}).") from error
    finally:
        partial.unlink(missing_ok=True)
