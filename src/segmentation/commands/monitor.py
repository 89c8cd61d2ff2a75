"""`segment monitor`: later customers beside those that the champion was trained on."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from omegaconf import DictConfig

from segmentation import plots
from segmentation.commands._clustering import data_tags, findings_text, log_data, open_store
from segmentation.commands._config import build, plain
from segmentation.commands._result import Result
from segmentation.commands._trained import AS_TRAINED, reader
from segmentation.data import Customers
from segmentation.data.customers import ROW
from segmentation.data.files import open_table
from segmentation.errors import InputError, nearest
from segmentation.monitoring import Drift, DriftThresholds, Migration, Reference, drift, migrate
from segmentation.report import Facts, Picture, Points, Section, Table, page
from segmentation.serving import SegmentModel
from segmentation.tracking import ModelVersion, Run, Store, assignments, load_model, version_at

RETRAIN = 4
"""Exit code where the segmentation should be made again."""
MOST_MOVES = 15
MIGRATIONS = {
    "migration": "From then to now",
    "migration_by_customer": "Because they changed: the model of then, then and now",
    "migration_by_model": "Because the model changed: the same customers, the model of then and that of now",
}
"""Pictures of moves, and what stands above them."""
WORDS = {
    "ok": "nothing to do",
    "watch": "something changed that is worth watching",
    "retrain": "the segmentation should be made again",
}


@dataclass(frozen=True, eq=False)
class Watched:
    """Later customers, seen by a model.

    Attributes
    ----------
    uri : str
        The model.
    version : ModelVersion or None
        The registered version that it is.
    model : SegmentModel
        The model itself.
    metadata : mapping
        What was logged with it.
    customers : Customers
        The customers.
    thresholds : DriftThresholds
        What counts as a change.
    drift : Drift
        How they differ from those of the training.
    migration : Migration or None
        Where known customers went; None where nobody is known.
    names : mapping of str to str
        What the segments are called, by id, those of the previous model too; "" is noise.
    """

    uri: str
    version: ModelVersion | None
    model: SegmentModel
    metadata: Mapping[str, Any]
    customers: Customers
    thresholds: DriftThresholds
    drift: Drift
    migration: Migration | None
    names: Mapping[str, str]

    @property
    def title(self) -> str:
        """What the model is called."""
        return f"{self.version.name} version {self.version.version}" if self.version else self.uri


def run(config: DictConfig) -> Result:
    """Compare, log, and say what to do.

    Parameters
    ----------
    config : DictConfig
        The composed config of conf/monitor.yaml.

    Returns
    -------
    Result
        With code 4 where the model should be trained again.
    """
    store = open_store(config)
    watched = watch(config)
    run_id = keep_watch(store, config, watched)
    code = RETRAIN if watched.drift.verdict == "retrain" else 0
    return Result(watch_text(watched, config.report), watch_record(watched, run_id, config.report), code)


def watch(config: DictConfig) -> Watched:
    """Compare the customers that config names with those that its model was trained on.

    Parameters
    ----------
    config : DictConfig
        With data, model, drift, structure, before, previous, value and seed, as in conf/monitor.yaml; the store is
        open.

    Returns
    -------
    Watched
    """
    thresholds: DriftThresholds = build(config.drift, "drift")
    model, metadata = load_model(config.model)
    version = version_at(config.model)
    if not metadata.get("reference"):
        raise InputError(
            f"The model {config.model} does not say what it was trained on, since it was made before models could be "
            f"watched; fit it again."
        )
    customers: Customers = build(later_data(config, metadata), "data").read()
    value = _value(customers, config.value)
    found = drift(
        Reference.from_dict(metadata["reference"]),
        model,
        customers.table,
        thresholds,
        version.tags.get("verdict") if version else None,
        config.structure,
        config.seed,
    )
    names = _names(model)
    migration = None
    if customers.table.index.name != ROW:
        then, then_version = model, version
        if config.previous is not None:
            then, then_version = load_model(config.previous)[0], version_at(config.previous)
            names = {**_names(then), **names}
        before = _before(config, metadata, then, then_version)
        if before is not None:
            migration = migrate(
                before,
                model.assign(customers.table)["segment_id"],
                None if then is model else then.assign(customers.table)["segment_id"],
                value,
                [segment.id for segment in model.segments],
            )
    if migration is not None and not migration.known:
        migration = None
    return Watched(config.model, version, model, metadata, customers, thresholds, found, migration, names)


def later_data(config: DictConfig, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What reads the customers that config names: with ``as_trained``, the reader of the training data."""
    node = plain(config.data)
    if node.get("kind") == AS_TRAINED and node["path"] is None:
        raise InputError(
            "Name the customers to compare with those of the training: data.path=... (or data=...)"
        )
    return reader(node, metadata)


def _value(customers: Customers, column: str | None) -> pd.Series | None:
    if column is None:
        return None
    numeric = [str(c) for c in customers.table.select_dtypes("number").columns]
    if column not in numeric:
        raise InputError(f"value={column} is no column of numbers; {nearest(column, numeric)}")
    return customers.table[column]


def _names(model: SegmentModel) -> dict[str, str]:
    return dict(zip(*model.labels(), strict=True))


def _before(
    config: DictConfig, metadata: Mapping[str, Any], then: SegmentModel, version: ModelVersion | None
) -> pd.Series | None:
    """The segments that customers were in, as ids by customer."""
    if config.before is not None:
        return _from_file(config, metadata, then)
    logged = assignments(version) if version else None
    if logged is None:
        return None
    if "segment_id" in logged:
        return logged["segment_id"]
    ids = then.labels()[0]
    return logged["segment"].astype(int).map(lambda number: ids[number])


def _from_file(config: DictConfig, metadata: Mapping[str, Any], then: SegmentModel) -> pd.Series:
    frame = open_table(config.before).frame
    if "segment_id" not in frame:
        node = reader({"kind": AS_TRAINED, "path": config.before}, metadata)
        return then.assign(build(node, "data").read().table)["segment_id"]
    id_column = metadata["id"] if metadata["id"] in frame else frame.columns[0]
    return frame.set_index(id_column)["segment_id"].fillna("").astype(str)


def keep_watch(store: Store, config: DictConfig, watched: Watched) -> str:
    """Log what was seen as a run, with its tables, pictures and page; returns the run's id."""
    pictures = _pictures(watched)
    html = _page(watched, pictures)
    # What cannot be written is told before a run is made.
    if config.report is not None:
        _write(Path(config.report), html)
    tags = {
        **data_tags(watched.customers),
        "command": "monitor",
        "model": watched.title,
        "drift": watched.drift.verdict,
    }
    migrated = watched.migration.metrics() if watched.migration else {}
    with store.run(f"monitor {watched.customers.name}", tags) as active:
        log_data(active, config, watched.customers)
        active.log(
            metrics={**watched.drift.metrics(), **migrated},
            tags={"mlflow.note.content": f"**{watched.drift.verdict}**: {watched.drift.sentence}"},
        )
        _log_tables(active, watched)
        active.files(
            {
                "monitor.html": html.encode(),
                **{f"plots/{name}.png": picture.png for name, picture in pictures.items()},
            }
        )
    return active.id


def _log_tables(active: Run, watched: Watched) -> None:
    found = watched.drift
    tables = {
        "segments": found.segments,
        "features": found.features,
        "distance": found.distance,
        "far": found.far,
        "reasons": pd.DataFrame([asdict(r) for r in found.reasons]),
    }
    if watched.migration:
        tables["migration"] = watched.migration.flows
    for name, table in tables.items():
        active.table(f"monitor/{name}.csv", table, index=name not in ("reasons", "migration"))


def _pictures(watched: Watched) -> dict[str, Picture]:
    found, migration = watched.drift, watched.migration
    names = {s.number: s.name for s in watched.model.segments} | {-1: watched.model.noise_name}
    colors = {s.number: s.color for s in watched.model.segments}
    bounds = watched.thresholds.watch["psi"], watched.thresholds.retrain["psi"]
    with plots.identities(names, colors):
        drawn = {
            "share_change": plots.share_change(found.segments["expected"], found.segments["share"]),
            "drift_bars": plots.drift_bars(found.features.reset_index(), bounds),
        }
        if migration:
            drawn["migration"] = plots.migration_flows(_matrix(watched, "all"))
            # With one cause alone its picture would be the same again.
            if migration.moved("model") and migration.moved("customer"):
                drawn["migration_by_customer"] = plots.migration_flows(_matrix(watched, "customer"))
                drawn["migration_by_model"] = plots.migration_flows(_matrix(watched, "model"))
        return {
            name: Picture(plots.title(figure), plots.caption(figure), plots.to_png(figure), name)
            for name, figure in drawn.items()
        }


def _matrix(watched: Watched, cause: Any, what: str = "customers") -> pd.DataFrame:
    assert watched.migration is not None
    return watched.migration.matrix(cause, what).rename(
        index=watched.names.__getitem__, columns=watched.names.__getitem__
    )


def _page(watched: Watched, pictures: Mapping[str, Picture]) -> str:
    found = watched.drift
    lead = f"{found.verdict.capitalize()}: {WORDS[found.verdict]}. {_sentence(found.sentence)}"
    sections = [
        Section("What was found", _found_parts(watched)),
        Section(
            "Segments",
            [
                pictures["share_change"],
                Table("Shares of the customers: of the training, and now", _segments_table(found)),
            ],
        ),
        Section(
            "Features",
            [pictures["drift_bars"], Table("Each feature beside the training's", _features_table(found))],
        ),
        Section("Distance to the centres", _distance_parts(watched)),
    ]
    if found.structure:
        sections.append(Section("Are there still segments?", [found.structure.sentence]))
    if watched.migration:
        sections.append(Section("Known customers", _migration_parts(watched, pictures)))
    return page(f"{watched.customers.name} beside {watched.title}", lead, sections)


def _found_parts(watched: Watched) -> list[Any]:
    found = watched.drift
    parts: list[Any] = []
    if found.reasons:
        parts.append(Points([f"{r.level}: {_sentence(r.sentence)}" for r in found.reasons]))
    facts = {
        "Model": f"{watched.title}, trained on {found.trained_on:,} customers",
        "Customers now": f"{found.customers:,} ({watched.customers.name})",
        "Outside the training's ranges": f"{found.outside:.1%}",
        "Smallest shift of a feature that is detected": f"{found.detectable_shift:.2g} standard deviations, in 9 of "
        f"10 cases",
    }
    return [*parts, Facts(facts)]


def _distance_parts(watched: Watched) -> list[Any]:
    found = watched.drift
    if found.far.empty:
        return ["This model has no centres to be far from."]
    names = {str(s.number): s.name for s in watched.model.segments} | {"all": "all customers"}
    shown = found.distance.rename(index=names).rename_axis(None)
    columns = {
        "customers": "customers",
        "expected": "median then",
        "now": "median now",
        "p95_expected": "95 % within, then",
        "p95": "95 % within, now",
    }
    far = found.far.reset_index(drop=True).rename(
        columns={"beyond": "farther than", "expected": "then", "share": "now", "p": "chance"}
    )
    for column in ("then", "now"):
        far[column] = far[column].map("{:.1%}".format)
    return [
        "Customers of a new kind are put into the nearest segment, and lie far from its centre. Distances are those "
        "in the space that the algorithm sees.",
        Table("Customers far from their centre", _texts(far, {"farther than": "{:.2f}", "chance": "{:.2g}"})),
        Table(
            "Distances by segment",
            _texts(
                shown[list(columns)].rename(columns=columns),
                dict.fromkeys(list(columns.values())[1:], "{:.2f}"),
            ),
        ),
    ]


def _migration_parts(watched: Watched, pictures: Mapping[str, Picture]) -> list[Any]:
    migration = watched.migration
    assert migration is not None
    facts = {
        "Known from before": f"{migration.known:,}; {migration.new:,} are new, {migration.gone:,} are gone",
        "In another segment": _moved(migration, "all"),
        "Because they changed": _moved(migration, "customer"),
        "Because the model changed": _moved(migration, "model"),
    }
    moves = migration.flows[migration.flows["before"] != migration.flows["after"]]
    moves = moves[moves["cause"] != "all"].sort_values("customers", ascending=False).head(MOST_MOVES)
    parts: list[Any] = [Facts(facts)]
    if migration.moved("customer") and migration.moved("model"):
        parts.append("Customers who changed and whom the new model moved as well are counted under both.")
    parts += [Section(heading, [pictures[name]]) for name, heading in MIGRATIONS.items() if name in pictures]
    if len(moves):
        shown = pd.DataFrame(
            {
                "from": moves["before"].map(watched.names),
                "to": moves["after"].map(watched.names),
                "because": moves["cause"].map(
                    {"customer": "the customer changed", "model": "the model changed"}
                ),
                "customers": moves["customers"],
            }
        )
        if moves["value"].notna().any():
            shown["value"] = moves["value"].map("{:,.0f}".format)
        parts.append(Table("The largest moves", shown.reset_index(drop=True)))
    return parts


def _moved(migration: Migration, cause: Any) -> str:
    count, value = migration.moved(cause), migration.value_moved(cause)
    worth = f", worth {value:,.0f}" if np.isfinite(value) and count else ""
    return f"{count:,} ({count / migration.known:.1%}){worth}"


def _segments_table(found: Drift) -> pd.DataFrame:
    shown = found.segments.set_index("name").rename_axis(None)
    return pd.DataFrame(
        {
            "id": shown["id"],
            "customers": shown["customers"],
            "then": shown["expected"].map("{:.1%}".format),
            "now": shown["share"].map("{:.1%}".format),
            "change": (100 * shown["change"]).map("{:+.1f} points".format),
            "chance": shown["p"].map("{:.2g}".format),
            "verdict": shown["level"],
        }
    )


def _features_table(found: Drift) -> pd.DataFrame:
    shown = found.features
    return pd.DataFrame(
        {
            "shift (sd)": shown["shift"].map(lambda v: "" if np.isnan(v) else f"{v:+.2f}"),
            "PSI": shown["psi"].map("{:.3f}".format),
            "KS": shown["ks"].map(lambda v: "" if np.isnan(v) else f"{v:.3f}"),
            "missing then": shown["missing_expected"].map("{:.1%}".format),
            "missing now": shown["missing"].map("{:.1%}".format),
            "chance": shown["p"].map("{:.2g}".format),
            "verdict": shown["level"],
        }
    ).rename_axis(None)


def _texts(table: pd.DataFrame, forms: Mapping[str, str]) -> pd.DataFrame:
    return table.assign(
        **{c: table[c].map(lambda v, f=form: "" if pd.isna(v) else f.format(v)) for c, form in forms.items()}
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def watch_text(watched: Watched, report: str | None) -> str:
    """What people read."""
    found, migration = watched.drift, watched.migration
    lines = [
        f"{findings_text(watched.customers)}{watched.title} on {found.customers} customers: {found.verdict}, "
        f"{WORDS[found.verdict]}"
    ]
    lines += [f"  {r.level}: {r.sentence}" for r in found.reasons] or [f"  {found.sentence}"]
    lines += ["", _segments_table(found).to_string(), "", _features_table(found).to_string()]
    if migration:
        lines += [
            "",
            f"Of {migration.known} known customers {_moved(migration, 'all')} are in another segment:",
        ]
        lines.append(f"  {_moved(migration, 'customer')} because they changed")
        lines.append(f"  {_moved(migration, 'model')} because the model did")
    if report is not None:
        lines += ["", f"written to {report}"]
    return "\n".join(lines)


def watch_record(watched: Watched, run_id: str, report: str | None) -> dict[str, Any]:
    """What programs read."""
    found, migration = watched.drift, watched.migration
    return {
        "verdict": found.verdict,
        "sentence": found.sentence,
        "reasons": [asdict(r) for r in found.reasons],
        "model": watched.uri,
        "version": watched.version and watched.version.version,
        "data": watched.customers.name,
        "fingerprint": watched.customers.fingerprint,
        "n_customers": found.customers,
        "trained_on": found.trained_on,
        "sees": found.detectable_shift,
        "metrics": found.metrics(),
        "segments": _records(found.segments.reset_index()),
        "features": _records(found.features.reset_index()),
        "structure": found.structure and found.structure.verdict,
        "migration": migration and {**migration.metrics(), "flows": _records(migration.flows)},
        "run_id": run_id,
        "report": report,
    }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    # JSON has no NaN.
    return [
        {key: None if isinstance(v, float) and np.isnan(v) else v for key, v in row.items()}
        for row in table.to_dict("records")
    ]


def _write(path: Path, html: str) -> None:
    if path.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"report={path}; valid is a file that ends in .html.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(html, encoding="utf-8")
    except OSError as error:
        raise InputError(f"report={path} cannot be written ({error}).") from error
