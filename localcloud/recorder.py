"""Records every AWS call that the server receives, in IAM's terms; only the newest are kept."""

from __future__ import annotations

import io
import re
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from localcloud import wire
from localcloud.iam.needs import Place, needs
from localcloud.iam.principals import name_of
from localcloud.operations import Request, resolve
from localcloud.wire import Caller

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

MOST_CALLS = 20_000  # a run makes about a thousand
# Services whose resources' tags IAM conditions may use: EMR's clusters and all of EC2, by id; by ARN what runs jobs.
RUN_SERVICES = ("glue", "emr-serverless", "emr-containers")
_TAGGED = re.compile(r"\b(?:j-[0-9A-Z]+|[a-z]+-[0-9a-f]{8,17})\b")
_TAG_MEMBER = re.compile(r"^(?:TagSpecification\.\d+\.|Tags\.member\.|Tag\.)(?:Tag\.)?(\d+)\.(Key|Value)$")
# (account, region, id) -> the resource's current tags.
TagsOf = Callable[[str, str, str], Mapping[str, str]]


@dataclass
class Seen:
    """One received request. status stays 0 for one that was never answered."""

    at: datetime
    caller: Caller
    request: Request
    agent: str
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    status: int = 0


class Recorder:
    """Records requests and returns them as calls. Operations are resolved on reading, not while a caller waits."""

    def __init__(self, tags_of: TagsOf, most: int = MOST_CALLS) -> None:
        self._tags_of, self._lock = tags_of, threading.Lock()
        self._seen: deque[Seen] = deque(maxlen=most)

    def note(
        self, environ: WSGIEnvironment, caller: Caller, account: str, start: StartResponse
    ) -> tuple[Seen, StartResponse]:
        """Record one request; its status is recorded when the returned start_response is called."""
        request = request_of(environ, caller)
        seen = Seen(datetime.now(UTC), caller, request, environ.get("HTTP_USER_AGENT", ""))
        named = _TAGGED.findall(f"{seen.request.query} {seen.request.body.decode(errors='replace')}")
        for resource in {*named, *_of_runs(request, Place(caller.region, account))}:
            if tags := self._tags_of(account, caller.region, resource):
                # Read before the call: a deleted resource has no tags afterwards.
                seen.tags[resource] = dict(tags)
        with self._lock:
            self._seen.append(seen)

        def started(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            seen.status = int(status.split(" ", 1)[0])
            return start(status, headers, exc_info) if exc_info else start(status, headers)

        return seen, started

    def calls(self) -> list[dict[str, Any]]:
        """The calls, oldest first, as plain values."""
        with self._lock:
            kept = list(self._seen)
        return [call_of(seen) for seen in kept]

    def clear(self) -> int:
        """Delete them all; returns how many there were."""
        with self._lock:
            forgotten = len(self._seen)
            self._seen.clear()
        return forgotten


def request_of(environ: WSGIEnvironment, caller: Caller) -> Request:
    """The request in the form of operations.resolve; its body can be read again."""
    headers = {key[5:].replace("_", "-").lower(): str(v) for key, v in environ.items() if key.startswith("HTTP_X_AMZ")}
    return Request(
        caller.service,
        environ["REQUEST_METHOD"],
        wire.path_of(environ),
        environ.get("QUERY_STRING", ""),
        headers,
        _body(environ, caller),
    )


def _of_runs(request: Request, place: Place) -> set[str]:
    """The ARNs that a call about job runs needs permissions on."""
    if request.service not in RUN_SERVICES:
        return set()
    operation = resolve(request)
    call = {**asdict(operation), "operation": operation.name, "request_tags": {}, "resource_tags": {}}
    try:
        return {need.resource for need in needs(call, place)}
    except LookupError:  # unmapped, or without a parameter that it needs: it will be refused
        return set()


def _body(environ: WSGIEnvironment, caller: Caller) -> bytes:
    """The body where it determines the operation. S3's is user data, and is not read here."""
    if caller.service == "s3" or not environ.get("CONTENT_LENGTH"):
        return b""
    body = wire.body_of(environ)
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def call_of(seen: Seen) -> dict[str, Any]:
    """One request as a call: its operation, parameters and tags, as plain values."""
    operation = resolve(seen.request)
    return {
        "at": seen.at.isoformat(timespec="milliseconds"),
        "service": operation.service,
        "operation": operation.name,
        "params": operation.params,
        "request_tags": _request_tags(operation.params),
        "resource_tags": seen.tags,
        "region": seen.caller.region,
        "access_key": seen.caller.access_key,
        "principal": name_of(seen.caller.access_key),
        "user_agent": seen.agent,
        "status": seen.status,
    }


def _request_tags(params: Mapping[str, Any]) -> dict[str, str]:
    """The tags that a call sets on what it creates (IAM's RequestTag), in any of the protocols' forms."""
    for given in (params.get(name) for name in ("Tags", "tags", "TagsToAdd")):
        if isinstance(given, list):
            return {tag["Key"]: tag.get("Value", "") for tag in given if isinstance(tag, dict) and "Key" in tag}
        if isinstance(given, dict):
            return {str(key): str(value) for key, value in given.items()}
    flat: dict[str, dict[str, str]] = {}
    for name, value in params.items():
        if found := _TAG_MEMBER.match(name):
            flat.setdefault(found[1], {})[found[2]] = str(value)
    return {tag["Key"]: tag.get("Value", "") for tag in flat.values() if "Key" in tag}
