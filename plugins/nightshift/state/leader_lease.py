"""Leader lease: one reaper at a time, from Airflow or a shell. It is an S3 object, renewed while the reaper runs."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from nightshift.aws import clients, clock
from nightshift.aws.conditional import put_if
from nightshift.config import Settings
from nightshift.run import processes
from nightshift.run.processes import Process

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LOG = logging.getLogger(__name__)
KEY = "claims/reaper.json"
LEASE, BEAT_SECONDS = timedelta(minutes=5), 60.0


class LeaderLease:
    """The lease of one reaper, {"who", "until", "process"}. The same `who` may retake it: an Airflow runs its reaper
    once at a time (max_active_runs), so an earlier one of that name is dead."""

    def __init__(self, s3: S3Client, settings: Settings, who: str, process: Process | None = None) -> None:
        self._s3, self._settings, self._bucket = s3, settings, settings.bucket("lake")
        self.who, self._process = who, process
        self._etag = ""

    def take(self) -> str | None:
        """Acquire the lease; None if that worked, else a sentence that says who holds it."""
        try:
            if self._put(IfNoneMatch="*"):
                return None
            there = self._s3.get_object(Bucket=self._bucket, Key=KEY)
        except self._s3.exceptions.NoSuchBucket:
            return None  # no lake, no other reaper
        except self._s3.exceptions.NoSuchKey:
            return "Another reaper has just ended; try again."
        held = json.loads(there["Body"].read())
        over = datetime.fromisoformat(held["until"]) < clock.now(self._settings)
        dead = held["who"] == self.who or processes.death(Process.parsed(held.get("process")))
        if (over or dead) and self._put(IfMatch=there["ETag"]):
            return None
        return f"Another reaper is running ({held['who']}); its lease lasts until {held['until']}."

    def renew(self) -> None:
        """Extend the lease."""
        if self._etag and not self._put(IfMatch=self._etag):
            LOG.warning("Another reaper took over the lease of %s.", self.who)

    def release(self) -> None:
        """Release the lease. A failure is only logged, since the lease expires by itself."""
        if not self._etag:
            return
        try:
            self._s3.delete_object(Bucket=self._bucket, Key=KEY, IfMatch=self._etag)
        except (BotoCoreError, ClientError) as refused:
            LOG.warning("The reaper's lease could not be released; it expires in %s: %s", LEASE, refused)

    def _put(self, **condition: str) -> bool:
        until = (clock.now(self._settings) + LEASE).isoformat(timespec="seconds")
        held = {"who": self.who, "until": until, "process": self._process.facts if self._process else None}
        done = put_if(self._s3, self._bucket, KEY, json.dumps(held).encode(), **condition)
        self._etag = self._s3.head_object(Bucket=self._bucket, Key=KEY)["ETag"] if done else self._etag
        return done


@contextmanager
def leader(settings: Settings, who: str) -> Iterator[str | None]:
    """Hold the lease during the block. Yields None, or a sentence that says who else holds it."""
    lease = LeaderLease(clients.client(settings, "s3"), settings, who, processes.this())
    busy = lease.take()
    if busy:
        yield busy
        return
    over = threading.Event()
    beat = threading.Thread(target=_beat, args=(lease, over), daemon=True)
    beat.start()
    try:
        yield None
    finally:
        over.set()
        beat.join()
        lease.release()


def _beat(lease: LeaderLease, over: threading.Event) -> None:
    while not over.wait(BEAT_SECONDS):
        try:
            lease.renew()
        except (BotoCoreError, ClientError):
            LOG.warning("The reaper's lease could not be renewed; the next attempt follows.", exc_info=True)
