"""What time it is by S3, whose clock dates markers, claims and locks: a lease means the same to whoever reads it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import ClientError

from nightshift.config import Settings
from nightshift.hooks import aws


def now(settings: Settings) -> datetime:
    """Now, to the second. Raises botocore's errors when S3 does not answer; a refusal is dated as well."""
    try:
        answer: Mapping[str, Any] = aws.client(settings, "s3").head_bucket(Bucket=settings.bucket("state"))
    except ClientError as refused:
        answer = refused.response
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    # HTTP excuses a server without a clock from saying the date; S3 says it.
    return parsedate_to_datetime(date) if date else datetime.now(UTC)


def age(settings: Settings, since: datetime) -> timedelta:
    """How long ago a moment was by AWS's clocks; not less than nothing, for S3 tells whole seconds."""
    return max(now(settings) - since, timedelta(0))
