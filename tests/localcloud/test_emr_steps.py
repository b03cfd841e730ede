"""Steps through boto3: how they run, fail, are cancelled and listed."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localcloud.helpers import PlayedSteps, cluster_request, step, wait_for_cluster, wait_for_step
from tests.patience import until


def run(emr: Any, *steps: dict[str, Any], **options: Any) -> tuple[str, list[str]]:
    cluster_id = emr.run_job_flow(**cluster_request(**options))["JobFlowId"]
    added = emr.add_job_flow_steps(JobFlowId=cluster_id, Steps=list(steps))["StepIds"] if steps else []
    return cluster_id, added


def test_a_step_completes_and_its_waiter_sees_it(emr: Any) -> None:
    cluster_id, (step_id,) = run(emr, step("ok", name="first"))
    emr.get_waiter("step_complete").wait(
        ClusterId=cluster_id, StepId=step_id, WaiterConfig={"Delay": 1, "MaxAttempts": 600}
    )
    done = emr.describe_step(ClusterId=cluster_id, StepId=step_id)["Step"]
    assert (done["Name"], done["Config"]["Args"]) == ("first", ["ok"])
    timeline = done["Status"]["Timeline"]
    assert timeline["CreationDateTime"] <= timeline["StartDateTime"] <= timeline["EndDateTime"]
    cluster = wait_for_cluster(emr, cluster_id, "WAITING")
    assert cluster["Status"]["StateChangeReason"]["Message"] == "Cluster ready after last step completed."


def test_the_runner_is_told_what_the_step_and_its_cluster_say(emr: Any, steps: PlayedSteps, cloud: Any) -> None:
    configurations = [
        {"Classification": "spark-defaults", "Properties": {"spark.sql.shuffle.partitions": "7"}},
        {"Classification": "core-site", "Properties": {"other": "x"}},
    ]
    cluster_id, (step_id,) = run(emr, step("ok"), LogUri="s3://logs/emr/", Configurations=configurations)
    wait_for_step(emr, cluster_id, step_id, "COMPLETED")
    request = steps.requests[0]
    assert (request.account, request.region, request.access) == ("123456789012", "eu-west-1", cloud.access)
    assert (request.cluster_id, request.step_id) == (cluster_id, step_id)
    assert (request.jar, request.args, request.log_uri) == ("command-runner.jar", ("ok",), "s3://logs/emr/")
    assert request.spark_defaults == {"spark.sql.shuffle.partitions": "7"}


def test_a_failed_step_says_why_and_where_its_log_is(emr: Any) -> None:
    cluster_id, (step_id,) = run(emr, step("fail", "no such table"), LogUri="s3://logs/emr/")
    failure = wait_for_step(emr, cluster_id, step_id, "FAILED")["Status"]["FailureDetails"]
    assert failure == {
        "Reason": "Unknown Error.",
        "Message": "no such table",
        "LogFile": f"s3://logs/emr/{cluster_id}/steps/{step_id}/stderr.gz",
    }


def test_a_failed_step_that_terminates_takes_the_cluster_down(emr: Any) -> None:
    cluster_id, (_, pending) = run(emr, step("fail", "x", action="TERMINATE_CLUSTER"), step("ok"))
    status = wait_for_cluster(emr, cluster_id, "TERMINATED_WITH_ERRORS")["Status"]
    assert status["StateChangeReason"] == {"Code": "STEP_FAILURE", "Message": "Shut down as step failed"}
    wait_for_step(emr, cluster_id, pending, "CANCELLED")


def test_steps_run_side_by_side_up_to_the_concurrency_level(emr: Any, steps: PlayedSteps) -> None:
    cluster_id, ids = run(emr, *[step("hold")] * 3, StepConcurrencyLevel=2)
    until(lambda: len(steps.requests), lambda running: running == 2)
    assert emr.modify_cluster(ClusterId=cluster_id, StepConcurrencyLevel=3)["StepConcurrencyLevel"] == 3
    until(lambda: steps.most_at_once, lambda running: running == 3)
    for step_id in ids:
        steps.let_go(step_id)
        wait_for_step(emr, cluster_id, step_id, "COMPLETED")


def test_pending_and_running_steps_can_be_cancelled_and_ended_ones_not(emr: Any, steps: PlayedSteps) -> None:
    cluster_id, (done, running, pending) = run(emr, step("ok"), step("hold"), step("ok"))
    wait_for_step(emr, cluster_id, running, "RUNNING")
    answers = emr.cancel_steps(ClusterId=cluster_id, StepIds=[done, running, pending])["CancelStepsInfoList"]
    assert [(a["StepId"], a["Status"]) for a in answers] == [
        (done, "FAILED"),
        (running, "SUBMITTED"),
        (pending, "SUBMITTED"),
    ]
    wait_for_step(emr, cluster_id, running, "CANCELLED")
    wait_for_step(emr, cluster_id, pending, "CANCELLED")
    assert len(steps.requests) == 2


def test_terminating_a_cluster_kills_its_running_step(emr: Any) -> None:
    cluster_id, (step_id,) = run(emr, step("hold"))
    wait_for_step(emr, cluster_id, step_id, "RUNNING")
    emr.terminate_job_flows(JobFlowIds=[cluster_id])
    wait_for_cluster(emr, cluster_id, "TERMINATED")
    wait_for_step(emr, cluster_id, step_id, "CANCELLED")


def test_no_step_can_be_added_to_a_cluster_that_has_ended(emr: Any) -> None:
    cluster_id, _ = run(emr, keep=False)
    wait_for_cluster(emr, cluster_id, "TERMINATED")
    with pytest.raises(ClientError, match=r"ValidationException.*may not be modified"):
        emr.add_job_flow_steps(JobFlowId=cluster_id, Steps=[step()])


def test_a_cluster_holds_256_unfinished_steps_and_no_more(emr: Any) -> None:
    cluster_id, _ = run(emr, *[step("hold")] * 256)
    with pytest.raises(ClientError, match="Maximum number of steps"):
        emr.add_job_flow_steps(JobFlowId=cluster_id, Steps=[step()])


def test_an_unknown_step_answers_as_emr_does(emr: Any) -> None:
    cluster_id, _ = run(emr)
    with pytest.raises(ClientError, match=r"InvalidRequestException.*Step id 's-UNKNOWN' is not valid"):
        emr.describe_step(ClusterId=cluster_id, StepId="s-UNKNOWN")


def test_steps_are_listed_newest_first_over_pages(emr: Any) -> None:
    cluster_id, ids = run(emr, *[step("hold")] * 51)
    pages = list(emr.get_paginator("list_steps").paginate(ClusterId=cluster_id))
    assert [len(page["Steps"]) for page in pages] == [50, 1]
    assert [s["Id"] for page in pages for s in page["Steps"]] == ids[::-1]


def test_steps_are_listed_by_id_or_state_but_not_both(emr: Any) -> None:
    cluster_id, (first, second) = run(emr, step("ok"), step("hold"))
    wait_for_step(emr, cluster_id, first, "COMPLETED")
    by_id = emr.list_steps(ClusterId=cluster_id, StepIds=[second, first])["Steps"]
    assert [s["Id"] for s in by_id] == [second, first]
    by_state = emr.list_steps(ClusterId=cluster_id, StepStates=["COMPLETED"])["Steps"]
    assert [s["Id"] for s in by_state] == [first]
    with pytest.raises(ClientError, match="Cannot specify both"):
        emr.list_steps(ClusterId=cluster_id, StepIds=[first], StepStates=["COMPLETED"])
