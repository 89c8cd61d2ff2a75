"""The report of the data alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segmentation import __version__
from segmentation.data import Customers, findings_table
from segmentation.profiling import Associations, Suggestion, scaler_effects, scaler_summary
from segmentation.report._page import page
from segmentation.report._parts import Code, Facts, Picture, Section, Table

if TYPE_CHECKING:
    from segmentation.evaluation import ClusteringTendency

STRONGEST = 15
"""Pairs of columns that are listed."""
MOST_ROWS = 100
"""Columns that are listed."""
MOST_DRAWN = 48
"""Columns whose distribution is drawn."""
LONGEST_TEXT = 40
SPREAD = ["min", "q25", "median", "q75", "max"]
KINDS = {
    "rows": "Too few customers",
    "constant": "Hardly anything varies",
    "id": "Looks like an id",
    "missing": "Mostly missing",
    "code": "Codes",
    "duplicate": "Nearly the same feature twice",
    "sum": "A sum with its parts",
    "apart": "A value far from all others",
    "skewed": "Skewed",
    "ordered": "Ordered levels",
    "levels": "Very many levels",
    "rare_levels": "Rare levels",
    "scales": "Scales that do not match",
}
TITLES = {
    "structure": "How clean cuts are of the features as configured, beside data without segments",
    "structure_suggested": "How clean cuts are of the features, prepared as a sweep does it",
    "distributions": "Distributions",
    "missing_values": "Missing values",
    "outliers": "Outliers",
    "associations": "Associations of all columns",
    "correlations": "Rank correlations with their signs",
    "pair_relations": "The most related columns against each other",
    "scalers": "The most skewed features under each scaler",
}
"""What a picture is called, by how its name begins."""


@dataclass(frozen=True, eq=False)
class DataSummary:
    """What is known of customers before they are clustered.

    Attributes
    ----------
    customers : Customers
        The data.
    columns : DataFrame
        One row a column: type, missing and distinct values, quartiles, skewness, outliers, commonest value.
    associations : Associations
        Of every two columns; `associations.pairs` is a table.
    suggestions : tuple of Suggestion
        What to do before clustering, and what a sweep does by itself.
    verdict, prepared_verdict : ClusteringTendency or None
        Whether there are segments in the features, standard-scaled, and prepared as a sweep does it; None where
        there are no such features, or the second would be the first again.
    features : tuple of str
        Names of the features that were looked at.
    scaled : dict of str to ndarray
        A sample of them under each scaler; empty where there are none.
    """

    customers: Customers
    columns: pd.DataFrame
    associations: Associations
    suggestions: tuple[Suggestion, ...]
    verdict: "ClusteringTendency | None"
    prepared_verdict: "ClusteringTendency | None"
    features: tuple[str, ...]
    scaled: dict[str, np.ndarray]

    @cached_property
    def scalers(self) -> pd.DataFrame | None:
        """What each scaler makes of each feature; None where there are no features."""
        return scaler_effects(self.scaled, self.features) if self.scaled else None

    @property
    def n_drawn(self) -> int:
        """How many columns, the first ones, have their distribution drawn."""
        return min(len(self.columns), MOST_DRAWN)


def data_text(data: DataSummary) -> str:
    """The report for the terminal."""
    described = data.columns.drop(columns=["commonest", "share", "q25", "q75"])
    lines = [
        f"{len(data.customers.table)} customers, {len(described)} columns",
        described.to_string(na_rep="", float_format="{:.6g}".format),
        "",
    ]
    for name, found in (("Tendency", data.verdict), ("As a sweep prepares it", data.prepared_verdict)):
        if found:
            lines.append(f"{name}: {found.verdict}. {found.sentence}")
    if data.suggestions:
        lines += ["", "Suggestions"]
    for s in data.suggestions:
        lines.append(f"  {KINDS[s.kind]}: {s.evidence} {s.action}")
        lines.append(f"    {'otherwise: ' * s.automatic}{s.override}")
    return "\n".join(lines)


def data_page(
    data: DataSummary, pictures: Mapping[str, bytes], command: str, following: str, config: str = ""
) -> str:
    """Build the HTML page.

    Parameters
    ----------
    data : DataSummary
        What it says.
    pictures : mapping of str to bytes
        PNG files by name, in their order on the page.
    command, following : str
        How to make it again, and the search that comes next.
    config : str, optional
        The resolved config.
    """
    name = data.customers.name
    shown = {key: Picture(_title(key), f"{_title(key)} of {name}", png, key) for key, png in pictures.items()}
    sections = [
        Section("What to do", _advice_parts(data, following)),
        Section("Are there segments?", _verdict_parts(data, shown)),
        Section("Columns", _column_parts(data, shown)),
        Section("Missing values", [shown["missing_values"]]),
        Section("Outliers", [shown["outliers"]]),
        Section("What columns tell of each other", _association_parts(data, shown)),
    ]
    if data.scalers is not None:
        sections.append(Section("What scalers do", _scaler_parts(data, data.scalers, shown)))
    origin = Section("Reproduction", _origin_parts(data, command, config))
    return page(f"Data report: {name}", _lead(data), [*sections, origin])


def _title(name: str) -> str:
    return TITLES[name.rstrip("_0123456789")]


def _lead(data: DataSummary) -> str:
    found, prepared = data.verdict, data.prepared_verdict
    done = sum(s.automatic for s in data.suggestions)
    n = len(data.suggestions) - done
    told = [
        f"{len(data.customers.table):,} customers, {len(data.columns)} columns.",
        found.sentence if found else "No column of numbers tells customers apart.",
    ]
    if found and prepared and prepared.verdict != found.verdict:
        told.append(f"Prepared as a sweep does it, the verdict is '{prepared.verdict}'.")
    if n:
        told.append(f"{n} suggestion{'s' * (n != 1)} before clustering.")
    else:
        told.append("Nothing needs to be done before clustering.")
    if done:
        told.append(f"A sweep prepares columns in {done} way{'s' * (done != 1)} by itself.")
    return " ".join(told)


def _advice_parts(data: DataSummary, following: str) -> list[Any]:
    parts: list[Any] = []
    for s in data.suggestions:
        heading = KINDS[s.kind] if len(s.columns) != 1 else f"{KINDS[s.kind]}: {s.columns[0]}"
        override = Code("To do otherwise" if s.automatic else "Type", s.override)
        parts.append(Section(heading, [s.evidence, s.action, override]))
    return [*parts, Section("To start with", [Code("The sweep that prepares the columns so", following)])]


def _verdict_parts(data: DataSummary, shown: Mapping[str, Picture]) -> list[Any]:
    found, prepared, n = data.verdict, data.prepared_verdict, len(data.customers.table)
    if found is None:
        return ["No column of numbers varies, so there is nothing to look for gaps in."]
    told = [_verdict_sentence("All features as configured, standard-scaled", found)]
    if prepared:
        told.append(_verdict_sentence("The same, prepared as a sweep does it", prepared))
        if prepared.verdict != found.verdict:
            told.append("The two answers differ: what is found depends on the treatment.")
    if found.rows < n:
        told.append(f"A sample of {found.rows:,} of {n:,} customers was looked at.")
    return [*told, *(shown[name] for name in ("structure", "structure_suggested") if name in shown)]


def _verdict_sentence(what: str, found: "ClusteringTendency") -> str:
    return f"{what} ({found.columns} columns): {found.verdict}. {found.sentence}"


def _column_parts(data: DataSummary, shown: Mapping[str, Picture]) -> list[Any]:
    n, drawn = len(data.columns), data.n_drawn
    described = data.columns.head(MOST_ROWS)
    numeric = described["type"] == "numeric"
    more = f" (of the first {MOST_ROWS} of {n} columns)" if n > MOST_ROWS else ""
    parts: list[Any] = []
    if numeric.any():
        caption = "Numbers; outliers lie beyond 1.5 interquartile ranges from the quartiles"
        numbers = described.loc[numeric, ["missing", "distinct", *SPREAD, "skewness", "outliers"]]
        texts = {name: numbers[name].map(_figure) for name in SPREAD}
        parts.append(Table(caption + more, numbers.assign(**texts)))
    if not numeric.all():
        levels = described.loc[~numeric, ["missing", "distinct", "commonest", "share"]]
        share = levels["share"].astype(float).map("{:.0%}".format, na_action="ignore")
        commonest = levels["commonest"].map(_shortened)
        parts.append(Table(f"Categories{more}", levels.assign(share=share, commonest=commonest)))
    parts.append(_findings_part(data.customers))
    parts += [picture for name, picture in shown.items() if name.startswith("distributions")]
    return [*parts, f"The first {drawn} of {n} columns are drawn."] if drawn < n else parts


def _figure(value: float) -> str:
    # A year has no comma.
    return f"{value:,.6g}" if abs(value) >= 10_000 else f"{value:.5g}"


def _shortened(value: object) -> str:
    text = str(value)
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}\N{HORIZONTAL ELLIPSIS}"


def _findings_part(customers: Customers) -> str | Table:
    if not customers.findings:
        return "Reading found nothing to repair or to tell."
    frame = findings_table(customers.findings)[["message", "action"]]
    return Table("What reading met", frame.rename(columns={"message": "finding"}))


def _association_parts(data: DataSummary, shown: Mapping[str, Picture]) -> list[Any]:
    found, n = data.associations, len(data.customers.table)
    strongest = found.pairs.head(STRONGEST)
    parts: list[Any] = []
    if found.rows < n:
        parts.append(f"Measured on a sample of {found.rows:,} of {n:,} customers.")
    if len(strongest):
        caption = f"The {len(strongest)} strongest of {len(found.pairs):,} associations"
        parts.append(Table(caption, strongest))
    return [*parts, shown["associations"], shown["correlations"], shown["pair_relations"]]


def _scaler_parts(data: DataSummary, scalers: pd.DataFrame, shown: Mapping[str, Picture]) -> list[Any]:
    n, rows = len(data.customers.table), len(next(iter(data.scaled.values())))
    sample = f", of a sample of {rows:,} of {n:,} customers" if rows < n else ""
    summary = scaler_summary(scalers)
    percent = {name: summary[name].map("{:.1%}".format) for name in ("outliers", "weight")}
    return [
        "Distances between customers are made of all features: one of large figures makes nearly all of them where "
        "nothing is scaled, and one of a long tail where it is scaled by its standard deviation.",
        Table(
            f"Under each scaler{sample}: the median feature's skewness, the mean share of outliers, the farthest "
            "value from 0, and the feature with the largest weight in squared distances",
            summary.assign(**percent),
        ),
        shown["scalers"],
    ]


def _origin_parts(data: DataSummary, command: str, config: str) -> list[Any]:
    facts = {
        "Data": data.customers.name,
        "Fingerprint": data.customers.fingerprint,
        "Version": f"segmentation {__version__}",
    }
    return [Facts(facts), Code("Command", command), *([Code("Config", config)] if config else [])]
