"""Probes: the conditions that a night's tasks wait for. Each returns None until its condition holds, then a small
JSON-able dict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nightshift.aws import clients, clock
from nightshift.compute import targets
from nightshift.compute.host import THERE, HostHook
from nightshift.compute.target import ComputeTarget, JobState, PlaceState, SubmittedJob
from nightshift.config import Settings
from nightshift.state import partition_locks
from nightshift.state.known_runs import from_marker

Answer = dict[str, Any] | None
MOST_LISTED = 100  # an answer goes through XCom


def inputs_settled(settings: Settings, prefix: str, kind: str = "raw") -> Answer:
    """Answers when the bucket of this kind has files under `prefix` and none arrived for settings.settle_seconds.

    `unreadable`, if there are any: keys that no job can read, because Hadoop turns them into another path.
    """
    pages = clients.client(settings, "s3").get_paginator("list_objects_v2")
    listed = [
        item
        for page in pages.paginate(Bucket=settings.bucket(kind), Prefix=prefix)
        for item in page.get("Contents", [])
        if item["Size"] or not item["Key"].endswith("/")
    ]
    unreadable = [item["Key"] for item in listed if _is_another_path(item["Key"])]
    files = [item for item in listed if not _is_another_path(item["Key"])]
    if not files:
        return None
    quiet = clock.age(settings, max(item["LastModified"] for item in files))
    if quiet.total_seconds() < settings.settle_seconds:
        return None
    more = {"unreadable": unreadable[:MOST_LISTED]} if unreadable else {}
    return {"files": len(files), "bytes": sum(item["Size"] for item in files), **more}


def _is_another_path(key: str) -> bool:
    return not {"", ".", ".."}.isdisjoint(key.split("/"))


def job_ended(settings: Settings, target: str, place_id: str, job_id: str) -> Answer:
    """Answers when the job has ended, or when its place has ended before it.

    A failed job's answer is `early` until its logs are there or settings.log_wait_seconds have passed since it ended,
    so that the waiting task can report the job's own error.
    """
    compute = targets.named(settings, target)
    job = compute.job(place_id, job_id)
    answer = {"place_id": place_id, "job_id": job_id, "state": job.state, "words": job.words}
    if job.state == JobState.COMPLETED:
        return answer
    place = compute.place(place_id)
    lost = "" if place.usable else f"its {compute.noun} is {place.words} ({place.why})"
    if not job.state.ended and (not lost or place.state != PlaceState.GONE):
        return None
    answer |= {"said": job.said, "lost": lost}
    return {**answer, "early": True} if _is_log_due(settings, compute, place_id, job) else answer


def jobs_ended(settings: Settings, target: str, place_id: str, job_ids: dict[str, str], seen: int) -> Answer:
    """Answers when more than `seen` of the jobs (name -> id) have ended: {"states", "ended", "lost"}. A failed job
    counts once its logs are there, or after settings.log_wait_seconds. `lost` says how the place ended, if it did so
    before all jobs had."""
    compute = targets.named(settings, target)
    by_name = {name: compute.job(place_id, job_id) for name, job_id in job_ids.items()}
    over = [job for job in by_name.values() if job.state.ended and not _is_log_due(settings, compute, place_id, job)]
    place = compute.place(place_id)
    gone = place.state == PlaceState.GONE and len(over) < len(by_name)
    if len(over) <= seen and not gone:
        return None
    lost = f"it is {place.words} ({place.why})" if gone else ""
    return {"states": {name: job.words for name, job in by_name.items()}, "ended": len(over), "lost": lost}


def _is_log_due(settings: Settings, compute: ComputeTarget, place_id: str, job: SubmittedJob) -> bool:
    if job.state != JobState.FAILED or job.ended_at is None:
        return False
    waited = clock.age(settings, job.ended_at).total_seconds()
    return waited < settings.log_wait_seconds and not compute.logs(place_id, job.id).are_there()


def place_moved(settings: Settings, target: str, place_id: str, seen: str) -> Answer:
    """Answers when the place's state is no longer `seen` (in the service's words), so that the task can log each
    change."""
    place = targets.named(settings, target).place(place_id)
    if place.words == seen:
        return None
    return {"id": place_id, "state": place.state, "words": place.words, "why": place.why}


def places_gone(settings: Settings, target: str, place_ids: list[str]) -> Answer:
    """Answers when all these places are gone. Until then each call asks once more for the end of those that are usable:
    some services stop a place only when its jobs have ended, and delete only what is stopped."""
    compute = targets.named(settings, target)
    places = [compute.place(place_id) for place_id in place_ids]
    if usable := [place.id for place in places if place.usable]:
        compute.stop(usable)
    gone = all(place.state == PlaceState.GONE for place in places)
    return {"places": {place.id: place.words for place in places}} if gone else None


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
    """Answers when the run of the marker holds its date (state/partition_locks). Each call tries to claim it."""
    return partition_locks.of(from_marker(settings, marker)).take()


PROBES: dict[str, Callable[..., Answer]] = {
    probe.__name__: probe
    for probe in (
        *(inputs_settled, host_online, command_ended, date_claimed),
        *(place_moved, job_ended, jobs_ended, places_gone),
    )
}
