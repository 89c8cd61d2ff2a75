"""How often `segment monitor` raises an alarm: without cause, and by the size of a change.

    python benchmarks/drift.py [--mall Mall_Customers.csv] [--rounds 100] [--picture power.png]

Nothing of the tracking store is used: customers are drawn, a k-means model of income and spending score is trained, its
`Reference` goes through JSON, and `drift` compares it with other customers. Populations: the demo's, of which
fresh customers can be drawn; the mall file's, resampled; and a mixture with the mall's segments, of which training
customers too are drawn anew each time, shares of segments with them.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from threadpoolctl import threadpool_limits

from segmentation.clustering import KMeans
from segmentation.data import Demo, MallFile
from segmentation.evaluation import verdict
from segmentation.features import FeatureSet
from segmentation.monitoring import DriftThresholds, Reference, drift
from segmentation.serving import Segment, SegmentModel

FEATURES = ("annual_income", "spending_score")
K = 5
SHIFTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75)
SIZES = (100, 200, 600, 2_000, 10_000)
NEW_PLACES = ((60.0, 88.0), (60.0, 12.0), (120.0, 50.0), (25.0, 50.0))
"""Within the ranges of both populations, and between their segments or beside them."""

Draw = Callable[[np.random.Generator], pd.DataFrame]


@dataclass(frozen=True)
class Trained:
    """A model with its training customers and what travels with it."""

    table: pd.DataFrame
    model: SegmentModel
    reference: Reference
    verdict: str

    @classmethod
    def on(cls, table: pd.DataFrame) -> "Trained":
        """Fit k-means to customers."""
        features, scaler = FeatureSet(FEATURES), StandardScaler()
        Z = scaler.fit_transform(features.fit_transform(table))
        algorithm = KMeans(K, random_state=0).fit(Z)
        sizes = np.bincount(algorithm.labels_)
        steps = [
            ("features", features),
            ("scaler", scaler),
            ("reducer", FunctionTransformer()),
            ("algorithm", algorithm),
        ]
        segments = [
            Segment(i, f"S{i + 1}", f"segment {i}", int(n), n / len(table)) for i, n in enumerate(sizes)
        ]
        model = SegmentModel(Pipeline(steps), segments, table)
        plain = Reference.of(table, model).to_dict()
        return cls(table, model, Reference.from_dict(json.loads(json.dumps(plain))), verdict(Z).verdict)

    def changes(self) -> Iterator[tuple[str, Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]]]:
        """The changes that must be seen, by name."""
        for column in FEATURES:
            yield (
                f"{column} + 0.5 sd",
                lambda table, _, c=column: table.assign(**{c: table[c] + 0.5 * self.table[c].std()}),
            )
        for segment in range(K):
            yield f"S{segment + 1} doubled", lambda table, _, s=segment: self._doubled(table, s)
        for place in NEW_PLACES:
            yield (
                f"10 % new at {place[0]:g}, {place[1]:g}",
                lambda table, rng, p=place: _with_new(table, p, rng),
            )

    def _doubled(self, table: pd.DataFrame, segment: int) -> pd.DataFrame:
        return pd.concat([table, table[self.model.predict(table) == segment]])


def _with_new(table: pd.DataFrame, place: tuple[float, float], rng: np.random.Generator) -> pd.DataFrame:
    new = table.sample(max(1, len(table) // 9), replace=True, random_state=rng.integers(2**31))
    return pd.concat(
        [
            table,
            new.assign(
                **{c: rng.normal(at, 4, len(new)).round() for c, at in zip(FEATURES, place, strict=True)}
            ),
        ]
    )


def resampled(table: pd.DataFrame) -> Draw:
    """Draws with replacement, as many as there are."""
    return lambda rng: table.sample(len(table), replace=True, random_state=rng.integers(2**31))


def demo(n: int) -> Draw:
    """Fresh customers of the demo; its shares of segments are the same each time."""
    return lambda rng: Demo(n, seed=int(rng.integers(2**31))).read().table


def mixture(table: pd.DataFrame, n: int) -> Draw:
    """Fresh customers of a Gaussian mixture with the segments of a table, their shares drawn too."""
    trained = Trained.on(table)
    labels = trained.model.predict(table)
    parts = [table.loc[labels == s, list(FEATURES)] for s in range(K)]

    def draw(rng: np.random.Generator) -> pd.DataFrame:
        counts = rng.multinomial(n, [len(part) / len(table) for part in parts])
        rows = [
            rng.multivariate_normal(p.mean(), p.cov(), size) for p, size in zip(parts, counts, strict=True)
        ]
        return pd.DataFrame(np.vstack(rows).round(), columns=list(FEATURES))

    return draw


def rates(
    trained: Callable[[np.random.Generator], Trained],
    draw: Draw,
    change: Callable[[Trained, pd.DataFrame, np.random.Generator], pd.DataFrame],
    rounds: int,
    structure: bool = False,
) -> dict[str, float]:
    """Shares of rounds with each verdict."""
    found = []
    for round_ in range(rounds):
        rng = np.random.default_rng([round_, 7])
        one = trained(rng)
        table = change(one, draw(rng), rng)
        found.append(
            drift(one.reference, one.model, table, DriftThresholds(), one.verdict, structure).verdict
        )
    return {answer: found.count(answer) / rounds for answer in ("ok", "watch", "retrain")}


def calibration(
    name: str, trained: Callable[[np.random.Generator], Trained], draw: Draw, rounds: int
) -> Iterator[dict[str, object]]:
    """Without a change, and with each of the changes that must be seen."""
    example = trained(np.random.default_rng(0))
    yield {
        "customers": name,
        "change": "none",
        **rates(trained, draw, lambda _, table, __: table, rounds, structure=True),
    }
    for number, (change, _) in enumerate(example.changes()):

        def changed(
            one: Trained, table: pd.DataFrame, rng: np.random.Generator, i: int = number
        ) -> pd.DataFrame:
            return list(one.changes())[i][1](table, rng)

        yield {"customers": name, "change": change, **rates(trained, draw, changed, rounds)}


def power(rounds: int) -> pd.DataFrame:
    """Alarm rates by the shift of income, and by how many customers there are, in training and later."""
    rows = []
    for n in SIZES:
        draw = demo(n)
        one = Trained.on(draw(np.random.default_rng(1)))
        sd = one.table[FEATURES[0]].std()
        for shift in SHIFTS:

            def moved(
                _: Trained, table: pd.DataFrame, __: np.random.Generator, by: float = shift * sd
            ) -> pd.DataFrame:
                return table.assign(**{FEATURES[0]: table[FEATURES[0]] + by})

            found = rates(lambda _, one=one: one, draw, moved, rounds)
            rows.append({"change": f"{n:,} customers", "size": shift, "alarms": 1 - found["ok"], **found})
    return pd.DataFrame(rows)


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mall", help="the file of mall customers")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--picture", help="PNG file for the power curve")
    options = parser.parse_args(argv)
    with threadpool_limits(1):
        _report(options.mall, options.rounds, options.picture)


def _report(mall: str | None, rounds: int, picture: str | None) -> None:
    six = Trained.on(Demo(600).read().table)
    populations: list[tuple[str, Callable[[np.random.Generator], Trained], Draw]] = [
        ("demo 600, resampled", lambda _: six, resampled(six.table)),
        ("demo 600, fresh", lambda _: six, demo(600)),
    ]
    if mall:
        table = MallFile(mall).read().table
        known, fresh = Trained.on(table), mixture(table, len(table))
        populations += [
            ("mall 200, as it is", lambda _: known, lambda _: table),
            ("mall 200, resampled", lambda _: known, resampled(table)),
            ("mixture 200, fresh", lambda rng: Trained.on(fresh(rng)), fresh),
        ]
    for name, trained, draw in populations:
        count = 1 if name.endswith("as it is") else rounds
        print(pd.DataFrame(calibration(name, trained, draw, count)).to_string(index=False), "\n", flush=True)
    curve = power(rounds)
    print(curve.pivot_table("alarms", "size", "change", sort=False).to_string())
    if picture:
        axes = curve.pivot_table("alarms", "size", "change", sort=False).plot(marker="o", ylim=(0, 1.02))
        axes.set(xlabel="Size of the change", ylabel="Alarms (share of the resamples)")
        axes.figure.savefig(picture, dpi=150)
        print(f"written to {picture}", file=sys.stderr)


if __name__ == "__main__":
    main()
