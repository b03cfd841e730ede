"""Code shared by the tables of needs: the calls' account and region, keys, tags, and the error for an unknown call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.iam.policies import Need

Call = Mapping[str, Any]


@dataclass(frozen=True)
class Place:
    """Account and region of the calls, and facts that the calls do not contain: the key that encrypts a bucket, a topic
    or a secret (None: AWS-managed, needs no permission). keys: by bucket name; "topic" and "secrets" for all of
    these."""

    region: str
    account: str
    keys: Mapping[str, str] = field(default_factory=dict)

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"

    def bucket_key(self, bucket: str) -> str | None:
        """The key that a bucket encrypts with."""
        return self.keys.get(bucket)

    def topic_key(self, arn: str) -> str | None:  # noqa: ARG002
        """The key that a topic encrypts with."""
        return self.keys.get("topic")

    def secret_key(self, secret: str) -> str | None:  # noqa: ARG002
        """The key that a secret is encrypted with, by its name or its ARN."""
        return self.keys.get("secrets")

    def secret_arn(self, secret: str) -> str:
        """The full ARN of a secret, to which Secrets Manager appends six random characters."""
        return secret if secret.startswith("arn:") else self.arn("secretsmanager", f"secret:{secret}-AbCdEf")

    def workgroup_of(self, query: str) -> str:  # noqa: ARG002
        """The workgroup of a saved query of Athena, '' if that is not known."""
        return ""

    def role_of(self, profile: str) -> str:
        """The ARN of the role in an instance profile, given by name or ARN. The foundation gives both the same name."""
        return f"arn:aws:iam::{self.account}:role/{profile.rsplit('/', 1)[-1]}"


class Unmapped(LookupError):
    """A call whose permissions have not been looked up yet."""

    def __init__(self, call: Call) -> None:
        super().__init__(
            f"{call['service']}:{call['operation']} was called and localcloud/iam/needs does not know what it needs:"
            " look it up in AWS's Service Authorization Reference and add it."
        )


def with_key(place: Place, key: str | None, service: str, *actions: str) -> Iterator[Need]:
    """A service uses the caller's permission on the key; an AWS-managed key needs none."""
    if key:
        via = {"kms:viaservice": f"{service}.{place.region}.amazonaws.com"}
        yield from (Need(f"kms:{action}", key, via) for action in actions)


def tags(kind: str, given: Mapping[str, str], own_prefix: str = "") -> dict[str, str]:
    """The condition keys for tags: aws:<kind>/<tag>, and the service's own equivalent if it has one."""
    prefixes = ("aws", own_prefix) if own_prefix else ("aws",)
    return {f"{prefix}:{kind}/{tag}".lower(): value for prefix in prefixes for tag, value in given.items()}
