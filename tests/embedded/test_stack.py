"""Airflow with its real scheduler: up, a run with teardown, a failing run, and nothing left."""

import psutil
import pytest

from embedded.stack import AirflowStack

pytestmark = pytest.mark.scheduler


def test_runs_end_as_their_tasks_do_and_no_process_is_left(cloud_env, toy_dags, tmp_path):
    env = {**cloud_env, "AIRFLOW__CORE__DAGS_FOLDER": str(toy_dags)}
    with AirflowStack(env, tmp_path / "airflow", tmp_path / "logs") as stack:
        parts = [psutil.Process(pid) for pid in stack.pids.values()]
        assert set(stack.api.dags()) == {"toy"}
        good, bad = stack.api.trigger("toy"), stack.api.trigger("toy", {"seconds": 600})
        assert stack.api.wait("toy", good, seconds=120) == "success"
        stack.api.call("PATCH", f"/dags/toy/dagRuns/{bad}", {"state": "failed"})
        assert stack.api.wait("toy", bad, seconds=60) == "failed"
        assert stack.api.task_states("toy", good)["destroy"] == "success"
        family = [*parts, *(child for part in parts for child in part.children(recursive=True))]
    assert [process for process in family if process.is_running()] == []
