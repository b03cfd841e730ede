"""The data model of a cluster: its steps, pools of nodes, nodes, and states."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

Json = dict[str, Any]
_ID_ALPHABET = string.ascii_uppercase + string.digits


def new_id(prefix: str) -> str:
    """An id in EMR's format: prefix, dash, 13 capitals and digits."""
    return f"{prefix}-{''.join(secrets.choice(_ID_ALPHABET) for _ in range(13))}"


class ClusterState(StrEnum):
    STARTING = "STARTING"
    BOOTSTRAPPING = "BOOTSTRAPPING"
    RUNNING = "RUNNING"
    WAITING = "WAITING"
    TERMINATING = "TERMINATING"
    TERMINATED = "TERMINATED"
    TERMINATED_WITH_ERRORS = "TERMINATED_WITH_ERRORS"


ENDED = frozenset({ClusterState.TERMINATED, ClusterState.TERMINATED_WITH_ERRORS})
CLOSING = ENDED | {ClusterState.TERMINATING}
READY = frozenset({ClusterState.RUNNING, ClusterState.WAITING})


class StepState(StrEnum):
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    CANCEL_PENDING = "CANCEL_PENDING"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"
    INTERRUPTED = "INTERRUPTED"


ACTIVE_STEPS = frozenset({StepState.RUNNING, StepState.CANCEL_PENDING})


@dataclass(frozen=True)
class Reason:
    """Why a cluster is in its state: EMR's code (empty while it lives), its message, and error details."""

    code: str = ""
    message: str = ""
    detail_code: str = ""


@dataclass(frozen=True)
class Failure:
    """Why a step failed, as EMR's FailureDetails."""

    reason: str
    message: str
    log_file: str | None


@dataclass
class Step:
    """One step. spec is its StepConfig as it was sent."""

    spec: Json
    created_at: datetime
    id: str = field(default_factory=lambda: new_id("s"))
    state: StepState = StepState.PENDING
    message: str = ""
    failure: Failure | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    # The state of a killed step once its process has ended.
    becomes: StepState | None = None

    @property
    def name(self) -> str:
        return str(self.spec["Name"])

    @property
    def action_on_failure(self) -> str:
        return str(self.spec.get("ActionOnFailure", "TERMINATE_CLUSTER"))


@dataclass
class Node:
    """One EC2 instance in a cluster."""

    ec2_id: str
    pool_id: str
    role: str
    instance_type: str
    market: str
    private_ip: str
    private_dns: str
    created_at: datetime
    id: str = field(default_factory=lambda: new_id("ci"))
    state: str = "PROVISIONING"
    reason: Reason = field(default_factory=Reason)
    ready_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass
class Pool:
    """One instance group or fleet. spec is its config as it was sent; a fleet has a type per market."""

    role: str
    spec: Json
    fleet: bool
    created_at: datetime
    id: str = ""
    state: str = "PROVISIONING"

    def __post_init__(self) -> None:
        self.id = self.id or new_id("if" if self.fleet else "ig")


@dataclass
class Cluster:
    """One cluster. spec is the RunJobFlow request as it was sent, modified by the calls that change it."""

    account: str
    region: str
    spec: Json
    created_at: datetime
    id: str = field(default_factory=lambda: new_id("j"))
    state: ClusterState = ClusterState.STARTING
    reason: Reason = field(default_factory=Reason)
    steps: list[Step] = field(default_factory=list)
    pools: list[Pool] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    keep_alive: bool = False
    protected: bool = False
    step_concurrency: int = 1
    idle_timeout_seconds: int | None = None
    launched: bool = False
    extra_start_seconds: float = 0.0
    bootstrapping_at: datetime | None = None
    bootstrap_runs: bool = False
    bootstrap_failure: Reason | None = None
    ready_at: datetime | None = None
    idle_since: datetime | None = None
    terminating_at: datetime | None = None
    ended_at: datetime | None = None
    ends_as: ClusterState = ClusterState.TERMINATED
    # A protected cluster whose step failed with TERMINATE_CLUSTER is kept although all its steps have ended.
    held: bool = False

    @property
    def name(self) -> str:
        return str(self.spec["Name"])

    @property
    def arn(self) -> str:
        return f"arn:aws:elasticmapreduce:{self.region}:{self.account}:cluster/{self.id}"

    @property
    def names(self) -> tuple[str, str]:
        """The strings that a fault's cluster pattern is matched with."""
        return self.name, self.id

    @property
    def instances(self) -> Json:
        spec: Json = self.spec["Instances"]
        return spec

    @property
    def uses_fleets(self) -> bool:
        return bool(self.instances.get("InstanceFleets"))

    @property
    def log_uri(self) -> str | None:
        return self.spec.get("LogUri")

    def steps_in(self, *states: StepState) -> list[Step]:
        return [step for step in self.steps if step.state in states]

    def step(self, step_id: str) -> Step | None:
        return next((step for step in self.steps if step.id == step_id), None)

    def live_nodes(self) -> list[Node]:
        return [node for node in self.nodes if node.state != "TERMINATED"]
