"""A file in HDFS, as the job sees it."""

from __future__ import annotations

from dataclasses import dataclass

CHUNK = 1 << 20  # bytes that are read at once


@dataclass(frozen=True)
class HdfsFile:
    """One file below a folder: its path below it, its path from the file system's root, its length in bytes."""

    relative: str
    path: str
    length: int
