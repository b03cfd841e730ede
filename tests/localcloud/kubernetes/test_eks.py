"""EKS: its clusters have the address of localcloud's Kubernetes, whose API takes their tokens."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from localcloud.daemon import exports
from localcloud.server import LocalCloud
from localcloud.settings import Settings
from tests.localcloud.helpers import REGION, Client, PlayedSteps, client_of
from tests.localcloud.kubernetes.api import Api, pod
from tests.patience import until

NAME = "acme-night"
SAID = "echo $AWS_ACCESS_KEY_ID"


def token(cloud: LocalCloud, cluster: str) -> str:
    """As `aws eks get-token` makes it."""
    key = cloud.access.credentials
    client = boto3.client(
        "sts",
        REGION,
        endpoint_url=cloud.endpoint,
        aws_access_key_id=key.access_key,
        aws_secret_access_key=key.secret_key,
    )
    add = lambda request, **_: request.headers.add_header("x-k8s-aws-id", cluster)  # noqa: E731
    client.meta.events.register("before-sign.sts.GetCallerIdentity", add)
    url = client.generate_presigned_url("get_caller_identity", Params={}, ExpiresIn=60, HttpMethod="GET")
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


ROLE = "arn:aws:iam::123456789012:role/cluster"


def create(eks: Any, **extra: Any) -> None:
    if NAME in eks.list_clusters()["clusters"]:  # moto's backends are the process's
        eks.delete_cluster(name=NAME)
    eks.create_cluster(name=NAME, roleArn=ROLE, resourcesVpcConfig={"subnetIds": ["subnet-1", "subnet-2"]}, **extra)


@pytest.fixture
def eks(aws: Client) -> Any:
    found = aws("eks")
    create(found, accessConfig={"authenticationMode": "API"})
    return found


@pytest.fixture
def cluster(eks: Any) -> dict[str, Any]:
    found: dict[str, Any] = eks.describe_cluster(name=NAME)["cluster"]
    return found


def test_a_cluster_is_reached_at_its_address_with_its_authority_and_token(
    cloud: LocalCloud, cluster: dict[str, Any], tmp_path: Path
) -> None:
    ca = tmp_path / "ca.crt"
    ca.write_bytes(base64.b64decode(cluster["certificateAuthority"]["data"]))
    assert cluster["endpoint"].startswith("https://127.0.0.1:")
    good = Api(cluster["endpoint"], str(ca), token(cloud, NAME))
    assert "default" in good.names("/api/v1/namespaces")
    review = good.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {})
    assert review["status"]["userInfo"]["username"] == "arn:aws:iam::123456789012:root"
    assert Api(cluster["endpoint"], str(ca), token(cloud, "another")).status("GET", "/api/v1/namespaces")[0] == 401


def test_kubernetes_starts_with_the_first_cluster_and_ends_with_the_server(tmp_path: Path) -> None:
    with LocalCloud(Settings(home=tmp_path, port=0), runner=PlayedSteps()) as cloud:
        kubeconfig = tmp_path / "kubernetes" / "kubeconfig"
        assert not kubeconfig.exists()
        plane = cloud.kubernetes()
        assert kubeconfig.exists() and kubeconfig.stat().st_mode & 0o077 == 0
        assert cloud.kubernetes() is plane
    assert not kubeconfig.exists()


def test_up_says_where_the_kubeconfig_is_if_kubernetes_was_asked_for(tmp_path: Path) -> None:
    line = f"export KUBECONFIG={tmp_path}/kubernetes/kubeconfig"
    assert line in exports("http://127.0.0.1:1", Settings(home=tmp_path, kubernetes=True))
    assert line not in exports("http://127.0.0.1:1", Settings(home=tmp_path))


@pytest.mark.parametrize("way", ["IRSA", "pod identity", "association", "none"])
def test_where_iam_is_enforced_a_pod_has_its_service_accounts_role_or_nothing(tmp_path: Path, way: str) -> None:
    issuer = "oidc.eks.eu-west-1.amazonaws.com/id/A"
    federated = {
        "Principal": {"Federated": f"arn:aws:iam::123456789012:oidc-provider/{issuer}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{issuer}:sub": "system:serviceaccount:default:spark"}},
    }
    identity = {"Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": ["sts:AssumeRole", "sts:TagSession"]}
    trust = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", **(federated if way == "IRSA" else identity)}}
    with LocalCloud(Settings(home=tmp_path, port=0, iam=True, kubernetes=True), runner=PlayedSteps()) as cloud:
        name = f"jobs-{way.replace(' ', '-')}"
        role = client_of(cloud)("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        api = Api.of_kubeconfig(cloud.kubernetes().kubeconfig)
        marked = (
            {}
            if way in ("none", "association")
            else {"annotations": {"eks.amazonaws.com/role-arn": role["Role"]["Arn"]}}
        )
        if way == "association":
            about = {"clusterName": NAME, "namespace": "default", "serviceAccount": "spark"}
            create(client_of(cloud)("eks"))
            client_of(cloud)("eks").create_pod_identity_association(**about, roleArn=role["Role"]["Arn"])
        api.post("/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "spark", **marked}})
        api.post("/api/v1/namespaces/default/pods", pod("a", "sh", "-c", SAID, serviceAccountName="spark"))
        ended = lambda found: found["status"]["phase"] == "Succeeded"  # noqa: E731
        until(lambda: api.get("/api/v1/namespaces/default/pods/a"), ended)
        key = api.text("/api/v1/namespaces/default/pods/a/log").strip()
    assert key[:4] == ("" if way == "none" else "ASIA"), key


JOBS = "arn:aws:iam::123456789012:role/jobs"
EDIT = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy"


def test_who_has_access_is_kept_with_policies_and_tags(eks: Any) -> None:
    assert eks.describe_cluster(name=NAME)["cluster"]["accessConfig"]["authenticationMode"] == "API"
    about = {"clusterName": NAME, "principalArn": JOBS}
    entry = eks.create_access_entry(**about, kubernetesGroups=["a"], tags={"t": "1"})["accessEntry"]
    assert entry["username"] == "arn:aws:sts::123456789012:assumed-role/jobs/{{SessionName}}"
    with pytest.raises(ClientError, match="ResourceInUseException"):
        eks.create_access_entry(**about)
    eks.update_access_entry(**about, kubernetesGroups=["b"])
    eks.associate_access_policy(**about, policyArn=EDIT, accessScope={"type": "namespace", "namespaces": ["n"]})
    assert eks.describe_access_entry(**about)["accessEntry"]["kubernetesGroups"] == ["b"]
    (policy,) = eks.list_associated_access_policies(**about)["associatedAccessPolicies"]
    assert policy["accessScope"] == {"type": "namespace", "namespaces": ["n"]}
    eks.tag_resource(resourceArn=entry["accessEntryArn"], tags={"u": "2"})
    eks.untag_resource(resourceArn=entry["accessEntryArn"], tagKeys=["t"])
    assert eks.list_tags_for_resource(resourceArn=entry["accessEntryArn"])["tags"] == {"u": "2"}
    eks.disassociate_access_policy(**about, policyArn=EDIT)
    eks.delete_access_entry(**about)
    assert eks.list_access_entries(clusterName=NAME)["accessEntries"] == []
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        eks.describe_access_entry(**about)


def test_pod_identities_and_addons_are_kept_until_their_cluster_goes(eks: Any) -> None:
    about = {"clusterName": NAME, "namespace": "n", "serviceAccount": "spark"}
    made = eks.create_pod_identity_association(**about, roleArn=JOBS)["association"]
    with pytest.raises(ClientError, match="ResourceInUseException"):
        eks.create_pod_identity_association(**about, roleArn=JOBS)
    named = {"clusterName": NAME, "associationId": made["associationId"]}
    eks.update_pod_identity_association(**named, roleArn=f"{JOBS}2")
    assert eks.describe_pod_identity_association(**named)["association"]["roleArn"] == f"{JOBS}2"
    assert len(eks.list_pod_identity_associations(clusterName=NAME, namespace="n")["associations"]) == 1
    eks.create_addon(clusterName=NAME, addonName="eks-pod-identity-agent")
    assert eks.describe_addon(clusterName=NAME, addonName="eks-pod-identity-agent")["addon"]["status"] == "ACTIVE"
    create(eks)
    assert eks.list_addons(clusterName=NAME)["addons"] == []
    with pytest.raises(ClientError, match="No association found"):
        eks.describe_pod_identity_association(**named)


def test_a_node_group_has_what_was_stated(eks: Any) -> None:
    about = {"clusterName": NAME, "nodegroupName": "workers"}
    group = eks.create_nodegroup(**about, subnets=["subnet-1"], nodeRole=ROLE)["nodegroup"]
    assert "remoteAccess" not in group and group["updateConfig"] == {"maxUnavailable": 1}
    update = eks.update_nodegroup_config(**about, scalingConfig={"minSize": 0, "maxSize": 9, "desiredSize": 3})[
        "update"
    ]
    assert eks.describe_update(name=NAME, updateId=update["id"])["update"]["status"] == "Successful"
    assert eks.describe_nodegroup(**about)["nodegroup"]["scalingConfig"]["desiredSize"] == 3
    eks.delete_nodegroup(**about)
