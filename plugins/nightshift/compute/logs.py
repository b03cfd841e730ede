"""Job logs that a service pushes, gzipped, to s3://<logs>/<prefix>/{stdout,stderr}.gz."""

from __future__ import annotations

import gzip
import io
import logging
import zlib
from collections import deque

from botocore.exceptions import BotoCoreError, ClientError

from nightshift.aws import clients
from nightshift.config import Settings
from nightshift.failures.steplog import STREAMS

LOG = logging.getLogger(__name__)
LINES = 2000  # a Spark traceback with its JVM part has a few hundred


class PushedLogs:
    """Reads the logs of one job, keeping only their end in memory: a driver's log may have a gigabyte."""

    def __init__(self, settings: Settings, prefix: str) -> None:
        self._s3 = clients.client(settings, "s3")
        self._bucket, self._prefix = settings.bucket("logs"), prefix

    def are_there(self) -> bool:
        """Whether the service has pushed one of the logs; true also if they cannot be listed, so that nobody waits."""
        try:
            found = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix).get("Contents", [])
        except ClientError as refused:
            LOG.warning("s3://%s/%s cannot be listed, so it is not waited for: %s", self._bucket, self._prefix, refused)
            return True
        return any(item["Key"].endswith(f"/{stream}.gz") for item in found for stream in STREAMS)

    def ends(self) -> dict[str, list[str]]:
        """The last lines of each stream that can be read; the task's log says why one cannot."""
        return {stream: lines for stream in STREAMS if (lines := self._end(stream))}

    def _end(self, stream: str) -> list[str]:
        key = f"{self._prefix}{stream}.gz"
        end: deque[str] = deque(maxlen=LINES)
        try:
            body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"]
            with gzip.open(body) as plain:
                end.extend(line.rstrip("\n") for line in io.TextIOWrapper(plain, "utf-8", errors="replace"))
        except (BotoCoreError, ClientError, EOFError, zlib.error, gzip.BadGzipFile) as problem:
            LOG.warning("s3://%s/%s cannot be read to its end: %s", self._bucket, key, problem)
        return list(end)
