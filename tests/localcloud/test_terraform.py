"""Real terraform: what runs jobs is applied, planned again without a change, changed and destroyed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from localcloud.server import LocalCloud
from tests.localcloud.conftest import Terraform
from tests.localcloud.helpers import Client, client_of
from tests.localcloud.runs.conftest import eks_cluster

HERE = Path(__file__).parent


@pytest.mark.terraform
def test_clusters_of_groups_and_fleets_are_applied_kept_and_destroyed(
    cloud: LocalCloud, terraform: Terraform, tmp_path: Path
) -> None:
    shutil.copy(HERE / "cluster.tf", tmp_path / "main.tf")
    terraform("init")
    terraform("apply", "-auto-approve")
    terraform("plan", "-detailed-exitcode")
    terraform("destroy", "-auto-approve")
    emr = client_of(cloud)("emr")
    assert {c["Status"]["State"] for c in emr.list_clusters()["Clusters"]} == {"TERMINATED"}


@pytest.mark.terraform
def test_a_glue_job_an_application_and_a_virtual_cluster_are_applied_changed_and_destroyed(
    cloud: LocalCloud, terraform: Terraform, tmp_path: Path, aws: Client
) -> None:
    shutil.copy(HERE / "runs.tf", tmp_path / "main.tf")
    eks = eks_cluster(aws)
    terraform("init")
    for workers in ("3", "5"):
        terraform("apply", "-auto-approve", eks_cluster=eks, workers=workers)
        terraform("plan", "-detailed-exitcode", eks_cluster=eks, workers=workers)
    assert aws("glue").get_job(JobName="night")["Job"]["NumberOfWorkers"] == 5
    (app,) = aws("emr-serverless").list_applications()["applications"]
    found = aws("emr-serverless").get_application(applicationId=app["id"])["application"]
    assert (found["maximumCapacity"]["cpu"], found["tags"]["workers"]) == ("20 vCPU", "5")
    terraform("destroy", "-auto-approve", eks_cluster=eks)
    assert aws("glue").list_jobs()["JobNames"] == []
    (app,) = aws("emr-serverless").list_applications()["applications"]
    (cluster,) = aws("emr-containers").list_virtual_clusters()["virtualClusters"]
    assert (app["state"], cluster["state"]) == ("TERMINATED", "TERMINATED")


@pytest.mark.long  # the provider waits half a minute for each change; test_eks.py makes the same calls
@pytest.mark.terraform
def test_a_cluster_of_eks_with_nodes_access_and_identities_is_applied_changed_and_destroyed(
    cloud: LocalCloud, terraform: Terraform, tmp_path: Path, aws: Client, subnet: str
) -> None:
    shutil.copy(HERE / "eks.tf", tmp_path / "main.tf")
    terraform("init")
    for nodes in ("2", "3"):
        terraform("apply", "-auto-approve", subnet=subnet, nodes=nodes)
        terraform("plan", "-detailed-exitcode", subnet=subnet, nodes=nodes)
    eks = aws("eks")
    group = eks.describe_nodegroup(clusterName="night", nodegroupName="workers")["nodegroup"]
    assert group["scalingConfig"]["desiredSize"] == 3
    (entry,) = eks.list_access_entries(clusterName="night")["accessEntries"]
    found = eks.describe_access_entry(clusterName="night", principalArn=entry)["accessEntry"]
    assert found["kubernetesGroups"] == ["nights-3"]
    terraform("destroy", "-auto-approve", subnet=subnet)
    assert eks.list_clusters()["clusters"] == []
