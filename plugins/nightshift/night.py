"""One night: which run, which date, with which parameters, and the names that follow from them."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from nightshift.config import Settings
from nightshift.errors import ParameterError
from nightshift.pipeline import Pipeline

UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
PREFIX = re.compile(r"^[\w][\w .=+@-]*(/[\w .=+@-]+)*/?$")


@dataclass(frozen=True)
class Night:
    """The identity of one run and what was asked of it. Every name that a run gives to anything comes from here."""

    settings: Settings
    pipeline: Pipeline
    run_id: str
    asked_at: datetime
    business_date: date
    input_prefix: str
    encoding: str = "utf-8"
    keep_cluster: bool = False
    dry_run: bool = False
    ssh_cidr: str | None = None

    @property
    def slug(self) -> str:
        """The run id in the characters that S3 keys, tags and file names share."""
        return UNSAFE.sub("-", self.run_id)

    @property
    def run(self) -> str:
        return f"{self.pipeline.name}/{self.slug}"

    @property
    def cluster_name(self) -> str:
        return f"{self.settings.name} {self.pipeline.name} {self.business_date} {self.slug}"[:256]

    @property
    def expires(self) -> datetime:
        return self.asked_at + timedelta(hours=self.settings.lifetime_hours)

    @property
    def tags(self) -> dict[str, str]:
        """What everything made by this run is tagged with; the last is what EMR's managed policy asks for."""
        return {
            "nightshift:name": self.settings.name,
            "nightshift:pipeline": self.pipeline.name,
            "nightshift:run": self.run,
            "nightshift:business_date": str(self.business_date),
            "nightshift:expires": f"{self.expires:%Y-%m-%dT%H:%M:%SZ}",
            "for-use-with-amazon-emr-managed-policies": "true",
        }

    @property
    def state_key(self) -> str:
        return f"transient/{self.run}.tfstate"

    @property
    def staging_prefix(self) -> str:
        return f"staging/{self.pipeline.name}/{self.slug}/"

    @property
    def record_prefix(self) -> str:
        return f"runs/{self.run}/"

    @property
    def certificates_key(self) -> str:
        return f"{self.staging_prefix}certificates.zip"

    def uri(self, kind: str, key: str = "") -> str:
        """s3://<bucket of kind>/<key>."""
        return f"s3://{self.settings.bucket(kind)}/{key}"

    def gold_prefix(self, table: str) -> str:
        return f"gold/{self.pipeline.name}/{table}/business_date={self.business_date}/"


def from_run(
    settings: Settings, pipeline: Pipeline, run_id: str, asked_at: datetime, params: Mapping[str, Any]
) -> Night:
    """The night of a run. `asked_at` is the run's run_after (aware); its eve in the settings' zone is the default
    business date. Raises ParameterError naming the parameter."""
    business_date = _business_date(params.get("business_date"), asked_at, settings.timezone)
    return Night(
        settings=settings,
        pipeline=pipeline,
        run_id=run_id,
        asked_at=asked_at,
        business_date=business_date,
        input_prefix=_prefix(params.get("input_prefix")) or pipeline.inputs.prefix_of(business_date),
        encoding=_encoding(params.get("encoding") or "utf-8"),
        keep_cluster=bool(params.get("keep_cluster")),
        dry_run=bool(params.get("dry_run")),
        ssh_cidr=params.get("ssh_cidr") or None,
    )


def _business_date(asked: str | None, asked_at: datetime, timezone: str) -> date:
    today = asked_at.astimezone(ZoneInfo(timezone)).date()
    if not asked:
        return today - timedelta(days=1)
    try:
        given = datetime.strptime(asked, "%Y-%m-%d").date()  # noqa: DTZ007 - a date has no zone
    except (TypeError, ValueError):
        raise ParameterError(f"business_date is {asked!r}: expected a date like 2026-01-31.") from None
    if given > today:
        raise ParameterError(f"business_date is {given}, which is after today, {today}.")
    return given


def _prefix(asked: str | None) -> str | None:
    """A prefix inside the raw bucket: no '..', no empty part, nothing that a shell or a URI would read otherwise."""
    if not asked:
        return None
    if not PREFIX.match(asked) or ".." in asked.split("/"):
        raise ParameterError(f"input_prefix is {asked!r}: expected a folder in the raw bucket, like inbox/2026/.")
    return asked.rstrip("/") + "/"


def _encoding(asked: str) -> str:
    try:
        "".encode(asked)  # codecs also knows "encodings" that are none of text, such as hex
        return codecs.lookup(asked).name
    except (LookupError, ValueError):
        raise ParameterError(f"encoding is {asked!r}, which is no text encoding that Python knows.") from None
