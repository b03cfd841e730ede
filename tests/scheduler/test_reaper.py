"""Runs that cannot speak for themselves, on the real scheduler: marked by hand, or deleted."""

import json

import pytest

pytestmark = pytest.mark.scheduler
LAKE = "nightshift-local-lake"


@pytest.fixture
def waiting(rig):
    """A wordcount run whose stack is applied and that waits for input that never comes."""
    run_id = rig.api.trigger("wordcount", {"input_prefix": "nobody-delivers/"})
    waits = {"running", "deferred"}
    rig.until(lambda: rig.api.task_states("wordcount", run_id).get("wait_for_inputs") in waits, 300)
    assert groups(rig, run_id) != []
    return run_id


def slug(run_id):
    return run_id.replace(":", "-").replace("+", "-")


def groups(rig, run_id):
    filters = [{"Name": "tag:nightshift:run", "Values": [f"wordcount/{slug(run_id)}"]}]
    return rig.aws("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]


def keys(rig, prefix):
    found = rig.aws("s3").list_objects_v2(Bucket=LAKE, Prefix=prefix)
    return [item["Key"] for item in found.get("Contents", [])]


def record(rig, run_id):
    body = rig.aws("s3").get_object(Bucket=LAKE, Key=f"runs/wordcount/{slug(run_id)}/record.json")["Body"].read()
    return json.loads(body)


def reaped(rig, run_id):
    """The record after one pass of the reaper, of which nothing of the run is left."""
    assert rig.play("reaper")[0] == "success"
    assert groups(rig, run_id) == keys(rig, "open/wordcount/") == keys(rig, "claims/wordcount/") == []
    told = record(rig, run_id)
    assert (told["outcome"], told["told_by"]) == ("failed", "reaper")
    return told


def test_a_run_marked_failed_by_hand_is_told_by_the_reaper_whatever_airflow_calls_it(rig, waiting):
    rig.api.call("PATCH", f"/dags/wordcount/dagRuns/{waiting}", {"state": "failed"})
    called = rig.api.wait("wordcount", waiting, 120)
    assert keys(rig, f"open/wordcount/{slug(waiting)}") != []
    told = reaped(rig, waiting)
    assert f"Airflow calls the run {called}" in told["finding"]["message"]


def test_a_run_that_was_deleted_is_cleaned_and_told_by_the_next_pass(rig, waiting):
    rig.api.call("PATCH", f"/dags/wordcount/dagRuns/{waiting}", {"state": "failed"})  # one that runs is not deleted
    rig.api.wait("wordcount", waiting, 120)
    rig.api.call("DELETE", f"/dags/wordcount/dagRuns/{waiting}")
    told = reaped(rig, waiting)
    assert "Airflow does not know the run" in told["finding"]["message"]
