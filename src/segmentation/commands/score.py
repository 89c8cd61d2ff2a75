"""`segment score`: new customers in; id, segment, distance, margin and what is unusual about them out."""

import sys
from pathlib import Path

from omegaconf import DictConfig
from tqdm import tqdm

from segmentation.cli import INTERRUPTED
from segmentation.commands._config import plain
from segmentation.commands._open import open_store
from segmentation.commands._result import Result
from segmentation.commands._trained import source
from segmentation.data import count_rows
from segmentation.errors import InputError
from segmentation.serving import Scored, SegmentModel, require_suffix, score
from segmentation.tracking import load_model


def run(config: DictConfig) -> Result:
    """Score a file, or a folder of Parquet files, of customers with a registered model.

    Parameters
    ----------
    config : DictConfig
        The composed config of conf/score.yaml.

    Returns
    -------
    Result
    """
    path = plain(config.data).get("path")
    if path is None:
        raise InputError("Name the customers to score: data.path=...")
    output = Path(config.output)
    require_suffix(output)
    open_store(config)
    model, metadata = load_model(config.model)
    reader = source(config, metadata)
    with tqdm(total=count_rows(path), unit=" customers", file=sys.stderr, leave=False) as bar:

        def told(rows: int) -> None:
            if INTERRUPTED.is_set():
                raise KeyboardInterrupt
            bar.update(rows)

        scored = score(model, lambda: reader.read_batches(path), output, told)
    record = {
        "model": config.model,
        "rows": scored.rows,
        "segments": {str(segment): n for segment, n in scored.segments.items()},
        "outside": scored.outside,
        "output": str(output),
    }
    return Result(_text(scored, model, config.model, output), record)


def _text(scored: Scored, model: SegmentModel, uri: str, output: Path) -> str:
    ids, names = model.labels()
    told = [f"{id_}, {name}" for id_, name in zip(ids[:-1], names[:-1], strict=True)] + names[-1:]
    lines = [f"  {told[segment]}: {_share(n, scored.rows)}" for segment, n in scored.segments.items()]
    return "\n".join(
        [
            f"{scored.rows} customers scored by {uri}",
            *lines,
            f"outside what the model was trained on: {_share(scored.outside, scored.rows)}",
            f"written to {output}",
        ]
    )


def _share(n: int, rows: int) -> str:
    return f"{n} ({n / rows:.1%})"
