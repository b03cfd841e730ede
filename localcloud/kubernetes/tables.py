"""Objects as the tables that `kubectl get` shows (meta.k8s.io/v1 Table)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from localcloud.kubernetes.errors import Json
from localcloud.kubernetes.kinds import EVENT, NAMESPACE, NODE, POD, SERVICE, Kind
from localcloud.kubernetes.selectors import value_at
from localcloud.kubernetes.times import moment

Cell = Callable[[Json], Any]


def table(kind: Kind, items: Sequence[Json], version: int | str, now: datetime) -> Json:
    """The table of objects of one kind."""
    columns = _columns(kind, now)
    rows = [
        {
            "cells": [cell(item) for _, _, cell in columns],
            "object": {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": item["metadata"]},
        }
        for item in items
    ]
    named = [
        {"name": name, "type": type_, "format": "name" if name == "Name" else "", "description": "", "priority": 0}
        for name, type_, _ in columns
    ]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": str(version)},
        "columnDefinitions": named,
        "rows": rows,
    }


def age(created: str, now: datetime) -> str:
    """How long ago, as kubectl writes it: 5s, 3m, 2h, 4d."""
    seconds = max(0, int((now - moment(created)).total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (120, "m")):
        if seconds >= size:
            return f"{seconds // (60 if unit == 'm' else size)}{unit}"
    return f"{seconds}s"


def _columns(kind: Kind, now: datetime) -> list[tuple[str, str, Cell]]:
    aged: Cell = lambda item: age(item["metadata"]["creationTimestamp"], now)  # noqa: E731
    if kind.custom and kind.columns:
        own = [(column["name"], "string", _custom(column, now)) for column in kind.columns]
        return [("Name", "string", _name), *own]
    if kind == EVENT:
        seen: Cell = lambda item: age(item["lastTimestamp"], now)  # noqa: E731
        return [("Last Seen", "string", seen), *((name, "string", cell) for name, cell in _EVENT)]
    own = [(name, "string", cell) for name, cell in _OWN.get(kind, ())]
    return [("Name", "string", _name), *own, ("Age", "string", aged)]


def _name(item: Json) -> str:
    return str(item["metadata"]["name"])


def _at(path: str) -> Cell:
    return lambda item: value_at(item, path) or "<none>"


def _custom(column: Json, now: datetime) -> Cell:
    def cell(item: Json) -> Any:
        found = value_at(item, column["jsonPath"])
        return age(found, now) if found and column["type"] == "date" else found or ""

    return cell


def _ready(pod: Json) -> str:
    ready = [status for status in pod["status"].get("containerStatuses", ()) if status.get("ready")]
    return f"{len(ready)}/{len(pod['spec']['containers'])}"


def _restarts(pod: Json) -> int:
    return sum(status.get("restartCount", 0) for status in pod["status"].get("containerStatuses", ()))


def _pod_state(pod: Json) -> str:
    """The phase, or what kubectl shows in its place: why a container waits or has ended."""
    if "deletionTimestamp" in pod["metadata"]:
        return "Terminating"
    if reason := pod["status"].get("reason"):
        return str(reason)
    for status in pod["status"].get("containerStatuses", ()):
        state = status.get("state", {})
        reason = state.get("waiting", {}).get("reason") or state.get("terminated", {}).get("reason")
        if reason:
            return str(reason)
    return str(pod["status"]["phase"])


_OWN: dict[Kind, tuple[tuple[str, Cell], ...]] = {
    POD: (("Ready", _ready), ("Status", _pod_state), ("Restarts", _restarts)),
    NAMESPACE: (("Status", _at("status.phase")),),
    NODE: (("Status", lambda _: "Ready"), ("Version", _at("status.nodeInfo.kubeletVersion"))),
    SERVICE: (("Type", _at("spec.type")), ("Cluster-IP", _at("spec.clusterIP"))),
}
_EVENT: tuple[tuple[str, Cell], ...] = (
    ("Type", _at("type")),
    ("Reason", _at("reason")),
    ("Object", lambda event: f"{event['involvedObject']['kind'].lower()}/{event['involvedObject'].get('name', '')}"),
    ("Message", _at("message")),
)
