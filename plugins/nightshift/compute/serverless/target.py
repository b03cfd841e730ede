"""EMR Serverless as a compute target: the place is an application, a job is a job run."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from nightshift.aws import clients
from nightshift.compute import instances, one_by_one, remembered, workers
from nightshift.compute.jobs import Job, SparkJob
from nightshift.compute.logs import PushedLogs
from nightshift.compute.resources import RUN, Finders, Removals
from nightshift.compute.serverless import resources, spec
from nightshift.compute.target import Attempt, Ingredients, JobState, Place, PlaceState, SubmittedJob, request_text
from nightshift.config import Settings
from nightshift.failures.causes import Cause
from nightshift.failures.errors import ComputeError
from nightshift.run.run_context import RunContext

LOG = logging.getLogger(__name__)
PLACES = {  # an application that is created or stopped starts by itself when a job comes
    "CREATING": PlaceState.STARTING,
    "CREATED": PlaceState.READY,
    "STARTING": PlaceState.READY,
    "STARTED": PlaceState.READY,
    "STOPPING": PlaceState.STOPPING,
    "STOPPED": PlaceState.READY,
    "TERMINATED": PlaceState.GONE,
}
JOBS = {
    **dict.fromkeys(("SUBMITTED", "QUEUED", "PENDING", "SCHEDULED"), JobState.PENDING),
    "RUNNING": JobState.RUNNING,
    "CANCELLING": JobState.RUNNING,
    "SUCCESS": JobState.COMPLETED,
    "FAILED": JobState.FAILED,
    "CANCELLED": JobState.CANCELLED,
}
PLANNED = Ingredients(
    foundation={spec.ROLE: "<role that opens no source>", "subnet_ids": ["<from the foundation>"]},
    transient={"worker_security_group_id": "<per run>"},
    jobs_uri="",
)


class ServerlessTarget:
    """An application a run. It has no queue: each job is submitted when its predecessor has ended."""

    name: ClassVar = "serverless"
    noun: ClassVar = "application"
    places_kind: ClassVar = resources.KIND
    queues: ClassVar = False
    remembers: ClassVar = False
    next_actions: ClassVar[Mapping[Cause, str]] = one_by_one.NEXT_ACTIONS
    finders: ClassVar[Finders] = {resources.KIND: resources.applications}
    removals: ClassVar[Removals] = {}

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def _api(self) -> Any:
        return clients.client(self._settings, "emr-serverless")

    def refusal(self, run: RunContext) -> str:
        """Flink and SSH are EMR's."""
        return one_by_one.refusal(run, self.name)

    def plan(self, run: RunContext, _jobs_uri: str, specs: Sequence[Job]) -> Iterator[str]:
        """The bodies of CreateApplication and of each StartJobRun."""
        own = {spec.SOURCE_ROLES: {run.pipeline.product: f"<role that opens {run.source_secret} alone>"}}
        foundation = {**PLANNED.foundation, **own}
        body = spec.application(run, Ingredients(foundation, PLANNED.transient, ""), "<token>")
        yield f"EMR Serverless would be asked for\n{json.dumps(body, indent=1)}"
        for job in one_by_one.spark(specs):
            yield f"and job {job.name}\n{json.dumps(spec.job_run(run, '<id>', job, foundation, '<token>'), indent=1)}"

    def prices(self) -> dict[str, str]:
        return workers.source(instances.of(self._settings), workers.SERVERLESS.values())

    def shape(self, run: RunContext) -> str:
        """The workers, the driver's included."""
        return f"{run.settings.workers} {run.settings.worker_type}"

    def estimate(self, run: RunContext, minutes: float) -> float:
        """The price of all workers for `minutes`: nothing is billed while they start."""
        settings = run.settings
        used = workers.serverless_hours(one_by_one.shape(settings), settings.workers, minutes)
        return workers.serverless(used, instances.of(settings))

    def measured(self, run: RunContext, _places: Sequence[Place], entries: Sequence[Any], _now: datetime) -> float:
        """The price of what EMR Serverless bills for the jobs; of one without such figures that of all workers."""
        settings, each = run.settings, one_by_one.shape(run.settings)
        found = remembered.jobs(entries)
        rest = one_by_one.seconds(job for job in found if not job.billed) / 60
        used = [job.billed for job in found if job.billed]
        used += [workers.serverless_hours(each, settings.workers, rest)] if rest else []
        return round(sum(workers.serverless(one, instances.of(settings)) for one in used), 4)

    def start(self, run: RunContext, made_from: Ingredients, attempt: Attempt | None = None) -> str:
        """Adopt the run's application if there is one, else create one. The token is of this start of the run and of
        the applications that it had, so a repeated request makes no second one."""
        had = self.places(run)
        if usable := [place for place in had if place.usable]:
            LOG.info("Adopted application %s (%s), which this run made before.", usable[-1].id, usable[-1].words)
            return usable[-1].id
        token = one_by_one.token(run.run, run.started_at, attempt and attempt.number, *(place.id for place in had))
        place_id = self._api.create_application(**spec.application(run, made_from, token))["applicationId"]
        LOG.info("Asked EMR Serverless for application %s.", place_id)
        return str(place_id)

    def place_request(self, run: RunContext, made_from: Ingredients) -> str:
        return request_text("CreateApplication", spec.application(run, made_from, "<token>"))

    def job_request(self, run: RunContext, job: Job, made_from: Ingredients) -> str:
        [program] = one_by_one.spark([job])
        return request_text("StartJobRun", spec.job_run(run, "<id>", program, made_from.foundation, "<token>"))

    def next_attempt(self, run: RunContext, first: str) -> Attempt:
        """An application holds no capacity, so another one would fare no better."""
        place = self.places(run, first)[-1]
        raise ComputeError(f"Application {place.id} is {place.words} ({place.why or 'no reason given'}).")

    def place(self, place_id: str) -> Place:
        """One application; GONE when EMR Serverless knows it no more."""
        try:
            return place_of(self._api.get_application(applicationId=place_id)["application"])
        except ClientError as refused:
            if not one_by_one.is_missing(refused):
                raise
            return Place(place_id, "", PlaceState.GONE, "TERMINATED")

    def places(self, run: RunContext, first: str = "") -> list[Place]:
        """Deleted ones only as long as EMR Serverless lists them."""
        ours = [app for app in resources.described(self._settings) if app["tags"][RUN] == run.run]
        found = [place_of(app) for app in sorted(ours, key=lambda app: app["createdAt"])]
        return one_by_one.since(found, first, self.place)

    def submit(
        self,
        run: RunContext,
        place_id: str,
        specs: Sequence[Job],
        known: Collection[str],
        made_from: Ingredients,
        *,
        independent: bool,  # noqa: ARG002 - there is no queue
    ) -> dict[str, str]:
        """Start each job, or adopt the one that an earlier try started. The token counts the job's ended runs: after a
        lost response the same run is returned, after a failure a new one is made."""

        found = self.jobs(place_id)

        def start(job: SparkJob, ended: int) -> str:
            token = one_by_one.token(run.run, job.name, ended)
            body = spec.job_run(run, place_id, job, made_from.foundation, token)
            body["executionTimeoutMinutes"] = math.ceil(one_by_one.limit_minutes(run, self.estimate, found))
            return str(self._api.start_job_run(**body)["jobRunId"])

        return one_by_one.submit(specs, found, known, start)

    def job(self, place_id: str, job_id: str) -> SubmittedJob:
        run = self._api.get_job_run(applicationId=place_id, jobRunId=job_id)["jobRun"]
        return SubmittedJob(
            id=job_id,
            name=run.get("name", ""),
            state=JOBS[run["state"]],
            words=run["state"],
            said=run.get("stateDetails", ""),
            started_at=run.get("startedAt") or run["createdAt"],
            ended_at=(run.get("endedAt") or run["updatedAt"]) if JOBS[run["state"]].ended else None,
            log_uri=f"s3://{self._settings.bucket('logs')}/{spec.logs_prefix(place_id, job_id)}",
            billed=run.get("billedResourceUtilization") or run.get("totalResourceUtilization") or {},
        )

    def jobs(self, place_id: str) -> list[SubmittedJob]:
        pages = self._api.get_paginator("list_job_runs").paginate(applicationId=place_id)
        listed = [run for page in pages for run in page["jobRuns"]]
        return [self.job(place_id, run["id"]) for run in sorted(listed, key=lambda run: run["createdAt"])]

    def logs(self, place_id: str, job_id: str) -> PushedLogs:
        return PushedLogs(self._settings, spec.logs_prefix(place_id, job_id))

    def links(self, run: RunContext, place_id: str, job_id: str = "") -> dict[str, str]:
        """The application's page in the console (its address as of 2026, from memory), and the folder of the logs."""
        region = run.settings.region
        page = f"https://{region}.console.aws.amazon.com/emr/home?region={region}#/serverless/applications/{place_id}"
        log = {"step_log": run.uri("logs", spec.logs_prefix(place_id, job_id))} if job_id else {}
        return {"cluster": page, **log}

    def stop(self, place_ids: Collection[str]) -> None:
        """The next request towards the end of each: cancel its jobs, stop it, delete it. One that is gone meanwhile, by
        a request whose answer was lost or by somebody else's, is no error."""
        for place_id in place_ids:
            try:
                self._stop(place_id)
            except ClientError as refused:
                if not one_by_one.is_missing(refused) and self.place(place_id).state != PlaceState.GONE:
                    raise

    def _stop(self, place_id: str) -> None:
        live = [job.id for job in self.jobs(place_id) if not job.state.ended]
        for job_id in live:
            self._cancel(place_id, job_id)
        state = self._api.get_application(applicationId=place_id)["application"]["state"]
        if state in {"CREATED", "STOPPED"} and not live:
            self._api.delete_application(applicationId=place_id)
            LOG.info("Asked EMR Serverless to delete %s.", place_id)
        elif state == "STARTED" and not live:
            self._api.stop_application(applicationId=place_id)
            LOG.info("Asked EMR Serverless to stop %s.", place_id)

    def _cancel(self, place_id: str, job_id: str) -> None:
        """A job that ends meanwhile is no error."""
        try:
            self._api.cancel_job_run(applicationId=place_id, jobRunId=job_id)
        except ClientError as refused:
            if not self.job(place_id, job_id).state.ended:
                raise
            LOG.info("Job %s ended by itself: %s", job_id, refused)


def place_of(application: Any) -> Place:
    """An application, as GetApplication gives it, as a place."""
    state = PLACES[application["state"]]
    return Place(
        id=application["applicationId"],
        name=application.get("name", ""),
        state=state,
        words=application["state"],
        reason=application.get("stateDetails", ""),
        created_at=application["createdAt"],
        ready_at=application["createdAt"] if state == PlaceState.READY else None,
        ended_at=application["updatedAt"] if state == PlaceState.GONE else None,
    )
