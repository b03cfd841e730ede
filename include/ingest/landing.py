"""Land an ingestion in the raw bucket: pages in a separate prefix, and, once all are there, one whole snapshot.

A run finds a whole snapshot or none. A page is stored before the state that records it: after a crash in between, the
page is stored once more, under the same key.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ingest.api import Page
from ingest.snapshot import packed_csv

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Progress:
    """The progress of a day's snapshot. Pages of another `source` or `page_size` do not continue it."""

    source: str
    page_size: int
    taken_at: str
    pages: int = 0
    rows: int = 0
    after: str | None = None
    total: int = 0
    done: bool = False

    def behind(self, page: Page) -> Progress:
        """The progress after one more page."""
        rows = self.rows + len(page.documents)
        return replace(self, pages=self.pages + 1, rows=rows, after=page.after, total=page.total)

    @property
    def missed(self) -> int:
        """The number of documents that were added during the read, before the position that it had reached."""
        return max(0, self.total - self.rows) if self.done else 0


class Landing:
    """The snapshot of one business date in the raw bucket."""

    def __init__(self, s3: S3Client, bucket: str, prefix: str, business_date: date) -> None:
        self._s3, self._bucket = s3, bucket
        self.snapshot_key = f"{prefix}/{business_date:%Y/%m/%d}/occupation/data_{business_date}.csv.gz"
        self._aside = f"{prefix}/ingest_state/{business_date}/occupation"
        self.state_key = f"{self._aside}.json"

    def progress(self, source: str, page_size: int) -> Progress:
        """The snapshot's progress so far; empty if it has not begun or was read from another source, whose pages are
        then deleted."""
        state = self._state()
        if state and (state.get("source"), state.get("page_size")) == (source, page_size):
            return Progress(**state)
        self._clear()
        begun = Progress(source, page_size, datetime.now(UTC).isoformat())
        self._remember(begun)
        return begun

    def land(self, page: Page, progress: Progress) -> Progress:
        """Store a page, then record it; returns the new progress."""
        after = progress.behind(page)
        body = gzip.compress(json.dumps(page.documents, ensure_ascii=False).encode(), mtime=0)
        self._s3.put_object(Bucket=self._bucket, Key=self._page_key(after.pages), Body=body)
        self._remember(after)
        return after

    def finish(self, progress: Progress) -> Progress:
        """Write all pages as the day's snapshot, then record that it is done."""
        body = packed_csv(self._documents(progress.pages), progress.taken_at)
        self._s3.put_object(Bucket=self._bucket, Key=self.snapshot_key, Body=body)
        done = replace(progress, done=True)
        self._remember(done)
        return done

    def _documents(self, pages: int) -> Iterator[dict[str, Any]]:
        for number in range(1, pages + 1):
            packed = self._s3.get_object(Bucket=self._bucket, Key=self._page_key(number))["Body"].read()
            yield from json.loads(gzip.decompress(packed))

    def _page_key(self, number: int) -> str:
        return f"{self._aside}/{number:06d}.json.gz"

    def _state(self) -> dict[str, Any] | None:
        try:
            body = self._s3.get_object(Bucket=self._bucket, Key=self.state_key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise
        state: dict[str, Any] = json.loads(body)
        return state

    def _remember(self, progress: Progress) -> None:
        body = json.dumps(asdict(progress), ensure_ascii=False).encode()
        self._s3.put_object(Bucket=self._bucket, Key=self.state_key, Body=body)

    def _clear(self) -> None:
        listing = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=f"{self._aside}/")
        for item in (item for listed in listing for item in listed.get("Contents", [])):
            self._s3.delete_object(Bucket=self._bucket, Key=item["Key"])
