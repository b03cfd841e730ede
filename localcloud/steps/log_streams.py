"""Write the logs of an ended run to its streams in CloudWatch Logs, one event a line."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from moto.logs.models import LogsBackend, logs_backends

from localcloud.steps.request import RunRequest
from localcloud.steps.rights import Rights

_LOG = logging.getLogger(__name__)
_MOST_EVENTS = 10_000  # API reference, PutLogEvents: of one call
_MOST_CHARACTERS = 256 << 10  # of one event; longer lines are cut
_groups = threading.Lock()  # two runs may end at once and need the same new group


def write(request: RunRequest, logs: Path, rights: Rights) -> None:
    """Write the files of the directory logs, except to streams that the run's role may not write to."""
    for name, (group, stream) in request.streams.items():
        if words := rights.log_denial(group, stream):
            _LOG.warning("run %s: its role may not write its log: %s", request.step_id, words)
        else:
            lines = (logs / name).read_text(encoding="utf-8", errors="replace").splitlines()
            _put(logs_backends[request.account][request.region], group, stream, lines)


def _put(backend: LogsBackend, group: str, stream: str, lines: list[str]) -> None:
    with _groups:
        if group not in backend.groups:
            backend.create_log_group(group, {})
    if stream not in backend.groups[group].streams:
        backend.create_log_stream(group, stream)
    now = int(time.time() * 1000)
    # CloudWatch takes no empty event.
    events = [{"timestamp": now, "message": line[:_MOST_CHARACTERS]} for line in lines if line]
    for start in range(0, len(events), _MOST_EVENTS):
        backend.put_log_events(group, stream, events[start : start + _MOST_EVENTS])
