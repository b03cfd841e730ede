"""The API over HTTP: a WSGI application that checks the caller, finds the verb, and sends what it returns."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from localcloud.kubernetes import discovery, selectors
from localcloud.kubernetes.access import OPEN, Access, User
from localcloud.kubernetes.errors import ApiError, Json, bad_request, not_allowed, unknown_path
from localcloud.kubernetes.garbage import BACKGROUND, ORPHAN, Deletion
from localcloud.kubernetes.kinds import Kind
from localcloud.kubernetes.resources import Patch, Resources, Write
from localcloud.kubernetes.routes import Request, Route, request_of, route_of
from localcloud.kubernetes.subresources import Below, Subresources
from localcloud.kubernetes.tables import table
from localcloud.kubernetes.times import Clock
from localcloud.kubernetes.watch import Watch

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = logging.getLogger(__name__)
_JSON = "application/json"
_PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
Sent = Json | bytes | Iterable[bytes]
# method -> (verb on an object, verb on the collection)
_VERBS = {
    "GET": ("read", "list"),
    "POST": ("", "create"),
    "PUT": ("replace", ""),
    "PATCH": ("patch", ""),
    "DELETE": ("delete", "delete_all"),
}


class HttpApi:
    """One API server, without its listener."""

    def __init__(self, resources: Resources, access: Access, below: Subresources, clock: Clock) -> None:
        self._resources, self._access, self._below, self._clock = resources, access, below, clock
        self.stopping = False

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = request_of(environ)
        try:
            user = self._access.check(request.path, request.headers)
            status, sent = self._answer(request, user)
        except ApiError as error:
            status, sent = int(error.status), error.body()
        except Exception as error:
            log.exception("the Kubernetes API broke on %s %s", request.method, request.path)
            message = f"Internal error occurred: {error!r}"
            status, sent = 500, ApiError(HTTPStatus.INTERNAL_SERVER_ERROR, "InternalError", message).body()
        return _send(status, sent, request, start_response)

    def _answer(self, request: Request, user: User) -> tuple[int, Sent]:
        if request.path in OPEN:
            return 200, b"ok"
        route = route_of(request.path)
        if route is None:
            return 200, self._discovered(request)
        if review := self._below.review(route, request.body, user):
            return 201, review
        kind = self._resources.kind(route.group, route.version, route.plural)
        if not kind.namespaced and route.namespace:
            raise unknown_path()
        if route.below and not (route.below == "status" and kind.status):
            found = self._below.answer(Below(kind, route, request))
            return found.status, found.sent
        one, every = _VERBS.get(request.method, ("", ""))
        verb = one if route.name else every
        if not verb or (verb == "create" and kind.namespaced and not route.namespace):
            raise not_allowed()
        act: Callable[[Kind, Route, Request], tuple[int, Sent]] = getattr(self, f"_{verb}")
        return act(kind, route, request)

    def _discovered(self, request: Request) -> Sent:
        parts = [part for part in request.path.split("/") if part]
        kinds = self._resources.kinds()
        if parts == ["openapi", "v2"] and "protobuf" in request.headers.get("accept", ""):
            return b""  # an empty document
        fixed = {"version": discovery.version, "api": discovery.core_versions}
        fixed |= {"openapi/v2": discovery.openapi_v2, "openapi/v3": discovery.openapi_v3}
        if found := fixed.get("/".join(parts)):
            return found()
        if parts[:1] == ["apis"] and len(parts) < 3:
            return discovery.group(kinds, parts[1]) if parts[1:] else discovery.groups(kinds)
        if parts[:1] in (["api"], ["apis"]):
            return discovery.resources(kinds, "/".join(parts[1:]))
        raise unknown_path()

    def _read(self, kind: Kind, route: Route, request: Request) -> tuple[int, Sent]:
        return 200, self._shown(kind, request, self._resources.get(kind, route.namespace, route.name))

    def _list(self, kind: Kind, route: Route, request: Request) -> tuple[int, Sent]:
        accept = selectors.both(request.query.get("labelSelector", ""), request.query.get("fieldSelector", ""))
        if request.flag("watch"):
            return 200, self._watch(kind, route, request, accept)
        items, version = self._resources.list(kind, route.namespace, accept)
        items, metadata = _page(items, version, request)
        if request.wants_table:
            return 200, {**table(kind, items, version, self._clock()), "metadata": metadata}
        return 200, {
            "kind": f"{kind.name}List",
            "apiVersion": kind.api_version,
            "metadata": metadata,
            "items": items,
        }

    def _watch(self, kind: Kind, route: Route, request: Request, accept: selectors.Test) -> Watch:
        return Watch(
            *(self._resources.store, kind, route.namespace, accept),
            since=request.number("resourceVersion") or 0,
            seconds=float(request.number("timeoutSeconds") or 1800),
            bookmarks=request.flag("allowWatchBookmarks"),
            initial=request.flag("sendInitialEvents"),
            shown=lambda item: self._shown(kind, request, item),
            ended=lambda: self.stopping,
        )

    def _create(self, kind: Kind, route: Route, request: Request) -> tuple[int, Sent]:
        made = self._resources.create(kind, route.namespace, request.body, _write(route, request))
        return 201, self._shown(kind, request, made)

    def _replace(self, kind: Kind, route: Route, request: Request) -> tuple[int, Sent]:
        made = self._resources.replace(kind, route.namespace, route.name, request.body, _write(route, request))
        return 200, self._shown(kind, request, made)

    def _patch(self, kind: Kind, route: Route, request: Request) -> tuple[int, Sent]:
        existed = self._resources.find(kind, route.namespace, route.name) is not None
        made = self._resources.patch(
            *(kind, route.namespace, route.name),
            Patch(request.content_type, request.body),
            _write(route, request),
        )
        return 200 if existed else 201, self._shown(kind, request, made)

    def _delete(self, kind: Kind, route: Route, request: Request) -> tuple[int, Sent]:
        item = self._resources.delete(kind, route.namespace, route.name, deletion(request))
        if kind.plural == "pods" or self._resources.find(kind, route.namespace, route.name) is not None:
            return 200, item
        details = {"name": route.name, "kind": kind.plural, "uid": item["metadata"]["uid"]}
        details |= {"group": kind.group} if kind.group else {}
        return 200, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}

    def _delete_all(self, kind: Kind, route: Route, request: Request) -> tuple[int, Sent]:
        accept = selectors.both(request.query.get("labelSelector", ""), request.query.get("fieldSelector", ""))
        items, version = self._resources.list(kind, route.namespace, accept)
        options = deletion(request)
        for item in items:
            namespace, name = item["metadata"].get("namespace", ""), item["metadata"]["name"]
            if self._resources.find(kind, namespace, name):  # an earlier one may have owned it
                self._resources.delete(kind, namespace, name, options)
        metadata = {"resourceVersion": str(version)}
        return 200, {"kind": f"{kind.name}List", "apiVersion": kind.api_version, "metadata": metadata, "items": items}

    def _shown(self, kind: Kind, request: Request, item: Json) -> Json:
        if not request.wants_table:
            return item
        now: datetime = self._clock()
        return table(kind, [item], item["metadata"]["resourceVersion"], now)


def deletion(request: Request) -> Deletion:
    """The options of a delete, from its body, else from its query. Raises ApiError 400."""
    body = request.body if isinstance(request.body, dict) else {}
    grace = body.get("gracePeriodSeconds", request.number("gracePeriodSeconds"))
    policy = body.get("propagationPolicy") or request.query.get("propagationPolicy") or BACKGROUND
    if body.get("orphanDependents"):
        policy = ORPHAN
    if policy not in (BACKGROUND, "Foreground", ORPHAN):
        raise bad_request(f"invalid propagationPolicy {policy!r}")
    return Deletion(grace, policy, body.get("preconditions") or {}, bool(body.get("dryRun") or _dry_run(request)))


def _dry_run(request: Request) -> bool:
    return request.query.get("dryRun") == "All"


def _write(route: Route, request: Request) -> Write:
    applies = request.content_type.startswith("application/apply-patch")
    manager = request.query.get("fieldManager", "") if applies else request.manager
    return Write(manager, route.below, _dry_run(request), request.flag("force"))


def _page(items: list[Json], version: int, request: Request) -> tuple[list[Json], Json]:
    """The part of a list that a limit leaves, with the token that continues it."""
    start = 0
    if token := request.query.get("continue"):
        try:
            version, start = json.loads(base64.urlsafe_b64decode(token))
        except ValueError:
            raise bad_request("continue key is not valid") from None
    limit = request.number("limit") or len(items)
    page, left = items[start : start + limit], len(items) - start - limit
    metadata: Json = {"resourceVersion": str(version)}
    if left > 0:
        token = base64.urlsafe_b64encode(json.dumps([version, start + limit]).encode()).decode()
        metadata |= {"continue": token, "remainingItemCount": left}
    return page, metadata


def _send(status: int, sent: Sent, request: Request, start_response: StartResponse) -> Iterable[bytes]:
    line = f"{status} {HTTPStatus(status).phrase}"
    if isinstance(sent, dict):
        data = json.dumps(sent).encode()
        start_response(line, [("Content-Type", _JSON), ("Content-Length", str(len(data)))])
        return [data]
    if isinstance(sent, bytes):
        kind = _PROTOBUF if request.path == "/openapi/v2" else "text/plain"
        start_response(line, [("Content-Type", kind), ("Content-Length", str(len(sent)))])
        return [sent]
    stream: Any = sent
    start_response(line, [("Content-Type", _JSON if isinstance(stream, Watch) else "text/plain")])
    return sent
