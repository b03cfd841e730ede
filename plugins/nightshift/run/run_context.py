"""Run context: the run, its business date and parameters, and all names and keys that are derived from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from nightshift.config import Settings
from nightshift.contracts.pipeline import ENGINE, INGEST, OUTPUT, SPARK, Pipeline, Route, Value
from nightshift.run import parameters, processes
from nightshift.run.ids import slug_of
from nightshift.run.processes import Process


@dataclass(frozen=True)
class RunContext:
    """The identity and parameters of one run. Every name and key that a run uses is derived here."""

    settings: Settings
    pipeline: Pipeline
    run_id: str
    requested_at: datetime
    business_date: date
    input_prefix: str
    encoding: str = "utf-8"
    compute: str = "emr"  # the compute target (compute/targets.py)
    keep_cluster: bool = False
    dry_run: bool = False
    replay: bool = False
    max_usd: float | None = None  # what the run may cost; None: by the settings
    apply_foundation: bool = False  # even if it was applied today
    ssh_cidr: str | None = None
    known_slug: str | None = None  # the slug of a run that is known by its tag only
    options: Mapping[str, Value] = field(default_factory=dict)  # the pipeline's own options and their values
    part: str = ""  # in a backfill: the folder of this day
    started_at: datetime | None = None  # the run's latest start: Airflow renews it when a run is cleared
    conductor: Process | None = None  # the runner process, without which the run is dead; None under a scheduler

    @property
    def slug(self) -> str:
        """The run id in characters that S3 keys, tags and file names allow."""
        return self.known_slug or slug_of(self.run_id)

    @property
    def engine(self) -> str:
        """The engine of the steps, spark or flink."""
        return str(self.options.get(ENGINE, SPARK))

    @property
    def routes(self) -> tuple[Route, ...]:
        """The routes that an ingestion host fetches before the night waits for its input."""
        requested = self.options.get(INGEST)
        return () if self.replay else tuple(r for r in self.pipeline.routes if requested in {r.name, "all"})

    @property
    def run(self) -> str:
        return f"{self.pipeline.name}/{self.slug}"

    @property
    def place_name(self) -> str:
        """The name of the run's cluster or the like."""
        return f"{self.settings.name} {self.pipeline.name} {self.business_date} {self.slug}"[:256]

    @property
    def expires(self) -> datetime:
        return (self.started_at or self.requested_at) + timedelta(hours=self.settings.lifetime_hours)

    @property
    def tags(self) -> dict[str, str]:
        """The tags of all resources of this run; the last one is required by EMR's managed policy."""
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
        """The key of the marker that is in the lake while the run is open."""
        return f"open/{self.run}.json"

    @property
    def claim_key(self) -> str:
        """The key of the claim that a run holds while it makes gold: on its date, or on every date where dates depend
        on each other."""
        shared = self.pipeline.incremental or self.pipeline.restates
        held = "every-date" if shared else self.business_date
        return f"claims/{self.pipeline.product}/{held}.json"

    @property
    def identity(self) -> dict[str, Any]:
        """The run as JSON that `from_marker` reads, so that its teardown can run after Airflow has deleted the run."""
        return {
            "dag_id": self.pipeline.name,
            "pipeline": self.pipeline.name,
            "run_id": self.run_id,
            "airflow": self.settings.airflow,
            "conductor": self.conductor.facts if self.conductor else None,
            "asked_at": _utc(self.requested_at),
            "started_at": _utc(self.started_at or self.requested_at),
            "business_date": str(self.business_date),
            "params": {
                "compute": self.compute,
                "keep_cluster": self.keep_cluster,
                "ssh_cidr": self.ssh_cidr,
                "max_usd": self.max_usd,
            },
        }

    @property
    def limit_minutes(self) -> float:
        """The cluster's time limit; a backfill has the whole lease."""
        settings = self.settings
        return settings.lifetime_hours * 60 if self.pipeline.fills else settings.cluster_limit_minutes

    @property
    def dollar_limit(self) -> float | None:
        """The dollars at which the run's compute ends itself; None for a backfill without a limit of its own, whose
        number of days decides what it may cost."""
        if self.max_usd is not None or self.pipeline.fills:
            return self.max_usd
        return self.settings.max_usd_per_night

    @property
    def today(self) -> date:
        """The date of the run in the settings' zone."""
        return self.requested_at.astimezone(ZoneInfo(self.settings.timezone)).date()

    def on(self, day: date) -> RunContext:
        """One day of a backfill, with its own input, staging, manifests and gold, in the same run and cluster."""
        prefix = self.pipeline.input_prefix_of(day)
        return replace(self, business_date=day, input_prefix=prefix, part=f"{day}/")

    @property
    def source_secret(self) -> str:
        """The name of the secret of the database that the run reads; '' if it reads none."""
        reads = self.pipeline.database_of(self.options)
        return f"{self.settings.name}/sources/{reads}" if reads else ""

    @property
    def certificates_key(self) -> str:
        return f"{self.staging_prefix}certificates.zip"

    def uri(self, kind: str, key: str = "") -> str:
        """s3://<bucket of kind>/<key>."""
        return f"s3://{self.settings.bucket(kind)}/{key}"

    @property
    def input_uri(self) -> str:
        """The folder of the run's input."""
        return self.uri(self.pipeline.input_kind, self.input_prefix)

    def export_uri(self, file: str) -> str:
        """The address of an exported file: in the run's `output` folder, else in the lake's exports."""
        folder = str(self.options.get(OUTPUT) or "") or self.uri("lake", f"exports/{self.pipeline.product}")
        return f"{folder.rstrip('/')}/{file}"

    def gold_prefix(self, table: str) -> str:
        return f"gold/{self.pipeline.product}/{table}/business_date={self.business_date}/"


def from_run(
    settings: Settings,
    pipeline: Pipeline,
    run_id: str,
    requested_at: datetime,
    params: Mapping[str, Any],
    *,
    started_at: datetime | None = None,
    eve_of: datetime | None = None,
) -> RunContext:
    """The night of a run. `requested_at` is the run's run_after (aware). The default business date is the day before
    `eve_of`, or else before `requested_at`, in the settings' zone. `started_at` is the run's start_date. Raises
    ParameterError naming the parameter."""
    zone = ZoneInfo(settings.timezone)
    today = requested_at.astimezone(zone).date()
    requested = parameters.business_date(params.get("business_date"), today)
    business_date = requested or parameters.eve((eve_of or requested_at).astimezone(zone).date(), today)
    options = {wanted.name: parameters.option(wanted, params.get(wanted.name)) for wanted in pipeline.options}
    return RunContext(
        settings=settings,
        pipeline=pipeline,
        run_id=run_id,
        requested_at=requested_at,
        business_date=business_date,
        input_prefix=parameters.input_prefix(params.get("input_prefix")) or pipeline.input_prefix_of(business_date),
        encoding=parameters.encoding(params.get("encoding") or "utf-8"),
        compute=params.get("compute") or settings.compute,
        keep_cluster=bool(params.get("keep_cluster")),
        dry_run=bool(params.get("dry_run")),
        replay=parameters.replay(params.get("replay"), options, pipeline),
        max_usd=parameters.max_usd(params.get("max_usd")),
        apply_foundation=bool(params.get("apply_foundation")),
        ssh_cidr=parameters.ssh_cidr(params.get("ssh_cidr")),
        options=options,
        started_at=started_at,
        conductor=processes.of(settings.conductor) if settings.conductor else None,
    )


def identity(
    settings: Settings, pipeline: Pipeline, run_id: str, requested_at: datetime, *, started_at: datetime | None = None
) -> RunContext:
    """The night of a run with default parameters, for the ledger, report and teardown of a run with refused ones."""
    return from_run(settings, pipeline, run_id, requested_at, {}, started_at=started_at)


IDENTITY = frozenset(
    ("dag_id", "pipeline", "run_id", "airflow", "asked_at", "started_at", "business_date", "params")
)  # the keys that a marker must have; `RunContext.identity` has more


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
