"""Deletion: grace for running pods, finalizers, namespaces, and the garbage collection of owned objects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from localcloud.kubernetes.errors import Json, conflict
from localcloud.kubernetes.kinds import NAMESPACE, POD
from localcloud.kubernetes.store import Key, Store
from localcloud.kubernetes.times import Clock, stamp

BACKGROUND, FOREGROUND, ORPHAN = "Background", "Foreground", "Orphan"
_FINALIZER = {FOREGROUND: "foregroundDeletion", ORPHAN: "orphan"}


@dataclass(frozen=True)
class Deletion:
    """The options of a delete. grace: seconds that a pod may take to end, None for its own. policy: what becomes of the
    objects that it owns."""

    grace: int | None = None
    policy: str = BACKGROUND
    preconditions: Json = field(default_factory=dict)
    dry_run: bool = False


class Collector:
    """Removes objects, and those that they own."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def delete(self, key: Key, item: Json, options: Deletion) -> Json:
        """Remove an object, or mark it as being deleted if something has to happen before; returns it."""
        for name, wanted in options.preconditions.items():
            if wanted and wanted != (found := item["metadata"].get(name)):
                raise conflict(key.plural, key.name, f"Precondition failed: {name} in precondition: {wanted}, {found}")
        if options.dry_run:
            return item
        with self._store.changed:
            grace = _grace(key, item, options)
            if grace or _waits(item, options) or _is_namespace(key):
                return self._mark(key, item, grace, options)
            return self._remove(key)

    def finish(self, key: Key) -> None:
        """Remove an object that is being deleted, once nothing holds it."""
        item = self._store.get(key)
        if item is None or "deletionTimestamp" not in item["metadata"]:
            return
        if not item["metadata"].get("finalizers") and not item["metadata"].get("deletionGracePeriodSeconds"):
            self._remove(key)

    def adopt(self, key: Key, item: Json) -> None:
        """Remove a new object again if all of its owners are gone: what the garbage collector does soon after."""
        owners = item["metadata"].get("ownerReferences") or []
        if owners and not self._living(owners):
            self.delete(key, item, Deletion())

    def _mark(self, key: Key, item: Json, grace: int, options: Deletion) -> Json:
        metadata = dict(item["metadata"])
        metadata.setdefault("deletionTimestamp", stamp(self._clock(), after=grace))
        metadata["deletionGracePeriodSeconds"] = min(grace, metadata.get("deletionGracePeriodSeconds", grace))
        if finalizer := _FINALIZER.get(options.policy):
            metadata["finalizers"] = sorted({*(metadata.get("finalizers") or ()), finalizer})
        status = {**item.get("status", {}), "phase": "Terminating"} if _is_namespace(key) else item.get("status")
        marked = {**item, "metadata": metadata, **({"status": status} if status is not None else {})}
        marked = self._store.put(key, marked)
        if _is_namespace(key):
            self._empty(key)
        elif options.policy == ORPHAN:
            self._orphan(key, marked)
        elif options.policy == FOREGROUND:
            self._delete_owned(marked, FOREGROUND)
            self._end_foreground(marked)
        return marked

    def _remove(self, key: Key) -> Json:
        if self._store.get(key) is None:
            return {}
        gone = self._store.remove(key)
        self._delete_owned(gone)
        for owner in gone["metadata"].get("ownerReferences") or ():
            for _, found in self._by_uid(owner["uid"]):
                self._end_foreground(found)
        if key.namespace:
            self._end_namespace(key.namespace)
        return gone

    def _delete_owned(self, owner: Json, policy: str = BACKGROUND) -> None:
        """Delete what names the owner, unless another of its owners lives; then drop the reference. An owner that waits
        for them waits for what they own as well."""
        uid = owner["metadata"]["uid"]
        for key, item in self._store.all():
            owners = item["metadata"].get("ownerReferences") or []
            if any(reference["uid"] == uid for reference in owners):
                others = [reference for reference in owners if reference["uid"] != uid]
                if self._living(others):
                    self._store.put(key, _with_owners(item, others))
                elif "deletionTimestamp" not in item["metadata"]:
                    self.delete(key, item, Deletion(policy=policy if self._owns(item) else BACKGROUND))

    def _owns(self, item: Json) -> bool:
        """Whether anything names it as its owner."""
        owners = (one for _, other in self._store.all() for one in other["metadata"].get("ownerReferences") or ())
        return any(reference["uid"] == item["metadata"]["uid"] for reference in owners)

    def _orphan(self, key: Key, item: Json) -> None:
        uid = item["metadata"]["uid"]
        for other, owned in self._store.all():
            owners = owned["metadata"].get("ownerReferences") or []
            if any(reference["uid"] == uid for reference in owners):
                self._store.put(other, _with_owners(owned, [one for one in owners if one["uid"] != uid]))
        self._release(key, item, _FINALIZER[ORPHAN])

    def _end_foreground(self, owner: Json) -> None:
        """End a foreground deletion whose dependents are all gone."""
        finalizer, uid = _FINALIZER[FOREGROUND], owner["metadata"]["uid"]
        if finalizer not in (owner["metadata"].get("finalizers") or ()):
            return
        if not any(
            reference["uid"] == uid
            for _, item in self._store.all()
            for reference in item["metadata"].get("ownerReferences") or ()
        ):
            for key, found in self._by_uid(uid):
                self._release(key, found, finalizer)

    def _release(self, key: Key, item: Json, finalizer: str) -> None:
        left = [name for name in item["metadata"].get("finalizers") or () if name != finalizer]
        self._store.put(key, {**item, "metadata": {**item["metadata"], "finalizers": left}})
        self.finish(key)

    def _empty(self, namespace: Key) -> None:
        for key, item in self._store.all():
            if key.namespace == namespace.name and "deletionTimestamp" not in item["metadata"]:
                self.delete(key, item, Deletion())
        self._end_namespace(namespace.name)

    def _end_namespace(self, name: str) -> None:
        key = Key("", NAMESPACE.plural, "", name)
        found = self._store.get(key)
        ending = found is not None and "deletionTimestamp" in found["metadata"]
        if ending and not any(other.namespace == name for other, _ in self._store.all()):
            self._store.remove(key)

    def _living(self, owners: list[Any]) -> bool:
        wanted = {reference["uid"] for reference in owners}
        return any(item["metadata"]["uid"] in wanted for _, item in self._store.all())

    def _by_uid(self, uid: str) -> list[tuple[Key, Json]]:
        return [(key, item) for key, item in self._store.all() if item["metadata"]["uid"] == uid]


def _grace(key: Key, item: Json, options: Deletion) -> int:
    """The seconds that a deletion waits: those of a pod that a node may be running."""
    ended = item.get("status", {}).get("phase") in ("Succeeded", "Failed")
    if key.plural != POD.plural or key.group or not item["spec"].get("nodeName") or ended:
        return 0
    return int(item["spec"]["terminationGracePeriodSeconds"]) if options.grace is None else options.grace


def _waits(item: Json, options: Deletion) -> bool:
    return bool(item["metadata"].get("finalizers")) or options.policy in _FINALIZER


def _is_namespace(key: Key) -> bool:
    return (key.group, key.plural) == ("", NAMESPACE.plural)


def _with_owners(item: Json, owners: list[Any]) -> Json:
    return {**item, "metadata": {**item["metadata"], "ownerReferences": owners}}
