"""The Kubernetes of nights on localcloud: its EKS cluster, what deploy/kubernetes puts into it, and the pods' roles."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import yaml
from kubernetes.client import Configuration
from kubernetes.config import new_client_from_config_dict

from embedded.cloud import clients, environment, on_option
from localcloud.client import health
from localcloud.errors import ServerError
from nightshift.compute.kubernetes.eks import kubeconfig
from nightshift.pipelines import PIPELINES
from tools import paths

CLUSTER, CONFIG = "NIGHTSHIFT_KUBERNETES_CLUSTER", "NIGHTSHIFT_KUBERNETES_CONFIG"
MANIFESTS = ("namespace.yaml", "rbac.yaml")
ACCOUNT = "nightshift-jobs"  # and with -<pipeline> those that open a source
DRIVERS = "nightshift-driver"  # what binds accounts to the rights of Spark's drivers


def ensure(env: Mapping[str, str]) -> bool:
    """Lay the cluster of the environment of a night if it is localcloud's own; whether that is so. Whoever names
    another cloud or cluster has laid it."""
    name = env[CLUSTER]
    if env.get(CONFIG) or name != environment.NAME or not _is_localcloud(env["AWS_ENDPOINT_URL"]):
        return False
    eks, sts = clients.client(env, "eks"), clients.client(env, "sts")
    account = sts.get_caller_identity()["Account"]
    if name not in eks.list_clusters()["clusters"]:
        eks.create_cluster(name=name, roleArn=f"arn:aws:iam::{account}:role/{name}-eks", resourcesVpcConfig={})
    applied = list(_applied(_client(kubeconfig(eks, sts, name))))
    for item in (item for item in applied if item["kind"] == "ServiceAccount"):
        where, own = item["metadata"]["namespace"], item["metadata"]["name"]
        role = f"arn:aws:iam::{account}:role/{_role(env['NIGHTSHIFT_NAME'], own)}"
        with suppress(eks.exceptions.ResourceInUseException):
            eks.create_pod_identity_association(clusterName=name, namespace=where, serviceAccount=own, roleArn=role)
    return True


def _role(name: str, account: str) -> str:
    """The role of a service account (include/terraform/modules/compute_role)."""
    pipeline = account.removeprefix(ACCOUNT).removeprefix("-").replace("-", "_")
    return "-".join(filter(None, (name, on_option.KUBERNETES, pipeline)))


def _applied(api: Any) -> Iterator[dict[str, Any]]:
    """Apply the manifests, each by a server-side apply; yields them."""
    for item in _manifests(pipeline.name for pipeline in PIPELINES.values() if pipeline.database):
        api.call_api(
            *(_path(item), "PATCH"),
            query_params=[("fieldManager", "nightshift"), ("force", "true")],
            header_params={"Content-Type": "application/apply-patch+yaml"},
            body=item,
            auth_settings=["BearerToken"],
            _preload_content=False,
        )
        yield item


def _manifests(databases: Iterable[str]) -> list[dict[str, Any]]:
    """What deploy/kubernetes has, and an account for each pipeline that reads a database and has none there, since it
    lives outside of this tree."""
    folder = paths.ROOT / "deploy" / "kubernetes"
    items = [item for file in MANIFESTS for item in yaml.safe_load_all((folder / file).read_text(encoding="utf-8"))]
    accounts = {item["metadata"]["name"]: item for item in items if item["kind"] == "ServiceAccount"}
    [drivers] = [item["subjects"] for item in items if item["metadata"]["name"] == DRIVERS and "subjects" in item]
    for name in (f"{ACCOUNT}-{database.replace('_', '-')}" for database in databases):
        if name not in accounts:
            metadata = {**accounts[ACCOUNT]["metadata"], "name": name}
            items.append({**accounts[ACCOUNT], "metadata": metadata})
            drivers.append({"kind": "ServiceAccount", **metadata})
    return items


def _path(item: Mapping[str, Any]) -> str:
    version, metadata = item["apiVersion"], item["metadata"]
    within = f"namespaces/{metadata['namespace']}/" if "namespace" in metadata else ""
    group = "apis" if "/" in version else "api"
    return f"/{group}/{version}/{within}{item['kind'].lower()}s/{metadata['name']}"


def _client(config: dict[str, Any]) -> Any:
    own = Configuration()
    own.proxy = None  # it is on this machine
    return new_client_from_config_dict(config, client_configuration=own)


def _is_localcloud(endpoint: str) -> bool:
    try:
        return bool(health(endpoint))
    except (ServerError, json.JSONDecodeError):
        return False
