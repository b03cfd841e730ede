"""Requests of the API: what is asked for, read from method, path, query, headers and body."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

import yaml

from localcloud.kubernetes import protobuf
from localcloud.kubernetes.errors import bad_request

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_TRUE = ("true", "1", "True")


@dataclass(frozen=True)
class Request:
    """One request. headers: by lower-case name. query: the last value of each parameter."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw: bytes

    def flag(self, name: str) -> bool:
        """Whether a parameter of the query is true."""
        return self.query.get(name, "") in _TRUE

    def number(self, name: str) -> int | None:
        """A parameter of the query as a number; None when it is not there. Raises ApiError 400."""
        text = self.query.get(name)
        if text is None or text == "":
            return None
        try:
            return int(text)
        except ValueError:
            raise bad_request(f"{name}: Invalid value: {text!r}: must be a number") from None

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip()

    @cached_property
    def body(self) -> Any:
        """The body, of JSON, YAML or protobuf; None when it is empty. Raises ApiError 400."""
        if not self.raw.strip():
            return None
        try:
            if self.content_type == protobuf.CONTENT_TYPE:
                return protobuf.decoded(self.raw)
            # Every JSON text is YAML, but the JSON parser is a hundred times as fast.
            if "yaml" in self.content_type and self.raw[:1] != b"{":
                return yaml.safe_load(self.raw)
            return json.loads(self.raw)
        except (ValueError, TypeError, KeyError, IndexError, yaml.YAMLError) as error:
            raise bad_request(f"couldn't read the body: {error}") from None

    @property
    def manager(self) -> str:
        """The name by which managedFields knows the writer."""
        agent = self.headers.get("user-agent", "").partition("/")[0]
        return self.query.get("fieldManager") or agent or "unknown"

    @property
    def wants_table(self) -> bool:
        return "as=Table" in self.headers.get("accept", "")


@dataclass(frozen=True)
class Route:
    """Where a path leads. name: empty for the collection; below: a subresource of the object."""

    group: str
    version: str
    plural: str
    namespace: str = ""
    name: str = ""
    below: str = ""


def request_of(environ: WSGIEnvironment) -> Request:
    """The request in a WSGI environment, with its whole body."""
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_") or name in ("CONTENT_TYPE", "CONTENT_LENGTH")
    }
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    return Request(
        environ["REQUEST_METHOD"],
        environ["PATH_INFO"],
        {name: values[-1] for name, values in query.items()},
        headers,
        environ["wsgi.input"].read(),
    )


def route_of(path: str) -> Route | None:
    """The route of a path below a version of the API; None for discovery's paths."""
    parts = [unquote(part) for part in path.split("/") if part]
    if parts[:1] == ["api"]:
        head, rest = ("", *parts[1:2]), parts[2:]
    elif parts[:1] == ["apis"]:
        head, rest = tuple(parts[1:3]), parts[3:]
    else:
        return None
    if not rest or len(head) != 2:
        return None
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    plural, name, below = (*rest, "", "")[:3]
    return Route(*head, plural, namespace, name, below)
