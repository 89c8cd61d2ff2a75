"""What a segmentation comes to, for notebooks and for what logs it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import yaml

from segmentation.data import Customers
from segmentation.evaluation import ClusteringTendency, Scores
from segmentation.monitoring import Reference
from segmentation.profiling import Profile, Recommendation, Rules
from segmentation.report import StudyReport
from segmentation.serving import SegmentModel, identify
from segmentation.workflows._evaluate import EvaluatedClustering
from segmentation.workflows._figures import card_figures, clustering_figures, pictured
from segmentation.workflows._profiles import Identity, ProfilingSettings, SegmentProfiles, analyse
from segmentation.workflows._summary import StudySummary, build_report, csv, report_files, write_report

if TYPE_CHECKING:
    from matplotlib.figure import Figure

EXAMPLE_ROWS = 5


@dataclass(frozen=True, eq=False, repr=False)
class SegmentationResult:
    """What `fit` or `search` found, from the verdict to the report.

    Attributes
    ----------
    customers : Customers
        Everybody.
    evaluated : EvaluatedClustering
        The clustering and its scores.
    profiles : SegmentProfiles
        Its analysis.
    summary : StudySummary
        The verdict, and what a search knows beside it.
    call : str
        How to find it again.

    Examples
    --------
    >>> import segmentation as sg
    >>> from segmentation.clustering import KMeans
    >>> mall = sg.Demo(n_customers=200).read()
    >>> found = sg.fit(mall, ["annual_income", "spending_score"], KMeans(5))
    >>> found
    5 segments of 200 customers of demo (verdict: natural)
      0: mid income, mid spending (69)
      1: high income, high spending (44)
      2: high income, low spending (35)
      3: low income, high spending (27)
      4: low income, low spending (25)
    >>> found.labels.head(2).to_list()
    [1, 0]
    >>> found.recommendations[0].play
    'Cross-sell'
    """

    customers: Customers
    evaluated: EvaluatedClustering
    profiles: SegmentProfiles
    summary: StudySummary
    call: str

    @property
    def verdict(self) -> ClusteringTendency:
        """Whether there are segments at all, with the evidence."""
        assert self.summary.verdict is not None
        return self.summary.verdict

    @property
    def labels(self) -> pd.Series:
        """The segment of each customer by id, numbered by size from 0; -1 is noise."""
        return pd.Series(self.evaluated.fitted.labels, self.customers.table.index, name="segment")

    @property
    def names(self) -> dict[int, str]:
        """What each segment is called; customers in none, where there are some, at -1."""
        present = set(self.evaluated.fitted.labels.tolist())
        return {number: name for number, name in self.profiles.names.items() if number in present}

    @property
    def scores(self) -> Scores:
        """Scores in the yardstick space."""
        return self.evaluated.scores

    @property
    def reason(self) -> str:
        """Why a search chose this clustering; empty of a fit."""
        return self.summary.reason

    @property
    def profile(self) -> Profile:
        """What the segments are like; `profile.summary()` is one table of it."""
        return self.profiles.profile

    @property
    def rules(self) -> Rules:
        """How to find the segments without the model, in words and in SQL."""
        return self.profiles.rules

    @property
    def recommendations(self) -> tuple[Recommendation, ...]:
        """What to do with each segment, and on what evidence."""
        return self.profiles.recommendations

    @property
    def ranking(self) -> pd.DataFrame:
        """Which segments to go for first."""
        return self.profiles.ranking

    @property
    def evidence(self) -> pd.DataFrame | None:
        """Of a search: one row a segment, with its Jaccard similarity under resampling."""
        return self.summary.evidence

    @property
    def leaderboard(self) -> pd.DataFrame | None:
        """Of a search: each different clustering once, best first."""
        return self.summary.leaderboard

    @property
    def preparation(self) -> pd.DataFrame | None:
        """What was done to each column before customers were compared, and why; None where it was all named."""
        return self.evaluated.preparation

    @cached_property
    def model(self) -> SegmentModel:
        """The model: `model.assign(table)` puts new customers into segments."""
        return SegmentModel(
            self.evaluated.fitted.pipeline,
            self.profiles.segments,
            self.customers.table,
            self.profiles.exceptional,
        )

    @property
    def example(self) -> pd.DataFrame:
        """A few customers whose features are all known."""
        columns = self.evaluated.fitted.pipeline[0].columns_
        return self.customers.table[columns].dropna().head(EXAMPLE_ROWS)

    def metadata(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """What is stored with the model: how it was made and how its data is read.

        Parameters
        ----------
        data : mapping
            What makes the reader of the customers, as a config node says it.
        """
        configuration = self.evaluated.configuration
        return {
            # A file to be scored is read as the training data was.
            "data": {**data, **self.customers.resolved},
            "id": str(self.customers.table.index.name),
            "fingerprint": self.customers.fingerprint,
            "yardstick": self.evaluated.yardstick.space,
            "choice": configuration.choice,
            "params": dict(configuration.params),
            # Later customers are compared with these.
            "reference": Reference.of(self.customers.table, self.model).to_dict(),
        }

    def figures(self) -> dict[str, "Figure"]:
        """Draw everything, under the names that the files of a run have.

        Returns
        -------
        dict of str to Figure
            Notebooks show each as a picture; drawn once.

        Examples
        --------
        >>> import segmentation as sg
        >>> from segmentation.clustering import KMeans
        >>> found = sg.fit(sg.Demo(60).read(), ["annual_income", "spending_score"], KMeans(3))
        >>> found.figures()["segment_sizes"].get_suptitle()
        'Segment sizes'
        """
        return dict(self._drawn)

    @cached_property
    def _drawn(self) -> dict[str, "Figure"]:
        with self.profiles.pictured():
            return {
                **self.summary.figures,
                **clustering_figures(self.customers, self.evaluated, self.profiles),
            }

    def report(self, path: str | Path) -> Path:
        """Write the report.

        Parameters
        ----------
        path : str or Path
            A file that ends in .html; or a folder, which also gets the pictures, Markdown, JSON, CSV and SQL.

        Returns
        -------
        Path
            The file or folder.

        Raises
        ------
        InputError
            If it cannot be written.

        Examples
        --------
        >>> import segmentation as sg
        >>> from segmentation.clustering import KMeans
        >>> found = sg.fit(sg.Demo(60).read(), ["annual_income", "spending_score"], KMeans(3))
        >>> found.report("report.html")  # doctest: +SKIP
        """
        told = self.told(self._settings(), self.call)
        write_report(Path(path), report_files(told), told)
        return Path(path)

    def told(self, settings: str, command: str, drawn: bool = True) -> StudyReport:
        """What the report says.

        Parameters
        ----------
        settings, command : str
            How to do it again.
        drawn : bool, default=True
            Whether there are pictures.
        """
        pictures = {}
        if drawn:
            with self.profiles.pictured():
                pictures = pictured({**self._drawn, **card_figures(self.profiles)})
        return build_report(
            self.customers, self.evaluated, self.profiles, self.summary, pictures, settings, command
        )

    def tables(self) -> dict[str, bytes]:
        """The segments and who is in which, by their path in a run."""
        return {
            "segments/profile.csv": csv(self.profile.summary()),
            "segments/assignments.csv": csv(self.labels.to_frame()),
        }

    def files(self, told: StudyReport) -> dict[str, bytes]:
        """Pictures and tables that stand beside the report, by their path in a run."""
        # Those of the cards are in the report.
        cards = {f"segment_{s.number}" for s in self.profiles.segments}
        return {
            **{f"plots/{name}.png": p.png for name, p in told.pictures.items() if name not in cards},
            **self.tables(),
        }

    def tags(self) -> dict[str, str]:
        """What a registered version says of itself."""
        return {
            **self.evaluated.configuration.choice,
            "n_segments": str(self.scores.n_segments),
            **(self.summary.verdict.tags() if self.summary.verdict else {}),
        }

    def _settings(self) -> str:
        configuration = self.evaluated.configuration
        chosen = {group: getattr(configuration, group) for group in ("scaler", "reducer", "algorithm")}
        return yaml.safe_dump(
            {"features": list(self.profile.features), **chosen, "params": dict(configuration.params)},
            sort_keys=False,
        )

    def __repr__(self) -> str:
        unsure = "; no stable segmentation" if self.summary.unsure else ""
        head = (
            f"{self.scores.n_segments} segments of {len(self.customers.table):,} customers of "
            f"{self.customers.name} (verdict: {self.verdict.verdict}{unsure})"
        )
        sizes = self.labels.value_counts()
        return "\n".join([head, *(f"  {n}: {name} ({sizes[n]:,})" for n, name in self.names.items())])


def profile_segments(
    profiling: ProfilingSettings,
    customers: Customers,
    evaluated: EvaluatedClustering,
    summary: StudySummary,
    seed: int,
    identity: Identity = identify,
    call: str = "",
) -> SegmentationResult:
    """Describe, name, explain and rank the segments of a clustering.

    Parameters
    ----------
    profiling : ProfilingSettings
        How.
    customers : Customers
        Everybody.
    evaluated : EvaluatedClustering
        The clustering.
    summary : StudySummary
        What is known beside it.
    seed : int
        Of the rules' folds.
    identity : callable, optional
        Gives the segments their ids, colours, and the names that they have already; by default new ones.
    call : str, optional
        How to find it again.

    Returns
    -------
    SegmentationResult
    """
    profiles = analyse(profiling, customers, evaluated, summary.stability, seed, identity)
    return SegmentationResult(customers, evaluated, profiles, summary, call)
