"""`segment score` beside bare `pipeline.predict`: the same rows, once each way in a process of its own.

    python benchmarks/score.py [--rows 5000000] [--rounds 3] [--mixed]

Made-up customers of six columns are written to Parquet in a temporary folder. `bare` reads them in batches of the same
size and predicts; `predict` has them in memory and predicts in one call; `score` is what `segment score` does: it reads
and checks, predicts, measures distances, margins and ranges, and writes a Parquet file.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from segmentation.clustering import KMeans
from segmentation.data import TableFile
from segmentation.data.files import BATCH_ROWS
from segmentation.features import FeatureSet
from segmentation.serving import Segment, SegmentModel, score

COLUMNS = [f"x{i}" for i in range(6)]
PLACES = ("city", "suburb", "town", "village")
TRAINED_ON = 10_000
WAYS = ("bare", "predict", "score")
LEAST = 0.8
MOST_MB = 1_000
"""What is asked of `score`: its throughput as a share of `bare`, and its memory."""


def customers(n: int, seed: int, mixed: bool) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    centers = np.random.default_rng(1).uniform(0, 100, (5, len(COLUMNS)))
    segment = rng.integers(0, len(centers), n)
    values = np.round(centers[segment] + rng.normal(scale=6.0, size=(n, len(COLUMNS))), 1)
    table = pd.DataFrame(values, columns=COLUMNS)
    if mixed:
        table[COLUMNS[-1]] = pd.Categorical.from_codes((segment + rng.integers(0, 2, n)) % 4, PLACES)
    return table


def trained(mixed: bool) -> SegmentModel:
    table = customers(TRAINED_ON, 0, mixed)
    table = table.astype({c: "str" for c in table.columns if table[c].dtype == "category"})
    steps = [
        FeatureSet(categorical="all" if mixed else ()),
        StandardScaler(),
        "passthrough",
        KMeans(5, random_state=0),
    ]
    names = ["features", "scaler", "reducer", "algorithm"]
    pipeline = Pipeline(list(zip(names, steps, strict=True))).fit(table)
    sizes = np.bincount(pipeline[-1].labels_).tolist()
    segments = [Segment(i, f"S{i + 1}", f"segment {i}", n, n / len(table)) for i, n in enumerate(sizes)]
    return SegmentModel(pipeline, segments, table)


def write(path: Path, rows: int, mixed: bool) -> None:
    """Write the customers a part at a time, with ids."""
    writer = None
    for start in range(0, rows, 500_000):
        n = min(500_000, rows - start)
        part = customers(n, 2 + start, mixed)
        part.insert(0, "customer_id", np.arange(start, start + n))
        table = pa.Table.from_pandas(part, preserve_index=False)
        writer = writer or parquet.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer:
        writer.close()


def once(way: str, path: Path, mixed: bool) -> dict[str, float]:
    """Do it once, after a warm-up, in this process."""
    model = trained(mixed)
    model.predict(customers(1_000, 1, mixed))
    table = None
    if way == "predict":
        table = pd.read_parquet(path, columns=COLUMNS)
    started, worked = time.perf_counter(), time.process_time()
    if way == "predict":
        rows = len(model.pipeline.predict(table))
    elif way == "bare":
        rows = 0
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(BATCH_ROWS):
                rows += len(model.pipeline.predict(batch.to_pandas()))
    else:
        source = TableFile(path, id="customer_id")
        rows = score(model, lambda: source.read_batches(path), path.with_name("scored.parquet")).rows
    seconds = time.perf_counter() - started
    worked = time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"rows": rows, "seconds": seconds, "cpu_seconds": worked, "peak_mb": peak}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mixed", action="store_true", help="one column of six is a category")
    parser.add_argument("--once", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.once:
        print(json.dumps(once(asked.once, asked.path, asked.mixed)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "customers.parquet")
        write(path, asked.rows, asked.mixed)
        words = ["--path", str(path), *(["--mixed"] if asked.mixed else [])]
        runs = [_in_own_process(way, words) for _ in range(asked.rounds) for way in WAYS]
    found = (
        pd.DataFrame(runs)
        .groupby("way", sort=False)
        .agg(seconds=("seconds", "median"), cpu_seconds=("cpu_seconds", "median"), peak_mb=("peak_mb", "max"))
    )
    found["rows_per_second"] = asked.rows / found["seconds"]
    found["against_bare"] = found["rows_per_second"] / found.loc["bare", "rows_per_second"]
    print(
        found.round(
            {"seconds": 2, "cpu_seconds": 2, "peak_mb": 0, "rows_per_second": 0, "against_bare": 2}
        ).to_string()
    )
    held = found.loc["score", "against_bare"] >= LEAST and found.loc["score", "peak_mb"] < MOST_MB
    print(f"score: at least {LEAST} of bare and under {MOST_MB} MB: {'yes' if held else 'NO'}")
    return 0 if held else 1


def _in_own_process(way: str, words: list[str]) -> dict[str, object]:
    ran = subprocess.run(
        [sys.executable, __file__, "--once", way, *words], capture_output=True, text=True, check=True
    )
    return {"way": way, **json.loads(ran.stdout)}


if __name__ == "__main__":
    sys.exit(main())
