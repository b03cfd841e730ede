"""Files and objects as arguments of `aws s3`: parsing paths and s3:// URIs, listing, filtering."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcloud.steps.errors import CommandError


@dataclass(frozen=True, order=True)
class Place:
    """A local path (bucket None; `-` is stdin or stdout) or a key of a bucket."""

    bucket: str | None
    path: str

    @property
    def is_s3(self) -> bool:
        """Whether it is a key in S3."""
        return self.bucket is not None

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rstrip("/").rpartition("/")[2]

    def below(self, relative: str) -> Place:
        """The place at a relative path below it."""
        top = self.path if not self.path or self.path.endswith("/") else f"{self.path}/"
        return Place(self.bucket, top + relative)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.path}" if self.is_s3 else self.path


@dataclass(frozen=True)
class Item:
    """One file or object: its place, its path relative to the listed top, bytes, seconds since the epoch."""

    place: Place
    relative: str
    size: int
    modified: float


Filters = Sequence[tuple[str, str]]  # ("exclude" | "include", pattern); the last match decides


def parse(text: str) -> Place:
    """A place from the command line. Raises CommandError for s3:// without a bucket."""
    if not text.startswith("s3://"):
        return Place(None, text)
    bucket, _, key = text.removeprefix("s3://").partition("/")
    if not bucket:
        raise CommandError(f"{text} names no bucket: write s3://bucket/key.")
    return Place(bucket, key)


def wanted(relative: str, filters: Filters) -> bool:
    """Whether a path passes the filters, with the AWS CLI's rule: everything is included until a filter excludes it."""
    answer = True
    for kind, pattern in filters:
        if fnmatch.fnmatchcase(relative, pattern):
            answer = kind == "include"
    return answer


def tree(client: Any, top: Place, filters: Filters) -> Iterator[Item]:
    """The files below a directory, or the objects below a prefix, that pass the filters.

    Raises CommandError when a local directory does not exist; a prefix without objects is just empty.
    """
    items = _objects(client, top) if top.is_s3 else _files(top)
    return (item for item in items if wanted(item.relative, filters))


def _objects(client: Any, top: Place) -> Iterator[Item]:
    prefix = top.below("").path
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=top.bucket, Prefix=prefix):
        for found in page.get("Contents", ()):
            relative = found["Key"][len(prefix) :]
            if relative and not relative.endswith("/"):
                place = Place(top.bucket, found["Key"])
                yield Item(place, relative, found["Size"], found["LastModified"].timestamp())


def _files(top: Place) -> Iterator[Item]:
    if not Path(top.path).is_dir():
        raise CommandError(f"The user-provided path {top.path} does not exist.", exit_code=255)
    for path in sorted(Path(top.path).rglob("*")):
        if path.is_file():
            relative = path.relative_to(top.path).as_posix()
            status = path.stat()
            yield Item(Place(None, str(path)), relative, status.st_size, status.st_mtime)


def listing(client: Any, top: Place, *, recursive: bool) -> Iterable[str]:
    """The lines of `aws s3 ls` for a prefix, as the AWS CLI writes them."""
    delimiter = "" if recursive else "/"
    cut = 0 if recursive else top.path.rfind("/") + 1
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=top.bucket, Prefix=top.path, Delimiter=delimiter)
    for page in pages:
        for folder in page.get("CommonPrefixes", ()):
            yield f"{'PRE':>30} {folder['Prefix'][cut:]}"
        for found in page.get("Contents", ()):
            yield f"{found['LastModified']:%Y-%m-%d %H:%M:%S} {found['Size']:>10} {found['Key'][cut:]}"
