"""The current time by S3's clock, which also dates markers, claims and locks, so that leases agree on every host."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import ClientError

from nightshift.aws import clients
from nightshift.config import Settings


def now(settings: Settings) -> datetime:
    """The current time, to the second. Raises botocore's errors if S3 does not answer; an error response has a date as
    well."""
    try:
        answer: Mapping[str, Any] = clients.client(settings, "s3").head_bucket(Bucket=settings.bucket("state"))
    except ClientError as refused:
        answer = refused.response
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    # HTTP lets a server without a clock omit the date; S3 sends it.
    return parsedate_to_datetime(date) if date else datetime.now(UTC)


def age(settings: Settings, since: datetime) -> timedelta:
    """The time since a moment, by S3's clock; at least 0, since S3 gives whole seconds."""
    return max(now(settings) - since, timedelta(0))
