import json
import multiprocessing
import os
import random
import signal
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models import segment_model
from segmentation.clustering import KMeans
from segmentation.data import Demo, MallFile
from segmentation.errors import InputError
from segmentation.streaming import Counts, FileSource, JsonLinesSource, ServedModel, StreamState, stream
from segmentation.streaming import _state as module

COLUMNS = ["annual_income", "spending_score"]
RICH, POOR = (88, 82), (25, 20)
CUSTOMERS = Demo(n_customers=150).read().table


@pytest.fixture(scope="module")
def served():
    return ServedModel(segment_model(CUSTOMERS), "1", MallFile("").read_records)


def records(n, seed=0, ids=None):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        rng.integers(1, 100, (n, 2)), columns=["Annual Income (k$)", "Spending Score (1-100)"]
    )
    table.insert(0, "CustomerID", rng.integers(1, max(2, n // 3), n) if ids is None else ids)
    return table


def arrive(folder, name, table):
    folder.mkdir(exist_ok=True)
    hidden = folder / f".{name}"
    (table.to_parquet if name.endswith("parquet") else table.to_csv)(hidden, index=False)
    hidden.rename(folder / name)


def lines(output, kind="assignments"):
    text = "".join(file.read_text(encoding="utf-8") for file in sorted((output / kind).glob("*.jsonl")))
    return [json.loads(line) for line in text.split("\n") if line]


def run(tmp_path, served, size=7, source="in", stop=lambda: False, **options):
    done = []
    with StreamState(tmp_path / "out", source, "m", options.pop("keeps_records", False)) as state:
        folder = FileSource(tmp_path / "in", state, size, settle=options.pop("settle", 0), **options)
        stream(folder, state, lambda: served, stop, 0.01, done.append)
    return sum(done, Counts())


def run_lines(tmp_path, served, text, size=7, replay=None):
    path = tmp_path / "lines"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with StreamState(tmp_path / "out", "-", "m") as state, path.open("rb") as file:
        found = JsonLinesSource(file.fileno(), state, size, replay)
        stream(found, state, lambda: served, wait=0.01)
    return found


def as_json(table):
    return "".join(f"{json.dumps(row)}\n" for row in table.to_dict("records"))


def test_every_record_of_every_file_is_assigned_once_as_the_model_says(tmp_path, served):
    parts = {"a.csv": records(20, 1), "b.parquet": records(15, 2), "deep.tsv": records(1, 3)}
    for name, table in parts.items():
        if name.endswith("tsv"):
            (tmp_path / "in" / name).write_text(table.to_csv(sep="\t", index=False))
        else:
            arrive(tmp_path / "in", name, table)
    done = run(tmp_path, served)
    assert (done.assigned, done.rejected, done.files) == (36, 0, 3)
    found = pd.DataFrame(lines(tmp_path / "out"))
    assert found[["source", "row"]].apply(tuple, axis=1).tolist() == [
        (name, row) for name, table in parts.items() for row in range(1, len(table) + 1)
    ]
    everybody = pd.concat(parts.values())
    expected = served.model.assign(everybody.set_axis(["id", *COLUMNS], axis=1))
    assert found["customer"].tolist() == everybody["CustomerID"].astype(str).tolist()
    for column in expected:
        assert found[column].tolist() == pytest.approx(expected[column].tolist())
    assert run(tmp_path, served) == Counts()
    assert len(lines(tmp_path / "out")) == 36


def test_a_change_of_segment_is_told_with_ids_names_and_time_and_nothing_else_is(tmp_path, served):
    moves = [(1, *RICH), (2, *POOR), (1, *RICH), (1, *POOR), (2, *POOR), (1, *RICH)]
    table = pd.DataFrame(moves, columns=["id", "income", "Spending Score"])
    arrive(tmp_path / "in", "a.csv", table[:4])
    arrive(tmp_path / "in", "b.csv", table[4:].astype({"id": float}))
    assert run(tmp_path, served, size=3).changes == 2
    away, back = lines(tmp_path / "out", "changes")
    segment_of = {row["row"]: row for row in lines(tmp_path / "out") if row["source"] == "a.csv"}
    assert (away["customer"], away["source"], away["row"]) == ("1", "a.csv", 4)
    assert (away["from"], away["from_name"]) == (segment_of[1]["segment_id"], segment_of[1]["segment_name"])
    assert (away["to"], away["to_name"]) == (segment_of[4]["segment_id"], segment_of[4]["segment_name"])
    assert away["time"] == segment_of[4]["time"]
    assert (back["from"], back["to"], back["source"]) == (away["to"], away["from"], "b.csv")


def test_a_change_says_which_models_it_was_between(tmp_path, served):
    arrive(tmp_path / "in", "a.csv", records(30, 1, ids=range(30)))
    run(tmp_path, served)
    arrive(tmp_path / "in", "b.csv", records(30, 1, ids=range(30)))
    # The same customers as before: whoever is elsewhere has another model to thank for it.
    other = ServedModel(segment_model(CUSTOMERS, KMeans(3, random_state=0)), "2", served.read)
    assert run(tmp_path, other).changes > 0
    assert {(c["from_model"], c["to_model"]) for c in lines(tmp_path / "out", "changes")} == {("1", "2")}


def test_bad_records_are_put_aside_with_their_reason_and_the_others_assigned(tmp_path, served):
    table = records(40).astype("str")
    table.iloc[[3, 4, 30], 1] = "lots"
    table.iloc[17, 0] = ""
    arrive(tmp_path / "in", "a.csv", table)
    arrive(tmp_path / "in", "b.csv", table.drop(columns="Spending Score (1-100)"))
    (tmp_path / "in" / "c.parquet").write_bytes(b"PAR1 is not enough")
    (tmp_path / "in" / "d.csv").write_text("id,income,score\n1,2\n")
    arrive(tmp_path / "in", "e.csv", table[:2])
    done = run(tmp_path, served, size=40)
    assert (done.assigned, done.rejected, done.files) == (38, 4 + 40 + 2, 5)
    found = lines(tmp_path / "out", "rejected")
    first = {row["row"]: row for row in found if row["source"] == "a.csv"}
    assert sorted(first) == [4, 5, 18, 31]
    assert "annual_income" in first[4]["reason"] and "'lots'" in first[4]["reason"]
    assert first[4]["record"]["Annual Income (k$)"] == "lots"
    assert "no id" in first[18]["reason"]
    assert {"spending_score" in row["reason"] for row in found if row["source"] == "b.csv"} == {True}
    whole = {row["source"]: row for row in found if row["row"] is None}
    assert "not a readable Parquet file" in whole["c.parquet"]["reason"]
    assert "line 2 has 2 cells" in whole["d.csv"]["reason"]


class Killed(BaseException):
    pass


@pytest.mark.parametrize("step", ["fsync", "_publish", "ROLLBACK"])
def test_whatever_is_cut_off_in_between_is_done_once_in_the_end(tmp_path, served, monkeypatch, step):
    arrive(tmp_path / "in", "a.csv", records(30, 1))
    arrive(tmp_path / "in", "b.parquet", records(25, 2))
    table = records(5).astype("str")
    table.iloc[1, 1] = "lots"
    arrive(tmp_path / "in", "c.csv", table)
    kills = 0
    for calls in range(1, 200):
        left = calls % 5
        place = {"fsync": module.os, "_publish": module, "ROLLBACK": StreamState}[step]
        name = {"ROLLBACK": "_save_customers"}.get(step, step)
        real = getattr(place, name)

        def dying(*args, real=real):
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed
            return real(*args)

        with monkeypatch.context() as patch:
            patch.setattr(place, name, dying)
            try:
                run(tmp_path, served, size=4)
                break
            except Killed:
                kills += 1
    run(tmp_path, served)
    assert kills >= 5
    keys = [
        (r["source"], r["row"]) for kind in ("assignments", "rejected") for r in lines(tmp_path / "out", kind)
    ]
    wanted = [
        (name, row) for name, n in (("a.csv", 30), ("b.parquet", 25), ("c.csv", 5)) for row in range(1, n + 1)
    ]
    assert sorted(keys) == wanted
    assert not [*(tmp_path / "out").rglob(".*.jsonl")]
    whole = tmp_path / "whole"
    whole.mkdir()
    (tmp_path / "in").rename(whole / "in")
    assert run(whole, served, size=4).assigned == 59
    timeless = [
        [{**row, "time": 0} for row in lines(place / "out", "changes")] for place in (tmp_path, whole)
    ]
    assert timeless[0] == timeless[1]


def test_whoever_takes_answers_away_disturbs_nothing(tmp_path, served):
    arrive(tmp_path / "in", "a.csv", records(20, 1))
    run(tmp_path, served)
    for file in (tmp_path / "out" / "assignments").iterdir():
        file.unlink()
    arrive(tmp_path / "in", "b.csv", records(5, 2))
    run(tmp_path, served)
    assert [row["source"] for row in lines(tmp_path / "out")] == ["b.csv"] * 5


def test_names_with_a_dot_or_underscore_and_other_files_are_not_read(tmp_path, served):
    for name in (".a.csv", "_b.csv", "_temporary/c.csv", "d.csv.part", "e.txt", "sub/f.csv"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        records(3).to_csv(path, index=False)
    run(tmp_path, served)
    assert {row["source"] for row in lines(tmp_path / "out")} == {"sub/f.csv"}


def test_a_file_that_was_written_just_now_is_waited_for(tmp_path, served):
    arrive(tmp_path / "in", "a.csv", records(3))
    assert run(tmp_path, served, settle=0.3).assigned == 3


def test_files_that_arrive_later_are_read_until_told_to_stop(tmp_path, served):
    arrive(tmp_path / "in", "b.csv", records(3))
    looks = []

    def stop():
        looks.append(1)
        if len(lines(tmp_path / "out")) == 3:
            arrive(tmp_path / "in", "a.csv", records(4))
        return len(lines(tmp_path / "out")) == 7 or len(looks) > 1000

    run(tmp_path, served, once=False, stop=stop)
    assert [row["source"] for row in lines(tmp_path / "out")] == ["b.csv"] * 3 + ["a.csv"] * 4


def test_a_file_is_known_by_its_name_and_a_changed_one_is_put_aside(tmp_path, served):
    arrive(tmp_path / "in", "a.csv", records(10, ids=range(10)))
    run(tmp_path, served)
    os.utime(tmp_path / "in" / "a.csv", (1, 1))
    assert run(tmp_path, served) == Counts()
    arrive(tmp_path / "in", "b.csv", records(10, ids=range(10)))
    assert run(tmp_path, served) == Counts(assigned=10, files=1)
    arrive(tmp_path / "in", "a.csv", records(12))
    assert run(tmp_path, served) == Counts(rejected=1, files=1)
    (told,) = lines(tmp_path / "out", "rejected")
    assert "a.csv was changed after 10 of its records were done" in told["reason"]
    assert run(tmp_path, served) == Counts()


def test_a_file_that_changes_between_two_starts_is_not_read_on(tmp_path, served):
    arrive(tmp_path / "in", "a.csv", records(10))
    run(tmp_path, served, size=4, stop=lambda: len(lines(tmp_path / "out")) >= 4)
    arrive(tmp_path / "in", "a.csv", records(10, seed=9))
    assert run(tmp_path, served, size=4) == Counts(rejected=1, files=1)
    assert len(lines(tmp_path / "out")) == 4


def test_a_folder_of_output_belongs_to_one_source_one_model_and_one_process(tmp_path, served, monkeypatch):
    arrive(tmp_path / "in", "a.csv", records(3))
    run(tmp_path, served)
    with pytest.raises(InputError, match="holds the stream of source=in, not of elsewhere"):
        run(tmp_path, served, source="elsewhere")
    with pytest.raises(InputError, match="holds the stream of model=m, not of other"):
        StreamState(tmp_path / "out", "in", "other")
    monkeypatch.setattr(module, "PATIENCE", 0.0)
    with (
        StreamState(tmp_path / "out", "in", "m"),
        pytest.raises(InputError, match="is being written by another `segment stream`"),
    ):
        StreamState(tmp_path / "out", "in", "m")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        StreamState(tmp_path / "file", "in", "m")
    with pytest.raises(InputError, match="is no folder"):
        FileSource(tmp_path / "nowhere", StreamState(tmp_path / "new", "in", "m"), 5)


def test_the_last_record_of_each_customer_is_kept_until_it_is_learned_from(tmp_path, served):
    arrive(
        tmp_path / "in",
        "a.csv",
        pd.DataFrame({"id": [1, 2, 1], "income": [1, 2, None], "spending score": [7, 8, 9]}),
    )
    run(tmp_path, served, keeps_records=True)
    with StreamState(tmp_path / "out", "in", "m", True) as state:
        assert state.since_update == 3
        kept = state.recent()
        assert kept["spending_score"].to_dict() == {"1": 9, "2": 8}
        assert kept["annual_income"].isna().to_dict() == {"1": True, "2": False}
        state.forget({"learned": "something"})
        assert (state.since_update, len(state.recent()), state.note("learned")) == (0, 0, "something")


def test_lines_of_json_are_assigned_as_a_table_of_them_would_be(tmp_path, served):
    table = records(20, 1)
    run_lines(tmp_path, served, as_json(table))
    arrive(tmp_path / "in", "a.csv", table)
    other = tmp_path / "other"
    other.mkdir()
    (tmp_path / "in").rename(other / "in")
    run(other, served)
    same = [[{**row, "time": 0, "source": ""} for row in lines(place / "out")] for place in (tmp_path, other)]
    assert same[0] == same[1]


def test_what_is_no_record_is_put_aside_with_its_line(tmp_path, served):
    good = '{"id": 1, "income": "50", "spending score": null}'
    bad = [
        "[1]",
        "{",
        '{"id": 3, "income": [4], "spending score": 5}',
        '{"id": 3, "income": 4}',
        '{"id": "\\ud800"}',
        "\udcff",
    ]
    text = "\n".join([good, "", *bad, good]).encode("utf-8", "surrogateescape")
    run_lines(tmp_path, served, text)
    assert [row["row"] for row in lines(tmp_path / "out")] == [1, 9]
    told = {row["row"]: row["reason"] for row in lines(tmp_path / "out", "rejected")}
    assert [*told] == [3, 4, 5, 6, 7, 8]
    assert "is no JSON object" in told[3] and "'income' holds more than one value" in told[5]
    assert "spending_score" in told[6]


def test_after_a_restart_the_sender_says_where_it_goes_on(tmp_path, served):
    text = as_json(records(20, 1))
    part = "".join(text.splitlines(keepends=True)[:8])
    run_lines(tmp_path, served, part, size=3)
    with pytest.raises(InputError, match="8 lines of standard input were done before; say replay=true"):
        run_lines(tmp_path, served, text)
    assert run_lines(tmp_path, served, text, replay=True).passed == 8
    assert [row["row"] for row in lines(tmp_path / "out")] == [*range(1, 21)]
    run_lines(tmp_path, served, part, replay=False)
    assert [row["row"] for row in lines(tmp_path / "out")] == [*range(1, 29)]
    with pytest.raises(InputError, match="The first 28 lines of standard input are not those"):
        run_lines(tmp_path, served, as_json(records(40, 2)), replay=True)
    assert len(lines(tmp_path / "out")) == 28


def test_half_a_line_at_the_end_is_left_to_be_sent_again(tmp_path, served):
    text = as_json(records(5, 1))
    assert run_lines(tmp_path, served, text[:-10]).incomplete
    assert len(lines(tmp_path / "out")) == 4
    assert not run_lines(tmp_path, served, text.strip(), replay=True).incomplete
    assert [row["row"] for row in lines(tmp_path / "out")] == [1, 2, 3, 4, 5]


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=1),
)
OBJECTS = st.dictionaries(st.sampled_from(["id", "income", "Spending Score", "Gender", "x"]), VALUES)
SENT = st.lists(st.one_of(OBJECTS.map(json.dumps), st.text(max_size=8)), max_size=12)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SENT)
def test_whatever_is_sent_every_line_has_one_answer(tmp_path_factory, served, sent):
    place = tmp_path_factory.mktemp("sent")
    text = "\n".join([*sent, ""]).encode("utf-8", "replace")
    run_lines(place, served, text)
    answered = [row["row"] for kind in ("assignments", "rejected") for row in lines(place / "out", kind)]
    assert sorted(answered) == [n for n, line in enumerate(text.split(b"\n"), 1) if line.strip()]


def _stream_here(place):
    run(Path(place), ServedModel(segment_model(CUSTOMERS), "1", MallFile("").read_records), size=50)


@pytest.mark.slow
def test_killed_twenty_times_nothing_is_lost_and_nothing_assigned_twice(tmp_path):
    parts = {f"{i}.{'parquet' if i % 2 else 'csv'}": records(2_000, i) for i in range(10)}
    for name, table in parts.items():
        arrive(tmp_path / "in", name, table)
    output = tmp_path / "out" / "assignments"
    # What is imported once need not be by each of the processes.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "segmentation.streaming"])
    chance = random.Random(0)
    kills, exitcode = 0, None
    while not (kills == 20 and exitcode == 0):
        if exitcode == 0:
            # It ended before it was killed: this machine is too fast for the files that are there.
            parts[f"{len(parts)}.csv"] = records(2_000, len(parts))
            arrive(tmp_path / "in", *[*parts.items()][-1])
        process = context.Process(target=_stream_here, args=(str(tmp_path),))
        process.start()
        goal = len([*output.glob("[0-9]*")]) + chance.randint(1, 30) if kills < 20 else 10**9
        while process.is_alive() and len([*output.glob("[0-9]*")]) < goal:
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.02))
        process.kill()
        process.join()
        exitcode = process.exitcode
        assert exitcode in (0, -signal.SIGKILL)
        kills += exitcode != 0
    found = [(row["source"], row["row"]) for row in lines(tmp_path / "out")]
    assert sorted(found) == sorted((name, row) for name in parts for row in range(1, 2_001))
