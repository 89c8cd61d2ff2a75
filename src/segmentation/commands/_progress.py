"""How far a long job is, on stderr; between its steps it can be stopped."""

import sys

from tqdm import tqdm

from segmentation.cli import INTERRUPTED
from segmentation.evaluation import Constraints
from segmentation.study import TrialResult


class TrialProgress(tqdm):
    """Trials done, the best so far and the time left, on stderr."""

    def __init__(self, constraints: Constraints, trials: int) -> None:
        self.constraints = constraints
        self.best = -1.0
        form = "{desc} {n_fmt}/{total_fmt} |{bar:20}| {postfix} {elapsed}<{remaining}"
        super().__init__(total=trials, desc="trials", file=sys.stderr, bar_format=form, leave=False)

    def show(self, outcome: TrialResult) -> None:
        """Count one trial, unless the process was told to stop."""
        if INTERRUPTED.is_set():
            raise KeyboardInterrupt
        scores = outcome.scores
        fit = scores and not scores.degenerate and not self.constraints.violations(scores)
        if scores and fit and scores.silhouette > self.best:
            self.best = scores.silhouette
            self.set_postfix_str(
                f"best silhouette {self.best:.4f} with {scores.n_segments} segments", refresh=False
            )
        # A resumed study starts where it stopped.
        self.update(outcome.number + 1 - self.n)


class FitCounter(tqdm):
    """Fits of the evidence, on stderr: how many there will be is not known before."""

    def __init__(self, what: str) -> None:
        super().__init__(desc=what, file=sys.stderr, bar_format="{desc}: {n_fmt} {elapsed}", leave=False)

    def one(self) -> None:
        """Count one."""
        if INTERRUPTED.is_set():
            raise KeyboardInterrupt
        self.update()
