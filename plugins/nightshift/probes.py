"""The questions a night waits on. Each answers None until there is news, then a small JSON-able dict."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from nightshift.config import Settings
from nightshift.hooks import aws
from nightshift.hooks.emr import ENDED, USABLE, EmrHook

Answer = dict[str, Any] | None
MOST_TOLD = 100  # an answer travels through XCom


def inputs_settled(settings: Settings, prefix: str) -> Answer:
    """News when the raw bucket holds files under `prefix` and none arrived for settings.settle_seconds.

    `unreadable`, when there are such: keys that no job will see, because Hadoop makes another path of them.
    """
    pages = aws.client(settings, "s3").get_paginator("list_objects_v2")
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
    quiet = (datetime.now(UTC) - max(item["LastModified"] for item in found)).total_seconds()
    if quiet < settings.settle_seconds:
        return None
    told = {"unreadable": unreadable[:MOST_TOLD]} if unreadable else {}
    return {"files": len(found), "bytes": sum(item["Size"] for item in found), **told}


def _is_another_path(key: str) -> bool:
    return not {"", ".", ".."}.isdisjoint(key.split("/"))


def step_ended(settings: Settings, cluster_id: str, step_id: str) -> Answer:
    """News when the step has ended, or when its cluster is no longer there to run it."""
    emr = EmrHook(aws.client(settings, "emr"))
    status = emr.step(cluster_id, step_id)["Status"]
    if status["State"] in ENDED:
        return {"state": status["State"], "failure": status.get("FailureDetails", {}), "reason": _reason(status)}
    cluster = emr.cluster(cluster_id)["Status"]
    if cluster["State"] in USABLE or cluster["State"] == "TERMINATING":
        return None
    return {"state": f"{status['State']} on a cluster {cluster['State']}", "failure": {}, "reason": _reason(cluster)}


def clusters_terminated(settings: Settings, cluster_ids: list[str]) -> Answer:
    """News when every one of the clusters is TERMINATED or TERMINATED_WITH_ERRORS."""
    emr = EmrHook(aws.client(settings, "emr"))
    states = {i: str(emr.cluster(i)["Status"]["State"]) for i in cluster_ids}
    return {"clusters": states} if all(s.startswith("TERMINATED") for s in states.values()) else None


def _reason(status: Any) -> str:
    reason = status.get("StateChangeReason", {})
    return ": ".join(part for part in (reason.get("Code"), reason.get("Message")) if part)


PROBES: dict[str, Callable[..., Answer]] = {
    probe.__name__: probe for probe in (inputs_settled, step_ended, clusters_terminated)
}
