"""Reports of made-up customers, described by the real steps."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from segmentation.plots import segment_color
from segmentation.profiling import Attractiveness, Naming, Playbook, describe, surrogate
from segmentation.report import Picture, Scatter3D, StudyReport

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8ffff3f0005fe02fe"
    "a7b3d1d10000000049454e44ae426082"
)
PLAYS = [
    {
        "name": "Key accounts",
        "action": "Visit them.",
        "when": {"exceptional group": "high"},
        "because": "They are worth it.",
    },
    {"name": "Premium", "action": "Call them.", "when": {"income": "high"}, "because": "They can spend."},
]


def customers(n_segments: int, each: int = 12, noise: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Customers of groups on a spiral, noise last."""
    rng = np.random.default_rng(0)
    labels = np.concatenate([np.repeat(np.arange(n_segments), each), np.full(noise, -1)])
    turn = labels * 2.4
    table = pd.DataFrame(
        {
            "income": 50 + 30 * np.cos(turn) + rng.normal(size=len(labels)),
            "spending": 50 + 30 * np.sin(turn) + rng.normal(size=len(labels)),
            "age": rng.normal(40, 9, len(labels)),
            "gender": rng.choice(["female", "male"], len(labels)),
        },
        index=pd.Index(range(1, len(labels) + 1), name="customer_id"),
    )
    return table, labels


def reported(table: pd.DataFrame, labels: np.ndarray, **changed: Any) -> StudyReport:
    """A full report, changed as asked."""
    features = list(table.columns[:2])
    profile = describe(table, labels, features, value=changed.pop("value", None), units={features[0]: "k$"})
    naming = Naming()
    names, traits = naming.names(profile), naming.traits(profile)
    if -1 in names:
        traits[-1] = naming.exceptional(profile)
    segments = [s for s in names if s >= 0]
    rules = surrogate(table, labels, features, names) if segments else None
    jaccard = dict.fromkeys(segments, 0.9)
    colors = {s: segment_color(s) for s in names}
    axes = [c for c in table.columns if pd.api.types.is_numeric_dtype(table[c])][:3]
    known: dict[str, Any] = {
        "names": names,
        "colors": colors,
        "traits": traits,
        "ids": {s: f"S{s + 1}" for s in segments},
        "findings": ["2 customers have no age."],
        "verdict": "natural",
        "sentence": "There are segments (valley p = 0.001).",
        "reason": "5 segments were found again most often.",
        "rules": rules,
        "recommendations": Playbook(PLAYS).recommend(profile, traits, names),
        "attractiveness": Attractiveness().rank(profile, jaccard, rules.reach()) if rules else None,
        "evidence": pd.DataFrame({"segment": segments, "silhouette": 0.5, "jaccard": list(jaccard.values())}),
        "leaderboard": pd.DataFrame({"rank": [1, 2], "algorithm": ["kmeans", "ward"]}),
        "pictures": {
            "segment_separation": Picture("Separation", "Five groups apart.", PNG),
            "silhouette_over_k": Picture("Silhouette", "Highest at five.", PNG),
            "profile_bars": Picture("Profiles", "Bars.", PNG),
            "segment_0": Picture("The first", "Its bars.", PNG),
        },
        "scatter": Scatter3D(
            "Customers", axes, np.resize(table[axes].to_numpy(), (len(table), 3)), labels, names, colors
        ),
        "config": "seed: 0\n",
        "command": "segment sweep data=demo",
        "fingerprint": "ab12",
        "versions": {"scikit-learn": "1.9"},
        "notes": ["Silhouettes are of 2,000 customers."],
    }
    return StudyReport("Segments of demo", "demo", profile, **(known | changed))


@cache
def _reported(n_segments: int, noise: int) -> StudyReport:
    return reported(*customers(n_segments, noise=noise))


@pytest.fixture
def png() -> bytes:
    """The smallest picture."""
    return PNG


@pytest.fixture
def people() -> Callable[..., tuple[pd.DataFrame, np.ndarray]]:
    """Make up customers of so many segments, and their labels."""
    return customers


@pytest.fixture
def report_on() -> Callable[..., StudyReport]:
    """Report on a table and its labels."""
    return reported


@pytest.fixture
def make() -> Callable[..., StudyReport]:
    """Make a report of so many segments."""

    def made(n_segments: int = 5, noise: int = 0, **changed: Any) -> StudyReport:
        return replace(_reported(n_segments, noise), **changed)

    return made
