"""What is left of a clustering when the command is done: pictures, report, model, registered version."""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig
from sklearn.decomposition import PCA

from segmentation import plots, report
from segmentation.clustering import DBSCAN, k_distances
from segmentation.commands._clustering import Assessed, choice_tags, log_pipeline, verdict_tags
from segmentation.commands._config import resolved
from segmentation.commands._identity import CHALLENGER, identified, identity_tags
from segmentation.commands._market import NOISE, Desk, Market, analyse
from segmentation.data import Customers
from segmentation.errors import InputError
from segmentation.evaluation import Verdict
from segmentation.report import Picture, Scatter3D, StudyReport
from segmentation.serving import Lineage, Segment, identify
from segmentation.tracking import Registry, Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LIBRARIES = ("segmentation", "scikit-learn", "mlflow", "optuna", "pandas", "numpy", "scipy", "matplotlib")
CARDS = 20
"""Up to so many segments each has a picture on its card."""


@dataclass(frozen=True, eq=False)
class Story:
    """What a study knows of its winner, and a single fit does not.

    Attributes
    ----------
    verdict : Verdict or None
        Whether there are segments at all.
    reason : str
        Why this clustering.
    evidence : DataFrame or None
        One row a segment, with its Jaccard similarity.
    leaderboard : DataFrame or None
        The trials as people read them, best first.
    figures : mapping of str to Figure
        Of the search and the evidence.
    """

    verdict: Verdict | None = None
    reason: str = ""
    evidence: pd.DataFrame | None = None
    leaderboard: pd.DataFrame | None = None
    figures: Mapping[str, "Figure"] = field(default_factory=dict)

    @property
    def stability(self) -> dict[int, float] | None:
        """Segment -> mean Jaccard similarity."""
        if self.evidence is None:
            return None
        return dict(zip(self.evidence["segment"], self.evidence["jaccard"], strict=True))


@dataclass(frozen=True)
class Kept:
    """What was kept.

    Attributes
    ----------
    market : Market
        The analysis.
    model : dict
        The model's uri; its name and version too where it was registered.
    """

    market: Market
    model: dict[str, str]


def keep(
    run: Run, config: DictConfig, customers: Customers, assessed: Assessed, desk: Desk, story: Story
) -> Kept:
    """Analyse a clustering, log all of it with its report and model, and register the model where config says so."""
    registry, labels = Registry(run.store, config.tracking.model), assessed.fitted.labels

    def identity(segments: Sequence[Segment]) -> tuple[tuple[Segment, ...], Lineage]:
        # Only what is registered has an identity to go on with.
        if not config.register:
            return identify(segments)
        return identified(registry, list(segments), customers, labels)

    market = analyse(desk, customers, assessed, story.stability, config.seed, identity)
    with market.pictured():
        pictures = _pictures({**story.figures, **_figures(customers, assessed, market)})
        cards = _pictures(_cards(market))
    told = _told(config, customers, assessed, market, story, {**pictures, **cards})
    files = _files(told, market)
    assigned = pd.DataFrame({"segment": labels}, index=customers.table.index)
    run.files(
        {
            **{f"plots/{name}.png": picture.png for name, picture in pictures.items()},
            "segments/profile.csv": _csv(market.profile.summary()),
            "segments/assignments.csv": _csv(assigned),
            **files,
        }
    )
    if config.report is not None:
        _write(Path(config.report), files, told)
    uri = log_pipeline(run, config, customers, assessed, market.segments)
    if not config.register:
        return Kept(market, {"uri": uri})
    tags = {
        **choice_tags(assessed.configuration),
        "n_segments": str(assessed.scores.n_segments),
        **identity_tags(market.segments, market.lineage),
        **(verdict_tags(story.verdict) if story.verdict else {}),
    }
    registered = registry.register(run, uri, CHALLENGER, tags)
    return Kept(market, {"name": registered.name, "version": registered.version, "uri": registered.uri})


def _figures(customers: Customers, assessed: Assessed, market: Market) -> dict[str, "Figure"]:
    """Draw a clustering from every side that its features and its algorithm have."""
    fitted, labels, units = assessed.fitted, assessed.fitted.labels, customers.units
    features = fitted.pipeline[0]
    names = [str(name) for name in features.get_feature_names_out()]
    titled = [f"log(1 + {n})" if n in features.log_ else n for n in names]
    X = features.transform(customers.table)
    centers = _centers(X, labels)
    table, profile = customers.table[features.columns_], market.profile
    drawn = {
        # Two features are shown as they are, more of them where their units do not count.
        "segment_separation": plots.segment_separation(
            X if X.shape[1] <= 2 else assessed.yardstick.X, labels, titled, units
        ),
        "segment_profile": plots.segment_profile(profile.numbers, profile.categories, units),
        "segment_sizes": plots.segment_sizes(labels),
        "profile_bars": plots.profile_bars(table, labels, units),
        "profile_heatmap": plots.profile_heatmap(table, labels),
        "feature_boxes": plots.feature_boxes(table, labels, units),
        "parallel_segments": plots.parallel_segments(profile.numbers, units),
        "silhouette": plots.silhouette_per_customer(
            assessed.yardstick.silhouettes(labels).tolist(),
            labels[assessed.yardstick.rows],
            assessed.yardstick.space,
        ),
        "surrogate_tree": plots.surrogate_tree(market.rules.tree),
        "attractiveness": plots.attractiveness_bubbles(
            market.ranking.join(profile.segments["customers"]), y=_known(market.ranking)
        ),
    }
    if len(profile.categories):
        drawn["composition"] = plots.composition_bars(profile.categories)
    if profile.value is not None:
        drawn["value"] = plots.value_bars(profile.segments)
    if X.shape[1] >= 2:
        drawn["scatter_2d"] = plots.scatter_2d(X[:, :2], labels, centers[:, :2], titled[:2], units)
    if X.shape[1] >= 3:
        drawn["scatter_3d"] = plots.scatter_3d(X[:, :3], labels, centers[:, :3], titled[:3], units)
    if X.shape[1] > 2:
        drawn["pca_scatter"] = plots.pca_scatter(
            assessed.yardstick.X, labels, names, assessed.yardstick.space
        )
    algorithm = fitted.algorithm
    if hasattr(algorithm, "linkage_matrix_"):
        drawn["dendrogram"] = plots.dendrogram(algorithm.linkage_matrix_, assessed.scores.n_segments)
    if isinstance(algorithm, DBSCAN):
        k = algorithm.min_samples
        drawn["k_distance"] = plots.k_distance(k_distances(fitted.X, k).tolist(), k, algorithm.eps)
    return drawn


def _known(ranking: pd.DataFrame) -> str:
    """The first criterion beside distinctness that every segment has a score in."""
    return next((c for c in ("value", "stability", "reachability") if ranking[c].notna().all()), "size")


def _centers(X: np.ndarray, labels: np.ndarray) -> np.ndarray:
    segments = range(int(labels.max()) + 1)
    return np.array([X[labels == s].mean(axis=0) for s in segments]).reshape(-1, X.shape[1])


def _cards(market: Market) -> dict[str, "Figure"]:
    """One segment's profile each, for its card in the report."""
    profile = market.profile
    if len(market.segments) > CARDS:
        return {}
    return {
        f"segment_{s.number}": plots.segment_profile(
            profile.numbers[profile.numbers["segment"] == s.number],
            profile.categories[profile.categories["segment"] == s.number],
            profile.units,
        )
        for s in market.segments
    }


def _pictures(figures: Mapping[str, "Figure"]) -> dict[str, Picture]:
    return {
        name: Picture(plots.title(figure), plots.caption(figure), plots.to_png(figure), name)
        for name, figure in figures.items()
    }


def _told(
    config: DictConfig,
    customers: Customers,
    assessed: Assessed,
    market: Market,
    story: Story,
    pictures: Mapping[str, Picture],
) -> StudyReport:
    verdict = story.verdict
    return StudyReport(
        title=f"Customer segments of {customers.name}",
        data=customers.name,
        profile=market.profile,
        names=market.names,
        colors=_hex(market),
        traits=market.traits,
        ids={s.number: s.id for s in market.segments},
        findings=[finding.message for finding in customers.findings],
        verdict=verdict.verdict if verdict else "",
        sentence=verdict.sentence if verdict else "",
        reason=story.reason,
        rules=market.rules,
        recommendations=market.recommendations,
        attractiveness=market.ranking,
        evidence=story.evidence,
        leaderboard=story.leaderboard,
        pictures=pictures,
        scatter=_scatter(customers, assessed, market),
        config=resolved(config),
        command=_command(),
        fingerprint=customers.fingerprint,
        versions={"python": python_version(), **{name: version(name) for name in LIBRARIES}},
        notes=market.lineage.sentences,
    )


def _hex(market: Market) -> dict[int, str]:
    return {NOISE: plots.segment_color(NOISE)} | {
        s.number: plots.segment_color(s.color) for s in market.segments
    }


def _command() -> str:
    job = HydraConfig.get()
    return shlex.join(["segment", job.job.name, *job.overrides.task])


def _scatter(customers: Customers, assessed: Assessed, market: Market) -> Scatter3D | None:
    """The first three features as they are, or the first three components of more of them."""
    pipeline, labels = assessed.fitted.pipeline, assessed.fitted.labels
    X, axes = assessed.yardstick.X, [str(n) for n in pipeline[0].get_feature_names_out()]
    if X.shape[1] < 3:
        return None
    if X.shape[1] > 3:
        pca = PCA(3, random_state=0).fit(X)
        points = pca.transform(X)
        axes = [f"component {i} ({share:.0%})" for i, share in enumerate(pca.explained_variance_ratio_, 1)]
    else:
        points = pipeline[0].transform(customers.table)
    return Scatter3D("Customers in three dimensions", axes, points, labels, market.names, _hex(market))


def _files(told: StudyReport, market: Market) -> dict[str, bytes]:
    """The report in every form, by its path in the run."""
    return {
        "report.html": report.to_html(told).encode(),
        "report.md": report.to_markdown(told, "plots").encode(),
        "segments.json": json.dumps(report.to_json(told), indent=1, ensure_ascii=False).encode(),
        "segments.csv": _csv(report.to_frame(told)),
        "segments/rules.sql": f"{market.rules.case}\n".encode(),
    }


def _csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv().encode()


def _write(path: Path, files: Mapping[str, bytes], told: StudyReport) -> None:
    """One page where the path names one; a folder with everything otherwise."""
    try:
        if path.suffix.lower() in (".html", ".htm"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files["report.html"])
            return
        (path / "plots").mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (path / Path(name).name).write_bytes(content)
        for name, picture in told.pictures.items():
            (path / "plots" / f"{name}.png").write_bytes(picture.png)
    except OSError as error:
        raise InputError(
            f"report={path} cannot be written ({error}); valid is a file that ends in .html, or a folder."
        ) from error
