"""Which process answers for something: known by host, pid and start, so that its death is known at once.

A lease tells of a death when it has run out. A process on this machine can be looked at: it is there or it is not. That
its pid was given to another one since is seen by the start.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

PROC = Path("/proc")
UNSEEN = "unseen"


@dataclass(frozen=True)
class Process:
    """A process. `machine` is where its pid means something, `started` in the unit of that machine."""

    host: str
    machine: str
    pid: int
    started: str

    @classmethod
    def parsed(cls, facts: Mapping[str, Any] | None) -> Process | None:
        """From what `facts` gave; None when nobody wrote a process down."""
        return cls(**{name: facts[name] for name in cls.__dataclass_fields__}) if facts else None

    @property
    def facts(self) -> dict[str, Any]:
        """The process as JSON-able data."""
        return asdict(self)

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


def of(pid: int) -> Process | None:
    """The process that has this pid on this machine now; None if none has."""
    started = _started(pid)
    return None if started in {"", UNSEEN} else Process(socket.gethostname(), _machine(), pid, started)


def this() -> Process | None:
    """The process that asks."""
    return of(os.getpid())


def is_here(process: Process) -> bool:
    """Whether it ran on this machine since it was booted, where its pid can be looked up."""
    return process.machine == _machine()


def death(process: Process | None) -> str:
    """Why the process is known to be dead; '' while it may live: also when there is none, or it is elsewhere."""
    if process is None or not is_here(process) or _started(process.pid) in {process.started, UNSEEN}:
        return ""
    return f"its {process} is gone"


@cache
def _machine() -> str:
    """This boot of this machine, and its space of process ids: containers of one host name have one each."""
    parts = [socket.gethostname()]
    with suppress(OSError):
        parts += [(PROC / "sys/kernel/random/boot_id").read_text().strip(), str((PROC / "self/ns/pid").readlink())]
    return " ".join(parts)


def _started(pid: int) -> str:
    """When it began; '' if it is not there or has ended, UNSEEN if it is and hides from us (hidepid). Linux counts from
    its boot, which no setting of a clock moves."""
    try:
        if not PROC.is_dir():
            process = psutil.Process(pid)
            return "" if process.status() == psutil.STATUS_ZOMBIE else str(process.create_time())
        state, *fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (OSError, psutil.Error):
        return UNSEEN if psutil.pid_exists(pid) else ""
    return "" if state in "ZX" else fields[18]
