"""A reaper's pass: it judges each run as it is when its turn comes, and nothing odd about one costs the others."""

import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.exceptions import ClientError

from nightshift.aws import clients
from nightshift.compute.resources import Resource
from nightshift.config import Settings
from nightshift.infrastructure import inventory
from nightshift.lake.storage import LakeHook
from nightshift.reaper import cleanup
from nightshift.reaper.verdict import Fate
from nightshift.run import processes
from nightshift.run.run_context import from_run
from nightshift.state import heartbeat, leader_lease, ledger, partition_locks
from nightshift.state.ledger import is_open
from tests.patience import HEARD_ONCE
from wordcount.definition import PIPELINE as WORDCOUNT

CLUSTER = {
    "ReleaseLabel": "emr-7.13.0",
    "Instances": {"KeepJobFlowAliveWhenNoSteps": True, "MasterInstanceType": "m5.xlarge", "InstanceCount": 1},
    "JobFlowRole": "profile",
    "ServiceRole": "role",
}


@pytest.fixture
def settings():
    """Of a deployment of the test's own: moto keeps one world a process."""
    return Settings(name=f"reap-{uuid.uuid4().hex[:12]}", poll_seconds=0.01)


@pytest.fixture(autouse=True)
def aws(localcloud, settings):
    """A localcloud with the five buckets; gives its clients."""
    localcloud()
    for kind in ("raw", "lake", "artifacts", "logs", "state"):
        boto3.client("s3").create_bucket(Bucket=settings.bucket(kind))
    return boto3.client


@pytest.fixture
def begun(aws, settings):
    """Makes runs that began a task and left something in staging; gives their nights."""

    def make(run_id, conductor=None):
        night = from_run(settings, WORDCOUNT, run_id, datetime.now(UTC), {})
        night = replace(night, conductor=conductor)
        with ledger.of(night).act("job_wordcount", 1):
            aws("s3").put_object(Bucket=settings.bucket("lake"), Key=f"{night.staging_prefix}x", Body=b"x")
        return night

    return make


@pytest.fixture
def topic(aws, settings):
    """The runs topic, and a queue that hears it; gives what was said."""
    arn = aws("sns").create_topic(Name=f"{settings.name}-runs")["TopicArn"]
    queue = aws("sqs").create_queue(QueueName=settings.name, Attributes=HEARD_ONCE)["QueueUrl"]
    aws("sns").subscribe(TopicArn=arn, Protocol="sqs", Endpoint=arn.replace(":sns:", ":sqs:").removesuffix("-runs"))

    def heard():
        letters = aws("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(letter["Body"]) for letter in letters]

    return heard


def rows(settings, ask=None, **options):
    return {row.run: row for row in cleanup.reap(settings, "a test", ask, **options).rows}


def put(aws, settings, key, body=b"{}"):
    aws("s3").put_object(Bucket=settings.bucket("lake"), Key=key, Body=body)


def test_a_run_that_was_cleared_while_another_was_buried_is_left_alone(settings, begun):
    first, second = begun("a"), begun("b")
    words = {first.run_id: "failed", second.run_id: "failed"}

    def ask(_dag, run_id):
        word = words[run_id]
        words[second.run_id] = "running"  # somebody clears the second one meanwhile
        return word

    done = rows(settings, ask)
    assert (done[first.run].fate, done[second.run].fate) == (Fate.DEAD, Fate.ALIVE)
    assert inventory.alive(second)["staging"]
    assert is_open(ledger.of(second).entries())


def test_a_run_that_ends_while_airflow_is_asked_is_not_told_again(settings, begun):
    night = begun("ends")

    def ask(_dag, _run_id):
        LakeHook(clients.client(settings, "s3"), night).sweep_staging()
        ledger.of(night).close("success", "report")
        return "success"

    rows(settings, ask)
    closed = [entry["told_by"] for entry in ledger.of(night).entries() if entry["phase"] == "closed"]
    assert closed == ["report"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"run_id": "x"}'])
def test_a_marker_that_is_none_stops_nobody_and_is_said(aws, settings, begun, caplog, body):
    night = begun("good")
    put(aws, settings, "open/wordcount/odd.json", body)
    assert rows(settings, lambda *_: "failed")[night.run].ok
    assert "open/wordcount/odd.json is not a valid run marker" in caplog.text


def test_a_ledger_that_cannot_be_read_is_a_row_that_is_not_ok_and_the_others_are_reaped(aws, settings, begun):
    odd, good = begun("odd"), begun("zgood")
    put(aws, settings, f"{odd.record_prefix}entries/000099.json", b"not json")
    done = rows(settings, lambda *_: "failed")
    assert (done[odd.run].fate, done[odd.run].ok) == (Fate.UNKNOWN, False)
    assert (done[good.run].fate, done[good.run].ok) == (Fate.DEAD, True)


def test_a_cluster_of_our_name_that_no_run_made_is_none_of_ours(aws, settings):
    tags = [{"Key": "nightshift:name", "Value": settings.name}]
    aws("emr").run_job_flow(Name=f"{settings.name} test", Tags=tags, **CLUSTER)
    aws("emr").run_job_flow(Name=f"{settings.name} wordcount 2026-01-04 by-hand", Tags=tags, **CLUSTER)
    assert rows(settings) == {}


@pytest.mark.parametrize(("kind", "hours"), [("security configurations", None), ("clusters", -1), ("instances", None)])
def test_a_stray_that_we_may_not_remove_is_for_a_person_to_look_at(settings, monkeypatch, kind, hours):
    expires = hours and datetime.now(UTC) + timedelta(hours=hours)
    monkeypatch.setattr(inventory, "everything", lambda *_: [Resource(kind, "x", "", expires)])
    row = rows(settings)[f"{kind} x"]
    assert (row.fate, row.ok) == (Fate.ALIVE, True)
    assert "check it" in row.why


def test_a_lock_that_was_left_on_a_dead_runs_state_goes_with_it_though_there_is_no_terraform(aws, settings, begun):
    night = begun("locked")
    for key in (night.state_key, f"{night.state_key}.tflock"):
        aws("s3").put_object(Bucket=settings.bucket("state"), Key=key, Body=b"{}")
    assert rows(settings, lambda *_: "failed")[night.run].ok
    assert not any(inventory.alive(night).values())


def test_a_reaper_that_may_not_read_the_foundations_state_removes_a_stack_without_terraform(
    aws, settings, begun, monkeypatch
):
    def refused(_hook):
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetObject")

    monkeypatch.setattr(cleanup.TerraformHook, "outputs", refused)
    night = begun("locked out")
    aws("s3").put_object(Bucket=settings.bucket("state"), Key=night.state_key, Body=b"{}")
    assert rows(settings, lambda *_: "failed")[night.run].ok
    assert not any(inventory.alive(night).values())
    assert any("removed without terraform" in entry.values() for entry in ledger.of(night).entries())


def test_a_pass_is_taken_down_and_who_died_is_missed(aws, settings, begun):
    assert "The reaper has not run yet" in heartbeat.silence(settings)
    rows(settings)
    assert heartbeat.silence(settings) == ""
    long_ago = (datetime.now(UTC) - timedelta(hours=3)).isoformat()
    put(aws, settings, heartbeat.KEY, json.dumps({"at": long_ago, "who": "x", "trouble": []}).encode())
    assert f"since {long_ago}" in heartbeat.silence(settings)


def test_before_there_is_a_lake_nobody_is_missed(aws, settings):
    aws("s3").delete_bucket(Bucket=settings.bucket("lake"))
    assert heartbeat.silence(settings) == ""


def test_a_pass_that_fails_is_told_once_and_again_when_it_fails_otherwise(settings, topic, monkeypatch):
    refusals = [ClientError({"Error": {"Code": code}}, "ListClusters") for code in ("Denied", "Denied", "Broken")]

    def refuse(*_):
        raise refusals.pop(0)

    monkeypatch.setattr(cleanup, "discover", refuse)
    for _ in range(3):
        with pytest.raises(ClientError):
            cleanup.reap(settings, "a test")
    heard = topic()
    assert [letter["Subject"] for letter in heard] == [f"reaper: failed [{settings.name}]"] * 2
    assert "Denied" in heard[0]["Message"]
    assert "Broken" in heard[1]["Message"]


def test_a_run_that_cannot_be_reaped_is_told_as_the_reapers_trouble(aws, settings, begun, topic):
    odd = begun("odd")
    put(aws, settings, f"{odd.record_prefix}entries/000099.json", b"not json")
    assert not rows(settings, lambda *_: "failed")[odd.run].ok
    assert odd.run in topic()[0]["Message"]


def test_a_turn_that_somebody_else_took_hides_nothing_of_what_was_done(aws, settings, begun):
    night = begun("dead")

    def ask(*_):
        put(aws, settings, leader_lease.KEY, b'{"who": "another", "until": "2999-01-01T00:00:00+00:00"}')
        return "failed"

    assert rows(settings, ask)[night.run].ok


def test_a_reaper_of_another_airflow_waits_for_its_turn(aws, settings):
    with leader_lease.leader(settings, "the DAG reaper of main") as busy:
        assert busy is None
        assert "the DAG reaper of main" in cleanup.reap(settings, "the DAG reaper of other").busy


def test_the_claim_of_a_buried_run_is_free(settings, begun):
    night = begun("claimer")
    partition_locks.of(night).take()
    rows(settings, lambda *_: "failed")
    assert partition_locks.of(night).holder() is None


def test_a_run_whose_process_was_killed_is_reaped_at_once_and_one_at_work_is_not(settings, begun, child):
    dead, live = begun("dead", processes.of(child.pid)), begun("live", processes.this())
    child.kill()
    child.wait()
    done = rows(settings)
    assert (done[dead.run].fate, done[live.run].fate) == (Fate.DEAD, Fate.ALIVE)
    assert done[dead.run].why == f"its ledger is open, but its {dead.conductor} is gone"
    assert not any(inventory.alive(dead).values())


def test_one_run_is_ended_on_somebodys_word_though_its_lease_lasts_and_no_other(settings, begun):
    given_up, other = begun("given-up"), begun("other")
    case, judged = cleanup.observe(settings, given_up.run)
    assert [resource.kind for resource in case.resources] == ["staging"]
    assert judged.fate is Fate.ALIVE
    [row] = cleanup.give_up(settings, "ann@laptop", given_up.run).rows
    assert (row.run, row.ok, row.why) == (given_up.run, True, "ann@laptop ended it")
    assert not any(inventory.alive(given_up).values())
    assert inventory.alive(other)["staging"]
    assert not is_open(ledger.of(given_up).entries())


def test_a_run_that_is_over_and_left_nothing_cannot_be_given_up(settings, begun):
    night = begun("over")
    rows(settings, lambda *_: "failed")
    assert cleanup.observe(settings, night.run) is None
    assert cleanup.give_up(settings, "ann@laptop", night.run).rows == []


def test_a_turn_of_a_killed_reaper_is_free_at_once(settings, child):
    left = leader_lease.LeaderLease(clients.client(settings, "s3"), settings, "bob@laptop", processes.of(child.pid))
    assert left.take() is None
    assert "bob@laptop" in cleanup.reap(settings, "ann@laptop").busy
    child.kill()
    child.wait()
    assert cleanup.reap(settings, "ann@laptop").busy is None
