"""Run record: builds one JSON-able dict from ledger entries, task states, clusters, steps and manifests. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from nightshift.compute import cost, instances, targets
from nightshift.compute.target import ListsNodes, Place, SubmittedJob
from nightshift.compute.targets import TARGETS
from nightshift.failures import cards
from nightshift.failures.cards import Card
from nightshift.failures.causes import Cause, advice
from nightshift.failures.english import counted
from nightshift.failures.errors import PreflightError
from nightshift.lake import audit
from nightshift.report import expected, outcome_rules
from nightshift.report.outcome_rules import Doubt, Entry, RunFacts
from nightshift.run import links
from nightshift.run.run_context import RunContext
from nightshift.run.tasks import Task

BEGUN = "it was stopped from outside or marked by hand"
NEVER_BEGUN = (
    "it never began, so Airflow ended it before its code ran, or it was marked by hand: see the scheduler's log"
)
KEPT_BACK = {"upstream_failed", "skipped", "removed", None}  # tasks that another's failure kept from running
INNOCENT = {"success", *KEPT_BACK}  # tasks that did not fail themselves


def build(
    night: RunContext, facts: RunFacts, reported_by: str = "report", cleanup_failure: Card | None = None
) -> dict[str, Any]:
    """The record as docs/interfaces.md describes it. `cleanup_failure` is the reaper's failure report; the
    Reporter sets `notified` after it has notified."""
    doubts = outcome_rules.doubts(night, facts)
    return {
        "dag_id": night.pipeline.name,
        "run_id": night.run_id,
        "slug": night.slug,
        "pipeline": night.pipeline.name,
        "business_date": str(night.business_date),
        "started_at": night.requested_at.isoformat(),
        "ended_at": facts.ended_at.isoformat(),
        "outcome": outcome_rules.outcome(night, facts),
        "told_by": reported_by,
        "warnings": [
            *audit.shortfalls(facts.manifests, night.settings),
            *{e["task"]: e["warning"] for e in facts.entries if e.get("warning")}.values(),
        ],
        "doubts": [doubt.words for doubt in doubts],
        "tasks": {
            task: {"state": state, **_times(facts.entries, task)}
            for task, state in outcome_rules.judged(facts.states).items()
        },
        "compute": {"target": night.compute, **_place(facts.places[-1])} if facts.places else None,
        "cluster": _place(facts.places[-1]) if facts.places else None,  # the name of `compute` in older records
        "steps": [_job(job) for job in facts.jobs],
        "layers": list(facts.manifests),
        "days": outcome_rules.days(facts.entries),
        "gold": _gold(night, facts),
        "restated": _restated(facts),
        "exports": _exports(night, facts) if outcome_rules.is_published(facts.entries) else [],
        "cost": _cost(night, facts),
        "proof": _proof(facts.entries),
        "failure": _failure(night, facts, doubts, cleanup_failure) if doubts else None,
        "finding": cleanup_failure,
        "notified": False,
    }


def _failure(
    night: RunContext, facts: RunFacts, doubts: Sequence[Doubt], cleanup_failure: Card | None
) -> dict[str, Any]:
    """The failure report (card) of the night, with the night's links and the report's text."""
    own = _spoken(facts, doubts)
    card = own or cleanup_failure or _silent(facts, doubts)
    place = links.there(night, targets.of(night).links(night, facts.places[-1].id)) if facts.places else {}
    next_action = advice(card["next_action"], night.settings.again)
    every = {**place, **(card.get("links") or {}), "record": links.record(night)}
    also = list(_also(_culprit(doubts, facts.states), doubts, facts.states, is_spoken=own is not None))
    whole = {**card, "next_action": next_action, "links": every, "also": also}
    return {**whole, "text": list(cards.lines(whole))}


def _culprit(doubts: Sequence[Doubt], states: Mapping[str, str | None]) -> Doubt:
    """The first doubt whose task failed by itself or has no state in Airflow, else the first of all."""
    return next((d for d in doubts if d.task not in states or states[d.task] not in INNOCENT), doubts[0])


def _also(
    culprit: Doubt, doubts: Iterable[Doubt], states: Mapping[str, str | None], *, is_spoken: bool
) -> Iterator[str]:
    """What failed besides: no more of a task that spoke for itself, and nothing of one that was kept from running."""
    for doubt in doubts:
        is_said = doubt == culprit or (is_spoken and doubt.task == culprit.task)
        if not is_said and states.get(doubt.task, "success") not in KEPT_BACK:
            yield doubt.words


def _spoken(facts: RunFacts, doubts: Sequence[Doubt]) -> Card | None:
    """The failure report of the failed task, if that is its last ledger entry; a killed try wrote none."""
    culprit = _culprit(doubts, facts.states)
    own = [e for e in facts.entries if e["task"] == culprit.task and e["phase"] in outcome_rules.ENDS]
    if not own or own[-1]["phase"] != "failed":
        return None
    blank = cards.observed(culprit.task, Cause.CODE, "")
    return {key: own[-1].get(key, default) for key, default in blank.items()}


def _silent(facts: RunFacts, doubts: Sequence[Doubt]) -> Card:
    culprit = _culprit(doubts, facts.states)
    began = any((e["task"], e["phase"]) == (culprit.task, "begin") for e in facts.entries)
    why = BEGUN if began else NEVER_BEGUN
    words = f"{culprit.words}; it left no error: {why}" if culprit.task in facts.states else culprit.words
    return cards.observed(culprit.task, culprit.cause, f"{words[:1].upper()}{words[1:]}.")


def _times(entries: Iterable[Entry], task: str) -> dict[str, str | None]:
    own = [e for e in entries if e["task"] == task]
    began = [e["at"] for e in own if e["phase"] == "begin"]
    ended = [e["at"] for e in own if e["phase"] in {"end", "failed"}]
    return {"started_at": began[0] if began else None, "ended_at": ended[-1] if ended else None}


def _proof(entries: Sequence[Entry]) -> dict[str, Any] | None:
    seen = outcome_rules.proof(entries)
    if seen is None:
        return None
    shared = {"shared": seen["shared"]} if "shared" in seen else {}
    return {"checked_at": seen["at"], "alive": seen["alive"], "checked": seen["checked"], **shared}


def _place(place: Place) -> dict[str, Any]:
    return {
        "id": place.id,
        "name": place.name,
        "state": place.words,
        "reason": place.reason,
        "created_at": _iso(place.created_at),
        "ready_at": _iso(place.ready_at),
        "ended_at": _iso(place.ended_at),
    }


def _job(job: SubmittedJob) -> dict[str, Any]:
    return {
        "name": job.name,
        "id": job.id,
        "state": job.words,
        "started_at": _iso(job.started_at),
        "ended_at": _iso(job.ended_at),
        "log_uri": job.log_uri,
    }


def _gold(night: RunContext, facts: RunFacts) -> list[dict[str, Any]]:
    """The published partitions: all or none of a night's, and each published day of a backfill."""
    if night.pipeline.fills:
        swapped = {entry["uri"] for entry in facts.entries if entry.get("act") == "swapped"}
        return [gold for gold in _staged(night, facts) if gold["uri"] in swapped]
    return _staged(night, facts) if outcome_rules.is_published(facts.entries) else []


def _staged(night: RunContext, facts: RunFacts) -> list[dict[str, Any]]:
    """Each table's staged partitions, the one of the manifest's own date first."""
    return [
        {"table": gold["table"], "uri": one_day.uri("lake", one_day.gold_prefix(gold["table"])), "rows": rows}
        for manifest in facts.manifests
        for gold in manifest["gold"]
        for one_day, rows in _days(night, manifest["business_date"], gold)
    ]


def _days(night: RunContext, own: str, gold: Mapping[str, Any]) -> list[tuple[RunContext, int]]:
    rows = gold.get("days") or {own: gold["rows"]}
    days = sorted(rows, key=lambda day: (day != own, day))
    return [(replace(night, business_date=date.fromisoformat(day)), rows[day]) for day in days]


def _restated(facts: RunFacts) -> list[dict[str, Any]]:
    """The days that were published with other rows before, each as a sentence, of all tables that any try of the run
    published, complete or not."""
    swapped = [day for entry in facts.entries if entry.get("act") == "swapped" for day in entry.get("restated", ())]
    once = {json.dumps(day, sort_keys=True): day for day in swapped}  # a killed try and its retry may both list a day
    return [{**day, "words": _words(day)} for day in once.values()]


def _words(day: Mapping[str, Any]) -> str:
    """The old and new figures of a restated day, and when the old ones were published."""
    pairs = [(name, was, day["after"][name]) for name, was in day["before"].items()]
    changed = [f"{name} {was} -> {now}" for name, was, now in pairs if was != now]
    figures = ", ".join(changed) or f"{counted(day['rows'], 'row')}, with the same totals"
    return f"{day['day']} in {day['table']}: {figures} (published {day['since']})"


def _exports(night: RunContext, facts: RunFacts) -> list[dict[str, str]]:
    """The files delivered beside gold, and their addresses, which the run's parameters may have set."""
    ended = [e for e in facts.entries if (e["task"], e["phase"]) == (Task.PUBLISH, "end")]
    return [{"file": file, "uri": ended[-1][file]} for file in night.pipeline.exports if file in ended[-1]]


def _cost(night: RunContext, facts: RunFacts) -> dict[str, Any]:
    """The estimated and the measured cost; null if preflight refused the run for want of a price."""
    usual = night.settings.max_usd_per_night * max(1, len(outcome_rules.days(facts.entries)))
    limit = {"limit": usual if night.max_usd is None else night.max_usd}
    try:
        return {"currency": cost.CURRENCY, **limit, **_priced(night, facts)}
    except PreflightError as unknown:
        nothing = dict.fromkeys(("estimate", "measured", "prices_as_of"))
        empty: dict[str, Any] = {"expected": None, "parts": {}, "seconds": {}, "spot": "", "shape": "", "elsewhere": {}}
        return {"currency": cost.CURRENCY, **limit, **nothing, **empty, "prices": str(unknown.args[0])}


def _priced(night: RunContext, facts: RunFacts) -> dict[str, Any]:
    minutes = night.pipeline.expected_minutes * max(1, len(outcome_rules.days(facts.entries)))
    target, known = targets.of(night), expected.checked(facts.entries)
    parts = _parts(night, facts)
    return {
        "estimate": known.get("estimate_usd", target.estimate(night, minutes)),
        "expected": known.get("expected"),
        "measured": round(sum(parts.values()), 4),
        "parts": parts,
        "seconds": (facts.seconds or seconds(facts)) if isinstance(target, ListsNodes) else {},
        "spot": cost.spot_words(facts.nodes),
        "shape": target.shape(night),
        **target.prices(),
        "elsewhere": dict(_elsewhere(night, facts.jobs)),
    }


def _parts(night: RunContext, facts: RunFacts) -> dict[str, float]:
    """Dollars by part: the nodes' as billed, or what the target measured under its name; the ingestion host; S3's
    requests, estimated."""
    target, table = targets.of(night), instances.of(night.settings)
    own = cost.bill(facts.nodes, facts.ended_at, table) if facts.nodes else {}
    if not own and facts.places:
        own = {night.compute: target.measured(night, facts.places, facts.entries, facts.ended_at)}
    fetched = _host_minutes(facts)
    host = {cost.HOST_PART: cost.host(fetched, table)} if fetched else {}
    tables = sum(len(manifest["tables"]) for manifest in facts.manifests)
    return {**own, **host, cost.REQUESTS: cost.requests(len(facts.entries), tables, table)}


def _host_minutes(facts: RunFacts) -> float:
    """How long the ingestion host lived: from the start of terraform's apply, which makes it, until it was stopped."""
    if Task.INGEST not in {e["task"] for e in facts.entries}:
        return 0.0
    began = next((e["at"] for e in facts.entries if e["task"] == Task.APPLY_TRANSIENT), None)
    stopped = [e["at"] for e in facts.entries if (e["task"], e["phase"]) == (Task.STOP_HOST, "end")]
    end = datetime.fromisoformat(stopped[-1]) if stopped else facts.ended_at
    return (end - datetime.fromisoformat(began)).total_seconds() / 60 if began else 0.0


def seconds(facts: RunFacts) -> dict[str, float]:
    """What the billed seconds of the places were: starting up, at work on jobs, or idle."""
    lives = [(p.created_at, p.ready_at, p.ended_at or facts.ended_at) for p in facts.places if p.created_at]
    billed = sum((end - began).total_seconds() for began, _, end in lives)
    start_up = sum(((ready or end) - began).total_seconds() for began, ready, end in lives)
    working = _union([(j.started_at, j.ended_at) for j in facts.jobs if j.started_at and j.ended_at])
    idle = max(0.0, billed - start_up - working)
    return {"billed": billed, "start_up": start_up, "working": working, "idle": round(idle, 3)}


def _union(spans: Iterable[tuple[datetime, datetime]]) -> float:
    """The seconds that these spans cover together."""
    covered, until = 0.0, None
    for began, ended in sorted(spans):
        begin = began if until is None else max(began, until)
        if ended > begin:
            covered, until = covered + (ended - begin).total_seconds(), ended
    return covered


def _elsewhere(night: RunContext, jobs: Sequence[SubmittedJob]) -> Iterator[tuple[str, float]]:
    """What the minutes that the jobs worked would have cost on each other target that could run them."""
    worked = sum(
        (job.ended_at - job.started_at).total_seconds() / 60 for job in jobs if job.started_at and job.ended_at
    )
    for name in (name for name in TARGETS if worked and name != night.compute):
        other = targets.named(night.settings, name)
        with suppress(PreflightError):  # a price that is not known
            if not other.refusal(replace(night, compute=name)):
                yield name, other.estimate(replace(night, compute=name), worked)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
