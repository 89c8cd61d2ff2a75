"""What every file with one row a customer can do."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from segmentation.data.files import RawTable, open_batches, open_table


class CustomersFile(ABC):
    """A file with one row a customer; the subclass says what its columns are."""

    separator: str | None = None

    def read_new(self, path: str | Path) -> pd.DataFrame:
        """Read new customers, every row in file order.

        Parameters
        ----------
        path : str or Path
            A file like the one learned from; columns may lack if the model does not need them.

        Returns
        -------
        DataFrame of shape (n_rows, n_columns)
            Indexed by id (missing and repeated ids allowed), or by row number.

        Raises
        ------
        InputError
            If the file cannot be read, has none of the columns, or text in one of numbers or dates.
        """
        return self.read_records(open_table(path, self.separator))

    def read_batches(self, path: str | Path) -> Iterator[pd.DataFrame]:
        """Read new customers as `read_new` does, some rows at a time.

        Parameters
        ----------
        path : str or Path
            A file of any size; or a folder or pattern of Parquet files.

        Yields
        ------
        DataFrame of shape (n_rows, n_columns)
            The next rows, in the order of the files.
        """
        return map(self.read_records, open_batches(path, self.separator))

    @abstractmethod
    def read_records(self, raw: RawTable) -> pd.DataFrame:
        """Read new customers from a table of raw cells, as `read_new` does."""
