"""What every list of nights keeps of one: a small summary of its record. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from statistics import median
from typing import Any

from nightshift.run.tasks import Group, Task

Record = Mapping[str, Any]
MOST_NIGHTS = 30
LONGEST = 240  # characters of a failure's message
MOST_ALIVE = 60  # names of what a night left
_TASKS = {
    Group.PREPARE: (
        *(Task.PREFLIGHT, Task.HOLD_COST, Task.OPEN_STATE),
        *(Task.APPLY_FOUNDATION, Task.APPLY_TRANSIENT, Task.PUBLISH_JOBS),
    ),
    Group.INPUT: (
        *(Task.CLAIM_DATE, Task.CLAIM_DAYS, Task.INGEST, Task.STOP_HOST),
        *(Task.WAIT_FOR_INPUTS, Task.CHECK_INPUTS),
    ),
    Group.COMPUTE: (Task.START_COMPUTE, Task.WAIT_FOR_COMPUTE, Task.SUBMIT_JOBS, Task.WAIT_FOR_DAYS),
    Group.GOLD: (Task.AUDIT, Task.HOLD_GOLD, Task.PUBLISH),
    Group.TEARDOWN: (Task.STOP_COMPUTE, Task.DESTROY_TRANSIENT, Task.PROVE_NOTHING_LEFT),
    Group.RESULT: (Task.REPORT, Task.OUTCOME),
}
# The tasks that wait for jobs have ids of their own: every other task is of Group.COMPUTE.
GROUP_OF = {task: group for group, tasks in _TASKS.items() for task in tasks}


def summary(record: Record) -> dict[str, Any]:
    """One night in a few fields: what the index in the lake and the list on disk keep of it, and what later pages
    compare themselves with. `seconds` is the whole run, `minutes` its compute."""
    failure, proof, cost = record["failure"], record["proof"], record["cost"]
    kept = ("dag_id", "run_id", "slug", "pipeline", "business_date", "days", "started_at", "ended_at", "outcome")
    return {
        **{key: record.get(key) for key in kept},
        "seconds": _seconds(record["started_at"], record["ended_at"]),
        "minutes": _minutes(record),
        "usd": cost["measured"],
        "estimate": cost["estimate"],
        "parts": cost.get("parts", {}),
        "prices_as_of": cost.get("prices_as_of"),
        "target": (record.get("compute") or {}).get("target"),
        "shape": cost.get("shape", ""),
        "groups": {name: round(end - start, 1) for name, (start, end) in spans(record).items()},
        "rows": {gold["table"]: gold["rows"] for gold in reversed(record["gold"])},
        "alive": [str(resource) for resource in proof["alive"]][:MOST_ALIVE] if proof else None,
        "warnings": len(record["warnings"]),
        "restated": len(record.get("restated", ())),
        "failure": {key: str(failure[key])[:LONGEST] for key in ("task", "cause", "message")} if failure else None,
    }


def _minutes(record: Record) -> float | None:
    """The minutes of a night's compute: those that its places lived, else from the first job to the last."""
    if billed := (record["cost"].get("seconds") or {}).get("billed"):
        return round(float(billed) / 60, 2)
    times = [(step["started_at"], step["ended_at"]) for step in record.get("steps", ())]
    known = [(began, ended) for began, ended in times if began and ended]
    if not known:
        return None
    first, last = min(began for began, _ in known), max(ended for _, ended in known)
    return round(_seconds(first, last) / 60, 2)


def spans(record: Record) -> dict[str, tuple[float, float]]:
    """The first start and the last end of each group that ran, in seconds since the run began; the result's group is
    what lies between the last task and the record. A task of Group.PREPARE that ran before there was a ledger has no
    times: the group then began with the run."""
    begin, times = datetime.fromisoformat(record["started_at"]), dict[str, list[float]]()
    if any(_is_unwritten(facts) for task, facts in record["tasks"].items() if task in _TASKS[Group.PREPARE]):
        times[str(Group.PREPARE)] = [0.0]
    for task, facts in record["tasks"].items():
        moments = [facts[key] for key in ("started_at", "ended_at") if facts.get(key)]
        group = str(GROUP_OF.get(task, Group.COMPUTE))
        times.setdefault(group, []).extend((datetime.fromisoformat(m) - begin).total_seconds() for m in moments)
    known = {group: (min(moments), max(moments)) for group, moments in times.items() if moments}
    end = _seconds(record["started_at"], record["ended_at"])
    last = max((until for _, until in known.values()), default=end)
    return {**known, str(Group.RESULT): (min(last, end), end)}


def _is_unwritten(facts: Record) -> bool:
    """Whether a task ended of which the ledger, which lies in the lake, has no beginning."""
    return facts["state"] in {"success", "failed"} and not facts.get("started_at")


def nights_before(record: Record, nights: Iterable[Record]) -> list[dict[str, Any]]:
    """The last of these summaries before a record, oldest first; one that an older version kept without its groups is
    left out."""
    whole = (night for night in nights if "groups" in night)
    earlier = {night["run_id"]: dict(night) for night in whole if night["ended_at"] < record["ended_at"]}
    earlier.pop(record["run_id"], None)
    return sorted(earlier.values(), key=lambda night: night["ended_at"])[-MOST_NIGHTS:]


def medians(nights: Sequence[Record]) -> dict[str, float]:
    """The median seconds of each group over the nights that were no failure."""
    good = [night["groups"] for night in nights if night["outcome"] != "failed"]
    return {group: median(_of(good, group)) for group in map(str, Group) if any(True for _ in _of(good, group))}


def _of(nights: Iterable[Mapping[str, float]], group: str) -> Iterator[float]:
    return (groups[group] for groups in nights if group in groups)


def _seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
