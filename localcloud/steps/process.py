"""A step's process, as the server handles it: started under a supervisor, waited for, stopped."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_SUPERVISOR = Path(__file__).with_name("supervisor.py")


class StepProcess:
    """A running step. stop is thread-safe, wait is for one thread."""

    def __init__(
        self,
        argv: Sequence[str],
        cwd: Path,
        env: Mapping[str, str],
        logs: Path,
        *,
        grace_seconds: float,
        inherited: Sequence[int] = (),
        outlived: bool = False,
    ) -> None:
        """Start argv in cwd with env; its output is appended to logs/stdout and logs/stderr.

        grace_seconds: the time between SIGTERM and SIGKILL; inherited: descriptors to pass on; outlived: whether
        processes that argv leaves running go on until stop. Raises OSError when the machine cannot start one more
        process; a program that does not exist ends with 127 and a line in stderr instead.
        """
        self._report, report = os.pipe() if outlived else (-1, -1)
        command = [sys.executable, "-I", "-S", str(_SUPERVISOR), str(grace_seconds), str(report), *argv]
        passed = [*inherited, *([report] if outlived else [])]
        with (logs / "stdout").open("ab") as out, (logs / "stderr").open("ab") as err:
            self._process = subprocess.Popen(
                command,
                cwd=cwd,
                env=dict(env),
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=err,
                start_new_session=True,
                pass_fds=passed,
            )
        if outlived:
            os.close(report)

    @property
    def session(self) -> int:
        """The process session of all the step's processes."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether all its processes have ended, including those that outlived it."""
        return self._process.poll() is not None

    def wait(self) -> int:
        """Block until the step and its processes have ended, except those allowed to outlive it; returns its exit
        status."""
        if self._report >= 0:
            with os.fdopen(self._report) as report:
                self._report = -1
                if status := report.readline():
                    return int(status)
        return self._process.wait()

    def stop(self) -> None:
        """End the step: the supervisor sees its pipe close and kills the processes."""
        if self._process.stdin:
            self._process.stdin.close()


def open_files(sessions: Collection[int]) -> set[Path]:
    """The files that processes of these sessions have open for writing; empty where there is no /proc."""
    found: set[Path] = set()
    if sessions and Path("/proc").is_dir():
        for process in Path("/proc").iterdir():
            if process.name.isdigit() and _session_of(int(process.name)) in sessions:
                found |= _written_by(process)
    return found


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except (ProcessLookupError, PermissionError):
        return None


def _written_by(process: Path) -> set[Path]:
    found = set()
    with suppress(OSError):  # it ended meanwhile, so it writes no more
        for link in (process / "fd").iterdir():
            with suppress(OSError):  # it has closed this file
                if link.lstat().st_mode & 0o200:  # the link's own mode says how the file was opened: proc(5)
                    found.add(link.readlink())
    return found
