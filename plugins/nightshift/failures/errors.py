"""The errors with which a night can fail.

NightshiftError
├── SettingsError        a setting, a contract or the environment's file is invalid
├── ParameterError       a parameter of the run is invalid
├── PreflightError       a tool, a credential or the state bucket is missing, or the price is too high; nothing started
├── TerraformError       terraform returned a non-zero exit code
├── FoundationDiffers    the foundation differs from its files, and a night may not change it
├── DriverRefused        a JDBC driver is missing, or its SHA-256 is not the recorded one
├── InputsMissing        the wait for the night's input timed out
├── IngestFailed         the ingestion host could not fetch the run's input
├── SourceUnseen         a database cannot be read from where Airflow runs
├── SourceRefused        a database, or its secret, is wrong wherever it is read from
├── SchemaDrifted        the input does not match its contract, which says to refuse that
├── NothingUsable        no file of the input is one that the pipeline reads
├── NothingToReplay      the quarantine that a replay would validate again is empty
├── EncodingRefused      the input is not in the encoding that the run names
├── OtherSource          the lake has rows of another database than the one to be read
├── ComputeError         EMR refused the cluster, or it ended by itself
│   └── ApiRefused       Kubernetes refused a request, or did not answer (compute/kubernetes/cluster)
├── JobFailed           a step ended, but not COMPLETED
├── AuditFailed          staged gold breaks its contract; what was published before stays
├── NotApproved          nobody approved what the settings hold for approval
├── DaysFailed           some days of a backfill were not made; the others were
├── WaitTimeout          a wait timed out, such as one for EMR to reach a state
├── TriggerDied          a deferred wait failed in the triggerer
├── Stopped              the task got SIGTERM
│   └── Interrupted      the run is to end, without a retry (failures/interrupted)
├── NotASuccess          the run's record is not a success, or is missing
├── DateHeld             another run holds the business date (state/partition_locks)
├── StateLocked          somebody who is not known to be dead holds terraform's lock (infrastructure/teardown)
└── SomethingLeft        a resource of a run outlived its teardown
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import takewhile
from typing import Any

from nightshift.failures.causes import REMEDIES, Cause

# "lost", instances that EC2 took away, counts as missing capacity: the next cluster may get it.
KINDS = {"capacity": Cause.CAPACITY, "bootstrap": Cause.BOOTSTRAP, "lost": Cause.CAPACITY, "dollars": Cause.TIMEOUT}
OWNER_APPLIES = (
    "The foundation's owner must apply it, not a run: make plan ENV=…, then make deploy ENV=…, or terraform apply"
    " in include/terraform/stacks/foundation. Then clear the task with downstream."
)
ADDRESS = re.compile(r"with ((?:module\.|data\.)?[\w.\[\]\"-]+),$")


class NightshiftError(Exception):
    """What was attempted and what came back, in one line. `next_action` says what to do; by default it is that of the
    cause's remedy.

    `cause` decides about a retry (nightshift.failures.causes); `final` prevents it, since a retry would fail the
    same way. `details` are keys of the failure report that only the raiser knows: traceback, tail, input_file, links.
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
    """A setting, a contract or the environment's file is invalid."""

    next_action = "Correct the variable in the environment that Airflow runs in."


class ParameterError(NightshiftError):
    """A parameter of the run is invalid; its teardown still runs (operators/base)."""

    cause = Cause.DATA
    next_action = "Correct the parameter, then trigger the run again."


class PreflightError(NightshiftError):
    """A tool, a credential or the state bucket is missing, or the run would cost or last more than it may."""

    next_action = "Nothing was started: fix what the message names, then trigger the run again."


class TerraformError(NightshiftError):
    """terraform VERB returned `exit_code`; `tail` is the end of its output."""

    cause = Cause.TERRAFORM

    def __init__(self, verb: str, stack: str, exit_code: int, tail: str) -> None:
        super().__init__(f"terraform {verb} of {stack} ended with exit code {exit_code}: {first_error(tail)}")
        self.exit_code, self.tail = exit_code, tail


class FoundationDiffers(NightshiftError):
    """The foundation differs from its files, and a night may not change it (docs/decisions/0031)."""

    cause = Cause.TERRAFORM
    final = True
    next_action = OWNER_APPLIES


class NotApproved(NightshiftError):
    """A person rejected what a setting holds for approval, or nobody answered in time."""

    cause = Cause.STOPPED
    final = True
    next_action = "When it may go on, trigger the run again; or change the NIGHTSHIFT_HOLD_* setting that held it."


class DriverRefused(NightshiftError):
    """A JDBC driver is missing, or its SHA-256 is not the recorded one."""

    cause = Cause.CODE
    next_action = "Put the drivers with their SHA256SUMS into the folder, or name another in NIGHTSHIFT_JDBC_DIR."


class InputsMissing(NightshiftError):
    """The wait for the night's input timed out: nothing arrived, or files kept arriving."""

    cause = Cause.UPSTREAM


class IngestFailed(NightshiftError):
    """The ingestion host could not fetch the run's input. The program on it has already retried, so this is final."""

    cause = Cause.UPSTREAM
    final = True
    next_action = (
        "Fix what the message names, then clear the task with downstream: it continues after what is already in S3."
    )


class SourceUnseen(NightshiftError):
    """A database cannot be read from where Airflow runs; the cluster may be able to."""

    cause = Cause.UPSTREAM
    next_action = "Let Airflow's network reach the database, so that drift is reported before a cluster exists."


class SourceRefused(NightshiftError):
    """A database refused the login, or its secret is missing or says too little: the cluster would fail as well.
    `final`, since a second login as wrong as the first may lock the account."""

    cause = Cause.UPSTREAM
    final = True

    def __init__(self, message: str, secret: str) -> None:
        next_action = (
            f"Store the right address, user and password in the secret {secret}, let the account log in from"
            " Airflow's address as well, then clear the task with downstream."
        )
        super().__init__(message, next_action)


class SchemaDrifted(NightshiftError):
    """Columns of the input differ from the contract, at this path, in a way that the contract says to refuse."""

    cause = Cause.DATA

    def __init__(self, message: str, contract: str) -> None:
        next_action = (
            f"Have the sender fix it, or write the change into {contract}; then clear the task with downstream."
        )
        super().__init__(message, next_action)


class NothingUsable(NightshiftError):
    """Files were delivered, and the pipeline can read none of them."""

    cause = Cause.DATA
    final = True
    next_action = "Deliver the product's own files (its product.md lists them), then clear the task with downstream."


class NothingToReplay(NightshiftError):
    """The quarantine that a replay would validate again has no rows."""

    cause = Cause.DATA
    final = True
    next_action = (
        "Name a business date whose record shows rows quarantined in bronze; without replay the input is read."
    )


class EncodingRefused(NightshiftError):
    """More lines of the input are not in the run's encoding than a night may lose; `fits` is one that reads them."""

    cause = Cause.DATA
    final = True

    def __init__(self, message: str, fits: str) -> None:
        next_action = (
            f"Trigger the date again with encoding {fits} (on the command line --encoding {fits}), or have the sender"
            " deliver the encoding that was named."
        )
        super().__init__(message, next_action)


class OtherSource(NightshiftError):
    """The lake has rows of another database than the one to be read; the same ids would mean different things."""

    cause = Cause.DATA
    next_action = (
        "If it is the same database at another address, run once with source_moved (--source-moved);"
        " else give this one a lake of its own (NIGHTSHIFT_NAME)."
    )


class ComputeError(NightshiftError):
    """EMR refused the cluster, or it ended. `kind` is capacity, bootstrap, lost, dollars or other; `code` is EMR's most
    specific code ('' if none). For kind other, the failure report takes the cause from the message."""

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


class JobFailed(NightshiftError):
    """A step ended, but not COMPLETED. Final: a retry of the waiting task would only read the same state."""

    final = True


class AuditFailed(NightshiftError):
    """Staged gold breaks its contract, the `contract` at this path; none of it was published."""

    cause = Cause.DATA

    def __init__(self, message: str, contract: str) -> None:
        super().__init__(
            message, f"Compare what the message names with {contract}; the gold published before is unchanged."
        )


class DaysFailed(NightshiftError):
    """Some days of a backfill were not made; the message names each with its reason, and the others are published."""

    cause = Cause.DATA
    final = True
    next_action = "Fix what the message names and run the backfill again: it makes only the days that still have a gap."


class WaitTimeout(NightshiftError):
    """A wait timed out; what it waited for goes on, or hangs."""

    cause = Cause.TIMEOUT
    final = True


class TriggerDied(NightshiftError):
    """The wait itself failed in Airflow's triggerer; what it waited for is not affected."""


class Stopped(NightshiftError):
    """The task got SIGTERM, and its work failed because of that."""

    cause = Cause.STOPPED


class NotASuccess(NightshiftError):
    """The run's record is not a success, or its ledger has no closing entry."""

    final = True


class SomethingLeft(NightshiftError):
    """A resource of a run outlived its teardown, and may cost money."""

    cause = Cause.LEAK


def first_error(tail: str) -> str:
    """The first error line of terraform's output, with the address of its resource; without an error the last line; ''
    for no output."""
    spoken = [line for line in (raw.strip("│╷╵ \n") for raw in tail.splitlines()) if line]
    start = next((number for number, line in enumerate(spoken) if line.startswith("Error:")), None)
    if start is None:
        return spoken[-1] if spoken else ""
    rest = takewhile(lambda line: not line.startswith("Error:"), spoken[start + 1 :])
    address = next((match[1] for line in rest if (match := ADDRESS.match(line))), None)
    return f"{spoken[start]} ({address})" if address else spoken[start]
