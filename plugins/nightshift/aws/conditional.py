"""S3's conditional writes: a put or delete that happens only if nobody else was first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Error codes of a failed condition: another writer was first or, with IfMatch, the object is gone.
LOST = {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"}


def put_if(s3: S3Client, bucket: str, key: str, body: bytes, **condition: str) -> str:
    """Put under a condition (IfNoneMatch="*", or IfMatch=<ETag>); returns the ETag of what was written, '' if S3 says
    that the condition fails."""
    try:
        return s3.put_object(Bucket=bucket, Key=key, Body=body, **condition)["ETag"]  # type: ignore[arg-type]
    except ClientError as refused:
        if refused.response["Error"]["Code"] in LOST:
            return ""
        raise


def delete_if(s3: S3Client, bucket: str, key: str, etag: str) -> bool:
    """Delete the object if it has this ETag; False if it is gone or was replaced. boto3 also gets that when it repeats
    a delete whose response was lost."""
    try:
        s3.delete_object(Bucket=bucket, Key=key, IfMatch=etag)
    except ClientError as refused:
        if refused.response["Error"]["Code"] in LOST:
            return False
        raise
    return True
