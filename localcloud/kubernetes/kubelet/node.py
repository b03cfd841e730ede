"""The node of a cluster and its kubelet: places pods on it, starts a worker for each, and has their logs."""

from __future__ import annotations

import os
import shutil
import threading
import time
from pathlib import Path

from localcloud import private
from localcloud.faults import FaultBook
from localcloud.kubernetes import discovery
from localcloud.kubernetes.access import Access as Tokens
from localcloud.kubernetes.errors import ApiError, Json
from localcloud.kubernetes.events import Events
from localcloud.kubernetes.garbage import Deletion
from localcloud.kubernetes.kinds import NODE, POD
from localcloud.kubernetes.kubelet import scheduler
from localcloud.kubernetes.kubelet.launcher import Launcher, Shared
from localcloud.kubernetes.kubelet.lookup import Lookup
from localcloud.kubernetes.kubelet.place import NodePlace
from localcloud.kubernetes.kubelet.pod import PodWorker
from localcloud.kubernetes.kubelet.quantity import mebibytes
from localcloud.kubernetes.kubelet.s3 import Buckets
from localcloud.kubernetes.kubelet.statuses import ENDED
from localcloud.kubernetes.resources import Resources
from localcloud.kubernetes.subresources import bind
from localcloud.kubernetes.times import Clock, stamp

NAME = "localcloud"
_CORES_A_CORE = 8  # pods wait more than they compute: the node has eight times the machine's cores
_LOOK_SECONDS = 1.0
_STOP_SECONDS = 5.0


class Kubelet:
    """One node. It is the LogSource of the API."""

    def __init__(self, place: NodePlace, resources: Resources, tokens: Tokens, faults: FaultBook, clock: Clock) -> None:
        self._place, self._resources, self._tokens = place, resources, tokens
        self._faults, self._clock = faults, clock
        self._events = Events(resources, clock, "kubelet")
        self._scheduled = Events(resources, clock, "default-scheduler")
        for name in ("pods", "hdfs", "claims"):
            shutil.rmtree(place.directory / name, ignore_errors=True)
        buckets = Buckets(private.folder(place.directory) / "s3", place.rights_of)
        self._shared = Shared(place, buckets, self._token, tokens.forget, self._sessions)
        self._workers: dict[str, PodWorker] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kubelet", daemon=True)

    def start(self) -> None:
        """Register the node and begin to run pods."""
        self._resources.create(NODE, "", {"metadata": {"name": NAME, "labels": _labels()}})
        self._resources.edit(NODE, "", NAME, lambda node: {**node, "status": self._node_status()})
        self._thread.start()

    def stop(self) -> None:
        """Kill every pod's processes and wait until they have ended."""
        self._stopping.set()
        with self._resources.store.changed:
            self._resources.store.changed.notify_all()
        self._thread.join(_STOP_SECONDS)
        with self._lock:
            workers = list(self._workers.values())
        for worker in workers:
            worker.stop()
        until = time.monotonic() + _STOP_SECONDS
        for worker in workers:
            worker.join(max(0.0, until - time.monotonic()))

    def log(self, uid: str, container: str, *, previous: bool) -> Path | None:
        """The file of a container's log; None when it has not started."""
        worker = self._worker(uid)
        return worker.log(container, previous=previous) if worker else None

    def lives(self, uid: str, container: str) -> bool:
        """Whether the container still runs."""
        worker = self._worker(uid)
        found = worker.container(container) if worker else None
        return bool(found and found.running)

    def _worker(self, uid: str) -> PodWorker | None:
        with self._lock:
            return self._workers.get(uid)

    def _run(self) -> None:
        changed, seen = self._resources.store.changed, 0
        while not self._stopping.is_set():
            with changed:
                if self._resources.store.version == seen:
                    changed.wait(_LOOK_SECONDS)
                seen = self._resources.store.version
                pods, _ = self._resources.list(POD)
            self._look(pods)

    def _look(self, pods: list[Json]) -> None:
        for pod in pods:
            if not pod["spec"].get("nodeName"):
                self._schedule(pod)
            elif pod["spec"]["nodeName"] == NAME and self._worker(pod["metadata"]["uid"]) is None:
                self._admit(pod)
        living = {pod["metadata"]["uid"] for pod in pods}
        with self._lock:
            self._workers = {uid: worker for uid, worker in self._workers.items() if uid in living or worker.alive}

    def _schedule(self, pod: Json) -> None:
        metadata = pod["metadata"]
        if "deletionTimestamp" in metadata or pod["status"].get("phase") in ENDED:
            return
        with self._resources.store.changed:
            node = self._resources.get(NODE, "", NAME)
            why = scheduler.refusal(pod, node, self._resources.list(POD)[0])
            if why is None:
                try:
                    bind(self._resources, self._clock, metadata["namespace"], metadata["name"], NAME)
                except ApiError:
                    return  # deleted, or bound by somebody else
        if why:
            self._unschedulable(pod, why)
        else:
            where = f"Successfully assigned {metadata['namespace']}/{metadata['name']} to {NAME}"
            self._scheduled.normal(pod, "Scheduled", where)

    def _unschedulable(self, pod: Json, why: str) -> None:
        known = [one for one in pod["status"].get("conditions", ()) if one["type"] == "PodScheduled"]
        if known and known[0].get("message") == why:
            return
        condition = {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": why,
            "lastTransitionTime": stamp(self._clock()),
        }
        change = lambda item: {**item, "status": {**item["status"], "conditions": [condition]}}  # noqa: E731
        self._resources.edit(POD, pod["metadata"]["namespace"], pod["metadata"]["name"], change)
        self._scheduled.warning(pod, "FailedScheduling", why)

    def _admit(self, pod: Json) -> None:
        """Start a worker for a new pod; one that is deleted before it ran goes at once."""
        metadata = pod["metadata"]
        if "deletionTimestamp" in metadata:
            try:
                self._resources.delete(POD, metadata["namespace"], metadata["name"], Deletion(0))
            except ApiError:
                return  # it is gone
        elif pod["status"].get("phase") not in ENDED:
            lookup = Lookup(self._resources, pod, self._place.addresses.take())
            launcher = Launcher(pod, lookup, self._shared)
            worker = PodWorker(pod, launcher, self._resources, self._events, faults=self._faults, clock=self._clock)
            with self._lock:
                self._workers[worker.uid] = worker
            worker.start()

    def _token(self, pod: Json, seconds: int) -> str:
        metadata = pod["metadata"]
        account = pod["spec"]["serviceAccountName"]
        # It lives as long as its pod: a kubelet would renew it.
        return self._tokens.issue(metadata["namespace"], account, max(seconds, 7 * 86_400), metadata["uid"])[0]

    def _sessions(self, but: str) -> set[int]:
        with self._lock:
            workers = [worker for uid, worker in self._workers.items() if uid != but]
        return {session for worker in workers for session in worker.sessions()}

    def _node_status(self) -> Json:
        cores = str(_CORES_A_CORE * (os.cpu_count() or 1))
        memory = mebibytes(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
        sizes = {"cpu": cores, "memory": memory, "pods": "250", "ephemeral-storage": "50Gi"}
        now = stamp(self._clock())
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "pods are processes"}
        return {
            "capacity": sizes,
            "allocatable": sizes,
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}, {"type": "Hostname", "address": NAME}],
            "conditions": [{**ready, "lastHeartbeatTime": now, "lastTransitionTime": now}],
            "nodeInfo": {
                **dict.fromkeys(("machineID", "systemUUID", "bootID", "kernelVersion"), ""),
                "osImage": "this machine",
                "containerRuntimeVersion": "process://1",
                "kubeletVersion": discovery.VERSION,
                "kubeProxyVersion": discovery.VERSION,
                "operatingSystem": "linux",
                "architecture": "amd64",
            },
        }


def _labels() -> dict[str, str]:
    return {"kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64", "kubernetes.io/hostname": NAME}
