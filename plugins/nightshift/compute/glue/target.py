"""AWS Glue as a compute target: the place is a Glue job, which a run makes, and a job is a run of it."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import quote

from botocore.exceptions import ClientError

from nightshift.aws import clients
from nightshift.aws.patience import patiently
from nightshift.compute import instances, one_by_one, remembered, workers
from nightshift.compute.glue import resources, spec
from nightshift.compute.glue.logs import GROUPS, StreamedLogs
from nightshift.compute.jobs import Job, SparkJob
from nightshift.compute.resources import Finders, Removals
from nightshift.compute.target import Attempt, Ingredients, JobState, Place, PlaceState, SubmittedJob, request_text
from nightshift.config import Settings
from nightshift.failures.causes import Cause
from nightshift.failures.errors import ComputeError
from nightshift.run.run_context import RunContext

LOG = logging.getLogger(__name__)
JOBS = {
    **dict.fromkeys(("STARTING", "WAITING"), JobState.PENDING),
    **dict.fromkeys(("RUNNING", "STOPPING"), JobState.RUNNING),
    "SUCCEEDED": JobState.COMPLETED,
    "FAILED": JobState.FAILED,
    **dict.fromkeys(("STOPPED", "ERROR", "TIMEOUT", "EXPIRED"), JobState.CANCELLED),  # no error of the job's own
}
PLANNED = Ingredients({spec.ROLE: "<role that opens no source>"}, {}, "s3://<artifacts>/jobs/<sha256>/")
DPU_HOURS = "dpu_hours"


class GlueTarget:
    """A job a run. It has no queue: each run of it starts when its predecessor has ended."""

    name: ClassVar = "glue"
    noun: ClassVar = "Glue job"
    places_kind: ClassVar = resources.KIND
    queues: ClassVar = False
    remembers: ClassVar = False
    next_actions: ClassVar[Mapping[Cause, str]] = one_by_one.NEXT_ACTIONS
    finders: ClassVar[Finders] = {resources.KIND: resources.jobs}
    removals: ClassVar[Removals] = {}

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def _glue(self) -> Any:
        return clients.client(self._settings, "glue")

    def refusal(self, run: RunContext) -> str:
        """Flink and SSH are EMR's."""
        return one_by_one.refusal(run, self.name)

    def plan(self, run: RunContext, _jobs_uri: str, specs: Sequence[Job]) -> Iterator[str]:
        """The body of CreateJob and the arguments of each run."""
        own = {spec.SOURCE_ROLES: {run.pipeline.product: f"<role that opens {run.source_secret} alone>"}}
        body = spec.job(run, Ingredients({**PLANNED.foundation, **own}, {}, PLANNED.jobs_uri))
        yield f"Glue would be asked for\n{json.dumps(body, indent=1)}"
        for job in one_by_one.spark(specs):
            yield f"and run {job.name}\n{json.dumps(spec.arguments(run, job), indent=1)}"

    def prices(self) -> dict[str, str]:
        rate = workers.GLUE_FLEX if self._settings.glue_flex else workers.GLUE
        return workers.source(instances.of(self._settings), [rate])

    def shape(self, run: RunContext) -> str:
        """The workers, the driver's included."""
        return f"{run.settings.workers} {run.settings.worker_type}{' Flex' if run.settings.glue_flex else ''}"

    def estimate(self, run: RunContext, minutes: float) -> float:
        """The price of all workers for `minutes`, at least one: nothing is billed while they start."""
        return self._dollars(one_by_one.shape(run.settings).dpus * run.settings.workers * max(minutes, 1) / 60)

    def measured(self, _run: RunContext, _places: Sequence[Place], entries: Sequence[Any], _now: datetime) -> float:
        """The price of the time that Glue says its runs took."""
        return self._dollars(sum(job.billed.get(DPU_HOURS, 0) for job in remembered.jobs(entries)))

    def start(self, run: RunContext, made_from: Ingredients, _attempt: Attempt | None = None) -> str:
        """Create the run's job. Its name is the run's, so there is one; one that exists gets the newest definition."""
        body = spec.job(run, made_from)
        if self.place(body["Name"]).usable:
            self._glue.update_job(**spec.update(body))
            LOG.info("Adopted Glue job %s, which this run made before.", body["Name"])
        else:
            self._glue.create_job(**body)
            LOG.info("Made Glue job %s.", body["Name"])
        return str(body["Name"])

    def place_request(self, run: RunContext, made_from: Ingredients) -> str:
        return request_text("CreateJob", spec.job(run, made_from))

    def job_request(self, run: RunContext, job: Job, _made_from: Ingredients) -> str:
        [program] = one_by_one.spark([job])
        return request_text("StartJobRun", spec.arguments(run, program))

    def next_attempt(self, run: RunContext, first: str) -> Attempt:
        """A job definition holds no capacity, so another one would fare no better."""
        raise ComputeError(f"Glue job {first} of {run.run} was deleted.")

    def place(self, place_id: str) -> Place:
        """One job; GONE when it is deleted. Glue has no states of jobs, so these words are ours."""
        try:
            job = self._glue.get_job(JobName=place_id)["Job"]
        except ClientError as refused:
            if refused.response["Error"]["Code"] != "EntityNotFoundException":
                raise
            return Place(place_id, place_id, PlaceState.GONE, "DELETED")
        created = job["CreatedOn"]
        return Place(place_id, place_id, PlaceState.READY, "CREATED", created_at=created, ready_at=created)

    def places(self, run: RunContext, first: str = "") -> list[Place]:
        """The run's job while it exists. `first` too if it was deleted."""
        place = self.place(first or one_by_one.place_name(run))
        return [place] if first or place.usable else []

    def submit(
        self,
        run: RunContext,
        place_id: str,
        specs: Sequence[Job],
        known: Collection[str],
        _made_from: Ingredients,
        *,
        independent: bool,  # noqa: ARG002 - there is no queue
    ) -> dict[str, str]:
        """Start a run for each job, or adopt the one that an earlier try started. There is no token, so a call whose
        response was lost is not repeated: the task's retry looks first."""
        once = clients.client(self._settings, "glue", tries=1)
        again = patiently(self._settings.api_tries)

        found = self.jobs(place_id)

        def start(job: SparkJob, _ended: int) -> str:
            limit = one_by_one.limit_minutes(run, self.estimate, found)
            request: dict[str, Any] = {
                "JobName": place_id,
                "Arguments": spec.arguments(run, job),
                "Timeout": math.ceil(limit),
            }
            return str(again(once.start_job_run, **request)["JobRunId"])

        return one_by_one.submit(specs, found, known, start)

    def job(self, place_id: str, job_id: str) -> SubmittedJob:
        return self._job(self._glue.get_job_run(JobName=place_id, RunId=job_id)["JobRun"])

    def jobs(self, place_id: str) -> list[SubmittedJob]:
        pages = self._glue.get_paginator("get_job_runs").paginate(JobName=place_id)
        runs = sorted((run for page in pages for run in page["JobRuns"]), key=lambda run: run["StartedOn"])
        return [self._job(run) for run in runs]

    def logs(self, _place_id: str, job_id: str) -> StreamedLogs:
        return StreamedLogs(self._settings, job_id)

    def links(self, run: RunContext, place_id: str, job_id: str = "") -> dict[str, str]:
        """The job's page in Glue's console, and the error stream in CloudWatch's (addresses from memory)."""
        region = run.settings.region
        site = f"https://{region}.console.aws.amazon.com"
        page = f"{site}/gluestudio/home?region={region}#/editor/job/{quote(place_id, safe='')}/runs"
        group = quote(quote(GROUPS["stderr"], safe=""), safe="").replace("%", "$")
        stream = f"{site}/cloudwatch/home?region={region}#logsV2:log-groups/log-group/{group}/log-events/{job_id}"
        return {"cluster": page, **({"step_log": stream} if job_id else {})}

    def stop(self, place_ids: Collection[str]) -> None:
        """The next request towards the end of each: stop its runs, delete it. What becomes of a deleted job's runs is
        not documented."""
        for place_id in place_ids:
            if not self.place(place_id).usable:
                continue
            live = [job.id for job in self.jobs(place_id) if not job.state.ended]
            if live:
                self._glue.batch_stop_job_run(JobName=place_id, JobRunIds=live)
                LOG.info("Asked Glue to stop %s.", ", ".join(live))
            else:
                self._glue.delete_job(JobName=place_id)
                LOG.info("Deleted Glue job %s.", place_id)

    def _job(self, run: Any) -> SubmittedJob:
        state = JOBS[run["JobRunState"]]
        hours = run.get("DPUSeconds", run.get("ExecutionTime", 0) * run.get("MaxCapacity", 0)) / 3600
        least = run.get("MaxCapacity", 0) / 60 if run.get("ExecutionTime") else 0  # a minute, Glue's pricing page
        return SubmittedJob(
            id=run["Id"],
            name=run.get("Arguments", {}).get(spec.JOB, ""),
            state=state,
            words=run["JobRunState"],
            said=run.get("ErrorMessage", ""),
            started_at=run["StartedOn"],
            ended_at=run.get("CompletedOn") if state.ended else None,
            log_uri=f"{GROUPS['stderr']}/{run['Id']}",
            billed={DPU_HOURS: max(hours, least)},
        )

    def _dollars(self, dpu_hours: float) -> float:
        return workers.glue(dpu_hours, instances.of(self._settings), flex=self._settings.glue_flex)
