"""Choose the key with which processes of clusters, hosts and job runs reach AWS: their roles' where IAM is enforced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from localcloud.credentials import Access, Credentials
from localcloud.emr.model import Cluster
from localcloud.iam.sessions import RoleSessions
from localcloud.runs.containers.model import VirtualCluster
from localcloud.runs.model import Run

_GLUE_SESSION = "GlueJobRunnerSession"  # as Glue names the session of every run


class Identities:
    """Gives each machine the credentials of its instance profile, each job run its role's; without IAM
    enforcement, the server's own key."""

    def __init__(self, own: Access, roles: RoleSessions | None, clock: Callable[[], datetime]) -> None:
        self._own, self._roles, self._clock = own, roles, clock

    def of_cluster(self, cluster: Cluster) -> Access:
        """The access of steps and bootstrap actions to AWS. Raises RoleRefused."""
        if self._roles is None:
            return self._own
        primary = next((node.ec2_id for node in cluster.nodes if node.role == "MASTER"), cluster.id)
        profile = str(cluster.spec["JobFlowRole"])
        return self._with(self._roles.of_profile(cluster.account, profile, primary, self._clock()))

    def of_instance(self, account: str, region: str, instance: str) -> Access:
        """The access of a host's commands to AWS. Raises RoleRefused."""
        if self._roles is None:
            return self._own
        return self._with(self._roles.of_instance(account, region, instance, self._clock()))

    def of_run(self, run: Run) -> Access:
        """The access of a job run to AWS: its execution role's. Raises RoleRefused."""
        if self._roles is None:
            return self._own
        if isinstance(run.place, VirtualCluster):
            return self._with(self._roles.of_pod(run.role, run.place.namespace, run.id, self._clock()))
        service = run.arn.split(":")[2]
        name = _GLUE_SESSION if service == "glue" else run.id
        return self._with(self._roles.of_service(run.role, f"{service}.amazonaws.com", name, self._clock()))

    def _with(self, credentials: Credentials) -> Access:
        return replace(self._own, credentials=credentials)
