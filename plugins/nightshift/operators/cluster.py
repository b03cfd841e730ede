"""Operators for a run's EMR cluster: publish its files, create, wait, submit steps, terminate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from airflow.sdk import Context

from nightshift.aws import clients, clock
from nightshift.compute import certificates, emr_spec
from nightshift.compute.emr import GONE, READY, USABLE, EmrHook, creating, ended, refuse_if_dead, why_ended
from nightshift.failures.errors import NightshiftError, WaitTimeout
from nightshift.lake import packaging
from nightshift.operators.base import NightOperator, WaitOperator
from nightshift.run.run_context import RunContext
from nightshift.state.ledger import Ledger

# How many clusters of one try may end for this cause before the task fails; for any other cause one.
CLUSTERS = {
    "capacity": len(emr_spec.ATTEMPTS),  # other subnets, instance types or On-Demand may have it
    "bootstrap": 2,  # a download or a bad node may have failed; an error in the action itself fails again
}


class PublishJobsOperator(NightOperator):
    """Upload what the cluster needs to S3: jobs and JDBC drivers under their hashes, and the run's own certificate."""

    def work(self, night: RunContext, context: Context) -> dict[str, Any]:
        lake = self.lake(night)
        lake.publish_certificates(lambda: certificates.certificates(self.settings.region))
        drivers = packaging.drivers(self.settings.jdbc_dir) if night.source_secret else []
        return {"jobs_uri": lake.publish_jobs(self._package()), "jars": lake.publish_drivers(drivers)}

    def _package(self) -> packaging.Package:
        settings = self.settings
        return packaging.package(settings.jobs_dir, settings.time_limit_script, settings.flink_dir, settings.ingest_dir)


class CreateClusterOperator(NightOperator):
    """Adopt the run's cluster if there is one, else call RunJobFlow. Does not wait for the cluster."""

    def work(self, night: RunContext, context: Context) -> dict[str, str]:
        foundation = self.output_of(context, "apply_foundation")
        transient = self.output_of(context, "apply_transient")
        jobs_uri = self.output_of(context, "publish_jobs")["jobs_uri"]
        body = emr_spec.job_flow(night, foundation, transient, jobs_uri=jobs_uri)
        return {"cluster_id": creating(self.settings).adopt_or_create(night, body)}


class WaitForClusterOperator(WaitOperator):
    """Wait until the cluster can run steps; replace it when EC2 had no capacity or a bootstrap action failed.

    The attempt number is derived from the clusters that ended in this try, not kept in memory, so a task that was
    killed continues where it was. A replacement is requested only after its predecessor has ended, so there is never a
    second one. Later tasks use the XCom {"cluster_id"}.
    """

    def work(self, night: RunContext, context: Context) -> Any:
        return self._watch(night, self._tried(night)[-1], seen="")

    def finish(self, night: RunContext, answer: dict[str, Any]) -> Any:
        cluster_id, state = answer["cluster_id"], answer["state"]
        self.log.info("Cluster %s is %s. %s", cluster_id, state, answer["reason"])
        if state in READY:
            return {"cluster_id": cluster_id}
        emr = creating(self.settings)
        if state in GONE:
            return self._watch(night, emr.cluster(self._replace(night, emr)), seen="")
        return self._watch(night, emr.cluster(cluster_id), seen=state)

    def overdue(self, night: RunContext) -> NightshiftError:
        status = (cluster := self._tried(night)[-1])["Status"]
        said = status.get("StateChangeReason", {}).get("Message", "no reason given")
        return WaitTimeout(
            f"Cluster {cluster['Id']} is still {status['State']} after {self.wait_minutes:g} minutes ({said}).",
            "Look at its instances in the EMR console; if EC2 is just slow, raise NIGHTSHIFT_CLUSTER_TIMEOUT_MINUTES.",
        )

    def _watch(self, night: RunContext, cluster: Any, seen: str) -> Any:
        """Wait for the cluster's next state. The limit counts from its creation, however often the task restarted."""
        age = clock.age(self.settings, cluster["Status"]["Timeline"]["CreationDateTime"])
        left = self.wait_minutes - age.total_seconds() / 60
        return self.wait(night, "cluster_moved", {"cluster_id": cluster["Id"], "seen": seen}, left)

    def _tried(self, night: RunContext) -> list[Any]:
        first = self.output_of(self._context, "create_cluster")["cluster_id"]
        return EmrHook(clients.client(self.settings, "emr")).tried(night, first)

    def _replace(self, night: RunContext, emr: EmrHook) -> str:
        """Request the next cluster of this try and return its id. Raises ClusterError when no attempt is left."""
        dead = [cluster for cluster in self._tried(night) if cluster["Status"]["State"] in GONE]
        attempt, why = next_attempt(dead), why_ended(dead[-1])[1]
        self.log.warning("%s Asking for another, %s.", why, emr_spec.ATTEMPTS[attempt])
        facts = {"act": "replace_cluster", "why": why, "cluster_id": dead[-1]["Id"], "attempt": attempt + 1}
        book = Ledger(clients.client(self.settings, "s3"), night)
        book.append(self.task_id, "note", **facts, lease=book.lease(timedelta(minutes=self.wait_minutes)))
        body = emr_spec.job_flow(
            night,
            self.output_of(self._context, "apply_foundation"),
            self.output_of(self._context, "apply_transient"),
            attempt,
            jobs_uri=self.output_of(self._context, "publish_jobs")["jobs_uri"],
            avoid=_subnets(dead),
        )
        return emr.adopt_or_create(night, body)


class SubmitStepsOperator(NightOperator):
    """Submit all steps in one call, so that EMR runs them back to back. The XCom is {step name: step id}."""

    def work(self, night: RunContext, context: Context) -> dict[str, str]:
        cluster_id = self.output_of(context, "wait_for_cluster")["cluster_id"]
        emr = creating(self.settings)
        refuse_if_dead(emr.cluster(cluster_id))
        steps = self.steps(night, context, self.output_of(context, "publish_jobs"))
        return emr.submit(cluster_id, steps, self._known(night, steps))

    def steps(self, night: RunContext, context: Context, published: Any) -> list[dict[str, Any]]:
        """The steps to submit; `published` is what publish_jobs returned."""
        return emr_spec.steps(night, published["jobs_uri"], published.get("jars", ()))

    def _known(self, night: RunContext, steps: Sequence[Any]) -> set[str | None]:
        """The step ids of earlier submissions of this run, from the `end` entries of this task."""
        ends = [
            entry
            for entry in Ledger(clients.client(self.settings, "s3"), night).entries()
            if (entry["task"], entry["phase"]) == (self.task_id, "end")
        ]
        return {entry.get(step["Name"]) for entry in ends for step in steps}


class TerminateClusterOperator(WaitOperator):
    """Terminate every cluster of the run and wait until it is TERMINATED. Finds them by tag, so it needs no XCom."""

    def work(self, night: RunContext, context: Context) -> Any:
        emr = EmrHook(clients.client(self.settings, "emr"))
        if night.keep_cluster:
            idle, limit = self.settings.idle_timeout_seconds, self.settings.cluster_limit_minutes
            self.log.warning("Kept on request: it ends itself when idle for %d s, or after %g minutes.", idle, limit)
            return {"kept": True}
        emr.terminate(cluster["Id"] for cluster in emr.clusters(night, USABLE))
        cluster_ids = [cluster["Id"] for cluster in emr.clusters(night)]
        return self.wait(night, "clusters_terminated", {"cluster_ids": cluster_ids})

    def finish(self, night: RunContext, answer: dict[str, Any]) -> dict[str, Any]:
        self.log.info("Clusters of %s: %s", night.run, answer["clusters"] or "none was there")
        return answer


def next_attempt(dead: Sequence[Any]) -> int:
    """The number of the attempt after the ended clusters of one try, which are given oldest first.

    Raises ClusterError with EMR's reason for the last one when as many ended for its cause as CLUSTERS allows.
    """
    causes = Counter(why_ended(cluster)[0] for cluster in dead)
    cause = why_ended(dead[-1])[0]
    if causes[cause] >= CLUSTERS.get(cause, 1):
        raise ended(dead[-1])
    return min(causes["capacity"], emr_spec.LAST_ATTEMPT)


def _subnets(dead: Sequence[Any]) -> set[str]:
    """The subnets of the clusters that got no capacity."""
    lacking = [cluster for cluster in dead if why_ended(cluster)[0] == "capacity"]
    return {cluster["Ec2InstanceAttributes"].get("Ec2SubnetId", "") for cluster in lacking}
