"""The effects of faults on job runs, with the services' words.

Capacity of EMR Serverless is as in its guide, "Troubleshooting errors in EMR Serverless"; executors and memory are as
Spark and Java say it. The other texts are Kubernetes' or ours and were not compared with a live account.
"""

from __future__ import annotations

from dataclasses import replace

from localcloud.emr.outages import failing_command, hanging_command
from localcloud.faults import FaultBook, FaultKind
from localcloud.runs.model import Reason, Run
from localcloud.steps.request import RunRequest

_NO_CAPACITY = {
    "glue": Reason("Resource unavailable: AWS Glue has no capacity for the workers of this run.", ""),
    "emr-serverless": Reason(
        "Job failed as account has reached the service limit on the maximum vCPU it can use concurrently.", ""
    ),
    "emr-containers": Reason(
        "The driver's pod was not scheduled: 0/3 nodes are available: 3 Insufficient cpu, 3 Insufficient memory.",
        "CLUSTER_UNAVAILABLE",
    ),
}
# Glue runs no image of the user's.
_NO_IMAGE = {
    "emr-serverless": Reason("Job failed: the image of the application could not be pulled from Amazon ECR.", ""),
    "emr-containers": Reason("The driver's pod did not start: ImagePullBackOff: Back-off pulling image.", "USER_ERROR"),
}
_OUT_OF_MEMORY = "java.lang.OutOfMemoryError: Java heap space"
_EXECUTOR_LOST = (
    "org.apache.spark.SparkException: Job aborted due to stage failure: Task 0 in stage 1.0 failed 4 times, most "
    "recent failure: Lost task 0.3 in stage 1.0:\nExecutorLostFailure (executor 1 exited caused by one of the running "
    "tasks) Reason: Command exited with code 137"
)
_KILLED = 137  # 128 + SIGKILL: the kernel's out-of-memory killer


def extra_start_seconds(run: Run, faults: FaultBook) -> float:
    """How much longer a run waits for its workers."""
    fault = faults.strike(FaultKind.SLOW_START, **_subject(run))
    return fault.seconds if fault else 0.0


def refusal(run: Run, faults: FaultBook) -> Reason | None:
    """Why a run gets no workers; None without such a fault."""
    service = run.arn.split(":")[2]
    if faults.strike(FaultKind.CAPACITY_REFUSED, **_subject(run)):
        return _NO_CAPACITY[service]
    if service in _NO_IMAGE and faults.strike(FaultKind.IMAGE_PULL_FAILURE, **_subject(run)):
        return _NO_IMAGE[service]
    return None


def disturbed(run: Run, request: RunRequest, faults: FaultBook) -> RunRequest:
    """The process of a run, or another that fails or hangs as a fault says."""
    subject = _subject(run)
    if fault := faults.strike(FaultKind.STEP_FAILURE, **subject):
        jar, args = failing_command(fault)
    elif fault := faults.strike(FaultKind.OUT_OF_MEMORY, **subject):
        jar, args = failing_command(fault, _OUT_OF_MEMORY, _KILLED)
    elif fault := faults.strike(FaultKind.EXECUTOR_LOST, **subject):
        jar, args = failing_command(fault, _EXECUTOR_LOST)
    elif faults.strike(FaultKind.STEP_HANGS, **subject):
        jar, args = hanging_command()
    else:
        return request
    return replace(request, jar=jar, args=args)


def _subject(run: Run) -> dict[str, tuple[str, ...]]:
    return {"cluster": run.place.names, "step": run.names}
