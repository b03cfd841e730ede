"""The controller log of a step: its command, its end, its duration, and warnings."""

from __future__ import annotations

import shlex
import time
from datetime import UTC, datetime

from localcloud.steps.request import StepRequest


class Controller:
    """Lines in the format of EMR's own controller log, with UTC times."""

    def __init__(self, request: StepRequest) -> None:
        self._lines: list[str] = []
        self._started = time.monotonic()
        self.info(f"Step {request.step_id} of cluster {request.cluster_id}")
        self.info(f"startExec 'hadoop jar {request.jar} {shlex.join(request.args)}'")

    def info(self, text: str) -> None:
        """Add a line."""
        self._add("INFO", text)

    def warn(self, text: str) -> None:
        """Add a warning for the step's owner."""
        self._add("WARN", text)

    def end(self, exit_code: int) -> None:
        """Add how the step ended."""
        seconds = time.monotonic() - self._started
        verdict = "succeeded" if exit_code == 0 else "failed"
        self.info(f"total process run time: {seconds:.1f} seconds")
        self.info(f"Step {verdict} with exitCode {exit_code} and took {seconds:.1f} seconds")

    def text(self) -> str:
        """The whole log."""
        return "".join(self._lines)

    def _add(self, level: str, text: str) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        self._lines.append(f"{now}Z {level} {text}\n")
