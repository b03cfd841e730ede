"""Bodies in Kubernetes' protobuf, which kubectl from 1.33 and helm 4 send for the kinds that they know by type. Pure.

A body is `k8s\\0` and a runtime.Unknown: apiVersion, kind and the bytes of the object. Answers are JSON, which these
clients accept. Members are by their number in the generated.proto files of k8s.io/api and k8s.io/apimachinery; the
kinds are those that such clients create, and others answer 415.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from localcloud.kubernetes.errors import Json, unsupported_media

CONTENT_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
Scalar = Literal["text", "int", "bool", "bytes"]


@dataclass(frozen=True)
class Member:
    """One member of a message. type: a scalar, or the members of a message. many: a list; mapped: a map by texts."""

    name: str
    type: Scalar | dict[int, Member] = "text"
    many: bool = False
    mapped: bool = False


def _texts(*names: str) -> dict[int, Member]:
    """Members that are texts, numbered from 1."""
    return {number: Member(name) for number, name in enumerate(names, start=1)}


_OWNER = {
    1: Member("kind"),
    3: Member("name"),
    4: Member("uid"),
    5: Member("apiVersion"),
    6: Member("controller", "bool"),
    7: Member("blockOwnerDeletion", "bool"),
}
_META = {
    1: Member("name"),
    2: Member("generateName"),
    3: Member("namespace"),
    5: Member("uid"),
    6: Member("resourceVersion"),
    11: Member("labels", mapped=True),
    12: Member("annotations", mapped=True),
    13: Member("ownerReferences", _OWNER, many=True),
    14: Member("finalizers", many=True),
}
_METADATA = {1: Member("metadata", _META)}
_RULE = {
    number: Member(name, many=True)
    for number, name in enumerate(("verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs"), start=1)
}
_RULES = {**_METADATA, 2: Member("rules", _RULE, many=True)}
_BINDING = {
    **_METADATA,
    2: Member("subjects", _texts("kind", "apiGroup", "name", "namespace"), many=True),
    3: Member("roleRef", _texts("apiGroup", "kind", "name")),
}
_TOKEN_SPEC = {1: Member("audiences", many=True), 4: Member("expirationSeconds", "int")}
_ATTRIBUTES = _texts("namespace", "verb", "group", "version", "resource", "subresource", "name")
_ACCESS_SPEC = {
    1: Member("resourceAttributes", _ATTRIBUTES),
    2: Member("nonResourceAttributes", _texts("path", "verb")),
}
_DELETE = {
    1: Member("gracePeriodSeconds", "int"),
    2: Member("preconditions", _texts("uid", "resourceVersion")),
    3: Member("orphanDependents", "bool"),
    4: Member("propagationPolicy"),
    5: Member("dryRun", many=True),
}
_KINDS: dict[str, dict[int, Member]] = {
    "Namespace": _METADATA,
    "ServiceAccount": _METADATA,
    "SelfSubjectReview": _METADATA,
    "ConfigMap": {
        **_METADATA,
        2: Member("data", mapped=True),
        3: Member("binaryData", "bytes", mapped=True),
        4: Member("immutable", "bool"),
    },
    "Secret": {
        **_METADATA,
        2: Member("data", "bytes", mapped=True),
        3: Member("type"),
        4: Member("stringData", mapped=True),
        5: Member("immutable", "bool"),
    },
    "Role": _RULES,
    "ClusterRole": _RULES,
    "RoleBinding": _BINDING,
    "ClusterRoleBinding": _BINDING,
    "TokenRequest": {**_METADATA, 2: Member("spec", _TOKEN_SPEC)},
    "SelfSubjectAccessReview": {**_METADATA, 2: Member("spec", _ACCESS_SPEC)},
    "DeleteOptions": _DELETE,
    "Eviction": {**_METADATA, 2: Member("deleteOptions", _DELETE)},
}


def decoded(body: bytes) -> Json:
    """The object in a body. Raises ApiError 415 for a kind that is not known here, ValueError for no such body."""
    if not body.startswith(_MAGIC):
        raise ValueError("the body has no header of Kubernetes")
    unknown = _message(
        body[len(_MAGIC) :], {1: Member("type", _texts("apiVersion", "kind")), 2: Member("raw", "bytes")}
    )
    identity: Json = unknown.get("type", {})
    members = _KINDS.get(identity.get("kind", ""))
    if members is None:
        raise unsupported_media(f"{CONTENT_TYPE} of kind {identity.get('kind')}: send JSON or YAML")
    return {**identity, **_message(base64.b64decode(unknown.get("raw", "")), members)}


def _message(data: bytes, members: dict[int, Member]) -> Json:
    made: Json = {}
    for number, value in _fields(data):
        member = members.get(number)
        if member is None:
            continue
        if member.mapped:
            entry = _message(_bytes(value), {1: Member("key"), 2: Member("value", member.type)})
            empty: Any = ""
            made.setdefault(member.name, {})[entry.get("key", "")] = entry.get("value", empty)
        elif member.many:
            made.setdefault(member.name, []).append(_value(value, member))
        else:
            made[member.name] = _value(value, member)
    return made


def _value(value: int | bytes, member: Member) -> Any:
    if isinstance(member.type, dict):
        return _message(_bytes(value), member.type)
    if member.type == "text":
        return _bytes(value).decode()
    if member.type == "bytes":
        return base64.b64encode(_bytes(value)).decode()
    return bool(value) if member.type == "bool" else value


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise TypeError("a number where bytes were expected")
    return value


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The number and value of each field of a message: varints as numbers, all else as bytes."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield number, value - (1 << 64) if value >> 63 else value
        else:
            size, at = _varint(data, at) if wire == 2 else ({1: 8, 5: 4}[wire], at)
            yield number, data[at : at + size]
            at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value, at, shift = value | (byte & 0x7F) << shift, at + 1, shift + 7
        if byte < 0x80:
            return value, at
