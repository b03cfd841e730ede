"""Failure causes, and for each whether Airflow retries the task. This is the only table of retries."""

from __future__ import annotations

import re
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
        "the same input gives the same result",
        "Correct the input, then clear the task with downstream.",
    ),
    Cause.CODE: Remedy(
        False,
        "the same code gives the same result",
        "Fix the code or the setting that the message names, then clear the task with downstream.",
    ),
    Cause.BOOTSTRAP: Remedy(
        False,
        "wait_for_compute has already replaced the cluster once",
        "Read the bootstrap action's log under node/ in the cluster's logs, then clear the task with downstream.",
    ),
    Cause.CAPACITY: Remedy(
        False,
        "wait_for_compute has already tried other zones, other instance types and On-Demand",
        "Allow more instance types (NIGHTSHIFT_*_TYPES) or zones, or clear the task with downstream at another hour.",
    ),
    Cause.IAM: Remedy(
        False,
        "a missing permission stays missing",
        "Grant the named role the named action (include/terraform/modules/iam), then clear the task with downstream.",
    ),
    Cause.THROTTLE: Remedy(
        True,
        "the service needs time; the back-off gives it",
        "Check the AWS Health dashboard; when the service responds again, clear the task with downstream.",
    ),
    Cause.TIMEOUT: Remedy(
        True,
        "a hang may not recur, and a retry adopts what the first try made; a wait that timed out is final",
        "Check in the AWS console what the task waited for, then clear the task with downstream.",
    ),
    Cause.DISK: Remedy(
        False,
        "a full disk stays full until somebody frees space",
        "Free space on the machine that ran the task (df -h; /tmp and Airflow's logs first) or, if a step failed, give"
        " the cluster's nodes larger volumes; then clear the task with downstream.",
    ),
    Cause.TERRAFORM: Remedy(
        True,
        "terraform continues from its saved state, and most of its errors are delays in AWS",
        "Read terraform's output and fix what it names, then clear the task with downstream.",
    ),
    Cause.LOCK: Remedy(
        True,
        "a live holder releases the lock, and a dead holder's lock is broken",
        "Wait until the holder has ended; to end a run that does not, use ./nightshift reap --run ID (on an AWS account"
        " with --aws).",
    ),
    Cause.UPSTREAM: Remedy(
        False,
        "the task has already waited as long as it may",
        "Find out why no input was delivered, or why the source does not open (address, user, password), then clear"
        " the task with downstream.",
    ),
    Cause.STOPPED: Remedy(
        True,
        "a worker that was shut down is replaced; Airflow does not run a task again that a person marked",
        "Find out who or what stopped it (a person: Airflow's audit log), then clear the task with downstream.",
    ),
    Cause.LEAK: Remedy(
        True,
        "AWS's lists, and what it counts as in use, lag behind deletions",
        "Run ./nightshift reap (on an AWS account with --aws); delete by hand what it cannot remove, since that costs"
        " money.",
    ),
}
# What remedies and errors say of another try, in Airflow's words.
_CLEARED = re.compile(r"(?P<first>[Cc])lear (?:the|this) task(?: with downstream)?")
BACKFILL, TRIGGERED = "run the backfill again", "trigger the run again"
_AUDIT = "a person: Airflow's audit log"
_CHANGED = re.compile(r"Trigger the date again with .+? \(on the command line (?P<flag>--\S+) (?P<value>\S+)\)")
_COMMAND = re.compile(r"`(?P<command>[^`]+)`")


def advice(next_action: str, again: str) -> str:
    """What to do next at this place: `again` says there how a run is tried again; '' is Airflow's way."""
    if not again:
        return next_action
    if (changed := _CHANGED.search(next_action)) and (command := _COMMAND.search(again)):
        whole = _with(command["command"], changed["flag"], changed["value"])
        return next_action.replace(changed[0], f"Run `{whole}`")
    here = next_action.replace(_AUDIT, "Ctrl-C, or a signal")
    for words in (BACKFILL, TRIGGERED):
        here = here.replace(words, again)
    return _CLEARED.sub(lambda m: again if m["first"] == "c" else f"{again[:1].upper()}{again[1:]}", here)


def is_by_clearing(next_action: str) -> bool:
    """Whether a run is to be tried again as it is, by clearing its task in Airflow: not where a parameter is wrong."""
    return bool(_CLEARED.search(next_action))


def _with(command: str, flag: str, value: str) -> str:
    """The command line with the option at this value, in place of the one that it had."""
    given = re.compile(rf" {flag}[ =]\S+")
    return f"{given.sub('', command)} {flag} {value}"
