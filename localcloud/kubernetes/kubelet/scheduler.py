"""Whether a pod fits on the node: its requests, what other pods have taken, its node selector. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from localcloud.kubernetes.errors import Json
from localcloud.kubernetes.kubelet.quantity import number
from localcloud.kubernetes.kubelet.statuses import ENDED

_COUNTED = ("cpu", "memory")


def refusal(pod: Json, node: Json, others: Iterable[Json]) -> str | None:
    """Why a pod cannot be placed on the only node, in the scheduler's words; None when it can. others: all pods."""
    labels = node["metadata"].get("labels") or {}
    if any(labels.get(name) != value for name, value in (pod["spec"].get("nodeSelector") or {}).items()):
        return "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."
    placed = [one for one in others if one["spec"].get("nodeName") and one["status"].get("phase") not in ENDED]
    for name in _COUNTED:
        taken = sum(_requested(one, name) for one in placed)
        if taken + _requested(pod, name) > number(node["status"]["allocatable"][name]):
            return f"0/1 nodes are available: 1 Insufficient {name}."
    return None


def _requested(pod: Json, name: str) -> float:
    containers = pod["spec"]["containers"]
    return sum(number(((one.get("resources") or {}).get("requests") or {}).get(name, 0)) for one in containers)
