"""Everything that nights leave behind where somebody could read it, as named bytes, and a search through them."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Named = tuple[str, bytes]


def versions(s3: Any) -> list[Named]:
    """Every version of every object as bucket/key, also of those that were deleted or replaced; gzip is undone."""
    kept = []
    for bucket in (bucket["Name"] for bucket in s3.list_buckets()["Buckets"]):
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for version in page.get("Versions", []):
                where = {"Bucket": bucket, "Key": version["Key"], "VersionId": version["VersionId"]}
                body = s3.get_object(**where)["Body"].read()
                kept.append((f"{bucket}/{version['Key']}", gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body))
    return kept


def files(*roots: Path) -> list[Named]:
    """Every file at or below the roots."""
    each = (path for root in roots for path in (sorted(root.rglob("*")) if root.is_dir() else [root]))
    return [(str(path), path.read_bytes()) for path in each if path.is_file()]


def found(needles: Iterable[bytes], places: Iterable[Named]) -> list[str]:
    """The names of the places that hold any of the needles."""
    wanted = list(needles)
    return sorted({name for name, body in places if any(needle in body for needle in wanted)})
