"""Seeded Gaussian mixtures with known segments: unequal sizes, shapes and gaps."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Mixture:
    """One generated set: X of shape (n, d), and the component of each row, 0..k-1."""

    name: str
    X: np.ndarray
    truth: np.ndarray


def mixtures(count: int = 24, seed: int = 0, stretch: float = 2.0) -> list[Mixture]:
    """Draw mixtures of 2 to 10 components in 2 to 8 columns, 300 to 2,000 rows."""
    names = [f"mixture-{seed}-{i}" for i in range(count)]
    return [mixture(np.random.default_rng([seed, i]), name, stretch) for i, name in enumerate(names)]


def mixture(rng: np.random.Generator, name: str = "mixture", stretch: float = 2.0) -> Mixture:
    """Draw one mixture.

    Shares are 4 % up to about ten times that; each component has its own random covariance, axes up to `stretch`
    times one another and sizes up to 1.5 times. Along the line between two centres these are at least 4 to 6
    standard deviations apart (drawn once a set), and packed as closely as chance finds them.
    """
    k, d, n = int(rng.integers(2, 11)), int(rng.integers(2, 9)), int(rng.integers(300, 2001))
    gap = rng.uniform(2.0, 3.0)
    shares = 0.04 + (1 - 0.04 * k) * rng.dirichlet(np.full(k, 2.0))
    sizes = np.maximum(np.round(shares * n).astype(int), d + 2)
    covariances = [_covariance(rng, d, stretch) for _ in range(k)]
    centers = _centers(rng, covariances, gap)
    X = np.vstack(
        [rng.multivariate_normal(c, s, m) for c, s, m in zip(centers, covariances, sizes, strict=True)]
    )
    order = rng.permutation(len(X))
    return Mixture(name, X[order], np.repeat(np.arange(k), sizes)[order])


def _covariance(rng: np.random.Generator, d: int, stretch: float) -> np.ndarray:
    axes = np.linalg.qr(rng.normal(size=(d, d)))[0]
    scales = rng.uniform(1.0, 1.5) * rng.uniform(1.0, stretch, d)
    result: np.ndarray = (axes * scales**2) @ axes.T
    return result


def _centers(rng: np.random.Generator, covariances: list[np.ndarray], gap: float) -> np.ndarray:
    """Place centres one by one in a box that grows until the next one fits."""
    d, width = len(covariances[0]), 1.0
    centers = [np.zeros(d)]
    while len(centers) < len(covariances):
        new = rng.uniform(-width, width, d)
        if all(
            _gap(new - c, covariances[len(centers)], covariances[i]) >= gap for i, c in enumerate(centers)
        ):
            centers.append(new)
        else:
            width *= 1.02
    return np.array(centers)


def _gap(line: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    """Distance of two centres over the sum of both standard deviations along the line between them."""
    u = line / np.linalg.norm(line)
    return float(np.linalg.norm(line) / (np.sqrt(u @ a @ u) + np.sqrt(u @ b @ u)))
