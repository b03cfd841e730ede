"""All processes on the machines of one server, so that one, all of a machine's, or all can be ended."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from localcloud.steps.process import StepProcess

Key = tuple[str, str]  # the machine (a cluster, a host) and what runs on it (a step, a command)


class Processes:
    """The running processes and those that they left running; thread-safe."""

    def __init__(self) -> None:
        self._running: dict[Key, StepProcess | None] = {}
        self._outlived: dict[Key, StepProcess] = {}
        self._killed: set[Key] = set()
        self._closed = False
        self._changed = threading.Condition()

    @contextmanager
    def underway(self, key: Key) -> Iterator[None]:
        """Spans from before a process starts until all work after its end is done."""
        with self._changed:
            self._running[key] = None
        try:
            yield
        finally:
            with self._changed:
                self._running.pop(key, None)
                self._changed.notify_all()

    def start(self, key: Key, start: Callable[[], StepProcess]) -> StepProcess | None:
        """Start a process by calling start; None when its key, or everything, was killed before."""
        with self._changed:
            if self._closed or key in self._killed:
                return None
            process = self._running[key] = start()
        return process

    def let_live(self, key: Key, process: StepProcess) -> bool:
        """Let the processes that it left running go on; if it was killed, end them too and return False."""
        with self._changed:
            if not self._closed and key not in self._killed:
                self._outlived[key] = process
                return True
        process.stop()
        process.wait()
        return False

    def kill(self, key: Key) -> None:
        """End a process and those that it left running, or prevent one that has not started."""
        with self._changed:
            self._killed.add(key)
            process = self._running.get(key)
        if process:
            process.stop()
        self._end_outlived(lambda other: other == key)

    def kill_machine(self, machine: str, seconds: float) -> None:
        """End all processes of a machine and wait for them, at most some seconds."""
        with self._changed:
            doomed = [key for key in self._running if key[0] == machine]
        for key in doomed:
            self.kill(key)
        with self._changed:
            self._changed.wait_for(lambda: not any(key in self._running for key in doomed), seconds)
        self.forget(machine)

    def forget(self, machine: str) -> None:
        """End what was left running on a machine that is gone."""
        self._end_outlived(lambda key: key[0] == machine)
        with self._changed:
            self._killed = {key for key in self._killed if key[0] != machine}

    def close(self, seconds: float) -> None:
        """End everything, start nothing more, and wait some seconds at most for running work."""
        with self._changed:
            self._closed = True
            processes = [process for process in self._running.values() if process]
        for process in processes:
            process.stop()
        self._end_outlived(lambda _: True)
        with self._changed:
            self._changed.wait_for(lambda: not self._running, seconds)

    def machines(self) -> set[str]:
        """The machines with any processes."""
        with self._changed:
            self._outlived = {key: process for key, process in self._outlived.items() if not process.ended}
            return {machine for machine, _ in (*self._running, *self._outlived)}

    def sessions(self, but: Key | None = None) -> set[int]:
        """The process sessions of the running processes."""
        with self._changed:
            return {process.session for key, process in self._running.items() if process and key != but}

    def alone(self, key: Key) -> bool:
        """Whether no other process is running."""
        with self._changed:
            return set(self._running) <= {key}

    def _end_outlived(self, chosen: Callable[[Key], bool]) -> None:
        with self._changed:
            doomed = [self._outlived.pop(key) for key in list(self._outlived) if chosen(key)]
        for process in doomed:
            process.stop()
        for process in doomed:
            process.wait()
