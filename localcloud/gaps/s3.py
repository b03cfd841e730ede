"""Patches for moto's S3."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket, FakeDeleteMarker, FakeKey

_MEBIBYTE = 1 << 20


def conditional_denies_do_not_deny_everything() -> None:
    """AWS applies a Deny only where its Condition is true (aws:SecureTransport = false denies plain HTTP only).

    moto ignores conditions and applies the Deny to every call. Here such a statement is left out.
    """

    # Evaluating conditions would need the whole request here. With --iam, localcloud/iam evaluates them before moto.
    def get_permission(self: Any, action: str, resource: str) -> Any:
        if self.policy is None:
            return PermissionResult.NEUTRAL
        document = json.loads(self.policy)
        document["Statement"] = [s for s in _listed(document["Statement"]) if not _conditional_deny(s)]
        if not document["Statement"]:
            return PermissionResult.NEUTRAL
        return IAMPolicy(json.dumps(document)).is_action_permitted(action, resource)

    FakeBucket.get_permission = get_permission


def _listed(statements: Any) -> list[dict[str, Any]]:
    return statements if isinstance(statements, list) else [statements]


def _conditional_deny(statement: dict[str, Any]) -> bool:
    return statement.get("Effect") == "Deny" and bool(statement.get("Condition"))


def delete_markers_can_be_disposed() -> None:
    """A versioned bucket that holds a delete marker can be emptied; moto answers 500 (no `dispose`)."""

    def dispose(_self: Any, garbage: bool = False) -> None:
        """A delete marker holds no data, so there is nothing to release."""

    FakeDeleteMarker.dispose = dispose


def ranged_reads_do_not_reread_the_object() -> None:
    """A ranged GET reads only its range; moto reads the whole object (67 ms a request on 100 MB)."""
    cache = _ObjectCache(256 * _MEBIBYTE)
    read, write = FakeKey.value.fget, FakeKey.value.fset

    def value(self: Any) -> bytes:
        data = cache.get(self)
        if data is None:
            data = read(self)
            cache.put(self, data)
        return data

    def set_value(self: Any, data: bytes) -> None:
        cache.drop(self)
        write(self, data)

    dispose = FakeKey.dispose

    def dispose_and_forget(self: Any, garbage: bool = False) -> None:
        cache.drop(self)
        dispose(self, garbage)

    FakeKey.value = property(value, set_value)
    FakeKey.dispose = dispose_and_forget


class _ObjectCache:
    """Cache of the most recently read objects' bytes, limited in total; objects under 1 MiB are faster read than
    cached."""

    def __init__(self, capacity: int) -> None:
        self._capacity, self._size = capacity, 0
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self._lock = threading.RLock()

    def get(self, key: Any) -> bytes | None:
        with self._lock:
            data = self._kept.get(id(key))
            if data is not None:
                self._kept.move_to_end(id(key))
            return data

    def put(self, key: Any, data: bytes) -> None:
        if not _MEBIBYTE <= len(data) <= self._capacity:
            return
        with self._lock:
            self.drop(key)
            # A disposed object removes its entry, so an id never refers to another object.
            self._kept[id(key)] = data
            self._size += len(data)
            while self._size > self._capacity:
                self._size -= len(self._kept.popitem(last=False)[1])

    def drop(self, key: Any) -> None:
        with self._lock:
            self._size -= len(self._kept.pop(id(key), b""))
