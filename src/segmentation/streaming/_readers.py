"""The reader of a model's training data, set to read records of a stream."""

from dataclasses import replace
from typing import Any

from segmentation.data import Demo, MallFile, TableFile
from segmentation.errors import InputError
from segmentation.serving import SegmentModel


def record_reader(source: Any, model: SegmentModel, id_column: str | None = None) -> MallFile | TableFile:
    """Set a source of customers to read records in the way that the training data was read.

    Parameters
    ----------
    source : source of customers
        What read the training data.
    model : SegmentModel
        The model that was trained on them.
    id_column : str, optional
        The column of customer ids in the records, where it is not that of the training data.

    Raises
    ------
    InputError
        If records are not customers, or the column of ids is unknown.
    """
    if isinstance(source, Demo):
        source = MallFile("")
    if isinstance(source, MallFile):
        if id_column is not None:
            raise InputError(
                f"id={id_column}; mall customers have their own column of ids, valid is id=null."
            )
        return source
    if not isinstance(source, TableFile):
        raise InputError(
            f"The model was trained on {type(source).__name__}, of which a single record is not a customer; stream "
            f"tables of customers: data=table id=..."
        )
    # The few records of a micro-batch do not show what kind of column they are in; the training data does.
    named = {*(source.dates or ()), *source.drop, *(source.numeric or ()), *(source.categorical or ())}
    numbers = [column for column in model.ranges_ if column not in named]
    levels = [column for column in model.levels_ if column not in named]
    reader = replace(
        source,
        id=source.id if id_column is None else id_column,
        numeric=numbers if source.numeric is None else source.numeric,
        categorical=levels if source.categorical is None else source.categorical,
    )
    if reader.id is None:
        raise InputError("The training data had no column of customer ids; name that of the records: id=...")
    return reader
