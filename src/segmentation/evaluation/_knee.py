"""The elbow of a decreasing curve."""

import warnings
from collections.abc import Sequence


def knee(ks: Sequence[int], inertia: Sequence[float]) -> int | None:
    """Find the elbow of inertia over k.

    Parameters
    ----------
    ks : sequence of int
        Numbers of segments, ascending.
    inertia : sequence of float
        Within-segment sum of squares at each k, in squared units of the space.

    Returns
    -------
    int or None
        The k of the elbow; None where the curve has fewer than three points or no elbow.

    Notes
    -----
    Kneedle, Satopää et al. 2011, by the package kneed. The elbow moves with the range of k that was tried:
    it is shown because people look for it, and decides nothing.

    Examples
    --------
    >>> knee([1, 2, 3, 4, 5, 6], [100, 60, 20, 18, 16, 15])
    3
    """
    if len(ks) < 3:
        return None
    # Here, as a served model imports this package where kneed need not be installed.
    from kneed import KneeLocator

    with warnings.catch_warnings():
        # kneed warns where it finds none; None says the same.
        warnings.simplefilter("ignore")
        found = KneeLocator(ks, inertia, curve="convex", direction="decreasing").knee
    return None if found is None else int(found)
