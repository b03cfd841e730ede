"""What a pod's environment and volumes refer to: config maps, secrets, and fields of the pod itself."""

from __future__ import annotations

import base64
import math
import re
from dataclasses import dataclass

from localcloud.kubernetes.errors import Json
from localcloud.kubernetes.kinds import CONFIG_MAP, SECRET, Kind
from localcloud.kubernetes.kubelet.quantity import number
from localcloud.kubernetes.kubelet.waiting import Waiting
from localcloud.kubernetes.resources import Resources
from localcloud.kubernetes.selectors import value_at

_KEYED = re.compile(r"(metadata\.(?:labels|annotations))\['([^']+)'\]")


@dataclass(frozen=True)
class Lookup:
    """The references of one pod. ip: its address."""

    resources: Resources
    pod: Json
    ip: str

    def data(self, kind: Kind, name: str, *, optional: bool) -> dict[str, bytes] | None:
        """The data of a config map or a secret; None when it is missing and may be. Raises Waiting."""
        found = self.resources.find(kind, self.pod["metadata"]["namespace"], name)
        if found is not None:
            return _bytes_of(kind, found)
        if optional:
            return None
        raise Waiting("CreateContainerConfigError", f'{kind.singular} "{name}" not found')

    def value(self, kind: Kind, reference: Json) -> str | None:
        """The value of a configMapKeyRef or a secretKeyRef; None when it is missing and may be. Raises Waiting."""
        optional = bool(reference.get("optional"))
        data = self.data(kind, reference["name"], optional=optional)
        if data is not None and reference["key"] in data:
            return data[reference["key"]].decode()
        if optional:
            return None
        namespace = self.pod["metadata"]["namespace"]
        where = f"{kind.name} {namespace}/{reference['name']}"
        raise Waiting("CreateContainerConfigError", f"couldn't find key {reference['key']} in {where}")

    def field(self, path: str) -> str:
        """A field of the pod, by a fieldRef's path."""
        if keyed := _KEYED.fullmatch(path):
            return str((value_at(self.pod, keyed[1]) or {}).get(keyed[2], ""))
        known = {"status.podIP": self.ip, "status.podIPs": self.ip, "status.hostIP": self.ip}
        if path in known:
            return known[path]
        found = value_at(self.pod, path)
        if isinstance(found, dict):
            return "\n".join(f'{name}="{value}"' for name, value in found.items())
        return str(found or "")

    def resource(self, reference: Json, container: Json) -> str:
        """A container's limit or request, by a resourceFieldRef, in units of its divisor."""
        source, _, name = reference["resource"].partition(".")
        given = (container.get("resources") or {}).get(source) or {}
        divisor = number(reference.get("divisor") or 1) or 1
        return str(math.ceil(number(given.get(name, 0)) / divisor))


def _bytes_of(kind: Kind, item: Json) -> dict[str, bytes]:
    if kind == SECRET:
        stated = {name: text.encode() for name, text in (item.get("stringData") or {}).items()}
        return {**{name: base64.b64decode(text) for name, text in (item.get("data") or {}).items()}, **stated}
    binary = {name: base64.b64decode(text) for name, text in (item.get("binaryData") or {}).items()}
    return {**binary, **{name: text.encode() for name, text in (item.get("data") or {}).items()}}


KINDS: dict[str, Kind] = {"configMap": CONFIG_MAP, "secret": SECRET}
