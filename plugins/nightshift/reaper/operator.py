"""The reaper's operator: gets runs' states from Airflow, and fails if something could not be cleaned up."""

from __future__ import annotations

from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowRuntimeError
from httpx import HTTPStatusError

from nightshift.config import Settings
from nightshift.failures.errors import SomethingLeft
from nightshift.infrastructure import terraform
from nightshift.reaper import cleanup
from nightshift.reaper.verdict import GONE


class ReapOperator(BaseOperator):
    """One pass of the reaper. The XCom is a row for each run that is open or left resources."""

    def __init__(self, *, settings: Settings, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.settings = settings

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Raises SomethingLeft, after all runs were handled, naming those that could not be cleaned up."""

        def airflow_state(dag_id: str, run_id: str) -> str:
            return state_of(context["ti"], dag_id, run_id)

        who = f"the DAG reaper of {self.settings.airflow}"
        done = cleanup.reap(self.settings, who, airflow_state, dry_run=bool(context["params"]["dry_run"]))
        if done.busy:
            self.log.warning("%s", done.busy)
        for row in done.rows:
            self.log.info("%s: %s, for %s. %s", row.run, row.fate, row.why, row.done)
        failed = [f"{row.run} ({row.done})" for row in done.rows if not row.ok]
        if failed:
            raise SomethingLeft(f"The reaper could not clean up {'; '.join(failed)}.")
        return [asdict(row) for row in done.rows]

    def on_kill(self) -> None:
        terraform.interrupt()


def state_of(ti: Any, dag_id: str, run_id: str) -> str:
    """The run's state in Airflow, GONE if Airflow has no such run (the Execution API answers 404)."""
    try:
        state = ti.get_dagrun_state(dag_id, run_id)
    except (AirflowRuntimeError, HTTPStatusError) as refused:
        if _status(refused) == HTTPStatus.NOT_FOUND:
            return GONE
        raise
    return str(getattr(state, "value", state))


def _status(refused: AirflowRuntimeError | HTTPStatusError) -> int | None:
    """The HTTP status of the error: from the task's supervisor, or from the client where there is none (dag.test)."""
    if isinstance(refused, HTTPStatusError):
        return refused.response.status_code
    return (refused.error.detail or {}).get("status_code")
