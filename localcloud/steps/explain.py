"""What Hadoop says in its own words, said as S3 would: a bucket that does not exist."""

from __future__ import annotations

import re
from pathlib import Path

_NO_BUCKET = re.compile(rb"Could not initialize target File System for URI : s3[an]?://([^/\s]+)")
_LOOKED_AT = 1 << 20  # bytes at the end of stderr


def missing_buckets(stderr: Path) -> list[str]:
    """The buckets that a failed step named and that do not exist, by what Hadoop wrote to stderr."""
    with stderr.open("rb") as stream:
        stream.seek(max(0, stderr.stat().st_size - _LOOKED_AT))
        found = _NO_BUCKET.findall(stream.read())
    return sorted({name.decode("utf-8", "replace") for name in found})


def explain(stderr: Path) -> None:
    """Append to stderr what S3 would have answered, once for each bucket that does not exist."""
    for bucket in missing_buckets(stderr):
        with stderr.open("a", encoding="utf-8") as stream:
            stream.write(f"NoSuchBucket: The specified bucket does not exist: {bucket} (status code 404)\n")
