"""The engine of all job runs: one thread that advances them and their places, and a thread for each running one."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from localcloud.credentials import Access
from localcloud.emr.seam import Runner
from localcloud.errors import RoleRefused
from localcloud.faults import FaultBook
from localcloud.runs import lifecycle, outages
from localcloud.runs.lifecycle import Effect
from localcloud.runs.model import Place, Reason, Run, RunStore, Stop
from localcloud.steps.request import RunRequest, StepOutcome

log = logging.getLogger(__name__)
AccessOf = Callable[[Run], Access]
# Calls wake the engine at once; the tick is for changes by time.
_TICK_SECONDS = 0.1


@dataclass(frozen=True)
class RunTiming:
    """Seconds that a run waits for its workers, and that a change of an application or a virtual cluster takes."""

    run_start: float = 0.0
    application: float = 0.0


class RunEngine:
    """Advances runs and places. Nothing happens before start()."""

    def __init__(
        self, store: RunStore, runner: Runner, faults: FaultBook, timing: RunTiming, clock: Callable[[], datetime]
    ) -> None:
        self._access_of: AccessOf | None = None
        self._store, self._runner, self._faults = store, runner, faults
        self._timing, self._clock = timing, clock
        self._stopping = False
        self._thread = threading.Thread(target=self._loop, name="localcloud-runs", daemon=True)

    def start(self, access_of: AccessOf) -> None:
        """Start the engine; access_of says how a run's process reaches AWS."""
        self._access_of = access_of
        self._thread.start()

    def stop(self) -> None:
        """Advance nothing more; the runner's owner kills the processes."""
        with self._store.changed:
            self._stopping = True
            self._store.changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def submit(self, run: Run) -> None:
        """Take a new run. Call it with the store's lock held."""
        run.slow_seconds = outages.extra_start_seconds(run, self._faults)
        self._admit(run)
        self._store.runs[run.arn] = run

    def cancel(self, run: Run) -> None:
        """Stop a run that has not ended. Call it with the store's lock held."""
        self._carry_out(lifecycle.stop(run, Stop(run.words.stopped, run.words.stopped_text), self._clock()), run)

    def tick(self) -> None:
        """Advance everything once."""
        with self._store.changed:
            now, seconds, runs = self._clock(), self._timing.application, list(self._store.unfinished())
            for place in self._living(runs):
                place.advance(self._store.of(place), now, seconds)
            for run in runs:
                self._advance(run)

    def _loop(self) -> None:
        while not self._stopping:
            with self._store.changed:
                self.tick()
                busy = self._living(list(self._store.unfinished()))
                self._store.changed.wait(_TICK_SECONDS if busy else None)

    def _living(self, runs: list[Run]) -> list[Place]:
        """The places that may change, and those of the runs."""
        alive = [place for place in self._store.places.values() if place.lives]
        return [*alive, *{run.place for run in runs if not run.place.lives}]

    def _admit(self, run: Run) -> None:
        active = sum(other.active for other in self._store.of(run.place))
        lifecycle.admit(run, run.place.holds(active), self._clock())

    def _advance(self, run: Run) -> None:
        try:
            if run.admitted_at is None and run.stop is None:
                self._admit(run)
            if run.admitted_at or run.stop:
                self._carry_out(lifecycle.advance(run, self._clock(), self._timing.run_start), run)
        except Exception as error:
            log.exception("run %s could not be moved on from %s", run.id, run.state)
            # A failed run says more to a caller than one that hangs.
            self._refuse(run, Reason(f"localcloud broke while it moved the run on: {error!r}", "INTERNAL_ERROR"))

    def _carry_out(self, effect: Effect, run: Run) -> None:
        if effect is Effect.LAUNCH:
            self._launch(run)
        elif effect is Effect.KILL:
            # In a thread: killing may wait for the process to end, and the caller holds the lock.
            threading.Thread(target=self._runner.kill, args=(run.id, run.id), daemon=True).start()

    def _launch(self, run: Run) -> None:
        """Start the process of a run whose workers are there, or fail the run."""
        assert self._access_of is not None, "a run starts after start()"
        if refusal := outages.refusal(run, self._faults):
            self._refuse(run, refusal)
            return
        try:
            request = outages.disturbed(run, run.request(self._access_of(run)), self._faults)
        except RoleRefused as refused:
            log.warning("run %s: %s", run.id, refused)
            self._refuse(run, Reason(run.words.untrusted_text.format(role=run.role), "USER_ERROR"))
            return
        lifecycle.started(run, self._clock())
        threading.Thread(target=self._run, args=(run, request), name=f"localcloud-{run.id}", daemon=True).start()

    def _refuse(self, run: Run, reason: Reason) -> None:
        lifecycle.refused(run, reason, self._clock())
        self._retry(run)

    def _run(self, run: Run, request: RunRequest) -> None:
        try:
            outcome = self._runner.run(request)
        except Exception as error:
            # Always report an outcome: a run without one would be RUNNING for ever.
            log.exception("the runner broke on run %s", run.id)
            outcome = StepOutcome(1, f"localcloud could not run it: {error!r}")
        with self._store.changed:
            lifecycle.process_ended(run, outcome, self._clock())
            self._retry(run)
            self._store.changed.notify_all()

    def _retry(self, run: Run) -> None:
        if not self._stopping and (retry := run.place.again(run, self._clock())):
            self.submit(retry)
