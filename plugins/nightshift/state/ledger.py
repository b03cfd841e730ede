"""Run ledger: an append-only log in S3, with an entry before and after every act that costs money or changes data."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import TaskAwaitingInput, TaskDeferred
from botocore.exceptions import BotoCoreError, ClientError

from nightshift.aws import clients, clock
from nightshift.aws.conditional import put_if
from nightshift.failures import cards
from nightshift.run import links
from nightshift.run.run_context import IDENTITY
from nightshift.state.s3_lease import Content, S3Lease

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from nightshift.config import Settings
    from nightshift.run.run_context import RunContext

LOG = logging.getLogger(__name__)
OPEN = "open/"
REAPER = "reaper"  # writes entries for a run that cannot do so itself
Entry = Mapping[str, Any]


class Ledger:
    """The entries of one run, numbered without gaps. Two writers never overwrite each other: each number is put with
    If-None-Match, and the second writer takes the next one.

    A run is open from its first "begin" until a "closed" entry without a later "begin". While it is open, the lake has
    a marker under open/, so that the reaper does not have to read every ledger. Entries never change, so each is read
    once; an act that has written one looks for the next number behind it.
    """

    def __init__(self, s3: S3Client, night: RunContext) -> None:
        self._s3, self._night, self._bucket = s3, night, night.settings.bucket("lake")
        self._prefix = f"{night.record_prefix}entries/"
        self._links = {"record": links.record(night)}
        self._known: dict[tuple[str, str], dict[str, Any]] = {}
        self._written = 0  # how many entries the lake has at least

    def entries(self) -> list[dict[str, Any]]:
        """Every entry, oldest first: {"at", "task", "phase", …}. Empty while there is no bucket."""
        bucket, keys = self._listed()
        for key in (key for key in keys if (bucket, key) not in self._known):
            self._known[bucket, key] = json.loads(self._s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        return [dict(self._known[bucket, key]) for key in keys]

    def append(self, task: str, phase: str, **facts: Any) -> None:
        """Add one entry; without a bucket, only log it."""
        entry = {"at": _iso(datetime.now(UTC)), "task": task, "phase": phase, **facts}
        bucket, number = self._bucket, self._written
        if not number:
            bucket, keys = self._listed()
            number = len(keys)
        if not bucket:
            LOG.info("No ledger yet (%s): %s", ", ".join(self._night.settings.record_buckets), entry)
            return
        while not self._put(bucket, f"{self._prefix}{number:06d}.json", entry):
            number += 1
        if bucket == self._bucket:  # a run that began without a lake goes on in it
            self._written = number + 1

    def note(self, task: str, act: str, why: str, **facts: Any) -> None:
        """Add an audit entry: something unusual was done. It does not renew the lease."""
        LOG.info("%s: %s (%s)", act, why, facts)
        self.append(task, "note", act=act, why=why, **facts)

    @contextmanager
    def act(
        self, task: str, attempt: int, *, limit: timedelta | None = None, resumed: bool = False
    ) -> Iterator[dict[str, Any]]:
        """Write "begin" (unless resumed after a deferral), run the body, then write "end" with the facts that the body
        adds to the yielded dict, or "failed" with the failure report and re-raise. A deferral leaves the act open.
        `limit` is how long the act may take; its lease is the limit plus the grace time."""
        if not resumed:
            self._mark()
            self.append(task, "begin", attempt=attempt, host=socket.gethostname(), lease=self.lease(limit))
        facts: dict[str, Any] = {}
        try:
            yield facts
        except (TaskDeferred, TaskAwaitingInput):
            raise
        except BaseException as error:  # a task's timeout is one
            self._fail(cards.card(error, task, self._links, self._night.settings.again), attempt)
            raise
        self.append(task, "end", attempt=attempt, lease=self.lease(), **facts)

    def lease(self, limit: timedelta | None = None) -> str:
        """When the next sign of life of an act that may take `limit` is due, by S3's clock."""
        grace = timedelta(minutes=self._night.settings.grace_minutes)
        return _iso(clock.now(self._night.settings) + (limit or timedelta(0)) + grace)

    def close(self, outcome: str, reported_by: str) -> None:
        """Close the ledger: the run ended as "success", "success with warnings" or "failed", reported by "report" or
        "reaper". The entry keeps the run's identity, since its marker is removed."""
        self.append("ledger", "closed", outcome=outcome, told_by=reported_by, identity=self._night.identity)
        self.unmark()
        if is_open(self.entries()):  # a cleared task began before the marker was removed
            self._mark()

    def unmark(self) -> None:
        """Remove the marker of a run that is closed."""
        try:
            self._s3.delete_object(Bucket=self._bucket, Key=self._night.marker_key)
        except self._s3.exceptions.NoSuchBucket:
            LOG.info("No lake, so no marker.")

    def _fail(self, card: cards.Card, attempt: int) -> None:
        """Write the "failed" entry. An AWS error here is only logged, so that it does not replace the act's error."""
        try:
            self.append(**card, phase="failed", attempt=attempt, lease=self.lease())
        except (BotoCoreError, ClientError):
            LOG.exception("The ledger could not be written. %s", cards.text(card))

    def _mark(self) -> None:
        """Write the open marker. A run that Airflow started again (cleared) replaces it, and so renews its expiry."""
        identity = self._night.identity
        marker = S3Lease(self._s3, self._bucket, self._night.marker_key)

        def over(there: Content) -> str:
            return "this run began anew" if there["started_at"] < identity["started_at"] else ""

        try:
            taking = marker.take(identity, over)
            while not taking.is_held and (taking.why or not taking.before):  # changed between our get and our put
                taking = marker.take(identity, over)
        except self._s3.exceptions.NoSuchBucket:
            LOG.info("No lake yet, so no marker.")

    def _listed(self) -> tuple[str, list[str]]:
        """The bucket of the entries, '' while there is none, and their keys."""
        for bucket in self._night.settings.record_buckets:
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=self._prefix)
            with suppress(self._s3.exceptions.NoSuchBucket):
                return bucket, [item["Key"] for page in pages for item in page.get("Contents", [])]
        return "", []

    def _put(self, bucket: str, key: str, content: Mapping[str, Any]) -> bool:
        """Write an object that is not there; False if it is."""
        return bool(put_if(self._s3, bucket, key, json.dumps(content, default=str).encode(), IfNoneMatch="*"))


def of(night: RunContext) -> Ledger:
    """The ledger of a night."""
    return Ledger(clients.client(night.settings, "s3"), night)


def open_runs(s3: S3Client, settings: Settings) -> list[dict[str, Any]]:
    """The identities of all open runs, from their markers. [] while there is no lake. An invalid marker is logged; its
    run is still found by its resources."""
    lake = settings.bucket("lake")
    try:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=lake, Prefix=OPEN)
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    except s3.exceptions.NoSuchBucket:
        return []
    return [identity for key in keys if (identity := _marker(s3, lake, key))]


def marker(s3: S3Client, settings: Settings, run: str) -> dict[str, Any] | None:
    """The identity of an open run `<dag>/<slug>`; None while it is not open."""
    return _marker(s3, settings.bucket("lake"), f"{OPEN}{run}.json")


def _marker(s3: S3Client, lake: str, key: str) -> dict[str, Any] | None:
    try:
        identity: dict[str, Any] = json.loads(s3.get_object(Bucket=lake, Key=key)["Body"].read())
    except (s3.exceptions.NoSuchKey, s3.exceptions.NoSuchBucket):  # closed since it was listed
        return None
    except ValueError:
        identity = {}
    if not isinstance(identity, dict) or not identity.keys() >= IDENTITY:
        LOG.error("s3://%s/%s is not a valid run marker: check it, and delete it once its run has ended.", lake, key)
        return None
    return identity


def is_open(entries: Sequence[Entry]) -> bool:
    """Whether the ledger has a "begin" without a later "closed" entry."""
    phases = [entry["phase"] for entry in entries if entry["phase"] in {"begin", "closed"}]
    return bool(phases) and phases[-1] == "begin"


def lease_of(entries: Sequence[Entry]) -> datetime | None:
    """The lease of the run's last sign of life: when the next one is due; None without any. Entries of the reaper do
    not count."""
    leases = [entry["lease"] for entry in entries if entry.get("lease") and entry["task"] != REAPER]
    return datetime.fromisoformat(leases[-1]) if leases else None


def over(entries: Sequence[Entry], now: datetime, death: str = "") -> str:
    """Why the run counts as dead, by its ledger or the `death` of its runner process; '' while it is alive."""
    if not is_open(entries):
        return "its ledger is closed"
    if death:
        return death
    lease = lease_of(entries)
    if lease and now > lease:
        return f"its lease expired at {lease:%Y-%m-%dT%H:%MZ}"
    return ""


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
