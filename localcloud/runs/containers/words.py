"""The words of EMR on EKS for its job runs and its errors.

A failure's text is as its users quote it; errors of StartJobRun are its guide's ("Common errors when running jobs").
"""

from __future__ import annotations

from localcloud.runs.errors import ApiError
from localcloud.runs.model import Words

SERVICE = "emr-containers"
_LOGS = "Please refer logs uploaded to S3/CloudWatch based on your monitoring configuration."
_KILLED = 137  # 128 + SIGKILL: what Kubernetes calls OOMKilled


def _failed(code: int, _: str) -> str:
    return (
        f"The driver's container was OOMKilled, exit code {code}. {_LOGS}"
        if code == _KILLED
        else f"JobRun failed. {_LOGS}"
    )


WORDS = Words(
    waiting=("PENDING", "SUBMITTED"),
    running="RUNNING",
    succeeded="COMPLETED",
    failed="FAILED",
    stopping="CANCEL_PENDING",
    stopped="CANCELLED",
    timed_out="",
    stopped_text="JobRun cancelled by CancelJobRun.",
    timed_out_text=lambda _: "",
    failed_text=_failed,
    untrusted_text="The execution role {role} does not exist, or its trust policy names neither the service accounts of"
    " EMR on EKS nor pods.eks.amazonaws.com.",
)


def invalid(text: str) -> ApiError:
    """ValidationException."""
    return ApiError("ValidationException", text)


def missing(text: str) -> ApiError:
    """ResourceNotFoundException."""
    return ApiError("ResourceNotFoundException", text)
