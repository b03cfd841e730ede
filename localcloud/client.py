"""A small client of a running server's own API: health, faults, clusters, calls."""

from __future__ import annotations

import json
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

from localcloud.errors import ServerError

_TIMEOUT_SECONDS = 10
_NAMING_SECONDS = 120  # thousands of calls are given their names when they are asked for
# The server is on this machine: a proxy from the environment must not come between.
_OPENER = build_opener(ProxyHandler({}))


class Client:
    """Asks the server at an endpoint (http://127.0.0.1:PORT). Every method raises ServerError if it cannot."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint.rstrip("/")

    def health(self) -> dict[str, Any]:
        answer: dict[str, Any] = self._call("GET", "health")
        return answer

    def clusters(self) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = self._call("GET", "clusters")
        return answer

    def calls(self) -> list[dict[str, Any]]:
        """The AWS calls that the server was asked, oldest first (localcloud.recorder)."""
        answer: list[dict[str, Any]] = self._call("GET", "calls", timeout=_NAMING_SECONDS)
        return answer

    def forget_calls(self) -> int:
        """Forget the recorded calls; the number forgotten."""
        return int(self._call("DELETE", "calls")["cleared"])

    def faults(self) -> list[dict[str, Any]]:
        """The armed faults, oldest first."""
        answer: list[dict[str, Any]] = self._call("GET", "faults")
        return answer

    def add_fault(self, kind: str, **options: Any) -> dict[str, Any]:
        """Arm a fault (localcloud.faults.FaultKind; options are Fault's fields) and give it back with its id."""
        answer: dict[str, Any] = self._call("POST", "faults", {"kind": kind, **options})
        return answer

    def clear_faults(self, fault_id: str | None = None) -> int:
        """Disarm one fault, or all; the number disarmed."""
        return int(self._call("DELETE", f"faults/{fault_id}" if fault_id else "faults")["cleared"])

    def _call(self, method: str, path: str, body: Any = None, timeout: float = _TIMEOUT_SECONDS) -> Any:
        url = f"{self.endpoint}/_localcloud/{path}"
        data = None if body is None else json.dumps(body).encode()
        request = Request(url, data=data, method=method, headers={"Content-Type": "application/json"})  # noqa: S310
        try:
            with _OPENER.open(request, timeout=timeout) as answer:
                return json.load(answer)
        except HTTPError as error:
            raise ServerError(f"{method} {url} was refused: {error.read().decode(errors='replace')}") from None
        except (URLError, OSError) as error:
            reason = getattr(error, "reason", error)
            raise ServerError(f"no localcloud answers at {url} ({reason}): is it up?") from None
