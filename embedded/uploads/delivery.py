"""Puts a night's input into the raw bucket: removes what it replaces, uploads what is new."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import BotoCoreError, ClientError

from embedded.cloud import clients

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FAILURES = (ClientError, BotoCoreError, S3UploadFailedError, OSError)
THREADS = 8
MOST_DELETED = 1000  # of one request


def deliver(env: Mapping[str, str], prefixes: Iterable[str], uploads: Sequence[tuple[str, str]]) -> int:
    """Replace what is under `prefixes` by `uploads` (local path, key); gives the count. Raises one of FAILURES.

    A file that is there already is left as it is: when it came decides which version of an order is the latest.
    """
    s3, bucket = clients.s3(env), f"{env['NIGHTSHIFT_NAME']}-raw"
    there = {key: size for prefix in prefixes for key, size in _listed(s3, bucket, prefix)}
    _delete(s3, bucket, sorted(there.keys() - {key for _, key in uploads}))
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda upload: _put(s3, bucket, there, *upload), uploads))
    return len(uploads)


def _put(s3: S3Client, bucket: str, there: Mapping[str, int], path: str, key: str) -> None:
    with Path(path).open("rb") as file:
        metadata = {"sha256": hashlib.file_digest(file, "sha256").hexdigest()}
        size = file.tell()
    if there.get(key) == size and s3.head_object(Bucket=bucket, Key=key)["Metadata"] == metadata:
        return
    s3.upload_file(path, bucket, key, ExtraArgs={"Metadata": metadata})


def _listed(s3: S3Client, bucket: str, prefix: str) -> Iterator[tuple[str, int]]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from ((item["Key"], item["Size"]) for item in page.get("Contents", []))


def _delete(s3: S3Client, bucket: str, keys: Sequence[str]) -> None:
    for first in range(0, len(keys), MOST_DELETED):
        doomed = [{"Key": key} for key in keys[first : first + MOST_DELETED]]
        s3.delete_objects(Bucket=bucket, Delete={"Objects": doomed, "Quiet": True})  # type: ignore[typeddict-item]
