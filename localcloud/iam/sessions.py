"""Role sessions as AWS's services create them: EC2 for an instance, MWAA for an environment, Glue or EMR for a job
run."""

from __future__ import annotations

import string
from datetime import datetime, timedelta

from moto.ec2.models import ec2_backends
from moto.sts.models import sts_backends

from localcloud.credentials import Credentials
from localcloud.errors import RoleRefused
from localcloud.iam.decision import Principal, denial
from localcloud.iam.moto_place import PARTITION, instance_profile, trust_of
from localcloud.iam.policies import Need

EC2 = "ec2.amazonaws.com"
PODS = "pods.eks.amazonaws.com"
_BASE36 = string.digits + string.ascii_lowercase
_SESSION = timedelta(hours=12)
_FRESH = timedelta(hours=6)  # minimum remaining lifetime of a session that is handed out: longer than a step may take


class RoleSessions:
    """Issues role credentials to services that the role trusts; one session for each owner, renewed before it
    expires."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], tuple[datetime, Credentials]] = {}

    def of_service(self, role: str, service: str, name: str, now: datetime) -> Credentials:
        """A session of a role for an AWS service, which the role must trust. Raises RoleRefused."""
        account = _account_of(role)
        self._trusts(role, account, service)
        return self._session(role, account, name, now)

    def of_pod(self, role: str, namespace: str, name: str, now: datetime) -> Credentials:
        """A session of a role for the driver's pod of an EMR on EKS job run, by one of the two ways that EKS has.

        The role trusts the pods' service accounts by the cluster's OIDC provider (IRSA), or EKS's pod identity agent.
        Raises RoleRefused.
        """
        return self.of_service_account(role, _drivers_account(role, namespace), name, now)

    def of_service_account(self, role: str, subject: str, name: str, now: datetime) -> Credentials:
        """A session of a role for a pod, whose service account is `system:serviceaccount:<namespace>:<name>`.

        The role trusts the account by an OIDC provider (IRSA), or EKS's pod identity agent. Raises RoleRefused.
        """
        account = _account_of(role)
        if not _trusts_subject(role, account, subject):
            self._trusts(role, account, PODS)
        return self._session(role, account, name, now)

    def _session(self, role: str, account: str, name: str, now: datetime) -> Credentials:
        until, found = self._kept.get((role, name), (now, None))
        if found is None or until - now < _FRESH:
            found = _assumed(role, account, name)
            self._kept[role, name] = now + _SESSION, found
        return found

    def of_profile(self, account: str, profile: str, name: str, now: datetime) -> Credentials:
        """The credentials in the metadata of an instance with that profile (name or ARN). Raises RoleRefused."""
        found = instance_profile(account, profile)
        if found is None or not found.roles:
            raise RoleRefused(f"Invalid InstanceProfile: {profile}. Account {account} has none, or it has no role.")
        return self.of_service(found.roles[0].arn, EC2, name, now)

    def of_instance(self, account: str, region: str, instance: str, now: datetime) -> Credentials:
        """The credentials in an EC2 instance's metadata. Raises RoleRefused."""
        associated = ec2_backends[account][region].iam_instance_profile_associations.get(instance)
        if associated is None:
            raise RoleRefused(f"The instance {instance} has no instance profile: it finds no credentials.")
        return self.of_profile(account, associated.iam_instance_profile.arn, instance, now)

    def _trusts(self, role: str, account: str, service: str) -> None:
        # EC2 sends no source account when it assumes an instance's role.
        context = {} if service == EC2 else {"aws:sourceaccount": account}
        caller = Principal(account, service, service=service)
        if why := denial(Need("sts:AssumeRole", role, context), caller, trust_of(account, role)):
            raise RoleRefused(f"{service} is not authorized to perform: sts:AssumeRole on resource: {role} {why}")


def _account_of(role: str) -> str:
    return role.split(":")[4] if role.count(":") >= 5 else ""


def _drivers_account(role: str, namespace: str) -> str:
    """The service account of an EMR on EKS driver.

    EMR on EKS names these accounts emr-containers-sa-spark-driver-<account>-<the role's name in base 36>, as the AWS
    CLI's `emr-containers update-role-trust-policy` writes them.
    """
    encoded = _base36(role.rpartition("/")[2])
    return f"system:serviceaccount:{namespace}:emr-containers-sa-spark-driver-{_account_of(role)}-{encoded}"


def _trusts_subject(role: str, account: str, subject: str) -> bool:
    """Whether a role's trust lets a service account assume it by an OIDC provider."""
    for statement in trust_of(account, role).statements:
        for provider in statement.principals.get("Federated", ()):
            issuer = provider.partition(":oidc-provider/")[2]
            context = {f"{issuer}:sub".lower(): subject, f"{issuer}:aud".lower(): "sts.amazonaws.com"}
            need = Need("sts:AssumeRoleWithWebIdentity", role, context)
            if issuer and statement.effect == "Allow" and statement.applies(need):
                return True
    return False


def _base36(text: str) -> str:
    """A text's bytes as one number in base 36."""
    number, digits = int.from_bytes(text.encode(), "big"), ""
    while number:
        number, rest = divmod(number, 36)
        digits = _BASE36[rest] + digits
    return digits


def _assumed(role: str, account: str, name: str) -> Credentials:
    options = {"policy": "", "duration": int(_SESSION.total_seconds()), "external_id": ""}
    made = sts_backends[account][PARTITION].assume_role(
        region_name="us-east-1", role_session_name=name, role_arn=role, **options
    )
    return Credentials(made.access_key_id, made.secret_access_key, made.session_token)
