"""Places and jobs as facts of the ledger, for services that forget them when a place is deleted. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from nightshift.compute.target import JobState, Place, PlaceState, SubmittedJob

ACT = "remembered"  # of the ledger's note
WHY = "the service forgets the place and its jobs"
_MOMENTS = ("created_at", "ready_at", "started_at", "ended_at")


def facts(place: Place, jobs: Sequence[SubmittedJob]) -> dict[str, Any]:
    """What a ledger note says of a place that is about to be stopped."""
    return {"place": _plain(place), "jobs": [_plain(job) for job in jobs]}


def places(entries: Sequence[Mapping[str, Any]]) -> list[Place]:
    """The places that notes speak of, oldest first, as they were then but GONE."""
    found = {n["place"]["id"]: Place(**{**_timed(n["place"]), "state": PlaceState.GONE}) for n in _notes(entries)}
    return [replace(place, words="DELETED") for place in found.values()]


def jobs(entries: Sequence[Mapping[str, Any]], place_id: str = "") -> list[SubmittedJob]:
    """The jobs that notes speak of, of one place or of all, oldest first, as they were last seen."""
    notes = [note for note in _notes(entries) if place_id in {"", note["place"]["id"]}]
    found = {job["id"]: job for note in notes for job in note["jobs"]}
    return [SubmittedJob(**{**_timed(job), "state": JobState(job["state"])}) for job in found.values()]


def _notes(entries: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [entry for entry in entries if entry.get("act") == ACT]


def _plain(thing: Place | SubmittedJob) -> dict[str, Any]:
    return {name: v.isoformat() if isinstance(v, datetime) else v for name, v in asdict(thing).items()}


def _timed(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: datetime.fromisoformat(v) if v and name in _MOMENTS else v for name, v in told.items()}
