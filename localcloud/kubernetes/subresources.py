"""What the API serves below an object: logs, binding, eviction, tokens; and reviews, which are kept nowhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from localcloud.kubernetes.access import Access, User
from localcloud.kubernetes.errors import Json, bad_request, conflict, not_allowed, not_found, unknown_path
from localcloud.kubernetes.garbage import Deletion
from localcloud.kubernetes.kinds import POD, SERVICE_ACCOUNT, Kind
from localcloud.kubernetes.logs import Follow, LogSource, Wanted, text
from localcloud.kubernetes.resources import Resources
from localcloud.kubernetes.routes import Request, Route
from localcloud.kubernetes.times import Clock, stamp

_TOKEN_SECONDS = 3600  # of a TokenRequest that states none
_CREATED: Json = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


@dataclass(frozen=True)
class Below:
    """A call of a subresource."""

    kind: Kind
    route: Route
    request: Request


@dataclass(frozen=True)
class Answer:
    """What is sent for one."""

    status: int
    sent: Json | bytes | Iterable[bytes]


class Subresources:
    """Answers what is no plain read or write of an object. Every method may raise ApiError."""

    def __init__(self, resources: Resources, access: Access, source: LogSource, clock: Clock) -> None:
        self._resources, self._access, self._source, self._clock = resources, access, source, clock

    def answer(self, call: Below) -> Answer:
        """Answer a call of an object's subresource."""
        acts: dict[tuple[Kind, str, str], Callable[[Below], Answer]] = {
            (POD, "log", "GET"): self._log,
            (POD, "binding", "POST"): self._bind,
            (POD, "eviction", "POST"): self._evict,
            (SERVICE_ACCOUNT, "token", "POST"): self._token,
        }
        if not any((kind, below) == (call.kind, call.route.below) for kind, below, _ in acts):
            raise unknown_path()
        act = acts.get((call.kind, call.route.below, call.request.method))
        if act is None:
            raise not_allowed()
        return act(call)

    def review(self, route: Route, body: Json | None, user: User) -> Json | None:
        """The answer of a review; None when the route is none. There is no authorization, so all is allowed."""
        about = (route.group, route.plural)
        if about in (
            ("authorization.k8s.io", "selfsubjectaccessreviews"),
            ("authorization.k8s.io", "subjectaccessreviews"),
        ):
            return {**(body or {}), "status": {"allowed": True, "reason": "localcloud does not authorize"}}
        if about == ("authentication.k8s.io", "selfsubjectreviews"):
            return {**(body or {}), "status": {"userInfo": _info(user)}}
        if about == ("authentication.k8s.io", "tokenreviews"):
            found = self._access.of_token(str(((body or {}).get("spec") or {}).get("token", "")))
            status = {"authenticated": True, "user": _info(found)} if found else {"authenticated": False}
            return {**(body or {}), "status": status}
        return None

    def _log(self, call: Below) -> Answer:
        pod = self._resources.get(POD, call.route.namespace, call.route.name)
        container, request = _container(pod, call.request.query.get("container", "")), call.request
        uid = pod["metadata"]["uid"]
        path = self._source.log(uid, container, previous=request.flag("previous"))
        if path is None:
            raise bad_request(_no_log(pod, container, previous=request.flag("previous")))
        wanted = Wanted(request.number("tailLines"), request.number("limitBytes"))
        if request.flag("follow"):
            return Answer(200, Follow(path, wanted, lambda: self._source.lives(uid, container)))
        return Answer(200, text(path, wanted))

    def _bind(self, call: Below) -> Answer:
        target = str(((call.request.body or {}).get("target") or {}).get("name", ""))
        bind(self._resources, self._clock, call.route.namespace, call.route.name, target)
        return Answer(201, _CREATED)

    def _evict(self, call: Below) -> Answer:
        grace = ((call.request.body or {}).get("deleteOptions") or {}).get("gracePeriodSeconds")
        self._resources.delete(POD, call.route.namespace, call.route.name, Deletion(grace))
        return Answer(201, _CREATED)

    def _token(self, call: Below) -> Answer:
        namespace, account = call.route.namespace, call.route.name
        self._resources.get(SERVICE_ACCOUNT, namespace, account)
        body = call.request.body or {}
        spec = body.get("spec") or {}
        seconds = int(spec.get("expirationSeconds") or _TOKEN_SECONDS)
        token, until = self._access.issue(namespace, account, seconds)
        status = {"token": token, "expirationTimestamp": stamp(until)}
        kept = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest"}
        metadata = {"name": account, "namespace": namespace}
        made = {**kept, "metadata": metadata, "spec": {"audiences": [], **spec, "expirationSeconds": seconds}}
        return Answer(201, {**made, "status": status})


def bind(resources: Resources, clock: Clock, namespace: str, name: str, node: str) -> None:
    """Assign a pod to a node. Raises ApiError 404, 409 when it has one."""

    def bound(pod: Json) -> Json:
        if pod["spec"].get("nodeName"):
            raise conflict(POD.resource, name, f'pod {name} is already assigned to node "{pod["spec"]["nodeName"]}"')
        scheduled = {"type": "PodScheduled", "status": "True", "lastTransitionTime": stamp(clock())}
        others = [one for one in pod["status"].get("conditions", ()) if one["type"] != "PodScheduled"]
        status = {**pod["status"], "conditions": [*others, scheduled]}
        return {**pod, "spec": {**pod["spec"], "nodeName": node}, "status": status}

    if resources.edit(POD, namespace, name, bound) is None:
        raise not_found(POD.resource, name)


def _container(pod: Json, wanted: str) -> str:
    """The container whose log is asked for; the only one when none is named."""
    spec, name = pod["spec"], pod["metadata"]["name"]
    known = [one["name"] for one in (*spec.get("initContainers", ()), *spec["containers"])]
    if wanted and wanted not in known:
        raise bad_request(f"container {wanted} is not valid for pod {name}")
    if not wanted and len(spec["containers"]) > 1:
        raise bad_request(f"a container name must be specified for pod {name}, choose one of: [{' '.join(known)}]")
    return wanted or str(spec["containers"][0]["name"])


def _no_log(pod: Json, container: str, *, previous: bool) -> str:
    name = pod["metadata"]["name"]
    if previous:
        return f'previous terminated container "{container}" in pod "{name}" not found'
    statuses = [one for one in pod["status"].get("containerStatuses", ()) if one["name"] == container]
    reason = statuses[0].get("state", {}).get("waiting", {}).get("reason") if statuses else None
    return f'container "{container}" in pod "{name}" is waiting to start: {reason or "ContainerCreating"}'


def _info(user: User) -> Json:
    return {"username": user.name, "groups": list(user.groups)}
