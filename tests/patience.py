"""Waiting for what another thread or process does. It is patient: a machine may be slow, and only a failure waits."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil

# Attributes of a queue of SQS whose messages are not given again while a slow test goes on (the default: 30 s).
HEARD_ONCE = {"VisibilityTimeout": "43200"}


def until(
    ask: Callable[[], Any],
    accept: Callable[[Any], bool] = bool,
    seconds: float = 300,
    pause: float = 0.02,
    what: str = "what was waited for",
) -> Any:
    """The first answer that is accepted; fails with the last one when none came in time."""
    deadline = time.monotonic() + seconds
    while not accept(answer := ask()):
        assert time.monotonic() < deadline, f"{what} did not come in {seconds:g} s, but {answer!r}"
        time.sleep(pause)
    return answer


def lives(pid: int) -> bool:
    """False once a process has ended, also when nobody has collected its exit status (a zombie)."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def words_of(process: psutil.Process) -> list[str]:
    """Its command line; [] of a process that has ended, also when nobody has collected its exit status (a zombie)."""
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


class Clock:
    """Now, plus what a test lets pass; once it is stopped, only that."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        self._stopped_at: datetime | None = None

    def __call__(self) -> datetime:
        return (self._stopped_at or datetime.now(UTC)) + self.ahead

    def stop(self) -> None:
        self._stopped_at = self._stopped_at or datetime.now(UTC)

    def forward(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)
