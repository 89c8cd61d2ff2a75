import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

from models import segment_model
from segmentation.clustering import KMeans
from segmentation.data import Demo
from segmentation.errors import InputError
from segmentation.serving import SegmentModel
from segmentation.tracking import Registry, Store, identified, identity_tags, log_model
from segmentation.tracking import _registry as module

URI = "sqlite:///mlruns/mlflow.db"
NAME = "customer-segments"
COLUMNS = ["annual_income", "spending_score"]
DATA = {"_target_": "segmentation.data.Demo", "n_customers": 150}


@pytest.fixture
def customers():
    return Demo(n_customers=150).read()


@pytest.fixture
def registry(store_dir):
    return Registry(Store.open(URI, None, "customer-segmentation"), NAME)


@pytest.fixture
def register(registry, customers):
    """Register a k-means model as `fit register=true` does, but without pictures."""

    def make(k, alias="challenger", columns=COLUMNS, related=True, **tags):
        model = segment_model(
            customers.table,
            KMeans(k, random_state=0),
            columns,
            called=lambda number: (f"X{number}", f"k={k} {number}"),
        )
        if related:
            segments, lineage = identified(registry, model.segments, customers, model.algorithm.labels_)
            tags |= identity_tags(segments, lineage)
            model = SegmentModel(model.pipeline, segments, customers.table)
        metadata = {"data": DATA, "choice": {"algorithm": "kmeans"}}
        with registry.store.run("fit", {"command": "fit"}) as run:
            uri = log_model(run, model, customers.table[columns].dropna().head(5), metadata)
            return registry.register(run, uri, alias, tags)

    return make


def aliased(client, alias="champion"):
    version = client.get_model_version_by_alias(NAME, alias)
    return str(version.version), version.tags


def test_the_first_challenger_becomes_champion_on_its_own_merits(segment, client, register, customers):
    register(5)
    said = segment("promote")
    assert said.code == 0
    assert "customer-segments version 1 is now the champion." in said.out
    assert "Jaccard S5" in said.out
    assert "agreement" not in said.out
    version, tags = aliased(client)
    assert version == "1"
    assert tags["promoted_on"] == customers.fingerprint
    assert tags["promoted_at"] and tags["promoted_by"]
    assert tags["gate"] == "passed"
    assert "previous" not in client.get_registered_model(NAME).aliases
    again = segment("promote", "print=json").json()
    assert not again["promoted"]
    assert "is the champion already" in segment("promote").out


def test_a_better_challenger_moves_the_old_champion_to_previous(segment, client, register):
    register(6)
    segment("promote")
    register(5)
    shown = segment("promote", "dry_run=true", "print=json").json()
    assert (shown["promoted"], aliased(client)[0]) == (False, "1")
    assert [c["role"] for c in shown["contenders"]] == ["challenger", "champion"]
    assert 0 < shown["agreement"] < 1
    assert shown["lineage"] == ["k=6 0 (S1) and k=6 2 (S3) were merged into k=6 0 (S1)"] or shown["lineage"]
    moved = segment("promote", "reason=simpler", "print=json").json()
    assert (moved["promoted"], moved["version"], moved["previous"]) == (True, "2", "1")
    version, tags = aliased(client)
    assert (version, aliased(client, "previous")[0]) == ("2", "1")
    assert (tags["promoted_from"], tags["promoted_because"]) == ("1", "simpler")


def test_a_segmentation_that_does_not_hold_is_refused_with_its_reasons(segment, client, register):
    register(5)
    segment("promote")
    register(9)
    said = segment("promote")
    assert said.code == 3
    assert said.err == ""
    assert "customer-segments version 2 was not promoted:" in said.out
    assert "is not found again in sub-samples of the customers" in said.out
    assert aliased(client)[0] == "1"
    (run,) = client.search_runs(["1"], "tags.command = 'promote' and tags.version = '2'")
    assert run.data.tags["promoted"] == "false"
    assert "is not found again" in run.data.tags["refused"]
    checks = pd.read_csv(client.download_artifacts(run.info.run_id, "gate/checks.csv"))
    assert checks.columns.tolist() == ["check", "value", "limit", "passed", "reason"]
    assert {"silhouette", "smallest segment", "served by MLflow", "ids kept"} <= {*checks["check"]}


def test_force_needs_a_reason_which_is_kept(segment, client, register):
    register(9)
    said = segment("promote", "force=true")
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "force=true needs a reason" in said.err
    assert segment("promote", "reason='I like it'").code == 3
    forced = segment("promote", "force=true", "reason='the board wants nine'", "print=json").json()
    assert forced["promoted"] and forced["forced"] and forced["refused"]
    _, tags = aliased(client)
    assert tags["promoted_because"] == "the board wants nine"
    assert tags["gate"].startswith("forced past: ")


def test_what_cuts_a_continuum_needs_a_reason(segment, register):
    register(5, verdict="constructive")
    said = segment("promote", "reason=' '")
    assert said.code == 2
    assert "divides customers who vary gradually (verdict constructive)" in said.err
    assert segment("promote", "dry_run=true").code == 0
    assert segment("promote", "reason='quartiles for the mailing'").code == 0


def test_the_gate_is_configured(segment, register):
    register(9)
    assert segment("promote", "gate=off").code == 0
    register(5)
    assert "below 0.9900" in segment("promote", "gate=strict", "gate.min_agreement=0.99").out
    assert "gate.fits is 1" in segment("promote", "gate.fits=1").err


def test_a_model_that_reads_what_these_customers_lack_is_compared_by_its_centres(
    segment, register, store_dir
):
    register(5, columns=[*COLUMNS, "age"])
    assert segment("promote", "gate=off").code == 0
    register(5)
    Demo(n_customers=150).read().table.drop(columns="age").to_csv("young.csv")
    words = ("data=table", "data.path=young.csv", "data.id=customer_id")
    record = segment("promote", *words, "gate.same_ids=false", "print=json").json()
    assert [c["role"] for c in record["contenders"]] == ["challenger"]
    assert record["promoted"]


def test_a_challenger_that_is_no_successor_is_refused(segment, register):
    register(5)
    segment("promote")
    register(5, related=False)
    said = segment("promote")
    assert said.code == 3
    assert "it was not trained as this champion's successor (S1 is X0 in it" in said.out


def test_ids_go_on_from_version_to_version(segment, client, register):
    first = register(5)
    assert segment("promote").code == 0
    second = register(6)
    assert first.tags["segments"].startswith("S1 k=5 0 (51); S2 ")
    assert "was split into" in second.tags["lineage"]
    assert client.get_registered_model(NAME).tags["last_segment_id"] == "6"
    third = register(6)
    assert "S7 " in third.tags["segments"]
    assert "S6 " not in third.tags["segments"]


class TestRollback:
    def test_it_restores_the_version_before_and_a_second_one_undoes_it(self, segment, client, register):
        register(6)
        segment("promote")
        register(5)
        segment("promote")
        said = segment("rollback", "reason='mailing broke'")
        assert said.code == 0
        assert "version 1 is the champion again, version 2 is kept as 'previous'" in said.out
        version, tags = aliased(client)
        assert version == "1"
        assert (tags["restored_because"], tags["restored_from"]) == ("mailing broke", "2")
        assert tags["restored_at"] and tags["restored_by"]
        left, told = aliased(client, "previous")
        assert (left, told["rolled_back_because"]) == ("2", "mailing broke")
        assert segment("rollback", "print=json").json()["version"] == "2"
        assert (aliased(client)[0], aliased(client, "previous")[0]) == ("2", "1")

    def test_there_must_be_a_version_before(self, segment, register):
        assert segment("rollback").code == 2
        register(5)
        segment("promote")
        said = segment("rollback")
        assert (said.code, said.err.count("\n")) == (2, 1)
        assert "nothing to roll back to" in said.err

    def test_what_no_longer_loads_is_not_restored(self, segment, client, register, store_dir):
        register(6)
        segment("promote")
        register(5)
        segment("promote")
        (file, _) = sorted((store_dir / "mlruns").rglob("model.skops"), key=lambda path: path.stat().st_mtime)
        file.write_bytes(file.read_bytes() + b"x")
        assert segment("rollback").code == 2
        assert aliased(client)[0] == "2"


class TestTwoAtOnce:
    """Real processes on one store, held back until all of them have decided."""

    PROGRAM = """
import sys, time
from pathlib import Path
from segmentation.tracking import Registry
promote, who, everybody = Registry.promote, sys.argv[1], int(sys.argv[2])
def together(*given):
    Path(f"ready-{who}").touch()
    while len(list(Path().glob("ready-*"))) < everybody:
        time.sleep(0.001)
    return promote(*given)
Registry.promote = together
from segmentation.cli import main
sys.exit(main(sys.argv[3:]))
"""

    @pytest.mark.slow
    def test_one_becomes_champion_and_the_other_is_told(self, segment, client, register, program_env):
        register(6)
        segment("promote")
        register(5, "a")
        register(5, "b")

        def promote(alias):
            words = [sys.executable, "-c", self.PROGRAM, alias, "2", "promote", f"alias={alias}"]
            return subprocess.run(words, env=program_env, capture_output=True, text=True, check=False)

        with ThreadPoolExecutor(2) as pool:
            said = list(pool.map(promote, "ab"))
        assert sorted(s.returncode for s in said) == [0, 3], [s.stderr for s in said]
        won, lost = sorted(said, key=lambda s: s.returncode)
        version = aliased(client)[0]
        assert f"version {version} is now the champion" in won.stdout
        other = {"2": "3", "3": "2"}[version]
        assert (
            f"version {other} was not promoted:\n  version {version} became the champion while version {other} was "
            f"compared with version 1; run `segment promote` again."
        ) in lost.stdout
        assert aliased(client, "previous")[0] == "1"
        assert "promoted_at" not in client.get_model_version(NAME, other).tags
        assert [m.name for m in client.search_registered_models()] == [NAME]


class TestLock:
    def test_nobody_else_gets_in(self, registry, client, monkeypatch):
        monkeypatch.setattr(module, "PATIENCE", 0.2)
        with registry.locked(), pytest.raises(InputError, match="Another command"), registry.locked():
            pass
        with registry.locked():
            pass
        assert client.search_registered_models() == []

    def test_the_lock_of_one_who_died_is_put_aside_by_one_alone(self, registry, client, monkeypatch):
        monkeypatch.setattr(module, "LEASE", 0.2)
        client.create_registered_model(f"{NAME}.lock")
        time.sleep(0.3)
        with registry.locked():
            names = sorted(m.name for m in client.search_registered_models())
            assert names[0] == f"{NAME}.lock"
            assert names[1].startswith(f"{NAME}.lock.")
            assert len(names) == 2
        left = client.search_registered_models()
        # Whoever saw the dead one's lock too, but late, cannot put a fresh one aside in its place.
        client.create_registered_model(f"{NAME}.lock")
        with pytest.raises(Exception, match="already exists"):
            client.rename_registered_model(f"{NAME}.lock", left[0].name)
