"""The cell's side of a hold: orders it, meets the process that came to it, lets it go."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

LOOK_SECONDS = 2.0


@dataclass
class Victim:
    """A task at the moment that was chosen. `process` is its runner; None while it is deferred in the triggerer."""

    process: psutil.Process | None = None
    frozen: list[psutil.Process] = field(default_factory=list)

    def tree(self) -> list[psutil.Process]:
        """The runner and everything below it: terraform, its provider, a JVM."""
        return [self.process, *self.process.children(recursive=True)] if self.process else []

    def freeze(self, processes: list[psutil.Process]) -> None:
        self.frozen = processes
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.suspend()

    def thaw(self) -> None:
        for process in self.frozen:
            with suppress(psutil.NoSuchProcess):
                process.resume()
        self.frozen = []


class Hold:
    """One order: `task` of `dag` at `moment` (tests/chaos/policy.py has the moments)."""

    def __init__(self, folder: Path, dag: str, task: str, moment: str) -> None:
        self._file = folder / f"{dag}.{task}.{moment}.order"
        self._file.touch()
        self._told = self._file.with_suffix(".told" if moment == "begin" else ".held")

    def victim(self, seconds: float, may_come: Callable[[], bool]) -> Victim | None:
        """The task's process when it is there; None when it did not come in time, or cannot come any more."""
        deadline, looked = time.monotonic() + seconds, time.monotonic()
        while not self._told.exists():
            time.sleep(0.05)
            if time.monotonic() > deadline:
                return None
            if time.monotonic() > looked + LOOK_SECONDS:
                looked = time.monotonic()
                if not may_come():
                    return None
        return Victim(psutil.Process(json.loads(self._told.read_text())["pid"]))

    def release(self) -> None:
        for file in (self._file, self._told):
            file.unlink(missing_ok=True)
