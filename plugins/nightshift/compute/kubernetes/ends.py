"""How a SparkApplication stands, from its status and its driver's pod: in neutral words, and why it ended. Pure.

The operator's states are those of api/v1beta2 of kubeflow/spark-operator. Of a driver that Kubernetes ended, or could
not start, the operator says little, and its pod says why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from nightshift.compute.target import JobState
from nightshift.config import Settings

STATES = {
    "RUNNING": JobState.RUNNING,
    "SUCCEEDING": JobState.RUNNING,
    "FAILING": JobState.RUNNING,
    "UNKNOWN": JobState.RUNNING,
    "COMPLETED": JobState.COMPLETED,
    "FAILED": JobState.FAILED,
}
# Why a container waits, and does so for ever if nobody changes something (kubelet, pkg/kubelet/images and kuberuntime).
STUCK = {
    "ErrImagePull": "NIGHTSHIFT_KUBERNETES_IMAGE, and the nodes' right to pull it",
    "ImagePullBackOff": "NIGHTSHIFT_KUBERNETES_IMAGE, and the nodes' right to pull it",
    "InvalidImageName": "NIGHTSHIFT_KUBERNETES_IMAGE",
    "CreateContainerConfigError": "NIGHTSHIFT_KUBERNETES_SECRET",
    "CreateContainerError": "the service account and its role",
}
KILLED = ("Evicted", "DeadlineExceeded", "Preempting", "NodeLost", "Shutdown", "Terminated")  # of a pod's status
OUT_OF_MEMORY = "OOMKilled"  # of a container's


@dataclass(frozen=True)
class End:
    """The state of an application. `words` is the operator's own, `said` why. `by_itself`: whether nothing of it is
    alive any more once it counts as ended."""

    state: JobState
    words: str
    said: str = ""
    by_itself: bool = True


def end_of(app: Mapping[str, Any], driver: Mapping[str, Any] | None, settings: Settings) -> End:
    """How the application stands; one whose driver cannot start has ended when
    settings.kubernetes_start_seconds have passed."""
    told = (app.get("status") or {}).get("applicationState") or {}
    words = told.get("state") or "NEW"
    state = STATES.get(words, JobState.PENDING)
    error = told.get("errorMessage", "")
    if state == JobState.FAILED and (killed := next(_killed(driver), "")):
        return End(JobState.CANCELLED, words, killed)
    if not state.ended and (stuck := next(_stuck(driver), "")) and _is_overdue(app, settings):
        return End(JobState.CANCELLED, words, stuck, by_itself=False)
    return End(state, words, error)


def _killed(driver: Mapping[str, Any] | None) -> Iterator[str]:
    """Why Kubernetes ended the driver, if it did."""
    status = (driver or {}).get("status") or {}
    if status.get("reason") in KILLED:
        yield f"{status['reason']}: {status.get('message', '')}"
    for container in _containers(status):
        ended = (container.get("state") or {}).get("terminated") or {}
        if ended.get("reason") == OUT_OF_MEMORY:
            yield f"{OUT_OF_MEMORY}: the driver used more memory than its limit"


def _stuck(driver: Mapping[str, Any] | None) -> Iterator[str]:
    """Why the driver cannot start, if it cannot."""
    for container in _containers((driver or {}).get("status") or {}):
        waiting = (container.get("state") or {}).get("waiting") or {}
        if hint := STUCK.get(waiting.get("reason", "")):
            yield f"{waiting['reason']}: {waiting.get('message', '')} (see {hint})"


def _containers(status: Mapping[str, Any]) -> list[Any]:
    return list(status.get("containerStatuses") or ())


def _is_overdue(app: Mapping[str, Any], settings: Settings) -> bool:
    made = datetime.fromisoformat(app["metadata"]["creationTimestamp"].replace("Z", "+00:00"))
    return (datetime.now(UTC) - made).total_seconds() > settings.kubernetes_start_seconds
