"""Reaper rules: decide from the ledger, Airflow's state and existing resources whether a run is dead. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from nightshift.compute.resources import Resource
from nightshift.compute.targets import TARGETS
from nightshift.failures.cards import Card, observed
from nightshift.failures.causes import Cause
from nightshift.run import links
from nightshift.run.run_context import RunContext
from nightshift.run.tasks import Task
from nightshift.state.ledger import REAPER, Entry, is_open, lease_of

PLACES = {target.places_kind for target in TARGETS.values()}
GONE = "gone"  # Airflow has no such run: it was deleted
AT_WORK = {"queued", "running"}
NEXT = "Read the record for what is done; if the gold of its business date is wanted, run that date again."


class Fate(StrEnum):
    """The verdict on a run; only a DEAD run is reaped."""

    ALIVE = "alive"
    KEPT = "kept"  # on request, as long as its cluster lives and its lease lasts
    DEAD = "dead"
    UNKNOWN = "?"  # it could not be judged


class Verdict(NamedTuple):
    """A run's fate and a phrase that says why."""

    fate: Fate
    why: str


@dataclass(frozen=True)
class Case:
    """The observed state of one run.

    `marked`: it has an open marker. `known`: the night is the run's own identity, not guessed from a tag. `airflow`:
    the run's state in Airflow, GONE, or None if Airflow was not queried. `death`: why its runner process is known to be
    gone, '' if that is not known. `members`: the live runs that use a pack; None for what is no pack.
    """

    night: RunContext
    marked: bool
    known: bool
    entries: Sequence[Entry]
    resources: Sequence[Resource]
    airflow: str | None = None
    death: str = ""
    members: Sequence[str] | None = None

    @property
    def open(self) -> bool:
        return is_open(self.entries) or (self.marked and not self.entries)

    @property
    def kept(self) -> bool:
        """Whether its own teardown kept its resources on request."""
        ends = [e for e in self.entries if (e["task"], e["phase"]) == (Task.DESTROY_TRANSIENT, "end")]
        return bool(ends) and bool(ends[-1].get("kept"))

    @property
    def outcome(self) -> str | None:
        """The outcome in its last closing entry."""
        closed = [e for e in self.entries if e["phase"] == "closed"]
        return str(closed[-1]["outcome"]) if closed else None


def verdict(case: Case, now: datetime) -> Verdict:
    """Whether the run is dead. Airflow's state decides first, then its runner process, then the ledger, then the
    tags."""
    if case.airflow in AT_WORK:
        return _until(case.night.expires, now, f"Airflow calls the run {case.airflow}")
    if not case.known and (case.members is not None or not case.entries):
        return _orphan(case, now) if case.members is None else _pack(case.members)
    if not case.open:
        return _leftover(case, now)
    if case.airflow:
        return Verdict(Fate.DEAD, _airflow_says(case.airflow))
    if case.death:
        return Verdict(Fate.DEAD, f"its ledger is open, but {case.death}")
    return _until(lease_of(case.entries) or case.night.expires, now, "its ledger is open")


def failure_report(case: Case, judged: Verdict, more: str = "") -> Card | None:
    """The failure report of a run that the reaper closes; None for a run that lacked only its report, whose outcome is
    its own. `more` says what went wrong in the cleanup."""
    if case.open and proven(case.entries) and not more:
        return None
    task = _where(case.entries)[0] or REAPER
    cause = Cause.STOPPED if case.open else Cause.LEAK
    return observed(task, cause, _message(case, judged) + more, NEXT, {"record": links.record(case.night)})


def proven(entries: Sequence[Entry]) -> bool:
    """Whether the run itself proved that nothing is left, and did nothing after that but report."""
    acts = [e for e in entries if e["phase"] in {"begin", "end", "failed"} and e["task"] not in {Task.REPORT, REAPER}]
    last = acts[-1] if acts else {}
    return (last.get("task"), last.get("phase"), last.get("alive")) == (Task.PROVE_NOTHING_LEFT, "end", [])


def is_reported(entries: Sequence[Entry]) -> bool:
    """Whether the run was closed after its last "begin" entry other than the reaper's."""
    for entry in reversed(entries):
        if entry["phase"] == "closed":
            return True
        if entry["phase"] == "begin" and entry["task"] != REAPER:
            return False
    return False


def _pack(members: Sequence[str]) -> Verdict:
    """A pack lives as long as one of the runs that use it."""
    if members:
        return Verdict(Fate.ALIVE, f"{', '.join(members)} may use it")
    return Verdict(Fate.DEAD, "no live run uses it")


def _until(end: datetime, now: datetime, alive: str) -> Verdict:
    if now <= end:
        return Verdict(Fate.ALIVE, f"{alive}; its lease lasts until {_utc(end)}")
    return Verdict(Fate.DEAD, f"{alive}, but its lease ended {_utc(end)}")


def _orphan(case: Case, now: datetime) -> Verdict:
    ends = [resource.expires for resource in case.resources if resource.expires]
    if not ends:
        return Verdict(Fate.ALIVE, "it has no ledger and no expiry: check it and remove it by hand")
    return _until(max(ends), now, "it has no ledger")


def _leftover(case: Case, now: datetime) -> Verdict:
    if not case.resources:
        return Verdict(Fate.DEAD, "its ledger is closed; only its marker is left")
    left = ", ".join(f"{resource.kind} {resource}" for resource in case.resources)
    if not case.kept:
        return Verdict(Fate.DEAD, f"its ledger is closed, but it left {left}")
    if any(resource.kind in PLACES for resource in case.resources) and now <= case.night.expires:
        return Verdict(Fate.KEPT, f"kept on request until its cluster ends or {_utc(case.night.expires)}")
    return Verdict(Fate.DEAD, f"it was kept on request, and that is over; it left {left}")


def _airflow_says(state: str) -> str:
    if state == GONE:
        return "Airflow does not know the run, but its ledger has no closing entry: the run was deleted"
    return (
        f"Airflow calls the run {state}, but its ledger has no closing entry: it was marked by hand, timed out, or its"
        " report was killed"
    )


def _message(case: Case, judged: Verdict) -> str:
    task, where = _where(case.entries)
    earlier = [e for e in case.entries if e["phase"] == "failed" and e["task"] not in {Task.REPORT, REAPER}]
    said = f" Before that, {earlier[-1]['task']} failed: {earlier[-1].get('message')}" if earlier else ""
    return f"{judged.why}{where if task and case.open else ''}.{said}"


def _where(entries: Sequence[Entry]) -> tuple[str, str]:
    """The run's last active task, and a phrase that says so; ("", "") if it has no entry."""
    acts = [e for e in entries if e["phase"] in {"begin", "end", "failed"} and e["task"] != REAPER]
    if not acts:
        return "", ""
    task, running = str(acts[-1]["task"]), acts[-1]["phase"] == "begin"
    return task, f", {'while' if running else 'after'} {task} {'ran' if running else 'had ended'}"


def _utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%MZ}"
