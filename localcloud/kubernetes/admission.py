"""What the API server adds to a new object and refuses in one: defaults, names, rules of the kinds that run. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from localcloud.kubernetes import schema
from localcloud.kubernetes.errors import Json
from localcloud.kubernetes.kinds import CRD, NAMESPACE, POD, SECRET, SERVICE, Kind

TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 - a path
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
_RFC1123 = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character"
)
_CHANGEABLE = ("activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "nodeName")
_IDENTITY = ("apiVersion", "kind", "metadata")
_TOKEN_VOLUME = "kube-api-access"  # noqa: S105 - a name
_TOKEN_SECONDS = 3607  # as the ServiceAccount admission plugin asks for


def defaulted(kind: Kind, item: Json) -> Json:
    """The object with its kind's defaults."""
    if kind == POD:
        return {**item, "spec": _pod_spec(item.get("spec") or {}), "status": _new_pod_status(item)}
    if kind == NAMESPACE:
        return {**item, "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}
    if kind == CRD:
        return {**item, "status": _crd_status(item)}
    if kind == SERVICE:
        spec = {"type": "ClusterIP", "sessionAffinity": "None", **(item.get("spec") or {})}
        return {**item, "spec": spec, "status": {"loadBalancer": {}}}
    if kind == SECRET:
        return {**item, "type": item.get("type") or "Opaque"}
    return item


def problems(kind: Kind, item: Json) -> Iterator[str]:
    """Why a new object is refused: `field: message`."""
    metadata = item["metadata"]
    pattern = _LABEL if kind in (NAMESPACE, SERVICE) else _NAME
    name = metadata["name"]
    if not kind.group.startswith("rbac.") and (not pattern.fullmatch(name) or len(name) > 253):
        yield f'metadata.name: Invalid value: "{name}": {_RFC1123}'
    for label, value in (metadata.get("labels") or {}).items():
        if not isinstance(value, str) or len(value) > 63 or not _LABEL_VALUE.fullmatch(value):
            yield f'metadata.labels: Invalid value: "{value}": a valid label of {label} must be at most 63 characters'
    if kind == POD:
        yield from _pod_problems(item.get("spec") or {})
    if kind.custom:
        yield from schema.problems(_own_part(item), {**kind.schema, "type": "object"})


def change_problems(kind: Kind, old: Json, new: Json) -> Iterator[str]:
    """Why a change is refused: what cannot change, beside problems()."""
    if kind == POD and _fixed(old) != _fixed(new):
        yield (
            "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
            "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to "
            "existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously "
            "negative)"
        )


def pruned(kind: Kind, item: Json) -> Json:
    """A custom object without the fields that its definition does not know; any other object as it is."""
    if not kind.custom:
        return item
    identity = {name: item[name] for name in _IDENTITY if name in item}
    own: Json = schema.pruned(_own_part(item), kind.schema)
    return {**identity, **own}


def _own_part(item: Json) -> Json:
    """What a custom resource's schema describes."""
    return {name: value for name, value in item.items() if name not in _IDENTITY}


def with_token(pod: Json) -> Json:
    """The pod with its service account's token mounted in every container, as the ServiceAccount plugin does."""
    spec = pod["spec"]
    named = {volume["name"] for volume in _list(spec, "volumes")}
    if spec.get("automountServiceAccountToken") is False or _TOKEN_VOLUME in named:
        return pod
    sources = [
        {"serviceAccountToken": {"expirationSeconds": _TOKEN_SECONDS, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]}},
    ]
    volume = {"name": _TOKEN_VOLUME, "projected": {"sources": sources, "defaultMode": 420}}
    mounted = {
        name: [_mounting(one) for one in spec[name]] for name in ("initContainers", "containers") if name in spec
    }
    return {**pod, "spec": {**spec, **mounted, "volumes": [*_list(spec, "volumes"), volume]}}


def _mounting(container: Json) -> Json:
    mounts = _list(container, "volumeMounts")
    if any(mount.get("mountPath") == TOKEN_PATH for mount in mounts):
        return container
    return {**container, "volumeMounts": [*mounts, {"name": _TOKEN_VOLUME, "readOnly": True, "mountPath": TOKEN_PATH}]}


def _pod_spec(given: Json) -> Json:
    account = given.get("serviceAccountName") or given.get("serviceAccount") or "default"
    spec = {
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "securityContext": {},
        "schedulerName": "default-scheduler",
        "enableServiceLinks": True,
        **given,
        "serviceAccountName": account,
        "serviceAccount": account,
    }
    for name in ("initContainers", "containers"):
        if name in spec:
            spec[name] = [_container(one) for one in spec[name] or ()]
    return spec


def _container(given: Json) -> Json:
    latest = ":" not in given.get("image", "").rpartition("/")[2] or given["image"].endswith(":latest")
    made = {
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "Always" if latest else "IfNotPresent",
        **given,
    }
    limits = (made["resources"] or {}).get("limits") or {}
    if limits:  # a request that is not stated is the limit
        requests = {**limits, **((made["resources"] or {}).get("requests") or {})}
        made["resources"] = {**made["resources"], "requests": requests}
    return made


def _new_pod_status(pod: Json) -> Json:
    return {"phase": "Pending", "qosClass": _quality(pod.get("spec") or {})}


def _quality(spec: Json) -> str:
    """The QoS class: Guaranteed if limits equal requests for CPU and memory everywhere."""
    resources = [one.get("resources") or {} for one in _list(spec, "containers")]
    if not any(found.get("limits") or found.get("requests") for found in resources):
        return "BestEffort"
    for found in resources:
        limits = found.get("limits") or {}
        if not {"cpu", "memory"} <= limits.keys() or {**limits, **(found.get("requests") or {})} != limits:
            return "Burstable"
    return "Guaranteed"


def _pod_problems(spec: Json) -> Iterator[str]:
    containers = _list(spec, "containers")
    if not containers:
        yield "spec.containers: Required value"
    for number, container in enumerate(containers):
        for name in ("name", "image"):
            if not container.get(name):
                yield f"spec.containers[{number}].{name}: Required value"
    yield from _mount_problems(spec, containers)
    if spec.get("restartPolicy") not in ("Always", "OnFailure", "Never"):
        policy = spec.get("restartPolicy")
        yield f'spec.restartPolicy: Unsupported value: "{policy}": supported values: "Always", "OnFailure", "Never"'


def _mount_problems(spec: Json, containers: list[Json]) -> Iterator[str]:
    volumes = {volume["name"] for volume in _list(spec, "volumes")}
    for number, container in enumerate(containers):
        for at, mount in enumerate(_list(container, "volumeMounts")):
            if mount["name"] not in volumes:
                yield f'spec.containers[{number}].volumeMounts[{at}].name: Not found: "{mount["name"]}"'


def _fixed(pod: Json) -> Json:
    spec = {name: value for name, value in pod["spec"].items() if name not in _CHANGEABLE}
    for name in ("containers", "initContainers"):
        spec[name] = [{**one, "image": ""} for one in spec.get(name) or ()]
    return spec


def _crd_status(crd: Json) -> Json:
    names, versions = crd["spec"]["names"], crd["spec"]["versions"]
    accepted = {"singular": names["kind"].lower(), "listKind": f"{names['kind']}List", **names}
    conditions = [
        {"type": "NamesAccepted", "status": "True", "reason": "NoConflicts", "message": "no conflicts found"},
        {"type": "Established", "status": "True", "reason": "InitialNamesAccepted", "message": "accepted"},
    ]
    when = crd["metadata"]["creationTimestamp"]
    return {
        "conditions": [{**condition, "lastTransitionTime": when} for condition in conditions],
        "acceptedNames": accepted,
        "storedVersions": [version["name"] for version in versions if version.get("storage")],
    }


def _list(item: Json, name: str) -> list[Any]:
    return item.get(name) or []
