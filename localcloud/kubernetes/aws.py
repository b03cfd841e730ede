"""Where the cluster meets AWS: EKS's clusters have its address, its tokens are checked, and pods have a key."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from moto.eks.models import eks_backends
from moto.iam.models import get_account_id_from

from localcloud.credentials import Access
from localcloud.iam.principals import name_of
from localcloud.iam.sessions import RoleSessions
from localcloud.kubernetes import eks_token
from localcloud.kubernetes.eks import EksService
from localcloud.kubernetes.errors import Json
from localcloud.kubernetes.kinds import SERVICE_ACCOUNT
from localcloud.kubernetes.plane import Plane
from localcloud.kubernetes.resources import Resources
from localcloud.operations import Request
from localcloud.wire import Answer

SERVICE = "eks"  # the service name in signatures
ROLE = "eks.amazonaws.com/role-arn"  # the annotation of a service account that names its role


class EksFront:
    """EKS's calls. Every EKS cluster of localcloud is the one Kubernetes, which starts with the first of them."""

    def __init__(self, service: EksService, plane: Callable[[], Plane]) -> None:
        """plane: the running one, started if it is not."""
        self._service, self._plane = service, plane

    def answer(self, request: Request, account: str, region: str) -> Answer | None:
        """Answer a call; None when it is moto's, whose clusters have the API's address and authority by then."""
        for cluster in _clusters(account, region):
            plane = self._plane()
            cluster.endpoint = plane.endpoint
            cluster.certificate_authority = {"data": base64.b64encode(plane.ca.encode()).decode()}
        return self._service.answer(request, account, region)


class TokenCheck:
    """Checks tokens of EKS's form: signed by a key of this server, for a cluster of the key's account."""

    def __init__(self, secret_of: eks_token.SecretOf, account: Callable[[str], str]) -> None:
        """account: the account of an access key."""
        self._secret_of, self._account = secret_of, account

    def __call__(self, presigned: eks_token.Presigned, now: datetime) -> str | None:
        """The ARN of the token's caller; None if it is not valid."""
        key = presigned.claim.access_key
        account = self._account(key)
        names = [cluster.name for region in list(eks_backends[account]) for cluster in _clusters(account, region)]
        if eks_token.cluster_of(presigned, names, self._secret_of, now) is None:
            return None
        return name_of(key) or f"arn:aws:iam::{account}:root"


class PodAccess:
    """Gives a pod the server's own key, or where IAM is enforced a session of its service account's role."""

    def __init__(
        self,
        own: Callable[[], Access],
        roles: RoleSessions | None,
        clock: Callable[[], datetime],
        associated: Callable[[str, str], str | None],
    ) -> None:
        """associated: the role that EKS's pod identity gives a service account, by namespace and name."""
        self._own, self._roles, self._clock, self._associated = own, roles, clock, associated

    def of(self, pod: Json, resources: Resources) -> Access | None:
        """The access of a pod to AWS; None without a role. Raises RoleRefused."""
        if self._roles is None:
            return self._own()
        namespace, account = pod["metadata"]["namespace"], pod["spec"]["serviceAccountName"]
        found = resources.find(SERVICE_ACCOUNT, namespace, account) or {"metadata": {}}
        stated = (found["metadata"].get("annotations") or {}).get(ROLE)
        role = self._associated(namespace, account) or stated
        if not role:
            return None
        subject, name = f"system:serviceaccount:{namespace}:{account}", f"eks-{pod['metadata']['name']}"[:64]
        return replace(self._own(), credentials=self._roles.of_service_account(role, subject, name, self._clock()))


def account_of(access_key: str, default: str, configured: str) -> str:
    """The account of an access key; the configured one in place of moto's default."""
    found = str(get_account_id_from(access_key))
    return configured if found == default else found


def _clusters(account: str, region: str) -> Iterator[Any]:
    regions = eks_backends[account]
    if region in regions.regions:
        yield from list(regions[region].clusters.values())
