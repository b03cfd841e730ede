"""A pod's volumes as directories of this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from localcloud import private
from localcloud.kubernetes.errors import Json
from localcloud.kubernetes.kinds import CONFIG_MAP, SECRET, Kind
from localcloud.kubernetes.kubelet.lookup import Lookup
from localcloud.kubernetes.kubelet.waiting import Waiting

_TOKEN_SECONDS = 3600


@dataclass(frozen=True)
class Volumes:
    """Makes the volumes of a pod below one directory. claims: where persistent volumes are. token: issues one of the
    pod's service account for some seconds."""

    directory: Path
    claims: Path
    lookup: Lookup
    token: Callable[[int], str]

    def make(self) -> dict[str, Path]:
        """Every volume's directory by its name. Raises Waiting when something that it needs does not exist."""
        spec = self.lookup.pod["spec"]
        return {volume["name"]: self._one(volume) for volume in spec.get("volumes") or ()}

    def _one(self, volume: Json) -> Path:
        if "hostPath" in volume:
            return Path(volume["hostPath"]["path"])
        if claim := volume.get("persistentVolumeClaim"):
            namespace = self.lookup.pod["metadata"]["namespace"]
            return private.folder(self.claims / namespace / claim["claimName"])
        place = private.folder(self.directory / volume["name"])
        for name, data in self._files(volume):
            file = place / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        return place

    def _files(self, volume: Json) -> Iterator[tuple[str, bytes]]:
        if "emptyDir" in volume:
            return
        if "configMap" in volume:
            yield from self._mapped(CONFIG_MAP, volume["configMap"], volume["configMap"]["name"])
        elif "secret" in volume:
            yield from self._mapped(SECRET, volume["secret"], volume["secret"]["secretName"])
        elif "downwardAPI" in volume:
            yield from self._fields(volume["downwardAPI"])
        elif "projected" in volume:
            for source in volume["projected"].get("sources") or ():
                yield from self._projected(source)
        elif set(volume) != {"name"}:
            kind = next(name for name in volume if name != "name")
            raise Waiting("ContainerCreating", f"localcloud has no volumes of kind {kind}: use emptyDir or a claim")

    def _projected(self, source: Json) -> Iterator[tuple[str, bytes]]:
        if token := source.get("serviceAccountToken"):
            yield token["path"], self.token(int(token.get("expirationSeconds") or _TOKEN_SECONDS)).encode()
        for name, kind in (("configMap", CONFIG_MAP), ("secret", SECRET)):
            if name in source:
                yield from self._mapped(kind, source[name], source[name]["name"])
        if "downwardAPI" in source:
            yield from self._fields(source["downwardAPI"])

    def _fields(self, source: Json) -> Iterator[tuple[str, bytes]]:
        for item in source.get("items") or ():
            yield item["path"], self.lookup.field(item.get("fieldRef", {}).get("fieldPath", "")).encode()

    def _mapped(self, kind: Kind, source: Json, name: str) -> Iterator[tuple[str, bytes]]:
        data = self.lookup.data(kind, name, optional=bool(source.get("optional"))) or {}
        if "items" not in source:
            yield from data.items()
            return
        for item in source["items"]:
            if item["key"] in data:
                yield item["path"], data[item["key"]]
            elif not source.get("optional"):
                raise Waiting("ContainerCreating", f"references non-existent config key: {item['key']}")


def mounts(container: Json, made: dict[str, Path]) -> dict[str, Path]:
    """The container's mounts: places on this machine by their path in the container."""
    return {
        mount["mountPath"]: made[mount["name"]] / mount.get("subPath", "")
        for mount in container.get("volumeMounts") or ()
    }
