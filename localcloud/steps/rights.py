"""A step's permissions for S3 and its logs, checked on its behalf: its processes work on files, not on S3."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from localcloud.steps.request import StepRequest


class Rights(Protocol):
    """The permissions of one step."""

    def denial(self, operation: str, bucket: str, key: str = "") -> str | None:
        """AWS's message why S3 would deny an operation; None when it is allowed."""

    def log_denial(self, group: str, stream: str) -> str | None:
        """AWS's message why CloudWatch Logs would deny writing to a stream; None when it is allowed."""


class AllRights:
    """All permissions, where IAM is not enforced."""

    def denial(self, operation: str, bucket: str, key: str = "") -> str | None:  # noqa: ARG002
        """Nothing is denied."""
        return None

    def log_denial(self, group: str, stream: str) -> str | None:  # noqa: ARG002
        """Nothing is denied."""
        return None


ALL = AllRights()
RightsOf = Callable[[StepRequest], Rights]


def everything(_request: StepRequest) -> Rights:
    """The permissions of any step where IAM is not enforced."""
    return ALL


def hide(buckets_dir: Path, rights: Rights, place: Path) -> None:
    """If a step may not list some bucket, make `place` a directory with a link to each bucket that it may list.

    A denied bucket is a file there with AWS's message, which is shown to whoever looks for the bucket.
    """
    denials = {bucket.name: rights.denial("ListObjectsV2", bucket.name) for bucket in sorted(buckets_dir.glob("*"))}
    if not any(denials.values()):
        return
    place.mkdir()
    for name, words in denials.items():
        if words:
            (place / name).write_text(words, encoding="utf-8")
        else:
            (place / name).symlink_to(buckets_dir / name, target_is_directory=True)


def denial_of(bucket: str, buckets_dir: Path) -> str | None:
    """Why a step may not see a bucket; None when it may, or when the bucket does not exist."""
    told = buckets_dir / bucket
    return told.read_text(encoding="utf-8") if told.is_file() else None
