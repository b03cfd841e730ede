"""A virtual cluster: RUNNING from its creation, TERMINATING when it is deleted, TERMINATED once it has no run."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from localcloud.runs.model import Json, Run


@dataclass(eq=False)
class VirtualCluster:
    """A namespace of an EKS cluster. spec: CreateVirtualCluster's parameters."""

    arn: str
    id: str
    spec: Json
    created_at: datetime
    tags: dict[str, str] = field(default_factory=dict)
    state: str = "RUNNING"
    ending_at: datetime | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return (str(self.spec["name"]), self.id)

    @property
    def namespace(self) -> str:
        """Its Kubernetes namespace."""
        info = self.spec["containerProvider"].get("info") or {}
        return str((info.get("eksInfo") or {}).get("namespace") or "default")

    @property
    def lives(self) -> bool:
        return self.state == "TERMINATING"

    def holds(self, active: int) -> str:  # noqa: ARG002
        """It takes any number of runs."""
        return ""

    def advance(self, runs: list[Run], now: datetime, seconds: float) -> None:
        over = all(run.ended_at for run in runs)
        if over and self.ending_at and now - self.ending_at >= timedelta(seconds=seconds):
            self.state = "TERMINATED"

    def again(self, run: Run, now: datetime) -> Run | None:  # noqa: ARG002
        """No run is retried: retryPolicyConfiguration is stored only."""
        return None
