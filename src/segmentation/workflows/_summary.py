"""The report of a clustering, and its files."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import TYPE_CHECKING

import pandas as pd
from sklearn.decomposition import PCA

from segmentation import plots, report
from segmentation.data import Customers
from segmentation.errors import InputError
from segmentation.evaluation import ClusteringTendency
from segmentation.report import Picture, Scatter3D, StudyReport
from segmentation.workflows._evaluate import EvaluatedClustering
from segmentation.workflows._profiles import NOISE, SegmentProfiles

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LIBRARIES = ("segmentation", "scikit-learn", "mlflow", "optuna", "pandas", "numpy", "scipy", "matplotlib")


@dataclass(frozen=True, eq=False)
class StudySummary:
    """What a study knows of its winner, and a single fit does not.

    Attributes
    ----------
    verdict : ClusteringTendency or None
        Whether there are segments at all.
    reason : str
        Why this clustering.
    unsure : str
        What it lacks to be a segmentation to rely on; empty where it lacks nothing.
    evidence : DataFrame or None
        One row a segment, with its Jaccard similarity.
    leaderboard : DataFrame or None
        The trials as people read them, best first.
    figures : mapping of str to Figure
        Of the search and the evidence.
    """

    verdict: ClusteringTendency | None = None
    reason: str = ""
    unsure: str = ""
    evidence: pd.DataFrame | None = None
    leaderboard: pd.DataFrame | None = None
    figures: Mapping[str, "Figure"] = field(default_factory=dict)

    @property
    def stability(self) -> dict[int, float] | None:
        """Segment -> mean Jaccard similarity."""
        if self.evidence is None:
            return None
        return dict(zip(self.evidence["segment"], self.evidence["jaccard"], strict=True))


def build_report(
    customers: Customers,
    evaluated: EvaluatedClustering,
    profiles: SegmentProfiles,
    summary: StudySummary,
    pictures: Mapping[str, Picture],
    config: str,
    command: str,
) -> StudyReport:
    """Gather what the report says.

    Parameters
    ----------
    customers : Customers
        Everybody.
    evaluated : EvaluatedClustering
        The clustering.
    profiles : SegmentProfiles
        Its analysis.
    summary : StudySummary
        What is known beside it.
    pictures : mapping of str to Picture
        By the name of their file; ``segment_3`` is the one on the card of segment 3.
    config, command : str
        How to do it again.

    Returns
    -------
    StudyReport
    """
    verdict = summary.verdict
    return StudyReport(
        title=f"{'No stable segmentation' if summary.unsure else 'Customer segments'} of {customers.name}",
        data=customers.name,
        profile=profiles.profile,
        names=profiles.names,
        colors=_hex(profiles),
        traits=profiles.traits,
        ids={s.number: s.id for s in profiles.segments},
        findings=[finding.message for finding in customers.findings],
        verdict=verdict.verdict if verdict else "",
        sentence=verdict.sentence if verdict else "",
        reason=summary.reason,
        unsure=summary.unsure,
        rules=profiles.rules,
        recommendations=profiles.recommendations,
        attractiveness=profiles.ranking,
        evidence=summary.evidence,
        leaderboard=summary.leaderboard,
        preparation=evaluated.preparation,
        pictures=pictures,
        scatter=_scatter(customers, evaluated, profiles),
        config=config,
        command=command,
        fingerprint=customers.fingerprint,
        versions={"python": python_version(), **{name: version(name) for name in LIBRARIES}},
        notes=profiles.lineage.sentences,
    )


def _hex(profiles: SegmentProfiles) -> dict[int, str]:
    return {NOISE: plots.segment_color(NOISE)} | {
        s.number: plots.segment_color(s.color) for s in profiles.segments
    }


def _scatter(
    customers: Customers, evaluated: EvaluatedClustering, profiles: SegmentProfiles
) -> Scatter3D | None:
    """The first three features as they are, or the first three components of more of them."""
    pipeline, labels = evaluated.fitted.pipeline, evaluated.fitted.labels
    X, axes = evaluated.yardstick.X, [str(n) for n in pipeline[0].get_feature_names_out()]
    if X.shape[1] < 3:
        return None
    if X.shape[1] > 3:
        pca = PCA(3, random_state=0).fit(X)
        points = pca.transform(X)
        axes = [f"component {i} ({share:.0%})" for i, share in enumerate(pca.explained_variance_ratio_, 1)]
    else:
        points = pipeline[0].transform(customers.table)
    return Scatter3D("Customers in three dimensions", axes, points, labels, profiles.names, _hex(profiles))


def report_files(told: StudyReport) -> dict[str, bytes]:
    """The report in every form, by its path in the run."""
    return {
        "report.html": report.to_html(told).encode(),
        "report.md": report.to_markdown(told, "plots").encode(),
        "segments.json": json.dumps(report.to_json(told), indent=1, ensure_ascii=False).encode(),
        "segments.csv": csv(report.to_frame(told)),
        **({"segments/rules.sql": f"{told.rules.case}\n".encode()} if told.rules else {}),
    }


def csv(frame: pd.DataFrame) -> bytes:
    """A table as a file."""
    return frame.to_csv().encode()


def write_report(path: Path, files: Mapping[str, bytes], told: StudyReport) -> None:
    """Write one page where the path names one; a folder with everything otherwise.

    Raises
    ------
    InputError
        If it cannot be written.
    """
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
