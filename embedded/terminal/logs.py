"""The log file of one command, where terraform and the runner process write."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from embedded.errors import TreeRefused
from localcloud import private
from tools import paths


def new_log(name: str) -> Path:
    """A new log file for one command. Raises TreeRefused."""
    log = paths.LOGS / f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.log"
    try:
        private.folder(paths.STATE)
        log.parent.mkdir(parents=True, exist_ok=True)
        log.touch()
    except OSError as refused:
        raise TreeRefused(
            f"A run keeps its log and its record in {log.parents[1]}, which cannot be written ({refused.strerror}):"
            " make it writable, or copy the tree to where you may write."
        ) from refused
    return log
