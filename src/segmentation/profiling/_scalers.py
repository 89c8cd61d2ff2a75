"""What scalers make of the features, before anything is clustered."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import skew
from sklearn.base import clone


def scale(X: np.ndarray, scalers: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Put features on the scale of each scaler.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Features without missing values.
    scalers : mapping of str to transformer
        Unfitted scalers by name.

    Returns
    -------
    dict of str to ndarray of shape (n, p)
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # Yeo-Johnson overflows on far values and says so; its best lambda is found all the same.
        warnings.simplefilter("ignore")
        return {name: np.asarray(clone(scaler).fit_transform(X)) for name, scaler in scalers.items()}


def scaler_effects(scaled: Mapping[str, np.ndarray], features: Sequence[str]) -> pd.DataFrame:
    """Say of each feature under each scaler how it is spread and how much it weighs.

    Parameters
    ----------
    scaled : mapping of str to ndarray of shape (n, p)
        Scaler -> features on its scale, as `scale` gives.
    features : sequence of str
        Their names.

    Returns
    -------
    DataFrame
        One row a scaler and feature: scaler, feature, skewness, outliers (share of customers beyond 1.5
        interquartile ranges), min, max and weight, the feature's share of all squared distances between
        customers, which is its share of the variance.
    """
    return pd.concat([_effects(name, X, features) for name, X in scaled.items()], ignore_index=True)


def scaler_summary(effects: pd.DataFrame) -> pd.DataFrame:
    """Sum the effects up, one row a scaler.

    Parameters
    ----------
    effects : DataFrame
        Of `scaler_effects`.

    Returns
    -------
    DataFrame
        Indexed by scaler: skewness (the median feature's, without its sign), outliers (mean share), farthest (the
        largest distance of a value from 0), heaviest (the feature of the largest weight) and weight (its).
    """
    rows = {}
    for name, part in effects.groupby("scaler", sort=False):
        heaviest = part.loc[part["weight"].idxmax()]
        rows[name] = {
            "skewness": part["skewness"].abs().median(),
            "outliers": part["outliers"].mean(),
            "farthest": part[["min", "max"]].abs().max(axis=None),
            "heaviest": heaviest["feature"],
            "weight": heaviest["weight"],
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("scaler")


def _effects(name: str, X: np.ndarray, features: Sequence[str]) -> pd.DataFrame:
    low, high = np.quantile(X, [0.25, 0.75], axis=0)
    reach = 1.5 * (high - low)
    variance = X.var(axis=0)
    spread = variance > 1e-18
    with warnings.catch_warnings():
        # Of a constant feature the skewness is not known, and scipy says so.
        warnings.simplefilter("ignore", RuntimeWarning)
        skewness = np.where(spread, skew(X, axis=0), 0.0)
    return pd.DataFrame(
        {
            "scaler": name,
            "feature": list(features),
            "skewness": skewness,
            "outliers": ((low - reach > X) | (high + reach < X)).mean(axis=0),
            "min": X.min(axis=0),
            "max": X.max(axis=0),
            "weight": variance / variance.sum()
            if spread.any()
            else np.full(len(variance), 1 / len(variance)),
        }
    )
