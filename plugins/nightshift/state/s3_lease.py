"""A lease in S3: one JSON object, written and replaced by compare-and-swap, so that one holder at a time has it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nightshift.aws.conditional import delete_if, put_if

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Content = Mapping[str, Any]


@dataclass(frozen=True)
class Taking:
    """What an attempt to take a lease came to: whether it is held now, what the lease said before ({}: nobody held it,
    or it was released meanwhile), and why that no longer counts ('': it does)."""

    is_held: bool
    before: Content = field(default_factory=dict)
    why: str = ""


class S3Lease:
    """The lease that is the object `key`. Who holds it and for how long is its content, which the holder defines."""

    def __init__(self, s3: S3Client, bucket: str, key: str) -> None:
        self._s3, self._bucket, self._key = s3, bucket, key
        self._etag = ""  # of what this process wrote last

    def take(self, content: Content, over: Callable[[Content], str]) -> Taking:
        """Hold the lease if nobody does, or if `over` says why what it says no longer counts. Raises ClientError, with
        the code NoSuchBucket while there is no lake."""
        if self._put(content, IfNoneMatch="*"):
            return Taking(is_held=True)
        there = self._read()
        if not there:
            return Taking(is_held=False)
        before, etag = there
        why = over(before)
        return Taking(bool(why) and self._put(content, IfMatch=etag), before, why)

    def content(self) -> Content | None:
        """What the lease says; None while nobody holds it."""
        there = self._read()
        return there[0] if there else None

    def renew(self, content: Content) -> bool:
        """Replace what this process wrote. False if it holds nothing, or another has taken the lease over."""
        return bool(self._etag) and self._put(content, IfMatch=self._etag)

    def release(self, is_own: Callable[[Content], bool]) -> None:
        """Release the lease if what it says is one's own."""
        there = self._read()
        if there and is_own(there[0]):
            delete_if(self._s3, self._bucket, self._key, there[1])

    def _read(self) -> tuple[Content, str] | None:
        """The content and its ETag."""
        try:
            there = self._s3.get_object(Bucket=self._bucket, Key=self._key)
        except (self._s3.exceptions.NoSuchKey, self._s3.exceptions.NoSuchBucket):
            return None
        return json.loads(there["Body"].read()), there["ETag"]

    def _put(self, content: Content, **condition: str) -> bool:
        etag = put_if(self._s3, self._bucket, self._key, json.dumps(content).encode(), **condition)
        self._etag = etag or self._etag
        return bool(etag)
