"""The run record: ledger entries, task states, cluster and manifests in, one JSON-able dict out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from nightshift import cost, emr_spec
from nightshift.night import Night

TELLERS = ("report", "outcome")  # what comes after the truth is known cannot be part of it
Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Findings:
    """Everything that a report is made of, as it was found."""

    entries: Sequence[Entry]
    states: Mapping[str, str | None]
    clusters: Sequence[Any] = ()
    steps: Sequence[Any] = ()
    manifests: Sequence[Mapping[str, Any]] = ()
    ended_at: datetime = field(default_factory=lambda: datetime.now(UTC))


def build(night: Night, found: Findings) -> dict[str, Any]:
    """The record as docs/interfaces.md describes it. `notified` is added by who notifies."""
    judged = {task: state for task, state in found.states.items() if task not in TELLERS}
    succeeded = bool(judged) and all(state == "success" for state in judged.values())
    return {
        "dag_id": night.pipeline.name,
        "run_id": night.run_id,
        "slug": night.slug,
        "pipeline": night.pipeline.name,
        "business_date": str(night.business_date),
        "started_at": night.asked_at.isoformat(),
        "ended_at": found.ended_at.isoformat(),
        "outcome": "success" if succeeded else "failed",
        "tasks": {task: {"state": state, **_times(found.entries, task)} for task, state in judged.items()},
        "cluster": _cluster(found.clusters[-1]) if found.clusters else None,
        "steps": [_step(step, found.clusters[-1]) for step in found.steps],
        "layers": list(found.manifests),
        "gold": _gold(night, found) if judged.get("publish") == "success" else [],
        "cost": _cost(night, found),
        "proof": _last(found.entries, "prove_nothing_left", "end", ("at", "alive", "checked")),
        "failure": None if succeeded else failure(found.entries, judged),
    }


def failure(entries: Iterable[Entry], states: Mapping[str, str | None]) -> dict[str, Any]:
    """The first task that ended badly, in its own words if it could still write them."""
    bad = [task for task, state in states.items() if state not in {"success", "upstream_failed", "skipped"}]
    said = [e for e in entries if e["phase"] == "failed" and e["task"] in bad]
    if said:
        last_try = [e for e in said if e["task"] == said[0]["task"]][-1]
        return {key: last_try.get(key) for key in ("task", "cause", "message", "next_action")}
    task = bad[0] if bad else next(iter(states), "the run")
    return {
        "task": task,
        "cause": "Silent",
        "message": f"{task} is {states.get(task)} and left no word: it was stopped from outside, or never ran.",
        "next_action": "Read the task's log in Airflow; look for a killed worker or a mark by hand.",
    }


def _times(entries: Iterable[Entry], task: str) -> dict[str, str | None]:
    own = [e for e in entries if e["task"] == task]
    began = [e["at"] for e in own if e["phase"] == "begin"]
    ended = [e["at"] for e in own if e["phase"] in {"end", "failed"}]
    return {"started_at": began[0] if began else None, "ended_at": ended[-1] if ended else None}


def _last(entries: Iterable[Entry], task: str, phase: str, keys: Sequence[str]) -> dict[str, Any] | None:
    own = [e for e in entries if e["task"] == task and e["phase"] == phase]
    renamed = {"at": "checked_at"}
    return {renamed.get(key, key): own[-1].get(key) for key in keys} if own else None


def _cluster(cluster: Any) -> dict[str, Any]:
    timeline = cluster["Status"].get("Timeline", {})
    return {
        "id": cluster["Id"],
        "name": cluster["Name"],
        "state": cluster["Status"]["State"],
        "reason": cluster["Status"].get("StateChangeReason", {}).get("Message", ""),
        "created_at": _iso(timeline.get("CreationDateTime")),
        "ready_at": _iso(timeline.get("ReadyDateTime")),
        "ended_at": _iso(timeline.get("EndDateTime")),
    }


def _step(step: Any, cluster: Any) -> dict[str, Any]:
    timeline = step["Status"].get("Timeline", {})
    return {
        "name": step["Name"],
        "id": step["Id"],
        "state": step["Status"]["State"],
        "started_at": _iso(timeline.get("StartDateTime")),
        "ended_at": _iso(timeline.get("EndDateTime")),
        "log_uri": f"{cluster.get('LogUri', '').replace('s3n://', 's3://')}{cluster['Id']}/steps/{step['Id']}/",
    }


def _gold(night: Night, found: Findings) -> list[dict[str, Any]]:
    staged = [gold for manifest in found.manifests for gold in manifest["gold"]]
    return [
        {"table": g["table"], "uri": night.uri("lake", night.gold_prefix(g["table"])), "rows": g["rows"]}
        for g in staged
    ]


def _cost(night: Night, found: Findings) -> dict[str, Any]:
    fleets = emr_spec.fleets(night)
    return {
        "currency": cost.CURRENCY,
        "estimate": cost.estimate(fleets, night.pipeline.expected_minutes),
        "measured": sum(cost.measured(fleets, _lifetime(c, found.ended_at)) for c in found.clusters),
        "prices_as_of": cost.PRICES_AS_OF,
    }


def _lifetime(cluster: Any, now: datetime) -> float:
    timeline = cluster["Status"]["Timeline"]
    return float(((timeline.get("EndDateTime") or now) - timeline["CreationDateTime"]).total_seconds())


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
