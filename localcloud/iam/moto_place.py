"""Facts that a call does not contain, read from moto's backends in this process: keys, ARNs, roles, tags, policies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.athena.models import athena_backends
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sns.models import sns_backends

from localcloud.iam.decision import NO_POLICY, ResourcePolicy
from localcloud.iam.needs import Place
from localcloud.iam.policies import Need
from localcloud.iam.principals import parsed

PARTITION = "aws"


class MotoPlace(Place):
    """An account and a region in moto."""

    def bucket_key(self, bucket: str) -> str | None:
        found = s3_backends[self.account][PARTITION].buckets.get(bucket)
        if found is None or not found.encryption:
            return None
        key = found.encryption["Rule"]["ApplyServerSideEncryptionByDefault"].get("KMSMasterKeyID")
        return self._key_arn(key)

    def topic_key(self, arn: str) -> str | None:
        topic = sns_backends[self.account][self.region].topics.get(arn)
        return self._key_arn(topic.kms_master_key_id) if topic else None

    def secret_key(self, secret: str) -> str | None:
        found = self._secret(secret)
        return self._key_arn(found.kms_key_id) if found else None

    def secret_arn(self, secret: str) -> str:
        found = self._secret(secret)
        return str(found.arn) if found else super().secret_arn(secret)

    def workgroup_of(self, query: str) -> str:
        found = athena_backends[self.account][self.region].named_queries.get(query)
        return str(found.workgroup.name) if found else ""

    def role_of(self, profile: str) -> str:
        found = instance_profile(self.account, profile)
        return str(found.roles[0].arn) if found and found.roles else super().role_of(profile)

    def object_is_there(self, bucket: str, key: str) -> bool:
        """Whether S3 has a current object with that key."""
        found = s3_backends[self.account][PARTITION].buckets.get(bucket)
        return found is not None and found.keys.get(key) is not None

    def tags_of(self, arn: str) -> dict[str, str]:
        """The tags of a role, a policy or an instance profile."""
        iam = iam_backends[self.account][PARTITION]
        entities = (*iam.roles.values(), *iam.instance_profiles.values(), *iam.managed_policies.values())
        return next((_tags(entity.tags) for entity in entities if entity.arn == arn), {})

    def policy_of(self, need: Need) -> ResourcePolicy:
        """The policy of the resource that a need refers to. Raises policies.Unsupported."""
        service = need.action.partition(":")[0].lower()
        if service == "s3" and need.resource != "*":
            bucket = need.resource.removeprefix("arn:aws:s3:::").partition("/")[0]
            found = s3_backends[self.account][PARTITION].buckets.get(bucket)
            return _policy(found.policy if found else None)
        if service == "kms" and need.resource != "*":
            key = self._key(need.resource)
            return _policy(key.policy if key else None, decides=True)
        if service == "sns":
            topic = sns_backends[self.account][self.region].topics.get(need.resource)
            return _policy(topic.policy if topic else None)
        if service == "secretsmanager":
            secret = self._secret(need.resource)
            return _policy(secret.policy if secret else None)
        if need.action == "sts:AssumeRole":
            return trust_of(self.account, need.resource)
        return NO_POLICY

    def _secret(self, named: str) -> Any:
        return secretsmanager_backends[self.account][self.region].secrets.get(named)

    def _key(self, named: str) -> Any:
        kms = kms_backends[self.account][self.region]
        if ":alias/" in named or named.startswith("alias/"):
            named = kms.get_key_id_from_alias(f"alias/{named.rpartition('alias/')[2]}") or ""
        return kms.keys.get(named.rpartition("/")[2])

    def _key_arn(self, named: str | None) -> str | None:
        """The ARN of one of the account's own KMS keys; None for an AWS-managed key, which needs no permission."""
        if not named or "alias/aws/" in named:
            return None
        key = self._key(named)
        return str(key.arn) if key else named


def instance_profile(account: str, named: str) -> Any:
    """An instance profile by name or ARN; None if there is none."""
    profiles = iam_backends[account][PARTITION].instance_profiles.values()
    return next((profile for profile in list(profiles) if named in (profile.name, profile.arn)), None)


def trust_of(account: str, role_arn: str) -> ResourcePolicy:
    """The trust policy of a role; empty if the role does not exist."""
    roles = list(iam_backends[account][PARTITION].roles.values())
    role = next((role for role in roles if role.arn == role_arn), None)
    return _policy(role.assume_role_policy_document if role else None, decides=True)


def _policy(document: Any, *, decides: bool = False) -> ResourcePolicy:
    text = document.decode() if isinstance(document, bytes) else document
    return ResourcePolicy(parsed("resource", text) if text else (), decides)


def _tags(kept: Any) -> dict[str, str]:
    listed = kept.values() if isinstance(kept, Mapping) else kept or ()
    return {tag["Key"]: tag["Value"] for tag in listed}
