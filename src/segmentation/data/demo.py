"""Made-up mall customers whose segments are known."""

from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path

import numpy as np
import pandas as pd

from segmentation.data.checks import Checks
from segmentation.data.cleaning import finish
from segmentation.data.customers import Customers
from segmentation.data.mall import UNITS, MallFile
from segmentation.errors import InputError

# Share of customers, then mean and standard deviation of age, income (k$) and spending score, share of women.
PERSONAS = pd.DataFrame(
    [
        ("everyday", 0.34, 46, 13, 61, 7.0, 49, 5.5, 0.58),
        ("affluent spenders", 0.22, 33, 5, 89, 7.0, 84, 6.0, 0.54),
        ("affluent savers", 0.18, 43, 9, 90, 7.0, 14, 6.0, 0.48),
        ("young trendsetters", 0.14, 25, 5, 25, 5.5, 82, 6.5, 0.57),
        ("modest savers", 0.12, 52, 10, 24, 5.5, 17, 6.5, 0.55),
    ],
    columns=["segment", "share", "age", "age_sd", "income", "income_sd", "score", "score_sd", "female"],
)


@dataclass(frozen=True)
class Demo:
    """Customers in the mall schema, drawn around five marketing personas.

    The personas are separable in income and spending score, differ somewhat in age and hardly in gender.
    Which customer belongs to which is in `Customers.truth` only.

    Parameters
    ----------
    n_customers : int
        How many, at least 10.
    seed : int
        The same seed gives the same customers.
    missing : float
        Share of cells blanked in each numeric column, 0 to 0.5; a part of a cell is none.
    """

    n_customers: int = 600
    seed: int = 0
    missing: float = 0.02

    def __post_init__(self) -> None:
        if not isinstance(self.n_customers, Integral) or self.n_customers < 10:
            raise InputError(
                f"data.n_customers is {self.n_customers!r}; valid are whole numbers of at least 10."
            )
        if not isinstance(self.seed, Integral) or self.seed < 0:
            raise InputError(f"data.seed is {self.seed!r}; valid are whole numbers of at least 0.")
        if not isinstance(self.missing, Real) or not 0 <= self.missing <= 0.5:
            raise InputError(f"data.missing is {self.missing!r}; valid are shares from 0 to 0.5.")

    def read(self) -> Customers:
        """Generate the customers.

        Returns
        -------
        Customers
            With columns gender, age, annual_income and spending_score, and the planted segments as truth.
        """
        rng = np.random.default_rng(self.seed)
        segment = rng.permutation(np.repeat(np.arange(len(PERSONAS)), self._sizes()))
        persona = PERSONAS.iloc[segment]

        def draw(column: str, low: float, high: float) -> np.ndarray:
            drawn = rng.normal(persona[column].to_numpy(), persona[f"{column}_sd"].to_numpy())
            return np.clip(np.round(drawn), low, high)

        ids = pd.RangeIndex(1, self.n_customers + 1, name="customer_id")
        is_female = rng.random(self.n_customers) < persona["female"].to_numpy()
        table = pd.DataFrame(
            {
                "gender": pd.Series(np.where(is_female, "Female", "Male"), ids, dtype="str"),
                "age": draw("age", 18, 80),
                "annual_income": draw("income", 8, 160),
                "spending_score": draw("score", 1, 100),
            },
            index=ids,
        )
        for column in UNITS:
            blank = rng.choice(self.n_customers, int(self.missing * self.n_customers), replace=False)
            table[column] = table[column].mask(np.isin(np.arange(self.n_customers), blank))
        truth = pd.Series(persona["segment"].to_numpy(), ids, dtype="str", name="segment")
        return finish(table, Checks(), "demo", UNITS, [], "The demo", truth)

    def read_new(self, path: str | Path | None) -> pd.DataFrame:
        """Read new customers from a file in the mall schema, as `MallFile.read_new` does; the demo itself has none."""
        if path is None:
            raise InputError("The demo has no new customers of its own; name a file in the mall schema.")
        return MallFile(path).read_new(path)

    def read_batches(self, path: str | Path) -> Iterator[pd.DataFrame]:
        """Read new customers in the mall schema, as `MallFile.read_batches` does."""
        return MallFile(path).read_batches(path)

    def _sizes(self) -> np.ndarray:
        """Share the customers out; every segment gets one at least, whole ones by largest remainder."""
        quota = PERSONAS["share"].to_numpy() * (self.n_customers - len(PERSONAS))
        sizes = np.floor(quota).astype(int)
        sizes[np.argsort(sizes - quota, kind="stable")[: self.n_customers - len(PERSONAS) - sizes.sum()]] += 1
        return sizes + 1
