"""Direct access to moto's S3 in this process, for the mirror: list, read, write, delete whole objects."""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from typing import Any

_CHUNK = 1 << 20
_ATTEMPTS = 3


@dataclass(frozen=True)
class S3Object:
    """One current object. version changes whenever the object does; modified is ns since the epoch, UTC."""

    key: str
    version: str
    size: int
    modified_ns: int
    handle: Any = field(repr=False, compare=False)


class Store:
    """The buckets of one account. Uses the server's own backend, not HTTP, so bytes are copied once."""

    def __init__(self, account: str) -> None:
        # moto takes a second to import, and the commands that share this package never need it.
        from moto.s3.models import FakeKey, s3_backends  # noqa: PLC0415

        self._backend = s3_backends[account]["aws"]
        self._object_type = FakeKey

    def buckets(self) -> list[str]:
        """The names of the account's buckets."""
        return sorted(self._backend.buckets)

    def objects(self, bucket: str) -> Iterator[S3Object]:
        """The current objects of a bucket, without deleted and archived ones."""
        found = self._backend.buckets.get(bucket)
        for key, versions in found.keys.lists() if found else ():
            if versions and isinstance(versions[-1], self._object_type):
                yield _described(key, versions[-1])

    def find(self, bucket: str, key: str) -> S3Object | None:
        """The current object of a key, None when there is none."""
        found = self._backend.buckets.get(bucket)
        versions = found.keys.getlist(key) if found else None
        if versions and isinstance(versions[-1], self._object_type):
            return _described(key, versions[-1])
        return None

    def download(self, item: S3Object, target: Path) -> None:
        """Copy an object's bytes into a file.

        Raises FileNotFoundError when the object was replaced or deleted meanwhile, OSError when the disk is full.
        """
        for _ in range(_ATTEMPTS):
            digest = _copy(item.handle, target)
            expected = item.handle.etag.strip('"')
            # moto computes a missing ETag without its lock, in the buffer that is read here; a copy that does not match
            # was disturbed by that. A multipart ETag is not an MD5.
            if digest == expected or "-" in expected:
                return

    def upload(self, bucket: str, key: str, source: Path) -> S3Object:
        """Write a file as an object with the bucket's defaults (versions, encryption, events).

        Raises UnicodeEncodeError for a key that is not UTF-8, FileNotFoundError, OSError when the disk is full.
        """
        key.encode()
        with source.open("rb") as stream:
            etag = hashlib.file_digest(stream, _md5).hexdigest()
            size = source.stat().st_size
            # A memory map instead of bytes: moto copies it once, and this process never holds the file twice.
            body = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) if size else b""
            written = self._backend.put_object(bucket, key, body, etag=etag)
        return _described(key, written)

    def delete(self, bucket: str, key: str) -> None:
        """Delete an object: adds a delete marker where the bucket keeps versions."""
        self._backend.delete_object(bucket, key)


def _md5() -> Any:
    return hashlib.md5(usedforsecurity=False)


def _described(key: str, handle: Any) -> S3Object:
    modified = handle.last_modified.replace(tzinfo=UTC)  # moto stores naive UTC
    stamp = int(modified.timestamp()) * 1_000_000_000 + modified.microsecond * 1000
    return S3Object(key, f"{handle.version_id}/{stamp}/{handle.size}", handle.size, stamp, handle)


def _copy(handle: Any, target: Path) -> str:
    """Stream moto's buffer (memory or a temporary file) into target; returns the MD5 of what was written."""
    digest = _md5()
    with target.open("wb") as sink, handle.lock:
        buffer = handle._value_buffer
        if handle.disposed or buffer.closed:
            raise FileNotFoundError(handle.name)
        buffer.seek(0)
        for chunk in iter(lambda: buffer.read(_CHUNK), b""):
            digest.update(chunk)
            sink.write(chunk)
    return str(digest.hexdigest())
