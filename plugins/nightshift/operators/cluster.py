"""The cluster of a night: made once, found by tag, gone before the task that ends it is green."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Context

from nightshift import emr_spec, keys, packaging
from nightshift.hooks import aws
from nightshift.hooks.emr import USABLE, EmrHook, refuse_if_dead
from nightshift.night import Night
from nightshift.operators.base import NightOperator, WaitOperator


class PublishJobsOperator(NightOperator):
    """Put what the cluster will need where it will look: the jobs under their hash, its certificate in staging."""

    def work(self, night: Night, context: Context) -> dict[str, str]:
        lake = self.lake(night)
        lake.publish_certificates(lambda: keys.certificates(self.settings.region))
        return {"jobs_uri": lake.publish_jobs(packaging.package(self.settings.jobs_dir))}


class CreateClusterOperator(NightOperator):
    """Adopt the run's cluster if one is there, else RunJobFlow. Never waits for it."""

    def work(self, night: Night, context: Context) -> dict[str, str]:
        foundation = self.output_of(context, "apply_foundation")
        transient = self.output_of(context, "apply_transient")
        emr = EmrHook(aws.client(self.settings, "emr", tries=1))
        return {"cluster_id": emr.adopt_or_create(night, emr_spec.job_flow(night, foundation, transient))}


class SubmitStepsOperator(NightOperator):
    """All steps in one call, so that EMR runs them back to back. The XCom is {step name: step id}."""

    def work(self, night: Night, context: Context) -> dict[str, str]:
        cluster_id = self.output_of(context, "create_cluster")["cluster_id"]
        jobs_uri = self.output_of(context, "publish_jobs")["jobs_uri"]
        emr = EmrHook(aws.client(self.settings, "emr"))
        refuse_if_dead(emr.cluster(cluster_id))
        return emr.submit(cluster_id, emr_spec.steps(night, jobs_uri))


class TerminateClusterOperator(WaitOperator):
    """End every cluster of the run and wait until it is TERMINATED. Finds them by tag, so a lost XCom costs nothing."""

    def work(self, night: Night, context: Context) -> Any:
        emr = EmrHook(aws.client(self.settings, "emr"))
        if night.keep_cluster:
            self.log.warning("Kept on request: idle for %d s, it ends itself.", self.settings.idle_timeout_seconds)
            return {"kept": True}
        emr.terminate(cluster["Id"] for cluster in emr.clusters(night, USABLE))
        cluster_ids = [cluster["Id"] for cluster in emr.clusters(night)]
        return self.wait(night, "clusters_terminated", {"cluster_ids": cluster_ids})

    def finish(self, night: Night, answer: dict[str, Any]) -> dict[str, Any]:
        self.log.info("Clusters of %s: %s", night.run, answer["clusters"] or "none was there")
        return answer
