"""EKS's bearer tokens: `k8s-aws-v1.` and a presigned sts:GetCallerIdentity, as aws-iam-authenticator checks them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from localcloud import sigv4

PREFIX = "k8s-aws-v1."
CLUSTER_HEADER = "x-k8s-aws-id"
_LONGEST = timedelta(minutes=15)  # that a token lives after its signature (aws-iam-authenticator, pkg/token/token.go)
_SKEW = timedelta(minutes=5)
_TIME = "%Y%m%dT%H%M%SZ"
_ACTION = {"Action": "GetCallerIdentity", "Version": "2011-06-15"}
# The members that a token's URL may have; the authenticator refuses any other.
_MEMBERS = {
    *_ACTION,
    *("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-Security-Token"),
    *("X-Amz-Signature", "X-Amz-SignedHeaders"),
}
# (access key, session token, now) -> the secret; None for an invalid key.
SecretOf = Callable[[str, str, datetime], str | None]


@dataclass(frozen=True)
class Presigned:
    """The request in a token. query: as sent, without the signature."""

    host: str
    path: str
    query: str
    claim: sigv4.Claim


def parse(token: str) -> Presigned | None:
    """The request in a token of EKS's form; None for any other token."""
    if not token.startswith(PREFIX):
        return None
    encoded = token.removeprefix(PREFIX)
    try:
        url = urlsplit(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode())
        return _presigned(url.netloc, url.path, url.query)
    except (binascii.Error, UnicodeDecodeError, KeyError, ValueError):
        return None


def cluster_of(presigned: Presigned, clusters: Iterable[str], secret_of: SecretOf, now: datetime) -> str | None:
    """The cluster that a token was signed for; None when its signature is wrong, too old, or for another one."""
    if not timely(presigned, now):
        return None
    secret = secret_of(presigned.claim.access_key, presigned.claim.token, now)
    if secret is None:
        return None
    return next((name for name in clusters if _signed_for(name, presigned, secret)), None)


def timely(presigned: Presigned, now: datetime) -> bool:
    """Whether the signature is of the last quarter of an hour."""
    signed = datetime.strptime(presigned.claim.at, _TIME).replace(tzinfo=UTC)
    return presigned.claim.at[:8] == presigned.claim.scope.day and -_SKEW <= now - signed <= _LONGEST


def _presigned(host: str, path: str, query: str) -> Presigned:
    given = {name: values[-1] for name, values in parse_qs(query, strict_parsing=True).items()}
    if set(given) - _MEMBERS or given["X-Amz-Algorithm"] != sigv4.ALGORITHM:
        raise ValueError(query)
    if any(given[name] != value for name, value in _ACTION.items()):
        raise ValueError(query)
    key, day, region, service, _ = given["X-Amz-Credential"].split("/")
    signed = tuple(given["X-Amz-SignedHeaders"].split(";"))
    datetime.strptime(given["X-Amz-Date"], _TIME)  # noqa: DTZ007 - only whether it is a time
    if service != "sts" or CLUSTER_HEADER not in signed:
        raise ValueError(query)
    claim = sigv4.Claim(
        *(key, sigv4.Scope(day, region, service), given["X-Amz-Date"], signed),
        signature=given["X-Amz-Signature"],
        token=given.get("X-Amz-Security-Token", ""),
    )
    kept = "&".join(part for part in query.split("&") if not part.startswith("X-Amz-Signature="))
    return Presigned(host, path or "/", kept, claim)


def _signed_for(cluster: str, presigned: Presigned, secret: str) -> bool:
    headers = {"host": presigned.host, CLUSTER_HEADER: cluster}
    request = sigv4.Request("GET", presigned.path, presigned.query, lambda name: headers.get(name, ""))
    return sigv4.right(request, presigned.claim, sigv4.body_hash(b""), secret)
