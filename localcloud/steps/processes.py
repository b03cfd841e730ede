"""What runs on the machines of one server, so that one of it can be ended, all of a machine's, or all there is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from localcloud.steps.process import StepProcess

Key = tuple[str, str]  # the machine (a cluster, a host) and what runs on it (a step, a command)


class Processes:
    """The processes that are under way and those that they left running; safe to use from any thread."""

    def __init__(self) -> None:
        self._running: dict[Key, StepProcess | None] = {}
        self._outlived: dict[Key, StepProcess] = {}
        self._killed: set[Key] = set()
        self._closed = False
        self._changed = threading.Condition()

    @contextmanager
    def underway(self, key: Key) -> Iterator[None]:
        """From before a process starts until all is done that follows its end."""
        with self._changed:
            self._running[key] = None
        try:
            yield
        finally:
            with self._changed:
                self._running.pop(key, None)
                self._changed.notify_all()

    def start(self, key: Key, start: Callable[[], StepProcess]) -> StepProcess | None:
        """Start a process by calling start; None when its key was killed before, or everything was."""
        with self._changed:
            if self._closed or key in self._killed:
                return None
            process = self._running[key] = start()
        return process

    def let_live(self, key: Key, process: StepProcess) -> bool:
        """Let go on what a process has left running; if it was killed, end that too, and answer False."""
        with self._changed:
            if not self._closed and key not in self._killed:
                self._outlived[key] = process
                return True
        process.stop()
        process.wait()
        return False

    def kill(self, key: Key) -> None:
        """End a process and what it left running; one that has not started will not."""
        with self._changed:
            self._killed.add(key)
            process = self._running.get(key)
        if process:
            process.stop()
        self._end_outlived(lambda other: other == key)

    def kill_machine(self, machine: str, seconds: float) -> None:
        """End all of a machine and wait for it; give up waiting after some seconds."""
        with self._changed:
            doomed = [key for key in self._running if key[0] == machine]
        for key in doomed:
            self.kill(key)
        with self._changed:
            self._changed.wait_for(lambda: not any(key in self._running for key in doomed), seconds)
        self.forget(machine)

    def forget(self, machine: str) -> None:
        """A machine is gone: end what was left running on it."""
        self._end_outlived(lambda key: key[0] == machine)
        with self._changed:
            self._killed = {key for key in self._killed if key[0] != machine}

    def close(self, seconds: float) -> None:
        """End everything, start nothing more, and wait at most some seconds for what is under way."""
        with self._changed:
            self._closed = True
            processes = [process for process in self._running.values() if process]
        for process in processes:
            process.stop()
        self._end_outlived(lambda _: True)
        with self._changed:
            self._changed.wait_for(lambda: not self._running, seconds)

    def machines(self) -> set[str]:
        """The machines on which anything lives."""
        with self._changed:
            self._outlived = {key: process for key, process in self._outlived.items() if not process.ended}
            return {machine for machine, _ in (*self._running, *self._outlived)}

    def sessions(self, but: Key | None = None) -> set[int]:
        """The sessions of the processes under way."""
        with self._changed:
            return {process.session for key, process in self._running.items() if process and key != but}

    def alone(self, key: Key) -> bool:
        """Whether nothing else is under way."""
        with self._changed:
            return set(self._running) <= {key}

    def _end_outlived(self, chosen: Callable[[Key], bool]) -> None:
        with self._changed:
            doomed = [self._outlived.pop(key) for key in list(self._outlived) if chosen(key)]
        for process in doomed:
            process.stop()
        for process in doomed:
            process.wait()
