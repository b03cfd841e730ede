"""AWS's Signature Version 4: parse a request's signature and compute the right one. Pure.

Of a body sent in signed chunks only the first signature is checked, which covers the head, not those of the chunks:
whoever can change a body on its way to 127.0.0.1 can read the key as well.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes

ALGORITHM = "AWS4-HMAC-SHA256"
# Values of x-amz-content-sha256 for a body without a single hash.
_NO_HASH = re.compile(r"UNSIGNED-PAYLOAD|STREAMING-[A-Z0-9-]+")
_HEADER = re.compile(
    rf"{ALGORITHM} +Credential=([^/,\s]+)/(\d{{8}})/([^/,\s]+)/([^/,\s]+)/aws4_request *, *"
    r"SignedHeaders=([^,\s]+) *, *Signature=([0-9a-f]{64})"
)
_TIME = "%Y%m%dT%H%M%SZ"
_SKEW = timedelta(minutes=15)
# Services whose path is quoted once; for all others the quoted path is normalised and quoted again.
_QUOTED_ONCE = {"s3", "s3express", "s3-object-lambda", "s3-outposts"}


@dataclass(frozen=True)
class Request:
    """The signed parts of a request. path, query: as sent, still quoted. header: a value by its lower-case name, '' if
    not sent."""

    method: str
    path: str
    query: str
    header: Callable[[str], str]


@dataclass(frozen=True)
class Scope:
    """The scope of a signature: a day, a region, a service."""

    day: str
    region: str
    service: str

    def __str__(self) -> str:
        return f"{self.day}/{self.region}/{self.service}/aws4_request"


@dataclass(frozen=True)
class Claim:
    """The signature that a request claims."""

    access_key: str
    scope: Scope
    at: str
    signed: tuple[str, ...]
    signature: str = ""
    token: str = ""

    def timely(self, now: datetime) -> bool:
        """Whether it was signed now, within the tolerated clock difference."""
        try:
            begun = datetime.strptime(self.at, _TIME).replace(tzinfo=UTC)
        except ValueError:
            return False
        return self.at[:8] == self.scope.day and abs(now - begun) <= _SKEW


def claimed(request: Request) -> Claim | None:
    """The signature in a request's Authorization header; None when there is none.

    Presigned URLs carry it elsewhere and are not accepted: nothing here creates one, and one would allow more than it
    names, as moto looks for the service of such a request in its body, which is not signed.
    """
    found = _HEADER.fullmatch(request.header("authorization").strip())
    if found is None:
        return None
    key, day, region, service, signed, made = found.groups()
    at, token = request.header("x-amz-date"), request.header("x-amz-security-token")
    return Claim(key, Scope(day, region, service), at, tuple(signed.split(";")), made, token)


def payload(request: Request) -> str | None:
    """The literal that replaces the body's hash in the signature; None when it is the hash."""
    said = request.header("x-amz-content-sha256")
    return said if _NO_HASH.fullmatch(said) else None


def right(request: Request, claim: Claim, payload_hash: str, secret: str) -> bool:
    """Whether the signature is the one made with the secret, and covers at least the host."""
    expected = signature(request, claim, payload_hash, secret)
    return "host" in claim.signed and hmac.compare_digest(claim.signature.encode(), expected.encode())


def signature(request: Request, claim: Claim, payload_hash: str, secret: str) -> str:
    """The right signature of a request."""
    canonical = "\n".join(
        (
            request.method,
            _canonical_path(request.path, claim.scope.service),
            _canonical_query(request.query),
            *(f"{name}:{' '.join(request.header(name).split())}" for name in claim.signed),
            "",
            ";".join(claim.signed),
            payload_hash,
        )
    )
    digest = hashlib.sha256(canonical.encode("latin-1", "replace")).hexdigest()
    to_sign = f"{ALGORITHM}\n{claim.at}\n{claim.scope}\n{digest}"
    return hmac.new(_signing_key(secret, claim.scope), to_sign.encode(), "sha256").hexdigest()


def authorization(request: Request, claim: Claim, payload_hash: str, secret: str) -> str:
    """The Authorization header of the claim, with the right signature."""
    made, credential = signature(request, claim, payload_hash, secret), f"{claim.access_key}/{claim.scope}"
    return f"{ALGORITHM} Credential={credential}, SignedHeaders={';'.join(claim.signed)}, Signature={made}"


def body_hash(body: bytes) -> str:
    """The hash of a body in a signature."""
    return hashlib.sha256(body).hexdigest()


def moment(now: datetime) -> str:
    """A time in x-amz-date's format; its first eight characters are the scope's day."""
    return now.astimezone(UTC).strftime(_TIME)


@lru_cache(maxsize=256)
def _signing_key(secret: str, scope: Scope) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (scope.day, scope.region, scope.service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _canonical_path(path: str, service: str) -> str:
    if service in _QUOTED_ONCE:
        return "/".join(map(_requoted, path.split("/")))  # a slash in a name (an ARN) stays %2F
    return quote(_normalised(path), safe="/-_.~")


def _normalised(path: str) -> str:
    """The path without empty parts, `.` and `..`; a trailing slash stays."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    end = "/" if parts and path.endswith("/") else ""
    return f"/{'/'.join(parts)}{end}"


def _canonical_query(query: str) -> str:
    pairs = (part.partition("=") for part in query.split("&") if part)
    quoted = ((_requoted(name), _requoted(value)) for name, _, value in pairs)
    return "&".join(f"{name}={value}" for name, value in sorted(quoted))


def _requoted(part: str) -> str:
    return quote(unquote_to_bytes(part), safe="-_.~")
