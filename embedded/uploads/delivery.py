"""Puts a night's input into the raw bucket: removes what it replaces, uploads what is new."""

from __future__ import annotations

import hashlib
import re
import time
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
SECOND = 1.0  # the precision of an object's time in S3
MOST_DELETED = 1000  # of one request


def deliver(env: Mapping[str, str], prefixes: Iterable[str], uploads: Sequence[tuple[str, str]]) -> int:
    """Replace what is under `prefixes` by `uploads` (local path, key); gives the count. Raises one of FAILURES.

    A file that is there already is left as it is: when it came decides which version of an order is the latest. So of
    files that are called alike, such as `pedido.csv` and `pedido (1).csv`, the one that was written last comes last.
    """
    s3, bucket = clients.s3(env), f"{env['NIGHTSHIFT_NAME']}-raw"
    there = {key: size for prefix in prefixes for key, size in _listed(s3, bucket, prefix)}
    _delete(s3, bucket, sorted(there.keys() - {key for _, key in uploads}))
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda alike: _put_all(s3, bucket, there, alike), _called_alike(uploads)))
    return len(uploads)


def _called_alike(uploads: Iterable[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """The uploads, together those whose names are one file's and its copies': `pedido`, `PEDIDO (1)`, `pedido-novo`."""
    groups: list[list[tuple[str, str]]] = []
    for upload in sorted(uploads, key=lambda upload: _stem(upload[1]).lower()):
        root = re.escape(_stem(groups[-1][0][1])) if groups else ""
        if groups and re.fullmatch(f"{root}s?([^0-9a-z/][^/]*)?", _stem(upload[1]), re.IGNORECASE):
            groups[-1].append(upload)
        else:
            groups.append([upload])
    return groups


def _stem(key: str) -> str:
    """A key without its endings."""
    return re.sub(r"([.][A-Za-z]+)+$", "", key)


def _put_all(s3: S3Client, bucket: str, there: Mapping[str, int], alike: list[tuple[str, str]]) -> None:
    """Put files that are called alike one after the other. S3's times are whole seconds, and of two files in one the
    longer name counts as the later: where that is the wrong one, the next second is awaited."""
    last = ""
    for path, key in sorted(alike, key=lambda upload: (Path(upload[0]).stat().st_mtime_ns, _stem(upload[1]))):
        if _stem(key) < last:
            time.sleep(SECOND)
        _put(s3, bucket, there, path, key)
        last = max(last, _stem(key))


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
