"""What `fit` and `sweep` both do with a clustering: score it, tag it, log its model."""

from collections.abc import Mapping
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from segmentation.commands._config import build, resolved
from segmentation.data import Customers, findings_table
from segmentation.evaluation import ClusteringTendency
from segmentation.features import prepared_text
from segmentation.monitoring import Reference
from segmentation.serving import SegmentModel
from segmentation.study import Configuration, PipelineFitter, SearchSpace
from segmentation.tracking import Run, Store, log_model
from segmentation.workflows import EvaluatedClustering, SegmentProfiles, default_yardstick

EXAMPLE_ROWS = 5


def read_customers(config: DictConfig) -> Customers:
    """Read and check what `data` names."""
    return build(config.data, "data").read()


def open_store(config: DictConfig) -> Store:
    """Open the store that `tracking` names."""
    return Store.open(config.tracking.uri, config.tracking.artifacts, config.tracking.experiment)


def open_fitter(config: DictConfig, customers: Customers, space: SearchSpace, seed: int) -> PipelineFitter:
    """Prepare the customers for every configuration of a space, and the yardstick that config names."""
    name, scaler = yardstick_scaler(config, space)
    return PipelineFitter(customers.table, space, scaler, f"yardstick ({name})", seed)


def yardstick_scaler(config: DictConfig, space: SearchSpace) -> tuple[str, Any]:
    """What spans the yardstick space, and its name: what config says, else the usual."""
    named = HydraConfig.get().runtime.choices.get("scaler@yardstick")
    if named not in (None, "null"):
        return str(named), build(config.yardstick, "yardstick")
    return default_yardstick(space)


def choice_tags(configuration: Configuration) -> dict[str, str]:
    """What runs are grouped and filtered by in the MLflow UI."""
    return {group: getattr(configuration, group) for group in ("features", "scaler", "reducer", "algorithm")}


def choice_params(configuration: Configuration) -> dict[str, Any]:
    """The choices and their parameters; the algorithm's without its name, to be compared across algorithms."""
    algorithm = configuration.params_of(configuration.algorithm)
    others = {k: v for k, v in configuration.params if not k.startswith(f"{configuration.algorithm}.")}
    return {**choice_tags(configuration), **algorithm, **others}


def log_data(run: Run, config: DictConfig, customers: Customers) -> None:
    """Log what a run was made of: the resolved config, the data's fingerprint and its findings."""
    run.text("config.yaml", resolved(config))
    findings = findings_table(customers.findings)
    run.table("data/findings.csv", findings)
    counts = findings.groupby("kind")["count"].sum()
    run.log(
        metrics={
            "n_customers": len(customers.table),
            **{f"finding_{kind}": float(count) for kind, count in counts.items()},
        }
    )


def log_pipeline(
    run: Run,
    data: Mapping[str, Any],
    customers: Customers,
    evaluated: EvaluatedClustering,
    profiles: SegmentProfiles,
) -> str:
    """Log a clustering as a model with its segments and what reads its data; returns its URI."""
    features = evaluated.fitted.pipeline[0]
    model = SegmentModel(evaluated.fitted.pipeline, profiles.segments, customers.table, profiles.exceptional)
    example = customers.table[features.columns_].dropna().head(EXAMPLE_ROWS)
    metadata = {
        # A file to be scored is read as the training data was.
        "data": {**data, **customers.resolved},
        "id": str(customers.table.index.name),
        "fingerprint": customers.fingerprint,
        "yardstick": evaluated.yardstick.space,
        "choice": choice_tags(evaluated.configuration),
        "params": dict(evaluated.configuration.params),
        # Later customers are compared with these.
        "reference": Reference.of(customers.table, model).to_dict(),
    }
    return log_model(run, model, example, metadata)


def clustering_record(evaluated: EvaluatedClustering, metrics: Mapping[str, float]) -> dict[str, Any]:
    """The part of a JSON result that says what a clustering is."""
    return {
        **choice_tags(evaluated.configuration),
        "params": evaluated.configuration.params_of(evaluated.configuration.algorithm),
        "n_segments": evaluated.scores.n_segments,
        "sizes": evaluated.sizes,
        "scores": dict(metrics),
        "degenerate": evaluated.scores.degenerate,
    }


def verdict_tags(found: ClusteringTendency) -> dict[str, str]:
    """Whether there are segments, for runs and registered versions."""
    return {"verdict": found.verdict, "verdict_sentence": found.sentence}


def verdict_metrics(found: ClusteringTendency) -> dict[str, float]:
    """The evidence behind a verdict: chances that data without segments looks so."""
    names = ("p_uniform", "p_gaussian", "p_skewed", "p_bent", "p_valley", "p_dip", "p_stability")
    return {name: getattr(found, name) for name in names}


def preparation_text(evaluated: EvaluatedClustering) -> str:
    """What was done to the columns, in a few lines; empty where there is nothing to tell."""
    text = prepared_text(evaluated.preparation)
    return f"{text}\n" if text else ""


def findings_text(customers: Customers) -> str:
    """The findings of reading, one a line; empty where there are none."""
    lines = [f"  {finding.message}" for finding in customers.findings]
    return "\n".join(["Findings in the data", *lines, ""]) if lines else ""
