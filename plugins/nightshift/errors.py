"""The errors that a night can end with.

NightshiftError
├── SettingsError        the environment says something that cannot be used
├── ParameterError       a run was asked for something that cannot be done
├── PreflightError       a tool, a credential or the state bucket is missing; nothing was started
├── TerraformError       terraform answered non-zero
├── InputsMissing        the wait for the night's input ran out
├── ClusterError         EMR refused the cluster, or it ended by itself
├── StepFailed           a step ended, but not COMPLETED
├── AuditFailed          staged gold breaks its contract; what was published before still stands
├── WaitTimeout          EMR did not reach a state in time
└── SomethingLeft        a resource of this run outlived its teardown
"""

from __future__ import annotations


class NightshiftError(Exception):
    """What was attempted and what came back, in one line; `next_action` says what to do about it."""

    next_action = "Read the task's log above this line."
    retryable = False

    def __init__(self, message: str, next_action: str | None = None) -> None:
        super().__init__(message)
        if next_action:
            self.next_action = next_action

    def __str__(self) -> str:
        return f"{self.args[0]} Next: {self.next_action}"


class SettingsError(NightshiftError):
    next_action = "Correct the variable in the environment that Airflow runs in."


class ParameterError(NightshiftError):
    next_action = "Trigger the run again with the parameter corrected."


class PreflightError(NightshiftError):
    next_action = "Mend what is named and trigger the run again; nothing was started."


class TerraformError(NightshiftError):
    """terraform VERB answered `exit_code`; `tail` is the end of what it printed."""

    next_action = "Read terraform's own words above; a retry continues from the saved state."
    retryable = True

    def __init__(self, verb: str, stack: str, exit_code: int, tail: str) -> None:
        super().__init__(f"terraform {verb} of {stack} answered {exit_code}: {first_error(tail)}")
        self.exit_code, self.tail = exit_code, tail


class InputsMissing(NightshiftError):
    next_action = "Find out why nothing was delivered there, then clear the task with downstream."


class ClusterError(NightshiftError):
    """`kind` is capacity, bootstrap, lost or other, `code` EMR's most exact word for it ('' if it gave none)."""

    next_action = "Read the reason EMR gives; clear the task with downstream to try again."

    def __init__(self, message: str, next_action: str | None = None, *, kind: str = "other", code: str = "") -> None:
        super().__init__(message, next_action)
        self.kind, self.code = kind, code


class StepFailed(NightshiftError):
    next_action = "Read the step's stderr; mend the input or the job, then clear the task with downstream."


class AuditFailed(NightshiftError):
    next_action = "Compare the manifest with the pipeline's contract; the gold published before still stands."


class WaitTimeout(NightshiftError):
    next_action = "Look at the resource in the EMR console."


class SomethingLeft(NightshiftError):
    next_action = "Delete what is listed by hand; it is on the bill."


def first_error(tail: str) -> str:
    """The first line of terraform's output that starts an error, else its last line; '' if it printed nothing."""
    lines = [line.strip("│╷╵ \n") for line in tail.splitlines()]
    spoken = [line for line in lines if line]
    return next((line for line in spoken if line.startswith("Error:")), spoken[-1] if spoken else "")
