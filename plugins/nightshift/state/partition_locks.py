"""Lock on a business date: one run at a time makes its gold. The lock (claim) is an S3 conditional write."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from nightshift.aws import clients, clock
from nightshift.failures.causes import Cause
from nightshift.failures.errors import NightshiftError
from nightshift.run import processes
from nightshift.run.run_context import RunContext
from nightshift.state.known_runs import from_marker, from_run_name
from nightshift.state.ledger import Ledger, marker, over
from nightshift.state.s3_lease import Content, S3Lease

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
        self._s3, self._night, self._key = s3, night, key or night.claim_key
        self._lease = S3Lease(s3, night.settings.bucket("lake"), self._key)

    def take(self) -> dict[str, Any] | None:
        """Claim the date; None while another live run holds it. Else {"claimed": run} and, if the claim was taken over
        from a dead run, {"taken_from", "why"}. A run's own claim is adopted."""
        ours = {"claimed": self._night.run}
        claimed_at = datetime.now(UTC).isoformat(timespec="seconds")
        taking = self._lease.take({"run": self._night.run, "claimed_at": claimed_at}, self._over)
        holder = taking.before.get("run")  # None, and not held: released between our put and our get
        if taking.is_held and holder:
            return {**ours, "taken_from": holder, "why": taking.why}
        if taking.is_held or holder == self._night.run:
            return ours
        if holder and not taking.why:
            LOG.info("%s of %s is held by %s, which is live.", self._night.business_date, self._key, holder)
        return None

    def holder(self) -> str | None:
        """The run that holds the date; None if none does."""
        held = self._lease.content()
        return str(held["run"]) if held else None

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
        self._lease.release(lambda held: held["run"] == self._night.run)

    def _over(self, held: Content) -> str:
        """Why the holder counts as dead; '' while it is alive, or this run."""
        settings, run = self._night.settings, str(held["run"])
        if run == self._night.run:
            return ""
        identity = marker(self._s3, settings, run)
        holder = from_marker(settings, identity) if identity else from_run_name(settings, run, self._night.requested_at)
        entries = Ledger(self._s3, holder).entries()
        return over(entries, clock.now(settings), processes.death(holder.conductor))


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
