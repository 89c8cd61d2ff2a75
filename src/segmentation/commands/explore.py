"""`segment explore`: the data alone, as one page, pictures and tables."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig
from sklearn.preprocessing import StandardScaler

from segmentation import __version__, plots
from segmentation.commands._config import build, choices, options, resolved
from segmentation.commands._open import (
    log_data,
    open_store,
    read_customers,
)
from segmentation.commands._result import Result
from segmentation.data import Customers, findings_table
from segmentation.data.customers import ROW
from segmentation.errors import InputError
from segmentation.evaluation import ClusteringTendency, verdict
from segmentation.features import AutoScaler, FeatureSet, Preparation
from segmentation.overrides import shell_word
from segmentation.profiling import (
    Associations,
    Source,
    Start,
    Suggestion,
    advise,
    associate,
    describe_columns,
    scale,
    scaler_effects,
    scaler_summary,
    starting_features,
)
from segmentation.report import Code, Facts, Picture, Section, Table, page
from segmentation.tracking import data_tags
from segmentation.workflows import verdict_figure

PREVIEW_ROWS = 5_000
PANELS = 12
"""Columns in one picture of distributions."""
MOST_PANELS = 48
STRONGEST = 15
"""Pairs of columns that the page lists; programs get all that say something."""
TELLING = 0.1
MOST_ROWS = 100
"""Columns in a table for readers; the file has all."""
SPREAD = ["min", "q25", "median", "q75", "max"]
LONGEST_TEXT = 40
CONTINUED = " \\\n  "
"""Between the words of a command over several lines, as a shell takes it."""
OWN_KEYS = ("output=", "report=", "print=", "preview=")
"""What is said to this command alone."""
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


@dataclass(frozen=True, eq=False)
class Explored:
    """What is known of the data.

    Attributes
    ----------
    customers : Customers
        The data.
    columns : DataFrame
        One row a column.
    associations : Associations
        Of every two columns.
    suggestions : tuple of Suggestion
        What to do about it.
    start : Start
        The features of a sweep of all columns of numbers.
    tendency, advised : ClusteringTendency or None
        Whether there are segments in the features as configured, standard-scaled, and prepared as a sweep does it; None
        where there are no such features, or they are the same.
    scaled : dict of str to ndarray
        A sample of the features under each scaler; empty where there are no features.
    features : tuple of str
        Their names.
    """

    customers: Customers
    columns: pd.DataFrame
    associations: Associations
    suggestions: tuple[Suggestion, ...]
    start: Start
    tendency: ClusteringTendency | None
    advised: ClusteringTendency | None
    scaled: dict[str, np.ndarray]
    features: tuple[str, ...]

    @property
    def effects(self) -> pd.DataFrame | None:
        """What each scaler makes of each feature."""
        return scaler_effects(self.scaled, self.features) if self.scaled else None


def run(config: DictConfig) -> Result:
    """Describe the customers, draw them, and say what to do about them.

    Parameters
    ----------
    config : DictConfig
        The composed config of conf/explore.yaml.

    Returns
    -------
    Result
    """
    customers = read_customers(config)
    explored = explore(config, customers)
    pictures = {name: plots.to_png(figure) for name, figure in figures(explored).items()}
    command = _next_command()
    html = _page(config, explored, pictures, command)
    files = {"explore.html": html.encode()}
    files |= {f"data/{name}.csv": text.encode() for name, text in _tables(explored).items()}
    files |= {f"plots/{name}.png": png for name, png in pictures.items()}
    # What cannot be written is told before a run is made.
    if config.output is not None:
        _write({Path(config.output, Path(name).name): content for name, content in files.items()}, "output")
    if config.report is not None:
        _write({Path(config.report): files["explore.html"]}, "report")

    store = open_store(config)
    with store.run(f"explore {customers.name}", {**data_tags(customers), "command": "explore"}) as active:
        log_data(active, config, customers)
        if explored.tendency:
            active.log(metrics=explored.tendency.metrics(), tags=explored.tendency.tags())
        with TemporaryDirectory() as folder:
            _write({Path(folder, name): content for name, content in files.items()}, "folder")
            store.client.log_artifacts(active.id, folder)
    shown = {"run_id": active.id, "output": config.output, "report": config.report, "next": command}
    in_one_line = {"next": command.replace(CONTINUED, " ")}
    return Result(_text(explored, shown, len(pictures)), {**_record(explored), **shown, **in_one_line})


def explore(config: DictConfig, customers: Customers) -> Explored:
    """Measure everything that the page shows.

    Parameters
    ----------
    config : DictConfig
        The composed config of conf/explore.yaml.
    customers : Customers
        The data.

    Returns
    -------
    Explored
    """
    table, seed = customers.table, config.seed
    features = _fitted(build(config.features, "features"), table)
    associations = associate(table, seed)
    index = table.index.name
    source = Source(
        keys=tuple(map(str, config.data)),
        dropped=tuple(config.data.get("drop") or ()),
        id=None if index in (None, ROW) else str(index),
        logged=tuple(features.log_) if features else (),
    )
    preparation = Preparation.of(table)
    suggestions = advise(table, associations, source, preparation)
    start = starting_features(preparation)
    tendency = advised = None
    scaled = {}
    if features:
        X = features.transform(table)
        tendency = verdict(StandardScaler().fit_transform(X), seed)
        rows = np.sort(np.random.default_rng(seed).permutation(len(X))[:PREVIEW_ROWS])
        names = choices("scaler", config.preview)
        scaled = scale(X[rows], options("explore", {"scaler": names})["scaler"])
        scaler = AutoScaler(features.decided_).fit(X)
        if _default_features() and any(found.kind != "plain" for found in scaler.treatments_):
            advised = verdict(scaler.transform(X), seed)
    return Explored(
        customers,
        describe_columns(table),
        associations,
        suggestions,
        start,
        tendency,
        advised,
        scaled,
        tuple(map(str, features.get_feature_names_out())) if features else (),
    )


def _fitted(features: FeatureSet, table: pd.DataFrame) -> FeatureSet | None:
    """The features, or None where all numbers are asked for and no column of numbers varies."""
    numbers = table.select_dtypes("number")
    if _default_features() and not (numbers.nunique() > 1).any():
        return None
    return features.fit(table)


def _default_features() -> bool:
    return HydraConfig.get().runtime.choices.get("features") == "all_numeric"


def figures(explored: Explored) -> dict[str, Any]:
    """Draw the data from every side that it has, in the order of the page."""
    table, units = explored.customers.table, explored.customers.units
    drawn = {}
    for name, found in (("structure", explored.tendency), ("structure_suggested", explored.advised)):
        if found:
            drawn[name] = verdict_figure(found)
    for i in range(0, min(table.shape[1], MOST_PANELS), PANELS):
        ending = f"_{i // PANELS + 1}" if i else ""
        drawn[f"distributions{ending}"] = plots.distributions(table.iloc[:, i : i + PANELS], units)
    drawn["missing_values"] = plots.missing_values(table)
    drawn["outliers"] = plots.outliers(table, units)
    numeric = explored.columns.index[explored.columns["type"] == "numeric"]
    drawn["associations"] = plots.associations(explored.associations.matrix, list(numeric))
    drawn["correlations"] = plots.correlations(table)
    drawn["pair_relations"] = plots.pair_relations(_most_related(explored), units)
    if explored.scaled:
        drawn["scalers"] = plots.scaler_preview(explored.scaled, explored.features)
    return drawn


def _most_related(explored: Explored) -> pd.DataFrame:
    """The columns of numbers that tell most of each other, first; a picture takes the first five."""
    table, wanted = explored.customers.table, explored.start.numeric
    pairs = explored.associations.pairs
    related = pairs[pairs["a"].isin(wanted) & pairs["b"].isin(wanted)]
    first = dict.fromkeys(related[["a", "b"]].to_numpy().ravel().tolist())
    columns = [*list(first)[:5], *(c for c in table if c not in list(first)[:5])]
    return table[columns]


def _next_command() -> str:
    """The sweep that follows: the same data, and what it does by itself."""
    given = [word for word in HydraConfig.get().overrides.task if not word.startswith(OWN_KEYS)]
    if _default_features():
        given = [word for word in given if not word.startswith("features=")]
    words = [*map(shell_word, given), *(["features=all_numeric"] if _default_features() else [])]
    return CONTINUED.join(["segment sweep", *words])


def _tables(explored: Explored) -> dict[str, str]:
    effects = explored.effects
    return {
        "columns": explored.columns.to_csv(),
        "associations": explored.associations.pairs.to_csv(index=False),
        "suggestions": _suggested(explored).to_csv(index=False),
        **({} if effects is None else {"scalers": effects.to_csv(index=False)}),
    }


def _suggested(explored: Explored) -> pd.DataFrame:
    names = [part.name for part in fields(Suggestion)]
    rows = [{**asdict(s), "columns": ", ".join(s.columns)} for s in explored.suggestions]
    return pd.DataFrame(rows, columns=names)


def _page(config: DictConfig, explored: Explored, pictures: Mapping[str, bytes], command: str) -> str:
    customers, table = explored.customers, explored.customers.table
    shown = {
        name: Picture(_title(name), _alt(name, customers.name), png, name) for name, png in pictures.items()
    }
    distributions: list[Any] = [
        picture for name, picture in shown.items() if name.startswith("distributions")
    ]
    drawn = min(table.shape[1], MOST_PANELS)
    if drawn < table.shape[1]:
        distributions.append(f"The first {drawn} of {table.shape[1]} columns are drawn.")
    told = [f"{len(table):,} customers, {table.shape[1]} columns."]
    told.append(
        explored.tendency.sentence if explored.tendency else "No column of numbers tells customers apart."
    )
    if explored.advised and explored.tendency and explored.advised.verdict != explored.tendency.verdict:
        told.append(f"Prepared as a sweep does it, the verdict is '{explored.advised.verdict}'.")
    done = sum(s.automatic for s in explored.suggestions)
    n = len(explored.suggestions) - done
    told.append(
        f"{n} suggestion{'s' * (n != 1)} before clustering."
        if n
        else "Nothing needs to be done before clustering."
    )
    if done:
        told.append(f"A sweep prepares columns in {done} way{'s' * (done != 1)} by itself.")
    sections = [
        Section("What to do", _advice_parts(explored, command)),
        Section("Are there segments?", _tendency_parts(explored, shown)),
        Section("Columns", [*_column_parts(explored), *_findings_parts(customers), *distributions]),
        Section("Missing values", [shown["missing_values"]]),
        Section("Outliers", [shown["outliers"]]),
        Section("What columns tell of each other", _association_parts(explored, shown)),
    ]
    if explored.scaled:
        sections.append(Section("What scalers do", _scaler_parts(explored, shown)))
    sections.append(
        Section(
            "Reproduction",
            [
                Facts(
                    {
                        "Data": customers.name,
                        "Fingerprint": customers.fingerprint,
                        "Version": f"segmentation {__version__}",
                    }
                ),
                Code(
                    "Command",
                    " ".join(["segment explore", *map(shell_word, HydraConfig.get().overrides.task)]),
                ),
                Code("Config", resolved(config)),
            ],
        )
    )
    return page(f"Data report: {customers.name}", " ".join(told), sections)


def _advice_parts(explored: Explored, command: str) -> list[Any]:
    parts: list[Any] = []
    for suggestion in explored.suggestions:
        heading = KINDS[suggestion.kind]
        if len(suggestion.columns) == 1:
            heading = f"{heading}: {suggestion.columns[0]}"
        parts.append(
            Section(
                heading,
                [
                    suggestion.evidence,
                    suggestion.action,
                    Code("To do otherwise" if suggestion.automatic else "Type", suggestion.override),
                ],
            )
        )
    return [
        *parts,
        Section("To start with", [Code("The sweep that prepares the columns so", command)]),
    ]


def _tendency_parts(explored: Explored, shown: Mapping[str, Picture]) -> list[Any]:
    if explored.tendency is None:
        return ["No column of numbers varies, so there is nothing to look for gaps in."]
    seen, told = (
        explored.tendency,
        [_verdict_sentence("All features as configured, standard-scaled", explored.tendency)],
    )
    if explored.advised:
        told.append(_verdict_sentence("The same, prepared as a sweep does it", explored.advised))
    if explored.advised and explored.advised.verdict != seen.verdict:
        told.append("The two answers differ: what is found depends on the treatment.")
    if seen.rows < len(explored.customers.table):
        told.append(
            f"A sample of {seen.rows:,} of {len(explored.customers.table):,} customers was looked at."
        )
    return [*told, *(shown[name] for name in ("structure", "structure_suggested") if name in shown)]


def _verdict_sentence(what: str, found: ClusteringTendency) -> str:
    return f"{what} ({found.columns} columns): {found.verdict}. {found.sentence}"


def _column_parts(explored: Explored) -> list[Any]:
    described = explored.columns.head(MOST_ROWS)
    numeric = described["type"] == "numeric"
    more = (
        f" (of the first {MOST_ROWS} of {len(explored.columns)} columns)"
        if len(explored.columns) > MOST_ROWS
        else ""
    )
    parts = []
    if numeric.any():
        shown = described.loc[numeric, ["missing", "distinct", *SPREAD, "skewness", "outliers"]]
        texts = {name: shown[name].map(_figure) for name in SPREAD}
        caption = "Numbers; outliers lie beyond 1.5 interquartile ranges from the quartiles"
        parts.append(Table(caption + more, shown.assign(**texts)))
    if not numeric.all():
        shown = described.loc[~numeric, ["missing", "distinct", "commonest", "share"]]
        share = shown["share"].astype(float).map("{:.0%}".format, na_action="ignore")
        parts.append(
            Table(
                f"Categories{more}", shown.assign(share=share, commonest=shown["commonest"].map(_shortened))
            )
        )
    return parts


def _figure(value: float) -> str:
    # A year has no comma.
    return f"{value:,.6g}" if abs(value) >= 10_000 else f"{value:.5g}"


def _shortened(value: object) -> str:
    text = str(value)
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}\N{HORIZONTAL ELLIPSIS}"


def _findings_parts(customers: Customers) -> list[Any]:
    if not customers.findings:
        return ["Reading found nothing to repair or to tell."]
    frame = findings_table(customers.findings)[["message", "action"]]
    return [Table("What reading met", frame.rename(columns={"message": "finding"}))]


def _association_parts(explored: Explored, shown: Mapping[str, Picture]) -> list[Any]:
    associations, n = explored.associations, len(explored.customers.table)
    parts: list[Any] = []
    if associations.rows < n:
        parts.append(f"Measured on a sample of {associations.rows:,} of {n:,} customers.")
    strongest = associations.pairs.head(STRONGEST)
    if len(strongest):
        parts.append(
            Table(f"The {len(strongest)} strongest of {len(associations.pairs):,} associations", strongest)
        )
    return [*parts, shown["associations"], shown["correlations"], shown["pair_relations"]]


def _scaler_parts(explored: Explored, shown: Mapping[str, Picture]) -> list[Any]:
    n, rows = len(explored.customers.table), len(next(iter(explored.scaled.values())))
    sample = f", of a sample of {rows:,} of {n:,} customers" if rows < n else ""
    summary = scaler_summary(scaler_effects(explored.scaled, explored.features))
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


def _title(name: str) -> str:
    return TITLES[name.rstrip("_0123456789")]


def _alt(name: str, data: str) -> str:
    return f"{_title(name)} of {data}"


def _text(explored: Explored, shown: Mapping[str, Any], n_pictures: int) -> str:
    customers, table = explored.customers, explored.customers.table
    described = explored.columns.drop(columns=["commonest", "share", "q25", "q75"])
    lines = [
        f"{customers.findings_text}{len(table)} customers, {table.shape[1]} columns",
        described.to_string(na_rep="", float_format="{:.6g}".format),
        "",
    ]
    if explored.tendency:
        lines += [f"Tendency: {explored.tendency.verdict}. {explored.tendency.sentence}"]
    if explored.advised:
        lines += [f"As a sweep prepares it: {explored.advised.verdict}. {explored.advised.sentence}"]
    if explored.suggestions:
        lines += ["", "Suggestions"]
    for s in explored.suggestions:
        lines += [
            f"  {KINDS[s.kind]}: {s.evidence} {s.action}",
            f"    {'otherwise: ' * s.automatic}{s.override}",
        ]
    places = [f"run {shown['run_id']}", *(str(shown[k]) for k in ("output", "report") if shown[k])]
    lines += ["", f"explore.html and {n_pictures} pictures in {', '.join(places)}", f"next: {shown['next']}"]
    return "\n".join(lines)


def _record(explored: Explored) -> dict[str, Any]:
    customers, effects = explored.customers, explored.effects
    telling = explored.associations.pairs.query("strength >= @TELLING")
    return {
        "n_customers": len(customers.table),
        "fingerprint": customers.fingerprint,
        "columns": _rows(explored.columns),
        "findings": [
            {"kind": f.kind, "column": f.column, "count": f.count, "action": f.action}
            for f in customers.findings
        ],
        "suggestions": [asdict(s) for s in explored.suggestions],
        "features": asdict(explored.start),
        "associations": list(_rows(telling).values()),
        "tendency": _verdict_record(explored.tendency),
        "tendency_as_suggested": _verdict_record(explored.advised),
        "scalers": _rows(scaler_summary(effects)) if effects is not None else {},
    }


def _verdict_record(found: ClusteringTendency | None) -> dict[str, Any] | None:
    return {**found.tags(), **found.metrics()} if found else None


def _rows(frame: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Each row by its index, without what is not known."""
    return {
        str(index): {k: v for k, v in row.items() if not pd.isna(v)}
        for index, row in frame.astype(object).to_dict("index").items()
    }


def _write(files: Mapping[Path, bytes], key: str) -> None:
    for path, content in files.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError as error:
            place, what = (path, "file") if key == "report" else (path.parent, "folder")
            raise InputError(f"{key}={place} cannot be written ({error}); valid is a {what}.") from error
