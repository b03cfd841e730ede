"""One container of a pod: its process under a supervisor, its log, its memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from localcloud import private
from localcloud.kubernetes.errors import Json
from localcloud.kubernetes.kubelet import memory, statuses
from localcloud.kubernetes.kubelet.program import Program
from localcloud.kubernetes.kubelet.quantity import number
from localcloud.steps.process import StepProcess

_PAUSE_SECONDS = 0.02
_LOOK_SECONDS = 0.5  # between two looks at the memory


@dataclass(frozen=True)
class Started:
    """A running program: where it runs and what it gets. grace: seconds from TERM to KILL."""

    program: Program
    cwd: Path
    env: Mapping[str, str]
    grace: float


class Container:
    """A container through its restarts. One thread uses it; log may be read by others."""

    def __init__(self, spec: Json, directory: Path, now: Callable[[], str]) -> None:
        """now: the present time as a stamp."""
        self.spec, self.name, self._dir, self._now = spec, str(spec["name"]), directory, now
        self.state: Json = statuses.waiting("ContainerCreating")
        self.last: Json = {}
        self.restarts, self.driver = 0, False
        self._again = self._killing = False
        self._process: StepProcess | None = None
        self._began, self._looked, self._why, self._log = "", 0.0, "", Path()

    @property
    def running(self) -> bool:
        return "running" in self.state

    @property
    def code(self) -> int | None:
        """The exit code of a container that has ended."""
        ended = self.state.get("terminated")
        return None if ended is None else int(ended["exitCode"])

    @property
    def session(self) -> int | None:
        """The process session of a running container."""
        return self._process.session if self._process and self.running else None

    def start(self, started: Started) -> None:
        """Run the program. Raises OSError when the machine cannot."""
        if self._again:
            self.restarts, self._again = self.restarts + 1, False
        folder = private.folder(self._dir / str(self.restarts))
        (folder / "stdout").touch(mode=0o600)
        (folder / "stderr").hardlink_to(folder / "stdout")  # Kubernetes keeps one log of both
        program = started.program
        self._process = StepProcess(*(program.argv, started.cwd, started.env, folder), grace_seconds=started.grace)
        self._began, self._why, self._killing = self._now(), "", False
        self.driver, self._log = program.driver, folder / "stdout"
        self.state = {"running": {"startedAt": self._began}}

    def poll(self) -> bool:
        """Whether the container has just ended; end it if it uses more memory than its limit."""
        if self._process is None or not self.running:
            return False
        self._watch_memory()
        if self._killing:  # again: its supervisor may have had no child yet
            memory.kill(self._process.session)
        if not self._process.ended:
            return False
        self.ended(self._process.wait())
        return True

    def ended(self, code: int, reason: str = "", message: str = "") -> None:
        """Note that it has ended."""
        reason = reason or self._why or statuses.reason_of(code)
        self.state = statuses.terminated(code, reason, self._began, self._now(), message)

    def back_off(self, message: str) -> None:
        """Note that the ended container waits for its restart."""
        self.last, self._again = self.state, True
        self.state = statuses.waiting("CrashLoopBackOff", message)

    def stop(self) -> None:
        """TERM to its processes, and KILL after their grace."""
        if self._process and self.running:
            self._process.stop()

    def kill(self, why: str = "") -> None:
        """KILL its processes, by the next polls. why: the reason in its state."""
        self._why, self._killing = why or self._why, True

    def wait(self) -> None:
        """Wait until its processes have ended."""
        while self.running and not self.poll():
            time.sleep(_PAUSE_SECONDS)

    def log(self, *, previous: bool) -> Path | None:
        """The file of its log; None when it has not started (before)."""
        if previous:
            return self._dir / str(self.restarts - 1) / "stdout" if self.restarts else None
        return self._log if self._process else None

    def status(self) -> Json:
        """As in the pod's containerStatuses."""
        identity = f"process://{self._process.session}" if self._process else ""
        return {
            "name": self.name,
            "image": self.spec["image"],
            "imageID": f"localcloud://{self.spec['image']}" if self._process else "",
            "containerID": identity,
            "ready": self.running,
            "started": self.running,
            "restartCount": self.restarts,
            "state": self.state,
            "lastState": self.last,
        }

    def _watch_memory(self) -> None:
        limit = ((self.spec.get("resources") or {}).get("limits") or {}).get("memory")
        if not limit or self._process is None or time.monotonic() - self._looked < _LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        if memory.used(self._process.session) > number(limit):
            self.kill("OOMKilled")
