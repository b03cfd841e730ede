"""The reaper on a localcloud: what the dead left goes, the run is told, and nothing else is touched."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from nightshift.infrastructure import inventory
from nightshift.reaper import cleanup
from nightshift.reaper.verdict import GONE, Fate
from nightshift.state import ledger, partition_locks
from nightshift.state.leader_lease import LeaderLease
from nightshift.state.ledger import is_open, open_runs
from tests.patience import until
from tests.reaper.conftest import kill_tree
from tests.reaper.task import play
from tools import paths

pytestmark = pytest.mark.terraform
LAKE = "nightshift-local-lake"


def reap(rig, ask=None, **asked):
    done = cleanup.reap(rig.settings, "a test", ask, **asked)
    assert done.busy is None
    return {row.run: row for row in done.rows}


def record(rig, night):
    body = rig.aws("s3").get_object(Bucket=LAKE, Key=f"{night.record_prefix}record.json")["Body"].read()
    return json.loads(body)


@pytest.fixture
def abandoned(rig):
    """A run that spent money and was marked by hand while its step ran: cluster, stack, staging and claim are there."""
    night = rig.night(ssh_cidr="198.51.100.7/32")
    partition_locks.of(night).take()
    play("apply", night, rig.ground)
    rig.aws("s3").put_object(Bucket=LAKE, Key=f"{night.staging_prefix}gold/word_counts/a.parquet", Body=b"x")
    cluster_id = rig.cluster(night)
    rig.begun(night, "job_wordcount")
    return night, cluster_id


def test_a_run_that_airflow_calls_a_success_but_never_closed_is_cleaned_up_and_told_as_what_it_was(rig, abandoned):
    night, cluster_id = abandoned
    live, stranger = rig.night(), rig.night(replace(rig.settings, name="nightshift-other"))
    theirs, foreign = rig.cluster(live), rig.cluster(stranger)
    rig.begun(live, "job_wordcount")

    def asked(_dag, run_id):
        return "success" if run_id == night.run_id else "running"

    before = ledger.of(night).entries()

    shown = reap(rig, asked, dry_run=True)
    assert (shown[night.run].fate, shown[live.run].fate) == (Fate.DEAD, Fate.ALIVE)
    assert ledger.of(night).entries() == before
    assert rig.state_of(cluster_id) not in {"TERMINATING", "TERMINATED"}

    rows = reap(rig, asked)
    assert rows[night.run].ok, rows[night.run].done
    assert rows[live.run].done == ""
    assert not any(inventory.alive(night).values())
    assert rig.state_of(cluster_id) == "TERMINATED"
    assert {rig.state_of(theirs), rig.state_of(foreign)} & {"TERMINATING", "TERMINATED"} == set()

    entries, told = ledger.of(night).entries(), record(rig, night)
    assert not is_open(entries)
    assert [e["told_by"] for e in entries if e["phase"] == "closed"] == ["reaper"]
    assert night.identity not in open_runs(rig.aws("s3"), rig.settings)
    assert (told["outcome"], told["told_by"], told["notified"]) == ("failed", "reaper", True)
    assert "Airflow calls the run success" in told["finding"]["message"]
    assert "while job_wordcount ran" in told["finding"]["message"]
    assert night.run not in reap(rig, asked), "the next pass finds nothing of it"

    rig.aws("emr").terminate_job_flows(JobFlowIds=[theirs, foreign])
    ledger.of(live).close("failed", "report")


def test_without_airflow_a_run_is_reaped_past_its_lease_though_its_apply_was_killed(rig):
    hasty = replace(rig.settings, grace_minutes=-60 * 24)
    night = rig.night(hasty)
    first = rig.start_task("apply", night)  # with the grace of the environment
    until(lambda: rig.groups(night))
    kill_tree(first)
    assert reap(rig)[night.run].fate is Fate.ALIVE
    rig.begun(night, "apply_transient")
    rows = reap(rig)
    assert rows[night.run].ok, rows[night.run].done
    assert not any(inventory.alive(night).values())
    assert "unlocked" in [e.get("act") for e in ledger.of(night).entries()]


def test_a_leak_without_terraform_state_and_ledger_is_found_by_its_tags_past_its_expiry(rig):
    expired = replace(rig.settings, lifetime_hours=0, step_timeout_minutes=0, cluster_limit_minutes=0)
    # S3's clock tells whole seconds: what expired within this one has not, yet.
    night = replace(rig.night(expired), started_at=datetime.now(UTC) - timedelta(minutes=1))
    cluster_id = rig.cluster(night)
    rows = reap(rig)
    assert rows[night.run].ok, rows[night.run].done
    assert rig.state_of(cluster_id) == "TERMINATED"
    assert record(rig, night)["finding"]["cause"] == "leak"


def test_a_run_of_a_pipeline_that_the_package_no_longer_has_is_reaped_too(rig):
    night = rig.night()
    retired = replace(night, pipeline=replace(night.pipeline, name="retired_product"))
    partition_locks.of(retired).take()
    rig.begun(retired, "start_compute")
    cluster_id = rig.cluster(retired)
    rows = reap(rig, lambda _dag, run_id: GONE if run_id == retired.run_id else "running")
    assert rows[retired.run].ok, rows[retired.run].done
    assert rig.state_of(cluster_id) == "TERMINATED"
    assert not any(inventory.alive(retired).values())


def test_one_run_that_cannot_be_cleaned_does_not_stop_the_others_and_is_named(rig, monkeypatch):
    stuck, other = rig.night(), rig.night()
    for night in (stuck, other):
        rig.begun(night, "start_compute")
        partition_locks.of(night).take()
        rig.aws("s3").put_object(Bucket=LAKE, Key=f"{night.staging_prefix}x", Body=b"x")
    sweep = cleanup.teardown.sweep

    def refuse(night, task, *rest):
        if night.run == stuck.run:
            raise cleanup.SomethingLeft("AWS refuses.")
        return sweep(night, task, *rest)

    monkeypatch.setattr(cleanup.teardown, "sweep", refuse)
    rows = reap(rig, lambda _dag, run_id: "failed" if run_id in {stuck.run_id, other.run_id} else "running")
    assert (rows[stuck.run].ok, rows[other.run].ok) == (False, True)
    assert "AWS refuses" in rows[stuck.run].done
    assert "could not clean up" in record(rig, stuck)["finding"]["message"]


def test_two_reapers_do_not_work_at_once_and_a_dead_ones_turn_ends(rig):
    first = LeaderLease(rig.aws("s3"), rig.settings, "ann@laptop")
    assert first.take() is None
    assert "ann@laptop" in cleanup.reap(rig.settings, "the DAG reaper").busy
    assert first.take() is None, "its own turn it takes up again"
    first.release()
    assert cleanup.reap(rig.settings, "the DAG reaper").busy is None


def shell_reap(env, *arguments):
    command = [sys.executable, "-m", "embedded", "reap", *arguments]
    return subprocess.run(command, env=env, cwd=paths.ROOT, capture_output=True, text=True, check=False)


def test_a_shell_that_looks_where_there_is_no_lake_does_not_say_that_nothing_is_left(rig):
    done = shell_reap({**rig.env, "NIGHTSHIFT_NAME": "nobody"}, "--dry-run")
    assert (done.returncode, "nothing is left" in done.stdout) == (1, False), done.stdout + done.stderr
    assert "The lake nobody-lake cannot be read in account 123456789012 (404)" in done.stderr


def test_the_shell_form_needs_no_airflow_database(rig):
    night = rig.night(replace(rig.settings, grace_minutes=-60 * 24))
    rig.begun(night, "start_compute")
    partition_locks.of(night).take()
    env = {key: value for key, value in rig.env.items() if not key.startswith("AIRFLOW__")}
    for arguments, status, words in ((["--dry-run"], 0, "dead"), ([], 0, "reported as failed")):
        done = shell_reap(env, *arguments)
        assert (done.returncode, words in done.stdout) == (status, True), done.stdout + done.stderr
    assert partition_locks.of(night).holder() is None
