"""The three patches that change a whole object: JSON patch, JSON merge patch, strategic merge patch. Pure."""

from __future__ import annotations

import copy
from typing import Any

from localcloud.kubernetes.errors import ApiError, Json, bad_request, invalid

# The key by which a strategic merge joins a list's items (patchMergeKey in k8s.io/api/core/v1/types.go); None: a set of
# plain values. Lists that are not here are replaced.
MERGE_KEYS: dict[str, str | None] = {
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "volumes": "name",
    "env": "name",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "imagePullSecrets": "name",
    "hostAliases": "ip",
    "topologySpreadConstraints": "topologyKey",
    "ports": "port",
    "ownerReferences": "uid",
    "finalizers": None,
    "secrets": "name",
    "conditions": "type",
    "podIPs": "ip",
}
_DIRECTIVES = ("$patch", "$retainKeys")


def merged(old: Any, patch: Any) -> Any:
    """JSON merge patch (RFC 7386): null removes a member, lists are replaced."""
    if not isinstance(patch, dict):
        return patch
    made = dict(old) if isinstance(old, dict) else {}
    for name, value in patch.items():
        if value is None:
            made.pop(name, None)
        else:
            made[name] = merged(made.get(name), value)
    return made


def strategically_merged(old: Any, patch: Any) -> Any:
    """Strategic merge patch: as merged, but lists with a merge key are joined by it, and directives are followed."""
    if not isinstance(patch, dict) or patch.get("$patch") == "replace":
        return _plain(patch)
    made = dict(old) if isinstance(old, dict) else {}
    if kept := patch.get("$retainKeys"):
        made = {name: value for name, value in made.items() if name in kept}
    for name, value in patch.items():
        if name.startswith("$deleteFromPrimitiveList/"):
            listed = name.partition("/")[2]
            made[listed] = [item for item in made.get(listed, []) if item not in value]
        elif name.startswith("$"):
            continue  # $patch, $retainKeys, and $setElementOrder, which only orders
        elif value is None or (isinstance(value, dict) and value.get("$patch") == "delete"):
            made.pop(name, None)
        else:
            made[name] = _member(name, made.get(name), value)
    return made


def _member(name: str, old: Any, value: Any) -> Any:
    if isinstance(value, list) and name in MERGE_KEYS:
        key = _key_of(name, value, old)
        return _joined_set(old or [], value) if key is None else _joined(old or [], value, key)
    if isinstance(value, list):
        return _plain(value)
    return strategically_merged(old, value)


def _key_of(name: str, *lists: Any) -> str | None:
    # A container's ports are joined by containerPort, a service's by port.
    if name == "ports" and any("containerPort" in item for listed in lists for item in listed or ()):
        return "containerPort"
    return MERGE_KEYS[name]


def _joined_set(old: list[Any], patch: list[Any]) -> list[Any]:
    return [*old, *(item for item in patch if item not in old)]


def _joined(old: list[Any], patch: list[Any], key: str) -> list[Any]:
    if any(item.get("$patch") == "replace" for item in patch):
        return [_plain(item) for item in patch if item.get("$patch") != "replace"]
    made = {item.get(key): item for item in old}
    for item in patch:
        if item.get("$patch") == "delete":
            made.pop(item.get(key), None)
        else:
            made[item.get(key)] = strategically_merged(made.get(item.get(key)), item)
    return list(made.values())


def _plain(value: Any) -> Any:
    """A value without directives."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items() if name not in _DIRECTIVES}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def json_patched(old: Json, operations: Any) -> Json:
    """JSON patch (RFC 6902). Raises ApiError 400 for a malformed one, 422 when it cannot be applied."""
    if not isinstance(operations, list):
        raise bad_request("a JSON patch is a list of operations")
    made = copy.deepcopy(old)
    for operation in operations:
        try:
            made = _operated(made, operation)
        except (KeyError, IndexError, ValueError, TypeError, AttributeError):
            raise _inapplicable(operation) from None
    return made


def _inapplicable(operation: Any) -> ApiError:
    return invalid("", "", f"the server rejected our request due to an error in our request: {operation}")


def _operated(made: Json, operation: Json) -> Json:
    verb, path = operation["op"], _path(operation["path"])
    if verb == "test":
        if _at(made, path) != operation["value"]:
            raise ValueError(path)
        return made
    value = operation.get("value")
    if verb in ("move", "copy"):
        value = copy.deepcopy(_at(made, _path(operation["from"])))
    if verb == "move":
        _remove(made, _path(operation["from"]))
    if verb == "remove":
        _remove(made, path)
    elif verb in ("add", "replace", "move", "copy"):
        return _set(made, path, value, insert=verb != "replace")
    else:
        raise ValueError(verb)
    return made


def _path(text: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _at(item: Any, path: list[str]) -> Any:
    for part in path:
        item = item[int(part)] if isinstance(item, list) else item[part]
    return item


def _remove(made: Json, path: list[str]) -> None:
    parent = _at(made, path[:-1])
    del parent[int(path[-1]) if isinstance(parent, list) else path[-1]]


def _set(made: Json, path: list[str], value: Any, *, insert: bool) -> Json:
    if not path:
        return dict(value)
    parent, last = _at(made, path[:-1]), path[-1]
    if not isinstance(parent, list):
        if not insert:
            parent[last]
        parent[last] = value
    elif not insert:
        parent[int(last)] = value
    else:
        parent.insert(len(parent) if last == "-" else int(last), value)
    return made
