"""A container's environment, from env and envFrom."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from localcloud.kubernetes.errors import Json
from localcloud.kubernetes.kinds import CONFIG_MAP, SECRET
from localcloud.kubernetes.kubelet.lookup import Lookup

_REFERENCE = re.compile(r"\$(\$|\(([^()]+)\))")


def variables(container: Json, lookup: Lookup) -> dict[str, str]:
    """The variables that the container states. Raises Waiting when a reference is missing."""
    found: dict[str, str] = {}
    for source in container.get("envFrom") or ():
        found.update(_all_of(source, lookup))
    for entry in container.get("env") or ():
        value = _value(entry, container, lookup)
        if value is not None:
            found[entry["name"]] = expanded(value, found)
    return found


def expanded(text: str, known: Mapping[str, str]) -> str:
    """The text with $(NAME) replaced by a variable's value; unknown ones stay, $$ is a dollar."""
    return _REFERENCE.sub(lambda ref: "$" if ref[1] == "$" else known.get(ref[2], ref[0]), text)


def _all_of(source: Json, lookup: Lookup) -> Iterator[tuple[str, str]]:
    prefix = source.get("prefix", "")
    for member, kind in (("configMapRef", CONFIG_MAP), ("secretRef", SECRET)):
        if reference := source.get(member):
            data = lookup.data(kind, reference["name"], optional=bool(reference.get("optional"))) or {}
            yield from ((f"{prefix}{name}", value.decode()) for name, value in data.items())


def _value(entry: Json, container: Json, lookup: Lookup) -> str | None:
    source = entry.get("valueFrom")
    if not source:
        return str(entry.get("value", ""))
    if "fieldRef" in source:
        return lookup.field(source["fieldRef"]["fieldPath"])
    if "resourceFieldRef" in source:
        return lookup.resource(source["resourceFieldRef"], container)
    if "configMapKeyRef" in source:
        return lookup.value(CONFIG_MAP, source["configMapKeyRef"])
    return lookup.value(SECRET, source["secretKeyRef"])
