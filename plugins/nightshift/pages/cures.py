"""What a reader does about a failed night, as a command for the place where the night ran. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from nightshift.failures.causes import Cause
from nightshift.pages.formats import Both

CLI, AIRFLOW = "cli", "airflow"
QUOTED = re.compile(r"`(?P<command>\./nightshift [^`]+)`")  # failures.causes.advice puts it there
WORDS: dict[str, Both] = {
    Cause.DATA: (
        "Corrija os dados ou o parâmetro e rode a data outra vez:",
        "Correct the data or the parameter, then run the date again:",
    ),
    Cause.LEAK: ("Remova o que a noite deixou:", "Remove what the night left:"),
}
OTHERWISE: Both = (
    "Quando a causa estiver resolvida, rode a data outra vez:",
    "When the cause is resolved, run the date again:",
)


def command(record: Mapping[str, Any], place: str) -> dict[str, Any] | None:
    """{"words", "command"} of a failed night; None for another, and where no command is known."""
    failure = record["failure"]
    wanted = _command(record, place) if failure else ""
    return {"words": WORDS.get(failure["cause"], OTHERWISE), "command": wanted} if wanted else None


def _command(record: Mapping[str, Any], place: str) -> str:
    """The command: of a leak the reaper's; where the advice quotes the command that was run, that; else Airflow's."""
    failure = record["failure"]
    if failure["cause"] == Cause.LEAK:
        return _reap(record)
    if quoted := QUOTED.search(failure["next_action"]):
        return quoted["command"]
    if place == AIRFLOW:
        return f"airflow tasks clear {record['dag_id']} --task-regex '^{failure['task']}$' --downstream --yes"
    return ""


def _reap(record: Mapping[str, Any]) -> str:
    return f"./nightshift reap --run {record['dag_id']}/{record['slug']}"
