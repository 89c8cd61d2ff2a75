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
from segmentation.analysis._assess import Assessed
from segmentation.analysis._market import NOISE, Market
from segmentation.data import Customers
from segmentation.errors import InputError
from segmentation.evaluation import Verdict
from segmentation.report import Picture, Scatter3D, StudyReport

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LIBRARIES = ("segmentation", "scikit-learn", "mlflow", "optuna", "pandas", "numpy", "scipy", "matplotlib")


@dataclass(frozen=True, eq=False)
class Story:
    """What a study knows of its winner, and a single fit does not.

    Attributes
    ----------
    verdict : Verdict or None
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

    verdict: Verdict | None = None
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


def tell(
    customers: Customers,
    assessed: Assessed,
    market: Market,
    story: Story,
    pictures: Mapping[str, Picture],
    config: str,
    command: str,
) -> StudyReport:
    """Gather what the report says.

    Parameters
    ----------
    customers : Customers
        Everybody.
    assessed : Assessed
        The clustering.
    market : Market
        Its analysis.
    story : Story
        What is known beside it.
    pictures : mapping of str to Picture
        By the name of their file; ``segment_3`` is the one on the card of segment 3.
    config, command : str
        How to do it again.

    Returns
    -------
    StudyReport
    """
    verdict = story.verdict
    return StudyReport(
        title=f"{'No stable segmentation' if story.unsure else 'Customer segments'} of {customers.name}",
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
        unsure=story.unsure,
        rules=market.rules,
        recommendations=market.recommendations,
        attractiveness=market.ranking,
        evidence=story.evidence,
        leaderboard=story.leaderboard,
        preparation=assessed.preparation,
        pictures=pictures,
        scatter=_scatter(customers, assessed, market),
        config=config,
        command=command,
        fingerprint=customers.fingerprint,
        versions={"python": python_version(), **{name: version(name) for name in LIBRARIES}},
        notes=market.lineage.sentences,
    )


def _hex(market: Market) -> dict[int, str]:
    return {NOISE: plots.segment_color(NOISE)} | {
        s.number: plots.segment_color(s.color) for s in market.segments
    }


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


def report_files(told: StudyReport, market: Market) -> dict[str, bytes]:
    """The report in every form, by its path in the run."""
    return {
        "report.html": report.to_html(told).encode(),
        "report.md": report.to_markdown(told, "plots").encode(),
        "segments.json": json.dumps(report.to_json(told), indent=1, ensure_ascii=False).encode(),
        "segments.csv": csv(report.to_frame(told)),
        "segments/rules.sql": f"{market.rules.case}\n".encode(),
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
