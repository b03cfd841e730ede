"""Puts a night's input into the raw bucket: empties the prefixes that it replaces, then uploads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import BotoCoreError, ClientError

from embedded import aws

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FAILURES = (ClientError, BotoCoreError, S3UploadFailedError, OSError)
THREADS = 8


def deliver(env: Mapping[str, str], prefixes: Iterable[str], uploads: Sequence[tuple[str, str]]) -> int:
    """Replace what is under `prefixes` by `uploads` (local path, key); gives the count. Raises one of FAILURES."""
    s3, bucket = aws.s3(env), f"{env['NIGHTSHIFT_NAME']}-raw"
    for prefix in prefixes:
        _empty(s3, bucket, prefix)
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda upload: s3.upload_file(upload[0], bucket, upload[1]), uploads))
    return len(uploads)


def _empty(s3: S3Client, bucket: str, prefix: str) -> None:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        keys = [{"Key": item["Key"]} for item in page.get("Contents", [])]
        if keys:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})  # type: ignore[typeddict-item]
