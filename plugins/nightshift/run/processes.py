"""Process identity: host, pid and start time of the process that runs something, so that its death shows at once.

A lease shows a death only after it has expired; a process on this machine can be checked directly. The start time shows
whether its pid was reused.
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
    """A process. `machine` identifies the boot and pid namespace of its pid; `started` is in that machine's unit."""

    host: str
    machine: str
    pid: int
    started: str

    @classmethod
    def parsed(cls, facts: Mapping[str, Any] | None) -> Process | None:
        """From `facts`; None if no process was recorded."""
        return cls(**{name: facts[name] for name in cls.__dataclass_fields__}) if facts else None

    @property
    def facts(self) -> dict[str, Any]:
        """The process as JSON-able data."""
        return asdict(self)

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


def of(pid: int) -> Process | None:
    """The process with this pid on this machine; None if there is none, or its start time cannot be read."""
    started = _started(pid)
    return None if started in {"", UNSEEN} else Process(socket.gethostname(), _machine(), pid, started)


def this() -> Process | None:
    """The current process."""
    return of(os.getpid())


def is_here(process: Process) -> bool:
    """Whether it ran on this machine since its boot, so that its pid can be looked up."""
    return process.machine == _machine()


def death(process: Process | None) -> str:
    """Why the process is known to be dead; '' while it may be alive, also if it is None or on another machine."""
    if process is None or not is_here(process) or _started(process.pid) in {process.started, UNSEEN}:
        return ""
    return f"its {process} is gone"


@cache
def _machine() -> str:
    """Host name, boot id and pid namespace: containers with the same host name differ in the last."""
    parts = [socket.gethostname()]
    with suppress(OSError):
        parts += [(PROC / "sys/kernel/random/boot_id").read_text().strip(), str((PROC / "self/ns/pid").readlink())]
    return " ".join(parts)


def _started(pid: int) -> str:
    """Its start time; '' if it does not exist or has ended, UNSEEN if it exists but is hidden from us (hidepid). Linux
    counts from its boot, so a clock change does not affect it."""
    try:
        if not PROC.is_dir():
            process = psutil.Process(pid)
            return "" if process.status() == psutil.STATUS_ZOMBIE else str(process.create_time())
        state, *fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (OSError, psutil.Error):
        return UNSEEN if psutil.pid_exists(pid) else ""
    return "" if state in "ZX" else fields[18]
