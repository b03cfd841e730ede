"""What a run did, in S3: an entry before and after every act that costs money or changes data."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import TaskDeferred
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from nightshift.night import Night

LOG = logging.getLogger(__name__)
TAKEN = {"PreconditionFailed", "ConditionalRequestConflict"}


class Ledger:
    """The entries of one run, numbered without gaps. Two writers never overwrite each other: each number is put
    with If-None-Match, and who comes second takes the next one."""

    def __init__(self, s3: S3Client, night: Night) -> None:
        self._s3, self._bucket = s3, night.settings.bucket("lake")
        self._prefix = f"{night.record_prefix}entries/"

    def entries(self) -> list[dict[str, Any]]:
        """Every entry, oldest first: {"at", "task", "phase", "attempt", …}. Empty while the lake is not there."""
        try:
            return [json.loads(self._body(key)) for key in self._keys()]
        except self._s3.exceptions.NoSuchBucket:
            return []

    def append(self, task: str, phase: str, **facts: Any) -> None:
        """Add one entry. Before the foundation's first apply there is no lake: then it is said in the log only."""
        entry = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "task": task,
            "phase": phase,
            **facts,
        }
        try:
            number = len(self._keys())
            while not self._put(number, entry):
                number += 1
        except self._s3.exceptions.NoSuchBucket:
            LOG.info("No ledger yet (bucket %s comes with the foundation): %s", self._bucket, entry)

    @contextmanager
    def act(self, task: str, attempt: int, *, resumed: bool = False) -> Iterator[dict[str, Any]]:
        """Bracket an act: "begin" (unless resumed after a deferral), then "end" with the facts that the body puts
        into the dict it gets, or "failed" with the error, which goes on its way. A deferral leaves the act open."""
        if not resumed:
            self.append(task, "begin", attempt=attempt)
        facts: dict[str, Any] = {}
        try:
            yield facts
        except TaskDeferred:
            raise
        except BaseException as error:  # a task's timeout is one
            self.append(task, "failed", attempt=attempt, **described(error))
            raise
        self.append(task, "end", attempt=attempt, **facts)

    def _keys(self) -> list[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def _body(self, key: str) -> bytes:
        return self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()

    def _put(self, number: int, entry: dict[str, Any]) -> bool:
        body = json.dumps(entry, default=str).encode()
        try:
            self._s3.put_object(Bucket=self._bucket, Key=f"{self._prefix}{number:06d}.json", Body=body, IfNoneMatch="*")
        except ClientError as refused:
            if refused.response["Error"]["Code"] in TAKEN:
                return False
            raise
        return True


def described(error: BaseException) -> dict[str, str]:
    """An error as ledger facts: its class, its message and what to do next."""
    message = str(error.args[0]) if error.args else str(error)
    next_action = getattr(error, "next_action", "Read the task's log.")
    return {"cause": type(error).__name__, "message": message or repr(error), "next_action": next_action}
