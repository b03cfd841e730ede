"""Server-side apply: which manager owns which fields, conflicts between them, and the merged object. Pure.

metadata.managedFields is as in the API: one entry for each manager, operation and subresource, with its fields as
nested `f:name` and `k:{"key":"value"}` members.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator
from typing import Any

from localcloud.kubernetes.errors import Json
from localcloud.kubernetes.patches import MERGE_KEYS

Path = tuple[str, ...]
# Members that no manager owns: the server sets them, or they are the object's identity.
_UNOWNED = {("f:apiVersion",), ("f:kind",), *((("f:metadata", f"f:{name}")) for name in (
    *("name", "namespace", "generateName", "uid", "creationTimestamp", "resourceVersion", "generation"),
    *("managedFields", "selfLink", "deletionTimestamp", "deletionGracePeriodSeconds"),
))}  # fmt: skip
_SELF = "."


def owned(item: Json) -> set[Path]:
    """The fields of an object: its leaves, and the items of lists that are joined by a key."""
    return {path for path in _leaves(item, ()) if path not in _UNOWNED}


def changed(old: Json, new: Json) -> set[Path]:
    """The fields of a new object that the old one lacks, or has with other values."""
    return {path for path in owned(new) if value(old, path) != value(new, path)}


def value(item: Any, path: Path) -> Any:
    """The value of a field; None when it is missing."""
    for part in path:
        if part == _SELF:
            return True
        item = _step(item, part)
        if item is None:
            return None
    return item


def conflicts(live: Json, config: Json, entries: Iterable[Json], manager: str) -> Iterator[tuple[str, Path]]:
    """Each other manager and its field that an applied configuration would change."""
    wanted = owned(config)
    for entry in entries:
        if entry["manager"] != manager or entry["operation"] != "Apply":
            for path in sorted(wanted & paths(entry["fieldsV1"])):
                if path[-1] != _SELF and value(live, path) != value(config, path):
                    yield entry["manager"], path


def applied(live: Json, config: Json, entries: Iterable[Json], manager: str) -> Json:
    """The live object with the configuration in it, without what the manager applied earlier and now leaves out."""
    entries = list(entries)
    own = [paths(entry["fieldsV1"]) for entry in entries if _is(entry, manager, "Apply")]
    others = [paths(entry["fieldsV1"]) for entry in entries if not _is(entry, manager, "Apply")]
    made = copy.deepcopy(live)
    dropped = set().union(*own) - owned(config) - set().union(*others)
    # Whole items first: without its key an item could not be found.
    for path in sorted(dropped, key=lambda path: (path[-1] != _SELF, path)):
        _remove(made, path[:-1] if path[-1] == _SELF else path)
    merged: Json = _merged(made, config)
    return merged


def claimed(entries: Iterable[Json], mine: set[Path], entry: Json) -> list[Json]:
    """The entries after a write: `entry` (without fields) owns `mine`, with what it had if it is an Update; nobody else
    owns these fields, except appliers of an Apply, who share them."""
    made: list[Json] = []
    update = entry["operation"] == "Update"
    for other in entries:
        same = all(other.get(name) == entry.get(name) for name in ("manager", "operation", "subresource"))
        fields = paths(other["fieldsV1"])
        if same:
            mine = mine | fields if update else mine
        elif left := fields - mine if update else fields:
            made.append({**other, "fieldsV1": tree(left)})
    return [*made, {**entry, "fieldsType": "FieldsV1", "fieldsV1": tree(mine)}] if mine else made


def shown(path: Path) -> str:
    """A field as conflict messages name it: .spec.containers[name="a"].image."""
    text = ""
    for part in path:
        if part.startswith("k:"):
            listed = ",".join(f"{name}={json.dumps(item)}" for name, item in json.loads(part[2:]).items())
            text += f"[{listed}]"
        else:
            text += f".{part[2:]}"
    return text


def paths(fields: Json, start: Path = ()) -> set[Path]:
    """The fields in an entry's fieldsV1."""
    found: set[Path] = set()
    for name, below in fields.items():
        found |= paths(below, (*start, name)) if below else {(*start, name)}
    return found


def tree(fields: Iterable[Path]) -> Json:
    """Fields as fieldsV1 nests them."""
    made: Json = {}
    for path in sorted(fields):
        at = made
        for part in path:
            at = at.setdefault(part, {})
    return made


def _is(entry: Json, manager: str, operation: str) -> bool:
    return bool(entry["manager"] == manager and entry["operation"] == operation)


def _leaves(item: Any, start: Path) -> Iterator[Path]:
    if isinstance(item, dict) and item:
        for name, below in item.items():
            key = _key(name, below)
            if key is None:
                yield from _leaves(below, (*start, f"f:{name}"))
                continue
            for one in below:
                path = (*start, f"f:{name}", _named(one, key))
                yield (*path, _SELF)
                yield from _leaves(one, path)
    elif start:
        yield start


def _key(name: str, value: Any) -> str | None:
    """The key that joins the items of a list; None for a list that is one value, and for what is no list."""
    key = MERGE_KEYS.get(name)
    if name == "ports" and isinstance(value, list) and any("containerPort" in item for item in value):
        key = "containerPort"
    if not (key and isinstance(value, list) and value):
        return None
    return key if all(isinstance(item, dict) and key in item for item in value) else None


def _named(item: Json, key: str) -> str:
    return f"k:{json.dumps({key: item[key]}, separators=(',', ':'))}"


def _step(item: Any, part: str) -> Any:
    if part.startswith("k:"):
        ((key, wanted),) = json.loads(part[2:]).items()
        found = item if isinstance(item, list) else []
        return next((one for one in found if isinstance(one, dict) and one.get(key) == wanted), None)
    return item.get(part[2:]) if isinstance(item, dict) else None


def _remove(item: Json, path: Path) -> None:
    parent = value(item, path[:-1]) if len(path) > 1 else item
    gone = _step(parent, path[-1])
    if isinstance(parent, list) and gone is not None:
        parent.remove(gone)
    elif isinstance(parent, dict):
        parent.pop(path[-1][2:], None)


def _merged(live: Any, config: Any, name: str = "") -> Any:
    if isinstance(config, dict) and isinstance(live, dict):
        return {**live, **{member: _merged(live.get(member), item, member) for member, item in config.items()}}
    key = _key(name, config) or (_key(name, live) if config == [] else None)
    if key and isinstance(live, list):
        made = {item.get(key): item for item in live}
        for item in config:
            made[item[key]] = _merged(made.get(item[key]), item)
        return list(made.values())
    return config
