"""EMR on EC2 as a compute target: the place is a cluster, a job is a step."""

from __future__ import annotations

import json
import logging
import shlex
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from nightshift.aws import clients, clock
from nightshift.compute import cost, cost_limit, instances
from nightshift.compute.emr import bill, resources, spec
from nightshift.compute.emr.client import (
    EVER,
    GONE,
    READY,
    USABLE,
    EmrClient,
    creating,
    ended,
    refuse_if_dead,
    tags_of,
    why_ended,
)
from nightshift.compute.jobs import Job
from nightshift.compute.logs import PushedLogs
from nightshift.compute.resources import Finders, Removals
from nightshift.compute.target import Attempt, Ingredients, JobState, Place, PlaceState, SubmittedJob, request_text
from nightshift.config import Settings
from nightshift.failures.causes import Cause
from nightshift.run.run_context import RunContext

LOG = logging.getLogger(__name__)
# How many clusters of one try may end for this cause before the task fails; for any other cause one.
CLUSTERS = {
    "capacity": len(spec.ATTEMPTS),  # other subnets, instance types or On-Demand may have it
    "bootstrap": 2,  # a download or a bad node may have failed; an error in the action itself fails again
}
BOOTSTRAP_SECONDS = 300  # at most, from a cluster's first action until it is ready
STATES = {  # EMR's step states
    "PENDING": JobState.PENDING,
    "RUNNING": JobState.RUNNING,
    "CANCEL_PENDING": JobState.RUNNING,
    "COMPLETED": JobState.COMPLETED,
    "FAILED": JobState.FAILED,
    "CANCELLED": JobState.CANCELLED,
    "INTERRUPTED": JobState.CANCELLED,
}
PLANNED = Ingredients(  # what a dry run shows instead of outputs that do not exist yet
    foundation={
        "subnet_ids": ["<from the foundation>"],
        "emr_service_role_arn": "<role>",
        "emr_instance_profile_arn": "<role that opens no source>",
    },
    transient={
        "security_configuration": "<per run>",
        "master_security_group_id": "<per run>",
        "worker_security_group_id": "<per run>",
        "service_security_group_id": "<per run>",
    },
    jobs_uri="",
)


class EmrTarget:
    """A cluster a run. EMR runs its steps one after the other, so all jobs are submitted at once."""

    name: ClassVar = "emr"
    noun: ClassVar = "cluster"
    places_kind: ClassVar = "clusters"
    queues: ClassVar = True
    remembers: ClassVar = True
    next_actions: ClassVar[Mapping[Cause, str]] = {}
    finders: ClassVar[Finders] = {
        "clusters": resources.clusters,
        "security configurations": resources.security_configurations,
    }
    removals: ClassVar[Removals] = {"security configurations": resources.delete_security_configuration}

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def _emr(self) -> EmrClient:
        return EmrClient(clients.client(self._settings, "emr"))

    def refusal(self, run: RunContext) -> str:
        """Why the configured instance types cannot run the jobs. Flink's Python packages have no wheels for Linux on
        arm64 (docs/decisions/0013-flink-wordcount.md)."""
        table, types = instances.of(self._settings), self._settings.types
        table.check(types)
        graviton = ", ".join(name for name in types if table.type(name).architecture == instances.ARM64)
        if run.engine != "flink" or not graviton:
            return ""
        return (
            f"The engine flink does not run on Graviton ({graviton}), for which apache-flink has no wheel:"
            " choose the engine spark, or x86_64 types such as m5.xlarge in NIGHTSHIFT_*_TYPES."
        )

    def plan(self, run: RunContext, jobs_uri: str, specs: Sequence[Job]) -> Iterator[str]:
        """The RunJobFlow body and each step's command line."""
        own = {"emr_source_profile_arns": {run.pipeline.product: f"<role that opens {run.source_secret} alone>"}}
        foundation = {**PLANNED.foundation, **own}
        body = spec.job_flow(run, foundation, PLANNED.transient, jobs_uri=jobs_uri)
        yield f"EMR would be asked for\n{json.dumps(body, indent=1)}"
        yield from (f"and step {job.name}: {' '.join(spec.command(job))}" for job in specs)

    def prices(self) -> dict[str, str]:
        table = instances.of(self._settings)
        return {"prices_as_of": min(table.as_of, table.oldest(cost.DISK_RATES)), "prices": table.source}

    def shape(self, run: RunContext) -> str:
        """The fleets, each as its first type."""
        own = run.settings
        fleets = ((1, own.primary_types), (own.core_units, own.core_types), (own.task_units, own.task_types))
        return " + ".join(f"{units} {types[0]}" for units, types in fleets if units)

    def nodes(self, places: Sequence[Place], now: datetime) -> list[cost.Node]:
        return bill.nodes(self._settings, places, now)

    def estimate(self, run: RunContext, minutes: float) -> float:
        """The price of a cluster that works for `minutes`, with its start."""
        return cost.estimate(spec.fleets(run), minutes, instances.of(run.settings))

    def measured(self, run: RunContext, places: Sequence[Place], entries: Sequence[Any], now: datetime) -> float:
        """The price of the clusters' lives, each with the fleets of its attempt."""
        table = instances.of(run.settings)
        pairs = zip(places, _attempts(places, entries), strict=True)
        return round(sum(cost.measured(spec.fleets(run, n), _lived(place, now), table) for place, n in pairs), 4)

    def start(self, run: RunContext, made_from: Ingredients, attempt: Attempt | None = None) -> str:
        """Adopt the run's cluster if there is one, else call RunJobFlow. Raises ComputeError if the clusters that the
        run had have used its dollars."""
        return creating(self._settings).adopt_or_create(run, self._body(run, made_from, attempt))

    def create(self, run: RunContext, made_from: Ingredients, attempt: Attempt | None = None) -> str:
        """As `start`, of a run that has looked for a cluster to adopt."""
        return creating(self._settings).create(self._body(run, made_from, attempt))

    def place_request(self, run: RunContext, made_from: Ingredients) -> str:
        body = spec.job_flow(run, made_from.foundation, made_from.transient, jobs_uri=made_from.jobs_uri)
        return request_text("RunJobFlow", body)

    def job_request(self, _run: RunContext, job: Job, _made_from: Ingredients) -> str:
        return shlex.join(spec.command(job))

    def next_attempt(self, run: RunContext, first: str) -> Attempt:
        """The next cluster of this try.

        It follows from the clusters that ended in this try, so a task that was killed continues where it was.
        """
        dead = [cluster for cluster in self._emr.tried(run, first) if cluster["Status"]["State"] in GONE]
        number = next_attempt(dead)
        return Attempt(number + 1, why_ended(dead[-1])[1], dead[-1]["Id"], spec.ATTEMPTS[number], _subnets(dead))

    def place(self, place_id: str) -> Place:
        return place_of(self._emr.cluster(place_id))

    def places(self, run: RunContext, first: str = "") -> list[Place]:
        return [place_of(c) for c in (self._emr.tried(run, first) if first else self._emr.clusters(run, EVER))]

    def submit(
        self,
        _run: RunContext,
        place_id: str,
        specs: Sequence[Job],
        known: Collection[str],
        _made_from: Ingredients,
        *,
        independent: bool,
    ) -> dict[str, str]:
        """Submit all steps in one call, so that EMR runs them back to back."""
        emr = creating(self._settings)
        refuse_if_dead(emr.cluster(place_id))
        return emr.submit(place_id, [spec.step(job, independent=independent) for job in specs], known)

    def job(self, place_id: str, job_id: str) -> SubmittedJob:
        return self._job(place_id, self._emr.step(place_id, job_id))

    def jobs(self, place_id: str) -> list[SubmittedJob]:
        return [self._job(place_id, step) for step in self._emr.steps(place_id)]

    def logs(self, place_id: str, job_id: str) -> PushedLogs:
        return PushedLogs(self._settings, _logs_prefix(place_id, job_id))

    def links(self, run: RunContext, place_id: str, job_id: str = "") -> dict[str, str]:
        """The cluster's page in the EMR console, and the folder of the step's logs."""
        log = {"step_log": run.uri("logs", _logs_prefix(place_id, job_id))} if job_id else {}
        return {"cluster": _console(run.settings.region, place_id), **log}

    def stop(self, place_ids: Collection[str]) -> None:
        self._emr.terminate(place_ids)

    def _body(self, run: RunContext, made_from: Ingredients, attempt: Attempt | None) -> dict[str, Any]:
        return spec.job_flow(
            run,
            made_from.foundation,
            made_from.transient,
            attempt.number - 1 if attempt else 0,
            jobs_uri=made_from.jobs_uri,
            avoid=attempt.avoid if attempt else (),
            spent=self._spent(run),
        )

    def _spent(self, run: RunContext) -> float:
        """Dollars of the run's clusters that have ended; an alive one is adopted with the limit that it has."""
        ended = [place for place in self.places(run) if place.state == PlaceState.GONE]
        return self.measured(run, ended, (), clock.now(self._settings)) if ended else 0.0

    def _job(self, place_id: str, step: Any) -> SubmittedJob:
        status = step["Status"]
        failure, timeline = status.get("FailureDetails", {}), status.get("Timeline", {})
        return SubmittedJob(
            id=step["Id"],
            name=step["Name"],
            state=STATES[status["State"]],
            words=status["State"],
            said=failure.get("Message") or failure.get("Reason") or _reason(status),
            started_at=timeline.get("StartDateTime"),
            ended_at=timeline.get("EndDateTime"),
            log_uri=f"s3://{self._settings.bucket('logs')}/{_logs_prefix(place_id, step['Id'])}",
        )


def next_attempt(dead: Sequence[Any]) -> int:
    """The number of the attempt after the ended clusters of one try, which are given oldest first.

    Raises ComputeError with EMR's reason for the last one when as many ended for its cause as CLUSTERS allows.
    """
    causes = Counter(why_ended(cluster)[0] for cluster in dead)
    cause = why_ended(dead[-1])[0]
    if causes[cause] >= CLUSTERS.get(cause, 1):
        raise ended(dead[-1])
    return min(causes["capacity"], spec.LAST_ATTEMPT)


def _subnets(dead: Sequence[Any]) -> frozenset[str]:
    """The subnets of the clusters that got no capacity."""
    lacking = [cluster for cluster in dead if why_ended(cluster)[0] == "capacity"]
    return frozenset(cluster["Ec2InstanceAttributes"].get("Ec2SubnetId", "") for cluster in lacking)


def _attempts(places: Sequence[Place], entries: Sequence[Any]) -> list[int]:
    """The attempt number of each cluster, from 0. A replacement comes right after the cluster that its ledger note
    names."""
    replaced = {e["place_id"]: e["attempt"] - 1 for e in entries if e.get("act") == "replace_place"}
    ids = [place.id for place in places]
    return [replaced.get(predecessor, 0) for predecessor in ("", *ids)][: len(ids)]


def _lived(place: Place, now: datetime) -> float:
    return (((place.ended_at or now) - place.created_at).total_seconds()) if place.created_at else 0.0


def place_of(cluster: Any) -> Place:
    """A cluster, as DescribeCluster gives it, as a place."""
    status = cluster["Status"]
    timeline, word = status.get("Timeline", {}), str(status["State"])
    reason = status.get("StateChangeReason", {})
    return Place(
        id=cluster["Id"],
        name=cluster["Name"],
        state=_state(word),
        words=word,
        code=reason.get("Code", ""),
        reason=_limit_reached(cluster) or reason.get("Message", ""),
        created_at=timeline.get("CreationDateTime"),
        ready_at=timeline.get("ReadyDateTime"),
        ended_at=timeline.get("EndDateTime"),
    )


def _limit_reached(cluster: Any) -> str:
    """That the cluster ended itself at its limit in dollars, which EMR reports as a user's request; '' if it did not.
    The cluster's tags have the limit (spec.job_flow)."""
    tags, timeline = tags_of(cluster), cluster["Status"].get("Timeline", {})
    began, ended = timeline.get("CreationDateTime"), timeline.get("EndDateTime")
    if spec.LIMIT_SECONDS not in tags or not began or not ended:
        return ""
    lived, worked = ((ended - moment).total_seconds() for moment in (began, timeline.get("ReadyDateTime", began)))
    limit = float(tags[spec.LIMIT_SECONDS])
    # The timer starts with the bootstrap, somewhere between creation and readiness.
    is_reached = lived >= limit and worked >= limit - BOOTSTRAP_SECONDS
    return cost_limit.words(tags[cost_limit.TAG], lived / 60) if is_reached else ""


def _state(word: str) -> PlaceState:
    if word in READY:
        return PlaceState.READY
    if word in USABLE:
        return PlaceState.STARTING
    return PlaceState.GONE if word in GONE else PlaceState.STOPPING


def _reason(status: Any) -> str:
    reason = status.get("StateChangeReason", {})
    return ": ".join(part for part in (reason.get("Code"), reason.get("Message")) if part)


def _logs_prefix(place_id: str, job_id: str) -> str:
    """The folder to which EMR pushes stdout.gz, stderr.gz and controller.gz of a step."""
    return f"emr/{place_id}/steps/{job_id}/"


CONSOLES = {"cn-": "amazonaws.cn", "us-gov-": "amazonaws-us-gov.com"}  # AWS partitions with their own consoles


def _console(region: str, cluster_id: str) -> str:
    """The cluster's page in the EMR console (its address as of 2026, from memory)."""
    site = next((name for start, name in CONSOLES.items() if region.startswith(start)), "aws.amazon.com")
    return f"https://{region}.console.{site}/emr/home?region={region}#/clusterDetails/{cluster_id}"
