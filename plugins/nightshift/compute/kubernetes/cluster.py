"""The Kubernetes API of the cluster that the settings name, through the official client; its errors are ComputeError.

The cluster is one of EKS, to which Airflow's AWS identity is the key, or that of a kubeconfig file.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from botocore.exceptions import ClientError
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from nightshift.aws import clients
from nightshift.compute.kubernetes.eks import kubeconfig
from nightshift.config import Settings
from nightshift.failures.causes import Cause
from nightshift.failures.errors import ComputeError

Body = dict[str, Any]
CONFIG_MAPS, PODS = "/api/v1 configmaps", "/api/v1 pods"
APPLICATIONS = "/apis/sparkoperator.k8s.io/v1beta2 sparkapplications"
SECONDS = (10, 60)  # to connect, to read
TOKEN_SECONDS = 600  # an EKS token is accepted for 15 minutes after its signature
AGAIN = (429, 500, 502, 503, 504)
PAGE = 500


class ApiRefused(ComputeError):
    """Kubernetes refused a request, or did not answer. `status` is HTTP's, 0 without an answer."""

    final = False

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status
        if status in {0, *AGAIN}:
            self.cause = Cause.THROTTLE


class Cluster:
    """The objects of the namespace that the settings name. Kinds are the constants above. All methods raise
    ApiRefused."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def create(self, kind: str, body: Body) -> Body:
        """Create an object; the one that exists, if there is one of its name: a create whose response was lost."""
        try:
            return self._json("POST", self._path(kind), body=body)
        except ApiRefused as refused:
            if refused.status != 409:
                raise
            return self._json("GET", self._path(kind, body["metadata"]["name"]))

    def find(self, kind: str, name: str) -> Body | None:
        """An object; None if there is none."""
        try:
            return self._json("GET", self._path(kind, name))
        except ApiRefused as refused:
            if refused.status != 404:
                raise
            return None

    def list(self, kind: str, labels: Mapping[str, str]) -> Iterator[Body]:
        """The objects that have these labels."""
        query = {"labelSelector": ",".join(f"{name}={value}" for name, value in labels.items()), "limit": str(PAGE)}
        while True:
            page = self._json("GET", self._path(kind), query)
            yield from page["items"]
            if not (token := page["metadata"].get("continue")):
                return
            query["continue"] = token

    def delete(self, kind: str, name: str) -> None:
        """Ask for the end of an object and of all that it owns; it goes when they have gone. No error if it is gone."""
        try:
            self._json("DELETE", self._path(kind, name), body={"propagationPolicy": "Foreground"})
        except ApiRefused as refused:
            if refused.status != 404:
                raise

    def log(self, pod: str, lines: int = 0) -> Iterator[bytes]:
        """The log of a pod in chunks; its last `lines` if given."""
        response = self._call("GET", f"{self._path(PODS, pod)}/log", {"tailLines": str(lines)} if lines else {})
        try:
            yield from response.stream(1 << 16)
        except HTTPError as broken:
            raise ApiRefused(f"Kubernetes broke off the log of {pod}: {broken}", 0) from broken
        finally:
            response.release_conn()

    def _path(self, kind: str, *name: str) -> str:
        group, plural = kind.split()
        return "/".join((group, "namespaces", self._settings.kubernetes_namespace, plural, *name))

    def _json(self, method: str, path: str, query: Mapping[str, str] | None = None, body: Body | None = None) -> Body:
        response = self._call(method, path, query or {}, body)
        answer: Body = json.loads(response.data)
        return answer

    def _call(self, method: str, path: str, query: Mapping[str, str], body: Body | None = None) -> Any:
        from kubernetes.client.exceptions import ApiException  # noqa: PLC0415 - a quarter of a second, seldom used

        try:
            return connected(self._settings, int(time.time() // TOKEN_SECONDS)).call_api(
                *(path, method),
                query_params=list(query.items()),
                header_params={"Accept": "application/json", "Content-Type": "application/json"},
                body=body,
                auth_settings=["BearerToken"],
                _return_http_data_only=True,
                _preload_content=False,
                _request_timeout=SECONDS,
            )
        except ApiException as refused:
            words = f"Kubernetes refused {method} {path}: {refused.status} {_message(refused)}"
            raise ApiRefused(words, refused.status) from None
        except HTTPError as silent:
            raise ApiRefused(f"Kubernetes did not answer {method} {path}: {silent}", 0) from silent


def is_configured(settings: Settings) -> bool:
    """Whether the settings name a cluster."""
    return bool(settings.kubernetes_cluster or settings.kubernetes_config)


def exists(settings: Settings) -> bool:
    """Whether there is a cluster whose pods may be ours: without an image there are none (the cluster is EMR's), and
    EKS may know none of the name that the settings have."""
    if not settings.kubernetes_image or settings.kubernetes_config or not settings.kubernetes_cluster:
        return bool(settings.kubernetes_image) and is_configured(settings)
    eks = clients.client(settings, "eks")
    try:
        eks.describe_cluster(name=settings.kubernetes_cluster)
    except eks.exceptions.ResourceNotFoundException:
        return False
    return True


@cache
def connected(settings: Settings, _quarter: int) -> Any:
    """The client of the cluster. Everything is tried again when the API does not answer: a create has a name, so a
    second one is refused. `_quarter` changes when an EKS token has to be renewed. Raises ComputeError."""
    from kubernetes.client import Configuration  # noqa: PLC0415 - as above
    from kubernetes.config import new_client_from_config, new_client_from_config_dict  # noqa: PLC0415

    own = Configuration()
    own.retries = Retry(settings.api_tries, backoff_factor=0.3, status_forcelist=AGAIN, allowed_methods=None)
    if settings.kubernetes_config:
        context = settings.kubernetes_context or None
        return new_client_from_config(settings.kubernetes_config, context, client_configuration=own)
    name = settings.kubernetes_cluster
    try:
        given = kubeconfig(clients.client(settings, "eks"), clients.client(settings, "sts"), name)
    except ClientError as refused:
        raise ComputeError(f"EKS cluster {name} (NIGHTSHIFT_KUBERNETES_CLUSTER) cannot be used: {refused}") from refused
    return new_client_from_config_dict(given, client_configuration=own)


def _message(refused: Any) -> str:
    """What the API's Status says, else the HTTP reason."""
    try:
        return str(json.loads(refused.body)["message"])
    except (TypeError, ValueError, KeyError):
        return str(refused.reason)
