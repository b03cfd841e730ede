"""The processes of a container: the memory that they use, and their end at once."""

from __future__ import annotations

import contextlib
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

_ANONYMOUS = re.compile(rb"^Pss_(?:Anon|Shmem):\s+(\d+) kB", re.MULTILINE)


def used(session: int) -> int:
    """The bytes of memory of a session's processes: what they wrote, pages that they share counted once.

    A cgroup counts about the same. 0 where there is no /proc.
    """
    return sum(_used_by(pid) for pid in _processes(session))


def kill(session: int) -> None:
    """Kill a container's processes, as the kernel does; their supervisor reports 137."""
    for pid in _processes(session):
        if pid != session:  # the supervisor leads the session
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _used_by(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_bytes()
    except OSError:  # it has ended meanwhile
        return 0
    return sum(int(size) << 10 for size in _ANONYMOUS.findall(text))


def _processes(session: int) -> Iterator[int]:
    if not Path("/proc").is_dir():
        return
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if os.getsid(int(entry.name)) == session:
                    yield int(entry.name)
