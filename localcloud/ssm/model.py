"""A command and its invocations, one a host: request, status, and the possible ends."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

Json = dict[str, Any]
DOCUMENT = "AWS-RunShellScript"
PLUGIN = "aws:runShellScript"
NOT_TOLD = -1  # the response code before the start, or without a report from the host
STOPPED = 137  # CommandStoppedPreemptivelyExitCode of the agent, 128 + SIGKILL
DEFAULT_SECONDS = 3600  # both of TimeoutSeconds and of the document's executionTimeout


class Status(StrEnum):
    """CommandInvocationStatus of the API, without Delayed: here a host is available at once, or not at all."""

    PENDING = "Pending"
    IN_PROGRESS = "InProgress"
    CANCELLING = "Cancelling"
    SUCCESS = "Success"
    FAILED = "Failed"
    CANCELLED = "Cancelled"
    TIMED_OUT = "TimedOut"


LIVE = frozenset({Status.PENDING, Status.IN_PROGRESS, Status.CANCELLING})
TOLD = frozenset({Status.SUCCESS, Status.FAILED})  # the statuses with which the API returns the output


@dataclass(frozen=True)
class End:
    """How an invocation ends."""

    status: Status
    details: str
    code: int


CANCELLED = End(Status.CANCELLED, "Cancelled", STOPPED)
EXPIRED = End(Status.TIMED_OUT, "ExecutionTimedOut", STOPPED)
# A host that is gone reports nothing. AWS waits until the command expires (Command.expires_at), and "if a command
# expires, it changes status to DeliveryTimedOut for all invocations that have the status InProgress" (API reference,
# Command$ExpiresAfter). Here it ends at once: waiting an hour would show nothing more.
HOST_GONE = End(Status.TIMED_OUT, "DeliveryTimedOut", NOT_TOLD)


def end_of(code: int) -> End:
    """The end that a script's exit status means to the agent (pluginutil.GetStatus).

    137 counts as a timeout, whoever sent the KILL: so a script whose exit status is that of a child killed by the
    kernel for its memory is TimedOut.
    """
    if code == STOPPED:
        return EXPIRED
    return End(Status.FAILED, "Failed", code) if code else End(Status.SUCCESS, "Success", 0)


@dataclass
class Invocation:
    """A command on one host. stdout, stderr: the part that the API returns, once it has ended. cut: why it is
    killed."""

    instance: str
    status: Status = Status.PENDING
    details: str = "Pending"
    code: int = NOT_TOLD
    started_at: datetime | None = None
    ended_at: datetime | None = None
    stdout: str = ""
    stderr: str = ""
    cut: End | None = None

    @property
    def live(self) -> bool:
        return self.status in LIVE

    def start(self, now: datetime) -> None:
        """Mark the invocation as in progress."""
        self.started_at = now
        if self.status is Status.PENDING:
            self.status, self.details = Status.IN_PROGRESS, "InProgress"

    def kill_for(self, end: End) -> bool:
        """Record why it is to be killed; returns whether this is the first reason."""
        if self.cut or not self.live:
            return False
        self.cut = end
        if end is CANCELLED:
            self.status, self.details = Status.CANCELLING, "Cancelling"
        return True

    def finish(self, code: int, now: datetime) -> None:
        """Record the end of all its processes. A script that succeeded before the kill counts as such, if its host
        could still report it."""
        done_before = code == 0 and self.cut is not HOST_GONE
        end = self.cut if self.cut and not done_before else end_of(code)
        self.status, self.details, self.code, self.ended_at = end.status, end.details, end.code, now


@dataclass(frozen=True)
class Command:
    """One SendCommand: lines, directory ('' for the host's own) and seconds are the document's parameters."""

    account: str
    region: str
    spec: Json
    requested_at: datetime
    lines: tuple[str, ...]
    directory: str
    seconds: int
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    invocations: dict[str, Invocation] = field(default_factory=dict)

    @property
    def expires_at(self) -> datetime:
        """The end of the delivery timeout plus the execution timeout."""
        return self.requested_at + timedelta(
            seconds=int(self.spec.get("TimeoutSeconds", DEFAULT_SECONDS)) + self.seconds
        )

    def overdue(self, invocation: Invocation, now: datetime) -> bool:
        """Whether an invocation has exceeded the command's execution timeout."""
        started = invocation.started_at
        return started is not None and (now - started).total_seconds() >= self.seconds

    def output_key(self, instance: str, name: str) -> str:
        """The S3 key to which the agent uploads a host's stdout or stderr, when the command names a bucket."""
        plugin = PLUGIN.replace(":", "")
        parts = (str(self.spec.get("OutputS3KeyPrefix", "")).strip("/"), self.id, instance, plugin, f"0.{plugin}", name)
        return "/".join(filter(None, parts))
