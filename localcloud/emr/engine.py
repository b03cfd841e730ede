"""The EMR engine: one thread that advances every cluster, and a thread for each running step."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from localcloud.credentials import Access
from localcloud.emr import bootstrap, lifecycle, nodes, outages
from localcloud.emr.lifecycle import Effects, Timing
from localcloud.emr.model import ENDED, READY, Cluster, ClusterState, Failure, Reason, Step
from localcloud.emr.seam import Runner, StepOutcome, StepRequest
from localcloud.emr.store import Store
from localcloud.errors import RoleRefused
from localcloud.faults import FaultBook, FaultKind

log = logging.getLogger(__name__)
Clock = Callable[[], datetime]
AccessOf = Callable[[Cluster], Access]
# Calls wake the engine at once; the tick is for time-driven changes (phases, idle timeouts, lost nodes).
_TICK_SECONDS = 0.1


def utc_now() -> datetime:
    return datetime.now(UTC)


class Engine:
    """Advances the clusters. Nothing happens before start(); stop() kills every step."""

    def __init__(self, store: Store, runner: Runner, faults: FaultBook, timing: Timing, clock: Clock = utc_now) -> None:
        self._access_of: AccessOf | None = None
        self._store, self._runner, self._faults = store, runner, faults
        self._timing, self._clock = timing, clock
        self._stopping = False
        self._thread = threading.Thread(target=self._loop, name="localcloud-emr", daemon=True)

    def access_of(self, cluster: Cluster) -> Access:
        """How a cluster's steps reach AWS; known from start() on."""
        assert self._access_of is not None, "a step runs after start()"
        return self._access_of(cluster)

    def start(self, access_of: AccessOf) -> None:
        """Start the engine; access_of says how a cluster's steps reach AWS."""
        self._access_of = access_of
        self._thread.start()

    def stop(self) -> None:
        with self._store.changed:
            self._stopping = True
            self._store.changed.notify_all()
        # Not under the lock: ending steps report through it.
        self._runner.close()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def tick(self) -> None:
        """Advance every living cluster once; called by the loop, or by tests with their own clock."""
        with self._store.changed:
            alive = [cluster for cluster in self._store.clusters() if cluster.state not in ENDED]
            for cluster in alive:
                self._advance(cluster)

    def _loop(self) -> None:
        while not self._stopping:
            with self._store.changed:
                self.tick()
                idle = all(cluster.state in ENDED for cluster in self._store.clusters())
                self._store.changed.wait(None if idle else _TICK_SECONDS)

    def _advance(self, cluster: Cluster) -> None:
        # One tick moves a cluster through all the states that take no time.
        state = None
        while state is not cluster.state:
            state = cluster.state
            try:
                self.apply(cluster, self._next(cluster, self._clock()))
            except Exception as error:
                log.exception("cluster %s could not be moved on from %s", cluster.id, state)
                # EMR ends a cluster on internal errors too, and that tells a caller more than a hanging cluster.
                reason = Reason("INTERNAL_ERROR", f"localcloud broke while it moved the cluster on: {error!r}")
                lifecycle.terminate(cluster, reason, self._clock(), errors=True)
                return
        if cluster.state in ENDED:
            self._runner.forget(cluster.id)

    def _next(self, cluster: Cluster, now: datetime) -> Effects:
        new = cluster.state is ClusterState.STARTING and not cluster.launched
        if new and (end := self._launch(cluster, now)):
            return lifecycle.terminate(cluster, end, now, errors=True)
        if lifecycle.bootstrap_is_over(cluster, now, self._timing):
            if end := outages.bootstrap(cluster, self._faults):
                return lifecycle.terminate(cluster, end, now, errors=True)
            return lifecycle.become_ready(cluster, now)
        if cluster.state in READY and (end := outages.node_lost(cluster, self._faults, now)):
            return lifecycle.terminate(cluster, end, now, errors=True)
        return lifecycle.advance(cluster, now, self._timing_of(cluster))

    def _timing_of(self, cluster: Cluster) -> Timing:
        return Timing(
            self._timing.provisioning + cluster.extra_start_seconds,
            self._timing.bootstrap,
            self._timing.termination,
        )

    def _launch(self, cluster: Cluster, now: datetime) -> Reason | None:
        # Set first: a failed launch must not be tried again at the next tick.
        cluster.launched = True
        if end := outages.capacity(cluster, self._faults):
            return end
        cluster.extra_start_seconds = outages.extra_start_seconds(cluster, self._faults)
        try:
            for pool in cluster.pools:
                nodes.launch(cluster, pool, now)
            self.access_of(cluster)
        except (nodes.LaunchRefused, RoleRefused) as refused:
            return Reason("VALIDATION_ERROR", str(refused))
        return None

    def apply(self, cluster: Cluster, effects: Effects) -> None:
        """Carry out the effects of a transition. Call it with the store's lock held."""
        for step in effects.start:
            name = f"localcloud-{step.id}"
            threading.Thread(target=self._run, args=(cluster, step), name=name, daemon=True).start()
        if effects.bootstrap:
            threading.Thread(target=self._bootstrap, args=(cluster,), daemon=True).start()
        for step in effects.kill:
            self._kill(cluster, step.id)
        if effects.release_nodes:
            for step_id in bootstrap.step_ids(cluster):
                self._kill(cluster, step_id)
            nodes.terminate(cluster, cluster.live_nodes(), self._clock())

    def _kill(self, cluster: Cluster, step_id: str) -> None:
        # In a thread: killing may wait for the process to end, and the caller holds the lock.
        threading.Thread(target=self._runner.kill, args=(cluster.id, step_id), daemon=True).start()

    def _bootstrap(self, cluster: Cluster) -> None:
        failure: Reason | None = Reason("INTERNAL_ERROR", "localcloud could not run the bootstrap actions")
        try:
            failure = bootstrap.run(cluster, self._runner, self.access_of(cluster))
        finally:
            with self._store.changed:
                cluster.bootstrap_runs, cluster.bootstrap_failure = False, failure
                self._store.changed.notify_all()

    def _run(self, cluster: Cluster, step: Step) -> None:
        try:
            outcome = self._runner.run(self._request(cluster, step))
        except Exception as error:
            # Always report an outcome: a step without one would stay RUNNING for ever.
            log.exception("the runner broke on step %s of cluster %s", step.id, cluster.id)
            outcome = StepOutcome(1, f"localcloud could not run the step: {error!r}")
        with self._store.changed:
            effects = lifecycle.step_ended(cluster, step, _failure(cluster, step, outcome), self._clock())
            self.apply(cluster, effects)
            self._store.changed.notify_all()

    def _request(self, cluster: Cluster, step: Step) -> StepRequest:
        program = step.spec["HadoopJarStep"]
        jar, args = str(program["Jar"]), tuple(map(str, program.get("Args") or ()))
        subject = {"cluster": cluster.names, "step": (step.name, step.id)}
        if fault := self._faults.strike(FaultKind.STEP_FAILURE, **subject):
            jar, args = outages.failing_command(fault)
        elif self._faults.strike(FaultKind.STEP_HANGS, **subject):
            jar, args = outages.hanging_command()
        return StepRequest(
            account=cluster.account,
            region=cluster.region,
            access=self.access_of(cluster),
            cluster_id=cluster.id,
            step_id=step.id,
            jar=jar,
            args=args,
            log_uri=cluster.log_uri,
            spark_defaults=_spark_defaults(cluster),
        )


def _spark_defaults(cluster: Cluster) -> dict[str, str]:
    found: dict[str, str] = {}
    for configuration in cluster.spec.get("Configurations") or []:
        if configuration.get("Classification") == "spark-defaults":
            found.update(configuration.get("Properties") or {})
    return found


def _failure(cluster: Cluster, step: Step, outcome: StepOutcome) -> Failure | None:
    if outcome.exit_code == 0:
        return None
    logs = f"{cluster.log_uri.rstrip('/')}/{cluster.id}/steps/{step.id}" if cluster.log_uri else None
    return Failure("Unknown Error.", outcome.message, f"{logs}/stderr.gz" if logs else None)
