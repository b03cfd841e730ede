"""Airflow listener that adds a note to each run: how the night ended, in more detail than a state (with warnings).

Airflow calls a listener where a run's state is set, inside the transaction that sets it: in the scheduler, or in the
process of `dag.test`. Source: Airflow 3.3, "Listeners", and DagRun.notify_dagrun_state_changed in its code. Airflow
logs an error raised here; it does not affect the run.
"""

from __future__ import annotations

from typing import Any

from airflow.listeners import hookimpl
from sqlalchemy.orm import object_session

from nightshift.report.message import NOTE_BEGINS


@hookimpl
def on_dag_run_success(dag_run: Any) -> None:
    """Called by Airflow when a run of any DAG succeeded."""
    _write(dag_run)


@hookimpl
def on_dag_run_failed(dag_run: Any) -> None:
    """Called by Airflow when a run of any DAG failed."""
    _write(dag_run)


def _write(dag_run: Any) -> None:
    """Set the run's note from its report, unless a person has written one."""
    words = _words_of_report(dag_run)
    if words and (not dag_run.note or dag_run.note.startswith(NOTE_BEGINS)):
        dag_run.note = words


def _words_of_report(dag_run: Any) -> str:
    """The `note` in the XCom of the task `report`; '' if there is none, as in other DAGs."""
    from airflow.models.xcom import XComModel  # noqa: PLC0415 - the database's models, needed in the scheduler only

    session = object_session(dag_run)
    query = XComModel.get_many(
        run_id=dag_run.run_id, key="return_value", task_ids="report", dag_ids=dag_run.dag_id, limit=1
    )
    stored = session.scalar(query) if session else None
    value = XComModel.deserialize_value(stored) if stored else None
    return str(value.get("note") or "") if isinstance(value, dict) else ""
