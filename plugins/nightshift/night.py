"""One night: which run, which date, with which parameters, and the names that follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from nightshift import parameters
from nightshift.config import Settings
from nightshift.pipeline import Pipeline
from nightshift.run_ids import slug_of


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
        return slug_of(self.run_id)

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
    today = asked_at.astimezone(ZoneInfo(settings.timezone)).date()
    business_date = parameters.business_date(params.get("business_date"), today) or today - timedelta(days=1)
    return Night(
        settings=settings,
        pipeline=pipeline,
        run_id=run_id,
        asked_at=asked_at,
        business_date=business_date,
        input_prefix=parameters.input_prefix(params.get("input_prefix")) or pipeline.inputs.prefix_of(business_date),
        encoding=parameters.encoding(params.get("encoding") or "utf-8"),
        keep_cluster=bool(params.get("keep_cluster")),
        dry_run=bool(params.get("dry_run")),
        ssh_cidr=parameters.ssh_cidr(params.get("ssh_cidr")),
    )
