"""A challenger and the champion evaluated on the same customers."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from segmentation.data import Customers
from segmentation.evaluation import EvaluationSpace, adjusted_rand
from segmentation.serving._gate import Check, EvaluatedModel, checks_table
from segmentation.serving._identity import Lineage
from segmentation.serving._model import SegmentModel


@dataclass(frozen=True, eq=False)
class Comparison:
    """What a promotion is decided on.

    Attributes
    ----------
    customers : Customers
        The customers on which the models are compared.
    models : mapping of str to EvaluatedModel
        By role: "challenger", and "champion" where there is another one that can be applied to these customers.
    lineage : Lineage or None
        How the challenger's segments descend from the champion's; None where there is no champion.
    checks : tuple of Check
        The checks of the gate.
    """

    customers: Customers
    models: Mapping[str, EvaluatedModel]
    lineage: Lineage | None
    checks: tuple[Check, ...]

    @property
    def agreement(self) -> float | None:
        """Adjusted Rand index of the two models on these customers; None with one model."""
        return adjusted_rand(*(m.labels for m in self.models.values())) if len(self.models) == 2 else None

    @property
    def refused(self) -> list[str]:
        """Why the gate refuses the challenger; empty where it does not."""
        return [check.reason for check in self.checks if not check.passed]

    def metrics(self) -> dict[str, float]:
        """The scores by name and role, for a run."""
        return {
            f"{name}_{role}": value
            for role, model in self.models.items()
            for name, value in model.scores.metrics().items()
        }

    def record(self) -> dict[str, Any]:
        """The comparison as plain values, for JSON."""
        contenders = [
            {
                "role": role,
                "version": model.version,
                "algorithm": model.algorithm,
                "verdict": model.verdict,
                "sizes": model.sizes.tolist(),
                "segments": [segment.id for segment in model.segments],
                "scores": dict(model.scores.metrics()),
            }
            for role, model in self.models.items()
        ]
        return {
            "contenders": contenders,
            "agreement": self.agreement,
            "lineage": list(self.lineage.sentences) if self.lineage else [],
            "checks": [asdict(check) for check in self.checks],
        }

    def text(self) -> str:
        """The comparison for the terminal."""
        rows = {
            role: {
                "version": model.version,
                "algorithm": model.algorithm,
                "verdict": model.verdict or "unknown",
                **{k: f"{v:.4f}".rstrip("0").rstrip(".") for k, v in model.scores.metrics().items()},
                "sizes": "/".join(map(str, model.sizes)),
            }
            for role, model in self.models.items()
        }
        lines = [pd.DataFrame(rows).to_string()]
        if self.agreement is not None:
            lines.append(f"Their adjusted Rand index on these customers is {self.agreement:.4f}.")
        if self.lineage and self.lineage.exact:
            lines.append("Every customer stays in its segment.")
        lines += [f"{sentence}." for sentence in (self.lineage.sentences if self.lineage else ())]
        table = checks_table(self.checks).drop(columns="reason")
        return "\n".join([*lines, "", table.to_string(index=False), ""] if len(table) else lines)


def evaluate_model(
    model: SegmentModel, table: pd.DataFrame, scaler: Any, seed: int = 0, **about: Any
) -> EvaluatedModel:
    """Apply a model to customers and score the result.

    Parameters
    ----------
    model : SegmentModel
        The model.
    table : DataFrame of shape (n, columns)
        The customers.
    scaler : transformer
        Scales the features to the space of the scores.
    seed : int, default=0
        Of the sample that scores of very many customers are computed on.
    **about
        The version, algorithm and verdict of the model.

    Returns
    -------
    EvaluatedModel

    Raises
    ------
    InputError
        If a column that the model reads is missing.
    """
    labels, features = model.predict(table), model.features
    scores = EvaluationSpace.of(features.transform(table), scaler, "yardstick", seed).score(labels)
    space = tuple(f"log {c}" if c in features.log_ else str(c) for c in features.columns_)
    return EvaluatedModel(model.segments, space, labels, scores, **about)
