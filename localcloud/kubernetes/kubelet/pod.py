"""The life of one pod on its node, in a thread of its own: volumes, containers, restarts, deadlines, its end."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from localcloud import private
from localcloud.errors import RoleRefused
from localcloud.faults import FaultBook, FaultKind
from localcloud.kubernetes.errors import ApiError, Json
from localcloud.kubernetes.events import Events
from localcloud.kubernetes.garbage import Deletion
from localcloud.kubernetes.kinds import POD
from localcloud.kubernetes.kubelet import statuses
from localcloud.kubernetes.kubelet.container import Container
from localcloud.kubernetes.kubelet.launcher import Launcher
from localcloud.kubernetes.kubelet.waiting import Waiting
from localcloud.kubernetes.resources import Resources
from localcloud.kubernetes.times import Clock, stamp

log = logging.getLogger(__name__)
_TICK_SECONDS = 0.1
_PULL_AGAIN_SECONDS = 5.0  # a kubelet waits ten, then twice as long each time
_MOUNT_AGAIN_SECONDS = 0.5
_LONGEST_BACKOFF = 300.0


class PodWorker:
    """Runs one pod until it has ended and is deleted."""

    def __init__(
        self,
        pod: Json,
        launcher: Launcher,
        resources: Resources,
        events: Events,
        *,
        faults: FaultBook,
        clock: Clock,
    ) -> None:
        self._pod, self._launcher, self._resources = pod, launcher, resources
        self._events, self._faults, self._clock = events, faults, clock
        metadata = pod["metadata"]
        self.uid, self._namespace, self._name = metadata["uid"], metadata["namespace"], metadata["name"]
        directory = private.folder(launcher.directory)
        now = partial(_now, clock)
        spec = pod["spec"]
        self._inits = [Container(one, directory / "logs" / one["name"], now) for one in spec.get("initContainers", ())]
        self._containers = [Container(one, directory / "logs" / one["name"], now) for one in spec["containers"]]
        self._due: dict[str, float] = {}  # container -> when it may start again
        self._began, self._began_at = time.monotonic(), now()
        self._stopped, self._final, self._reported = threading.Event(), False, list[Json]()
        self._thread = threading.Thread(target=self._run, name=f"pod-{self._name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Kill the pod's processes: the server ends."""
        self._stopped.set()

    def join(self, seconds: float) -> None:
        self._thread.join(seconds)

    @property
    def alive(self) -> bool:
        """Whether it still has something to end or to remove."""
        return self._thread.is_alive()

    def sessions(self) -> set[int]:
        """The process sessions of its running containers."""
        return {one.session for one in self._all() if one.session is not None}

    def log(self, container: str, *, previous: bool) -> Path | None:
        found = self.container(container)
        return found.log(previous=previous) if found else None

    def container(self, name: str) -> Container | None:
        return next((one for one in self._all() if one.name == name), None)

    def _all(self) -> list[Container]:
        return [*self._inits, *self._containers]

    def _run(self) -> None:
        try:
            self._live()
        except Exception as error:
            log.exception("pod %s/%s could not be run", self._namespace, self._name)
            self._kill_all()
            self._fail("KubeletError", f"localcloud could not run the pod: {error!r}")
        self._bury()

    def _live(self) -> None:
        """From the first look at the pod until its containers have ended for good."""
        if not self._until(self._pulled) or not self._until(self._prepared):
            return self._end_containers()
        for container in self._inits:
            if not self._until(partial(self._initialized, container)):
                return self._end_containers()
            if container.code:
                return self._report(final=True)
        self._until(self._over)
        return self._end_containers()

    def _until(self, done: Callable[[], bool]) -> bool:
        """Look again and again until it is done; False when the pod has to end before."""
        while not self._gone():
            if done():
                return True
            if self._final:
                return False
            time.sleep(_TICK_SECONDS)
        return False

    def _gone(self) -> bool:
        """Whether the pod is deleted or being deleted, or the server ends."""
        found = self._object()
        return self._stopped.is_set() or found is None or "deletionTimestamp" in found["metadata"]

    def _object(self) -> Json | None:
        found = self._resources.find(POD, self._namespace, self._name)
        return found if found and found["metadata"]["uid"] == self.uid else None

    def _pulled(self) -> bool:
        """Pull the image, which only a fault prevents."""
        if self._deadline_passed():
            return True
        subject = self._subject()
        image = self._pod["spec"]["containers"][0]["image"]
        if self._faults.strike(FaultKind.IMAGE_PULL_FAILURE, **subject) is None:
            self._events.normal(self._pod, "Pulled", f'Container image "{image}" already present on machine')
            return True
        message = f'failed to pull and unpack image "{image}": not found'
        for reason in ("ErrImagePull", "ImagePullBackOff"):
            text = message if reason == "ErrImagePull" else f'Back-off pulling image "{image}"'
            for container in self._containers:
                container.state = statuses.waiting(reason, text)
            self._report()
            self._events.warning(self._pod, "Failed", f"Error: {reason}")
        again = time.monotonic() + _PULL_AGAIN_SECONDS
        self._until(lambda: time.monotonic() >= again or self._deadline_passed())
        return False

    def _subject(self) -> dict[str, str | tuple[str, ...]]:
        """By what a fault's patterns find this pod: its namespace as the cluster, its name as the step."""
        return {"cluster": self._namespace, "step": self._name}

    def _prepared(self) -> bool:
        """Make the volumes; false while something that they need is missing."""
        try:
            self._launcher.prepare()
        except Waiting as problem:
            self._events.warning(self._pod, "FailedMount", problem.message)
            self._report()
            again = time.monotonic() + _MOUNT_AGAIN_SECONDS
            self._until(lambda: time.monotonic() >= again)
            return self._deadline_passed()
        for container in self._containers:
            container.state = statuses.waiting("PodInitializing" if self._inits else "ContainerCreating")
        self._report()
        return True

    def _initialized(self, container: Container) -> bool:
        """Run an init container to its end; false until then."""
        if self._deadline_passed():
            return True
        self._start_due(container)
        self._tick(container)
        ended = container.code is not None
        if ended and container.code and self._pod["spec"]["restartPolicy"] != "Never":
            self._start_again(container)
            ended = False
        self._report()
        return ended

    def _over(self) -> bool:
        """Start what has to run, and look at what runs; true when all have ended for good."""
        if self._deadline_passed() or self._evicted():
            return True
        for container in self._containers:
            self._start_due(container)
            self._tick(container)
            if container.code is not None and self._restarts(container.code):
                self._start_again(container)
        policy = self._pod["spec"]["restartPolicy"]
        over = statuses.phase([one.state for one in self._containers], policy) in statuses.ENDED
        self._report(final=over)
        return over

    def _restarts(self, code: int) -> bool:
        return statuses.restarts(code, self._pod["spec"]["restartPolicy"])

    def _start(self, container: Container) -> None:
        try:
            container.start(self._launcher.started(container.spec))
        except (Waiting, RoleRefused, OSError) as problem:
            reason = problem.reason if isinstance(problem, Waiting) else "CreateContainerError"
            container.state = statuses.waiting(reason, str(problem))
            self._events.warning(self._pod, "Failed", f"Error: {problem}")
            self._due[container.name] = time.monotonic() + 0.5
            return
        self._events.normal(self._pod, "Started", f"Started container {container.name}")

    def _start_again(self, container: Container) -> None:
        """Have an ended container wait for its restart: at once the first time, then longer and longer."""
        power = container.restarts - 1
        backoff = min(self._launcher.backoff_seconds * 2.0**power, _LONGEST_BACKOFF) if power >= 0 else 0.0
        self._due[container.name] = time.monotonic() + backoff
        container.back_off(f"back-off {backoff:g}s restarting failed container={container.name} pod={self._name}")
        self._events.warning(self._pod, "BackOff", f"Back-off restarting failed container {container.name}")

    def _start_due(self, container: Container) -> None:
        """Start a container that waits, when its time has come."""
        if "waiting" in container.state and time.monotonic() >= self._due.get(container.name, 0.0):
            self._start(container)

    def _tick(self, container: Container) -> None:
        """Look whether a container has ended; a driver's output is in S3 before its end is seen."""
        if not container.running:
            return
        fault = self._faults.peek(FaultKind.OUT_OF_MEMORY, **self._subject())
        if fault and time.monotonic() - self._began >= fault.seconds:
            self._faults.strike(FaultKind.OUT_OF_MEMORY, **self._subject())
            container.kill("OOMKilled")
        if container.poll():
            self._ended(container)

    def _ended(self, container: Container) -> None:
        if container.driver and (problem := self._launcher.finish(container.name)):
            code = container.code or 1
            container.ended(code, "Error", problem)

    def _deadline_passed(self) -> bool:
        seconds = self._pod["spec"].get("activeDeadlineSeconds")
        if not seconds or time.monotonic() - self._began < seconds:
            return False
        self._end_containers()
        self._fail("DeadlineExceeded", "Pod was active on the node longer than the specified deadline")
        return True

    def _evicted(self) -> bool:
        fault = self._faults.peek(FaultKind.POD_EVICTED, **self._subject())
        waits = not any(one.running for one in self._containers)
        if fault is None or waits or time.monotonic() - self._began < fault.seconds:
            return False
        self._faults.strike(FaultKind.POD_EVICTED, **self._subject())
        self._kill_all()
        message = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 0."
        self._events.warning(self._pod, "Evicted", message)
        self._fail("Evicted", message)
        return True

    def _end_containers(self) -> None:
        """End what still runs: TERM, and KILL when its grace is over."""
        running = [one for one in self._all() if one.running]
        for container in running:
            container.stop()
        deadline = time.monotonic() + self._grace()
        while any(one.running for one in running):
            for container in running:
                if container.poll():
                    self._ended(container)
            if self._object() is None or self._stopped.is_set() or time.monotonic() >= deadline:
                self._kill_all()
            time.sleep(_TICK_SECONDS)

    def _grace(self) -> float:
        found = self._object()
        grace = (found or {"metadata": {}})["metadata"].get("deletionGracePeriodSeconds")
        return float(self._pod["spec"]["terminationGracePeriodSeconds"] if grace is None else grace)

    def _kill_all(self) -> None:
        for container in [one for one in self._all() if one.running]:
            container.kill()
            container.wait()
            self._ended(container)

    def _fail(self, reason: str, message: str) -> None:
        self._final = True
        self._write(lambda status: {**status, "phase": statuses.FAILED, "reason": reason, "message": message})

    def _report(self, *, final: bool = False) -> None:
        seen = [one.status() for one in self._all()]
        if final or seen != self._reported:
            self._final, self._reported = self._final or final, seen
            self._write(lambda status: status)

    def _write(self, change: Callable[[Json], Json]) -> None:
        """Write the pod's status, changed; an ended pod's phase stays."""

        def written(pod: Json) -> Json:
            if pod["metadata"]["uid"] != self.uid:
                return pod
            return {**pod, "status": change(self._status(pod["status"]))}

        self._resources.edit(POD, self._namespace, self._name, written)

    def _status(self, old: Json) -> Json:
        states = [one.state for one in self._containers]
        policy = self._pod["spec"]["restartPolicy"]
        phase = old["phase"] if old["phase"] in statuses.ENDED else statuses.phase(states, policy)
        if phase == statuses.PENDING and any(one.code for one in self._inits) and policy == "Never":
            phase = statuses.FAILED
        initialized = all(one.code == 0 for one in self._inits)
        ready = bool(states) and all("running" in state for state in states)
        conditions = statuses.conditions(
            *(old.get("conditions", ()), stamp(self._clock())),
            initialized=initialized,
            ready=ready,
            ended=phase in statuses.ENDED,
        )
        inits = {"initContainerStatuses": [one.status() for one in self._inits]} if self._inits else {}
        return {
            **old,
            "phase": phase,
            "conditions": conditions,
            "hostIP": self._launcher.ip,
            "podIP": self._launcher.ip,
            "podIPs": [{"ip": self._launcher.ip}],
            "startTime": self._began_at,
            **inits,
            "containerStatuses": [one.status() for one in self._containers],
        }

    def _bury(self) -> None:
        """Keep the logs until the pod is deleted; then remove all that it left."""
        self._report()
        while not self._stopped.is_set() and (found := self._object()) is not None:
            if "deletionTimestamp" in found["metadata"]:
                self._remove()
            with self._resources.store.changed:
                self._resources.store.changed.wait(0.5)
        self._launcher.forget()
        shutil.rmtree(self._launcher.directory, ignore_errors=True)

    def _remove(self) -> None:
        try:
            self._resources.delete(POD, self._namespace, self._name, Deletion(0, preconditions={"uid": self.uid}))
        except ApiError:
            return  # somebody else has, or a finalizer holds it


def _now(clock: Clock) -> str:
    return stamp(clock())
