"""What a night's events look like while they happen: one line a task, and a sign of life between them."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import Any, TextIO

from nightshift.failures.english import counted
from nightshift.failures.shown import plain

TERMINAL_TICK, FILE_TICK = 1.0, 15.0
WIDTH = 100


@dataclass
class TaskTime:
    """One task as it was seen: when it began (monotonic seconds), how it stands, how long it took."""

    began: float
    state: str = "running"
    seconds: float = 0.0


class Progress:
    """Prints events to `out`. On a terminal the running task's line is renewed each second."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out, self._live = out, out.isatty()
        self._start = time.monotonic()
        self.tasks: dict[str, TaskTime] = {}
        self.failures: dict[str, str] = {}

    @property
    def tick(self) -> float:
        """How many seconds without an event are too long."""
        return TERMINAL_TICK if self._live else FILE_TICK

    def begin(self, title: str) -> None:
        """A new night."""
        self.tasks, self.failures = {}, {}
        self._line(f"\n{title}")

    def say(self, words: str) -> None:
        """One step that is not a task, with the time since the command began."""
        self._line(f"  {self._clock()}  {words}")

    def show(self, event: dict[str, Any]) -> None:
        """One event of the night."""
        kind = event["event"]
        if kind == "running":
            self._running(event["task"])
        elif kind == "tick":
            self._still()
        elif kind in {"success", "failed", "skipped"}:
            self._ended(event["task"], kind, event.get("error"))
        elif kind == "delivered":
            self.say(f"{counted(event['files'], 'input file')} uploaded")
        elif kind == "stopping":
            self.say(f"{event['reason']} The work stops here; what was made is being torn down.")

    def _running(self, task: str) -> None:
        if task not in self.tasks or self.tasks[task].state != "running":
            began = self.tasks[task].began if task in self.tasks else time.monotonic()
            self.tasks[task] = TaskTime(began)
        self._still(only_live=True)

    def _ended(self, task: str, state: str, error: str | None) -> None:
        seen = self.tasks.setdefault(task, TaskTime(time.monotonic()))
        seen.state, seen.seconds = state, time.monotonic() - seen.began
        self.say(f"{task:<22} {state:<8} {seen.seconds:6.1f} s")
        if error:
            self.failures.setdefault(task, error)
            self._line(f"         {error.splitlines()[0]}")

    def _still(self, *, only_live: bool = False) -> None:
        now = [(name, seen) for name, seen in self.tasks.items() if seen.state == "running"]
        if not now:
            return
        name, seen = now[-1]
        words = f"  {self._clock()}  {name:<22} running  {time.monotonic() - seen.began:6.1f} s"
        if self._live:
            self._out.write(f"\r{words:<{WIDTH}}")
            self._out.flush()
        elif not only_live:
            self._line(words)

    def _line(self, words: str) -> None:
        clear = f"\r{' ' * WIDTH}\r" if self._live else ""
        self._out.write(f"{clear}{plain(words)}\n")
        self._out.flush()

    def _clock(self) -> str:
        minutes, seconds = divmod(int(time.monotonic() - self._start), 60)
        return f"{minutes:02d}:{seconds:02d}"
