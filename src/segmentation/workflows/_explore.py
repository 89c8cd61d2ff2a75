"""The data alone: what the columns hold, whether there are segments, and what to do before clustering."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.base import TransformerMixin, clone
from sklearn.preprocessing import StandardScaler

from segmentation import plots
from segmentation.data import Customers
from segmentation.evaluation import ClusteringTendency, verdict
from segmentation.features import AutoScaler, FeatureSet, Preparation
from segmentation.profiling import (
    Suggestion,
    advise,
    associate,
    describe_columns,
    scale,
    scaler_summary,
    starting_features,
)
from segmentation.report import DataSummary, data_page, write_files
from segmentation.workflows._defaults import option
from segmentation.workflows._fit import Features, call_of, feature_set, table_of
from segmentation.workflows._validation import verdict_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PREVIEW = ("none", "standard", "auto", "minmax", "robust", "power", "quantile")
"""As in conf/explore.yaml."""
PREVIEW_ROWS = 5_000
PANELS = 12
"""Columns in one picture of distributions."""
TELLING = 0.1
"""Strength from which an association is in the record."""


@dataclass(frozen=True, eq=False, repr=False)
class DataExploration(DataSummary):
    """What `explore` found in the data: the columns, the verdict, what to do, pictures and a report.

    Attributes
    ----------
    start : FeatureSet
        The columns of numbers that a search of all of them clusters on, and those of them that it logs.
    call, following : str
        How to find all this again, and the search that comes next.

    Examples
    --------
    >>> import segmentation as sg
    >>> data = sg.explore(sg.Demo(n_customers=100).read(), scalers=["standard", "auto"])
    >>> data
    100 customers of demo, 4 columns (verdict: natural; 0 suggestions)
    >>> data.columns["missing"].to_dict()
    {'gender': 0, 'age': 2, 'annual_income': 2, 'spending_score': 2}
    >>> data.scalers["scaler"].unique().tolist()
    ['standard', 'auto']
    """

    start: FeatureSet
    call: str
    following: str

    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table by the name of its file, all with columns only."""
        rows = [{**asdict(s), "columns": ", ".join(s.columns)} for s in self.suggestions]
        tables = {
            "columns": self.columns.reset_index(),
            "associations": self.associations.pairs,
            "suggestions": pd.DataFrame(rows, columns=[part.name for part in fields(Suggestion)]),
        }
        return tables if self.scalers is None else {**tables, "scalers": self.scalers}

    def record(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        findings, pairs = self.customers.findings, self.associations.pairs
        return {
            "n_customers": len(self.customers.table),
            "fingerprint": self.customers.fingerprint,
            "columns": _rows(self.columns),
            "findings": [
                {"kind": f.kind, "column": f.column, "count": f.count, "action": f.action} for f in findings
            ],
            "suggestions": [asdict(s) for s in self.suggestions],
            "features": {"numeric": self.start.numeric, "log": self.start.log},
            "associations": list(_rows(pairs[pairs["strength"] >= TELLING]).values()),
            "tendency": _answer(self.verdict),
            "tendency_as_suggested": _answer(self.prepared_verdict),
            "scalers": {} if self.scalers is None else _rows(scaler_summary(self.scalers)),
        }

    def figures(self) -> dict[str, "Figure"]:
        """Draw the data from every side that it has, under the names of the files and in the order of the page.

        Returns
        -------
        dict of str to Figure
            Notebooks show each as a picture; drawn once.
        """
        return dict(self._drawn)

    @cached_property
    def _drawn(self) -> dict[str, "Figure"]:
        table, units = self.customers.table, self.customers.units
        verdicts = {"structure": self.verdict, "structure_suggested": self.prepared_verdict}
        drawn = {name: verdict_figure(found) for name, found in verdicts.items() if found}
        for i in range(0, self.n_drawn, PANELS):
            ending = f"_{i // PANELS + 1}" if i else ""
            drawn[f"distributions{ending}"] = plots.distributions(table.iloc[:, i : i + PANELS], units)
        drawn["missing_values"] = plots.missing_values(table)
        drawn["outliers"] = plots.outliers(table, units)
        numeric = self.columns.index[self.columns["type"] == "numeric"]
        drawn["associations"] = plots.associations(self.associations.matrix, list(numeric))
        drawn["correlations"] = plots.correlations(table)
        drawn["pair_relations"] = plots.pair_relations(table[self._most_related()], units)
        if self.scaled:
            drawn["scalers"] = plots.scaler_preview(self.scaled, self.features)
        return drawn

    @cached_property
    def _pictures(self) -> dict[str, bytes]:
        # Rendered once: a figure that is rendered again is laid out again, a little differently.
        return {name: plots.to_png(figure) for name, figure in self._drawn.items()}

    def _most_related(self) -> list[str]:
        """The five columns of numbers that tell most of each other, then all others."""
        wanted, pairs = self.start.numeric, self.associations.pairs
        related = pairs[pairs["a"].isin(wanted) & pairs["b"].isin(wanted)]
        first = list(dict.fromkeys(related[["a", "b"]].to_numpy().ravel().tolist()))[:5]
        return [*first, *(c for c in self.customers.table if c not in first)]

    def report(self, path: str | Path) -> Path:
        """Write the report.

        Parameters
        ----------
        path : str or Path
            A file that ends in .html; or a folder, which also gets the pictures and the tables.

        Returns
        -------
        Path
            The file or folder.

        Raises
        ------
        InputError
            If it cannot be written.
        """
        path, files = Path(path), self.files(self.call, self.following)
        said = f"report={path}", "a file that ends in .html, or a folder"
        if path.suffix.lower() in (".html", ".htm"):
            write_files(path.parent, {path.name: files["explore.html"]}, *said)
        else:
            write_files(path, files, *said)
        return path

    def files(self, command: str, following: str, config: str = "") -> dict[str, bytes]:
        """The page, the tables and the pictures by their path in a run.

        Parameters
        ----------
        command, following : str
            How to make them again, and the search that comes next.
        config : str, optional
            The resolved config.
        """
        page = data_page(self, self._pictures, command, following, config)
        tables = {name: table.to_csv(index=False) for name, table in self.tables().items()}
        return {
            "explore.html": page.encode(),
            **{f"data/{name}.csv": text.encode() for name, text in tables.items()},
            **{f"plots/{name}.png": png for name, png in self._pictures.items()},
        }

    def __repr__(self) -> str:
        found, n = self.verdict.verdict if self.verdict else "no numbers vary", len(self.suggestions)
        return (
            f"{len(self.customers.table):,} customers of {self.customers.name}, {len(self.columns)} columns "
            f"(verdict: {found}; {n} suggestion{'s' * (n != 1)})"
        )


def explore(
    customers: Customers,
    features: Features | None = None,
    *,
    scalers: Sequence[str] | Mapping[str, TransformerMixin] = PREVIEW,
    settable: Collection[str] = (),
    seed: int = 0,
) -> DataExploration:
    """Look at the data before anything is clustered, as `segment explore` does, without a run.

    Parameters
    ----------
    customers : Customers
        From `Demo`, `MallFile`, `TableFile` or `Transactions`, by their `read`.
    features : FeatureSet or sequence of str, optional
        What to look for segments in; None takes every column of numbers.
    scalers : sequence of str, or mapping of str to transformer
        Scalers to show the effect of: names of options in conf/scaler, or scalers by names of your own.
    settable : collection of str, optional
        Parameters of the data's source that a suggestion may name, such as "id", "levels" and "checks".
    seed : int
        Of the samples and the verdict.

    Returns
    -------
    DataExploration

    Raises
    ------
    InputError
        If what is asked is not there or cannot be done with these customers.

    Examples
    --------
    >>> import segmentation as sg
    >>> mall = sg.Demo(n_customers=100).read()
    >>> data = sg.explore(mall, ["annual_income", "spending_score"], scalers=["standard"])
    >>> data.verdict.verdict, data.start.numeric
    ('natural', ['age', 'annual_income', 'spending_score'])
    >>> data.associations.pairs.loc[0, ["a", "b"]].to_list()
    ['age', 'spending_score']
    """
    table = table_of(customers)
    chosen = FeatureSet() if features is None else feature_set(table, features)
    if not isinstance(scalers, Mapping):
        names = [scalers] if isinstance(scalers, str) else scalers
        scalers = {name: option("scaler", name, seed) for name in names}
    fitted, associations, preparation = _fitted(chosen, table), associate(table, seed), Preparation.of(table)
    tendency, prepared, scaled = None, None, {}
    if fitted:
        X = fitted.transform(table)
        tendency = verdict(StandardScaler().fit_transform(X), seed)
        prepared = _prepared_verdict(fitted, X, seed)
        rows = np.sort(np.random.default_rng(seed).permutation(len(X))[:PREVIEW_ROWS])
        scaled = scale(X[rows], scalers)
    return DataExploration(
        customers,
        describe_columns(table),
        associations,
        advise(table, associations, preparation, settable, fitted.log_ if fitted else ()),
        tendency,
        prepared,
        tuple(map(str, fitted.get_feature_names_out())) if fitted else (),
        scaled,
        starting_features(preparation),
        call_of("explore", *([] if features is None else [chosen]), scalers=list(scalers), seed=seed),
        call_of("search", chosen),
    )


def _takes_all_numbers(features: FeatureSet) -> bool:
    """Whether nobody named features: a search of all columns of numbers prepares them by itself."""
    return features.numeric == "all" and features.categorical != "all"


def _fitted(features: FeatureSet, table: pd.DataFrame) -> FeatureSet | None:
    """The features, or None where all numbers are asked for and no column of numbers varies."""
    if _takes_all_numbers(features) and not (table.select_dtypes("number").nunique() > 1).any():
        return None
    return clone(features).fit(table)


def _prepared_verdict(features: FeatureSet, X: np.ndarray, seed: int) -> ClusteringTendency | None:
    """Whether there are segments in the features as a search prepares them; None where it leaves them as they are."""
    if not _takes_all_numbers(features):
        return None
    scaler = AutoScaler(features.decided_).fit(X)
    treated = any(found.kind != "plain" for found in scaler.treatments_)
    return verdict(scaler.transform(X), seed) if treated else None


def _answer(found: ClusteringTendency | None) -> dict[str, Any] | None:
    return {**found.tags(), **found.metrics()} if found else None


def _rows(frame: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Each row by its index, without what is not known."""
    return {
        str(index): {k: v for k, v in row.items() if not pd.isna(v)}
        for index, row in frame.astype(object).to_dict("index").items()
    }
