"""The objects of the API in memory, with a version for each change and the changes that watches follow."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from localcloud.kubernetes.errors import Json, expired
from localcloud.kubernetes.kinds import Kind

_KEPT = 20_000  # changes that a watch may still ask for; etcd keeps those of five minutes


@dataclass(frozen=True)
class Key:
    """Where an object lies. namespace: empty for a cluster-wide kind."""

    group: str
    plural: str
    namespace: str
    name: str

    @staticmethod
    def of(kind: Kind, namespace: str, name: str) -> Key:
        """The key of an object of a kind; all versions of a kind share it."""
        return Key(kind.group, kind.plural, namespace if kind.namespaced else "", name)


@dataclass(frozen=True)
class Change:
    """One change: type is ADDED, MODIFIED or DELETED; before is None for ADDED."""

    version: int
    type: str
    key: Key
    item: Json
    before: Json | None


class Store:
    """The objects by key. Hold `changed` for anything that reads and then writes; it is notified of each change.

    Objects are never changed in place: put a new one.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.RLock())
        self._items: dict[Key, Json] = {}
        self._changes: deque[Change] = deque(maxlen=_KEPT)
        self.version = 1

    def get(self, key: Key) -> Json | None:
        return self._items.get(key)

    def all(self) -> list[tuple[Key, Json]]:
        """Every object, in the order of their creation."""
        return list(self._items.items())

    def of(self, group: str, plural: str, namespace: str = "") -> Iterator[tuple[Key, Json]]:
        """The objects of a kind, in one namespace or in all, sorted by namespace and name."""
        found = [
            (key, item)
            for key, item in self._items.items()
            if (key.group, key.plural) == (group, plural) and namespace in ("", key.namespace)
        ]
        yield from sorted(found, key=lambda pair: (pair[0].namespace, pair[0].name))

    def put(self, key: Key, item: Json) -> Json:
        """Store an object; returns it with its version, which an unchanged object keeps."""
        with self.changed:
            before = self._items.get(key)
            if before is not None and _content(before) == _content(item):
                return before
            self.version += 1
            item = {**item, "metadata": {**item["metadata"], "resourceVersion": str(self.version)}}
            self._items[key] = item
            self._note("MODIFIED" if before else "ADDED", key, item, before)
            return item

    def remove(self, key: Key) -> Json:
        """Remove an object; returns it with the version of its removal. Raises KeyError."""
        with self.changed:
            before = self._items.pop(key)
            self.version += 1
            item = {**before, "metadata": {**before["metadata"], "resourceVersion": str(self.version)}}
            self._note("DELETED", key, item, before)
            return item

    def since(self, version: int) -> list[Change]:
        """The changes after a version, oldest first. Raises ApiError 410 when they are not all kept."""
        with self.changed:
            too_old = len(self._changes) == _KEPT and version < self._changes[0].version - 1
            if too_old or version > self.version:  # of an earlier server
                raise expired(version)
            found: list[Change] = []
            for change in reversed(self._changes):
                if change.version <= version:
                    break
                found.append(change)
            return found[::-1]

    def _note(self, kind: str, key: Key, item: Json, before: Json | None) -> None:
        self._changes.append(Change(self.version, kind, key, item, before))
        self.changed.notify_all()


def _content(item: Json) -> dict[str, Any]:
    metadata = {name: value for name, value in item["metadata"].items() if name != "resourceVersion"}
    return {**item, "metadata": metadata}
