"""Repeats calls that boto3 must not repeat: those that create something and have no idempotency token."""

from __future__ import annotations

from botocore.exceptions import ClientError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

MOST_SECONDS = 30  # between two tries of a throttled call; the first waits are shorter


def patiently(tries: int) -> Retrying:
    """Calls a function up to `tries` times while AWS throttles it. After a lost response nothing is repeated: the
    task's retry looks first."""
    return Retrying(
        retry=retry_if_exception(_is_throttled),
        wait=wait_random_exponential(max=MOST_SECONDS),
        stop=stop_after_attempt(tries),
        reraise=True,
    )


def _is_throttled(error: BaseException) -> bool:
    """Whether AWS refused before it did anything. After a 5xx or a dropped connection that is unknown."""
    return isinstance(error, ClientError) and error.response["Error"]["Code"] == "ThrottlingException"
