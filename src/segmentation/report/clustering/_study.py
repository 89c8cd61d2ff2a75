"""What is to be said of a clustering, as values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from segmentation.report._parts import Picture, Scatter3D

if TYPE_CHECKING:
    from segmentation.profiling import Profile, Recommendation, Rule, Rules


@dataclass(frozen=True, eq=False)
class StudyReport:
    """What a study or a fit found, as values; what is not known is left out of the report.

    Attributes
    ----------
    title : str
        Heading.
    data : str
        Name of the data set.
    profile : Profile
        What the segments are like.
    names : mapping of int to str
        What each segment is called, and customers in none (-1) where there are some.
    colors : mapping of int to str
        Colour ("#rrggbb") of each segment, the same as in the pictures.
    traits : mapping of int to mapping of str to str
        Segment -> column -> "low", "mid", "high" or the level that marks it; of customers in none (-1) what sets
        them apart.
    ids : mapping of int to str
        Identity of each segment through all versions of the model.
    findings : sequence of str
        What reading the data found.
    verdict : str
        "natural", "reproducible" or "constructive"; "" where it was not asked.
    sentence : str
        The evidence of the verdict.
    reason : str
        Why these segments and so many.
    unsure : str
        What they lack to be a segmentation to rely on; "" where they lack nothing. People are then told that there
        is none, before all else, and not what to do with whom.
    rules : Rules, optional
        The surrogate tree's rules.
    recommendations : sequence of Recommendation, optional
        What the playbook says of each segment; None where there is no playbook.
    attractiveness : DataFrame, optional
        Index segment, as `Attractiveness.rank` gives it.
    evidence : DataFrame, optional
        One row a segment: segment, silhouette, jaccard and whatever else is known.
    preparation : DataFrame, optional
        What was done to each column: column, role, treatment, why, override.
    leaderboard : DataFrame, optional
        The trials, best first.
    pictures : mapping of str to Picture
        By the name of their file; ``segment_3`` is the one on the card of segment 3.
    scatter : Scatter3D, optional
        Customers in three dimensions.
    config, command, fingerprint : str
        How to do it again: the resolved config, the command line, and what the data was.
    versions : mapping of str to str
        Library -> version.
    notes : sequence of str
        What was sampled or left out, in sentences.
    """

    title: str
    data: str
    profile: "Profile"
    names: Mapping[int, str]
    colors: Mapping[int, str]
    traits: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    ids: Mapping[int, str] = field(default_factory=dict)
    findings: Sequence[str] = ()
    verdict: str = ""
    sentence: str = ""
    reason: str = ""
    unsure: str = ""
    rules: "Rules | None" = None
    recommendations: "Sequence[Recommendation] | None" = None
    attractiveness: pd.DataFrame | None = None
    evidence: pd.DataFrame | None = None
    preparation: pd.DataFrame | None = None
    leaderboard: pd.DataFrame | None = None
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    scatter: Scatter3D | None = None
    config: str = ""
    command: str = ""
    fingerprint: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()

    @property
    def labels(self) -> list[int]:
        """The segments' numbers, noise last where there is noise."""
        return [int(s) for s in self.profile.segments.index]

    @property
    def segments(self) -> list[int]:
        """The segments' numbers without noise."""
        return [s for s in self.labels if s >= 0]

    @property
    def n_customers(self) -> int:
        """All of them, noise too."""
        return int(self.profile.segments["customers"].sum())

    def figures(self, segment: int) -> dict[str, float]:
        """What is known of how sure a segment is: silhouette, jaccard."""
        if self.evidence is None or segment not in set(self.evidence["segment"]):
            return {}
        row = self.evidence.set_index("segment").loc[segment]
        return {name: float(row[name]) for name in ("silhouette", "jaccard") if name in row}

    def rule(self, segment: int) -> "Rule | None":
        """The segment's rule, where there are rules."""
        return next((r for r in self.rules.rules if r.segment == segment), None) if self.rules else None

    def recommended(self, segment: int) -> "list[Recommendation]":
        """What the playbook says of the segment."""
        return [r for r in self.recommendations or () if r.segment == segment]
