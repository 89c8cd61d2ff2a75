"""What a registered segment is known by."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Segment:
    """One segment of a model, with an identity that outlives retraining.

    Attributes
    ----------
    number : int
        The label that this model's algorithm gives it; numbers go by size and change with every training.
    id : str
        Its identity through all versions of the registered model, ``S1``, ``S2``, ...; never given twice.
    name : str
        What people call it.
    size : int
        Training customers in it.
    share : float
        Of all training customers, 0 to 1.
    center : mapping of str to float or str
        Feature -> mean in the customers' own units (back-transformed where the feature is taken as a
        logarithm), or the commonest level of a category.
    traits : mapping of str to str
        Column -> ``low``, ``mid`` or ``high`` against all customers, or the level that marks the segment.
    color : int
        Number of its colour in every picture; it stays with the id.
    named_by_user : bool
        Whether a person chose the name.
    """

    number: int
    id: str
    name: str
    size: int
    share: float
    center: Mapping[str, float | str] = field(default_factory=dict)
    traits: Mapping[str, str] = field(default_factory=dict)
    color: int = 0
    named_by_user: bool = False
