"""EKS: its clusters have the address of localcloud's Kubernetes, whose API takes their tokens."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import boto3
import pytest

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


@pytest.fixture
def cluster(aws: Client) -> dict[str, Any]:
    eks = aws("eks")
    role = "arn:aws:iam::123456789012:role/cluster"
    eks.create_cluster(name=NAME, roleArn=role, resourcesVpcConfig={"subnetIds": ["subnet-1", "subnet-2"]})
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


@pytest.mark.parametrize("way", ["IRSA", "pod identity", "none"])
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
        marked = {} if way == "none" else {"annotations": {"eks.amazonaws.com/role-arn": role["Role"]["Arn"]}}
        api.post("/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "spark", **marked}})
        api.post("/api/v1/namespaces/default/pods", pod("a", "sh", "-c", SAID, serviceAccountName="spark"))
        ended = lambda found: found["status"]["phase"] == "Succeeded"  # noqa: E731
        until(lambda: api.get("/api/v1/namespaces/default/pods/a"), ended)
        key = api.text("/api/v1/namespaces/default/pods/a/log").strip()
    assert key[:4] == ("" if way == "none" else "ASIA"), key
