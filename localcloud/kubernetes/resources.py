"""The API's verbs on objects: create, get, list, replace, patch, apply, delete, each with the API server's rules."""

from __future__ import annotations

import secrets
import string
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from localcloud.kubernetes import admission, kinds, ownership, patches
from localcloud.kubernetes.errors import (
    ApiError,
    Json,
    already_exists,
    bad_request,
    conflict,
    forbidden,
    invalid,
    not_found,
    unsupported_media,
)
from localcloud.kubernetes.garbage import Collector, Deletion
from localcloud.kubernetes.kinds import CONFIG_MAP, CRD, NAMESPACE, POD, SERVICE_ACCOUNT, Kind
from localcloud.kubernetes.selectors import Test
from localcloud.kubernetes.store import Key, Store
from localcloud.kubernetes.times import Clock, stamp

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
ROOT_CA = "kube-root-ca.crt"
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"  # of generated names: no vowels, so no words
# Set by the server, whatever a client sends.
_IDENTITY = ("uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds")


@dataclass(frozen=True)
class Write:
    """How an object is written. manager: who, for managedFields; empty for a controller of our own, whose fields nobody
    tracks. subresource: status, or empty. force: an apply takes fields from other managers."""

    manager: str = ""
    subresource: str = ""
    dry_run: bool = False
    force: bool = False


@dataclass(frozen=True)
class Patch:
    """A patch and its format."""

    content_type: str
    body: Any


OWN = Write()
OWN_STATUS = Write(subresource="status")


class Resources:
    """The objects of one cluster. Every method may raise ApiError."""

    def __init__(self, store: Store, clock: Clock, ca: str = "") -> None:
        """ca: the certificate authority in PEM, which each namespace has in a ConfigMap."""
        self.store, self._clock, self._ca = store, clock, ca
        self._collector = Collector(store, clock)

    def kinds(self) -> list[Kind]:
        """Every kind that is served."""
        custom = [kind for _, crd in self.store.of(CRD.group, CRD.plural) for kind in kinds.defined(crd)]
        return [*kinds.BUILT_IN, *custom]

    def kind(self, group: str, version: str, plural: str) -> Kind:
        """The kind that is served at a path."""
        return kinds.find(self.kinds(), group, version, plural)

    def get(self, kind: Kind, namespace: str, name: str) -> Json:
        found = self.store.get(Key.of(kind, namespace, name))
        if found is None:
            raise not_found(kind.resource, name)
        return _as(kind, found)

    def find(self, kind: Kind, namespace: str, name: str) -> Json | None:
        """The object, None when there is none."""
        return self.store.get(Key.of(kind, namespace, name))

    def list(self, kind: Kind, namespace: str = "", accept: Test = lambda _: True) -> tuple[list[Json], int]:
        """The accepted objects of one namespace or of all, and the version that they are of."""
        with self.store.changed:
            found = [item for _, item in self.store.of(kind.group, kind.plural, namespace)]
            version = self.store.version
        return [_as(kind, item) for item in found if accept(item)], version

    def create(self, kind: Kind, namespace: str, body: Json, write: Write = OWN) -> Json:
        """Store a new object; returns it."""
        item = self._new(kind, namespace, body)
        key = Key.of(kind, namespace, item["metadata"]["name"])
        with self.store.changed:
            self._check_namespace(kind, namespace)
            if self.store.get(key) is not None:
                raise already_exists(kind.resource, key.name)
            item = self._admitted(kind, item)
            _refuse(kind, key.name, admission.problems(kind, item))
            item = self._tracked({}, item, write)
            if write.dry_run:
                return item
            made = self.store.put(key, item)
            self._collector.adopt(key, made)
            if kind == NAMESPACE:
                self._furnish(key.name)
            return made

    def replace(self, kind: Kind, namespace: str, name: str, body: Json, write: Write = OWN) -> Json:
        """Replace an object (PUT)."""
        if (body.get("metadata") or {}).get("name") != name:
            raise bad_request("the name of the object does not match the name on the URL")
        with self.store.changed:
            return self._change(kind, self.get(kind, namespace, name), body, write)

    def patch(self, kind: Kind, namespace: str, name: str, patch: Patch, write: Write = OWN) -> Json:
        """Change an object by a patch of one of the four formats."""
        if patch.content_type.startswith("application/apply-patch"):
            return self._apply(kind, namespace, name, patch.body, write)
        with self.store.changed:
            old = self.get(kind, namespace, name)
            return self._change(kind, old, _patched(kind, old, patch), write)

    def edit(self, kind: Kind, namespace: str, name: str, change: Callable[[Json], Json]) -> Json | None:
        """A controller's own change of an object; None when the object is gone."""
        with self.store.changed:
            key = Key.of(kind, namespace, name)
            old = self.store.get(key)
            return None if old is None else self.store.put(key, change(old))

    def delete(self, kind: Kind, namespace: str, name: str, options: Deletion | None = None) -> Json:
        """Delete an object; returns it, marked if it is still being deleted."""
        with self.store.changed:
            found = self.get(kind, namespace, name)
            if kind == CRD:
                self._delete_instances(found)
            return self._collector.delete(Key.of(kind, namespace, name), found, options or Deletion())

    def _delete_instances(self, crd: Json) -> None:
        for kind in kinds.defined(crd):
            for key, item in list(self.store.of(kind.group, kind.plural)):
                self._collector.delete(key, item, Deletion())

    def _new(self, kind: Kind, namespace: str, body: Json) -> Json:
        if not isinstance(body, dict):
            raise bad_request("the body is no object")
        stated = (body.get("apiVersion", kind.api_version), body.get("kind", kind.name))
        if stated != (kind.api_version, kind.name):
            raise bad_request(f"the API version or kind in the data {stated} does not match the expected one")
        metadata = dict(body.get("metadata") or {})
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = metadata["generateName"] + "".join(secrets.choice(_ALPHABET) for _ in range(5))
        if not metadata.get("name"):
            raise invalid(kind.name, "", "metadata.name: Required value: name or generateName is required")
        metadata["namespace"] = metadata.get("namespace") or namespace
        if metadata["namespace"] != namespace:
            raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
        if metadata.get("resourceVersion"):
            raise bad_request("resourceVersion should not be set on objects to be created")
        if not kind.namespaced:
            del metadata["namespace"]
        metadata.update(uid=str(uuid.uuid4()), creationTimestamp=stamp(self._clock()), generation=1)
        given = {name: value for name, value in body.items() if name != "status" or not kind.status}
        return {**given, "apiVersion": kind.api_version, "kind": kind.name, "metadata": metadata}

    def _admitted(self, kind: Kind, item: Json) -> Json:
        if kind != POD:
            return admission.pruned(kind, admission.defaulted(kind, item))
        pod = admission.defaulted(kind, item)
        account, namespace = pod["spec"]["serviceAccountName"], pod["metadata"]["namespace"]
        if self.find(SERVICE_ACCOUNT, namespace, account) is None:
            raise forbidden(
                f'pods "{pod["metadata"]["name"]}" is forbidden: error looking up service account '
                f'{namespace}/{account}: serviceaccount "{account}" not found'
            )
        return admission.with_token(pod)

    def _check_namespace(self, kind: Kind, namespace: str) -> None:
        if not kind.namespaced:
            return
        found = self.store.get(Key.of(NAMESPACE, "", namespace))
        if found is None:
            raise not_found(NAMESPACE.resource, namespace)
        if "deletionTimestamp" in found["metadata"]:
            raise forbidden(f"unable to create new content in namespace {namespace} because it is being terminated")

    def _furnish(self, namespace: str) -> None:
        """Give a new namespace what its controllers give it."""
        self.create(SERVICE_ACCOUNT, namespace, {"metadata": {"name": "default"}})
        self.create(CONFIG_MAP, namespace, {"metadata": {"name": ROOT_CA}, "data": {"ca.crt": self._ca}})

    def _change(self, kind: Kind, old: Json, new: Json, write: Write) -> Json:
        name = old["metadata"]["name"]
        _check_version(kind, old, new)
        item = _kept_identity(old, new)
        item = _only_status(old, item) if write.subresource == "status" else _but_status(kind, old, item)
        item = admission.pruned(kind, item)
        _refuse(kind, name, admission.problems(kind, item))
        _refuse(kind, name, admission.change_problems(kind, old, item))
        if write.subresource != "status" and _spec(old) != _spec(item):
            item["metadata"]["generation"] = old["metadata"].get("generation", 1) + 1
        item = self._tracked(old, item, write)
        if write.dry_run:
            return item
        key = Key.of(kind, old["metadata"].get("namespace", ""), name)
        made = self.store.put(key, item)
        self._collector.finish(key)
        return made

    def _apply(self, kind: Kind, namespace: str, name: str, config: Json, write: Write) -> Json:
        """Server-side apply: create the object, or merge the configuration into it."""
        if not isinstance(config, dict):
            raise bad_request("the applied configuration is no object")
        if not write.manager:
            raise bad_request(
                "PatchOptions.meta.k8s.io is invalid: fieldManager: Required value: is required for apply"
            )
        config = {**config, "metadata": {"name": name, **(config.get("metadata") or {})}}
        with self.store.changed:
            live = self.find(kind, namespace, name)
            if live is None:
                if write.subresource:
                    raise not_found(kind.resource, name)
                return self._created_by_apply(kind, namespace, config, write)
            entries = live["metadata"].get("managedFields") or []
            if not write.force:
                _refuse_conflicts(kind, live, config, entries, write.manager)
            merged = ownership.applied(live, config, entries, write.manager)
            mine = self._entry(live, write, "Apply")
            claims = ownership.claimed(_without(entries, live, config), ownership.owned(config), mine)
            merged["metadata"]["managedFields"] = claims
            return self._change(kind, live, merged, Write(subresource=write.subresource, dry_run=write.dry_run))

    def _created_by_apply(self, kind: Kind, namespace: str, config: Json, write: Write) -> Json:
        entry = self._entry({"apiVersion": kind.api_version}, write, "Apply")
        claims = ownership.claimed((), ownership.owned(config), entry)
        body = {**config, "metadata": {**config["metadata"], "managedFields": claims}}
        return self.create(kind, namespace, body, Write(dry_run=write.dry_run))

    def _tracked(self, old: Json, new: Json, write: Write) -> Json:
        """The new object with the fields that this write changed as its manager's."""
        if not write.manager:
            return new
        entries = (old or new)["metadata"].get("managedFields") or []
        mine = ownership.changed(old, new)
        claims = ownership.claimed(entries, mine, self._entry(new, write, "Update"))
        return {**new, "metadata": {**new["metadata"], "managedFields": claims if mine else entries}}

    def _entry(self, item: Json, write: Write, operation: str) -> Json:
        entry = {
            "manager": write.manager,
            "operation": operation,
            "apiVersion": item["apiVersion"],
            "time": stamp(self._clock()),
        }
        return {**entry, "subresource": write.subresource} if write.subresource else entry


def _as(kind: Kind, item: Json) -> Json:
    """The object as one version of its kind; the versions differ in name only."""
    return item if item["apiVersion"] == kind.api_version else {**item, "apiVersion": kind.api_version}


def _patched(kind: Kind, old: Json, patch: Patch) -> Json:
    content_type, body = patch.content_type, patch.body
    if content_type == JSON_PATCH:
        return patches.json_patched(old, body)
    if not isinstance(body, dict):
        raise bad_request("the patch is no object")
    merge = {MERGE_PATCH: patches.merged, **({} if kind.custom else {STRATEGIC_PATCH: patches.strategically_merged})}
    if content_type not in merge:
        raise unsupported_media(content_type)
    merged: Json = merge[content_type](old, body)
    return merged


def _check_version(kind: Kind, old: Json, new: Json) -> None:
    stated = (new.get("metadata") or {}).get("resourceVersion")
    if stated and stated != old["metadata"]["resourceVersion"]:
        why = "the object has been modified; please apply your changes to the latest version and try again"
        raise conflict(kind.resource, old["metadata"]["name"], why)
    stated = (new.get("metadata") or {}).get("uid")
    if stated and stated != old["metadata"]["uid"]:
        raise conflict(kind.resource, old["metadata"]["name"], "Precondition failed: UID in precondition")


def _kept_identity(old: Json, new: Json) -> Json:
    metadata = {**(new.get("metadata") or {})}
    for name in (*_IDENTITY, "name", "namespace", "resourceVersion"):
        if name in old["metadata"]:
            metadata[name] = old["metadata"][name]
        else:
            metadata.pop(name, None)
    return {**new, "apiVersion": old["apiVersion"], "kind": old["kind"], "metadata": metadata}


def _only_status(old: Json, new: Json) -> Json:
    """A write of the status changes nothing else but managedFields."""
    metadata = dict(old["metadata"])
    if "managedFields" in new["metadata"]:
        metadata["managedFields"] = new["metadata"]["managedFields"]
    made = {**old, "metadata": metadata}
    return {**made, "status": new["status"]} if "status" in new else made


def _but_status(kind: Kind, old: Json, new: Json) -> Json:
    if not kind.status:
        return new
    made = {name: value for name, value in new.items() if name != "status"}
    return {**made, "status": old["status"]} if "status" in old else made


def _spec(item: Json) -> Json:
    return {name: value for name, value in item.items() if name not in ("metadata", "status")}


def _refuse(kind: Kind, name: str, problems: Iterator[str]) -> None:
    if found := list(problems):
        resource = f"{kind.name}.{kind.group}" if kind.group else kind.name
        raise invalid(resource, name, *found)


def _refuse_conflicts(kind: Kind, live: Json, config: Json, entries: list[Json], manager: str) -> None:
    found = list(ownership.conflicts(live, config, entries, manager))
    if not found:
        return
    lines = [f'conflict with "{other}": {ownership.shown(path)}' for other, path in found]
    error = conflict(kind.resource, live["metadata"]["name"], "")
    text = f"Apply failed with {len(found)} conflict{'s' if len(found) > 1 else ''}: {'; '.join(lines)}"
    causes = [
        {"reason": "FieldManagerConflict", "message": f'conflict with "{other}"', "field": ownership.shown(path)}
        for other, path in found
    ]
    raise ApiError(error.status, "Conflict", text, {**error.details, "causes": causes})


def _without(entries: list[Json], live: Json, config: Json) -> list[Json]:
    """The entries without the fields whose values the configuration changes: a forced apply takes them."""
    taken = {path for path in ownership.owned(config) if ownership.value(live, path) != ownership.value(config, path)}
    made = []
    for entry in entries:
        if left := ownership.paths(entry["fieldsV1"]) - taken:
            made.append({**entry, "fieldsV1": ownership.tree(left)})
    return made


def random_suffix(length: int) -> str:
    """Lower-case letters and digits for a unique name."""
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(length))
