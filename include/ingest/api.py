"""Client of an Elasticsearch-style search API; reads page by page in the order of the documents' ids.

A page is requested by the last known id (`search_after`), not by a page number: documents that are added or deleted
during the read move no other document to another page, so none is read twice and none that stays is missed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_base, wait_exponential_jitter

from ingest.errors import OddAnswer, Refused, Unavailable

CONNECT_SECONDS, READ_SECONDS = 10, 60
WORTH_ANOTHER_TRY = frozenset({408, 425, 429, 500, 502, 503, 504})
MOST_SHOWN = 200


@dataclass(frozen=True)
class Page:
    """A page of documents as the API returned them, the last one's id, and the total number of documents."""

    documents: tuple[dict[str, Any], ...]
    after: str
    total: int


@dataclass(frozen=True)
class Patience:
    """Retry policy: the number of tries for a page, and the wait between them: doubling from `first` seconds to
    `longest`, or what the API requests, up to `longest_requested`."""

    tries: int = 8
    first: float = 1
    longest: float = 60
    longest_requested: float = 300


class SearchApi:
    """One index of one API."""

    def __init__(self, url: str, page_size: int, patience: Patience, session: requests.Session | None = None) -> None:
        self.url, self.page_size = url, page_size
        self._session = session or requests.Session()
        self._retrying = Retrying(
            retry=retry_if_exception_type(Unavailable),
            stop=stop_after_attempt(patience.tries),
            wait=Backoff(patience),
            reraise=True,
        )

    def pages(self, after: str | None) -> Iterator[Page]:
        """All pages of documents after the id `after` (None: from the first), in order. Raises an IngestError."""
        while True:
            page = self._retrying(self._page, after)
            if page.documents:
                yield page
            if len(page.documents) < self.page_size:
                return
            after = page.after

    def _page(self, after: str | None) -> Page:
        request: dict[str, Any] = {"size": self.page_size, "sort": [{"_id": "asc"}], "track_total_hits": True}
        answer = self._post(request if after is None else {**request, "search_after": [after]})
        try:
            page = _page_of(answer, after)
        except (KeyError, TypeError, ValueError) as odd:
            shown = f"{answer!r}"[:MOST_SHOWN]
            raise OddAnswer(
                f"{self._described(after)} returned {shown}, which is not a page ({odd!r}): check the address"
            ) from odd
        known = [*([] if after is None else [after]), *(str(document["_id"]) for document in page.documents)]
        if known != sorted(set(known)):
            raise OddAnswer(f"{self._described(after)} returned ids out of order: check that it supports search_after")
        return page

    def _post(self, request: dict[str, Any]) -> Any:
        try:
            answer = self._session.post(self.url, json=request, timeout=(CONNECT_SECONDS, READ_SECONDS))
            _check(answer)
            return answer.json()
        except (requests.RequestException, ValueError) as cut:  # requests' own JSON error is a ValueError
            raise Unavailable(
                f"{self.url} gave no complete response: {cut}; if that continues, check whether it is up"
            ) from cut

    def _described(self, after: str | None) -> str:
        return f"{self.url}, queried for {self.page_size} documents {f'after {after}' if after else 'from the first'},"


def _page_of(answer: Any, after: str | None) -> Page:
    """Parse an answer as a page; raises a KeyError, TypeError or ValueError for any other answer."""
    hits, total = answer["hits"]["hits"], answer["hits"]["total"]
    documents = tuple(
        {**document, "_id": str(document["_id"]), "_source": {**document["_source"]}} for document in hits
    )
    last = documents[-1]["_id"] if documents else after or ""
    return Page(documents, last, int(total["value"] if isinstance(total, dict) else total))


def _check(answer: requests.Response) -> None:
    """Raise Unavailable or Refused for an error status."""
    if answer.ok:
        return
    refusal = f"{answer.url} answered {answer.status_code} {answer.reason}: {answer.text[:MOST_SHOWN]!r}"
    if answer.status_code in WORTH_ANOTHER_TRY:
        raise Unavailable(f"{refusal}; it may recover later", _retry_after(answer.headers.get("Retry-After")))
    raise Refused(f"{refusal}; the address or the request is wrong, or a key is missing")


def _retry_after(header: str | None) -> float | None:
    """The header's wait in seconds, given as a number or as a date; None where it is invalid."""
    if header is None:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):  # not a date, or one without a zone
        return None


class Backoff(wait_base):
    """Wait as long as the API requests, else longer each time."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._backing_off = wait_exponential_jitter(patience.first, patience.longest, jitter=patience.first)

    def __call__(self, retry_state: RetryCallState) -> float:
        error = retry_state.outcome.exception() if retry_state.outcome else None
        requested = error.retry_after if isinstance(error, Unavailable) else None
        return self._backing_off(retry_state) if requested is None else min(requested, self._patience.longest_requested)
