"""EMR hook: the clusters of one run, found by tag, and their steps."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nightshift.aws import clients
from nightshift.aws.patience import patiently
from nightshift.failures.errors import ComputeError

if TYPE_CHECKING:
    from mypy_boto3_emr import EMRClient

    from nightshift.config import Settings
    from nightshift.run.run_context import RunContext

LOG = logging.getLogger(__name__)
ALIVE = ("STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING", "TERMINATING")
USABLE = ALIVE[:-1]
READY = ("RUNNING", "WAITING")
GONE = ("TERMINATED", "TERMINATED_WITH_ERRORS")
EVER = (*ALIVE, *GONE)
ENDED = ("COMPLETED", "FAILED", "CANCELLED", "INTERRUPTED")
NO_CAPACITY = re.compile(r"INSTANCE_FLEET_TIMEOUT|INSUFFICIENT_CAPACITY|_SPOT_(NO_CAPACITY|PRICE_INCREASE)")
NEXT = {
    "capacity": "Wait an hour and clear the task with downstream, or name other types in NIGHTSHIFT_*_TYPES.",
    "bootstrap": "Read stderr.gz under node/<instance>/bootstrap-actions/ in the cluster's logs and mend the action.",
    "lost": "EC2 took the primary away: clear the task with downstream, and the night starts with a new cluster.",
}


class EmrClient:
    """RunJobFlow has no idempotency token, so Name and Tags identify a cluster, and each call looks before it creates.

    `once` is the client that creates. It must not retry by itself (clients.client(…, tries=1)): after a lost response
    boto3 would create a second cluster, or submit the same steps again. The task's retry looks first. Only a throttled
    call is repeated, up to `tries` times, since EMR has done nothing then.
    """

    def __init__(self, emr: EMRClient, once: EMRClient | None = None, tries: int = 1) -> None:
        self._emr, self._once = emr, once or emr
        self._patiently = patiently(tries)

    def clusters(self, night: RunContext, states: Sequence[str] = ALIVE) -> list[Any]:
        """The run's clusters in these states as DescribeCluster gives them, oldest first.

        ListClusters gives no tags and no order: names narrow the list, tags decide, creation times sort.
        """
        pages = self._emr.get_paginator("list_clusters").paginate(
            CreatedAfter=night.requested_at.replace(microsecond=0),
            ClusterStates=list(states),  # type: ignore[arg-type]
        )
        ids = [c["Id"] for page in pages for c in page["Clusters"] if c["Name"] == night.place_name]
        described = [self._emr.describe_cluster(ClusterId=i)["Cluster"] for i in reversed(ids)]
        ours = [c for c in described if tags_of(c).get("nightshift:run") == night.run]
        return sorted(ours, key=lambda cluster: cluster["Status"]["Timeline"]["CreationDateTime"])

    def tried(self, night: RunContext, first_id: str) -> list[Any]:
        """The clusters of one try, oldest first: the one that start_compute made, and those that replaced it.

        A cleared run also has older ones; they do not count.
        """
        every = self.clusters(night, EVER)
        ids = [cluster["Id"] for cluster in every]
        return every[ids.index(first_id) :] if first_id in ids else [self.cluster(first_id)]

    def adopt_or_create(self, night: RunContext, job_flow: Mapping[str, Any]) -> str:
        """The id of the run's one usable cluster: an existing one, else a new one. Does not wait for it."""
        for cluster in self.clusters(night, USABLE):
            LOG.info("Adopted cluster %s (%s), which this run made before.", cluster["Id"], _state(cluster))
            return str(cluster["Id"])
        return self.create(job_flow)

    def create(self, job_flow: Mapping[str, Any]) -> str:
        """The id of a new cluster. Does not wait for it."""
        cluster_id = self._patiently(self._once.run_job_flow, **job_flow)["JobFlowId"]
        LOG.info("Asked EMR for cluster %s, %s.", cluster_id, job_flow["Name"])
        return str(cluster_id)

    def submit(self, cluster_id: str, steps: Sequence[Any], known: Collection[str | None] = ()) -> dict[str, str]:
        """Submit steps; returns step name -> id. Adopts the steps of a submission whose response was lost, and submits
        the others in one call.

        `known` are the step ids that earlier submissions returned. COMPLETED steps among them are not adopted: a
        cleared run has to read its input again. But while one of the steps is pending or running, all belong to one
        submission, and none of them is run a second time.
        """
        last = {step["Name"]: step for step in self.steps(cluster_id)}
        ours = [last[step["Name"]] for step in steps if step["Name"] in last]
        going = any(_state(step) not in ENDED for step in ours)
        there = {step["Name"]: str(step["Id"]) for step in ours if _adoptable(step, going, known)}
        missing = [step for step in steps if step["Name"] not in there]
        if not missing:
            return there
        added = self._patiently(self._once.add_job_flow_steps, JobFlowId=cluster_id, Steps=missing)["StepIds"]
        return {**there, **{step["Name"]: i for step, i in zip(missing, added, strict=True)}}

    def cancel(self, cluster_id: str, step_ids: Sequence[str]) -> None:
        """Ask EMR to cancel these steps, also those that run; at most 256, as the call allows."""
        if step_ids:
            self._emr.cancel_steps(ClusterId=cluster_id, StepIds=step_ids, StepCancellationOption="TERMINATE_PROCESS")
            LOG.info("Asked EMR to cancel %s of %s.", ", ".join(step_ids), cluster_id)

    def steps(self, cluster_id: str) -> list[Any]:
        """Every step of the cluster, oldest first."""
        pages = self._emr.get_paginator("list_steps").paginate(ClusterId=cluster_id)
        return [step for page in pages for step in page["Steps"]][::-1]

    def step(self, cluster_id: str, step_id: str) -> Any:
        """One step as DescribeStep gives it."""
        return self._emr.describe_step(ClusterId=cluster_id, StepId=step_id)["Step"]

    def cluster(self, cluster_id: str) -> Any:
        """One cluster as DescribeCluster gives it, however long ago it ended."""
        return self._emr.describe_cluster(ClusterId=cluster_id)["Cluster"]

    def instances(self, cluster_id: str) -> list[Any]:
        """Every node that the cluster had, as ListInstances gives it; EMR knows ended ones for 30 days."""
        pages = self._emr.get_paginator("list_instances").paginate(ClusterId=cluster_id)
        return [node for page in pages for node in page["Instances"]]

    def terminate(self, cluster_ids: Iterable[str]) -> None:
        """Ask EMR to end these clusters, protected or not; returns before they are gone."""
        ids = list(cluster_ids)
        if ids:
            self._emr.set_termination_protection(JobFlowIds=ids, TerminationProtected=False)
            self._emr.terminate_job_flows(JobFlowIds=ids)
            LOG.info("Asked EMR to terminate %s.", ", ".join(ids))


def tags_of(cluster: Any) -> dict[str, str]:
    """The tags of a cluster as DescribeCluster gives it."""
    return {tag["Key"]: tag["Value"] for tag in cluster.get("Tags", [])}


def creating(settings: Settings) -> EmrClient:
    """The hook for a task that creates: it retries reads, and sends calls that cost money once."""
    return EmrClient(clients.client(settings, "emr"), clients.client(settings, "emr", tries=1), settings.api_tries)


def refuse_if_dead(cluster: Any) -> None:
    """Raise ComputeError with EMR's reason if the cluster is terminating or has ended."""
    if _state(cluster) not in USABLE:
        raise ended(cluster)


def ended(cluster: Any) -> ComputeError:
    """The error for a cluster that has ended, with everything that the failure report needs."""
    kind, message = why_ended(cluster)
    return ComputeError(message, NEXT.get(kind), kind=kind, code=_codes(cluster)[-1])


def why_ended(cluster: Any) -> tuple[str, str]:
    """(capacity, bootstrap, lost or other; one sentence) for a cluster as DescribeCluster gives it.

    Codes: EMR API reference, ClusterStateChangeReason and ErrorDetail; EMR Management Guide, "clusters terminated with
    error codes". If EC2 lacks capacity, EMR may also give INTERNAL_ERROR and say so only in the message.
    """
    codes = " ".join(_codes(cluster))
    status = cluster["Status"]
    said = status.get("StateChangeReason", {}).get("Message", "no message")
    sentence = f"Cluster {cluster['Id']} is {_state(cluster)} ({codes or 'no code'}: {said}){_age(status)}."
    if "BOOTSTRAP_FAILURE" in codes:
        return "bootstrap", sentence
    if NO_CAPACITY.search(codes) or ("INTERNAL_ERROR" in codes and "insufficient" in said.lower()):
        return "capacity", sentence
    return ("lost" if "INSTANCE_FAILURE" in codes else "other"), sentence


def _codes(cluster: Any) -> list[str]:
    """EMR's codes for the end of a cluster, the most specific last; [''] if it gives none."""
    status = cluster["Status"]
    details = [detail.get("ErrorCode", "") for detail in status.get("ErrorDetails", [])]
    return list(dict.fromkeys([status.get("StateChangeReason", {}).get("Code", ""), *details]))


def _age(status: Any) -> str:
    """How long the cluster lived, as words: EMR reports an end by the time limit as a user's request."""
    timeline = status.get("Timeline", {})
    if not {"CreationDateTime", "EndDateTime"} <= timeline.keys():
        return ""
    minutes = (timeline["EndDateTime"] - timeline["CreationDateTime"]).total_seconds() / 60
    return f", {minutes:.0f} minutes after its creation"


def _adoptable(step: Any, going: bool, known: Collection[str | None]) -> bool:
    if _state(step) not in ENDED:
        return True
    return _state(step) == "COMPLETED" and (going or step["Id"] not in known)


def _state(cluster: Any) -> str:
    return str(cluster["Status"]["State"])
