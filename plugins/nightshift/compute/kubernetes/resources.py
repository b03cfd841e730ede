"""What runs have in Kubernetes, found by label: their ConfigMaps, and applications and pods that outlived them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

from nightshift.compute.kubernetes import cluster, spec
from nightshift.compute.kubernetes.cluster import APPLICATIONS, CONFIG_MAPS, PODS, Cluster
from nightshift.compute.resources import Finders, Removals, Resource, digest, tagged
from nightshift.config import Settings
from nightshift.failures.errors import ComputeError

KIND = "runs in Kubernetes"
KINDS = {KIND: CONFIG_MAPS, "Spark applications": APPLICATIONS, "pods": PODS}


def _found(settings: Settings, run: str, kind: str) -> Iterator[Resource]:
    """The objects of one kind. Nothing where no cluster is named, or EKS has none of that name."""
    if not cluster.exists(settings):
        return
    narrow = {spec.RUN: digest(run)} if run else {}
    for item in Cluster(settings).list(KINDS[kind], {**spec.ours(settings), **narrow}):
        metadata = item["metadata"]
        state = "DELETING" if "deletionTimestamp" in metadata else str((item.get("status") or {}).get("phase", ""))
        yield tagged(kind, metadata["name"], spec.tags(metadata), state)


def _removed(settings: Settings, resource: Resource) -> None:
    """Delete an object and wait: it goes after all that it owns. Raises ComputeError if it does not go."""
    deadline, kind = time.monotonic() + settings.cluster_timeout_minutes * 60, KINDS[resource.kind]
    Cluster(settings).delete(kind, resource.id)
    while Cluster(settings).find(kind, resource.id) is not None:
        if time.monotonic() > deadline:
            raise ComputeError(f"{resource} was not deleted in {settings.cluster_timeout_minutes} minutes.")
        time.sleep(settings.poll_seconds)


def _finder(kind: str) -> Callable[[Settings, str], Iterator[Resource]]:
    return partial(_found, kind=kind)


FINDERS: Finders = {kind: _finder(kind) for kind in KINDS}
REMOVALS: Removals = {kind: _removed for kind in KINDS if kind != KIND}
