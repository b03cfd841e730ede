"""Airflow's UI on localcloud, served until Ctrl-C."""

from __future__ import annotations

import signal
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from embedded.airflow.stack import AirflowStack
from embedded.cloud import bootstrap, endpoint, environment, iam_option, kubernetes, roles
from embedded.terminal import again, record
from embedded.terminal.logs import new_log
from embedded.uploads import yesterday
from embedded.uploads.inputs import Maker
from nightshift.failures.shown import plain
from tools import paths, toolchain

LOOK_SECONDS = 2.0
ON_REQUEST = {"NIGHTSHIFT_SCHEDULE": "none", "NIGHTSHIFT_REAP_SCHEDULE": "none"}  # its scheduler starts no run itself
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def serve(port: int | None, makers: Mapping[str, Maker], *, keep: bool, iam: bool) -> int:
    """Serve until Ctrl-C or SIGTERM; gives 0 then. Raises CommandError when a part does not come up, or ends.

    `makers` make up the input of a first run (embedded.pipelines.makers). With `iam` Airflow works
    under its role, which it has for twelve hours.
    """
    tools = toolchain.find()
    for number in SIGNALS:
        signal.signal(number, _interrupt)
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nightshift-ui-")))
        base = {**environment.with_tools(tools), **iam_option.of_cloud(iam)}
        access = stack.enter_context(endpoint.access(base, keep=keep, shared=True))
        env = {**environment.embedded(access, tools, scratch / "airflow"), **again.kept(), **ON_REQUEST}
        log = new_log("ui")
        bootstrap.ensure(env, log)
        kubernetes.ensure(env)  # the form offers it
        role = {**iam_option.of_nights(iam), **roles.of_airflow(access, env, log)} if iam else {}
        print("Starting PostgreSQL and Airflow …", flush=True)
        airflow = stack.enter_context(AirflowStack({**env, **role}, scratch / "airflow", paths.LOGS / "ui", port=port))
        try:
            _welcome(airflow, access.endpoint)
            _serve(airflow, env, scratch, makers)
        except KeyboardInterrupt:
            print("\nStopping …", flush=True)
            _keep(env)
            _name_unfinished(airflow)
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """End the command, once: what it started is being stopped then, and that is not to be interrupted."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _welcome(airflow: AirflowStack, endpoint: str) -> None:
    user, password = airflow.login
    print(f"Airflow:  {airflow.api_url}\nLogin:    {user} / {password}\nCloud:    {endpoint}")
    print(f"Kept:     each run that ends, in {paths.shown(paths.RUNS)}/")
    print("Ctrl-C stops everything that was started here.", flush=True)


def _serve(airflow: AirflowStack, env: Mapping[str, str], scratch: Path, makers: Mapping[str, Maker]) -> NoReturn:
    """Watch the parts until Ctrl-C, deliver input once there is a bucket for it, and keep each run that ends."""
    delivered = False
    while True:
        time.sleep(LOOK_SECONDS)
        airflow.check()
        if not delivered and yesterday.raw_bucket(env):
            yesterday.deliver(env, scratch, makers)
            delivered = True
        _keep(env)


def _keep(env: Mapping[str, str]) -> None:
    """Copy the runs that ended since the last time to disk. A cloud that does not answer is called again next time."""
    try:
        for kept in record.keep_new(env):
            if kept.record:
                title = f"{kept.record['dag_id']}, {kept.record['business_date']}: {kept.record['outcome']}"
                print(plain(f"Kept:     {title}, {paths.shown(kept.folder)}/"), flush=True)
    except (BotoCoreError, ClientError) as silent:
        print(plain(f"Kept:     no run, for now: {silent}"), flush=True)


def _name_unfinished(airflow: AirflowStack) -> None:
    """Say which runs end with this Airflow, without gold and without a record."""
    for dag_id, run_id in airflow.api.unfinished():
        print(plain(f"Not kept: {dag_id} {run_id} was still running; trigger it again."), flush=True)
