"""The Run Command engine: a thread for each invocation, and one that ends those that timed out or whose host is
gone."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from localcloud.credentials import Access
from localcloud.ssm import hosts, output
from localcloud.ssm.model import CANCELLED, EXPIRED, HOST_GONE, TOLD, Command, End, Invocation
from localcloud.ssm.runner import HostCommand, HostRunner

log = logging.getLogger(__name__)
Clock = Callable[[], datetime]
AccessOf = Callable[[str, str, str], Access]  # of account, region, instance
_TICK_SECONDS = 0.1


class CommandEngine:
    """All commands of all accounts and regions. Hold `changed` while reading or writing them."""

    def __init__(self, runner: HostRunner, clock: Clock) -> None:
        self.changed = threading.Condition(threading.RLock())
        self.commands: list[Command] = []
        self._runner, self._clock = runner, clock
        self._access_of: AccessOf | None = None
        self._places: dict[str, tuple[str, str]] = {}
        self._leaving: set[str] = set()
        self._stopping = False
        self._thread = threading.Thread(target=self._loop, name="localcloud-ssm", daemon=True)

    def start(self, access_of: AccessOf) -> None:
        """Start the engine; access_of says how a host reaches AWS."""
        self._access_of = access_of
        self._thread.start()

    def stop(self) -> None:
        """Kill every command and all processes that commands left running."""
        with self.changed:
            self._stopping = True
            self.changed.notify_all()
        # Not under the lock: ending commands report through it.
        self._runner.close()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def send(self, command: Command) -> None:
        """Run a command on each of its hosts."""
        self.commands.append(command)
        for invocation in command.invocations.values():
            self._places[invocation.instance] = (command.account, command.region)
            name = f"localcloud-{command.id}"
            threading.Thread(target=self._run, args=(command, invocation), name=name, daemon=True).start()
        self.changed.notify_all()

    def cancel(self, command: Command, instances: list[str]) -> None:
        """Kill a command on some of its hosts; ended invocations stay as they are."""
        for instance in instances:
            self._kill(command, command.invocations[instance], CANCELLED)

    def tick(self) -> None:
        """End invocations that exceeded their time, and all on hosts that are gone; the loop calls this."""
        with self.changed:
            now = self._clock()
            for command, invocation in self._live():
                if command.overdue(invocation, now):
                    self._kill(command, invocation, EXPIRED)
            for instance in self._runner.hosts() & self._places.keys() - self._leaving:
                if not hosts.runs(*self._places[instance], instance):
                    self._switch_off(instance)

    def _loop(self) -> None:
        while True:
            self.tick()
            with self.changed:
                if self._stopping:
                    return
                busy = self._runner.hosts() or self._live()
                self.changed.wait(_TICK_SECONDS if busy else None)

    def _live(self) -> list[tuple[Command, Invocation]]:
        return [(command, i) for command in self.commands for i in command.invocations.values() if i.live]

    def _kill(self, command: Command, invocation: Invocation, end: End) -> None:
        if invocation.kill_for(end):
            self._aside(self._runner.kill, invocation.instance, command.id)

    def _switch_off(self, instance: str) -> None:
        for _, invocation in self._live():
            if invocation.instance == instance:
                invocation.kill_for(HOST_GONE)
        self._leaving.add(instance)
        self._aside(self._leave, instance)

    def _leave(self, instance: str) -> None:
        try:
            self._runner.switch_off(instance, for_ever=hosts.is_gone(*self._places[instance], instance))
        finally:
            # Commands that started meanwhile are handled at the next tick.
            with self.changed:
                self._leaving.discard(instance)

    def _aside(self, work: Callable[..., None], *arguments: str) -> None:
        # In a thread: killing may wait for processes to end, and the caller holds the lock.
        threading.Thread(target=work, args=arguments, daemon=True).start()

    def _run(self, command: Command, invocation: Invocation) -> None:
        with self.changed:
            invocation.start(self._clock())
        code = 1
        try:
            with self._runner.run(self._request(command, invocation.instance)) as ended:
                code = ended.code
                if invocation.cut is not HOST_GONE:
                    output.upload(command, invocation.instance, ended.logs)
                invocation.stdout, invocation.stderr = (output.told(ended.logs, name) for name in output.MOST)
        except Exception as problem:
            # Always report an end: an invocation without one would stay InProgress for ever.
            log.exception("command %s could not be run on %s", command.id, invocation.instance)
            code, invocation.stderr = 1, f"localcloud could not run the command: {problem!r}"
        with self.changed:
            invocation.finish(code, self._clock())
            if invocation.status not in TOLD:
                invocation.stdout = invocation.stderr = ""
            self.changed.notify_all()

    def _request(self, command: Command, instance: str) -> HostCommand:
        assert self._access_of is not None, "a command runs after start()"
        access = self._access_of(command.account, command.region, instance)
        return HostCommand(instance, command.id, command.region, access, command.lines, command.directory)
