"""The sub-samples that candidates are fitted to."""

from dataclasses import dataclass, replace

import numpy as np

from segmentation.errors import InputError
from segmentation.evaluation._evidence import Evidence
from segmentation.evaluation._selection import Candidate, Refit
from segmentation.evaluation._stability import Resample, compare, draws

FITS = 6
"""Fits to sub-samples that judge a candidate at first."""
ALL_FITS = 20
"""Fits that judge the leader, so that sampling error does not decide."""
RESAMPLED_ROWS = 3_000


def require_budget(budget: int) -> None:
    """Refuse a budget that cannot judge even one candidate."""
    if budget < FITS:
        raise InputError(
            f"selection.budget is {budget}; valid is {FITS} or more, the fits that judge one candidate."
        )


@dataclass(frozen=True)
class SubSamples:
    """The sub-samples that candidates are fitted to, the same for all of them.

    Attributes
    ----------
    everyone : list of ndarray of int
        Positions of four fifths of all rows.
    some : list of ndarray of int
        The same of at most `RESAMPLED_ROWS` rows.
    """

    everyone: list[np.ndarray]
    some: list[np.ndarray]

    @classmethod
    def of(cls, n: int, seed: int) -> "SubSamples":
        """Draw them for n rows."""
        rows = np.arange(n)
        sampled = rows
        if n > RESAMPLED_ROWS:
            sampled = np.sort(np.random.default_rng(seed).choice(n, RESAMPLED_ROWS, replace=False))
        return cls(draws(rows, ALL_FITS, seed=seed), draws(sampled, ALL_FITS, seed=seed))

    def of_candidate(self, c: Candidate) -> list[np.ndarray]:
        """Those of one candidate."""
        # A radius or a number of neighbours means something else among fewer rows; a number of segments does not.
        return self.everyone if c.asked is None else self.some


def resampled(c: Candidate, known: Evidence, refit: Refit, samples: SubSamples) -> Evidence:
    """Add what a few sub-samples make of a candidate."""
    fitted: list[Resample] = [(rows, refit(c.number, rows)) for rows in samples.of_candidate(c)[:FITS]]
    return replace(known, stability=compare(c.labels, fitted))
