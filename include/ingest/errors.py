"""Why an ingestion could not go on; each message says what was asked, what came back, what to do next.

IngestError
 +- Unavailable   the API did not answer whole; worth another try, after `retry_after` seconds if it said so
 +- Refused       the API will not answer this request, however often it is asked
 +- OddAnswer     the API answered something that is no page
"""

from __future__ import annotations


class IngestError(Exception):
    """An ingestion could not go on."""


class Unavailable(IngestError):
    """No whole answer this time."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Refused(IngestError):
    """The API will not answer this request."""


class OddAnswer(IngestError):
    """An answer that is no page, or the same page over and over."""
