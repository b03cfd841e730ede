"""Resolve an HTTP request to its AWS operation and parameters, by botocore's service models."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote

import botocore.session
from botocore.exceptions import UnknownServiceError
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

# Services whose name in signatures differs from botocore's.
BOTOCORE_NAMES = {
    "airflow": "mwaa",
    "elasticmapreduce": "emr",
    "monitoring": "cloudwatch",
    "tagging": "resourcegroupstaggingapi",
}
UNKNOWN = "?"
_PLACE = re.compile(r"\\\{(\w+)(\\\+)?\\\}")


@dataclass(frozen=True)
class Request:
    """The parts of an HTTP request that determine its operation. service: as signed. path: as sent, still quoted.
    headers: lower case. body: empty for S3, where it is user data."""

    service: str
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Operation:
    """service: botocore's name; name: '?' when no model knows the request.

    Parameters of JSON and REST protocols have botocore's names; of query protocols they are flat, as sent
    (TagSpecification.1.Tag.1.Key).
    """

    service: str
    name: str
    params: dict[str, Any] = field(default_factory=dict)


def resolve(request: Request) -> Operation:
    """The operation of a request. Members that the model marks as sensitive are left out of its parameters."""
    found = called(request)
    if found.name == UNKNOWN:
        return found
    shape = service_model(found.service).operation_model(found.name).input_shape
    return Operation(found.service, found.name, _public(shape, found.params))


def called(request: Request) -> Operation:
    """The operation of a request with all its parameters, for the service that answers it."""
    service = BOTOCORE_NAMES.get(request.service, request.service)
    try:
        model = service_model(service)
    except UnknownServiceError:
        return Operation(service, UNKNOWN)
    name, params = _named(request, model)
    return Operation(service, name, params) if name in model.operation_names else Operation(service, UNKNOWN)


@functools.cache
def service_model(service: str) -> ServiceModel:
    """botocore's model of a service. Raises botocore's UnknownServiceError."""
    return botocore.session.get_session().get_service_model(service)


def _named(request: Request, model: ServiceModel) -> tuple[str, dict[str, Any]]:
    if target := request.headers.get("x-amz-target"):
        prefix, _, name = target.rpartition(".")
        # An operation of one service signed for another is a call of neither.
        return (name, _json(request.body)) if prefix == model.metadata.get("targetPrefix") else (UNKNOWN, {})
    if str(model.metadata["protocol"]) in ("query", "ec2"):
        if request.body and request.query:
            return UNKNOWN, {}  # no SDK's request leaves open which of the two it is
        form = dict(parse_qsl(request.body.decode(errors="replace") or request.query, keep_blank_values=True))
        return form.pop("Action", UNKNOWN), form
    return _by_route(request, model)


def _json(body: bytes) -> dict[str, Any]:
    """The parameters of a JSON call; empty when the body is no JSON object, which the service refuses."""
    try:
        params = json.loads(body or b"{}")
    except ValueError:
        return {}
    return params if isinstance(params, dict) else {}


def _public(shape: Shape | None, value: Any) -> Any:
    """The value without its sensitive members, at any depth."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        # Flat parameters of query protocols begin with their member's name.
        members = {name: shape.members.get(name.split(".", 1)[0]) for name in value}
        return {name: _public(members[name], value[name]) for name in value if not _is_sensitive(members[name])}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_public(shape.member, item) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {name: _public(shape.value, item) for name, item in value.items()}
    return value


def _is_sensitive(shape: Shape | None) -> bool:
    return shape is not None and bool(shape.metadata.get("sensitive"))


@dataclass(frozen=True)
class Route:
    """One REST operation: the method, path, query and headers of its requests."""

    operation: OperationModel
    method: str
    path: re.Pattern[str]
    query: Mapping[str, str]
    headers: frozenset[str]

    @property
    def strictness(self) -> tuple[int, int]:
        """The number of required parts, then the path's length: the strictest matching operation applies."""
        return len(self.query) + len(self.headers), len(self.path.pattern)

    def matches(self, request: Request, query: Mapping[str, str]) -> bool:
        """Whether the request has all required parts of the operation."""
        return (
            request.method == self.method
            and self.path.fullmatch(request.path) is not None
            and all(name in query and value in ("", query[name]) for name, value in self.query.items())
            and self.headers <= request.headers.keys()
        )


@functools.cache
def _routes(service: str) -> list[Route]:
    """The REST operations of a service, strictest first."""
    model = service_model(service)
    made = (_route(model.operation_model(name)) for name in model.operation_names)
    return sorted(made, key=lambda route: route.strictness, reverse=True)


def _route(operation: OperationModel) -> Route:
    path, _, fixed = str(operation.http["requestUri"]).partition("?")
    members = [(m.serialization.get("location"), m.serialization.get("name", "")) for m in _required(operation)]
    return Route(
        operation,
        str(operation.http["method"]),
        re.compile(_PLACE.sub(lambda at: f"(?P<{at[1]}>{'.+' if at[2] else '[^/]+'})", re.escape(path)) + "/?"),
        {**{name: "" for at, name in members if at == "querystring"}, **dict(parse_qsl(fixed, keep_blank_values=True))},
        frozenset(name.lower() for at, name in members if at == "header"),
    )


def _required(operation: OperationModel) -> list[Any]:
    shape = operation.input_shape
    return [shape.members[name] for name in shape.required_members] if isinstance(shape, StructureShape) else []


def _by_route(request: Request, model: ServiceModel) -> tuple[str, dict[str, Any]]:
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    for route in _routes(model.service_name):
        if route.matches(request, query):
            # S3's bodies are user data and are not read; other REST services send JSON.
            body = _json(request.body) if model.metadata["protocol"] == "rest-json" else {}
            return route.operation.name, {**body, **_located(route, request)}
    return UNKNOWN, {}


def _located(route: Route, request: Request) -> dict[str, Any]:
    """The parameters in path, query and headers, by the model's names and of its types."""
    shape, found = route.operation.input_shape, route.path.fullmatch(request.path)
    in_path = {name: [unquote(value)] for name, value in (found.groupdict() if found else {}).items()}
    sources = {
        "uri": in_path,
        "querystring": parse_qs(request.query, keep_blank_values=True),
        "header": {name: [value] for name, value in request.headers.items()},
    }
    params: dict[str, Any] = {}
    for name, member in shape.members.items() if isinstance(shape, StructureShape) else ():
        given = sources.get(member.serialization.get("location", ""), {})
        wire_name = str(member.serialization.get("name", name))
        if values := given.get(wire_name, given.get(wire_name.lower())):
            params[name] = values if member.type_name == "list" else _typed(member, values[-1])
    return params


def _typed(shape: Shape, text: str) -> Any:
    if shape.type_name in ("integer", "long") and text.isdigit():
        return int(text)
    return text == "true" if shape.type_name == "boolean" else text
