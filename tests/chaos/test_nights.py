"""All that needs the real scheduler, on one rig: cells of the matrix, a truth table, runs stopped by hand.

One file, because each worker of pytest-xdist takes whole files, and a rig is a cloud, a foundation, a PostgreSQL and an
Airflow.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import httpx
import pytest

from nightshift.run.ids import slug_of
from tests import browser
from tests.chaos import broom
from tools import paths

pytestmark = [pytest.mark.scheduler, pytest.mark.spark, pytest.mark.terraform]
LAKE = "nightshift-local-lake"
UI_PAGES = paths.ROOT / "tests" / "embedded" / "ui_pages.py"
PICTURES = paths.ROOT / ".nightshift" / "chaos" / "pictures"
TEARDOWNS, PROOF = ("stop_compute", "destroy_transient"), "prove_nothing_left"
ALIVE = ["STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING", "TERMINATING"]
SAO_PAULO_TEXT = "o rato roeu a roupa do rei de roma\n" * 3
A_THIRD_UNREADABLE = b"o rato roeu\na roupa do rei\n" + "um coração\n".encode("latin-1")


def test_a_task_that_is_struck_leaves_nothing_and_the_truth_is_told(ground, struck):
    ground.play(struck)


def test_what_a_dead_airflow_leaves_a_shell_reaps(ground, reaped):
    ground.play(reaped)


def test_a_fault_of_aws_is_got_over_or_told_and_nothing_is_left(ground, faulty):
    ground.play(faulty)


def test_what_befalls_a_night_on_another_target_leaves_nothing_and_the_truth_is_told(ground, elsewhere):
    ground.play(elsewhere)


# Whatever fails, the run is red, the teardowns ran and nothing is left. A night that works is in the cells above.


@pytest.fixture
def rig(ground):
    """The rig with input for a night; what a test leaves there is gone after it."""
    ground.rig.aws("s3").put_object(Bucket="nightshift-local-raw", Key="inbox/a.txt", Body=SAO_PAULO_TEXT.encode())
    yield ground.rig
    broom.sweep(ground.rig)


def clusters(rig):
    return rig.aws("emr").list_clusters(ClusterStates=ALIVE)["Clusters"]


def groups(rig, run_id=None):
    """The groups of a run, or of any."""
    of_run = {"Name": "tag:nightshift:run", "Values": [f"wordcount/{slug_of(run_id)}"]} if run_id else {}
    filters = [of_run or {"Name": "tag-key", "Values": ["nightshift:run"]}]
    return rig.aws("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]


def keys(rig, prefix):
    found = rig.aws("s3").list_objects_v2(Bucket=LAKE, Prefix=prefix)
    return [item["Key"] for item in found.get("Contents", [])]


def record(rig, run_id):
    key = f"runs/wordcount/{slug_of(run_id)}/record.json"
    return json.loads(rig.aws("s3").get_object(Bucket=LAKE, Key=key)["Body"].read())


def is_waited_for(rig, run_id):
    waits = {"running", "deferred"}
    rig.until(lambda: rig.api.task_states("wordcount", run_id).get("wait_for_inputs") in waits)


def fail_apply(rig):
    rig.fail_terraform("apply", "transient")


def approve(rig, run_id, why):
    """A person reads why gold is held and lets it go on: in Airflow's UI, or where no chromium is by its API."""
    if browser.chromium():
        PICTURES.mkdir(parents=True, exist_ok=True)
        browser.play(UI_PAGES, "approve", rig.stack.api_url, *rig.stack.login, str(PICTURES), "wordcount", why)
        return
    [asked] = rig.api.call("GET", f"/dags/wordcount/dagRuns/{quote(run_id)}/hitlDetails")["hitl_details"]
    assert why in asked["body"]
    rig.api.answer("wordcount", run_id, "hold_gold", "Approve")


def lose_create(rig):
    rig.faults.add_fault("run-job-flow-answer-lost", times=1)


@pytest.mark.parametrize(
    ("break_it", "culprit"),
    [
        (fail_apply, "apply_transient"),
        pytest.param(lose_create, "start_compute", marks=pytest.mark.long),
    ],  # a step: in the cells
)
def test_work_that_fails_is_red_and_torn_down(rig, break_it, culprit):
    break_it(rig)
    run_id, state, tasks = rig.play_once("wordcount", [culprit], input_prefix="inbox/")
    assert (state, tasks[culprit], tasks["outcome"]) == ("failed", "failed", "upstream_failed")
    assert {tasks[t] for t in (*TEARDOWNS, "prove_nothing_left", "report")} == {"success"}
    assert (clusters(rig), groups(rig)) == ([], [])
    told = record(rig, run_id)
    assert (told["outcome"], told["failure"]["task"]) == ("failed", culprit)


def test_a_late_night_is_told_its_gold_is_held_till_approved_and_what_its_destroy_leaves_is_named(rig, ground):
    def be_late_then_approved(run_id):
        is_waited_for(rig, run_id)
        late = rig.until(lambda: [letter for letter in ground.post.about(run_id) if "late" in letter["subject"]])
        assert late[0]["subject"] == "late: wordcount [nightshift-local]"
        assert "was to have its gold by 00:01 and has not ended" in late[0]["message"]
        rig.aws("s3").put_object(Bucket="nightshift-local-raw", Key="late/a.txt", Body=A_THIRD_UNREADABLE)
        rig.until(lambda: rig.awaits_an_answer("wordcount", run_id, "hold_gold"))
        assert rig.api.task_states("wordcount", run_id)["publish"] is None
        approve(rig, run_id, "bronze.lines 33.3%")

    rig.fail_terraform("destroy", "transient")
    scheduled = datetime.now(UTC) - timedelta(minutes=1)
    run_id, state, tasks = rig.play_once(
        "wordcount",
        ["destroy_transient", PROOF],
        input_prefix="late/",
        meanwhile=be_late_then_approved,
        due_since=scheduled,
    )
    assert (state, tasks["destroy_transient"], tasks["prove_nothing_left"]) == ("failed", "failed", "failed")
    assert tasks["stop_compute"] == tasks["hold_gold"] == tasks["publish"] == tasks["report"] == "success"
    held = rig.api.call("GET", f"/dags/wordcount/dagRuns/{run_id}/taskInstances/hold_gold/xcomEntries/return_value")
    assert "approved_by" in str(held["value"])
    assert clusters(rig) == []
    assert groups(rig) != []
    note = rig.api.call("GET", f"/dags/wordcount/dagRuns/{run_id}")["note"]
    assert re.match(r"Nightshift: wordcount \S+: failed\s+destroy_transient failed: ", note)
    assert note.endswith("/record.json")
    what_airflow_shows_of_it(rig, run_id)


def what_airflow_shows_of_it(rig, run_id):
    """The links of its tasks and what they open, what was requested, the event of its gold, its place in the index."""
    tasks = f"/dags/wordcount/dagRuns/{run_id}/taskInstances"
    job, start = (rig.api.call("GET", f"{tasks}/{task}") for task in ("job_wordcount", "start_compute"))
    assert job["rendered_fields"]["command"].startswith("spark-submit ")
    assert start["rendered_fields"]["request"].startswith("RunJobFlow\nName: ")
    links = rig.api.call("GET", f"{tasks}/job_wordcount/links")["extra_links"]
    assert "===== stderr =====" in opened(rig, links["Step log"])
    assert "TERMINATED" in opened(rig, links["Compute"])
    of_report = rig.api.call("GET", f"{tasks}/report/links")["extra_links"]
    assert json.loads(opened(rig, of_report["Record"]))["run_id"] == run_id
    assert "word_counts" in opened(rig, of_report["Gold"])
    events = rig.api.call("GET", f"/assets/events?source_dag_id=wordcount&source_run_id={quote(run_id)}")
    [event] = events["asset_events"]
    assert event["extra"]["rows"] == next(iter(event["extra"]["partitions"].values())) > 0
    index = json.loads(rig.aws("s3").get_object(Bucket=LAKE, Key="runs/index.json")["Body"].read())
    assert index["nights"]["wordcount"][-1]["run_id"] == run_id
    assert index["nights"]["wordcount"][-1]["alive"] != []


def opened(rig, link):
    """What a link of Airflow's UI opens."""
    token = rig.api._http.headers["Authorization"]
    answer = httpx.get(f"{rig.api.url}/{link}", headers={"Authorization": token}, trust_env=False, timeout=300)
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.long
def test_a_terminate_that_fails_is_red_and_the_stack_is_still_destroyed(rig):
    rig.faults.add_fault("emr-throttled", operation="TerminateJobFlows", times=50)
    _, state, tasks = rig.play_once("wordcount", ["stop_compute", PROOF], input_prefix="inbox/")
    assert (state, tasks["stop_compute"], tasks["outcome"]) == ("failed", "failed", "upstream_failed")
    assert (tasks["destroy_transient"], tasks["prove_nothing_left"]) == ("success", "failed")
    assert [c["Name"].split()[1] for c in clusters(rig)] == ["wordcount"]


# Runs that cannot speak for themselves: marked by hand, or deleted.


@pytest.fixture
def waiting(rig):
    """A wordcount run whose stack is applied and that waits for input that never comes."""
    run_id = rig.api.trigger("wordcount", {"input_prefix": "nobody-delivers/"})
    is_waited_for(rig, run_id)
    assert groups(rig, run_id) != []
    return run_id


def reaped(rig, run_id):
    """The record after one pass of the reaper, of which nothing of the run is left."""
    assert rig.play("reaper")[0] == "success"
    assert groups(rig, run_id) == keys(rig, "open/wordcount/") == keys(rig, "claims/wordcount/") == []
    told = record(rig, run_id)
    assert (told["outcome"], told["told_by"]) == ("failed", "reaper")
    return told


@pytest.mark.long
def test_a_run_marked_failed_by_hand_is_told_by_the_reaper_whatever_airflow_calls_it(rig, waiting):
    rig.api.call("PATCH", f"/dags/wordcount/dagRuns/{waiting}", {"state": "failed"})
    called = rig.api.wait("wordcount", waiting, 600)
    assert keys(rig, f"open/wordcount/{slug_of(waiting)}") != []
    told = reaped(rig, waiting)
    assert f"Airflow calls the run {called}" in told["finding"]["message"]


def test_a_run_that_was_deleted_is_cleaned_and_told_by_the_next_pass(rig, waiting):
    rig.api.call("PATCH", f"/dags/wordcount/dagRuns/{waiting}", {"state": "failed"})  # one that runs is not deleted
    rig.api.wait("wordcount", waiting, 600)
    rig.api.call("DELETE", f"/dags/wordcount/dagRuns/{waiting}")
    told = reaped(rig, waiting)
    assert "Airflow does not know the run" in told["finding"]["message"]
