import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from models import segment_model
from segmentation.data import Demo
from segmentation.errors import InputError
from segmentation.serving import score

CUSTOMERS = Demo(n_customers=200).read().table


@pytest.fixture(scope="module")
def model():
    return segment_model(CUSTOMERS)


def batches(n):
    return lambda: [CUSTOMERS.iloc[i : i + n] for i in range(0, len(CUSTOMERS), n)]


def read(path):
    return (
        pd.read_parquet(path)
        if path.suffix == ".parquet"
        else pd.read_csv(path, index_col=0, keep_default_na=False)
    )


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("n", [1, 7, 1000])
def test_the_file_holds_what_the_model_assigns_in_order(model, tmp_path, suffix, n):
    output = tmp_path / "new" / f"scored{suffix}"
    told = []
    scored = score(model, batches(n), output, told.append)
    found, expected = read(output), model.assign(CUSTOMERS)
    assert sum(told) == scored.rows == len(CUSTOMERS)
    assert scored.segments == expected["segment"].value_counts().sort_index().to_dict()
    assert [*found] == [
        "segment_id",
        "segment_name",
        "segment",
        "distance",
        "margin",
        "outside",
        "outside_reason",
    ]
    pd.testing.assert_frame_equal(found[[*expected]], expected, check_dtype=False)
    assert [file.name for file in output.parent.iterdir()] == [output.name]


def test_ids_may_be_missing_or_turn_out_to_be_text(model, tmp_path):
    output = tmp_path / "scored.parquet"
    numbers = CUSTOMERS.head(2).rename_axis("id")
    some = CUSTOMERS.head(3).set_axis(pd.Index([1, 2, None], name="id", dtype="Int64"))
    score(model, lambda: [numbers, some], output)
    assert read(output).index.fillna(-1).tolist() == [1, 2, 1, 2, -1]
    text = CUSTOMERS.head(2).set_axis(pd.Index(["A1", None], name="id", dtype="str"))
    assert score(model, lambda: [numbers, some, text], output).rows == 7
    assert read(output).index.fillna("-").tolist() == ["1", "2", "1", "2", "-", "A1", "-"]
    csv = tmp_path / "scored.csv"
    score(model, lambda: [numbers, some, text], csv)
    assert [line.partition(",")[0] for line in csv.read_text().splitlines()][-2:] == ['"A1"', ""]


def test_a_mistake_in_a_late_batch_leaves_the_old_file(model, tmp_path):
    output = tmp_path / "scored.parquet"
    score(model, batches(50), output)
    before = output.read_bytes()
    late = [*batches(20)(), CUSTOMERS.drop(columns="annual_income")]
    with pytest.raises(InputError, match="annual_income"):
        score(model, lambda: late, output)
    assert output.read_bytes() == before
    assert [*tmp_path.iterdir()] == [output]


def test_an_id_with_the_name_of_a_result_is_refused(model, tmp_path):
    with pytest.raises(InputError, match="id column 'margin' has the name of a result"):
        score(model, lambda: [CUSTOMERS.rename_axis("margin")], tmp_path / "scored.csv")


def test_where_nothing_can_be_written_that_is_said(model, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        score(model, batches(50), tmp_path / "file" / "scored.csv")
    with pytest.raises(InputError, match=r"end in \.csv or \.parquet"):
        score(model, batches(50), tmp_path / "scored.txt")


PROGRAM = """
import sys, time
sys.path.insert(0, {tests!r})
from models import segment_model
from segmentation.cli import _terminate
from segmentation.data import Demo
from segmentation.serving import score
import pathlib, signal
CUSTOMERS = Demo(200).read().table
signal.signal(signal.SIGTERM, _terminate)
def slowly():
    while True:
        yield CUSTOMERS
        time.sleep(0.01)
score(segment_model(CUSTOMERS), slowly, pathlib.Path("scored.parquet"), lambda rows: print(rows, flush=True))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("number", "left"), [(signal.SIGTERM, 0), (signal.SIGINT, 0), (signal.SIGKILL, 1)])
def test_what_is_killed_leaves_nothing_under_the_final_name(tmp_path, number, left):
    program = PROGRAM.format(tests=str(Path(__file__).parents[1]))
    running = subprocess.Popen(
        [sys.executable, "-c", program], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert running.stdout.readline().strip() == str(len(CUSTOMERS)).encode()
    assert [file.name for file in tmp_path.iterdir()] == [f".scored.parquet.{running.pid}.partial"]
    running.send_signal(number)
    running.stdout.close()
    assert running.wait(60) != 0
    assert len([*tmp_path.iterdir()]) == left
    assert not (tmp_path / "scored.parquet").exists()
