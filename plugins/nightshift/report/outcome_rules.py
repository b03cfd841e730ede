"""Outcome rules: decide from a run's facts whether it is a success, and give the reasons if it is not. Pure.

Success means: every expected step COMPLETED in its last submission, every manifest passes the audit, gold was published
after the last of its work, the proof that nothing is left came after the last act, and every task is a success.
Airflow's states alone prove nothing, since a person may mark a task by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any, NamedTuple

from nightshift.compute import jobs
from nightshift.compute.cost import Node
from nightshift.compute.target import JobState, Place, SubmittedJob
from nightshift.failures.causes import Cause
from nightshift.lake import audit
from nightshift.run.run_context import RunContext
from nightshift.run.tasks import AFTER_GOLD, REPORTING, Task
from nightshift.run.tasks import job as task_of

Entry = Mapping[str, Any]
SUCCESS, WITH_WARNINGS, FAILED = "success", "success with warnings", "failed"  # all that an outcome may be
PROOF = Task.PROVE_NOTHING_LEFT
ENDS = {"end": "success", "failed": "failed", "begin": "interrupted"}


@dataclass(frozen=True)
class RunFacts:
    """The facts of a run from which its report is made; each sequence oldest first. `seconds`: of its places, if other
    runs used them too."""

    entries: Sequence[Entry]
    states: Mapping[str, str | None]
    places: Sequence[Place] = ()
    jobs: Sequence[SubmittedJob] = ()
    manifests: Sequence[Mapping[str, Any]] = ()
    nodes: Sequence[Node] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    ended_at: datetime = field(default_factory=lambda: datetime.now(UTC))


class Doubt(NamedTuple):
    """One reason why a night is not a success: its task, its cause and a phrase that says it."""

    task: str
    cause: Cause
    words: str


def doubts(night: RunContext, facts: RunFacts) -> list[Doubt]:
    """Every reason why the night is not a success; empty for a success."""
    return [*_tasks(facts), *_steps(night, facts), *_gold(night, facts), *_teardown(night, facts.entries)]


def outcome(night: RunContext, facts: RunFacts) -> str:
    """The night's outcome: SUCCESS, WITH_WARNINGS or FAILED."""
    if doubts(night, facts):
        return FAILED
    return WITH_WARNINGS if audit.shortfalls(facts.manifests, night.settings) else SUCCESS


def judged(states: Mapping[str, str | None]) -> dict[str, str | None]:
    """The task states that count for the outcome: all but those of REPORTING."""
    return {task: state for task, state in states.items() if task not in REPORTING}


def states_of(entries: Sequence[Entry]) -> dict[str, str | None]:
    """The tasks' states from the ledger alone, for runs that Airflow no longer knows or whose state is unreliable.

    In the order in which the tasks first began; a task that began and never ended is "interrupted".
    """
    last = {entry["task"]: ENDS[entry["phase"]] for entry in entries if entry["phase"] in ENDS}
    return judged(dict(last))


def proof(entries: Sequence[Entry]) -> Entry | None:
    """The last ledger entry of a check for resources that the run left; None if there is none."""
    return next((entry for entry in reversed(entries) if _is_proof(entry)), None)


def is_published(entries: Sequence[Entry]) -> bool:
    """Whether the last try to publish completed and no earlier task began again since."""
    return states_of(entries).get(Task.PUBLISH) == "success" and not _begun_again(entries)


def days(entries: Sequence[Entry]) -> list[str]:
    """The days that a backfill was to make; none for a night."""
    return next((list(entry["days"]) for entry in reversed(entries) if entry.get("days")), [])


def _tasks(facts: RunFacts) -> Iterator[Doubt]:
    states = judged(facts.states)
    if not states:
        yield Doubt(Task.PREFLIGHT, Cause.STOPPED, "no task has a known state")
    for task, state in states.items():
        if state != "success":
            yield Doubt(task, Cause.STOPPED, f"task {task} is {state or 'without a state'}")


def _steps(night: RunContext, facts: RunFacts) -> Iterator[Doubt]:
    last = {job.name: job for job in facts.jobs}
    for name, task in _expected(night, facts.entries).items():
        job = last.get(name)
        if job is None or job.state != JobState.COMPLETED:
            words = f"step {name} is {job.words}" if job else f"step {name} was never submitted"
            yield Doubt(task, Cause.STOPPED, words)


def _expected(night: RunContext, entries: Sequence[Entry]) -> dict[str, str]:
    """The jobs that must exist, each with the task that waits for it."""
    if night.pipeline.fills:
        return dict.fromkeys(days(entries), Task.WAIT_FOR_DAYS)
    own = [(step, name) for step in night.pipeline.steps for name in jobs.names(night, step)]
    return {name: task_of(step.name) for step, name in own}


def _gold(night: RunContext, facts: RunFacts) -> Iterator[Doubt]:
    yield from (Doubt(Task.AUDIT, Cause.DATA, violation) for violation in _violations(night, facts))
    if states_of(facts.entries).get(Task.PUBLISH) != "success":
        yield Doubt(Task.PUBLISH, Cause.STOPPED, "gold was not completely published")
    elif again := _begun_again(facts.entries):
        yield Doubt(Task.PUBLISH, Cause.STOPPED, f"{', '.join(sorted(again))} began after gold was published")


def _violations(night: RunContext, facts: RunFacts) -> Iterator[str]:
    """Every contract rule that staged data breaks; of a backfill with the day."""
    if not night.pipeline.fills:
        yield from audit.violations(night.pipeline, facts.manifests, night.settings)
    for day in days(facts.entries):
        own = [manifest for manifest in facts.manifests if manifest["business_date"] == day]
        yield from (f"{day}: {violation}" for violation in audit.violations(night.pipeline, own, night.settings))


def _teardown(night: RunContext, entries: Sequence[Entry]) -> Iterator[Doubt]:
    """A task that began after the proof may have made resources again. With keep_cluster resources may be alive."""
    seen = proof(entries)
    if seen is None:
        yield Doubt(PROOF, Cause.LEAK, "no check has shown that nothing is left")
        return
    if begun := _begun_since(_is_proof, entries) - {PROOF}:
        yield Doubt(PROOF, Cause.LEAK, f"{', '.join(sorted(begun))} began after the proof that nothing is left")
    if seen["alive"] and not night.keep_cluster:
        yield Doubt(PROOF, Cause.LEAK, f"still alive: {'; '.join(map(str, seen['alive']))}")


def _begun_again(entries: Sequence[Entry]) -> set[str]:
    """The tasks before publish that began after it last ended: the night was cleared, so its published gold is old."""
    return _begun_since(lambda entry: (entry["task"], entry["phase"]) == (Task.PUBLISH, "end"), entries) - AFTER_GOLD


def _begun_since(mark: Callable[[Entry], bool], entries: Sequence[Entry]) -> set[str]:
    """The tasks that began after the last entry for which `mark` is true, without REPORTING."""
    later = takewhile(lambda entry: not mark(entry), reversed(entries))
    return {entry["task"] for entry in later if entry["phase"] == "begin"} - REPORTING


def _is_proof(entry: Entry) -> bool:
    return "checked" in entry
