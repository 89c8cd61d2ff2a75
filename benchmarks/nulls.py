"""Seeded sets without segments: one continuum each, in the shapes that fool indices."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Null:
    """One generated set without segments: X of shape (n, d), 300 to 2,000 rows, 2 to 8 columns."""

    name: str
    kind: str
    X: np.ndarray


def nulls(count: int = 44, seed: int = 0) -> list[Null]:
    """Draw `count` sets, the eleven kinds of `KINDS` in turn."""
    kinds = list(KINDS)
    return [null(kinds[i % len(kinds)], seed, i) for i in range(count)]


def null(kind: str, seed: int, number: int = 0) -> Null:
    """Draw one set of a kind; rows, columns, scales and parameters are drawn too."""
    rng = np.random.default_rng([seed, number])
    n, d = int(rng.integers(300, 2001)), int(rng.integers(2, 9))
    return Null(f"{kind}-{seed}-{number}", kind, KINDS[kind](rng, n, d))


def _uniform(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Uniform in a box with sides up to three times one another."""
    return rng.uniform(size=(n, d)) * rng.uniform(1, 3, d)


def _gaussian(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Independent Gaussian columns, deviations up to three times one another."""
    return rng.normal(size=(n, d)) * rng.uniform(1, 3, d)


def _correlated(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Gaussian around one or two common factors."""
    loadings = rng.normal(size=(d, int(rng.integers(1, 3))))
    return rng.normal(size=(n, loadings.shape[1])) @ loadings.T + rng.uniform(0.3, 1) * rng.normal(
        size=(n, d)
    )


def _log_normal(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Skewed columns, correlated as spend is: log-deviation 0.4 to 1."""
    share = rng.uniform(0, 0.6)
    logs = np.sqrt(share) * rng.normal(size=(n, 1)) + np.sqrt(1 - share) * rng.normal(size=(n, d))
    return np.exp(rng.uniform(0.4, 1, d) * logs)


def _gamma(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Skewed independent columns: shape 1 (exponential) to 4."""
    return rng.gamma(rng.uniform(1, 4, d), size=(n, d))


def _t(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Heavy tails: multivariate t or independent t columns, 3 to 6 degrees of freedom."""
    df = rng.uniform(3, 6)
    if rng.uniform() < 0.5:
        return rng.standard_t(df, size=(n, d))
    return rng.normal(size=(n, d)) / np.sqrt(rng.chisquare(df, size=(n, 1)) / df)


def _laplace(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Peaked, with tails longer than Gaussian."""
    return rng.laplace(size=(n, d)) * rng.uniform(1, 3, d)


def _counts(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Whole numbers with many ties: Poisson, or Poisson of gamma rates, means 1 to 8."""
    rates = rng.uniform(1, 8, d) * np.ones((n, 1))
    if rng.uniform() < 0.5:
        rates = rates * rng.gamma(2, 0.5, size=(n, 1))
    return rng.poisson(rates).astype(float)


def _disc(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Uniform in a ball of two or three dimensions; further columns are small Gaussian noise."""
    inner = min(d, int(rng.integers(2, 4)))
    directions = rng.normal(size=(n, inner))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return _widen(rng, directions * rng.uniform(size=(n, 1)) ** (1 / inner), d)


def _triangle(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Uniform in a triangle of random corners; further columns are small Gaussian noise."""
    corners = np.array([[0, 0], [1, 0], [rng.uniform(0, 1), rng.uniform(0.5, 1)]])
    return _widen(rng, rng.dirichlet(np.ones(3), n) @ corners, d)


def _banana(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    """A curved ridge, parabola or arc of up to a half circle; further columns are small Gaussian noise."""
    if rng.uniform() < 0.5:
        x = rng.normal(size=n)
        ridge = np.column_stack([x, rng.uniform(0.3, 1) * x**2])
        return _widen(rng, ridge + rng.uniform(0.2, 0.5) * rng.normal(size=(n, 2)), d)
    angle = rng.uniform(-1, 1, n) * rng.uniform(0.25, 0.5) * np.pi
    ridge = np.column_stack([np.sin(angle), np.cos(angle)])
    return _widen(rng, ridge + rng.uniform(0.05, 0.2) * rng.normal(size=(n, 2)), d)


def _widen(rng: np.random.Generator, X: np.ndarray, d: int) -> np.ndarray:
    """Add Gaussian columns of a fifth of the first column's deviation up to d."""
    noise = 0.2 * X[:, 0].std() * rng.normal(size=(len(X), d - X.shape[1]))
    return np.hstack([X, noise])


KINDS: dict[str, Callable[[np.random.Generator, int, int], np.ndarray]] = {
    "uniform": _uniform,
    "gaussian": _gaussian,
    "correlated": _correlated,
    "log-normal": _log_normal,
    "gamma": _gamma,
    "t": _t,
    "laplace": _laplace,
    "counts": _counts,
    "disc": _disc,
    "triangle": _triangle,
    "banana": _banana,
}
"""How each kind is drawn, by its name."""
