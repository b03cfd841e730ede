"""Child processes that live as long as a block: each in a process group of its own, each with a log, none left over."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import TracebackType

import psutil  # type: ignore[import-untyped]

from tools.errors import StackError

STOP_SECONDS = 15
TAIL_LINES = 3


class Children(AbstractContextManager["Children"]):
    """Starts programs and stops them, with all that they started, when the block ends."""

    def __init__(self, env: Mapping[str, str], logs: Path) -> None:
        self._env, self._logs = dict(env), logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._commands: dict[str, list[str]] = {}

    @property
    def pids(self) -> dict[str, int]:
        """The process id of each child by name."""
        return {name: process.pid for name, process in self._running.items()}

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start `command`; what it prints goes to <logs>/<name>.log."""
        self._logs.mkdir(parents=True, exist_ok=True)
        self._log(name).write_bytes(b"")
        self._commands[name] = list(command)
        self._spawn(name)

    def restart(self, name: str, first: signal.Signals, meanwhile: Callable[[], None]) -> None:
        """End one child with all that it started, do `meanwhile`, and start it again; its log goes on.

        `first` is the signal that its group gets: SIGTERM lets it end, SIGKILL is like a crash of the machine.
        """
        self._end({name: self._running.pop(name)}, first)
        try:
            meanwhile()
        finally:
            self._spawn(name)

    def _spawn(self, name: str) -> None:
        with self._log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(
                self._commands[name],
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is ours to handle, and a group can be stopped whole
            )

    def check(self) -> None:
        """Raise StackError naming the first child that ended, its status and its last lines."""
        for name, process in self._running.items():
            if (status := process.poll()) is not None:
                raise StackError(f"{name} ended with {status}: {self.tail(name)} Its log is {self._log(name)}.")

    def tail(self, name: str) -> str:
        """The last lines that a child printed."""
        lines = [line for line in self._log(name).read_text(errors="replace").splitlines() if line.strip()]
        return " | ".join(lines[-TAIL_LINES:])

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End every child and whatever it started: by SIGTERM first, by SIGKILL after a while."""
        self._end(self._running, signal.SIGTERM)
        self._running.clear()

    @staticmethod
    def _end(doomed: Mapping[str, subprocess.Popen[bytes]], first: signal.Signals) -> None:
        family = [member for process in doomed.values() for member in _family(process.pid)]
        for process in doomed.values():
            _signal_group(process.pid, first)
        deadline = time.monotonic() + STOP_SECONDS
        for process in doomed.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=max(0.0, deadline - time.monotonic()))
        for process in doomed.values():
            _signal_group(process.pid, signal.SIGKILL)
            process.wait()
        _kill(family)

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"


def _family(pid: int) -> list[psutil.Process]:
    """A process's descendants: some leave their parent's group, and get no signal that is sent to it."""
    with suppress(psutil.NoSuchProcess):
        return list(psutil.Process(pid).children(recursive=True))
    return []


def _kill(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=STOP_SECONDS)


def _signal_group(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, number)
