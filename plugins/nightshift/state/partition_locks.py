"""Lock on a business date: one run at a time makes its gold. The lock (claim) is an S3 conditional write."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from nightshift.aws import clients, clock
from nightshift.aws.conditional import delete_if, put_if
from nightshift.failures.causes import Cause
from nightshift.failures.errors import NightshiftError
from nightshift.run import processes
from nightshift.run.run_context import RunContext
from nightshift.state.known_runs import from_marker, from_run_name
from nightshift.state.ledger import Ledger, marker, over

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LOG = logging.getLogger(__name__)


class DateHeld(NightshiftError):
    """Another run holds the business date: for too long, or it took the date over."""

    cause = Cause.LOCK
    final = True  # the task has already waited
    next_action = (
        "Let that run end (or end it: ./nightshift reap --run ID, on an AWS account with --aws), then clear this task"
        " with downstream."
    )


class Claim:
    """The claim on a night's business date, claims/<pipeline>/<date>.json in the lake: {"run", "claimed_at"}."""

    def __init__(self, s3: S3Client, night: RunContext, key: str = "") -> None:
        self._s3, self._night = s3, night
        self._bucket, self._key = night.settings.bucket("lake"), key or night.claim_key

    def take(self) -> dict[str, Any] | None:
        """Claim the date; None while another live run holds it. Else {"claimed": run} and, if the claim was taken over
        from a dead run, {"taken_from", "why"}. A run's own claim is adopted."""
        ours = {"claimed": self._night.run}
        if self._put(IfNoneMatch="*"):
            return ours
        held = self._held()
        if held is None:  # released between our put and our get: the next poll finds it free
            return None
        holder, etag = held
        if holder == self._night.run:
            return ours
        over = self._over(holder)
        if not over:
            LOG.info("%s of %s is held by %s, which is live.", self._night.business_date, self._key, holder)
            return None
        return {**ours, "taken_from": holder, "why": over} if self._put(IfMatch=etag) else None

    def holder(self) -> str | None:
        """The run that holds the date; None if none does."""
        held = self._held()
        return held[0] if held else None

    def verify(self) -> None:
        """Raise DateHeld unless this run still holds the claim: a run whose claim was taken over must not publish."""
        holder = self.holder()
        if holder != self._night.run:
            raise DateHeld(
                f"{self._night.run} no longer holds {self._night.business_date}: {holder or 'nobody'} does. Nothing"
                " more was published."
            )

    def release(self) -> None:
        """Release the claim if this run holds it."""
        held = self._held()
        if held and held[0] == self._night.run:
            delete_if(self._s3, self._bucket, self._key, held[1])

    def _over(self, run: str) -> str:
        """Why the holder counts as dead; '' while it is alive."""
        settings, identity = self._night.settings, marker(self._s3, self._night.settings, run)
        holder = from_marker(settings, identity) if identity else from_run_name(settings, run, self._night.requested_at)
        entries = Ledger(self._s3, holder).entries()
        return over(entries, clock.now(settings), processes.death(holder.conductor))

    def _held(self) -> tuple[str, str] | None:
        """The holder and the claim's ETag."""
        try:
            there = self._s3.get_object(Bucket=self._bucket, Key=self._key)
        except (self._s3.exceptions.NoSuchKey, self._s3.exceptions.NoSuchBucket):
            return None
        return str(json.loads(there["Body"].read())["run"]), there["ETag"]

    def _put(self, **condition: str) -> bool:
        body = {"run": self._night.run, "claimed_at": datetime.now(UTC).isoformat(timespec="seconds")}
        return put_if(self._s3, self._bucket, self._key, json.dumps(body).encode(), **condition)


def release_all(night: RunContext) -> None:
    """Release every claim of the run: its own date, or the many of a backfill."""
    s3 = clients.client(night.settings, "s3")
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=night.settings.bucket("lake"), Prefix=f"claims/{night.pipeline.product}/"
    )
    try:
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    except s3.exceptions.NoSuchBucket:
        return
    for key in keys:
        Claim(s3, night, key).release()


def note_takeover(night: RunContext, task: str, taken: Mapping[str, Any]) -> None:
    """Note in the run's ledger that the claim was taken over from a dead run, if it was. `taken` is what take()
    returned."""
    if taken.get("taken_from"):
        act = f"claim of {night.business_date} taken over"
        Ledger(clients.client(night.settings, "s3"), night).note(
            task, act, taken["why"], taken_from=taken["taken_from"]
        )


def of(night: RunContext) -> Claim:
    """The claim of a night."""
    return Claim(clients.client(night.settings, "s3"), night)
