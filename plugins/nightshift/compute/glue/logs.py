"""Logs of a Glue run: CloudWatch streams that have the run's id."""

from __future__ import annotations

import logging

from botocore.exceptions import BotoCoreError, ClientError

from nightshift.aws import clients
from nightshift.compute.logs import LINES
from nightshift.config import Settings

LOG = logging.getLogger(__name__)
GROUPS = {"stdout": "/aws-glue/jobs/output", "stderr": "/aws-glue/jobs/error"}  # Glue's own, of the whole account


class StreamedLogs:
    """Reads the logs of one run, only their end: GetLogEvents gives the newest megabyte."""

    def __init__(self, settings: Settings, run_id: str) -> None:
        self._logs, self._run_id = clients.client(settings, "logs"), run_id

    def are_there(self) -> bool:
        """Whether Glue has written one of the streams; true also if that cannot be read, so that nobody waits."""
        return any(self._end(stream, 1) != [] for stream in GROUPS)

    def ends(self) -> dict[str, list[str]]:
        """The last lines of each stream that can be read; the task's log says why one cannot."""
        return {stream: lines for stream in GROUPS if (lines := self._end(stream, LINES))}

    def _end(self, stream: str, most: int) -> list[str] | None:
        """The last lines; [] while there is no such stream, None if it cannot be read."""
        group = GROUPS[stream]
        try:
            page = self._logs.get_log_events(logGroupName=group, logStreamName=self._run_id, limit=most)
        except (BotoCoreError, ClientError) as problem:
            if isinstance(problem, ClientError) and problem.response["Error"]["Code"] == "ResourceNotFoundException":
                return []
            LOG.warning("%s of %s cannot be read: %s", group, self._run_id, problem)
            return None
        return [line for event in page["events"] for line in event["message"].splitlines()]
