"""The result of monitoring as figures, as a page and as text."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segmentation import plots
from segmentation.monitoring._drift import Drift
from segmentation.monitoring._migration import Cause, Migration
from segmentation.monitoring._monitor import MonitoringResult
from segmentation.report import Facts, Picture, Points, Section, Table, page

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_MOVES = 15
MIGRATIONS = {
    "migration": "All moves between segments",
    "migration_by_customer": "Moves of customers who changed: the same model, values before and now",
    "migration_by_model": "Moves because the model changed: the same values, previous and present model",
}
"""Figures of moves, and their headings."""
BECAUSE = {"customer": "the customer changed", "model": "the model changed"}
VERDICTS = {
    "ok": "nothing to do",
    "watch": "something changed that is worth watching",
    "retrain": "the model should be trained again",
}


def monitoring_figures(result: MonitoringResult) -> dict[str, "Figure"]:
    """Draw a result of monitoring, under the names of the files."""
    found, migration = result.drift, result.migration
    names = {s.number: s.name for s in result.model.segments} | {-1: result.model.noise_name}
    bounds = result.thresholds.watch["psi"], result.thresholds.retrain["psi"]
    with plots.identities(names, {s.number: s.color for s in result.model.segments}):
        drawn = {
            "share_change": plots.share_change(found.segments["expected"], found.segments["share"]),
            "drift_bars": plots.drift_bars(found.features.reset_index(), bounds),
        }
        if migration:
            drawn["migration"] = plots.migration_flows(_matrix(result, migration, "all"))
            # With one cause only, its figure would be the same again.
            if migration.moved("model") and migration.moved("customer"):
                drawn["migration_by_customer"] = plots.migration_flows(_matrix(result, migration, "customer"))
                drawn["migration_by_model"] = plots.migration_flows(_matrix(result, migration, "model"))
    return drawn


def build_report(result: MonitoringResult, pictures: Mapping[str, Picture]) -> str:
    """Build the HTML page of a result of monitoring.

    Parameters
    ----------
    result : MonitoringResult
        The result.
    pictures : mapping of str to Picture
        Its figures, by name.

    Returns
    -------
    str
    """
    found = result.drift
    lead = f"{found.verdict.capitalize()}: {VERDICTS[found.verdict]}. {_sentence(found.sentence)}"
    shares = Table("Shares of the customers: in the training data, and now", _segments_table(found))
    features = Table("Each feature, compared with the training data", _features_table(found))
    sections = [
        Section("What was found", _summary_parts(result)),
        Section("Segments", [pictures["share_change"], shares]),
        Section("Features", [pictures["drift_bars"], features]),
        Section("Distance to the centres", _distance_parts(result)),
    ]
    if found.structure:
        sections.append(Section("Are there still segments?", [found.structure.sentence]))
    if result.migration:
        sections.append(Section("Known customers", _migration_parts(result, result.migration, pictures)))
    return page(f"{result.customers.name} compared with {result.name}", lead, sections)


def monitoring_text(result: MonitoringResult) -> str:
    """A result of monitoring for the terminal."""
    found, migration = result.drift, result.migration
    lines = [f"{result.name} on {found.customers} customers: {found.verdict}, {VERDICTS[found.verdict]}"]
    lines += [f"  {r.level}: {r.sentence}" for r in found.reasons] or [f"  {found.sentence}"]
    lines += ["", _segments_table(found).to_string(), "", _features_table(found).to_string()]
    if migration:
        lines += [
            "",
            f"Of {migration.known} known customers, {_moved(migration, 'all')} are in another segment:",
            *(f"  {_moved(migration, cause)} because {why}" for cause, why in BECAUSE.items()),
        ]
    return "\n".join(lines)


def _matrix(result: MonitoringResult, migration: Migration, cause: Cause) -> pd.DataFrame:
    named = result.names.__getitem__
    return migration.matrix(cause).rename(index=named, columns=named)


def _summary_parts(result: MonitoringResult) -> list[Any]:
    found = result.drift
    parts: list[Any] = []
    if found.reasons:
        parts.append(Points([f"{r.level}: {_sentence(r.sentence)}" for r in found.reasons]))
    facts = {
        "Model": f"{result.name}, trained on {found.trained_on:,} customers",
        "Customers now": f"{found.customers:,} ({result.customers.name})",
        "Outside the ranges of the training data": f"{found.outside:.1%}",
        "Smallest shift of a feature that is detected": (
            f"{found.detectable_shift:.2g} standard deviations, in 9 of 10 cases"
        ),
    }
    return [*parts, Facts(facts)]


def _distance_parts(result: MonitoringResult) -> list[Any]:
    found = result.drift
    if found.far.empty:
        return ["This model has no centres, so there are no distances to them."]
    names = {str(s.number): s.name for s in result.model.segments} | {"all": "all customers"}
    columns = {
        "customers": "customers",
        "expected": "median in training",
        "now": "median now",
        "p95_expected": "95th percentile in training",
        "p95": "95th percentile now",
    }
    distances = found.distance.rename(index=names).rename_axis(None)[list(columns)].rename(columns=columns)
    far = found.far.reset_index(drop=True).rename(
        columns={"beyond": "farther than", "expected": "in training", "share": "now"}
    )
    percent = dict.fromkeys(("in training", "now"), "{:.1%}")
    return [
        "Customers unlike those of the training are put into the nearest segment, but lie far from its centre. "
        "Distances are measured in the space in which the algorithm clusters.",
        Table(
            "Customers far from their centre",
            _formatted(far, {"farther than": "{:.2f}", **percent, "p": "{:.2g}"}),
        ),
        Table(
            "Distances by segment",
            _formatted(distances, dict.fromkeys(list(columns.values())[1:], "{:.2f}")),
        ),
    ]


def _migration_parts(
    result: MonitoringResult, migration: Migration, pictures: Mapping[str, Picture]
) -> list[Any]:
    facts = {
        "Known from before": f"{migration.known:,}; {migration.new:,} are new, {migration.gone:,} are gone",
        "In another segment": _moved(migration, "all"),
        **{f"Because {why}": _moved(migration, cause) for cause, why in BECAUSE.items()},
    }
    parts: list[Any] = [Facts(facts)]
    if migration.moved("customer") and migration.moved("model"):
        parts.append("A customer who moved for both reasons is counted under both.")
    parts += [Section(heading, [pictures[name]]) for name, heading in MIGRATIONS.items() if name in pictures]
    moves = migration.flows[migration.flows["before"] != migration.flows["after"]]
    moves = moves[moves["cause"] != "all"].sort_values("customers", ascending=False).head(MOST_MOVES)
    if len(moves):
        shown = pd.DataFrame(
            {
                "from": moves["before"].map(result.names),
                "to": moves["after"].map(result.names),
                "because": moves["cause"].map(BECAUSE),
                "customers": moves["customers"],
            }
        )
        if moves["value"].notna().any():
            shown["value"] = moves["value"].map("{:,.0f}".format)
        parts.append(Table("The largest moves", shown.reset_index(drop=True)))
    return parts


def _moved(migration: Migration, cause: Any) -> str:
    count, value = migration.moved(cause), migration.value_moved(cause)
    worth = f", value {value:,.0f}" if np.isfinite(value) and count else ""
    return f"{count:,} ({count / migration.known:.1%}{worth})"


def _segments_table(found: Drift) -> pd.DataFrame:
    shown = found.segments.set_index("name").rename_axis(None)
    shown["change"] *= 100
    named = shown[["id", "customers", "expected", "share", "change", "p", "level"]].rename(
        columns={"expected": "training", "share": "now", "level": "verdict"}
    )
    forms = {"training": "{:.1%}", "now": "{:.1%}", "change": "{:+.1f} points", "p": "{:.2g}"}
    return _formatted(named, forms)


def _features_table(found: Drift) -> pd.DataFrame:
    forms = {
        "shift (sd)": "{:+.2f}",
        "PSI": "{:.3f}",
        "KS": "{:.3f}",
        "missing in training": "{:.1%}",
        "missing now": "{:.1%}",
        "p": "{:.2g}",
    }
    columns = ["shift", "psi", "ks", "missing_expected", "missing", "p", "level"]
    shown = found.features[columns].set_axis([*forms, "verdict"], axis=1).rename_axis(None)
    return _formatted(shown, forms)


def _formatted(table: pd.DataFrame, forms: Mapping[str, str]) -> pd.DataFrame:
    return table.assign(
        **{c: table[c].map(lambda v, f=form: "" if pd.isna(v) else f.format(v)) for c, form in forms.items()}
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"
