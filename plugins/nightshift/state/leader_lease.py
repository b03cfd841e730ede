"""Leader lease: one reaper at a time, from Airflow or a shell. It is an S3 object, renewed while the reaper runs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from nightshift.aws import clients, clock
from nightshift.config import Settings
from nightshift.run import processes
from nightshift.run.processes import Process
from nightshift.state.s3_lease import Content, S3Lease

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LOG = logging.getLogger(__name__)
KEY = "claims/reaper.json"
LEASE, BEAT_SECONDS = timedelta(minutes=5), 60.0


class LeaderLease:
    """The lease of one reaper, {"who", "until", "process"}. The same `who` may retake it: an Airflow runs its reaper
    once at a time (max_active_runs), so an earlier one of that name is dead."""

    def __init__(self, s3: S3Client, settings: Settings, who: str, process: Process | None = None) -> None:
        self._settings, self._missing = settings, s3.exceptions.NoSuchBucket
        self._lease = S3Lease(s3, settings.bucket("lake"), KEY)
        self.who, self._process = who, process
        self._held: dict[str, Any] = {}

    def take(self) -> str | None:
        """Acquire the lease; None if that worked, else a sentence that says who holds it."""
        try:
            taking = self._lease.take(self._until(), self._over)
        except self._missing:
            return None  # no lake, no other reaper
        if taking.is_held:
            return None
        if not taking.before:
            return "Another reaper has just ended; try again."
        held = taking.before
        return f"Another reaper is running ({held['who']}); its lease lasts until {held['until']}."

    def renew(self) -> None:
        """Extend the lease."""
        if not self._lease.renew(self._until()):
            LOG.warning("Another reaper took over the lease of %s.", self.who)

    def release(self) -> None:
        """Release the lease. A failure is only logged, since the lease expires by itself."""
        try:
            self._lease.release(lambda held: held == self._held)
        except (BotoCoreError, ClientError) as refused:
            LOG.warning("The reaper's lease could not be released; it expires in %s: %s", LEASE, refused)

    def _until(self) -> dict[str, Any]:
        """What the lease says from now on."""
        until = (clock.now(self._settings) + LEASE).isoformat(timespec="seconds")
        self._held = {"who": self.who, "until": until, "process": self._process.facts if self._process else None}
        return self._held

    def _over(self, held: Content) -> str:
        """Why the holder counts as gone; '' while it does not."""
        if held["who"] == self.who:
            return "an earlier reaper of the same name"
        if datetime.fromisoformat(held["until"]) < clock.now(self._settings):
            return "its lease has expired"
        return processes.death(Process.parsed(held.get("process")))


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
