"""One night: which run, which date, with which parameters, and the names that follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from nightshift import parameters, processes
from nightshift.config import Settings
from nightshift.pipeline import INGEST, Inputs, Pipeline, Route
from nightshift.pipelines import BACKFILLS, PIPELINES
from nightshift.processes import Process
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
    replay: bool = False
    apply_foundation: bool = False  # though it was applied today
    ssh_cidr: str | None = None
    known_slug: str | None = None  # of a run of which only its tag is left
    options: Mapping[str, str] = field(default_factory=dict)  # the pipeline's own, each with its value
    part: str = ""  # of a backfill: which of its days, as a folder
    started_at: datetime | None = None  # of the run's latest start: Airflow renews it when a run is cleared
    conductor: Process | None = None  # with which the run dies; None where a scheduler plays it

    @property
    def slug(self) -> str:
        """The run id in the characters that S3 keys, tags and file names share."""
        return self.known_slug or slug_of(self.run_id)

    @property
    def engine(self) -> str:
        """What the steps run on, spark or flink."""
        return self.options.get("engine", "spark")

    @property
    def routes(self) -> tuple[Route, ...]:
        """What a host of the run's own fetches before the night waits for its input."""
        asked = self.options.get(INGEST)
        return () if self.replay else tuple(r for r in self.pipeline.routes if asked in {r.name, "all"})

    @property
    def run(self) -> str:
        return f"{self.pipeline.name}/{self.slug}"

    @property
    def cluster_name(self) -> str:
        return f"{self.settings.name} {self.pipeline.name} {self.business_date} {self.slug}"[:256]

    @property
    def expires(self) -> datetime:
        return (self.started_at or self.asked_at) + timedelta(hours=self.settings.lifetime_hours)

    @property
    def tags(self) -> dict[str, str]:
        """What everything made by this run is tagged with; the last is what EMR's managed policy asks for."""
        return {
            "nightshift:name": self.settings.name,
            "nightshift:owner": self.settings.owner,
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
        return f"staging/{self.pipeline.name}/{self.slug}/{self.part}"

    @property
    def record_prefix(self) -> str:
        return f"runs/{self.run}/"

    @property
    def manifests_prefix(self) -> str:
        return f"{self.record_prefix}manifests/{self.part}"

    @property
    def marker_key(self) -> str:
        """What stands in the lake while the run is open."""
        return f"open/{self.run}.json"

    @property
    def claim_key(self) -> str:
        """What a run holds while it makes the gold of its date, or of any where dates depend on each other."""
        shared = self.pipeline.incremental or self.pipeline.restates
        held = "every-date" if shared else self.business_date
        return f"claims/{self.pipeline.product}/{held}.json"

    @property
    def identity(self) -> dict[str, Any]:
        """The run as JSON that `from_marker` reads back: when Airflow has forgotten it, its teardown still can run."""
        return {
            "dag_id": self.pipeline.name,
            "pipeline": self.pipeline.name,
            "run_id": self.run_id,
            "airflow": self.settings.airflow,
            "conductor": self.conductor.facts if self.conductor else None,
            "asked_at": _utc(self.asked_at),
            "started_at": _utc(self.started_at or self.asked_at),
            "business_date": str(self.business_date),
            "params": {"keep_cluster": self.keep_cluster, "ssh_cidr": self.ssh_cidr},
        }

    @property
    def limit_minutes(self) -> float:
        """When its cluster ends itself; the many days of a backfill have the whole lease."""
        settings = self.settings
        return settings.lifetime_hours * 60 if self.pipeline.fills else settings.cluster_limit_minutes

    @property
    def today(self) -> date:
        """The date of the run in the settings' zone."""
        return self.asked_at.astimezone(ZoneInfo(self.settings.timezone)).date()

    def on(self, day: date) -> Night:
        """One day of a backfill: its own input, staging, manifests and gold, of the same run on the same cluster."""
        prefix = self.pipeline.inputs.prefix_of(day)
        return replace(self, business_date=day, input_prefix=prefix, part=f"{day}/")

    @property
    def source_secret(self) -> str:
        """The name of the secret that opens the database that the run reads; '' if it reads none."""
        reads = self.pipeline.database if self.options.get("reference") != "files" else None
        return f"{self.settings.name}/sources/{reads}" if reads else ""

    @property
    def certificates_key(self) -> str:
        return f"{self.staging_prefix}certificates.zip"

    def uri(self, kind: str, key: str = "") -> str:
        """s3://<bucket of kind>/<key>."""
        return f"s3://{self.settings.bucket(kind)}/{key}"

    def export_uri(self, file: str) -> str:
        """Where a file that the pipeline exports is delivered: the run's own `output`, else the lake's exports."""
        folder = self.options.get("output") or self.uri("lake", f"exports/{self.pipeline.product}")
        return f"{folder.rstrip('/')}/{file}"

    def gold_prefix(self, table: str) -> str:
        return f"gold/{self.pipeline.product}/{table}/business_date={self.business_date}/"


def from_run(
    settings: Settings,
    pipeline: Pipeline,
    run_id: str,
    asked_at: datetime,
    params: Mapping[str, Any],
    *,
    started_at: datetime | None = None,
    eve_of: datetime | None = None,
) -> Night:
    """The night of a run. `asked_at` is the run's run_after (aware); the eve of `eve_of`, or else of it, in the
    settings' zone is the default business date. `started_at` is the run's start_date. Raises ParameterError naming the
    parameter."""
    zone = ZoneInfo(settings.timezone)
    today = asked_at.astimezone(zone).date()
    asked = parameters.business_date(params.get("business_date"), today)
    business_date = asked or parameters.eve((eve_of or asked_at).astimezone(zone).date(), today)
    options = {wanted.name: parameters.option(wanted, params.get(wanted.name)) for wanted in pipeline.options}
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
        replay=parameters.replay(params.get("replay"), options),
        apply_foundation=bool(params.get("apply_foundation")),
        ssh_cidr=parameters.ssh_cidr(params.get("ssh_cidr")),
        options=options,
        started_at=started_at,
        conductor=processes.of(settings.conductor) if settings.conductor else None,
    )


def identity(
    settings: Settings, pipeline: Pipeline, run_id: str, asked_at: datetime, *, started_at: datetime | None = None
) -> Night:
    """The night of a run whose parameters were refused: good for its ledger, its report and its teardown."""
    return from_run(settings, pipeline, run_id, asked_at, {}, started_at=started_at)


def from_marker(settings: Settings, marker: Mapping[str, Any]) -> Night:
    """The night that a marker (`Night.identity`) tells of, also when its pipeline is no longer in the package."""
    return Night(
        settings=settings,
        pipeline=named(marker["pipeline"]),
        run_id=marker["run_id"],
        asked_at=datetime.fromisoformat(marker["asked_at"]),
        business_date=date.fromisoformat(marker["business_date"]),
        input_prefix="",
        keep_cluster=bool(marker["params"].get("keep_cluster")),
        ssh_cidr=marker["params"].get("ssh_cidr"),
        started_at=datetime.fromisoformat(marker["started_at"]),
        conductor=Process.parsed(marker.get("conductor")),
    )


def from_run_name(settings: Settings, run: str, since: datetime, business_date: date | None = None) -> Night:
    """The night of a run of which only its tag `<dag>/<slug>` is known. `since` is a moment before it began."""
    pipeline, slug = run.split("/", 1)
    day = business_date or since.date()
    return Night(settings, named(pipeline), slug, asked_at=since, business_date=day, input_prefix="", known_slug=slug)


def named(pipeline: str) -> Pipeline:
    """The pipeline of that name; one without steps and tables when the package has it no more."""
    known = {**PIPELINES, **BACKFILLS}.get(pipeline)
    return known or Pipeline(name=pipeline, title=pipeline, inputs=Inputs(prefix=""), steps=(), gold=())


IDENTITY = frozenset(
    ("dag_id", "pipeline", "run_id", "airflow", "asked_at", "started_at", "business_date", "params")
)  # what a marker must hold; `Night.identity` holds more


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
