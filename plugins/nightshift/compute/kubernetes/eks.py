"""The way into an EKS cluster: its address, its authority, and a token of an AWS identity."""

from __future__ import annotations

import base64
from typing import Any


def kubeconfig(eks: Any, sts: Any, name: str) -> dict[str, Any]:
    """What `aws eks update-kubeconfig` writes for a cluster, with a token of the clients' identity in it. Raises
    ClientError."""
    found = eks.describe_cluster(name=name)["cluster"]
    authority = found["certificateAuthority"]["data"]
    return {
        "clusters": [{"name": name, "cluster": {"server": found["endpoint"], "certificate-authority-data": authority}}],
        "users": [{"name": name, "user": {"token": _token(sts, name)}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }


def _token(sts: Any, name: str) -> str:
    """A bearer token of EKS's, as `aws eks get-token` makes it: a presigned GetCallerIdentity for the cluster's name.
    Source: aws-iam-authenticator, "API Authorization from Outside a Cluster"."""

    def for_cluster(request: Any, **_: Any) -> None:
        request.headers.add_header("x-k8s-aws-id", name)

    sts.meta.events.register("before-sign.sts.GetCallerIdentity", for_cluster, unique_id="nightshift-eks")
    try:
        url = sts.generate_presigned_url("get_caller_identity", Params={}, ExpiresIn=60, HttpMethod="GET")
    finally:
        sts.meta.events.unregister("before-sign.sts.GetCallerIdentity", for_cluster, unique_id="nightshift-eks")
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
