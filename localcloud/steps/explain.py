"""Translate Hadoop's errors into S3's: a bucket that does not exist, or that a step may not see."""

from __future__ import annotations

import re
from pathlib import Path

from localcloud.steps.rights import denial_of

_NO_BUCKET = re.compile(rb"Could not initialize target File System for URI : s3[an]?://([^/\s]+)")
_LOOKED_AT = 1 << 20  # bytes at the end of stderr


def missing_buckets(stderr: Path) -> list[str]:
    """The buckets that a failed step used and that Hadoop's stderr reports as missing."""
    with stderr.open("rb") as stream:
        stream.seek(max(0, stderr.stat().st_size - _LOOKED_AT))
        found = _NO_BUCKET.findall(stream.read())
    return sorted({name.decode("utf-8", "replace") for name in found})


def explain(stderr: Path, buckets_dir: Path) -> None:
    """Append S3's error to stderr, once for each bucket that the step did not find."""
    for bucket in missing_buckets(stderr):
        with stderr.open("a", encoding="utf-8") as stream:
            denied = denial_of(bucket, buckets_dir)
            absent = f"NoSuchBucket: The specified bucket does not exist: {bucket} (status code 404)"
            stream.write(f"{f'AccessDenied: {denied}' if denied else absent}\n")
