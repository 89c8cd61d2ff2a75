"""A challenger becomes the champion, if the gate lets it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sklearn.base import clone

from segmentation.data import Customers
from segmentation.errors import InputError
from segmentation.serving import (
    Comparison,
    EvaluatedModel,
    Gate,
    SegmentModel,
    checks_table,
    compare,
    evaluate_model,
)
from segmentation.tracking._models import load_model
from segmentation.tracking._registry import CHALLENGER, CHAMPION, ModelVersion, Registry
from segmentation.tracking._served import unservable
from segmentation.tracking._store import data_tags, user_name


@dataclass(frozen=True)
class Promotion:
    """What became of a challenger.

    Attributes
    ----------
    promoted : bool
        Whether it is the champion now.
    refused : tuple of str
        Why the gate refuses it, or why the alias was not moved.
    text : str
        For the terminal.
    record : dict
        For programs.
    """

    promoted: bool
    refused: tuple[str, ...]
    text: str
    record: dict[str, Any]


def promote_challenger(
    registry: Registry,
    gate: Gate,
    scaler: Any,
    read: Callable[[Mapping[str, Any]], Customers],
    *,
    alias: str = CHALLENGER,
    reason: str | None = None,
    force: bool = False,
    dry_run: bool = False,
    seed: int = 0,
) -> Promotion:
    """Compare a challenger with the champion, ask the gate, move the alias, and log the decision as a run.

    Parameters
    ----------
    registry : Registry
        Where both are.
    gate : Gate
        The checks.
    scaler : transformer
        Scales the features to the space in which both are scored.
    read : callable
        Given what was logged with the challenger, reads the customers on which both are compared.
    alias : str
        Which version is the challenger.
    reason : str, optional
        Why it is promoted; stored with the version.
    force : bool, default=False
        Whether to promote it although the gate refuses; needs a reason.
    dry_run : bool, default=False
        Whether to compare only, and neither log nor move anything.
    seed : int, default=0
        Of the sub-samples.

    Returns
    -------
    Promotion

    Raises
    ------
    InputError
        If there is no challenger, or a reason is needed and missing.
    """
    challenger, champion = registry.find(alias), registry.find(CHAMPION)
    if challenger is None:
        raise InputError(
            f"No version of '{registry.name}' has the alias '{alias}'; run `segment sweep` first, or name another "
            f"alias."
        )
    record: dict[str, Any] = {
        "model": registry.name,
        "promoted": False,
        "version": challenger.version,
        "previous": champion and champion.version,
        "contenders": [],
        "agreement": None,
        "lineage": [],
        "checks": [],
        "refused": [],
    }
    if champion == challenger:
        return Promotion(False, (), f"{challenger.title} is the champion already.", record)
    reason = (reason or "").strip()
    if not dry_run:
        _require_reason(challenger, reason, force)
    found = _compare(gate, scaler, read, challenger, champion, seed)
    record |= {**found.record(), "refused": found.refused}
    if dry_run:
        text = f"{found.text()}\nNothing was moved (dry_run=true)."
        return Promotion(False, tuple(found.refused), text, record)
    forced = bool(found.refused) and force
    promoted, refused = _decide(registry, challenger, champion, found, reason, forced)
    if not promoted:
        end = "\n".join([f"{challenger.title} was not promoted:", *(f"  {line}." for line in refused)])
    else:
        end = (
            f"{challenger.title} is now the champion{f', forced past the gate: {reason}' if forced else '.'}"
        )
    record |= {"promoted": promoted, "refused": refused, "forced": forced}
    return Promotion(promoted, tuple(refused), f"{found.text()}\n{end}", record)


def _require_reason(challenger: ModelVersion, reason: str, force: bool) -> None:
    if reason:
        return
    if force:
        raise InputError("force=true needs a reason, which is kept with the version: reason='...'.")
    if challenger.tags.get("verdict") == "constructive":
        raise InputError(
            f"{challenger.title} divides customers who vary gradually (verdict constructive); promoting it needs a "
            f"reason: reason='...'."
        )


def _compare(
    gate: Gate,
    scaler: Any,
    read: Callable[[Mapping[str, Any]], Customers],
    challenger: ModelVersion,
    champion: ModelVersion | None,
    seed: int,
) -> Comparison:
    model, metadata = load_model(challenger.uri)
    customers = read(metadata)
    table = customers.table

    def evaluate(version: ModelVersion, model: SegmentModel, metadata: Mapping[str, Any]) -> EvaluatedModel:
        algorithm, verdict = metadata["choice"]["algorithm"], version.tags.get("verdict")
        about = {"version": version.version, "algorithm": algorithm, "verdict": verdict}
        return evaluate_model(model, table, clone(scaler), seed, **about)

    own = evaluate(challenger, model, metadata)
    other, lineage = None, None
    if champion:
        old, old_metadata = load_model(champion.uri)
        try:
            other = evaluate(champion, old, old_metadata)
        except InputError:
            # It reads columns that these customers do not have, so that only the centres can be compared.
            other = None
        labels = (other.labels, own.labels) if other else None
        lineage = compare(
            model.segments, old.segments, labels, table.std(numeric_only=True, ddof=0).to_dict()
        )
    checks = gate.judge(
        own,
        gate.repeated(model, table, own.labels, seed) if gate.resamples else None,
        other,
        lineage,
        unservable(challenger.uri, model, table) if gate.served else None,
    )
    models = {"challenger": own, CHAMPION: other} if other else {"challenger": own}
    return Comparison(customers, models, lineage, checks)


def _decide(
    registry: Registry,
    challenger: ModelVersion,
    champion: ModelVersion | None,
    found: Comparison,
    reason: str,
    forced: bool,
) -> tuple[bool, list[str]]:
    """Move the alias or refuse, and log the decision with its grounds as a run."""
    refused, promoted = found.refused, False
    tags = {
        "promoted_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "promoted_by": user_name(),
        "promoted_on": found.customers.fingerprint,
        "promoted_from": champion.version if champion else "",
        "promoted_because": reason,
        "gate": f"forced past: {'; '.join(refused)}" if forced else "passed",
    }
    about = {**data_tags(found.customers), "command": "promote", "version": challenger.version}
    with registry.store.run(f"promote version {challenger.version}", about) as active:
        active.table("gate/checks.csv", checks_table(found.checks))
        active.text("gate/comparison.txt", found.text())
        if forced or not refused:
            promoted = registry.promote(challenger, champion, {k: v for k, v in tags.items() if v})
            if not promoted:
                refused = [_overtaken(registry, challenger, champion)]
        active.log(
            metrics=found.metrics(),
            tags={"promoted": str(promoted).lower(), "reason": reason, "refused": "; ".join(refused)},
        )
    return promoted, refused


def _overtaken(registry: Registry, challenger: ModelVersion, champion: ModelVersion | None) -> str:
    now, before = registry.find(CHAMPION), f"version {champion.version}" if champion else "nothing"
    return (
        f"{f'version {now.version}' if now else 'none'} became the champion while version {challenger.version} was "
        f"compared with {before}; run `segment promote` again"
    )
