"""A real Airflow (PostgreSQL, scheduler, LocalExecutor, triggerer) against a localcloud of its own, for tests."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

import psutil
import psycopg2

from embedded.airflow.stack import AirflowStack
from embedded.cloud import bootstrap
from localcloud import credentials
from localcloud.client import Client
from tests import callers
from tests.ground import laid, script
from tests.patience import until

SHIM = r"""
# terraform, except where the test has put a word, "<verb> <stack>": that fails; "slow <stack>" makes one thing a time
if [ -f "{order}" ] && read -r verb stack <"{order}"; then
  if [[ "$*" == *"/$stack $verb"* ]]; then echo "Error: the test told $verb of $stack to fail"; exit 1; fi
  if [ "$verb" = slow ]; then
    unset TF_REATTACH_PROVIDERS  # it is to be struck in the middle, provider and all
    # a work folder that was initialised with the provider attached has none
    [ "$2" = init ] || [ -d "$TF_DATA_DIR/providers" ] || "{terraform}" "$1" init -input=false -lockfile=readonly
    export TF_CLI_ARGS_apply=-parallelism=1 TF_CLI_ARGS_destroy=-parallelism=1
  fi
fi
exec "{terraform}" "$@"
"""


CALM = {  # the DAGs of a rig do not change; reading them anew takes a third of a core, looking for work a tenth
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600",
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "3600",
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
}


def _bare(env: dict[str, str]) -> None:
    """A cloud in which the first night lays the foundation."""


def _lay(env: dict[str, str], log: Path, ground: Callable[[dict[str, str]], None]) -> None:
    bootstrap.ensure(env, log)
    ground(env)


class Rig:
    """What a test on the scheduler has at hand."""

    def __init__(self, stack: AirflowStack, env: Mapping[str, str], home: Path, order: Path) -> None:
        self.stack, self.api, self.faults, self.env = stack, stack.api, Client(credentials.access(env)), env
        self.home = home
        self._order = order

    def aws(self, service: str):
        return callers.own_client(self.env, service)

    def fail_terraform(self, verb: str, stack: str) -> None:
        self._order.write_text(f"{verb} {stack}\n")

    def slow_terraform(self, stack: str) -> None:
        self._order.write_text(f"slow {stack}\n")

    def mend_terraform(self) -> None:
        self._order.unlink(missing_ok=True)

    def mend(self) -> None:
        self.mend_terraform()
        self.faults.clear_faults()

    def until(self, question, seconds: float = 300, pause: float = 0.5, what: str = "a yes"):
        """Ask until there is an answer, and give it."""
        return until(question, seconds=seconds, pause=pause, what=what)

    def play(self, dag_id: str, seconds: float = 900, **conf: object) -> tuple[str, dict[str, str | None]]:
        """Trigger a run, wait for its end; gives (state, {task: state})."""
        run_id = self.api.trigger(dag_id, conf)
        return self.api.wait(dag_id, run_id, seconds), self.api.task_states(dag_id, run_id)

    def play_once(
        self,
        dag_id: str,
        once: Sequence[str],
        seconds: float = 900,
        meanwhile: Callable[[str], None] = lambda _run_id: None,
        due_since: datetime | None = None,
        **conf: object,
    ) -> tuple[str, str, dict[str, str | None]]:
        """The same with the tasks `once`, which are to fail, tried no second time; `meanwhile(run_id)` is done as soon
        as it is on its way. `due_since` is the start by a schedule, from which a deadline counts. Gives (run id, state,
        {task: state})."""
        run_id = self.api.trigger(dag_id, conf, due_since)
        with closing(psycopg2.connect(self._database)) as database, database, database.cursor() as cursor:
            of_them = "WHERE run_id = %s AND task_id = ANY(%s)"
            cursor.execute(f"UPDATE task_instance SET max_tries = 0 {of_them}", [run_id, list(once)])
        meanwhile(run_id)
        return run_id, self.api.wait(dag_id, run_id, seconds), self.api.task_states(dag_id, run_id)

    def awaits_an_answer(self, dag_id: str, run_id: str, task_id: str) -> bool:
        """Whether a task waits for a person, and the scheduler has heard that its process has ended: a task that is
        answered before that is queued again already, and Airflow 3.3.1 takes the end for that of the queued one, and
        fails it."""
        key = f"TaskInstanceKey(dag_id={dag_id!r}, task_id={task_id!r}, run_id={run_id!r}"
        heard = f"Received executor event with state success for task instance {key}"
        waits = self.api.task_states(dag_id, run_id).get(task_id) == "awaiting_input"
        return waits and heard in (self.home / "logs" / "scheduler.log").read_text()

    @property
    def _database(self) -> str:
        """Airflow's own, as psycopg2 takes it."""
        told = psutil.Process(self.stack.pids["scheduler"]).environ()["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
        return told.replace("+psycopg2", "")


@contextmanager
def opened(home: Path, settings: Mapping[str, str], ground: Callable[[dict[str, str]], None] = _bare) -> Iterator[Rig]:
    """A rig whose files are below `home`; `settings` go over the environment of its tasks and of its localcloud.

    `ground(env)` prepares the cloud while Airflow starts.
    """
    order = home / "order"
    with laid(home, settings) as env:
        shim = script(
            home / "bin" / "terraform", SHIM.format(order=order, terraform=shutil.which("terraform", path=env["PATH"]))
        )
        env["PATH"] = f"{shim.parent}{os.pathsep}{env['PATH']}"
        with ThreadPoolExecutor(1) as pool:
            ready = pool.submit(_lay, env, home / "bootstrap.log", ground)
            over = {**CALM, **settings}
            with AirflowStack(env, home / "airflow", home / "logs", settings=over) as stack:
                ready.result()
                yield Rig(stack, env, home, order)
