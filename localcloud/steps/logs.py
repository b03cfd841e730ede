"""Upload gzipped logs to the service's paths, <log_uri>/<cluster>/<its folder>/stdout.gz, and to CloudWatch."""

from __future__ import annotations

import gzip
import logging
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

from localcloud.steps import log_streams
from localcloud.steps.request import RunRequest, StepRequest
from localcloud.steps.rights import Rights, RightsOf, everything
from localcloud.steps.store import Store

_LOG = logging.getLogger(__name__)
_TAIL_LINES = 10
_TAIL_BYTES = 1000


class LogShipper:
    """Uploads the logs of ended steps, delay_seconds after their end (EMR: every five minutes), except those that
    their role may not write."""

    def __init__(self, delay_seconds: float, rights_of: RightsOf = everything) -> None:
        self._delay, self._rights_of = delay_seconds, rights_of
        self._waiting: dict[threading.Timer, Callable[[], None]] = {}
        self._cluster_of: dict[threading.Timer, str] = {}
        self._lock = threading.Lock()

    def ship(self, request: StepRequest, logs: Path, then: Callable[[], None]) -> None:
        """Upload the files of the directory logs, now or after the delay; then() afterwards, always."""

        def upload() -> None:
            try:
                rights = self._rights_of(request)
                _upload(request, logs, rights)
                if isinstance(request, RunRequest):
                    log_streams.write(request, logs, rights)
            finally:
                then()

        if self._delay <= 0:
            upload()
            return
        timer = threading.Timer(self._delay, lambda: self._due(timer))
        timer.daemon = True
        with self._lock:
            self._waiting[timer], self._cluster_of[timer] = upload, request.cluster_id
        timer.start()

    def flush(self, cluster_id: str) -> None:
        """Upload a cluster's waiting logs now: EMR uploads the rest when a cluster ends."""
        with self._lock:
            timers = [timer for timer, cluster in self._cluster_of.items() if cluster == cluster_id]
        for timer in timers:
            timer.cancel()
            self._due(timer)

    def close(self) -> None:
        """Upload nothing more."""
        with self._lock:
            for timer in self._waiting:
                timer.cancel()
            self._waiting.clear()
            self._cluster_of.clear()

    def _due(self, timer: threading.Timer) -> None:
        with self._lock:
            upload = self._waiting.pop(timer, None)
            self._cluster_of.pop(timer, None)
        if upload:
            upload()


def _upload(request: StepRequest, logs: Path, rights: Rights) -> None:
    if not request.log_uri:
        return
    bucket, _, prefix = request.log_uri.partition("://")[2].partition("/")
    store = Store(request.account)
    if bucket not in store.buckets():
        _LOG.warning("step %s: its logs are lost, the bucket of %s is gone", request.step_id, request.log_uri)
        return
    folder = "/".join(filter(None, (prefix.strip("/"), request.cluster_id, request.log_folder)))
    for name in request.log_names:
        key = f"{folder}/{name}.gz"
        if words := rights.denial("PutObject", bucket, key):
            _LOG.warning("step %s: its role may not write its log: %s", request.step_id, words)
        else:
            _upload_one(store, bucket, key, logs / name)


def _upload_one(store: Store, bucket: str, key: str, source: Path) -> None:
    packed = source.with_name(f"{source.name}.gz")
    try:
        with source.open("rb") as plain, gzip.open(packed, "wb", compresslevel=6) as target:
            shutil.copyfileobj(plain, target)
        store.upload(bucket, key, packed)
    except OSError as problem:
        _LOG.warning("could not upload the log s3://%s/%s: %s; the step's own state stands", bucket, key, problem)


def tail(path: Path) -> str:
    """The last lines of a log, at most ten and 1000 bytes; '' when there is none."""
    if not path.exists():
        return ""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        text = stream.read().decode("utf-8", "replace").strip()
    return "\n".join(text.splitlines()[-_TAIL_LINES:])
