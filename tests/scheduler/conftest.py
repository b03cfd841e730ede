"""The real Airflow (PostgreSQL, scheduler, LocalExecutor, triggerer) against a localcloud, shared by this folder."""

import os
import stat
import time
from pathlib import Path

import boto3
import pytest

from embedded import bootstrap, cloud, environment, toolchain
from embedded.stack import AirflowStack
from localcloud.client import Client

SHIM = """#!/usr/bin/env bash
# terraform, except that it fails where the test has put a word: "<verb> <stack>"
if [ -f "{order}" ] && read -r verb stack <"{order}" && [[ "$*" == *"/$stack $verb"* ]]; then
  echo "Error: the test told $verb of $stack to fail"; exit 1
fi
exec "{terraform}" "$@"
"""


class Rig:
    """What a test on the scheduler has at hand."""

    def __init__(self, stack: AirflowStack, endpoint: str, order: Path) -> None:
        self.api, self.faults, self._order = stack.api, Client(endpoint), order
        self._session = boto3.Session("test", "test", region_name="us-east-1")
        self._endpoint = endpoint

    def aws(self, service: str):
        return self._session.client(service, endpoint_url=self._endpoint)

    def fail_terraform(self, verb: str, stack: str) -> None:
        self._order.write_text(f"{verb} {stack}\n")

    def mend(self) -> None:
        self._order.unlink(missing_ok=True)
        self.faults.clear_faults()

    def until(self, question, seconds: float = 120) -> None:
        """Ask until the answer is yes."""
        deadline = time.monotonic() + seconds
        while not question():
            assert time.monotonic() < deadline, "no yes in time"
            time.sleep(0.5)

    def play(self, dag_id: str, seconds: float = 300, **conf: object) -> tuple[str, dict[str, str | None]]:
        """Trigger a run, wait for its end; gives (state, {task: state})."""
        run_id = self.api.trigger(dag_id, conf)
        return self.api.wait(dag_id, run_id, seconds), self.api.task_states(dag_id, run_id)


@pytest.fixture(scope="session")
def rig(tmp_path_factory):
    home = tmp_path_factory.mktemp("scheduler")
    tools = toolchain.find()
    order = home / "order"
    shim = home / "bin" / "terraform"
    shim.parent.mkdir()
    shim.write_text(SHIM.format(order=order, terraform=tools.terraform))
    shim.chmod(shim.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    plain = {key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW")}
    endpoint = cloud.start(home / "localcloud", environment.with_tools(tools, plain))
    try:
        env = environment.embedded(endpoint, tools, home / "airflow", plain)
        env |= {
            "NIGHTSHIFT_RETRIES": "0",
            "NIGHTSHIFT_API_TRIES": "2",
            "PATH": f"{shim.parent}{os.pathsep}{env['PATH']}",
        }
        bootstrap.ensure(env, home / "bootstrap.log")
        with AirflowStack(env, home / "airflow", home / "logs") as stack:
            yield Rig(stack, endpoint, order)
    finally:
        cloud.stop(home / "localcloud", plain)
