"""The errors that a night can end with.

NightshiftError
├── SettingsError        the environment says something that cannot be used
├── ParameterError       a run was asked for something that cannot be done
├── PreflightError       a tool, a credential or the state bucket is missing; nothing was started
├── TerraformError       terraform answered non-zero
├── FoundationDiffers    the foundation is not as its files say, and a night may not change it
├── DriverRefused        a JDBC driver is not there, or not what was written down
├── InputsMissing        the wait for the night's input ran out
├── IngestFailed         the host of a run could not fetch its input
├── SourceUnseen         a database could not be looked into from here
├── SchemaDrifted        the input does not fit its contract, which says to refuse that
├── OtherSource          the lake holds rows of another database than the one that is to be read
├── ClusterError         EMR refused the cluster, or it ended by itself
├── StepFailed           a step ended, but not COMPLETED
├── AuditFailed          staged gold breaks its contract; what was published before still stands
├── DaysFailed           some days of a backfill were not made; the others are
├── WaitTimeout          EMR did not reach a state in time
├── TriggerDied          a deferred wait broke in the triggerer
├── Stopped              the task was told to stop
├── NotASuccess          the run's record says that it is no success
├── DateHeld             the business date is another run's (hooks/claims)
├── StateLocked          terraform's lock is held by somebody who is alive (hooks/teardown)
└── SomethingLeft        a resource of this run outlived its teardown
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import takewhile
from typing import Any

from nightshift.causes import REMEDIES, Cause

# What EC2 took away is capacity that went: the next cluster may have better luck.
KINDS = {"capacity": Cause.CAPACITY, "bootstrap": Cause.BOOTSTRAP, "lost": Cause.CAPACITY}
OWNER_APPLIES = (
    "Whoever owns the foundation applies it, not a night: make plan ENV=…, then make deploy ENV=…, or terraform apply"
    " in include/terraform/stacks/foundation. Then clear the task with downstream."
)
ADDRESS = re.compile(r"with ((?:module\.|data\.)?[\w.\[\]\"-]+),$")


class NightshiftError(Exception):
    """What was attempted and what came back, in one line; `next_action` says what to do, by default what its cause's
    remedy says.

    `cause` decides about a retry (nightshift.causes); `final` overrules it: asking again would hear the same.
    `details` are keys of the failure card that only the raiser knows: traceback, tail, input_file, links.
    """

    cause = Cause.CODE
    next_action = ""
    final = False

    def __init__(
        self,
        message: str,
        next_action: str | None = None,
        *,
        cause: Cause | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.cause = cause or self.cause
        self.next_action = next_action or self.next_action
        self.details = dict(details or {})

    def __str__(self) -> str:
        return f"{self.args[0]} Next: {self.next_action or REMEDIES[self.cause].next_action}"


class SettingsError(NightshiftError):
    """The environment says something that cannot be used."""

    next_action = "Correct the variable in the environment that Airflow runs in."


class ParameterError(NightshiftError):
    """The run was asked for something that cannot be done; a teardown of it still runs (operators/base)."""

    cause = Cause.DATA
    next_action = "Trigger the run again with the parameter corrected."


class PreflightError(NightshiftError):
    """A tool, a credential or the state bucket is missing."""

    next_action = "Mend what is named and trigger the run again; nothing was started."


class TerraformError(NightshiftError):
    """terraform VERB answered `exit_code`; `tail` is the end of what it printed."""

    cause = Cause.TERRAFORM

    def __init__(self, verb: str, stack: str, exit_code: int, tail: str) -> None:
        super().__init__(f"terraform {verb} of {stack} answered {exit_code}: {first_error(tail)}")
        self.exit_code, self.tail = exit_code, tail


class FoundationDiffers(NightshiftError):
    """The foundation is not as its files say, and a night may not change it (docs/decisions/0031)."""

    cause = Cause.TERRAFORM
    final = True
    next_action = OWNER_APPLIES


class DriverRefused(NightshiftError):
    """A JDBC driver is not there, or not what was written down."""

    cause = Cause.CODE
    next_action = "Put the drivers with their SHA256SUMS into the folder, or name another in NIGHTSHIFT_JDBC_DIR."


class InputsMissing(NightshiftError):
    """The wait for the night's input ran out: nothing came, or it did not stop coming."""

    cause = Cause.UPSTREAM


class IngestFailed(NightshiftError):
    """The host of a run could not fetch its input. The program on it has been patient already, so this is final."""

    cause = Cause.UPSTREAM
    final = True
    next_action = "Mend what its words name, then clear the task with downstream: it goes on behind what has landed."


class SourceUnseen(NightshiftError):
    """A database could not be looked into from where Airflow works; the cluster may well reach it."""

    cause = Cause.UPSTREAM
    next_action = "Let Airflow's network reach the database, if drift is to be told before a cluster exists."


class SchemaDrifted(NightshiftError):
    """Columns of the input are not as the contract says, in a way that the contract refuses."""

    cause = Cause.DATA
    next_action = "Have the sender mend it, or write the change into the contract; then clear the task with downstream."


class OtherSource(NightshiftError):
    """The lake holds rows of another database than the one that is to be read: their numbers would mean two things."""

    cause = Cause.DATA
    next_action = (
        "If it is the same database at another address, run once with source_moved (--source-moved);"
        " else give this one a lake of its own (NIGHTSHIFT_NAME)."
    )


class ClusterError(NightshiftError):
    """`kind` is capacity, bootstrap, lost or other, `code` EMR's most exact word for it ('' if it gave none). Of
    another kind the card reads its cause from the message."""

    final = True

    def __init__(
        self,
        message: str,
        next_action: str | None = None,
        *,
        kind: str = "other",
        code: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, next_action, cause=KINDS.get(kind), details=details)
        self.kind, self.code = kind, code


class StepFailed(NightshiftError):
    """A step that has ended stays ended: the waiting task tried again would only read the same answer."""

    final = True


class AuditFailed(NightshiftError):
    """Staged gold breaks its contract; none of it was published."""

    cause = Cause.DATA
    next_action = "Compare the manifest with the pipeline's contract; the gold published before still stands."


class DaysFailed(NightshiftError):
    """Some days of a backfill were not made; the message names each with its reason, and the others are published."""

    cause = Cause.DATA
    final = True
    next_action = "Mend what is named and run the backfill again: it takes only the days that still have a gap."


class WaitTimeout(NightshiftError):
    """The wait had the whole of its time; what it waited for goes on, or hangs."""

    cause = Cause.TIMEOUT
    final = True


class TriggerDied(NightshiftError):
    """The wait itself broke in Airflow's triggerer; what was waited for knows nothing of it."""


class Stopped(NightshiftError):
    """The task was told to stop (SIGTERM) and what it did ended because of that."""

    cause = Cause.STOPPED


class NotASuccess(NightshiftError):
    """The run's closing entry is not a success, or there is none."""

    final = True


class SomethingLeft(NightshiftError):
    """A resource of the run outlived its teardown, and is on the bill."""

    cause = Cause.LEAK


def first_error(tail: str) -> str:
    """The first line of terraform's output that starts an error, with the address of the resource that it is about;
    without one the last line; '' if it printed nothing."""
    spoken = [line for line in (raw.strip("│╷╵ \n") for raw in tail.splitlines()) if line]
    start = next((number for number, line in enumerate(spoken) if line.startswith("Error:")), None)
    if start is None:
        return spoken[-1] if spoken else ""
    told = takewhile(lambda line: not line.startswith("Error:"), spoken[start + 1 :])
    address = next((found[1] for line in told if (found := ADDRESS.match(line))), None)
    return f"{spoken[start]} ({address})" if address else spoken[start]
