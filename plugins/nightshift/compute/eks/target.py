"""EMR on EKS as a compute target: the place is a virtual cluster, a job is a job run."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from nightshift.aws import clients, clock
from nightshift.compute import instances, one_by_one, remembered, workers
from nightshift.compute.eks import resources, spec
from nightshift.compute.jobs import Job, SparkJob
from nightshift.compute.logs import PushedLogs
from nightshift.compute.resources import RUN, Finders, Removals
from nightshift.compute.target import Attempt, Ingredients, JobState, Place, PlaceState, SubmittedJob, request_text
from nightshift.config import Settings
from nightshift.failures.causes import Cause
from nightshift.failures.errors import ComputeError
from nightshift.run.run_context import RunContext

LOG = logging.getLogger(__name__)
PLACES = {
    "RUNNING": PlaceState.READY,
    "TERMINATING": PlaceState.STOPPING,
    "TERMINATED": PlaceState.GONE,
    "ARRESTED": PlaceState.GONE,  # its EKS cluster is gone, or lets EMR in no more
}
JOBS = {
    **dict.fromkeys(("PENDING", "SUBMITTED"), JobState.PENDING),
    **dict.fromkeys(("RUNNING", "CANCEL_PENDING"), JobState.RUNNING),
    "COMPLETED": JobState.COMPLETED,
    "FAILED": JobState.FAILED,
    "CANCELLED": JobState.CANCELLED,
}
LIMIT = "nightshift:limit_minutes"  # tag of a job run, whose service has no time limit
NODE_MINUTES = 5.0  # that a node is paid for beside the work: its start, and its idle time before it is removed
PLANNED = {spec.ROLE: "<role that opens no source>"}
NEXT_ACTIONS = {
    **one_by_one.NEXT_ACTIONS,
    Cause.CAPACITY: "If memory ran out, give the pods more (NIGHTSHIFT_KUBERNETES_MEMORY_GIB); else ask for fewer"
    " (NIGHTSHIFT_KUBERNETES_EXECUTORS), or add nodes. Then clear the task with downstream.",
}


class EksTarget:
    """A virtual cluster a run. It has no queue: each job is submitted when its predecessor has ended."""

    name: ClassVar = "eks"
    noun: ClassVar = "virtual cluster"
    places_kind: ClassVar = resources.KIND
    queues: ClassVar = False
    remembers: ClassVar = False
    next_actions: ClassVar[Mapping[Cause, str]] = NEXT_ACTIONS
    finders: ClassVar[Finders] = {resources.KIND: resources.virtual_clusters}
    removals: ClassVar[Removals] = {}

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def _api(self) -> Any:
        return clients.client(self._settings, "emr-containers")

    def refusal(self, run: RunContext) -> str:
        """Flink and SSH are EMR's; and the settings must name an EKS cluster."""
        if not run.settings.kubernetes_cluster:
            return "No EKS cluster is named: set NIGHTSHIFT_KUBERNETES_CLUSTER."
        instances.of(run.settings).price(run.settings.kubernetes_node_type)
        return one_by_one.refusal(run, self.name, shaped=False)

    def plan(self, run: RunContext, _jobs_uri: str, specs: Sequence[Job]) -> Iterator[str]:
        """The bodies of CreateVirtualCluster and of each StartJobRun."""
        own = {spec.SOURCE_ROLES: {run.pipeline.product: f"<role that opens {run.source_secret} alone>"}}
        yield f"EMR on EKS would be asked for\n{json.dumps(spec.virtual_cluster(run, '<token>'), indent=1)}"
        for job in one_by_one.spark(specs):
            body = spec.job_run(run, "<id>", job, {**PLANNED, **own}, "<token>")
            yield f"and job {job.name}\n{json.dumps(body, indent=1)}"

    def prices(self) -> dict[str, str]:
        table = instances.of(self._settings)
        node = self._settings.kubernetes_node_type
        as_of = min(table.as_of, table.oldest(workers.EKS))
        return {"prices_as_of": as_of, "prices": f"{table.source}; a node ({node}) for each pod, and EMR's fee"}

    def shape(self, run: RunContext) -> str:
        """The workers, the driver's included."""
        return f"{run.settings.kubernetes_executors + 1} {run.settings.kubernetes_node_type}"

    def estimate(self, run: RunContext, minutes: float) -> float:
        """The fee for the pods, and the price of a node for each with what it costs beside the work."""
        return self._dollars(run.settings, minutes, minutes + NODE_MINUTES)

    def measured(self, run: RunContext, _places: Sequence[Place], entries: Sequence[Any], _now: datetime) -> float:
        """The same for the time that the jobs took."""
        minutes = one_by_one.seconds(remembered.jobs(entries)) / 60
        return self._dollars(run.settings, minutes, minutes)

    def start(self, run: RunContext, _made_from: Ingredients, attempt: Attempt | None = None) -> str:
        """Adopt the run's virtual cluster if there is one, else create one; the token makes a repeated request none."""
        had = self.places(run)
        if usable := [place for place in had if place.usable]:
            LOG.info("Adopted virtual cluster %s (%s), which this run made before.", usable[-1].id, usable[-1].words)
            return usable[-1].id
        token = one_by_one.token(run.run, run.started_at, attempt and attempt.number, *(place.id for place in had))
        try:
            place_id = self._api.create_virtual_cluster(**spec.virtual_cluster(run, token))["id"]
        except self._api.exceptions.ValidationException as refused:
            where = f"namespace {run.settings.eks_namespace} of {run.settings.kubernetes_cluster}"
            raise ComputeError(
                f"EMR on EKS refused {where}: {refused}",
                "A namespace has one virtual cluster at a time: wait for the run that has it, or name another namespace"
                " (NIGHTSHIFT_EKS_NAMESPACE); then clear the task with downstream.",
            ) from refused
        LOG.info("Asked EMR on EKS for virtual cluster %s.", place_id)
        return str(place_id)

    def place_request(self, run: RunContext, _made_from: Ingredients) -> str:
        return request_text("CreateVirtualCluster", spec.virtual_cluster(run, "<token>"))

    def job_request(self, run: RunContext, job: Job, made_from: Ingredients) -> str:
        [program] = one_by_one.spark([job])
        return request_text("StartJobRun", spec.job_run(run, "<id>", program, made_from.foundation, "<token>"))

    def next_attempt(self, run: RunContext, first: str) -> Attempt:
        """A virtual cluster holds no capacity, so another one would fare no better."""
        place = self.place(first)
        raise ComputeError(f"Virtual cluster {place.id} of {run.run} is {place.words}.")

    def place(self, place_id: str) -> Place:
        """One virtual cluster; GONE also when EMR on EKS knows it no more."""
        try:
            return place_of(self._api.describe_virtual_cluster(id=place_id)["virtualCluster"])
        except ClientError as refused:
            if not one_by_one.is_missing(refused):
                raise
            return Place(place_id, "", PlaceState.GONE, "TERMINATED")

    def places(self, run: RunContext, first: str = "") -> list[Place]:
        """Deleted ones only as long as EMR on EKS lists them."""
        ours = [found for found in resources.described(self._settings) if found["tags"][RUN] == run.run]
        found = [place_of(one) for one in sorted(ours, key=lambda one: one["createdAt"])]
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
            body = spec.job_run(
                run, place_id, job, made_from.foundation, one_by_one.token(run.run, place_id, job.name, ended)
            )
            body["tags"] = {**body["tags"], LIMIT: f"{one_by_one.limit_minutes(run, self.estimate, found):g}"}
            return str(self._api.start_job_run(**body)["id"])

        return one_by_one.submit(specs, found, known, start)

    def job(self, place_id: str, job_id: str) -> SubmittedJob:
        """One job run. The service has no time limit, so a look at one that is past ours cancels it."""
        job = self._job(place_id, job_id)
        if job.state.ended or job.started_at is None:
            return job
        limit = self._limit(self._described(place_id, job_id))
        if clock.age(self._settings, job.started_at).total_seconds() > limit * 60:
            LOG.warning("Job %s is past its time limit and is cancelled.", job_id)
            self._cancel(place_id, job_id)
            return self._job(place_id, job_id)
        return job

    def _described(self, place_id: str, job_id: str) -> Any:
        return self._api.describe_job_run(virtualClusterId=place_id, id=job_id)["jobRun"]

    def _limit(self, described: Any) -> float:
        """The time limit of a job run in minutes: the settings', or what its run's dollars bought."""
        most = self._settings.step_timeout_minutes
        return min(most, float(described.get("tags", {}).get(LIMIT, most)))

    def _job(self, place_id: str, job_id: str) -> SubmittedJob:
        run = self._described(place_id, job_id)
        state, ended = JOBS[run["state"]], run.get("finishedAt")
        most = self._limit(run)
        late = ended and (ended - run["createdAt"]).total_seconds() > most * 60
        limit = f"it exceeded its timeout of {most:g} minutes; "
        said = (run.get("failureReason") or "", run.get("stateDetails") or "")
        return SubmittedJob(
            id=job_id,
            name=run.get("name", ""),
            state=state,
            words=run["state"],
            said=(limit if state == JobState.CANCELLED and late else "") + ": ".join(filter(None, said)),
            started_at=run["createdAt"],
            ended_at=ended if state.ended else None,
            log_uri=f"s3://{self._settings.bucket('logs')}/{spec.logs_prefix(place_id, job_id)}",
        )

    def jobs(self, place_id: str) -> list[SubmittedJob]:
        pages = self._api.get_paginator("list_job_runs").paginate(virtualClusterId=place_id)
        listed = [run for page in pages for run in page["jobRuns"]]
        return [self._job(place_id, run["id"]) for run in sorted(listed, key=lambda run: run["createdAt"])]

    def logs(self, place_id: str, job_id: str) -> PushedLogs:
        return PushedLogs(self._settings, spec.logs_prefix(place_id, job_id))

    def links(self, run: RunContext, place_id: str, job_id: str = "") -> dict[str, str]:
        """The virtual cluster's page in the console (its address as of 2026, from memory), and the folder of the
        logs."""
        region = run.settings.region
        page = f"https://{region}.console.aws.amazon.com/emr/home?region={region}#/eks/virtual-clusters/{place_id}"
        log = {"step_log": run.uri("logs", spec.logs_prefix(place_id, job_id))} if job_id else {}
        return {"cluster": page, **log}

    def stop(self, place_ids: Collection[str]) -> None:
        """The next request towards the end of each: cancel its jobs, delete it when none is alive."""
        for place_id in place_ids:
            if not self.place(place_id).usable:
                continue
            live = [job.id for job in self.jobs(place_id) if not job.state.ended]
            for job_id in live:
                self._cancel(place_id, job_id)
            if not live:
                self._api.delete_virtual_cluster(id=place_id)
                LOG.info("Asked EMR on EKS to delete %s.", place_id)

    def _cancel(self, place_id: str, job_id: str) -> None:
        """A job that ends meanwhile is no error."""
        try:
            self._api.cancel_job_run(virtualClusterId=place_id, id=job_id)
        except ClientError as refused:
            if not self._job(place_id, job_id).state.ended:
                raise
            LOG.info("Job %s ended by itself: %s", job_id, refused)

    def _dollars(self, settings: Settings, work: float, paid: float) -> float:
        """The price of `work` minutes of pods on nodes that are paid for `paid` minutes."""
        table, pods = instances.of(settings), 1 + settings.kubernetes_executors
        nodes = pods * table.price(settings.kubernetes_node_type).ec2 * paid / 60
        fee = workers.eks(settings.kubernetes_cores, settings.kubernetes_memory_gib, pods * work / 60, table)
        return round(nodes + fee, 4)


def place_of(found: Any) -> Place:
    """A virtual cluster, as DescribeVirtualCluster gives it, as a place."""
    created, state = found["createdAt"], found["state"]
    return Place(found["id"], found["name"], PLACES[state], state, created_at=created, ready_at=created)
