"""Who may call the API: tokens of three kinds, and no web page."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
import requests

from localcloud.faults import FaultBook
from localcloud.kubernetes import eks_token
from localcloud.kubernetes.plane import Plane
from localcloud.server import _kubernetes_host
from tests.localcloud.kubernetes.api import Api
from tests.localcloud.kubernetes.conftest import place


def asked(api: Api, path: str, **headers: str) -> int:
    with requests.Session() as http:
        http.trust_env = False
        return http.get(api.server + path, headers=headers, verify=api.ca, timeout=60).status_code


def test_only_a_valid_token_passes_and_health_is_open(own: Api) -> None:
    good = {"Authorization": f"Bearer {own.token}"}
    assert asked(own, "/api/v1/namespaces", **good) == 200
    assert asked(own, "/api/v1/namespaces") == 401
    assert asked(own, "/api/v1/namespaces", Authorization="Bearer wrong") == 401
    assert asked(own, "/version") == 401
    assert asked(own, "/readyz") == 200


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://example.com"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "example.com:6443"}]
)
def test_a_web_page_is_refused_even_with_a_token(own: Api, headers: dict[str, str]) -> None:
    assert asked(own, "/api/v1/namespaces", Authorization=f"Bearer {own.token}", **headers) == 403


def test_a_service_account_gets_a_token(own: Api, here: str) -> None:
    path = f"/api/v1/namespaces/{here}/serviceaccounts/default/token"
    token = own.post(path, {"spec": {"expirationSeconds": 600}})["status"]["token"]
    review = own.post("/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": token}})
    assert review["status"]["user"]["username"] == f"system:serviceaccount:{here}:default"
    assert asked(own, "/api/v1/pods", Authorization=f"Bearer {token}") == 200


KEY, SECRET = "LOCALCLOUDKEY", "secret"


def eks(cluster: str, secret: str = SECRET) -> str:
    """A token as `aws eks get-token` makes it."""
    client = boto3.client(
        "sts", "us-east-1", aws_access_key_id=KEY, aws_secret_access_key=secret, endpoint_url="http://127.0.0.1:5555"
    )
    event = "before-sign.sts.GetCallerIdentity"
    client.meta.events.register(event, lambda request, **_: request.headers.add_header("x-k8s-aws-id", cluster))
    url = client.generate_presigned_url("get_caller_identity", Params={}, ExpiresIn=60, HttpMethod="GET")
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def cluster_of(token: str, *clusters: str, after: float = 0) -> str | None:
    parsed = eks_token.parse(token)
    assert parsed
    secret_of = lambda key, token, now: SECRET if key == KEY else None  # noqa: E731
    return eks_token.cluster_of(parsed, clusters, secret_of, datetime.now(UTC) + timedelta(seconds=after))


def test_a_token_of_eks_is_valid_for_its_cluster_and_a_quarter_of_an_hour() -> None:
    token = eks("night")
    assert cluster_of(token, "day", "night") == "night"
    assert cluster_of(token, "day") is None
    assert cluster_of(token, "night", after=16 * 60) is None
    assert cluster_of(eks("night", "another"), "night") is None


@pytest.mark.parametrize("url", ["", "https://x/?Action=DeleteUser&Version=1", "https://x/?Action=GetCallerIdentity"])
def test_what_is_no_token_of_eks_is_refused(url: str) -> None:
    assert eks_token.parse("k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode()) is None
    assert eks_token.parse("another") is None
    assert eks_token.parse("k8s-aws-v1.%%%") is None


def test_kubernetes_listens_where_the_cloud_does_so_that_other_containers_reach_it(
    tmp_path: Path, faults: FaultBook
) -> None:
    with Plane(tmp_path, place, lambda *_: None, faults, lambda: datetime.now(UTC), host="127.0.0.2") as plane:
        api = Api.of_kubeconfig(plane.kubeconfig)
        assert api.server.startswith("https://127.0.0.2:")
        assert api.get("/version")["major"] == "1"


def test_an_address_of_no_certificate_is_none_for_kubernetes() -> None:
    assert _kubernetes_host("10.213.77.10") == "10.213.77.10"
    assert {_kubernetes_host("0.0.0.0"), _kubernetes_host("localhost")} == {"127.0.0.1"}
