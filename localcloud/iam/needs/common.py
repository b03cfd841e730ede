"""What the tables of needs share: where calls were made, keys, tags, and what happens with an unknown call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.iam.policies import Need

Call = Mapping[str, Any]


@dataclass(frozen=True)
class Place:
    """Where the calls were made, and which key each bucket encrypts with (none: S3's own, which asks nobody)."""

    region: str
    account: str
    keys: Mapping[str, str] = field(default_factory=dict)

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"


class Unmapped(LookupError):
    """A call that nobody looked up yet."""

    def __init__(self, call: Call) -> None:
        super().__init__(
            f"{call['service']}:{call['operation']} was called and localcloud/iam/needs does not know what it needs: look it"
            " up in AWS's Service Authorization Reference and add it."
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
