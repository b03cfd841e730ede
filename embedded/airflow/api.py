"""Airflow's REST API as a user of the scheduler needs it: trigger a run, wait for it, read and set states."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

import httpx

from tools.errors import StackError

TIMEOUT_SECONDS = 120  # its one worker serves the tasks too
READ_SECONDS = 300  # in which the dag-processor must have come to a DAG's file
ENDED = {"success", "failed"}
POLL_SECONDS = 0.5


class AirflowApi:
    """A client of one api-server. Errors are StackError with the call and the answer."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url
        self._login = {"username": user, "password": password}
        self._http = httpx.Client(base_url=url, timeout=TIMEOUT_SECONDS, trust_env=False)

    def health(self) -> dict[str, Any]:
        """The state of each component; {} while the server does not answer."""
        try:
            answer = self._http.get("/api/v2/monitor/health")
        except httpx.TransportError:
            return {}
        content: dict[str, Any] = answer.json() if answer.is_success else {}
        return content

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """One call below /api/v2, such as ("GET", "/dags"); gives the JSON of its answer. Raises StackError."""
        if "Authorization" not in self._http.headers:
            self._sign_in()
        answer = self._http.request(method, f"/api/v2{path}", json=body)
        if not answer.is_success:
            raise StackError(f"{method} {path} answered {answer.status_code}: {answer.text[:500]}")
        content: dict[str, Any] = answer.json() if answer.content else {}
        return content

    def dags(self) -> dict[str, Any]:
        """The DAGs that the dag-processor has brought in, by id."""
        return {dag["dag_id"]: dag for dag in self.call("GET", "/dags?limit=100")["dags"]}

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None, logical: datetime | None = None) -> str:
        """Unpause the DAG and start a run of it, on request or at a logical date; gives the run id.

        An Airflow that has just started has not read all files yet: the DAG is waited for. Raises StackError with the
        DAGs that are there and the import errors if it does not come.
        """
        self._until_read(dag_id)
        self.call("PATCH", f"/dags/{dag_id}", {"is_paused": False})
        run = self.call(
            "POST", f"/dags/{dag_id}/dagRuns", {"logical_date": logical and logical.isoformat(), "conf": conf or {}}
        )
        return str(run["dag_run_id"])

    def run_state(self, dag_id: str, run_id: str) -> str:
        """queued, running, success or failed."""
        return str(self.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}")["state"])

    def task_states(self, dag_id: str, run_id: str) -> dict[str, str | None]:
        """The state of every task of a run; None for one that is not scheduled yet."""
        tasks = self.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances?limit=100")
        return {task["task_id"]: task["state"] for task in tasks["task_instances"]}

    def unfinished(self) -> list[tuple[str, str]]:
        """(DAG id, run id) of each run that has not ended; none when Airflow does not answer."""
        try:
            runs = self.call("GET", "/dags/~/dagRuns?state=running&state=queued&limit=100")["dag_runs"]
        except (httpx.TransportError, StackError):
            return []
        return [(run["dag_id"], run["dag_run_id"]) for run in runs]

    def mark_run(self, dag_id: str, run_id: str, state: str) -> None:
        """Set a run's state by hand, as the UI's "Mark run as …" does."""
        self.call("PATCH", f"/dags/{dag_id}/dagRuns/{run_id}", {"state": state})

    def mark_task(self, dag_id: str, run_id: str, task_id: str, state: str) -> None:
        """Set a task's state by hand, as the UI's "Mark task as …" does."""
        self.call("PATCH", f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}", {"new_state": state})

    def answer(self, dag_id: str, run_id: str, task_id: str, option: str) -> None:
        """Answer a task that waits for a person, as the UI's "Required actions" does."""
        task = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}"
        self.call("PATCH", f"{task}/-1/hitlDetails", {"chosen_options": [option], "params_input": {}})

    def clear(self, dag_id: str, run_id: str, task_id: str) -> list[str]:
        """Let a task and all that comes after it run again, as the UI's "Clear" does; gives the tasks that will."""
        wish = {"dag_run_id": run_id, "task_ids": [task_id], "include_downstream": True}
        how = {"only_failed": False, "reset_dag_runs": True, "dry_run": False}
        cleared = self.call("POST", f"/dags/{dag_id}/clearTaskInstances", {**wish, **how})
        return [task["task_id"] for task in cleared["task_instances"]]

    def wait(self, dag_id: str, run_id: str, seconds: float) -> str:
        """Wait until the run ended; gives its state. Raises StackError with the task states after `seconds`."""
        deadline = time.monotonic() + seconds
        while (state := self.run_state(dag_id, run_id)) not in ENDED:
            if time.monotonic() > deadline:
                states = self.task_states(dag_id, run_id)
                raise StackError(f"{dag_id} {run_id} is still {state} after {seconds:g} s: {states}")
            time.sleep(POLL_SECONDS)
        return state

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def _until_read(self, dag_id: str) -> None:
        deadline = time.monotonic() + READ_SECONDS
        while dag_id not in (known := self.dags()):
            if time.monotonic() > deadline:
                errors = [error["filename"] for error in self.call("GET", "/importErrors")["import_errors"]]
                there = f"there are {', '.join(sorted(known)) or 'none'}; import errors: {', '.join(errors) or 'none'}"
                raise StackError(f"Airflow has read no DAG {dag_id} in {READ_SECONDS} s: {there}.")
            time.sleep(POLL_SECONDS)

    def _sign_in(self) -> None:
        answer = self._http.post("/auth/token", json=self._login)
        if not answer.is_success:
            raise StackError(f"The login of {self._login['username']} was refused: {answer.status_code} {answer.text}")
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
