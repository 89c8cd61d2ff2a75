"""`segment promote`: challenger beside champion on the same data, then the alias moves."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
from omegaconf import DictConfig
from sklearn.metrics import adjusted_rand_score

from segmentation.commands._clustering import open_store
from segmentation.commands._config import build
from segmentation.commands._result import Result
from segmentation.commands._trained import source
from segmentation.data import Customers
from segmentation.errors import InputError
from segmentation.evaluation import Scores, Yardstick
from segmentation.serving import SegmentModel
from segmentation.tracking import ModelVersion, Registry, load_model

CHAMPION = "champion"


@dataclass(frozen=True)
class Contender:
    """A registered version on the data of the comparison."""

    role: str
    version: ModelVersion
    algorithm: str
    labels: np.ndarray
    scores: Scores


def run(config: DictConfig) -> Result:
    """Compare the challenger with the champion and move the alias.

    Parameters
    ----------
    config : DictConfig
        The composed config of conf/promote.yaml.

    Returns
    -------
    Result
    """
    registry = Registry(open_store(config), config.tracking.model)
    challenger = registry.find(config.alias)
    if challenger is None:
        raise InputError(
            f"No version of '{registry.name}' has the alias '{config.alias}'; run `segment sweep` first, or name "
            f"another alias."
        )
    champion = registry.find(CHAMPION)
    if not config.dry_run and champion != challenger:
        _require_reason(challenger, config.reason)
    model, metadata = load_model(challenger.uri)
    customers: Customers = source(config, metadata).read()
    yardstick = Yardstick.of(
        model.features.transform(customers.table),
        build(config.yardstick, "yardstick"),
        "yardstick",
        config.seed,
    )
    contenders = [_contend("challenger", challenger, model, metadata, customers, yardstick)]
    if champion and champion != challenger:
        old, old_metadata = load_model(champion.uri)
        contenders.append(_contend(CHAMPION, champion, old, old_metadata, customers, yardstick))

    agreement = None
    if len(contenders) == 2:
        agreement = float(adjusted_rand_score(contenders[0].labels, contenders[1].labels))
    promoted = not config.dry_run and champion != challenger
    if promoted:
        when = datetime.now(UTC).isoformat(timespec="seconds")
        tags = {"promoted_at": when, "promoted_on": customers.fingerprint}
        if config.reason:
            tags["promoted_because"] = str(config.reason)
        registry.point(CHAMPION, challenger.version, tags)
    record = {
        "model": registry.name,
        "promoted": promoted,
        "version": challenger.version,
        "previous": champion and champion.version,
        "contenders": [_record(c) for c in contenders],
        "agreement": agreement,
    }
    return Result(_text(contenders, agreement, promoted, champion == challenger), record)


def _require_reason(challenger: ModelVersion, reason: str | None) -> None:
    if challenger.tags.get("verdict") == "none" and not str(reason or "").strip():
        raise InputError(
            f"{challenger.name} version {challenger.version} cuts a continuum (verdict none); promote it with a "
            f"reason all the same: reason='...'."
        )


def _contend(
    role: str,
    version: ModelVersion,
    model: SegmentModel,
    metadata: dict[str, Any],
    customers: Customers,
    yardstick: Yardstick,
) -> Contender:
    labels = model.predict(customers.table)
    return Contender(role, version, metadata["choice"]["algorithm"], labels, yardstick.score(labels))


def _record(contender: Contender) -> dict[str, Any]:
    return {
        "role": contender.role,
        "version": contender.version.version,
        "algorithm": contender.algorithm,
        "verdict": contender.version.tags.get("verdict"),
        "sizes": np.bincount(contender.labels[contender.labels >= 0]).tolist(),
        "scores": dict(contender.scores.metrics()),
    }


def _text(contenders: list[Contender], agreement: float | None, promoted: bool, already: bool) -> str:
    rows = {
        c.role: {
            "version": c.version.version,
            "algorithm": c.algorithm,
            "verdict": c.version.tags.get("verdict", "unknown"),
            **{k: f"{v:.4f}".rstrip("0").rstrip(".") for k, v in c.scores.metrics().items()},
            "sizes": "/".join(map(str, np.bincount(c.labels[c.labels >= 0]))),
        }
        for c in contenders
    }
    lines = [pd.DataFrame(rows).to_string()]
    if agreement is not None:
        lines.append(f"They agree at an adjusted Rand index of {agreement:.4f} on these customers.")
    version = contenders[0].version
    if promoted:
        lines.append(f"{version.name} version {version.version} is now the champion.")
    elif already:
        lines.append(f"{version.name} version {version.version} is the champion already.")
    else:
        lines.append("Nothing was moved (dry_run=true).")
    return "\n".join(lines)
