"""What a step may do in S3, which its mirror asks in its stead: the processes of a step work on files, not on S3."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from localcloud.steps.request import StepRequest


class Rights(Protocol):
    """Whoever decides for one step."""

    def denial(self, operation: str, bucket: str, key: str = "") -> str | None:
        """Why S3 would deny an operation, in AWS's words; None when it is allowed."""


class AllRights:
    """Where IAM is not enforced."""

    def denial(self, operation: str, bucket: str, key: str = "") -> str | None:  # noqa: ARG002
        """Nothing is denied."""
        return None


ALL = AllRights()
RightsOf = Callable[[StepRequest], Rights]


def everything(_request: StepRequest) -> Rights:
    """The rights of each step where IAM is not enforced."""
    return ALL


def hide(buckets_dir: Path, rights: Rights, place: Path) -> None:
    """Make `place` a directory with a link to each bucket that a step may list, if there are any that it may not.

    Such a bucket is a file there, which says why: who looks for the bucket answers with its words.
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
    """Why a step may not see a bucket; None when it may, or when there is none."""
    told = buckets_dir / bucket
    return told.read_text(encoding="utf-8") if told.is_file() else None
