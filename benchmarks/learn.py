"""Fit the weights by which the rule of choice compares clusterings of tables with natural segments.

    python benchmarks/learn.py FOLDER --evidence evidence [--generated 150] [--out weights.json] [--left-out FOLDER]

FOLDER holds labelled CSVs, as for truth.py. Their candidates (the plan of a sweep) and those of generated sets
(shapes.py) are compared with the references; the weights make the choice that agrees with them best. Printed is how
well they choose on the sets they were fitted to, and on each battery of labelled sets that was left out.
"""

import argparse
import json
import sys
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from threadpoolctl import threadpool_limits

from processes import count
from segmentation.evaluation import (
    DOUBTFUL_JACCARD,
    SHORTLIST,
    SURELY,
    TERMS,
    Constraints,
    Limits,
    SubSamples,
    cheap_evidence,
    resampled,
    shipped_weights,
    terms,
)
from segmentation.features import FeatureSet
from segmentation.study import Configuration, PipelineFitter
from segmentation.workflows import default_space
from shapes import shaped
from sweep import table
from truth import labelled, score

PENALTY = 0.003
"""On the squares of the standardised weights; with less, a battery that was left out is chosen worse."""
TINY = 1e-9
RESAMPLED = 30
"""Candidates of a set that are fitted to sub-samples: more than a sweep looks at."""
CHEAP = tuple(name for name in TERMS if name != "lost")


def evidence_of(X: np.ndarray, truths: Sequence[np.ndarray], scaler: str) -> pd.DataFrame:
    """The candidates of one set: terms, smallest Jaccard, number of segments, adjusted Rand index to the reference."""
    names = [f"x{i}" for i in range(X.shape[1])]
    # A third of a sweep's starts: what misses is outvoted by its neighbours.
    space = default_space(FeatureSet(names), scalers=(scaler,), params={"kmeans": {"n_init": 10}})
    yardstick = StandardScaler() if scaler == "standard" else FunctionTransformer()
    fitter = PipelineFitter(pd.DataFrame(X, columns=names), space, yardstick, scaler)
    if not fitter.natural:
        # The weights are for what has gaps.
        return pd.DataFrame()
    configurations = [configuration_of(fitter, trial, scaler) for trial in fitter.plan()]
    candidates = {i: fitter.candidate(i, c) for i, c in enumerate(configurations)}
    kept = [c for c in candidates.values() if not c.failure(Constraints())]
    different = list({c.labels.tobytes(): c for c in reversed(kept)}.values())[::-1]
    if not different:
        return pd.DataFrame()
    known = cheap_evidence(kept, fitter.yardstick("features").X)
    samples = SubSamples.of(len(X), 0)
    highest = max(e.fit for e in known.values())
    cheap = shipped_weights()["cheap"]

    def promise(number: int) -> float:
        found = terms(known[number], candidates[number], highest)
        return sum(weight * found[name] for name, weight in cheap.items())

    looked_at = set(sorted((c.number for c in different), key=promise, reverse=True)[:RESAMPLED])
    rows = []
    for c in different:
        seen = known[c.number]
        if c.number in looked_at:
            seen = resampled(c, seen, lambda i, some: fitter.refit(configurations[i], some), samples)
        rows.append(
            {
                **terms(seen, c, highest),
                "jaccard": seen.stability.jaccard_min if seen.stability else np.nan,
                "reaches": bool(seen.stability) and not Limits().lacking(c, seen),
                "k": c.scores.n_segments,
                "algorithm": c.algorithm,
                "ari": score(truths, c.labels)[1],
            }
        )
    return pd.DataFrame(rows)


def configuration_of(fitter: PipelineFitter, trial: Mapping[str, object], scaler: str) -> Configuration:
    """What a trial of the plan asks for, with the parameters that are not searched."""
    algorithm = str(trial["algorithm"])
    fixed = {
        f"{algorithm}.{name}": value
        for name, value in fitter.space.params.get(algorithm, {}).items()
        if not hasattr(value, "suggest")
    }
    chosen = {name: value for name, value in trial.items() if "." in name}
    return Configuration("features", scaler, "none", algorithm, tuple(sorted({**fixed, **chosen}.items())))


def gather(task: tuple[str, np.ndarray, Sequence[np.ndarray], str, Path]) -> pd.DataFrame:
    """The evidence of one set, from its file where it was gathered before."""
    name, X, truths, scaler, folder = task
    path = folder / f"{name}.csv"
    if not path.exists():
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            evidence_of(X, truths, scaler).to_csv(path, index=False)
    if path.stat().st_size < 2:
        return pd.DataFrame()
    return pd.read_csv(path).assign(set=name)


def fit(rows: pd.DataFrame, names: Sequence[str]) -> dict[str, float]:
    """The weights whose softmax over each set's candidates has the highest expected adjusted Rand index."""
    rows = rows.sort_values("set", kind="stable")
    values, y = rows[list(names)].to_numpy(), rows["ari"].to_numpy()
    scale = values.std(axis=0) + TINY
    values = (values - values.mean(axis=0)) / scale
    codes = pd.factorize(rows["set"])[0]
    starts = np.flatnonzero(np.r_[True, np.diff(codes) > 0])

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        raw = values @ w
        e = np.exp(raw - np.maximum.reduceat(raw, starts)[codes])
        p = e / np.add.reduceat(e, starts)[codes]
        expected = np.add.reduceat(p * y, starts)
        slope = values.T @ (p * (y - expected[codes])) / len(starts)
        return -expected.mean() + PENALTY * w @ w, -slope + 2 * PENALTY * w

    signs = [TERMS[name] for name in names]
    bounds = [(None if sign <= 0 else 0, None if sign >= 0 else 0) for sign in signs]
    ways = np.sign(np.array(signs) + 0.5)
    starting = [ways * np.abs(np.random.default_rng(seed).normal(size=len(names))) * 0.3 for seed in range(3)]
    best = min(
        (
            minimize(loss, w * np.sign(np.array(signs) + 0.5), jac=True, method="L-BFGS-B", bounds=bounds)
            for w in starting
        ),
        key=lambda r: r.fun,
    )
    return {name: round(float(w), 3) for name, w in zip(names, best.x / scale, strict=True)}


def weights(rows: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Both stages: what needs no fit, of all candidates; everything, of those of which no segment dissolves."""
    known = rows[rows["jaccard"].notna()]
    holding = known["jaccard"] >= DOUBTFUL_JACCARD
    none = ~holding.groupby(known["set"]).transform("any")
    return {"cheap": fit(rows, CHEAP), "full": fit(known[holding | none], TERMS)}


def chosen(rows: pd.DataFrame, found: Mapping[str, Mapping[str, float]]) -> pd.DataFrame:
    """What `ByConsensus` would choose of each set by these weights, as far as the evidence that was gathered tells."""
    cheap, full = (rows[list(w)] @ pd.Series(w) for w in (found["cheap"], found["full"]))
    best = []
    for _, index in rows.groupby("set").groups.items():
        looked_at = index[rows.loc[index, "jaccard"].notna()]
        listed = rows.loc[cheap.loc[looked_at].nlargest(SHORTLIST).index]
        weight = full.loc[listed.index] - 1e6 * (listed["jaccard"] < DOUBTFUL_JACCARD)
        leader = weight.idxmax()
        reaching = weight[listed["reaches"]]
        if len(reaching) and weight[leader] - reaching.max() < SURELY:
            leader = reaching.idxmax()
        best.append(leader)
    return rows.loc[best]


def report(
    rows: pd.DataFrame,
) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, dict[str, float]]], str]:
    """The weights of all sets, those without each battery, and a table of how well they choose."""
    everything = weights(rows)
    own = chosen(rows, everything)
    is_labelled = rows["labelled"]
    battery = rows["set"].str.split("_").str[0]
    without, lines, left = {}, [], []
    for name in sorted(battery[is_labelled].unique()):
        mine = is_labelled & (battery == name)
        without[name] = weights(rows[~mine])
        there = chosen(rows[mine], without[name])
        left.append(there)
        fitted = own[own["set"].isin(there["set"])]
        lines.append([name, len(there), f"{fitted['ari'].mean():.3f}", f"{there['ari'].mean():.3f}"])
    whole = pd.concat(left)
    known = own[own["labelled"]]
    lines.append(["all labelled", len(whole), f"{known['ari'].mean():.3f}", f"{whole['ari'].mean():.3f}"])
    generated = own[~own["labelled"]]
    if len(generated):
        lines.append(["generated", len(generated), f"{generated['ari'].mean():.3f}", "-"])
    best = rows.groupby("set")["ari"].max()
    text = table(("battery", "sets", "mean ARI", "mean ARI, battery left out"), lines)
    labelled_best = best[whole["set"]].mean()
    return everything, without, f"{text}\n\nThe best candidates of the labelled sets: {labelled_best:.3f}"


def main(argv: Sequence[str] | None = None) -> int:
    """Gather, fit, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="labelled CSVs")
    parser.add_argument("--evidence", type=Path, required=True, help="folder that keeps what was gathered")
    parser.add_argument("--generated", type=count, default=150, help="how many generated sets (150)")
    parser.add_argument("--jobs", type=count, default=2)
    parser.add_argument("--out", type=Path, help="file for the weights")
    parser.add_argument("--left-out", type=Path, help="folder for the weights without each battery")
    args = parser.parse_args(argv)
    args.evidence.mkdir(parents=True, exist_ok=True)
    tasks = []
    for path in sorted(args.folder.glob("*.csv")):
        known = labelled(path, ())
        scaler = "standard" if path.stem.startswith("uci_") else "none"
        tasks.append((known.name, known.X.to_numpy(dtype=float), known.truths, scaler, args.evidence))
    for number in range(args.generated):
        made = shaped(number)
        tasks.append(
            (made.name, made.X, (made.truth,), "standard" if number % 2 == 0 else "none", args.evidence)
        )
    frames = []
    with ProcessPoolExecutor(args.jobs) as pool:
        for i, frame in enumerate(pool.map(gather, tasks), start=1):
            print(
                f"[{i}/{len(tasks)}] {tasks[i - 1][0]}: {len(frame)} candidates", file=sys.stderr, flush=True
            )
            if len(frame):
                frames.append(frame.assign(labelled="_" in tasks[i - 1][0]))
    everything, without, text = report(pd.concat(frames, ignore_index=True))
    print(text)
    if args.out:
        args.out.write_text(json.dumps(everything, indent=2) + "\n", encoding="utf-8")
    if args.left_out:
        args.left_out.mkdir(parents=True, exist_ok=True)
        for name, found in without.items():
            (args.left_out / f"{name}.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
