"""Hartigan's dip: how far a sample is from having one mode."""

import numpy as np

# Quantiles of sqrt(n) * dip for n uniform values, the unimodal distribution with the largest dips (Hartigan and
# Hartigan 1985, theorem 6, show it for large n). Simulated with 400,000 samples for each n up to 200, 200,000 up
# to 1,000 and 100,000 at 2,000, beyond which the quantiles rise by about 1 %. The last column is good to about
# 0.02, the others to 0.003.
TAIL = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.001, 0.0001)
QUANTILES = {
    4: (0.250, 0.315, 0.375, 0.414, 0.447, 0.463, 0.474, 0.489, 0.496),
    6: (0.302, 0.366, 0.390, 0.404, 0.440, 0.471, 0.496, 0.537, 0.573),
    10: (0.309, 0.376, 0.413, 0.441, 0.476, 0.504, 0.528, 0.570, 0.617),
    20: (0.328, 0.395, 0.435, 0.470, 0.512, 0.539, 0.565, 0.620, 0.693),
    50: (0.345, 0.416, 0.459, 0.496, 0.541, 0.573, 0.601, 0.661, 0.739),
    100: (0.355, 0.427, 0.471, 0.511, 0.557, 0.588, 0.619, 0.684, 0.758),
    200: (0.362, 0.435, 0.481, 0.521, 0.570, 0.603, 0.635, 0.703, 0.787),
    500: (0.368, 0.443, 0.489, 0.530, 0.579, 0.614, 0.646, 0.714, 0.790),
    1000: (0.371, 0.447, 0.495, 0.536, 0.585, 0.621, 0.655, 0.727, 0.821),
    2000: (0.373, 0.450, 0.496, 0.538, 0.588, 0.621, 0.657, 0.723, 0.804),
}
SMALLEST_P = 1e-6


def dip(x: np.ndarray) -> float:
    """Distance of the empirical distribution to the nearest unimodal one.

    Parameters
    ----------
    x : ndarray of shape (n,)
        One or more values.

    Returns
    -------
    float
        The largest difference of the two distribution functions: from 1 / (2 n) for one mode to 0.25 for two
        equal atoms. It does not depend on place, unit or sign.

    Notes
    -----
    Hartigan and Hartigan 1985, "The dip test of unimodality", section 3. Below the modal interval the unimodal
    distribution follows the greatest convex minorant, above it the least concave majorant; the interval shrinks
    until the two are no further apart there than the distance already paid outside.

    Examples
    --------
    >>> dip(np.array([0.0, 0.0, 1.0, 1.0]))
    0.25
    """
    values, counts = np.unique(x, return_counts=True)
    after = np.cumsum(counts) / len(x)
    before = after - counts / len(x)
    low, high = 0, len(values) - 1
    paid = 1 / len(x)
    while low < high:
        inside = slice(low, high + 1)
        at = values[inside]
        minorant = _hull(at, before[inside], 1)
        majorant = _hull(at, after[inside], -1)
        convex = np.interp(at, at[minorant], before[inside][minorant])
        concave = np.interp(at, at[majorant], after[inside][majorant])
        apart = concave - convex
        # The widest place is at a knot of one of them; the next interval ends at the knots around it.
        from_minorant, from_majorant = apart[minorant].argmax(), apart[majorant].argmax()
        if apart[minorant[from_minorant]] >= apart[majorant[from_majorant]]:
            start = minorant[from_minorant]
            end = majorant[np.searchsorted(majorant, start)]
            width = apart[start]
        else:
            end = majorant[from_majorant]
            start = minorant[np.searchsorted(minorant, end, side="right") - 1]
            width = apart[end]
        if width <= paid + 1e-12:
            break
        # Ties are a jump, which a unimodal distribution has at its mode only: not at the interval's ends.
        below = after[inside][:start] - convex[:start]
        above = concave[end + 1 :] - before[inside][end + 1 :]
        paid = max(paid, float(below.max(initial=0)), float(above.max(initial=0)))
        if start == 0 and end == high - low:
            break
        low, high = low + int(start), low + int(end)
    return paid / 2


def dip_test(x: np.ndarray) -> float:
    """Test whether a sample has more than one mode.

    Parameters
    ----------
    x : ndarray of shape (n,)
        Independent values. Ties are jumps, which look like modes: jitter whole numbers first.

    Returns
    -------
    float
        Chance that a uniform sample of this size has at least this dip, 1e-6 to 1. Below 4 values it is 1.

    Notes
    -----
    Interpolated in sqrt(n) * dip, as Maechler does in the R package diptest, from a table of our own, the chance
    on a log scale; below the table's last chance of 0.0001 the line through its last two goes on.
    """
    n = len(x)
    if n < min(QUANTILES):
        return 1.0
    at = np.sqrt(n) * dip(x)
    sizes = np.sqrt(list(QUANTILES))
    quantiles = [np.interp(np.sqrt(n), sizes, column) for column in zip(*QUANTILES.values(), strict=True)]
    logs = np.log(TAIL)
    if at > quantiles[-1]:
        slope = (logs[-1] - logs[-2]) / (quantiles[-1] - quantiles[-2])
        return max(SMALLEST_P, float(np.exp(logs[-1] + slope * (at - quantiles[-1]))))
    return float(np.exp(np.interp(at, [0.0, *quantiles], [0.0, *logs])))


def _hull(x: np.ndarray, y: np.ndarray, sign: int) -> np.ndarray:
    """Positions of the knots of the lower (sign 1) or upper (-1) convex hull of a curve, x ascending."""
    xs, ys = x.tolist(), (sign * y).tolist()
    knots: list[int] = []
    for i, (a, b) in enumerate(zip(xs, ys, strict=True)):
        while len(knots) > 1:
            p, q = knots[-2], knots[-1]
            if (ys[q] - ys[p]) * (a - xs[p]) < (b - ys[p]) * (xs[q] - xs[p]):
                break
            knots.pop()
        knots.append(i)
    return np.array(knots)
