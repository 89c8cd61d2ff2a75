"""`segment promote`: challenger beside champion on the same data; the alias moves if the gate lets it."""

import getpass
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from omegaconf import DictConfig

from segmentation.commands._clustering import data_tags, open_store
from segmentation.commands._config import build
from segmentation.commands._result import Result
from segmentation.commands._trained import source
from segmentation.data import Customers
from segmentation.errors import InputError
from segmentation.evaluation import Yardstick, adjusted_rand
from segmentation.serving import Check, Contender, Gate, Lineage, SegmentModel, checks_table, compare
from segmentation.tracking import CHAMPION, ModelVersion, Registry, load_model, unservable

REFUSED = 3
"""Exit code where the gate, or another promotion, is in the way."""


@dataclass(frozen=True, eq=False)
class Side:
    """A registered version on the data of the comparison.

    Attributes
    ----------
    role : {"challenger", "champion"}
        What it is.
    version : ModelVersion
        Where it is registered.
    algorithm : str
        What made it.
    contender : Contender
        Its segments, labels and scores.
    """

    role: str
    version: ModelVersion
    algorithm: str
    contender: Contender


@dataclass(frozen=True, eq=False)
class Comparison:
    """What is known before the decision.

    Attributes
    ----------
    customers : Customers
        The data it was made on.
    sides : tuple of Side
        The challenger, and the champion where there is another one that can label these customers.
    lineage : Lineage or None
        How the challenger's segments descend from the champion's.
    checks : tuple of Check
        What the gate says.
    """

    customers: Customers
    sides: tuple[Side, ...]
    lineage: Lineage | None
    checks: tuple[Check, ...]

    @property
    def agreement(self) -> float | None:
        """Adjusted Rand index of the two on these customers."""
        if len(self.sides) < 2:
            return None
        return adjusted_rand(*(side.contender.labels for side in self.sides))

    @property
    def reasons(self) -> list[str]:
        """Why the gate refuses; empty where it does not."""
        return [check.reason for check in self.checks if not check.passed]


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
    gate: Gate = build(config.gate, "gate")
    registry = Registry(open_store(config), config.tracking.model)
    challenger = registry.find(config.alias)
    if challenger is None:
        raise InputError(
            f"No version of '{registry.name}' has the alias '{config.alias}'; run `segment sweep` first, or name "
            f"another alias."
        )
    champion = registry.find(CHAMPION)
    if champion == challenger:
        text = f"{challenger.name} version {challenger.version} is the champion already."
        return Result(text, _record(registry, challenger, champion, None, False, []))
    reason = str(config.reason or "").strip()
    if not config.dry_run:
        _require_reason(challenger, reason, config.force)
    found = _compare(config, gate, challenger, champion)
    if config.dry_run:
        record = _record(registry, challenger, champion, found, False, found.reasons)
        return Result(f"{_text(found)}\nNothing was moved (dry_run=true).", record)
    return _decide(registry, challenger, champion, found, reason, bool(config.force))


def _require_reason(challenger: ModelVersion, reason: str, force: bool) -> None:
    if reason:
        return
    if force:
        raise InputError("force=true needs a reason, which is kept with the version: reason='...'.")
    if challenger.tags.get("verdict") == "constructive":
        raise InputError(
            f"{challenger.name} version {challenger.version} cuts a continuum (verdict constructive), so that its "
            f"segments are a choice; promote it with the reason for it: reason='...'."
        )


def _compare(
    config: DictConfig, gate: Gate, challenger: ModelVersion, champion: ModelVersion | None
) -> Comparison:
    model, metadata = load_model(challenger.uri)
    customers: Customers = source(config, metadata).read()
    own = _side("challenger", challenger, model, metadata, customers, config)
    other, lineage = None, None
    if champion:
        old, old_metadata = load_model(champion.uri)
        try:
            other = _side(CHAMPION, champion, old, old_metadata, customers, config)
        except InputError:
            # It reads columns that these customers do not have: only the centres can be compared.
            other = None
        labels = (other.contender.labels, own.contender.labels) if other else None
        spread = customers.table.std(numeric_only=True, ddof=0).to_dict()
        lineage = compare(model.segments, old.segments, labels, spread)
    repeated = None
    if gate.resamples:
        repeated = gate.repeated(model, customers.table, own.contender.labels, config.seed)
    checks = gate.judge(
        own.contender,
        repeated,
        other.contender if other else None,
        lineage,
        unservable(challenger.uri, model, customers.table) if gate.served else None,
    )
    return Comparison(customers, (own, other) if other else (own,), lineage, checks)


def _side(
    role: str,
    version: ModelVersion,
    model: SegmentModel,
    metadata: dict[str, Any],
    customers: Customers,
    config: DictConfig,
) -> Side:
    labels = model.predict(customers.table)
    features = model.features
    scaler = build(config.yardstick, "yardstick")
    yardstick = Yardstick.of(features.transform(customers.table), scaler, "yardstick", config.seed)
    space = tuple(f"log {c}" if c in features.log_ else str(c) for c in features.columns_)
    contender = Contender(model.segments, space, labels, yardstick.score(labels))
    return Side(role, version, metadata["choice"]["algorithm"], contender)


def _decide(
    registry: Registry,
    challenger: ModelVersion,
    champion: ModelVersion | None,
    found: Comparison,
    reason: str,
    force: bool,
) -> Result:
    """Move the alias or refuse, and log the decision with what led to it as a run."""
    title = f"{challenger.name} version {challenger.version}"
    refused = found.reasons
    forced = bool(refused) and force
    promoted = False
    tags = {
        "promoted_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "promoted_by": user(),
        "promoted_on": found.customers.fingerprint,
        "promoted_from": champion.version if champion else "",
        "promoted_because": reason,
        "gate": f"forced past: {'; '.join(refused)}" if forced else "passed",
    }
    about = {**data_tags(found.customers), "command": "promote", "version": challenger.version}
    with registry.store.run(f"promote version {challenger.version}", about) as active:
        active.table("gate/checks.csv", checks_table(found.checks))
        active.text("gate/comparison.txt", _text(found))
        if forced or not refused:
            promoted = registry.crown(challenger, champion, {k: v for k, v in tags.items() if v})
            if not promoted:
                refused = [_overtaken(registry, challenger, champion)]
        active.log(
            metrics={
                f"{name}_{side.role}": value
                for side in found.sides
                for name, value in side.contender.scores.metrics().items()
            },
            tags={"promoted": str(promoted).lower(), "reason": reason, "refused": "; ".join(refused)},
        )
    end = f"{title} is now the champion."
    if promoted and forced:
        end = f"{end[:-1]}, forced past the gate: {reason}"
    elif not promoted:
        end = "\n".join([f"{title} was not promoted:", *(f"  {line}." for line in refused)])
    record = _record(registry, challenger, champion, found, promoted, refused)
    return Result(f"{_text(found)}\n{end}", {**record, "forced": forced}, 0 if promoted else REFUSED)


def _overtaken(registry: Registry, challenger: ModelVersion, champion: ModelVersion | None) -> str:
    now, before = registry.find(CHAMPION), f"version {champion.version}" if champion else "nothing"
    return (
        f"{f'version {now.version}' if now else 'none'} became the champion while version {challenger.version} was "
        f"compared with {before}; run `segment promote` again"
    )


def user() -> str:
    """Who gives the command, for the tags of a version."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _record(
    registry: Registry,
    challenger: ModelVersion,
    champion: ModelVersion | None,
    found: Comparison | None,
    promoted: bool,
    refused: Sequence[str],
) -> dict[str, Any]:
    return {
        "model": registry.name,
        "promoted": promoted,
        "version": challenger.version,
        "previous": champion and champion.version,
        "contenders": [_side_record(side) for side in found.sides] if found else [],
        "agreement": found and found.agreement,
        "lineage": list(found.lineage.sentences) if found and found.lineage else [],
        "checks": [asdict(check) for check in found.checks] if found else [],
        "refused": list(refused),
    }


def _side_record(side: Side) -> dict[str, Any]:
    return {
        "role": side.role,
        "version": side.version.version,
        "algorithm": side.algorithm,
        "verdict": side.version.tags.get("verdict"),
        "sizes": side.contender.sizes.tolist(),
        "segments": [s.id for s in side.contender.segments],
        "scores": dict(side.contender.scores.metrics()),
    }


def _text(found: Comparison) -> str:
    rows = {
        side.role: {
            "version": side.version.version,
            "algorithm": side.algorithm,
            "verdict": side.version.tags.get("verdict", "unknown"),
            **{k: f"{v:.4f}".rstrip("0").rstrip(".") for k, v in side.contender.scores.metrics().items()},
            "sizes": "/".join(map(str, side.contender.sizes)),
        }
        for side in found.sides
    }
    lines = [pd.DataFrame(rows).to_string()]
    if found.agreement is not None:
        lines.append(f"They agree at an adjusted Rand index of {found.agreement:.4f} on these customers.")
    if found.lineage and found.lineage.exact:
        lines.append("Every customer stays in its segment.")
    lines += [f"{sentence}." for sentence in (found.lineage.sentences if found.lineage else ())]
    table = checks_table(found.checks).drop(columns="reason")
    if len(table):
        lines += ["", table.to_string(index=False), ""]
    return "\n".join(lines)
