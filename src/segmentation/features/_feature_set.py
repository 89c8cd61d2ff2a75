"""From the customer table to a matrix of finite numbers."""

import re
import warnings
from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder
from sklearn.utils.validation import check_is_fitted, validate_data

from segmentation.errors import InputError, nearest
from segmentation.features._roles import Role, role

Columns = Sequence[str] | Literal["all"]
IMPUTE = ("median", "mean", "most_frequent")


class FeatureSet(TransformerMixin, BaseEstimator):
    """Choose columns, fill what is missing, encode categories, take logarithms where asked.

    The first step of every pipeline of this project: raw customers go in, a finite matrix comes out, and
    what was learned from the training customers (medians, categories) treats new customers alike. Columns
    that are not asked for may be there or not.

    Parameters
    ----------
    numeric : "all" or sequence of str, default="all"
        Columns of numbers. "all" takes every numeric column that tells customers apart.
    categorical : "all" or sequence of str, default=()
        Columns of categories, one-hot encoded; a column of two levels becomes one column of 0 and 1. "all" takes
        every other column but dates that tells customers apart.
        A level never seen in training becomes a row of zeros.
    impute : {"median", "mean", "most_frequent"} or None, default="median"
        What replaces a missing number; a missing category becomes the most frequent one. None refuses
        missing values.
    log : "all" or sequence of str, default=()
        Numeric columns taken as log(1 + x), for skewed spend. They must not be negative.
    plain : "all" or sequence of str, default=()
        Numeric columns that `AutoScaler` only standardises, as it does those of `log`.
    prepare : "auto" or None, default="auto"
        "auto" judges the columns that "all" takes, not those that are named: ids, columns of (nearly) one value,
        much missing or very many levels are left out, and whole numbers that are codes become categories. None
        leaves out constants only.
    keep : sequence of str, default=()
        Columns that "all" takes as they are, whatever "auto" would make of them.

    Attributes
    ----------
    columns_ : list of str
        The columns of the customer table that are read, in the order of the output.
    categorical_, log_ : list of str
        Which of them are categories, and which are taken as logarithms.
    levels_ : dict of str to list of str
        Category -> the levels of the training customers, sorted.
    roles_ : list of Role
        What "auto" makes of each column that "all" may take, in the order of the table, with the reason.
    positions_ : dict of str to list of int
        Column -> where its features are in the output.
    decided_ : list of int
        Positions of the output's columns of `log` and `plain`.
    transformer_ : ColumnTransformer
        The fitted steps.
    n_features_in_ : int
        Number of columns of the table seen in `fit`.
    feature_names_in_ : ndarray of str
        Their names, where X was a DataFrame with string names.
    """

    def __init__(
        self,
        numeric: Columns = "all",
        categorical: Columns = (),
        impute: str | None = "median",
        log: Columns = (),
        plain: Columns = (),
        prepare: str | None = "auto",
        keep: Sequence[str] = (),
    ) -> None:
        self.numeric = numeric
        self.categorical = categorical
        self.impute = impute
        self.log = log
        self.plain = plain
        self.prepare = prepare
        self.keep = keep

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn medians and categories.

        Parameters
        ----------
        X : DataFrame of shape (n_customers, n_columns) or array-like
            The customers. An array's columns are called x0, x1, ...
        y : ignored

        Returns
        -------
        FeatureSet
            Itself.

        Raises
        ------
        InputError
            If a column is not there, is constant, all missing or of the wrong type, or has missing values
            while `impute` is None.
        """
        table = self._frame(X, reset=True)
        numeric, categorical = self._choose(table)
        log = numeric if self.log == "all" else list(self.log)
        plain = numeric if self.plain == "all" else list(self.plain)
        self._check_parameters(numeric, log, plain)
        self.columns_ = [*numeric, *categorical]
        for column in self.columns_:
            _refuse_useless(table[column])
        self._check_values(table, numeric, categorical, log)
        self.log_ = log
        self._levels = {c: _by_fold(table[c].dropna().astype(str)) for c in categorical}
        self.levels_ = {c: sorted(set(known.values())) for c, known in self._levels.items()}
        self.positions_: dict[str, list[int]] = {}
        for column in self.columns_:
            # Two levels make one feature, as the encoder drops the other.
            levels, start = len(self.levels_.get(column, ())), sum(map(len, self.positions_.values()))
            self.positions_[column] = list(range(start, start + (levels if levels > 2 else 1)))
        self.decided_ = sorted(j for column in {*log, *plain} for j in self.positions_[column])
        self.transformer_ = self._steps(numeric, categorical, log).fit(self._cast(table))
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Turn customers into the matrix that the scaler sees.

        Parameters
        ----------
        X : DataFrame of shape (n_customers, n_columns) or array-like
            Customers with at least the columns learned from; others are ignored.

        Returns
        -------
        ndarray of shape (n_customers, n_features)
            Finite numbers.

        Raises
        ------
        InputError
            If a column is not there or holds what the training would have refused.
        """
        check_is_fitted(self)
        table = self._frame(X, reset=False)
        _refuse_absent(self.columns_, table.columns)
        numeric = [column for column in self.columns_ if column not in self.categorical_]
        self._check_values(table, numeric, self.categorical_, self.log_)
        with warnings.catch_warnings():
            # A level never seen is a row of zeros, as the docstring says: nothing to warn of.
            warnings.filterwarnings("ignore", "Found unknown categories")
            return self.transformer_.transform(self._cast(table))

    def unseen(self, X: pd.DataFrame) -> dict[str, np.ndarray]:
        """Find the categories that the training did not know.

        Parameters
        ----------
        X : DataFrame of shape (n_customers, n_columns)
            Customers with at least the columns learned from.

        Returns
        -------
        dict of str to ndarray of bool of shape (n_customers,)
            For each category, the customers whose level was never seen; a missing one is not a level.
        """
        check_is_fitted(self)
        found = {}
        for column, known in self._levels.items():
            _refuse_nested(X[column])
            new = [v for v in X[column].dropna().unique() if _fold(str(v)) not in known]
            found[column] = X[column].isin(new).to_numpy() if new else np.zeros(len(X), dtype=bool)
        return found

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Name the columns of the matrix, for example ``annual_income`` and ``gender_Male``."""
        check_is_fitted(self)
        return self.transformer_.get_feature_names_out()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.impute is not None
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags

    def _frame(self, X: Any, reset: bool) -> pd.DataFrame:
        if isinstance(X, pd.DataFrame):
            if reset:
                validate_data(self, X, reset=True, skip_check_array=True)
            return X
        array = validate_data(self, X, reset=reset, ensure_all_finite="allow-nan", dtype="numeric")
        return pd.DataFrame(array, columns=[f"x{i}" for i in range(array.shape[1])])

    def _choose(self, table: pd.DataFrame) -> tuple[list[str], list[str]]:
        numeric, categorical = self.numeric, self.categorical
        asked = [c for group in (numeric, categorical) if group != "all" for c in group]
        _refuse_absent([*asked, *self.keep], table.columns)
        numbers = set(table.select_dtypes(["number", "bool"]))
        others = set(table.select_dtypes(exclude=["number", "bool", "datetime"]))
        taken = (numbers if numeric == "all" else set()) | (others if categorical == "all" else set())
        self.roles_ = [self._role(table[c], c in numbers) for c in table if c in taken and c not in asked]
        kept = [r for r in self.roles_ if not r.left_out] or [
            # Rather these than nothing.
            r
            for r in self.roles_
            if r.kind == "constant" and table[r.column].nunique() > 1
        ]
        as_number = [r.column for r in kept if r.column in numbers and r.kind != "code"]
        as_category = [r.column for r in kept if r.column not in as_number]
        numeric = as_number if numeric == "all" else list(numeric)
        categorical = [*([] if categorical == "all" else categorical), *as_category]
        self.categorical_ = categorical
        if not numeric and not categorical:
            raise InputError(
                f"No feature is left to cluster on: the table's columns are "
                f"{', '.join(map(str, table.columns))}; name some in features.numeric or features.categorical."
            )
        return numeric, categorical

    def _role(self, values: pd.Series, number: bool) -> Role:
        if self.prepare and values.name not in self.keep:
            return role(values)
        if values.nunique() < 2:
            return Role(str(values.name), "constant", "one value only")
        return Role(str(values.name), "number" if number else "category", "as the features ask")

    def _check_parameters(self, numeric: list[str], log: list[str], plain: list[str]) -> None:
        if self.prepare not in (None, "auto"):
            raise InputError(f"features.prepare is {self.prepare!r}; valid are auto and null.")
        if self.impute is not None and self.impute not in IMPUTE:
            raise InputError(
                f"features.impute is {self.impute!r}, {nearest(str(self.impute), IMPUTE)} (or null to refuse)."
            )
        for key, columns in (("log", log), ("plain", plain)):
            for column in columns:
                if column not in numeric:
                    raise InputError(
                        f"features.{key} names '{column}', which is not a numeric feature; "
                        f"{nearest(column, numeric)}"
                    )

    def _check_values(
        self, table: pd.DataFrame, numeric: list[str], categorical: list[str], log: list[str]
    ) -> None:
        for column in numeric:
            if not pd.api.types.is_numeric_dtype(table[column]):
                _refuse_text(table[column])
            _refuse_infinite(table[column])
        for column in categorical:
            _refuse_nested(table[column])
        for column in [*numeric, *categorical] if self.impute is None else []:
            missing = int(table[column].isna().sum())
            if missing:
                raise InputError(
                    f"Column '{column}' has {missing} missing values in {len(table)} rows and features.impute "
                    f"is null; set it to one of {', '.join(IMPUTE)}, or fill them first."
                )
        for column in log:
            low = pd.to_numeric(table[column]).min()
            if low < 0:
                raise InputError(
                    f"features.log names column '{column}', which goes down to {low:g}; the logarithm needs "
                    f"values of 0 or more: use scaler=power for it."
                )

    def _cast(self, table: pd.DataFrame) -> pd.DataFrame:
        # One type for all categories, so that 1, 1.0 and "1" of two files are the same level.
        types = {c: object if c in self.categorical_ else float for c in self.columns_}
        cast = table[self.columns_].astype(types)
        for column in self.categorical_:
            values = cast[column]
            known = self._levels[column]
            spelled = {v: known.get(_fold(str(v)), str(v)) for v in values.dropna().unique()}
            cast[column] = values.map(spelled)
        return cast

    def _steps(self, numeric: list[str], categorical: list[str], log: list[str]) -> ColumnTransformer:
        # Runs of plain and of log columns alternate, so that the output keeps the order of the columns.
        steps: list[tuple[str, Any, list[str]]] = []
        for column in numeric:
            kind = "log" if column in log else "number"
            if steps and steps[-1][0].startswith(kind):
                steps[-1][2].append(column)
                continue
            fill = self._imputer(self.impute)
            logarithm = FunctionTransformer(np.log1p, feature_names_out="one-to-one")
            step = make_pipeline(fill, logarithm) if kind == "log" else fill
            steps.append((f"{kind}{len(steps)}", step, [column]))
        if categorical:
            encoder = OneHotEncoder(drop="if_binary", handle_unknown="ignore", sparse_output=False)
            fill = self._imputer(self.impute and "most_frequent")
            steps.append(("category", make_pipeline(fill, encoder), categorical))
        return ColumnTransformer(steps, verbose_feature_names_out=False, sparse_threshold=0)

    @staticmethod
    def _imputer(strategy: str | None) -> Any:
        if strategy is None:
            return FunctionTransformer(feature_names_out="one-to-one")
        return SimpleImputer(strategy=strategy)


def _fold(level: str) -> str:
    # A column of numbers in one file, or in one part of it, is text in another.
    return re.sub(r"(\d)\.0+$", r"\1", " ".join(level.split()).casefold())


def _by_fold(levels: pd.Series) -> dict[str, str]:
    # A new file may spell a level in its own way ("male"); the commonest spelling of training is meant.
    return {_fold(level): level for level in levels.value_counts(ascending=True).index}


def _refuse_absent(asked: Sequence[str], there: Any) -> None:
    for column in asked:
        if column not in there:
            raise InputError(f"There is no column '{column}' in the data; {nearest(column, there)}")


def _refuse_useless(values: pd.Series) -> None:
    levels = values.nunique(dropna=True)
    if levels == 0:
        raise InputError(
            f"Column '{values.name}' is missing in all {len(values)} rows; leave it out of the features."
        )
    if levels == 1:
        raise InputError(
            f"Column '{values.name}' is constant ({values.dropna().iloc[0]} in every row), so it cannot tell "
            f"customers apart; leave it out of the features."
        )


def _refuse_text(values: pd.Series) -> None:
    # Numbers that arrive as text ("42", from JSON or a CRM export) are numbers all the same.
    text = values[pd.to_numeric(values, errors="coerce").isna() & values.notna()]
    if len(text):
        raise InputError(
            f"Column '{values.name}' should be numeric but holds text in {len(text)} of {len(values)} rows "
            f"(for example '{text.iloc[0]}'); clean it, or name it in features.categorical."
        )


def _refuse_nested(values: pd.Series) -> None:
    nested = values[values.map(pd.api.types.is_list_like)] if values.dtype == object else values[:0]
    if len(nested):
        raise InputError(
            f"Column '{values.name}' holds lists or objects in {len(nested)} of {len(values)} rows; valid is one level "
            f"of the category a row."
        )


def _refuse_infinite(values: pd.Series) -> None:
    infinite = int(np.isinf(pd.to_numeric(values).to_numpy(dtype=float, na_value=np.nan)).sum())
    if infinite:
        raise InputError(
            f"Column '{values.name}' holds {infinite} infinite values; valid are finite numbers "
            f"(data.checks.infinities: missing treats them as missing)."
        )
