"""Freshness hook: finds gold older than its contract allows. It runs outside the nights, since one that never started
cannot report."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from nightshift.aws import clients, topic
from nightshift.config import Settings
from nightshift.pipelines import PIPELINES

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

RECENT = timedelta(days=4)  # more than any contract allows, so that only the partitions of stale gold are all listed
KEY = "freshness/told.json"  # in the lake: tables already notified as stale, so that each is notified once


@dataclass(frozen=True)
class Stale:
    """A stale gold table: its newest business date, when it was written (UTC), its age and the limit in hours."""

    table: str  # <pipeline>.<table>
    business_date: str
    written: str
    hours: float
    limit: float

    def __str__(self) -> str:
        return (
            f"{self.table}: the newest partition is {self.business_date}, written {self.hours:.0f} hours ago"
            f" ({self.written}); the limit is {self.limit:g} hours"
        )


def stale(settings: Settings, now: datetime) -> list[Stale]:
    """Every gold table whose newest partition is older than its contract's fresh_hours. A table without a partition is
    not stale: its product has not run yet. [] while there is no lake."""
    s3 = clients.client(settings, "s3")
    try:
        return list(_stale(s3, settings, now))
    except s3.exceptions.NoSuchBucket:
        return []


def notify(settings: Settings, tables: list[Stale]) -> list[Stale]:
    """Notify the topic, in one message, of the tables that became stale since the last check; returns them. Raises
    botocore's errors; the next check then notifies again."""
    s3, bucket = clients.client(settings, "s3"), settings.bucket("lake")
    before = _notified(s3, bucket)
    news = [stale for stale in tables if before.get(stale.table) != stale.business_date]
    if news:
        lines = ["This gold is older than its contract allows; check whether its runs succeeded:", *map(str, news)]
        topic.publish(settings, f"stale: {news[0].table} [{settings.name}]"[:100], "\n".join(lines))
    now = {stale.table: stale.business_date for stale in tables}
    if now != before:
        s3.put_object(Bucket=bucket, Key=KEY, Body=json.dumps(now).encode())
    return news


def _stale(s3: S3Client, settings: Settings, now: datetime) -> Iterator[Stale]:
    for pipeline in PIPELINES.values():
        for table in pipeline.gold:
            newest = _newest(s3, settings.bucket("lake"), f"gold/{pipeline.name}/{table.name}/", now.date() - RECENT)
            if newest is None:
                continue
            day, written = newest
            hours = (now - written).total_seconds() / 3600
            if hours > table.fresh_hours:
                at = f"{written:%Y-%m-%dT%H:%MZ}"
                yield Stale(f"{pipeline.name}.{table.name}", day, at, round(hours, 1), table.fresh_hours)


def _newest(s3: S3Client, bucket: str, prefix: str, since: date) -> tuple[str, datetime] | None:
    """The newest business date of a table, and when its partition was last written. All partitions, which may be
    thousands, are only listed if there is none after `since`."""
    recent = _partitions(s3, bucket, prefix, f"{prefix}business_date={since}")
    partition = max(recent, default=None) or max(_partitions(s3, bucket, prefix, prefix), default=None)
    if partition is None:
        return None
    files = s3.list_objects_v2(Bucket=bucket, Prefix=partition)["Contents"]
    return partition.rpartition("=")[2].rstrip("/"), max(file["LastModified"] for file in files)


def _partitions(s3: S3Client, bucket: str, prefix: str, after: str) -> list[str]:
    """The prefixes of the table's partitions behind `after`."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/", StartAfter=after)
    return [str(folder["Prefix"]) for page in pages for folder in page.get("CommonPrefixes", [])]


def _notified(s3: S3Client, bucket: str) -> Mapping[str, Any]:
    try:
        kept: dict[str, Any] = json.loads(s3.get_object(Bucket=bucket, Key=KEY)["Body"].read())
    except (s3.exceptions.NoSuchKey, s3.exceptions.NoSuchBucket):
        return {}
    return kept
