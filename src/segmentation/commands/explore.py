"""`segment explore`: the data alone, as pictures and a table."""

from pathlib import Path

import pandas as pd
from omegaconf import DictConfig

from segmentation import plots
from segmentation.commands._clustering import data_tags, findings_text, log_data, open_store, read_customers
from segmentation.commands._result import Result
from segmentation.errors import InputError


def run(config: DictConfig) -> Result:
    """Describe the customers and draw them.

    Parameters
    ----------
    config : DictConfig
        The composed config of conf/explore.yaml.

    Returns
    -------
    Result
    """
    customers = read_customers(config)
    table, units = customers.table, customers.units
    described = describe(table)
    figures = {
        "missing_values": plots.missing_values(table),
        "distributions": plots.distributions(table, units),
        "pair_relations": plots.pair_relations(table, units),
        "correlations": plots.correlations(table),
        "outliers": plots.outliers(table, units),
    }
    store = open_store(config)
    with store.run(f"explore {customers.name}", {**data_tags(customers), "command": "explore"}) as active:
        log_data(active, config, customers)
        active.table("data/columns.csv", described, index=True)
        for name, figure in figures.items():
            active.figure(f"plots/{name}.png", figure)
    if config.output is not None:
        _write(Path(config.output), described, {n: plots.to_png(f) for n, f in figures.items()})

    text = (
        f"{findings_text(customers)}{len(table)} customers, {table.shape[1]} columns\n"
        f"{described.to_string(na_rep='', float_format='{:.4g}'.format)}\n"
        f"{len(figures)} pictures in run {active.id}" + (f" and in {config.output}" if config.output else "")
    )
    record = {
        "run_id": active.id,
        "n_customers": len(table),
        "fingerprint": customers.fingerprint,
        "columns": {
            str(column): {k: v for k, v in row.items() if not pd.isna(v)}
            for column, row in described.astype(object).to_dict("index").items()
        },
        "findings": [
            {"kind": f.kind, "column": f.column, "count": f.count, "action": f.action}
            for f in customers.findings
        ],
        "output": config.output,
    }
    return Result(text, record)


def describe(table: pd.DataFrame) -> pd.DataFrame:
    """One row a column: type, missing, distinct values, quartiles, skewness, outliers, commonest level.

    Parameters
    ----------
    table : DataFrame of shape (n, columns)
        The customers.

    Returns
    -------
    DataFrame
        Indexed by column. `outliers` counts the values beyond 1.5 interquartile ranges from the quartiles.
    """
    return pd.DataFrame({column: _describe(values) for column, values in table.items()}).T.rename_axis(
        "column"
    )


def _describe(values: pd.Series) -> dict[str, object]:
    common = {
        "type": "numeric" if pd.api.types.is_numeric_dtype(values) else "category",
        "missing": int(values.isna().sum()),
        "distinct": int(values.nunique()),
    }
    if common["type"] == "category":
        top = values.mode()
        return {**common, "commonest": str(top.iloc[0]) if len(top) else None}
    low, middle, high = values.quantile([0.25, 0.5, 0.75])
    reach = 1.5 * (high - low)
    return {
        **common,
        "min": float(values.min()),
        "q25": float(low),
        "median": float(middle),
        "q75": float(high),
        "max": float(values.max()),
        "skewness": float(values.skew()),
        "outliers": int(((values < low - reach) | (values > high + reach)).sum()),
    }


def _write(folder: Path, described: pd.DataFrame, pictures: dict[str, bytes]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        described.to_csv(folder / "columns.csv")
        for name, content in pictures.items():
            (folder / f"{name}.png").write_bytes(content)
    except OSError as error:
        raise InputError(f"output={folder} cannot be written ({error}); valid is a folder.") from error
