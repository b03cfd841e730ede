"""What nights have on the targets other than EMR, asked of the services and never of nightshift; and its end."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from embedded.cloud import kubernetes
from tests.localcloud.kubernetes.api import Api
from tests.patience import until

SPARK = "/apis/sparkoperator.k8s.io/v1beta2/namespaces/nightshift"
OBJECTS = (
    "/api/v1/namespaces/nightshift/configmaps",
    f"{SPARK}/sparkapplications",
    "/api/v1/namespaces/nightshift/pods",
)
OURS = "nightshift/name"


class Places:
    """Looks at the services of one rig's cloud that run jobs."""

    def __init__(self, rig: Any) -> None:
        self._rig = rig
        self._glue, self._containers = rig.aws("glue"), rig.aws("emr-containers")
        self._serverless = rig.aws("emr-serverless")

    def lay_cluster(self) -> None:
        """The EKS cluster of localcloud's own that the rig's settings name; it has none before a cell needs it."""
        if not self._kubeconfig.is_file():
            kubernetes.ensure(self._rig.env)

    def alive(self) -> dict[str, list[str]]:
        """By kind."""
        apps = self._serverless.list_applications()["applications"]
        clusters = self._containers.list_virtual_clusters()["virtualClusters"]
        return {
            "applications": [app["id"] for app in apps if app["state"] != "TERMINATED"],
            "Glue jobs": self._glue.list_jobs()["JobNames"],
            "virtual clusters": [cluster["id"] for cluster in clusters if cluster["state"] != "TERMINATED"],
            "objects of Kubernetes": list(self._objects()),
        }

    def end(self) -> None:
        """End all of it, and wait: what one cell leaves must not decide the next."""
        until(self._ask_again, pause=0.5, what="the end of what a cell left")

    def _ask_again(self) -> bool:
        """Ask for the end of what is there; whether nothing is."""
        left = self.alive()
        for app in left["applications"]:
            self._end_application(app)
        for name in left["Glue jobs"]:
            self._end_glue_job(name)
        for cluster in left["virtual clusters"]:
            self._end_virtual_cluster(cluster)
        for path in left["objects of Kubernetes"]:
            self._api.status("DELETE", path)
        return not any(left.values())

    def _end_application(self, app: str) -> None:
        for run in self._serverless.list_job_runs(applicationId=app)["jobRuns"]:
            _leniently(self._serverless.cancel_job_run, applicationId=app, jobRunId=run["id"])
        _leniently(self._serverless.stop_application, applicationId=app)
        _leniently(self._serverless.delete_application, applicationId=app)

    def _end_glue_job(self, name: str) -> None:
        runs = [run["Id"] for run in self._glue.get_job_runs(JobName=name)["JobRuns"]]
        _leniently(self._glue.batch_stop_job_run, JobName=name, JobRunIds=runs)
        _leniently(self._glue.delete_job, JobName=name)

    def _end_virtual_cluster(self, cluster: str) -> None:
        for run in self._containers.list_job_runs(virtualClusterId=cluster)["jobRuns"]:
            _leniently(self._containers.cancel_job_run, virtualClusterId=cluster, id=run["id"])
        _leniently(self._containers.delete_virtual_cluster, id=cluster)

    def _objects(self) -> list[str]:
        """The paths of the objects that have our label."""
        if not self._kubeconfig.is_file():
            return []
        found = [(path, self._api.get(path, labelSelector=OURS)["items"]) for path in OBJECTS]
        return [f"{path}/{item['metadata']['name']}" for path, items in found for item in items]

    @property
    def _api(self) -> Api:
        return Api.of_kubeconfig(self._kubeconfig)

    @property
    def _kubeconfig(self) -> Path:
        """localcloud writes it when its Kubernetes starts, with the first cluster."""
        return self._rig.home / "localcloud" / "kubernetes" / "kubeconfig"


def _leniently(ask: Any, **about: Any) -> None:
    """What has ended, or has not ended yet, is refused."""
    with suppress(ClientError):
        ask(**about)
