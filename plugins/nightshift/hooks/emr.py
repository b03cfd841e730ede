"""EMR as a night sees it: the run's own clusters, found by tag, and their steps."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nightshift.errors import ClusterError

if TYPE_CHECKING:
    from mypy_boto3_emr import EMRClient

    from nightshift.night import Night

LOG = logging.getLogger(__name__)
ALIVE = ("STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING", "TERMINATING")
USABLE = ALIVE[:-1]
ENDED = ("COMPLETED", "FAILED", "CANCELLED", "INTERRUPTED")
SPENT = ("FAILED", "CANCELLED", "INTERRUPTED")


class EmrHook:
    """RunJobFlow has no idempotency token, so identity is in Name and Tags and every act looks before it creates.

    A client that is to create must not repeat calls by itself (aws.client(…, tries=1)): boto3 would answer a lost
    answer with a second cluster. The task's retry looks first.
    """

    def __init__(self, emr: EMRClient) -> None:
        self._emr = emr

    def clusters(self, night: Night, states: Sequence[str] = ALIVE) -> list[Any]:
        """The run's clusters in these states as DescribeCluster gives them, oldest first.

        ListClusters knows no tags: names narrow the list, tags decide.
        """
        pages = self._emr.get_paginator("list_clusters").paginate(
            CreatedAfter=night.asked_at.replace(microsecond=0),
            ClusterStates=list(states),  # type: ignore[arg-type]
        )
        ids = [c["Id"] for page in pages for c in page["Clusters"] if c["Name"] == night.cluster_name]
        described = [self._emr.describe_cluster(ClusterId=i)["Cluster"] for i in reversed(ids)]
        return [c for c in described if tags_of(c).get("nightshift:run") == night.run]

    def adopt_or_create(self, night: Night, job_flow: Mapping[str, Any]) -> str:
        """The id of the run's one usable cluster: the one that is there, else a new one. Never waits."""
        for cluster in self.clusters(night, USABLE):
            LOG.info("Adopted cluster %s (%s), which this run made before.", cluster["Id"], _state(cluster))
            return str(cluster["Id"])
        cluster_id = self._emr.run_job_flow(**job_flow)["JobFlowId"]
        LOG.info("Asked EMR for cluster %s, %s.", cluster_id, night.cluster_name)
        return cluster_id

    def submit(self, cluster_id: str, steps: Sequence[Any]) -> dict[str, str]:
        """Step name -> id. Steps of these names that are there and not spent are adopted; the rest go in together."""
        there = {s["Name"]: s["Id"] for s in self.steps(cluster_id) if s["Status"]["State"] not in SPENT}
        missing = [step for step in steps if step["Name"] not in there]
        if not missing:
            return there
        added = self._emr.add_job_flow_steps(JobFlowId=cluster_id, Steps=missing)["StepIds"]
        return {**there, **{step["Name"]: i for step, i in zip(missing, added, strict=True)}}

    def steps(self, cluster_id: str) -> list[Any]:
        """Every step of the cluster, oldest first."""
        pages = self._emr.get_paginator("list_steps").paginate(ClusterId=cluster_id)
        return [step for page in pages for step in page["Steps"]][::-1]

    def step(self, cluster_id: str, step_id: str) -> Any:
        return self._emr.describe_step(ClusterId=cluster_id, StepId=step_id)["Step"]

    def cluster(self, cluster_id: str) -> Any:
        return self._emr.describe_cluster(ClusterId=cluster_id)["Cluster"]

    def terminate(self, cluster_ids: Iterable[str]) -> None:
        """Ask EMR to end these clusters, protected or not; returns before they are gone."""
        ids = list(cluster_ids)
        if ids:
            self._emr.set_termination_protection(JobFlowIds=ids, TerminationProtected=False)
            self._emr.terminate_job_flows(JobFlowIds=ids)
            LOG.info("Asked EMR to terminate %s.", ", ".join(ids))


def tags_of(cluster: Any) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in cluster.get("Tags", [])}


def refuse_if_dead(cluster: Any) -> None:
    """Raise ClusterError with EMR's own words if the cluster is ending or has ended."""
    if _state(cluster) not in USABLE:
        reason = cluster["Status"].get("StateChangeReason", {})
        said = f"{reason.get('Code', 'no code')}: {reason.get('Message', 'no message')}"
        raise ClusterError(f"Cluster {cluster['Id']} is {_state(cluster)} ({said}).")


def _state(cluster: Any) -> str:
    return str(cluster["Status"]["State"])
