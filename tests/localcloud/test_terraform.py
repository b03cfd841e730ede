"""Real terraform: what runs jobs is applied, planned again without a change, changed and destroyed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from localcloud.server import LocalCloud
from tests.localcloud.helpers import Client, client_of
from tests.localcloud.runs.conftest import eks_cluster

HERE = Path(__file__).parent
INIT_ARGUMENTS = "TF_CLI_ARGS_init"


def environment(cloud: LocalCloud) -> dict[str, str]:
    """The environment that points terraform at the server, free of what the caller's own AWS set-up says."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_CLI_CONFIG"))}
    return {
        **own,
        INIT_ARGUMENTS: own.get(INIT_ARGUMENTS, _mirror_argument()),
        **cloud.access.environment("eu-west-1"),
        "CHECKPOINT_DISABLE": "1",
    }


def _mirror_argument() -> str:
    toolchain = pytest.importorskip("tools.toolchain")
    mirror = toolchain.provider_mirror()
    return f"-plugin-dir={mirror}" if mirror else ""


Terraform = Callable[..., None]


@pytest.fixture
def terraform(cloud: LocalCloud, tmp_path: Path) -> Terraform:
    """Runs terraform against the server in a directory with a copy of a file."""
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not on PATH")

    def run(*words: str, **variables: str) -> None:
        command = ["terraform", words[0], "-no-color", "-input=false", *words[1:]]
        env = {**environment(cloud), **{f"TF_VAR_{name}": value for name, value in variables.items()}}
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"

    return run


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
