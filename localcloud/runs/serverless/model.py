"""An application of EMR Serverless and its states.

CREATING -> CREATED -> STARTING -> STARTED -> STOPPING -> STOPPED -> STARTING …;  CREATED or STOPPED -> TERMINATED
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from localcloud.runs.model import Json, Run

_NEXT = {"CREATING": "CREATED", "STARTING": "STARTED", "STOPPING": "STOPPED"}
RESTING = ("CREATED", "STOPPED")
_IDLE_MINUTES = 15  # API reference, AutoStopConfig
_DEFAULTS: Json = {
    "architecture": "X86_64",
    "autoStartConfiguration": {"enabled": True},
    "autoStopConfiguration": {"enabled": True, "idleTimeoutMinutes": _IDLE_MINUTES},
}


@dataclass(eq=False)
class Application:
    """One application. spec: CreateApplication's parameters, as UpdateApplication changed them."""

    arn: str
    id: str
    spec: Json
    created_at: datetime
    tags: dict[str, str] = field(default_factory=dict)
    state: str = "CREATING"
    since: datetime = field(init=False)  # of its state
    updated_at: datetime = field(init=False)
    busy_at: datetime | None = None  # when it last had a run
    deleted: bool = False

    def __post_init__(self) -> None:
        self.spec = {**_DEFAULTS, **self.spec}
        self.since = self.updated_at = self.created_at

    @property
    def names(self) -> tuple[str, ...]:
        return (str(self.spec.get("name", "")), self.id)

    @property
    def lives(self) -> bool:
        return self.state in _NEXT or self.state == "STARTED" or (self.deleted and not self.gone)

    @property
    def gone(self) -> bool:
        return self.state == "TERMINATED"

    @property
    def starts_itself(self) -> bool:
        """Whether a job run starts it."""
        return bool(self.spec["autoStartConfiguration"].get("enabled", True))

    def holds(self, active: int) -> str:
        """A run waits SUBMITTED until it has started, QUEUED for a place among its concurrent runs."""
        if self.state != "STARTED":
            return "SUBMITTED"
        most = (self.spec.get("schedulerConfiguration") or {}).get("maxConcurrentRuns")
        return "QUEUED" if most and active >= most else ""

    def to(self, state: str, now: datetime) -> None:
        """Change its state."""
        self.state, self.since, self.updated_at = state, now, now

    def advance(self, runs: list[Run], now: datetime, seconds: float) -> None:
        busy = any(run.ended_at is None for run in runs)
        passed = now - self.since >= timedelta(seconds=seconds)
        if busy:
            self.busy_at = now
        if self.deleted and passed:
            self.to("TERMINATED", now)
        elif self.state in _NEXT and passed:
            self.to(_NEXT[self.state], now)
        elif self.state in RESTING and busy and self.starts_itself:
            self.to("STARTING", now)
        elif self.state == "STARTED" and not busy and self._is_idle(now):
            self.to("STOPPING", now)

    def again(self, run: Run, now: datetime) -> Run | None:  # noqa: ARG002
        """No run is retried: retryPolicy is stored only."""
        return None

    def _is_idle(self, now: datetime) -> bool:
        stop = self.spec["autoStopConfiguration"]
        idle = timedelta(minutes=stop.get("idleTimeoutMinutes", _IDLE_MINUTES))
        return bool(stop.get("enabled", True)) and now - max(self.since, self.busy_at or self.since) >= idle
