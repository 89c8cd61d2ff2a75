"""`segment stream` killed at random, and the question if any record is lost, or assigned twice.

    python benchmarks/stream.py [--records 100000] [--kills 20] [--batch 200] [--seed 0]

Made-up mall customers arrive as CSV and Parquet files, one record in 500 of them with text for a number. The command
is started again and again in a store of its own and gets SIGKILL, each time after a random number of further records
or, one time in five, at a random moment of its start. Then it runs to its end, and what it wrote is compared with the
records one by one, its segments with those of the model asked for all at once, its changes with those counted by hand.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from segmentation.data import MallFile
from segmentation.tracking import Store, load_model

STORE = "sqlite:///mlruns/mlflow.db"
SEGMENT = [str(Path(sys.executable).with_name("segment"))]
START_SECONDS = 5.0
ONE_BAD_IN = 500


def write(folder: Path, n: int, files: int, seed: int) -> pd.DataFrame:
    """Write the records, and say which are bad."""
    rng = np.random.default_rng(seed)
    centers = np.array([[55, 50], [87, 82], [88, 17], [26, 21], [26, 79]])
    values = np.clip(centers[rng.integers(0, 5, n)] + rng.normal(scale=6, size=(n, 2)), 1, 100).round(1)
    table = pd.DataFrame(values, columns=["Annual Income (k$)", "Spending Score (1-100)"]).astype("str")
    table.insert(0, "CustomerID", rng.integers(1, max(2, n // 4), n))
    table.iloc[::ONE_BAD_IN, 1] = "lots"
    parts = []
    for i in range(files):
        part = table[i * n // files : (i + 1) * n // files]
        name = f"{i:03d}.{'parquet' if i % 2 else 'csv'}"
        (part.to_parquet if i % 2 else part.to_csv)(folder / name, index=False)
        parts.append(part.assign(source=name, row=np.arange(1, len(part) + 1)))
    return pd.concat(parts, ignore_index=True)


def kill_once(words: list[str], output: Path, least: int, rng: random.Random) -> bool:
    """Start the command, and kill it after so many micro-batches, or while it starts; False where it ended before."""
    done = lambda: len(list((output / "assignments").glob("[0-9]*.jsonl")))  # noqa: E731
    before, began = done(), time.monotonic()
    at_start = rng.random() < 0.2
    moment = rng.uniform(0, START_SECONDS if at_start else 0.05)
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not at_start and done() < before + least:
        time.sleep(0.002)
    time.sleep(moment)
    killed = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    when = "while it started" if at_start else f"after {done() - before} micro-batches"
    print(
        f"  killed {when}, {time.monotonic() - began:.1f} s after its start"
        if killed
        else "  had ended by itself"
    )
    return killed


def lines(folder: Path) -> pd.DataFrame:
    rows = [
        json.loads(line) for file in sorted(folder.glob("*.jsonl")) for line in file.open(encoding="utf-8")
    ]
    return pd.DataFrame(rows)


def faults(records: pd.DataFrame, output: Path, model_uri: str, folder: Path) -> list[str]:
    """What is wrong with the output; empty where nothing is."""
    found = []
    assigned, rejected = lines(output / "assignments"), lines(output / "rejected")
    keys = pd.concat([part[["source", "row"]] for part in (assigned, rejected)])
    if keys.duplicated().any():
        found.append(f"{keys.duplicated().sum()} records have two answers")
    lost = len(records) - len(keys.merge(records[["source", "row"]]).drop_duplicates())
    if lost:
        found.append(f"{lost} records are lost")
    bad = records[records["Annual Income (k$)"] == "lots"]
    if len(bad.merge(rejected[["source", "row"]])) != len(bad) or len(rejected) != len(bad):
        found.append(f"{len(rejected)} records are rejected, {len(bad)} are bad")
    good = records.drop(bad.index)
    good.to_csv(folder / "good.csv", index=False)
    model, _ = load_model(model_uri)
    expected = model.assign(MallFile("").read_new(folder / "good.csv"))["segment_id"].to_numpy()
    both = good.assign(expected=expected).merge(assigned, on=["source", "row"])
    if not (both["expected"] == both["segment_id"]).all() or len(both) != len(good):
        found.append("segments are not the model's")
    before = both.groupby("CustomerID")["segment_id"].shift()
    changed = both[before.notna() & (before != both["segment_id"])]
    changes = lines(output / "changes")
    if len(changes) != len(changed) or len(changed.merge(changes, on=["source", "row"])) != len(changed):
        found.append(f"{len(changes)} changes of segment are told, there are {len(changed)}")
    if list(output.rglob(".*.jsonl")):
        found.append("hidden files are left")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--files", type=int, default=10)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--batch", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    rng = random.Random(asked.seed)
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        folder, output = Path("arrived"), Path("streamed")
        folder.mkdir()
        records = write(folder, asked.records, asked.files, asked.seed)
        for words in (["fit", "data.n_customers=150", "register=true"], ["promote", "gate=off"]):
            subprocess.run([*SEGMENT, *words], check=True, capture_output=True)
        words = [
            *SEGMENT,
            "stream",
            f"source={folder}",
            f"output={output}",
            f"batch={asked.batch}",
            "print=json",
        ]
        began, kills = time.monotonic(), 0
        for left in range(asked.kills, 0, -1):
            done = len(list((output / "assignments").glob("[0-9]*.jsonl")))
            most = (asked.records // asked.batch - done) // (left + 1) * 2
            kills += kill_once(words, output, rng.randint(1, max(1, most)), rng)
        ended = subprocess.run(words, check=True, capture_output=True, text=True)
        total = json.loads(ended.stdout)["total"]
        seconds = time.monotonic() - began
        Store.open(STORE, None, "customer-segmentation")
        found = faults(records, output, "models:/customer-segments@champion", Path(place))
        print(f"{asked.records} records, {kills} kills, {seconds:.0f} s: {total}")
        print(
            "\n".join(found)
            if found
            else "every record has one answer, the right one; every change is told once"
        )
        again = subprocess.run(words, check=True, capture_output=True, text=True)
        print(f"started once more: {json.loads(again.stdout)['records']} records")
        shutil.rmtree("mlruns")
    return 1 if found or kills < asked.kills else 0


if __name__ == "__main__":
    sys.exit(main())
