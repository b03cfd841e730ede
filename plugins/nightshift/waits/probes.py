"""Probes: the conditions that a night's tasks wait for. Each returns None until its condition holds, then a small
JSON-able dict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nightshift.aws import clients, clock
from nightshift.compute.emr import ENDED, GONE, USABLE, EmrHook
from nightshift.compute.host import THERE, HostHook
from nightshift.compute.steplogs import StepLogs
from nightshift.config import Settings
from nightshift.state import partition_locks
from nightshift.state.known_runs import from_marker

Answer = dict[str, Any] | None
MOST_TOLD = 100  # an answer goes through XCom


def inputs_settled(settings: Settings, prefix: str) -> Answer:
    """Answers when the raw bucket has files under `prefix` and none arrived for settings.settle_seconds.

    `unreadable`, if there are any: keys that no job can read, because Hadoop turns them into another path.
    """
    pages = clients.client(settings, "s3").get_paginator("list_objects_v2")
    listed = [
        item
        for page in pages.paginate(Bucket=settings.bucket("raw"), Prefix=prefix)
        for item in page.get("Contents", [])
        if item["Size"] or not item["Key"].endswith("/")
    ]
    unreadable = [item["Key"] for item in listed if _is_another_path(item["Key"])]
    found = [item for item in listed if not _is_another_path(item["Key"])]
    if not found:
        return None
    quiet = clock.age(settings, max(item["LastModified"] for item in found))
    if quiet.total_seconds() < settings.settle_seconds:
        return None
    told = {"unreadable": unreadable[:MOST_TOLD]} if unreadable else {}
    return {"files": len(found), "bytes": sum(item["Size"] for item in found), **told}


def _is_another_path(key: str) -> bool:
    return not {"", ".", ".."}.isdisjoint(key.split("/"))


def step_ended(settings: Settings, cluster_id: str, step_id: str) -> Answer:
    """Answers when the step has ended, or when its cluster has ended before it.

    A failed step's answer is `early` until EMR has pushed its logs or settings.log_wait_seconds have passed since it
    ended, so that the waiting task can report the step's own error.
    """
    emr = EmrHook(clients.client(settings, "emr"))
    step = emr.step(cluster_id, step_id)["Status"]
    told = {"cluster_id": cluster_id, "step_id": step_id, "state": step["State"]}
    if step["State"] == "COMPLETED":
        return told
    cluster = emr.cluster(cluster_id)["Status"]
    lost = "" if cluster["State"] in USABLE else f"its cluster is {cluster['State']} ({_reason(cluster)})"
    if step["State"] not in ENDED and (not lost or cluster["State"] == "TERMINATING"):
        return None
    said = step.get("FailureDetails", {})
    words = said.get("Message") or said.get("Reason") or _reason(step)
    answer = {**told, "said": words, "lost": lost}
    return {**answer, "early": True} if _is_log_due(settings, step, cluster_id, step_id) else answer


def steps_ended(settings: Settings, cluster_id: str, step_ids: dict[str, str], seen: int) -> Answer:
    """Answers when more than `seen` of the steps (name -> id) have ended: {"states", "ended", "lost"}. A failed step
    counts once its logs are there, or after settings.log_wait_seconds. `lost` says how the cluster ended, if it did so
    before all steps had."""
    emr = EmrHook(clients.client(settings, "emr"))
    steps = {name: emr.step(cluster_id, step_id)["Status"] for name, step_id in step_ids.items()}
    over = {
        name: status["State"]
        for name, status in steps.items()
        if status["State"] in ENDED and not _is_log_due(settings, status, cluster_id, step_ids[name])
    }
    cluster = emr.cluster(cluster_id)["Status"]
    gone = cluster["State"] in GONE and len(over) < len(steps)
    if len(over) <= seen and not gone:
        return None
    lost = f"it is {cluster['State']} ({_reason(cluster)})" if gone else ""
    return {"states": {name: status["State"] for name, status in steps.items()}, "ended": len(over), "lost": lost}


def _is_log_due(settings: Settings, status: Any, cluster_id: str, step_id: str) -> bool:
    ended = status.get("Timeline", {}).get("EndDateTime")
    if status["State"] != "FAILED" or ended is None:
        return False
    waited = clock.age(settings, ended).total_seconds()
    return waited < settings.log_wait_seconds and not StepLogs(settings, cluster_id, step_id).are_there()


def cluster_moved(settings: Settings, cluster_id: str, seen: str) -> Answer:
    """Answers when the cluster's state is no longer `seen`, so that the task can log each change."""
    status = EmrHook(clients.client(settings, "emr")).cluster(cluster_id)["Status"]
    if status["State"] == seen:
        return None
    return {"cluster_id": cluster_id, "state": status["State"], "reason": _reason(status)}


def clusters_terminated(settings: Settings, cluster_ids: list[str]) -> Answer:
    """Answers when all clusters are TERMINATED or TERMINATED_WITH_ERRORS."""
    emr = EmrHook(clients.client(settings, "emr"))
    states = {i: str(emr.cluster(i)["Status"]["State"]) for i in cluster_ids}
    return {"clusters": states} if all(s.startswith("TERMINATED") for s in states.values()) else None


def host_online(settings: Settings, instance_id: str) -> Answer:
    """Answers when the host can take commands, {"state": "Online"}, or is gone: {"state": "Gone", "said"}."""
    host = HostHook(settings, instance_id)
    if (state := host.state()) not in THERE:
        return {"state": "Gone", "said": state}
    return {"state": "Online"} if state == "running" and host.is_online() else None


def command_ended(settings: Settings, instance_id: str, command_id: str) -> Answer:
    """Answers when the host's command has ended, or the host itself: Systems Manager would wait for a host that is gone
    until the command's timeout."""
    host = HostHook(settings, instance_id)
    if answer := host.answer(command_id):
        return {**answer, "command_id": command_id}
    state = host.state()
    return None if state in THERE else {"state": "Gone", "said": state}


def date_claimed(settings: Settings, marker: dict[str, Any]) -> Answer:
    """Answers when the run of the marker holds its business date (state/partition_locks). Each call tries to claim it."""
    return partition_locks.of(from_marker(settings, marker)).take()


def _reason(status: Any) -> str:
    reason = status.get("StateChangeReason", {})
    return ": ".join(part for part in (reason.get("Code"), reason.get("Message")) if part)


PROBES: dict[str, Callable[..., Answer]] = {
    probe.__name__: probe
    for probe in (
        *(inputs_settled, host_online, command_ended, date_claimed),
        *(cluster_moved, step_ended, steps_ended, clusters_terminated),
    )
}
