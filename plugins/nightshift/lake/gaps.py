"""Gaps hook: finds the days of a product that have input but no gold, or gold of older input or an older contract."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from nightshift.lake.storage import CONTRACT, GOLD_FILE
from nightshift.run.run_context import RunContext

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Gap:
    """One business date to make, and why."""

    day: date
    why: str


class GapsHook:
    """Compares the raw bucket with the gold tables of one pipeline, date by date."""

    def __init__(self, s3: S3Client, night: RunContext) -> None:
        self._s3, self._night = s3, night

    def between(self, first: date, last: date, *, force: bool = False) -> list[Gap]:
        """The gaps from `first` to `last`, both included; with `force` all days that have input. A date without input
        is no gap."""
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        reasons = ((day, self._why(self._night.on(day), force)) for day in days)
        return [Gap(day, why) for day, why in reasons if why]

    def _why(self, one_day: RunContext, force: bool) -> str:
        arrived = max(self._written("raw", one_day.input_prefix), default=None)
        if arrived is None:
            return ""
        made = [self._oldest(one_day, table.name) for table in one_day.pipeline.gold]
        missing = [t.name for t, moment in zip(one_day.pipeline.gold, made, strict=True) if moment is None]
        if missing:
            return f"no gold of {_listed(missing)}"
        if min(moment for moment in made if moment) < arrived:
            return f"gold is older than its input, which came last at {arrived:%Y-%m-%dT%H:%MZ}"
        if old := [table.name for table in one_day.pipeline.gold if self._is_of_older_contract(one_day, table.name)]:
            return f"an older contract made the gold of {_listed(old)}"
        why = self._of_silver(one_day) if one_day.pipeline.restates else ""
        return why or ("force was requested" if force else "")

    def _is_of_older_contract(self, one_day: RunContext, table: str) -> bool:
        """Whether a partition says that another contract made it. One that says nothing is of a version of Nightshift
        that did not write it down."""
        bucket, key = self._night.settings.bucket("lake"), f"{one_day.gold_prefix(table)}{GOLD_FILE}"
        made_by = self._s3.head_object(Bucket=bucket, Key=key)["Metadata"].get(CONTRACT, "")
        return made_by not in ("", one_day.pipeline.contract.digest)

    def _of_silver(self, one_day: RunContext) -> str:
        """Why gold that exists must be made again, according to silver; '' if not (docs/decisions/0025)."""
        home, day = f"silver/{one_day.pipeline.product}/", one_day.business_date
        if not self._is_there(f"{home}orders/_holds/{day}="):
            return "it was made before silver kept the versions of orders"
        return (
            "silver has changed since it was published"
            if self._is_there(f"{home}_unpublished/business_date={day}")
            else ""
        )

    def _is_there(self, prefix: str) -> bool:
        bucket = self._night.settings.bucket("lake")
        return self._s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)["KeyCount"] > 0

    def _oldest(self, one_day: RunContext, table: str) -> datetime | None:
        return min(self._written("lake", one_day.gold_prefix(table)), default=None)

    def _written(self, kind: str, prefix: str) -> Iterator[datetime]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._night.settings.bucket(kind), Prefix=prefix
        )
        try:
            yield from (item["LastModified"] for page in pages for item in page.get("Contents", []) if item["Size"])
        except self._s3.exceptions.NoSuchBucket:  # before the first night there is nothing
            return


def _listed(tables: Sequence[str]) -> str:
    return ", ".join(tables)
