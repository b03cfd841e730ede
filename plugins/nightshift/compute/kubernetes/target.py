"""Kubernetes as a compute target: the place is a ConfigMap that owns what the run has, a job is a SparkApplication."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from nightshift.compute import instances, one_by_one, remembered
from nightshift.compute.jobs import Job, SparkJob
from nightshift.compute.kubernetes import cluster, logs, resources, spec
from nightshift.compute.kubernetes.cluster import APPLICATIONS, CONFIG_MAPS, PODS, Cluster
from nightshift.compute.kubernetes.ends import end_of
from nightshift.compute.resources import Finders, Removals
from nightshift.compute.target import Attempt, Ingredients, JobState, Place, PlaceState, SubmittedJob, request_text
from nightshift.config import Settings
from nightshift.failures.causes import Cause
from nightshift.failures.errors import ComputeError
from nightshift.run.run_context import RunContext

LOG = logging.getLogger(__name__)
NODE_MINUTES = 5.0  # that a node is paid for beside the work: its start, and its idle time before it is removed
PLANNED = {"name": "<the run's>", "uid": "00000000-0000"}
NEXT_ACTIONS = {
    Cause.CAPACITY: "If memory ran out, give the pods more (NIGHTSHIFT_KUBERNETES_MEMORY_GIB); else ask for fewer"
    " (NIGHTSHIFT_KUBERNETES_EXECUTORS), or have the namespace's quota raised or nodes added. Then clear the task with"
    " downstream.",
    Cause.IAM: "Grant what is named: to the pods' role (include/terraform/modules/compute_role), or in Kubernetes"
    " (deploy/kubernetes). Then clear the task with downstream.",
    Cause.DISK: "Give the nodes larger volumes, or ask for more pods (NIGHTSHIFT_KUBERNETES_EXECUTORS), then clear the"
    " task with downstream.",
}


class KubernetesTarget:
    """A ConfigMap a run, and a SparkApplication a job. There is no queue: each job is submitted when its predecessor
    has ended."""

    name: ClassVar = "kubernetes"
    noun: ClassVar = "run in Kubernetes"
    places_kind: ClassVar = resources.KIND
    queues: ClassVar = False
    remembers: ClassVar = False
    next_actions: ClassVar[Mapping[Cause, str]] = NEXT_ACTIONS
    finders: ClassVar[Finders] = resources.FINDERS
    removals: ClassVar[Removals] = resources.REMOVALS

    def __init__(self, settings: Settings) -> None:
        self._settings, self._cluster = settings, Cluster(settings)

    def refusal(self, run: RunContext) -> str:
        """Flink and SSH are EMR's; and the settings must name a cluster and an image."""
        settings = run.settings
        if not cluster.is_configured(settings):
            return "No cluster is named: set NIGHTSHIFT_KUBERNETES_CLUSTER (of EKS) or NIGHTSHIFT_KUBERNETES_CONFIG."
        if not settings.kubernetes_image:
            return "No image is named: set NIGHTSHIFT_KUBERNETES_IMAGE (deploy/kubernetes/Dockerfile makes it)."
        instances.of(settings).price(settings.kubernetes_node_type)
        return one_by_one.refusal(run, self.name, shaped=False)

    def plan(self, run: RunContext, _jobs_uri: str, specs: Sequence[Job]) -> Iterator[str]:
        """The manifests."""
        yield f"Kubernetes would be asked for\n{json.dumps(spec.place(run), indent=1)}"
        for job in one_by_one.spark(specs):
            yield f"and job {job.name}\n{json.dumps(spec.application(run, PLANNED, job, 0), indent=1)}"

    def prices(self) -> dict[str, str]:
        table = instances.of(self._settings)
        return {"prices_as_of": table.as_of, "prices": f"{table.source}; a node ({self._node}) for each pod"}

    def shape(self, run: RunContext) -> str:
        """The workers, the driver's included."""
        return f"{run.settings.kubernetes_executors + 1} {run.settings.kubernetes_node_type}"

    def estimate(self, run: RunContext, minutes: float) -> float:
        """The price of a node for each pod, for `minutes` and what a node costs beside the work."""
        return self._dollars(run.settings, minutes + NODE_MINUTES)

    def measured(self, run: RunContext, _places: Sequence[Place], entries: Sequence[Any], _now: datetime) -> float:
        """The price of the nodes while the jobs ran."""
        return self._dollars(run.settings, one_by_one.seconds(remembered.jobs(entries)) / 60)

    def start(self, run: RunContext, _made_from: Ingredients, _attempt: Attempt | None = None) -> str:
        """Create the run's ConfigMap, or adopt it: its name is the run's."""
        body = spec.place(run)
        made = self._cluster.create(CONFIG_MAPS, body)["metadata"]
        if "deletionTimestamp" in made:
            raise ComputeError(f"{made['name']} is still being deleted.", kind="lost")
        LOG.info("The run is %s in namespace %s.", made["name"], made["namespace"])
        return str(made["name"])

    def place_request(self, run: RunContext, _made_from: Ingredients) -> str:
        return request_text("Create", spec.place(run))

    def job_request(self, run: RunContext, job: Job, _made_from: Ingredients) -> str:
        [program] = one_by_one.spark([job])
        return request_text("Create", spec.application(run, {"name": spec.name_of(run), "uid": "<uid>"}, program, 0))

    def next_attempt(self, run: RunContext, first: str) -> Attempt:
        """A ConfigMap holds no capacity, so another one would fare no better."""
        raise ComputeError(f"ConfigMap {first} of {run.run} was deleted.")

    def place(self, place_id: str) -> Place:
        """One ConfigMap; GONE when it and all that it owns are deleted. It has no states, so these words are ours."""
        found = self._cluster.find(CONFIG_MAPS, place_id)
        if found is None:
            return Place(place_id, place_id, PlaceState.GONE, "DELETED")
        created = _moment(found["metadata"]["creationTimestamp"])
        if "deletionTimestamp" in found["metadata"]:
            return Place(place_id, place_id, PlaceState.STOPPING, "DELETING", created_at=created, ready_at=created)
        return Place(place_id, place_id, PlaceState.READY, "CREATED", created_at=created, ready_at=created)

    def places(self, run: RunContext, first: str = "") -> list[Place]:
        """The run's ConfigMap while it exists. `first` too if it was deleted."""
        if not first and not cluster.exists(self._settings):
            return []
        place = self.place(first or spec.name_of(run))
        return [place] if first or place.state != PlaceState.GONE else []

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
        """Create each job's application, or adopt the one that an earlier try made. Its name counts the applications of
        the job, so a repeated create is refused. One that cannot start is deleted first."""
        owner = self._cluster.find(CONFIG_MAPS, place_id)
        if owner is None:
            raise ComputeError(f"ConfigMap {place_id} of {run.run} was deleted.")
        there, started = self._applications(place_id), {}
        for job in one_by_one.spark(specs):
            mine = [app for app in there if app["metadata"]["labels"][spec.JOB] == job.name]
            adopted = one_by_one.submitted([self._job(place_id, app) for app in mine], job.name, known).adopted
            started[job.name] = adopted or self._start(run, owner["metadata"], job, there)
        return started

    def _start(self, run: RunContext, owner: Mapping[str, Any], job: SparkJob, there: Sequence[Any]) -> str:
        limit = one_by_one.limit_minutes(run, self.estimate, [self._job(owner["name"], app) for app in there])
        before = [app for app in there if app["metadata"]["labels"][spec.JOB] == job.name]
        for app in before:
            if not end_of(app, self._driver(app), self._settings).by_itself:
                self._cluster.delete(APPLICATIONS, app["metadata"]["name"])
        number = 1 + max((int(app["metadata"]["labels"][spec.NUMBER]) for app in before), default=-1)
        made = self._cluster.create(APPLICATIONS, spec.application(run, owner, job, number, limit))
        LOG.info("Asked for SparkApplication %s.", made["metadata"]["name"])
        return str(made["metadata"]["name"])

    def job(self, place_id: str, job_id: str) -> SubmittedJob:
        """One application; of a deleted one it is only known that it is gone."""
        found = self._cluster.find(APPLICATIONS, job_id)
        if found is None:
            return SubmittedJob(job_id, "", JobState.CANCELLED, "DELETED", "somebody deleted the SparkApplication")
        return self._job(place_id, found)

    def jobs(self, place_id: str) -> list[SubmittedJob]:
        return [self._job(place_id, app) for app in self._applications(place_id)]

    def logs(self, place_id: str, job_id: str) -> logs.DriverLogs:
        return logs.DriverLogs(self._settings, place_id, job_id)

    def links(self, run: RunContext, place_id: str, job_id: str = "") -> dict[str, str]:
        """The namespace's workloads in EKS's console (its address as of 2026, from memory), and the folder of the log's
        copy. Of another cluster only the latter."""
        region, name = run.settings.region, run.settings.kubernetes_cluster
        page = f"https://{region}.console.aws.amazon.com/eks/clusters/{name}?region={region}&selectedTab=cluster-resources-tab"
        log = {"step_log": run.uri("logs", spec.logs_prefix(place_id, job_id))} if job_id else {}
        return {**({"cluster": page} if name else {}), **log}

    def stop(self, place_ids: Collection[str]) -> None:
        """Keep the drivers' logs, then delete each ConfigMap: Kubernetes ends what it owns, and then itself."""
        for place_id in place_ids:
            for app in self._applications(place_id):
                logs.keep(self._settings, place_id, app)
            self._cluster.delete(CONFIG_MAPS, place_id)
            LOG.info("Asked Kubernetes to delete %s.", place_id)

    def _applications(self, place_id: str) -> list[Any]:
        """The applications that the place owns, oldest first."""
        found = [app for app in self._cluster.list(APPLICATIONS, spec.ours(self._settings)) if _owned_by(app, place_id)]
        return sorted(found, key=lambda app: (app["metadata"]["creationTimestamp"], app["metadata"]["name"]))

    def _driver(self, app: Any) -> Any:
        """The pod of an application's driver; None if there is none."""
        return self._cluster.find(PODS, spec.driver_name(app))

    def _job(self, place_id: str, app: Any) -> SubmittedJob:
        metadata, status = app["metadata"], app.get("status") or {}
        end = end_of(app, self._driver(app), self._settings)
        ended = status.get("terminationTime") or metadata["creationTimestamp"]
        return SubmittedJob(
            id=metadata["name"],
            name=metadata["labels"][spec.JOB],
            state=end.state,
            words=end.words,
            said=end.said,
            started_at=_moment(status.get("lastSubmissionAttemptTime") or metadata["creationTimestamp"]),
            ended_at=_moment(ended) if end.state.ended else None,
            log_uri=f"s3://{self._settings.bucket('logs')}/{spec.logs_prefix(place_id, metadata['name'])}",
        )

    @property
    def _node(self) -> str:
        return self._settings.kubernetes_node_type

    def _dollars(self, settings: Settings, minutes: float) -> float:
        nodes = 1 + settings.kubernetes_executors
        return round(nodes * instances.of(settings).price(settings.kubernetes_node_type).ec2 * minutes / 60, 4)


def _owned_by(app: Any, place_id: str) -> bool:
    return any(owner["name"] == place_id for owner in app["metadata"].get("ownerReferences") or ())


def _moment(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp.replace("Z", "+00:00"))
