"""The process that plays nights: Airflow's dag.test in it, its events on a pipe, everything else in the log.

It is started by embedded.runs.runner in a session of its own, so that Ctrl-C in the terminal reaches the command and
not the terraform that is tearing something down.
"""

from __future__ import annotations

import copy
import gc
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from embedded.runs.requests import Order
from embedded.runs.stop import Stop
from embedded.uploads import delivery

if TYPE_CHECKING:
    from airflow.sdk import DAG

FAILED = 1
RARELY = (50_000, 20, 100)  # new objects, and collections of the younger, before garbage is sought among them


class Narrator:
    """Writes each task's start and end as one JSON line, and uploads the run's input once its bucket exists.

    operator: the environment of whoever brings it; Airflow's role may not.
    """

    def __init__(self, events: TextIO, stop: Stop) -> None:
        self._events, self._stop = events, stop
        self.order: Order | None = None
        self.operator: dict[str, str] = {}

    def emit(self, event: str, **facts: Any) -> None:
        """One event. That nobody reads any more does not end a night."""
        try:
            self._events.write(json.dumps({"event": event, **facts}, default=str) + "\n")
            self._events.flush()
        except BrokenPipeError:
            print(f"the reader of events is gone: {event} {facts}", file=sys.stderr)

    def running(self, task: Any) -> None:
        """A task begins, or goes on after a deferral."""
        self._stop.enter(task.task)
        self.emit("running", task=task.task_id, run_id=task.run_id, attempt=task.try_number)

    def ended(self, task: Any, state: str, error: object = None) -> None:
        """A task ended in `state`; `error` is what it died of."""
        self._stop.leave()
        words = str(error).strip() if error else None
        self.emit(state, task=task.task_id, run_id=task.run_id, error=words)

    def deliver(self) -> None:
        """Upload the night's input. What goes wrong stops the night before it costs anything more."""
        if not self.order:
            return
        try:
            count = delivery.deliver(self.operator, self.order.prefixes, self.order.uploads)
        except delivery.FAILURES as error:
            self._stop.request(f"The input could not be uploaded: {error}")
        else:
            self.emit("delivered", files=count)


def play(order: Order, dags: dict[str, DAG], narrator: Narrator, stop: Stop) -> bool:
    """Play one night to its end; True if Airflow calls the run a success."""
    if order.dag_id not in dags:
        raise RuntimeError(f"The DAGs folder has no {order.dag_id}: it has {', '.join(sorted(dags)) or 'no DAG'}.")
    from embedded.airflow import listener  # noqa: PLC0415 - main has imported it, slowly

    dag = dags[order.dag_id]
    listener.write_only(dag)
    narrator.order = order
    for task in dag.tasks:
        stop.guard(task)
    with params_as_they_were(dag):
        run = dag.test(run_conf=order.conf, logical_date=None)
    states = {ti.task_id: str(ti.state or "none") for ti in run.get_task_instances()}
    plan = run.get_task_instance("preflight")
    preflight = plan.xcom_pull(task_ids="preflight") if plan else None
    narrator.emit("night", run_id=run.run_id, state=str(run.state), tasks=states, preflight=preflight)
    return str(run.state) == "success"


@contextmanager
def params_as_they_were(dag: DAG) -> Iterator[None]:
    """Airflow puts a run's conf into the params of the tasks, where the next run in this process would find it."""
    before = {task.task_id: copy.deepcopy(task.params) for task in dag.tasks}
    try:
        yield
    finally:
        for task in dag.tasks:
            task.params = before[task.task_id]


def main() -> int:
    """Import Airflow and the DAGs, read the orders from standard input, play them; gives the exit status."""
    gc.set_threshold(*RARELY)
    os.environ["NIGHTSHIFT_CONDUCTOR"] = str(os.getpid())  # no scheduler goes on with a night that dies with it
    events = os.fdopen(int(sys.argv[1]), "w", encoding="utf-8")
    stop = Stop()
    narrator = Narrator(events, stop)
    # All of this takes seconds and needs no cloud yet, which is being started meanwhile.
    from embedded.airflow import listener  # noqa: PLC0415

    dags = listener.dags(Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]), narrator)
    listener.warm()
    gc.freeze()  # half a million objects that stay: looking through them took a fifth of a night's CPU
    given = json.loads(sys.stdin.readline() or "null")
    if given is None:
        return FAILED
    os.environ.update(given["env"])
    narrator.operator = given["operator"]
    stop.install(lambda reason: narrator.emit("stopping", reason=reason))
    for order in given["orders"]:
        if not play(Order(**order), dags, narrator, stop) or stop.reason:
            return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
