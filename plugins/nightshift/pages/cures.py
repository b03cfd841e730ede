"""What a reader does about a failed night, as a command for the place where the night ran. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nightshift.failures.causes import Cause
from nightshift.pages.formats import Both

CLI, AIRFLOW = "cli", "airflow"
WORDS: dict[str, Both] = {
    Cause.DATA: (
        "Corrija os dados ou o parâmetro e rode a data outra vez:",
        "Correct the data or the parameter, then run the date again:",
    ),
    Cause.UPSTREAM: (
        "Quando os dados chegarem, rode a data outra vez:",
        "When the data have arrived, run the date again:",
    ),
    Cause.LEAK: ("Remova o que a noite deixou:", "Remove what the night left:"),
}
OTHERWISE: Both = (
    "Quando a causa estiver resolvida, rode a data outra vez:",
    "When the cause is resolved, run the date again:",
)


def command(record: Mapping[str, Any], place: str) -> dict[str, Any] | None:
    """{"words", "command"} of a failed night; None for another."""
    if not (failure := record["failure"]):
        return None
    leak = failure["cause"] == Cause.LEAK
    return {
        "words": WORDS.get(failure["cause"], OTHERWISE),
        "command": _reap(record) if leak else _again(record, place),
    }


def _again(record: Mapping[str, Any], place: str) -> str:
    dag, day, task = record["dag_id"], record["business_date"], record["failure"]["task"]
    if place == AIRFLOW:
        return f"airflow tasks clear {dag} --task-regex '^{task}$' --downstream --yes"
    if record["pipeline"].startswith("backfill_"):
        return f"./nightshift backfill {dag.removeprefix('backfill_')} --from FIRST --to LAST --run"
    return f"./nightshift run {dag} --date {day}"


def _reap(record: Mapping[str, Any]) -> str:
    return f"./nightshift reap --run {record['dag_id']}/{record['slug']}"
