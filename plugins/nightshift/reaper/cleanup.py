"""The reaper's actions on every dead run: terminate clusters, remove resources, prove that none is left, report."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from botocore.exceptions import BotoCoreError, ClientError

from nightshift.aws import clock
from nightshift.compute import remembered, targets
from nightshift.compute.resources import Resource
from nightshift.compute.target import ComputeTarget, PlaceState, SharesPlaces
from nightshift.compute.targets import TARGETS
from nightshift.config import Settings
from nightshift.failures.errors import ComputeError, NightshiftError, PreflightError, SomethingLeft, TerraformError
from nightshift.infrastructure import inventory, stacks, teardown
from nightshift.infrastructure.sweep import REMOVALS
from nightshift.infrastructure.terraform import TerraformHook
from nightshift.reaper.discovery import StateLookup, case_of, discover
from nightshift.reaper.verdict import Case, Fate, Verdict, failure_report, is_reported, verdict
from nightshift.report.outcome_rules import states_of
from nightshift.report.reporter import Reporter
from nightshift.run.run_context import RunContext
from nightshift.run.tasks import Task
from nightshift.state import heartbeat, ledger
from nightshift.state.leader_lease import leader
from nightshift.state.ledger import REAPER, Ledger
from nightshift.state.terraform_locks import LONGEST
from nightshift.waits.probes import places_gone

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Row:
    """The result for one run: the verdict and its reason, what was done, and whether that worked (`ok`)."""

    run: str
    fate: Fate
    why: str
    done: str = ""
    ok: bool = True


@dataclass(frozen=True)
class Pass:
    """One pass of a reaper. `busy` says which other reaper is running; then nothing was done."""

    rows: list[Row]
    busy: str | None = None


def reap(settings: Settings, who: str, airflow_state: StateLookup | None = None, *, dry_run: bool = False) -> Pass:
    """Judge every run and reap the dead ones; a dry run only judges. A run that cannot be judged or cleaned up does not
    stop the others: its row is not ok. `airflow_state`: see discovery.case_of. Raises botocore's errors if AWS
    cannot be listed. The topic is notified of that and of rows that are not ok (state/heartbeat.py)."""
    if dry_run:
        return Pass(list(_rows(settings, airflow_state, dry_run)))
    with leader(settings, who) as busy:
        if busy:
            return Pass([], busy)
        with heartbeat.watched(settings, who) as trouble:
            rows = list(_rows(settings, airflow_state, dry_run))
            trouble += [f"{row.run}: {row.done}" for row in rows if not row.ok]
    return Pass(rows)


def observe(settings: Settings, run: str) -> tuple[Case, Verdict] | None:
    """The observed state of one run and the verdict on it; None if it is not open and left nothing."""
    runs = discover(settings).runs
    if run not in runs:
        return None
    case = case_of(settings, run, runs[run], None)
    return case, verdict(case, clock.now(settings))


def give_up(settings: Settings, who: str, run: str) -> Pass:
    """Reap one run because `who` says so, without judging it. No rows if it is not open and left nothing."""
    with leader(settings, who) as busy:
        if busy:
            return Pass([], busy)
        runs = discover(settings).runs
        given_up = Verdict(Fate.DEAD, f"{who} ended it")
        return Pass([_run(settings, run, runs[run], said=given_up)] if run in runs else [])


def _rows(settings: Settings, airflow_state: StateLookup | None, dry_run: bool) -> Iterator[Row]:
    discovery = discover(settings)
    for run, resources in discovery.runs.items():
        yield _run(settings, run, resources, airflow_state, dry_run=dry_run)
    for resource in discovery.orphans:
        yield _orphan(settings, resource, dry_run)


def _run(
    settings: Settings,
    run: str,
    resources: Sequence[Resource],
    airflow_state: StateLookup | None = None,
    *,
    dry_run: bool = False,
    said: Verdict | None = None,
) -> Row:
    """Judge one run by its current state (the cleanup of an earlier one may have taken an hour); reap it if it is dead.
    `said`: a verdict that replaces the judgement."""
    judged = Verdict(Fate.UNKNOWN, "it could not be judged")
    try:
        case = case_of(settings, run, resources, airflow_state)
        judged = said or verdict(case, clock.now(settings))
        LOG.info("%s is %s: %s.", run, *judged)
        if judged.fate is not Fate.DEAD or dry_run:
            return Row(run, *judged)
        return Row(run, *judged, RunCleanup(replace(case, resources=inventory.of_run(case.night)), judged).run())
    except Exception as error:  # an error in one run must not stop the others
        LOG.exception("%s could not be reaped; the reaper continues with the others.", run)
        return Row(run, *judged, f"could not be reaped: {error!r}", ok=False)


def _orphan(settings: Settings, resource: Resource, dry_run: bool) -> Row:
    """An orphaned resource, with our name but of no known run: removed after its expiry if REMOVALS has its kind."""
    name = f"{resource.kind} {resource.id}"
    if resource.expires is None or resource.kind not in REMOVALS:
        return Row(name, Fate.ALIVE, "it belongs to no known run: check it and remove it by hand")
    why = f"it belongs to no known run; it expires at {resource.expires:%Y-%m-%dT%H:%MZ}"
    if clock.now(settings) <= resource.expires:
        return Row(name, Fate.ALIVE, why)
    if dry_run:
        return Row(name, Fate.DEAD, why)
    try:
        REMOVALS[resource.kind](settings, resource)
    except (NightshiftError, BotoCoreError, ClientError) as refused:
        return Row(name, Fate.DEAD, why, f"could not be removed: {refused}", ok=False)
    return Row(name, Fate.DEAD, why, "removed")


class RunCleanup:
    """The cleanup of one dead run."""

    def __init__(self, case: Case, judged: Verdict) -> None:
        self._case, self._judged = case, judged
        self._night, self._settings = case.night, case.night.settings
        self._book: Ledger = ledger.of(case.night)

    def run(self) -> str:
        """Clean up, prove that nothing is left, report, close the ledger; returns what was done. Raises NightshiftError
        or botocore's errors, after reporting the run once, so that a leak is not silent."""
        if not self._case.open and not self._case.resources:
            self._book.unmark()
            return "its marker was removed"
        try:
            with self._book.act(REAPER, self._attempt(), limit=LONGEST) as facts:
                facts.update(why=self._judged.why, removed=self._clean())
        except (NightshiftError, BotoCoreError, ClientError) as error:
            if not is_reported(self._case.entries):
                self._report(f" The reaper could not clean up: {error}")
            raise
        outcome = self._close()
        return f"{', '.join(facts['removed']) or 'nothing was left'}; reported as {outcome}"

    def _attempt(self) -> int:
        return 1 + sum((e["task"], e["phase"]) == (REAPER, "begin") for e in self._case.entries)

    def _clean(self) -> list[str]:
        """Terminate the clusters, remove the stack and the rest, prove that nothing is left; returns what there was. Of
        what the run shares with others, only if it was the last to use it."""
        home = targets.home(self._night)
        self._leave_shared()
        removed = [resource for owner in home.leave() for resource in self._remove(owner)]
        home.left()
        if home.context != self._night:
            removed += self._case.resources
            teardown.forget(self._night, REAPER)
        left = inventory.alive(*home.to_prove())
        if any(left.values()):
            leftover = "; ".join(f"{kind}: {', '.join(ids)}" for kind, ids in left.items() if ids)
            raise SomethingLeft(f"{self._night.run} was reaped and still has {leftover}.")
        if removed:
            self._book.append(Task.PROVE_NOTHING_LEFT, "end", checked=list(left), alive=[], by=REAPER)
        return [f"{resource.kind} {resource}" for resource in removed]

    def _leave_shared(self) -> None:
        """End the run's use of places that others use too, and those that only it used."""
        target = targets.of(self._night)
        if isinstance(target, SharesPlaces):
            target.stop([])
            self._end_places(target.name, [p.id for p in target.places(self._night) if p.state != PlaceState.GONE])

    def _remove(self, owner: RunContext) -> Sequence[Resource]:
        """End the places that are named by `owner`, and remove its stack and the rest; returns what there was."""
        resources = self._case.resources if owner == self._night else inventory.of_run(owner)
        for name, target in TARGETS.items():
            self._end_places(name, [resource.id for resource in resources if resource.kind == target.places_kind])
        self._remove_stack(owner, resources)
        return resources

    def _end_places(self, name: str, ids: list[str]) -> None:
        """End these places of one compute target and wait until they are gone."""
        target = TARGETS[name](self._settings)
        usable = [place.id for place in map(target.place, ids) if place.usable]
        if usable:
            self._remember(target, usable)
            target.stop(usable)
            self._book.note(REAPER, "terminated", self._judged.why, **{target.places_kind: usable})
        deadline = time.monotonic() + self._settings.cluster_timeout_minutes * 60
        while places_gone(self._settings, name, ids) is None:
            if time.monotonic() > deadline:
                raise ComputeError(f"{', '.join(ids)} did not end in {self._settings.cluster_timeout_minutes} minutes.")
            time.sleep(self._settings.poll_seconds)

    def _remember(self, target: ComputeTarget, ids: list[str]) -> None:
        for place_id in () if target.remembers else ids:
            facts = remembered.facts(target.place(place_id), target.jobs(place_id))
            self._book.note(REAPER, remembered.ACT, remembered.WHY, **facts)

    def _remove_stack(self, owner: RunContext, resources: Sequence[Resource]) -> None:
        """Remove the stack by terraform if there is a state. If terraform fails or is missing, remove it without: all
        that the stack makes is also found by tag or name."""
        if any(resource.kind == "terraform states" for resource in resources):
            try:
                foundation = TerraformHook(self._settings, "foundation", stacks.FOUNDATION_STATE)
                teardown.destroy(owner, self._night, foundation.outputs(), REAPER)
            except (TerraformError, PreflightError, ClientError) as error:  # ClientError: no right to read a state
                self._book.note(REAPER, "removed without terraform", str(error))
        teardown.forget(owner, REAPER)

    def _close(self) -> str:
        """Close the ledger and report; a run that was kept on request has its report already."""
        if self._case.kept and not self._case.open and self._case.outcome:
            self._book.close(self._case.outcome, reported_by=REAPER)
            return self._case.outcome
        return self._report()

    def _report(self, more: str = "") -> str:
        card = failure_report(self._case, self._judged, more)
        states = states_of(self._book.entries())
        record = Reporter(self._settings, self._night).report(states, reported_by=REAPER, cleanup_failure=card)
        return str(record["outcome"])
