"""A small program above a step's process: when it ends, or the server dies, nothing of the step is left.

    python -I -S supervisor.py GRACE_SECONDS REPORT PROGRAM [ARGUMENT …]      stdin: a pipe from the server

It runs PROGRAM as a child and ends with its status (128 + N for signal N, 127 when it cannot be started, 143
when the step was stopped). The end of stdin means stop: the server closes the pipe to kill a step, and the
kernel closes it when the server dies, however it dies. Standalone: it imports nothing of localcloud.

REPORT is -1, or a descriptor: PROGRAM's status is written there when it ends, and what it left running goes on
until stdin ends or it does.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import sys
import time
from collections.abc import Iterator

PR_SET_PDEATHSIG = 1  # linux/prctl.h
PR_SET_CHILD_SUBREAPER = 36
STOPPED = 128 + signal.SIGTERM


def main() -> int:
    """Run the program that the arguments name; returns the exit status."""
    grace, report, argv = float(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    _prctl(PR_SET_CHILD_SUBREAPER, 1)  # a daemon of the step becomes our child, not init's
    wakeup = _child_signal()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if report >= 0:
        os.set_inheritable(report, False)
    child = _start(argv)
    status = _status_of(child, wakeup)
    if report >= 0:
        # A dead server no longer reads the report; what is left must be ended all the same.
        with contextlib.suppress(BrokenPipeError):
            os.write(report, b"%d\n" % status)
        _outlive(child, wakeup)
    _end_all(child, grace)
    return status


def _prctl(option: int, value: int) -> None:
    # Linux has it; elsewhere only the pipe is watched.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _child_signal() -> int:
    """A descriptor that becomes readable when a child ends."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    return reader


def _start(argv: list[str]) -> int:
    child = os.fork()
    if child == 0:
        _become(argv)
    return child


def _become(argv: list[str]) -> None:
    os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # in case this supervisor itself is killed
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    try:
        os.execvp(argv[0], argv)  # noqa: S606 - starting the step's program is the work
    except OSError as problem:
        sys.stderr.write(f"{argv[0]}: cannot be started: {problem.strerror}\n")
        sys.stderr.flush()
        os._exit(127)


def _status_of(child: int, wakeup: int) -> int:
    """Wait until the child ends or stdin does; reaps adopted children meanwhile."""
    while True:
        ready, _, _ = select.select([0, wakeup], [], [])
        if 0 in ready and not os.read(0, 1):
            return STOPPED
        if wakeup in ready:
            os.read(wakeup, 512)
        for pid, code in _ended():
            if pid == child:
                return code


def _outlive(child: int, wakeup: int) -> None:
    """Wait until stdin ends or no process of the step is left."""
    while _left(child):
        ready, _, _ = select.select([0, wakeup], [], [])
        if 0 in ready and not os.read(0, 1):
            return
        if wakeup in ready:
            os.read(wakeup, 512)
        list(_ended())


def _ended() -> Iterator[tuple[int, int]]:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        code = os.waitstatus_to_exitcode(status)
        yield pid, code if code >= 0 else 128 - code


def _end_all(child: int, grace: float) -> None:
    """Send TERM to each remaining process of the step, and KILL after the grace period, until none is left."""
    deadline = time.monotonic() + grace
    asked: set[int] = set()
    while left := _left(child):
        if time.monotonic() < deadline:
            _signal([pid for pid in left if pid not in asked], signal.SIGTERM)
            asked.update(left)
        else:
            _signal(left, signal.SIGKILL)
        time.sleep(0.01)
        list(_ended())


def _left(child: int) -> list[int]:
    """The step's living processes: of our session, or our children. Without /proc: the child's group."""
    if not os.path.isdir("/proc/self"):  # noqa: PTH112 - pathlib takes longer to import than this program runs
        return _group_left(child)
    me = os.getpid()
    return [pid for pid, state, parent, session in _processes() if pid != me and _lives(state, parent, session, me)]


def _lives(state: str, parent: int, session: int, me: int) -> bool:
    # A child counts until it is reaped: a JVM is a zombie while its last threads still run.
    return parent == me or (session == me and state not in "ZX")


def _group_left(child: int) -> list[int]:
    try:
        os.killpg(child, 0)
    except (ProcessLookupError, PermissionError):
        return []
    return [-child]


def _processes() -> Iterator[tuple[int, str, int, int]]:
    """Each process's id, state, parent, session (proc(5), /proc/<pid>/stat)."""
    for name in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as stat:  # noqa: PTH123
            state, parent, _group, session = stat.read().rpartition(b")")[2].split()[:4]
            yield int(name), state.decode(), int(parent), int(session)


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


if __name__ == "__main__":
    sys.exit(main())
