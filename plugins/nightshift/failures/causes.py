"""Failure causes, and for each whether Airflow retries the task. This is the only table of retries."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Cause(StrEnum):
    """The kind of a failure, which says who has to act."""

    DATA = "data"  # input files or parameters are unusable
    CODE = "code"  # our code or its configuration is wrong
    BOOTSTRAP = "bootstrap"
    CAPACITY = "capacity"
    IAM = "iam"
    THROTTLE = "throttle"  # a service could not respond: throttling, 5xx, a dropped connection
    TIMEOUT = "timeout"
    DISK = "disk"  # a disk is full
    TERRAFORM = "terraform"
    LOCK = "lock"
    UPSTREAM = "upstream"  # the input was not delivered
    STOPPED = "stopped"  # killed, or marked by hand
    LEAK = "leak"  # something outlived its teardown


@dataclass(frozen=True)
class Remedy:
    """Whether a retry of the task may succeed; why; and what a person does otherwise."""

    retry: bool
    reason: str
    next_action: str


# Airflow retries with exponential backoff (dag_factory); within a try boto3 retries with jitter (aws/clients).
REMEDIES: dict[Cause, Remedy] = {
    Cause.DATA: Remedy(
        False,
        "the same input gives the same answer",
        "Correct the input or the parameter, then clear the task with downstream or trigger the date again.",
    ),
    Cause.CODE: Remedy(
        False,
        "the same code gives the same answer",
        "Mend the code or the setting at the place that is named, then clear the task with downstream.",
    ),
    Cause.BOOTSTRAP: Remedy(
        False,
        "wait_for_compute has made one new cluster already",
        "Read the bootstrap action's log under node/ in the cluster's logs, then clear the task with downstream.",
    ),
    Cause.CAPACITY: Remedy(
        False,
        "wait_for_compute has tried other zones, other instance types and On-Demand already",
        "Give more instance types (NIGHTSHIFT_*_TYPES) or zones, or clear the task with downstream at another hour.",
    ),
    Cause.IAM: Remedy(
        False,
        "a right that is missing stays missing",
        "Grant the role that is named the action that is named (include/terraform/modules/iam), then clear the task.",
    ),
    Cause.THROTTLE: Remedy(
        True,
        "whom we asked needs patience; the back-off gives it",
        "Look at the AWS Health dashboard; clear the task with downstream when it answers again.",
    ),
    Cause.TIMEOUT: Remedy(
        True,
        "what hung may not hang again, and a task adopts what its first try made; waits that had their time are final",
        "Look at what the task waited for in the AWS console; clear it with downstream.",
    ),
    Cause.DISK: Remedy(
        False,
        "a full disk stays full until somebody makes room",
        "Make room on the machine that ran the task (df -h; /tmp and Airflow's logs first), or give the cluster's nodes"
        " larger volumes when a step said it; then clear the task with downstream.",
    ),
    Cause.TERRAFORM: Remedy(
        True,
        "terraform goes on from its saved state, and most of what it stumbles over is AWS being late",
        "Read terraform's own words; clear the task with downstream when they are dealt with.",
    ),
    Cause.LOCK: Remedy(
        True,
        "a live owner lets go of the lock, a dead owner's is taken away",
        "Let the holder end; a run that does not end by itself is ended by ./nightshift reap --run ID.",
    ),
    Cause.UPSTREAM: Remedy(
        False,
        "the task has waited for as long as it may",
        "Find out why nothing was delivered, then clear the task with downstream.",
    ),
    Cause.STOPPED: Remedy(
        True,
        "a worker that was shut down has successors; what a person marked is not run again by Airflow",
        "Find out who or what stopped it in Airflow's audit log; clear the task with downstream to go on.",
    ),
    Cause.LEAK: Remedy(
        True,
        "AWS's lists, and what it counts as used, lag behind its deletions",
        "Run ./nightshift reap; delete by hand what it cannot: it is on the bill.",
    ),
}
