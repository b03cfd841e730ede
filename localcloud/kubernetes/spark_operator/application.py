"""The state machine of a SparkApplication, from its driver and its restart policy. Pure.

Follows internal/controller/sparkapplication of kubeflow/spark-operator. Not followed: suspend, and the new run of an
application whose specification changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from localcloud.kubernetes.errors import Json
from localcloud.kubernetes.times import moment, stamp

NEW, SUBMITTED, RUNNING = "", "SUBMITTED", "RUNNING"
SUBMISSION_FAILED = "SUBMISSION_FAILED"
SUCCEEDING, FAILING, PENDING_RERUN = "SUCCEEDING", "FAILING", "PENDING_RERUN"
COMPLETED, FAILED, UNKNOWN = "COMPLETED", "FAILED", "UNKNOWN"
ENDED = (COMPLETED, FAILED)
_OF_PHASE = {"Pending": "PENDING", "Running": RUNNING, "Succeeded": COMPLETED, "Failed": FAILED}
_OF_DRIVER = {"PENDING": SUBMITTED, RUNNING: RUNNING, COMPLETED: SUCCEEDING, FAILED: FAILING, UNKNOWN: UNKNOWN}
_RETRY_SECONDS = 5  # the default of onFailureRetryInterval and onSubmissionFailureRetryInterval


def state_of(status: Json) -> str:
    """The application's state; empty before its submission."""
    return str((status.get("applicationState") or {}).get("state", NEW))


def with_state(status: Json, state: str, message: str = "") -> Json:
    """The status in another state."""
    return {**status, "applicationState": {"state": state, **({"errorMessage": message} if message else {})}}


def pod_state(pod: Json) -> str:
    """The state of a driver or an executor, from its pod."""
    return _OF_PHASE.get(pod["status"].get("phase", ""), UNKNOWN)


def observed(status: Json, driver: Json | None, executors: Iterable[Json], now: datetime) -> Json:
    """The status after a look at the pods of a submitted or running application."""
    if driver is None:
        return {**with_state(status, FAILING, "driver pod not found"), "terminationTime": stamp(now)}
    seen = {pod["metadata"]["name"]: pod_state(pod) for pod in executors}
    labels = driver["metadata"].get("labels") or {}
    made = {
        **status,
        "sparkApplicationId": labels.get("spark-app-selector", ""),
        "executorState": {**after_driver(status.get("executorState") or {}, seen), **seen},
    }
    state = _OF_DRIVER[pod_state(driver)]
    if state in (SUCCEEDING, FAILING):
        made["terminationTime"] = stamp(now)
    return with_state(made, state, _why(driver) if state == FAILING else "")


def after_driver(known: Json, seen: Json) -> Json:
    """The states of executors whose pods are gone: their driver deletes them when it ends."""
    return {name: COMPLETED if name not in seen and state == RUNNING else state for name, state in known.items()}


def retries(spec: Json, status: Json) -> bool:
    """Whether an application that failed or succeeded is to run again."""
    policy = spec.get("restartPolicy") or {}
    kind, state = policy.get("type", "Never"), state_of(status)
    if kind == "Always":
        return state in (SUCCEEDING, FAILING, SUBMISSION_FAILED)
    if kind != "OnFailure":
        return False
    if state == FAILING:
        return bool(status.get("executionAttempts", 0) <= policy.get("onFailureRetries", 0))
    return bool(
        state == SUBMISSION_FAILED
        and status.get("submissionAttempts", 0) <= policy.get("onSubmissionFailureRetries", 0)
    )


def retry_due(spec: Json, status: Json, now: datetime) -> bool:
    """Whether the interval before the next attempt is over: longer with each attempt."""
    policy, submission = spec.get("restartPolicy") or {}, state_of(status) == SUBMISSION_FAILED
    if state_of(status) == SUCCEEDING:
        return True
    name = "onSubmissionFailureRetryInterval" if submission else "onFailureRetryInterval"
    attempts = status.get("submissionAttempts" if submission else "executionAttempts", 1)
    since = status.get("lastSubmissionAttemptTime" if submission else "terminationTime") or stamp(now)
    return now >= moment(since) + timedelta(seconds=policy.get(name, _RETRY_SECONDS) * attempts)


def expired(spec: Json, status: Json, now: datetime) -> bool:
    """Whether an ended application's time to live is over."""
    seconds, ended = spec.get("timeToLiveSeconds"), status.get("terminationTime")
    return bool(seconds and ended and now >= moment(ended) + timedelta(seconds=seconds))


def _why(driver: Json) -> str:
    statuses = driver["status"].get("containerStatuses") or []
    ended = statuses[0]["state"].get("terminated") if statuses else None
    if ended is None:
        return "driver container status missing"
    return f"driver container failed with ExitCode: {ended['exitCode']}, Reason: {ended['reason']}"
