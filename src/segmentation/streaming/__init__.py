"""Records as they arrive, put into segments exactly once."""

from segmentation.streaming._readers import record_reader
from segmentation.streaming._sources import STANDARD_INPUT, FileSource, JsonLinesSource, MicroBatch
from segmentation.streaming._state import Counts, StreamState
from segmentation.streaming._updates import keep_centers, known_centers, recent_customers
from segmentation.streaming._worker import ServedModel, stop_on_signals, stream

__all__ = [
    "STANDARD_INPUT",
    "Counts",
    "FileSource",
    "JsonLinesSource",
    "MicroBatch",
    "ServedModel",
    "StreamState",
    "keep_centers",
    "known_centers",
    "recent_customers",
    "record_reader",
    "stop_on_signals",
    "stream",
]
