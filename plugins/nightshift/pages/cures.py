"""What a reader does about a failed night at the place where it ran: a command, or where to click in Airflow. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nightshift.failures.causes import BACKFILL, Cause, is_by_clearing
from nightshift.pages.formats import Both

CLI, UI, AIRFLOW = "cli", "ui", "airflow"  # a terminal; Airflow on the terminal's machine; Airflow on AWS
LEAK: Both = ("Remova o que a noite deixou:", "Remove what the night left:")
# `airflow tasks clear` of Airflow 3.3.1 knows logical dates and no run (airflow/cli/commands/task_command.py): without
# dates it clears the task in every run of the DAG, and a run that was triggered may have no logical date.
CLEAR: Both = (
    "No Airflow, abra a execução {run_id} de {dag_id}, clique na tarefa {task} e limpe-a (Clear) com Downstream marcado"
    " e com Past e Future desmarcados: só esta execução é feita outra vez.",
    "In Airflow, open the run {run_id} of {dag_id}, click its task {task} and clear it with Downstream on and with Past"
    " and Future off: only this run is made again.",
)
TRIGGER: Both = (
    "No Airflow, dispare {dag_id} outra vez, com first {first}, last {last} e dry_run desligado.",
    "In Airflow, trigger {dag_id} again, with first {first}, last {last} and dry_run off.",
)


def command(record: Mapping[str, Any], place: str) -> dict[str, Any] | None:
    """{"words", "command"} of a failed night, the command '' where Airflow's UI is the way; None for another night, and
    where the advice already says all that is known, as one that quotes the command that was run."""
    failure = record["failure"]
    if not failure:
        return None
    if failure["cause"] == Cause.LEAK:
        reap = f"./nightshift reap {'--aws ' if place == AIRFLOW else ''}--run {record['dag_id']}/{record['slug']}"
        return {"words": LEAK, "command": reap}
    clicks = _clicks(record) if place != CLI else None
    return {"words": clicks, "command": ""} if clicks else None


def _clicks(record: Mapping[str, Any]) -> Both | None:
    """What to do in Airflow's UI, if this very run, or a backfill of its days, is what is to be tried again."""
    failure, days = record["failure"], record.get("days")
    names = {"dag_id": record["dag_id"], "run_id": record.get("run_id", record["slug"]), "task": failure["task"]}
    if days and BACKFILL in failure["next_action"]:
        names |= {"first": min(days), "last": max(days)}
        return TRIGGER[0].format(**names), TRIGGER[1].format(**names)
    if is_by_clearing(failure["next_action"]):
        return CLEAR[0].format(**names), CLEAR[1].format(**names)
    return None
