"""What the tables of needs share: where calls were made, keys, tags, and what happens with an unknown call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.iam.policies import Need

Call = Mapping[str, Any]


@dataclass(frozen=True)
class Place:
    """Where calls are made, and what they do not say themselves: the key that a bucket, a topic or a secret is
    encrypted with (None: AWS's own, which asks nobody). keys: of buckets by name; "topic" and "secrets" of all such."""

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
        """The whole ARN of a secret, which Secrets Manager ends with six characters of its own."""
        return secret if secret.startswith("arn:") else self.arn("secretsmanager", f"secret:{secret}-AbCdEf")

    def role_of(self, profile: str) -> str:
        """The ARN of the role in an instance profile, by its name or its ARN. The foundation gives both one name."""
        return f"arn:aws:iam::{self.account}:role/{profile.rsplit('/', 1)[-1]}"


class Unmapped(LookupError):
    """A call that nobody looked up yet."""

    def __init__(self, call: Call) -> None:
        super().__init__(
            f"{call['service']}:{call['operation']} was called and localcloud/iam/needs does not know what it needs:"
            " look it up in AWS's Service Authorization Reference and add it."
        )


def with_key(place: Place, key: str | None, service: str, *actions: str) -> Iterator[Need]:
    """A service uses the caller's right to the key: nothing is asked of a key that AWS manages."""
    if key:
        via = {"kms:viaservice": f"{service}.{place.region}.amazonaws.com"}
        yield from (Need(f"kms:{action}", key, via) for action in actions)


def tags(kind: str, given: Mapping[str, str], own_prefix: str = "") -> dict[str, str]:
    """Condition keys of tags: aws:<kind>/<tag>, and the service's own for the same if it has them."""
    prefixes = ("aws", own_prefix) if own_prefix else ("aws",)
    return {f"{prefix}:{kind}/{tag}".lower(): value for prefix in prefixes for tag, value in given.items()}
