"""What Glue, EMR Serverless and EMR on EKS have in common, each in its own words."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from botocore.validate import ParamValidator

from localcloud.faults import Fault, FaultKind
from localcloud.server import LocalCloud
from tests.localcloud.helpers import PlayedSteps
from tests.localcloud.runs.conftest import Service
from tests.patience import Clock, until

DONE = {"glue": "SUCCEEDED", "emr-serverless": "SUCCESS", "emr-containers": "COMPLETED"}
STOPPED = {"glue": "STOPPED", "emr-serverless": "CANCELLED", "emr-containers": "CANCELLED"}
WAITING = {"glue": "STARTING", "emr-serverless": "SUBMITTED", "emr-containers": "PENDING"}


def word(words: dict[str, str], service: Service) -> str:
    return words[service.client.meta.service_model.service_name]


def test_a_run_succeeds_when_its_process_does(service: Service, steps: PlayedSteps) -> None:
    run = service.start("ok")
    service.wait(run, word(DONE, service))
    (request,) = steps.requests
    assert (request.args[0], request.step_id) == ("spark-submit", run)


@pytest.mark.parametrize(
    ("fixture", "words"),
    [
        ("glue", "Error Category: UNCLASSIFIED_ERROR; fail"),
        (
            "serverless",
            "Job failed, please check complete logs in configured logging destination. ExitCode: 1. "
            "Last few exceptions: fail",
        ),
        (
            "containers",
            "JobRun failed. Please refer logs uploaded to S3/CloudWatch based on your monitoring configuration.",
        ),
    ],
)
def test_a_failed_run_says_why_in_the_words_of_its_service(
    request: pytest.FixtureRequest, fixture: str, words: str
) -> None:
    service: Service = request.getfixturevalue(fixture)
    run = service.start("fail")
    service.wait(run, "FAILED")
    assert service.message(run) == words
    assert service.look(run).get("failureReason") == ("USER_ERROR" if fixture == "containers" else None)


def test_a_running_run_is_cancelled_and_its_process_killed(service: Service) -> None:
    run = service.start("hold")
    service.wait(run, "RUNNING")
    service.cancel(run)
    service.wait(run, word(STOPPED, service))


def test_a_run_that_has_no_workers_yet_is_cancelled_without_a_process(
    service: Service, cloud: LocalCloud, steps: PlayedSteps, clock: Clock
) -> None:
    cloud.faults.add(Fault(FaultKind.SLOW_START, seconds=1000))
    run = service.start("ok")
    assert service.look(run)[service.state] == word(WAITING, service)
    service.cancel(run)
    service.wait(run, word(STOPPED, service))
    assert steps.requests == []


def test_a_run_waits_for_its_workers_as_long_as_it_must(service: Service, cloud: LocalCloud, clock: Clock) -> None:
    cloud.faults.add(Fault(FaultKind.SLOW_START, seconds=1000))
    run = service.start("ok")
    (admitted,) = cloud.runs.runs.values()
    until(lambda: admitted.admitted_at, what="an application that has started")
    assert service.look(run)[service.state] == word(WAITING, service)
    clock.forward(1001)
    service.wait(run, word(DONE, service))


def test_a_run_without_capacity_fails_before_it_has_a_process(
    service: Service, cloud: LocalCloud, steps: PlayedSteps
) -> None:
    cloud.faults.add(Fault(FaultKind.CAPACITY_REFUSED, cluster="night"))
    run = service.start("ok")
    service.wait(run, "FAILED")
    assert any(text in service.message(run) for text in ("capacity", "maximum vCPU", "Insufficient cpu"))
    assert steps.requests == []


@pytest.mark.parametrize("fixture", ["serverless", "containers"])
def test_an_image_that_cannot_be_pulled_fails_the_run(
    request: pytest.FixtureRequest, cloud: LocalCloud, fixture: str
) -> None:
    service: Service = request.getfixturevalue(fixture)
    cloud.faults.add(Fault(FaultKind.IMAGE_PULL_FAILURE, step="run"))
    run = service.start("ok")
    service.wait(run, "FAILED")
    assert "pull" in service.message(run)


@pytest.mark.parametrize(
    ("kind", "text", "code"),
    [
        (FaultKind.OUT_OF_MEMORY, "java.lang.OutOfMemoryError", 137),
        (FaultKind.EXECUTOR_LOST, "ExecutorLostFailure", 1),
    ],
)
def test_a_run_dies_of_what_a_fault_says(
    service: Service, cloud: LocalCloud, steps: PlayedSteps, kind: FaultKind, text: str, code: int
) -> None:
    cloud.faults.add(Fault(kind))
    run = service.start("ok")
    service.wait(run, "FAILED")
    (request,) = steps.requests
    assert text in request.args[-1]
    if service.text == "stateDetails" and "Last few" not in service.message(run):
        assert ("OOMKilled" in service.message(run)) is (code == 137)
    else:
        assert text in service.message(run)


def test_a_run_that_hangs_is_there_until_it_is_cancelled(service: Service, cloud: LocalCloud) -> None:
    cloud.faults.add(Fault(FaultKind.STEP_HANGS))
    run = service.start("ok")
    service.wait(run, "RUNNING")
    service.cancel(run)
    service.wait(run, word(STOPPED, service))


def test_a_throttled_call_changes_nothing_and_the_next_one_does(service: Service, cloud: LocalCloud) -> None:
    cloud.faults.add(Fault(FaultKind.RUN_THROTTLED, operation="StartJobRun"))
    with pytest.raises(ClientError, match="ThrottlingException"):
        service.start("ok")
    assert cloud.runs.runs == {}
    assert service.start("ok")


def test_a_lost_answer_leaves_a_run_that_the_caller_does_not_know(service: Service, cloud: LocalCloud) -> None:
    cloud.faults.add(Fault(FaultKind.RUN_ANSWER_LOST, operation="StartJobRun"))
    with pytest.raises(ConnectionClosedError):
        service.start("ok")
    assert len(cloud.runs.runs) == 1


@pytest.mark.parametrize("fixture", ["serverless", "containers"])
def test_the_same_client_token_is_the_same_run(
    request: pytest.FixtureRequest, steps: PlayedSteps, fixture: str
) -> None:
    service: Service = request.getfixturevalue(fixture)
    first = service.start("ok", clientToken="night-1")
    service.wait(first, word(DONE, service))
    assert service.start("fail", clientToken="night-1") == first
    assert service.start("ok", clientToken="night-2") != first


def test_answers_have_all_that_their_model_requires(service: Service, cloud: LocalCloud) -> None:
    answers: list[tuple[Any, dict[str, Any]]] = []
    service.client.meta.events.register("after-call", lambda model, parsed, **_: answers.append((model, parsed)))
    run = service.start("ok")
    service.wait(run, word(DONE, service))
    for model, parsed in answers:
        shown = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
        report = ParamValidator().validate(shown, model.output_shape).generate_report()
        # Empty until a run has ended: the model has a least length, which AWS does not keep.
        assert [line for line in report.splitlines() if "stateDetails" not in line] == []


def test_a_server_that_stops_ends_its_runs(service: Service, cloud: LocalCloud, steps: PlayedSteps) -> None:
    run = service.start("hold")
    service.wait(run, "RUNNING")
    cloud.stop()
    assert len(steps.requests) == 1
