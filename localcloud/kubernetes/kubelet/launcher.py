"""What a pod's containers get from its node: volumes, environment, programs, and S3 for Spark."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from localcloud import private
from localcloud.credentials import Access
from localcloud.kubernetes import kubeconfig
from localcloud.kubernetes.admission import TOKEN_PATH
from localcloud.kubernetes.errors import Json
from localcloud.kubernetes.kubelet import spark_image
from localcloud.kubernetes.kubelet.container import Started
from localcloud.kubernetes.kubelet.environment import variables
from localcloud.kubernetes.kubelet.lookup import Lookup
from localcloud.kubernetes.kubelet.paths import Paths
from localcloud.kubernetes.kubelet.place import NodePlace
from localcloud.kubernetes.kubelet.program import DRIVER, Program, command_of, role
from localcloud.kubernetes.kubelet.quantity import number
from localcloud.kubernetes.kubelet.s3 import Buckets
from localcloud.kubernetes.kubelet.volumes import Volumes, mounts
from localcloud.kubernetes.kubelet.waiting import Waiting
from localcloud.steps import java
from localcloud.steps.archive import archive_path
from localcloud.steps.environment import machine
from localcloud.steps.errors import CommandError
from localcloud.steps.request import StepRequest
from localcloud.steps.shim import write_host_shims
from localcloud.steps.site import Site, make_spark_home


@dataclass(frozen=True)
class Shared:
    """What the launchers of a node share. token: issues a pod's token for some seconds. forget: revokes them. sessions:
    the process sessions of all pods but one."""

    place: NodePlace
    buckets: Buckets
    token: Callable[[Json, int], str]
    forget: Callable[[str], None]
    sessions: Callable[[str], set[int]]


class Launcher:
    """Prepares the containers of one pod."""

    def __init__(self, pod: Json, lookup: Lookup, shared: Shared) -> None:
        self._pod, self._lookup, self._shared, self.ip = pod, lookup, shared, lookup.ip
        self._uid = str(pod["metadata"]["uid"])
        self.directory = shared.place.directory / "pods" / self._uid
        self._volumes: dict[str, Path] = {}

    @property
    def backoff_seconds(self) -> float:
        return self._shared.place.backoff_seconds

    def prepare(self) -> None:
        """Make the pod's volumes. Raises Waiting while something that they need is missing."""
        claims = self._shared.place.directory / "claims"
        token = lambda seconds: self._shared.token(self._pod, seconds)  # noqa: E731
        self._volumes = Volumes(private.folder(self.directory / "volumes"), claims, self._lookup, token).make()

    def started(self, container: Json) -> Started:
        """The program of a container, its directory and variables. Raises Waiting, RoleRefused, OSError."""
        folder = private.folder(self.directory / "containers" / container["name"])
        for name in ("bin", "work", "tmp", "conf"):
            (folder / name).mkdir(exist_ok=True)
        write_host_shims(folder / "bin", self._shared.place.spark.python)
        mounted = mounts(container, self._volumes)
        access = self._shared.place.access_of(self._pod)
        base = {**machine(folder / "bin", folder / "tmp", str(folder / "work")), **self._cluster(folder, mounted)}
        base |= access.environment(self._shared.place.region) if access else {}
        stated = variables(container, self._lookup)
        command = command_of(container, {**base, **stated})
        paths = Paths({**self._image_paths(command), **mounted})
        own = {name: paths.local(value) for name, value in stated.items()}
        command = tuple(map(paths.local, command))
        program = self._program(command, container, own, paths, access)
        # What Spark gets is this machine's: the image's Python or Java would not be found.
        env = {**base, **own, **program.env} if role(command) else {**base, **program.env, **own}
        return Started(program, self._cwd(container, paths, folder), env, self._grace)

    @property
    def _grace(self) -> float:
        return float(self._pod["spec"]["terminationGracePeriodSeconds"])

    def finish(self, container: str) -> str:
        """Write what a driver wrote to S3; returns what was denied, in words, empty for nothing."""
        request = self._request(self._shared.place.access_of(self._pod))
        try:
            denied = self._shared.buckets.push(request, self._shared.sessions(self._uid))
        except OSError as problem:
            return f"localcloud could not write the output of {container} to S3: {problem}"
        return f"AccessDenied: {denied[0]}" if denied else ""

    def forget(self) -> None:
        """Revoke the pod's tokens."""
        self._shared.forget(self._uid)

    def _cluster(self, folder: Path, mounted: dict[str, Path]) -> dict[str, str]:
        """The variables by which a container finds the API and itself."""
        host, _, port = self._shared.place.api.rpartition("//")[2].partition(":")
        found = {
            "HOSTNAME": self._pod["metadata"]["name"],
            "KUBERNETES_SERVICE_HOST": host,
            "KUBERNETES_SERVICE_PORT": port,
        }
        if token := mounted.get(TOKEN_PATH):
            file = folder / "kubeconfig"
            words = kubeconfig.of_pod(self._shared.place.api, token, self._pod["metadata"]["namespace"])
            file.write_text(words, encoding="utf-8")
            found["KUBECONFIG"] = str(file)
        return found

    def _image_paths(self, command: tuple[str, ...]) -> dict[str, Path]:
        """The paths that a Spark image brings: its SPARK_HOME, with the examples."""
        if not role(command):
            return {}
        home = make_spark_home(self._shared.place.directory / "spark-home")
        return {spark_image.IMAGE_HOME: home, f"{spark_image.IMAGE_HOME}/work-dir": self.directory / "work-dir"}

    def _program(
        self, command: tuple[str, ...], container: Json, env: dict[str, str], paths: Paths, access: Access | None
    ) -> Program:
        if not role(command):
            return Program(command)
        request = self._request(access)
        if role(command) == DRIVER:
            self._shared.buckets.pull(request)
        try:
            site = self._site(container, request)
        except CommandError as problem:
            raise Waiting("CreateContainerError", str(problem)) from None
        cores = math.ceil(number(_limit(container, "cpu") or 0))
        return spark_image.program(
            command, env, spark_image.Machine(site, paths, self.ip, self._shared.place.api, cores)
        )

    def _site(self, container: Json, request: StepRequest) -> Site:
        place, folder = self._shared.place, self.directory / "containers" / container["name"]
        java_home = place.spark.java_home or java.find_java_home()
        archives = place.spark.archive_dir
        return Site(
            step_dir=folder,
            buckets_dir=self._shared.buckets.seen_by(request, folder / "s3"),
            hdfs_dir=place.directory / "hdfs" / self._pod["metadata"]["namespace"],
            spark_home=make_spark_home(place.directory / "spark-home"),
            java_home=java_home,
            python=place.spark.python,
            cores=place.spark.cores or os.cpu_count() or 1,
            driver_memory=place.spark.driver_memory,
            archive=archive_path(archives, java_home) if archives else None,
        )

    def _request(self, access: Access | None) -> StepRequest:
        """The pod as a step: what the mirror of S3 and its rights know."""
        place, metadata = self._shared.place, self._pod["metadata"]
        return StepRequest(
            account=place.account,
            region=place.region,
            access=access or kubeconfig.NO_ACCESS,
            cluster_id=metadata["namespace"],
            step_id=self._uid,
            jar="",
            args=(),
            log_uri=None,
            spark_defaults={},
        )

    def _cwd(self, container: Json, paths: Paths, folder: Path) -> Path:
        stated = container.get("workingDir")
        place = Path(paths.local(stated)) if stated else folder / "work"
        return place if place.is_dir() else folder / "work"


def _limit(container: Json, name: str) -> str | None:
    found = ((container.get("resources") or {}).get("limits") or {}).get(name)
    return None if found is None else str(found)
