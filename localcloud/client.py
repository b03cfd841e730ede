"""A small client of a running server's own API: signed calls for faults, clusters and calls; health needs no key."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from localcloud import sigv4
from localcloud.credentials import Access, Credentials, named
from localcloud.errors import ServerError

PREFIX = "/_localcloud/"
HEALTH = f"{PREFIX}health"  # open to everybody, so it says nothing but that the server is up
SERVICE = "localcloud"  # the service name in signatures
_TIMEOUT_SECONDS = 60
_NAMING_SECONDS = 120  # the server names the operations of thousands of calls when they are requested
# The server is on this machine: a proxy from the environment must not be used.
_OPENER = build_opener(ProxyHandler({}))


def health(endpoint: str) -> dict[str, Any]:
    """The server's health, which needs no key. Raises ServerError when no server answers."""
    answer: dict[str, Any] = _asked(Request(f"{endpoint.rstrip('/')}{HEALTH}"), _TIMEOUT_SECONDS)  # noqa: S310
    return answer


class Client:
    """Calls a server with its key. Every method raises ServerError on failure."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def clusters(self) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = self._call("GET", "clusters")
        return answer

    def calls(self) -> list[dict[str, Any]]:
        """The AWS calls that the server has received, oldest first (localcloud.recorder)."""
        answer: list[dict[str, Any]] = self._call("GET", "calls", timeout=_NAMING_SECONDS)
        return answer

    def forget_calls(self) -> int:
        """Delete the recorded calls; returns how many there were."""
        return int(self._call("DELETE", "calls")["cleared"])

    def faults(self) -> list[dict[str, Any]]:
        """The armed faults, oldest first."""
        answer: list[dict[str, Any]] = self._call("GET", "faults")
        return answer

    def add_fault(self, kind: str, **options: Any) -> dict[str, Any]:
        """Arm a fault (localcloud.faults.FaultKind; options are Fault's fields) and return it with its id."""
        answer: dict[str, Any] = self._call("POST", "faults", {"kind": kind, **options})
        return answer

    def clear_faults(self, fault_id: str | None = None) -> int:
        """Disarm one fault, or all; returns the number disarmed."""
        return int(self._call("DELETE", f"faults/{fault_id}" if fault_id else "faults")["cleared"])

    def session(self, role: str, service: str, name: str) -> Credentials:
        """A session of a role, for an AWS service that the role trusts; only where IAM is enforced."""
        asked = {"role": role, "service": service, "name": name}
        return named(self._call("POST", "sessions", asked))

    def _call(self, method: str, path: str, body: Any = None, timeout: float = _TIMEOUT_SECONDS) -> Any:
        url = f"{self._access.endpoint.rstrip('/')}{PREFIX}{path}"
        data = b"" if body is None else json.dumps(body).encode()
        headers = self._signed(method, url, data)
        return _asked(Request(url, data=data or None, method=method, headers=headers), timeout)  # noqa: S310

    def _signed(self, method: str, url: str, body: bytes) -> dict[str, str]:
        parts, at, key = urlsplit(url), sigv4.moment(datetime.now(UTC)), self._access.credentials
        headers = {"content-type": "application/json", "host": parts.netloc, "x-amz-date": at}
        if key.token:
            headers["x-amz-security-token"] = key.token
        request = sigv4.Request(method, parts.path, parts.query, headers.__getitem__)
        claim = sigv4.Claim(key.access_key, sigv4.Scope(at[:8], "us-east-1", SERVICE), at, tuple(sorted(headers)))
        made = sigv4.authorization(request, claim, sigv4.body_hash(body), key.secret_key)
        return {**headers, "authorization": made}


def _asked(request: Request, timeout: float) -> Any:
    what = f"{request.get_method()} {request.full_url}"
    try:
        with _OPENER.open(request, timeout=timeout) as answer:
            return json.load(answer)
    except HTTPError as error:
        raise ServerError(f"{what} was refused: {error.read().decode(errors='replace')}") from None
    except (URLError, OSError) as error:
        reason = getattr(error, "reason", error)
        raise ServerError(f"no localcloud answers at {request.full_url} ({reason}): is it up?") from None
