"""Job runs and the places they belong to: a Glue job, an application of EMR Serverless, a virtual cluster."""

from __future__ import annotations

import secrets
import string
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from localcloud.credentials import Access
from localcloud.steps.request import RunRequest

Json = dict[str, Any]
_ID_ALPHABET = string.ascii_lowercase + string.digits


def new_id(length: int) -> str:
    """An id in the format of EMR Serverless and EMR on EKS: 00, then lower-case letters and digits."""
    return "00" + "".join(secrets.choice(_ID_ALPHABET) for _ in range(length - 2))


@dataclass(frozen=True)
class Words:
    """A service's words: its states, in the order in which a run passes through them, and how it explains an end.

    waiting: the states before running. timed_out: empty for a service without a time limit; timed_out_text: its message
    for a limit in seconds. failed_text: the message for a process's exit code and its last lines. untrusted_text: the
    one for a role ({role}) that the service may not assume.
    """

    waiting: tuple[str, ...]
    running: str
    succeeded: str
    failed: str
    stopping: str
    stopped: str
    timed_out: str
    stopped_text: str
    timed_out_text: Callable[[float], str]
    failed_text: Callable[[int, str], str]
    untrusted_text: str


class Place(Protocol):
    """What runs belong to."""

    arn: str
    tags: dict[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """Its name and id, which fault patterns match."""

    @property
    def lives(self) -> bool:
        """Whether it may change by itself, also without runs."""

    def holds(self, active: int) -> str:
        """The state in which a new run waits for it beside the active ones; empty when the run may go on."""

    def advance(self, runs: list[Run], now: datetime, seconds: float) -> None:
        """Change as far as time and its runs allow. seconds: how long a change takes."""

    def again(self, run: Run, now: datetime) -> Run | None:
        """The retry of a run that has ended, if there is one."""


@dataclass(frozen=True)
class Reason:
    """Why a run failed: the message, and a code of EMR on EKS (FailureReason)."""

    text: str
    code: str


@dataclass(frozen=True)
class Stop:
    """How a run ends that is being stopped: the state, and the message."""

    state: str
    text: str


@dataclass(eq=False)
class Run:
    """One job run. spec: StartJobRun's parameters. names: its name and id, which fault patterns match.

    request: the step that its process is. limit_seconds: how long it may run, None for ever. attempt: counts from 0.
    """

    words: Words
    place: Place
    arn: str
    id: str
    role: str
    spec: Json
    request: Callable[[Access], RunRequest]
    created_at: datetime
    created_by: str
    names: tuple[str, ...]
    limit_seconds: float | None
    tags: dict[str, str] = field(default_factory=dict)
    attempt: int = 0
    state: str = ""
    text: str = ""
    failure_code: str = ""
    slow_seconds: float = 0.0  # added to its start by a fault
    admitted_at: datetime | None = None  # its place no longer holds it
    started_at: datetime | None = None
    ended_at: datetime | None = None
    updated_at: datetime | None = None
    stop: Stop | None = None

    def __post_init__(self) -> None:
        self.to(self.words.waiting[0], self.created_at)

    @property
    def active(self) -> bool:
        """Whether its place no longer holds it, and it has not ended."""
        return self.admitted_at is not None and self.ended_at is None

    def to(self, state: str, now: datetime) -> None:
        """Change its state."""
        self.state, self.updated_at = state, now

    def seconds(self, now: datetime) -> float:
        """How long it has run, or ran."""
        return ((self.ended_at or now) - self.started_at).total_seconds() if self.started_at else 0.0


class RunStore:
    """All places and runs of all accounts, by ARN, oldest first. Hold `changed` while reading or writing."""

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.RLock())
        self.places: dict[str, Place] = {}
        self.runs: dict[str, Run] = {}

    def of(self, place: Place) -> list[Run]:
        """The runs of a place, oldest first."""
        return [run for run in self.runs.values() if run.place is place]

    def unfinished(self) -> Iterator[Run]:
        """The runs that have not ended."""
        return (run for run in list(self.runs.values()) if run.ended_at is None)

    def tags(self, arn: str) -> dict[str, str] | None:
        """The tags of a place or a run; None when there is no such ARN."""
        found = self.places.get(arn) or self.runs.get(arn)
        return found.tags if found else None
