"""EMR Serverless: the states of an application, queues, time limits, what a run used."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.faults import Fault, FaultKind
from localcloud.runs.serverless.utilization import billed, used
from localcloud.server import LocalCloud
from localcloud.settings import Settings
from tests.localcloud.helpers import Client, PlayedSteps, client_of
from tests.localcloud.runs.conftest import Service
from tests.patience import Clock, until

APP = {"name": "night", "releaseLabel": "emr-7.13.0", "type": "SPARK"}


def wait_for(client: Any, app: str, state: str) -> dict[str, Any]:
    found = until(
        lambda: client.get_application(applicationId=app)["application"], lambda shown: shown["state"] == state
    )
    return dict(found)


def test_an_application_passes_through_all_its_states(aws: Client) -> None:
    client = aws("emr-serverless")
    app = client.create_application(**APP, clientToken="a", tags={"team": "night"})["applicationId"]
    assert client.create_application(**APP, clientToken="a")["applicationId"] == app
    found = wait_for(client, app, "CREATED")
    assert (found["type"], found["architecture"], found["tags"]) == ("Spark", "X86_64", {"team": "night"})
    assert found["autoStopConfiguration"] == {"enabled": True, "idleTimeoutMinutes": 15}
    client.start_application(applicationId=app)
    wait_for(client, app, "STARTED")
    for refused in (client.delete_application, client.update_application):
        with pytest.raises(client.exceptions.ValidationException, match="must be CREATED or STOPPED"):
            refused(applicationId=app)
    client.stop_application(applicationId=app)
    wait_for(client, app, "STOPPED")
    client.update_application(applicationId=app, maximumCapacity={"cpu": "16vCPU", "memory": "64GB"})
    client.delete_application(applicationId=app)
    assert wait_for(client, app, "TERMINATED")["maximumCapacity"] == {"cpu": "16vCPU", "memory": "64GB"}
    assert [one["id"] for one in client.list_applications(states=["TERMINATED"])["applications"]] == [app]
    assert client.list_applications(states=["STARTED", "CREATED"])["applications"] == []


def test_a_run_starts_its_application_which_stops_when_it_was_idle(serverless: Service, clock: Clock) -> None:
    serverless.wait(serverless.start("ok"), "SUCCESS")
    wait_for(serverless.client, serverless.place, "STARTED")
    clock.forward(14 * 60)
    serverless.wait(serverless.start("ok"), "SUCCESS")
    assert wait_for(serverless.client, serverless.place, "STARTED")
    clock.forward(16 * 60)
    wait_for(serverless.client, serverless.place, "STOPPED")


@pytest.fixture
def slow(tmp_path: Path, clock: Clock) -> Iterator[LocalCloud]:
    """A server whose applications and workers take their time."""
    settings = Settings(home=tmp_path / "slow", port=0, application_seconds=30, run_start_seconds=90)
    with LocalCloud(settings, runner=PlayedSteps(), clock=clock) as running:
        yield running


def test_a_run_passes_through_its_waiting_states_as_time_does(slow: LocalCloud, clock: Clock) -> None:
    client = client_of(slow)("emr-serverless")
    app = client.create_application(**APP)["applicationId"]
    driver = {"sparkSubmit": {"entryPoint": "s3://a/main.py", "entryPointArguments": ["ok"]}}
    role = "arn:aws:iam::123456789012:role/jobs"
    run = client.start_job_run(applicationId=app, executionRoleArn=role, jobDriver=driver)["jobRunId"]

    def wait(state: str) -> None:
        until(lambda: client.get_job_run(applicationId=app, jobRunId=run)["jobRun"]["state"] == state, what=state)

    wait_for(client, app, "CREATING")
    for state in ("STARTING", "STARTED"):
        wait("SUBMITTED")
        clock.forward(30)
        wait_for(client, app, state)
    for state in ("PENDING", "SCHEDULED", "SUCCESS"):
        clock.forward(30)
        wait(state)


def test_an_application_that_does_not_start_itself_refuses_runs(aws: Client) -> None:
    client = aws("emr-serverless")
    app = client.create_application(**APP, autoStartConfiguration={"enabled": False})["applicationId"]
    wait_for(client, app, "CREATED")
    role = "arn:aws:iam::123456789012:role/jobs"
    with pytest.raises(client.exceptions.ValidationException, match="is not started by a job run"):
        client.start_job_run(
            applicationId=app, executionRoleArn=role, jobDriver={"sparkSubmit": {"entryPoint": "s3://a/main.py"}}
        )


def test_an_application_with_a_running_run_is_not_stopped(serverless: Service) -> None:
    serverless.wait(serverless.start("hold"), "RUNNING")
    with pytest.raises(serverless.client.exceptions.ValidationException, match="cancel them"):
        serverless.client.stop_application(applicationId=serverless.place)


def test_a_run_beyond_the_concurrent_ones_is_queued(aws: Client, serverless: Service, steps: PlayedSteps) -> None:
    wait_for(serverless.client, serverless.place, "CREATED")
    serverless.client.update_application(
        applicationId=serverless.place, schedulerConfiguration={"maxConcurrentRuns": 1}
    )
    first = serverless.start("hold")
    serverless.wait(first, "RUNNING")
    second = serverless.start("ok")
    serverless.wait(second, "QUEUED")
    steps.let_go(first)
    serverless.wait(second, "SUCCESS")
    listed = serverless.client.list_job_runs(applicationId=serverless.place, states=["SUCCESS"])["jobRuns"]
    assert [run["id"] for run in listed] == [second, first]


def test_a_run_beyond_its_time_limit_is_cancelled(serverless: Service, clock: Clock) -> None:
    run = serverless.start("hold", executionTimeoutMinutes=3)
    serverless.wait(run, "RUNNING")
    clock.forward(180)
    found = serverless.wait(run, "CANCELLED")
    assert "executionTimeoutMinutes, 3" in found["stateDetails"]


def test_what_a_run_used_is_known_when_it_has_ended(serverless: Service, steps: PlayedSteps, clock: Clock) -> None:
    clock.stop()
    run = serverless.start("hold")
    assert "totalResourceUtilization" not in serverless.wait(run, "RUNNING")
    clock.forward(3600)
    steps.let_go(run)
    found = serverless.wait(run, "SUCCESS")
    assert found["billedResourceUtilization"] == {"vCPUHour": 16, "memoryGBHour": 64, "storageGBHour": 0}
    assert found["totalExecutionDurationSeconds"] == 3600


def test_a_short_run_is_billed_a_minute_of_its_workers() -> None:
    parameters = "--conf spark.executor.instances=1 --conf spark.executor.cores=2 --conf spark.executor.memory=4g"
    disk = "--conf spark.emr-serverless.executor.disk=50G --conf spark.driver.cores=1 --conf spark.driver.memory=512m"
    spec = {"jobDriver": {"sparkSubmit": {"sparkSubmitParameters": f"{parameters} {disk}"}}}
    assert billed(spec, 1) == {"vCPUHour": 0.05, "memoryGBHour": 0.1, "storageGBHour": 0.5}
    assert used(spec, 360) == {"vCPUHour": 0.3, "memoryGBHour": 0.6, "storageGBHour": 7.0}


def test_a_missing_module_is_explained_as_by_the_guide(serverless: Service, cloud: Any) -> None:
    cloud.faults.add(Fault(FaultKind.STEP_FAILURE, message="ModuleNotFoundError: No module named 'pandas'"))
    run = serverless.start("ok")
    serverless.wait(run, "FAILED")
    assert serverless.message(run) == (
        "ModuleNotFoundError: No module named 'pandas'. Please refer to the user guide on how to use python libraries "
        "with EMR Serverless."
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "a b"}, "Value 'a b' at 'name' failed to satisfy constraint: Member must satisfy regular expression"),
        ({"architecture": "MIPS"}, r"enum value set: \[ARM64, X86_64\]"),
        ({"type": "FLINK"}, "type FLINK is not one of SPARK, HIVE"),
        ({"releaseLabel": "7.13"}, "Release label 7.13 is not valid"),
        ({"clientToken": ""}, "valid min length: 1"),
    ],
)
def test_an_application_that_makes_no_sense_is_refused(aws: Client, options: dict[str, Any], words: str) -> None:
    client = aws("emr-serverless", parameter_validation=False)
    with pytest.raises(ClientError, match=f"ValidationException.*{words}"):
        client.create_application(**{**APP, **options})


def test_tags_of_applications_and_runs_change(serverless: Service) -> None:
    run = serverless.look(serverless.start("ok", tags={"night": "1"}))
    client, arn = serverless.client, run["arn"]
    client.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
    client.untag_resource(resourceArn=arn, tagKeys=["night", "a"])
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "2"}
    with pytest.raises(client.exceptions.ResourceNotFoundException) as absent:
        client.list_tags_for_resource(resourceArn=arn.replace("/jobruns/00", "/jobruns/11"))
    assert absent.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
