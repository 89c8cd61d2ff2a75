"""The identity of the segments of a new version: that of the champion's segments that are still there."""

import sys

import numpy as np

from segmentation.data import Customers
from segmentation.errors import InputError
from segmentation.serving import Lineage, Segment, SegmentModel, identify
from segmentation.tracking._models import load_model
from segmentation.tracking._registry import CHALLENGER, CHAMPION, Registry


def identified(
    registry: Registry, segments: list[Segment], customers: Customers, labels: np.ndarray
) -> tuple[tuple[Segment, ...], Lineage]:
    """Give the segments of a model that is about to be registered their identity.

    Parameters
    ----------
    registry : Registry
        Holds the champion. Without one, the challenger takes its place.
    segments : list of Segment
        The new segments, with everything but ids and colours.
    customers : Customers
        The customers that they were found among.
    labels : ndarray of int, shape (n,)
        The segment of each customer; -1 is noise.

    Returns
    -------
    segments : tuple of Segment
    lineage : Lineage
    """
    model = _predecessor(registry)
    both = None if model is None else _both(model, customers, labels)
    spread = customers.table.std(numeric_only=True, ddof=0).to_dict()
    # Two commands may get here at once, and an id must not be given twice.
    with registry.locked():
        known = model.segments if model else ()
        named, lineage = identify(segments, known, both, spread, registry.last_segment_id())
        registry.set_last_segment_id(lineage.last_id)
    return named, lineage


def identity_tags(segments: tuple[Segment, ...], lineage: Lineage) -> dict[str, str]:
    """What a registered version says of its segments, for people who read the registry."""
    told = {"segments": "; ".join(f"{s.id} {s.name} ({s.size})" for s in segments)}
    return {**told, "lineage": "; ".join(lineage.sentences)} if lineage.changes else told


def _predecessor(registry: Registry) -> SegmentModel | None:
    version = registry.find(CHAMPION) or registry.find(CHALLENGER)
    if version is None:
        return None
    try:
        return load_model(version.uri)[0]
    except InputError as error:
        # The study is worth keeping although the champion is lost; no id is used again.
        print(
            f"segment: the new segments get new ids, as the previous model cannot be loaded. {error}",
            file=sys.stderr,
        )
        return None


def _both(
    model: SegmentModel, customers: Customers, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    try:
        return model.predict(customers.table), labels
    except InputError:
        # It reads columns that these customers do not have, so that only the centres can be compared.
        return None
