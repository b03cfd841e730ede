"""Errors that stop an ingestion; each message says what was requested, what came back, what to do next.

IngestError
 +- Unavailable   the API gave no complete answer; worth a retry, after `retry_after` seconds if it said so
 +- Refused       the API will not answer this request, however often it is repeated
 +- OddAnswer     the API's answer is not a page
"""

from __future__ import annotations


class IngestError(Exception):
    """The ingestion could not continue."""


class Unavailable(IngestError):
    """No complete answer this time."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Refused(IngestError):
    """The API will not answer this request."""


class OddAnswer(IngestError):
    """An answer that is not a page, or the same page over and over."""
