"""Starts the process that plays nights, hands it its orders, and gives its events as they come."""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from embedded.errors import NightError
from embedded.runs.requests import Order
from tools import paths

Event = dict[str, Any]
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
TAIL_LINES = 5
FULL = re.compile("No space left on device|disk is full|Disk quota exceeded")
MAKE_ROOM = (
    "The disk is full: free space (df -h; /tmp and this tree), run ./nightshift reap on a kept cloud, and run it again."
)


def _path_with_this_tree(env: Mapping[str, str]) -> str:
    """PYTHONPATH for a Python that may be another environment's, as MWAA's is in `make mwaa-preflight`."""
    own, given = str(paths.ROOT), env.get("PYTHONPATH", "").split(os.pathsep)
    return os.pathsep.join((own, *(path for path in given if path not in {"", own})))


class Runner(AbstractContextManager["Runner"]):
    """The night process. It imports Airflow at once, while its cloud is still being started, and then waits.

    A signal while a night is being played is passed on once, and the process ends after its teardown; `stopping` is
    called then, and again when a later signal is not passed on. `python` is the command that interprets it; `held` are
    file descriptors that it keeps open as long as it lives.
    """

    def __init__(
        self,
        env: Mapping[str, str],
        log: Path,
        stopping: Callable[[bool], None],
        python: Sequence[str] = (sys.executable,),
        held: Sequence[int] = (),
    ) -> None:
        self.log, self._env, self._stopping, self._python = log, dict(env), stopping, tuple(python)
        self._held = tuple(held)
        self.interrupted = False
        self._role: dict[str, str] = {}
        self._playing = False
        self._process: subprocess.Popen[str] | None = None
        self._events: queue.Queue[Event | None] = queue.Queue()
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Runner:
        readable, writable = os.pipe()
        with self.log.open("a") as output:
            self._process = subprocess.Popen(
                [*self._python, "-P", "-m", "embedded.runs.runner_process", str(writable)],
                env={**self._env, "PYTHONPATH": _path_with_this_tree(self._env)},
                cwd=paths.ROOT,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                text=True,
                pass_fds=(writable, *self._held),
                start_new_session=True,
            )
        os.close(writable)
        threading.Thread(target=self._read, args=(readable,), daemon=True).start()
        self._before = {number: signal.signal(number, self._signalled) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def work_under(self, role: Mapping[str, str]) -> None:
        """What differs in the nights' environment from that of whoever brings their input (embedded.cloud.roles)."""
        self._role = dict(role)

    def play(self, env: Mapping[str, str], orders: Sequence[Order], tick: float) -> Iterator[Event]:
        """Play the orders one after the other, in `env`; yields events, and {"event": "tick"} when `tick` seconds
        brought none. Raises NightError when the process ends before every run has ended, unless one failed."""
        process = self._running()
        self._playing = True
        if process.stdin and process.poll() is None:
            given = {"env": {**env, **self._role}, "operator": dict(env), "orders": [o.text() for o in orders]}
            process.stdin.write(json.dumps(given) + "\n")
            process.stdin.flush()
        ended = 0
        while (event := self._next(tick)) is not None:
            ended += event["event"] == "night"
            yield event
        self._playing = False
        if ended == 0 or (process.wait() == 0 and ended < len(orders)):
            tail = self._tail()
            room = f" {MAKE_ROOM}" if FULL.search(tail) else ""
            raise NightError(f"The runner process ended with {process.wait()}: {tail} Its log is {self.log}.{room}")

    def finish(self) -> None:
        """Wait until the process ended: after its teardown when a night is being played, at once when not."""
        process = self._running()
        if process.poll() is None:
            process.send_signal(signal.SIGINT if self._playing else signal.SIGKILL)
        process.wait()
        if process.stdin and not process.stdin.closed:
            process.stdin.close()

    def _next(self, tick: float) -> Event | None:
        try:
            return self._events.get(timeout=tick)
        except queue.Empty:
            return {"event": "tick"}

    def _read(self, readable: int) -> None:
        with os.fdopen(readable, encoding="utf-8") as lines:
            for line in lines:
                self._events.put(json.loads(line))
        self._events.put(None)

    def _signalled(self, _number: int, _frame: FrameType | None) -> None:
        if not self._playing:
            raise KeyboardInterrupt
        self._stopping(self.interrupted)
        if not self.interrupted:
            self._running().send_signal(signal.SIGINT)
        self.interrupted = True

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise NightError("The runner process was not started: use Runner in a with statement.")
        return self._process

    def _tail(self) -> str:
        lines = [line for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        return " | ".join(lines[-TAIL_LINES:])
