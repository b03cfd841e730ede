"""The words of EMR Serverless for its job runs and its errors."""

from __future__ import annotations

from localcloud.runs.errors import ApiError
from localcloud.runs.model import Words

SERVICE = "emr-serverless"
_SHOWN = 256  # characters of stateDetails (API reference)
_MODULES = "ModuleNotFoundError: "


def _failed(code: int, lines: str) -> str:
    """As its guide ("Troubleshooting errors in EMR Serverless") and its users quote it."""
    last = (lines.splitlines() or [""])[-1]
    if last.startswith(_MODULES):
        guide = "Please refer to the user guide on how to use python libraries with EMR Serverless."
        return f"{last}. {guide}"[:_SHOWN]
    text = f"Job failed, please check complete logs in configured logging destination. ExitCode: {code}."
    return f"{text} Last few exceptions: {last}"[:_SHOWN]


WORDS = Words(
    waiting=("SUBMITTED", "PENDING", "SCHEDULED"),
    running="RUNNING",
    succeeded="SUCCESS",
    failed="FAILED",
    stopping="CANCELLING",
    stopped="CANCELLED",
    # "The CancelJobRun API has requested job run cancellation, or the job run has timed out" (guide, "Job run states").
    timed_out="CANCELLED",
    stopped_text="Job run cancelled by CancelJobRun.",
    timed_out_text=lambda seconds: f"Job run timed out: it exceeded executionTimeoutMinutes, {seconds / 60:g}.",
    failed_text=_failed,
    untrusted_text="Could not assume execution role {role} because it does not exist or is not set up with the required"
    " trust relationship.",
)


def invalid(text: str) -> ApiError:
    """ValidationException."""
    return ApiError("ValidationException", text)


def missing(text: str) -> ApiError:
    """ResourceNotFoundException."""
    return ApiError("ResourceNotFoundException", text)
