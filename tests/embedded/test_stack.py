"""Airflow with its real scheduler: up, a run with teardown, a failing run, and nothing left."""

import os
import signal
import subprocess
import sys

import psutil
import pytest

from embedded.airflow import api
from embedded.airflow.stack import AirflowStack
from embedded.cloud import endpoint
from tests.patience import until
from tools import paths
from tools.errors import StackError

pytestmark = pytest.mark.scheduler
OFTEN = {
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "1",
    "AIRFLOW__DAG_PROCESSOR__BUNDLE_REFRESH_CHECK_INTERVAL": "1",
}


@pytest.mark.long  # tests/chaos does all of it to whole nights, test_api.py the waiting for a DAG
def test_runs_end_as_their_tasks_do_and_no_process_is_left(cloud_env, toy_dags, tmp_path, monkeypatch):
    env = {**cloud_env, "AIRFLOW__CORE__DAGS_FOLDER": str(toy_dags)}
    with AirflowStack(env, tmp_path / "airflow", tmp_path / "logs", settings=OFTEN) as stack:
        assert set(stack.api.dags()) == {"toy"}
        a_dag_that_is_not_read_yet_is_waited_for_and_one_that_is_nowhere_is_named(stack, toy_dags, monkeypatch)
        good, bad = stack.api.trigger("toy"), stack.api.trigger("toy", {"seconds": 600})
        assert stack.api.wait("toy", good, seconds=120) == "success"
        # Marked while its task only waits to run, Airflow would skip the task and call the run a success.
        until(lambda: stack.api.task_states("toy", bad)["work"] == "running")
        stack.api.mark_run("toy", bad, "failed")
        assert stack.api.wait("toy", bad, seconds=60) == "failed"
        assert stack.api.task_states("toy", good)["destroy"] == "success"
        marked = stack.api.trigger("toy", {"seconds": 600})
        until(lambda: stack.api.task_states("toy", marked).get("work") == "running")
        stack.restart("scheduler", signal.SIGKILL)
        stack.api.mark_task("toy", marked, "work", "failed")
        assert stack.api.wait("toy", marked, seconds=120) == "failed"
        assert {"work", "destroy", "open_state"} <= set(stack.api.clear("toy", marked, "work"))
        until(lambda: stack.api.task_states("toy", marked)["work"] == "running")
        stack.api.mark_run("toy", marked, "failed")
        assert stack.api.wait("toy", marked, seconds=60) == "failed"
        parts = [psutil.Process(pid) for pid in stack.pids.values()]
        family = [*parts, *(child for part in parts for child in part.children(recursive=True))]
    assert [process for process in family if process.is_running()] == []


def a_dag_that_is_not_read_yet_is_waited_for_and_one_that_is_nowhere_is_named(stack, folder, monkeypatch):
    processor = psutil.Process(stack.pids["dag-processor"])
    processor.suspend()  # or it may have read the file before it is looked for
    (folder / "late.py").write_text((folder / "toy.py").read_text().replace('DAG("toy"', 'DAG("late"'))
    assert "late" not in stack.api.dags()
    processor.resume()
    assert stack.api.wait("late", stack.api.trigger("late"), seconds=120) == "success"
    with monkeypatch.context() as patch, pytest.raises(StackError, match="no DAG nobody in 1 s: there are late, toy; "):
        patch.setattr(api, "READ_SECONDS", 1)
        stack.api.trigger("nobody")


@pytest.mark.terraform
def test_the_ui_prints_address_and_login_and_stops_everything_on_sigterm():
    env = {key: value for key, value in os.environ.items() if key != "AWS_ENDPOINT_URL"}
    command = [sys.executable, "-m", "embedded", "ui"]
    with subprocess.Popen(command, cwd=paths.ROOT, env=env, stdout=subprocess.PIPE, text=True) as ui:
        lines = []
        for line in ui.stdout:
            lines.append(line.split(":")[0])
            if line.startswith("Ctrl-C"):
                break
        seen = endpoint.running(paths.LOCALCLOUD_HOME)  # so that `cloud status`, `reap` and `diagnose` see it too
        family = psutil.Process(ui.pid).children(recursive=True)
        ui.send_signal(signal.SIGTERM)
        assert ui.wait(timeout=60) == 0
    assert seen and endpoint.running(paths.LOCALCLOUD_HOME) is None
    assert lines[1:4] == ["Airflow", "Login", "Cloud"] and len(family) >= 4
    assert [process for process in family if process.is_running()] == []
