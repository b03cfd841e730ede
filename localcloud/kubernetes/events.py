"""Events: what the kubelet and the operator report about an object, as `kubectl describe` shows it."""

from __future__ import annotations

from localcloud.kubernetes.errors import ApiError, Json
from localcloud.kubernetes.kinds import EVENT
from localcloud.kubernetes.resources import Resources
from localcloud.kubernetes.times import Clock, stamp


class Events:
    """Records events of one source. The same event again raises its count."""

    def __init__(self, resources: Resources, clock: Clock, source: str) -> None:
        self._resources, self._clock, self._source = resources, clock, source
        self._names: dict[tuple[str, str, str], str] = {}
        self._last = 0

    def normal(self, item: Json, reason: str, message: str) -> None:
        """Report what is as it should be."""
        self._record(item, "Normal", reason, message)

    def warning(self, item: Json, reason: str, message: str) -> None:
        """Report what is not."""
        self._record(item, "Warning", reason, message)

    def _record(self, item: Json, kind: str, reason: str, message: str) -> None:
        known = (item["metadata"]["uid"], reason, message)
        namespace = item["metadata"]["namespace"]
        if known in self._names and self._repeat(namespace, self._names[known]):
            return
        self._last += 1
        self._names[known] = f"{item['metadata']['name']}.{self._source}.{self._last:x}"
        now = stamp(self._clock())
        body = {
            "metadata": {"name": self._names[known]},
            "involvedObject": reference(item),
            "type": kind,
            "reason": reason,
            "message": message,
            "source": {"component": self._source},
            "reportingComponent": self._source,
            "reportingInstance": "localcloud",
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
        try:
            self._resources.create(EVENT, namespace, body)
        except ApiError:
            return  # the namespace is being deleted: nobody can read the event any more

    def _repeat(self, namespace: str, name: str) -> bool:
        now = stamp(self._clock())
        again = lambda event: {**event, "count": event["count"] + 1, "lastTimestamp": now}  # noqa: E731
        return self._resources.edit(EVENT, namespace, name, again) is not None


def reference(item: Json) -> Json:
    """An ObjectReference to an object."""
    metadata = item["metadata"]
    names = ("name", "namespace", "uid", "resourceVersion")
    return {
        "apiVersion": item["apiVersion"],
        "kind": item["kind"],
        **{name: metadata[name] for name in names if name in metadata},
    }


def owner(item: Json) -> Json:
    """An OwnerReference to an object, as its controller writes it."""
    return {
        "apiVersion": item["apiVersion"],
        "kind": item["kind"],
        "name": item["metadata"]["name"],
        "uid": item["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
