"""Records as they arrive, put into segments exactly once."""

from segmentation.streaming._sources import STANDARD_INPUT, FileSource, JsonLinesSource, MicroBatch
from segmentation.streaming._state import Counts, StreamState
from segmentation.streaming._worker import ServedModel, stream

__all__ = [
    "STANDARD_INPUT",
    "Counts",
    "FileSource",
    "JsonLinesSource",
    "MicroBatch",
    "ServedModel",
    "StreamState",
    "stream",
]
