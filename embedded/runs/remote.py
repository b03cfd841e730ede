"""Runs on an Airflow elsewhere: triggered through its REST API, followed to their end.

It is to the rest of a command what embedded.runs.runner is: it takes orders and gives their events as they come.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from embedded.airflow.api import ENDED, AirflowApi
from embedded.errors import CloudError
from embedded.runs.requests import Order
from embedded.runs.runner import Event
from embedded.uploads import delivery, yesterday
from tools.errors import StackError

LOOK_SECONDS = 1.0
PATIENCE_SECONDS = 120.0
BEGUN = {"running", "deferred"}
DONE = {"success", "failed", "skipped"}


@dataclass(frozen=True)
class RemoteRunner:
    """Nights on the Airflow behind `api`. `log` takes every event."""

    api: AirflowApi
    log: Path

    def play(self, env: Mapping[str, str], orders: Sequence[Order], tick: float) -> Iterator[Event]:
        """Play the orders one after the other, until one fails; yields events, and {"event": "tick"} when `tick`
        seconds brought none. Raises StackError when Airflow refuses, CloudError when input cannot be uploaded."""
        for order in orders:
            last: Event = {}
            for event in _ticking(self._night(env, order), tick):
                last = event
                yield event
            if last["state"] != "success":
                return

    def finish(self) -> None:
        """Nothing: the night is its Airflow's, which plays it to its end whoever looks on."""

    def _night(self, env: Mapping[str, str], order: Order) -> Iterator[Event | None]:
        """The events of one night; None each time that there was nothing new."""
        delivered = _deliver(env, order)
        run_id = self.api.trigger(order.dag_id, order.conf)
        seen: dict[str, str | None] = {}
        while True:
            delivered = delivered or _deliver(env, order)
            state, tasks = self._look(order.dag_id, run_id)
            for event in _news(seen, tasks):
                yield self._logged({**event, "run_id": run_id})
            seen = tasks
            if state in ENDED:
                states = {task: str(at or "none") for task, at in tasks.items()}
                end = {"event": "night", "run_id": run_id, "state": state, "tasks": states, "preflight": None}
                yield self._logged(end)
                return
            yield None
            time.sleep(LOOK_SECONDS)

    def _look(self, dag_id: str, run_id: str) -> tuple[str, dict[str, str | None]]:
        """The run's state and its tasks'. A server that is too busy to answer is called again, for a while."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return self.api.run_state(dag_id, run_id), self.api.task_states(dag_id, run_id)
            except httpx.TransportError as silent:
                if time.monotonic() > deadline:
                    raise StackError(
                        f"{self.api.url} no longer answers ({silent}); the run {dag_id} {run_id} continues there."
                    ) from None
                time.sleep(LOOK_SECONDS)

    def _logged(self, event: Event) -> Event:
        with self.log.open("a", encoding="utf-8") as log:
            log.write(json.dumps(event) + "\n")
        return event


def _deliver(env: Mapping[str, str], order: Order) -> bool:
    """Upload the night's input; False while its bucket is not there, which the first night makes. Raises CloudError."""
    if not order.uploads:
        return True
    try:
        if not yesterday.raw_bucket(env):
            return False
        delivery.deliver(env, order.prefixes, order.uploads)
    except delivery.FAILURES as error:
        raise CloudError(f"The input could not be uploaded: {error}") from error
    return True


def _news(seen: Mapping[str, str | None], tasks: Mapping[str, str | None]) -> Iterator[Event]:
    """What became of tasks since they were last seen: running or ended."""
    for task, state in tasks.items():
        if state != seen.get(task) and state in DONE:
            yield {"event": state, "task": task}
        elif state in BEGUN and seen.get(task) not in BEGUN:
            yield {"event": "running", "task": task}


def _ticking(events: Iterator[Event | None], tick: float) -> Iterator[Event]:
    """The events, and a tick when there was none for so many seconds."""
    last = time.monotonic()
    for event in events:
        if event or time.monotonic() - last >= tick:
            last = time.monotonic()
            yield event or {"event": "tick"}
