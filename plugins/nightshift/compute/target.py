"""What a compute target is: where a run's jobs may run, in words that no service owns.

A target is a folder beside this file and a line in targets.py. Its `place` is what a run starts and stops there: a
cluster, an application, a job definition. Source of the design: docs/decisions/0037-compute-is-a-target.md.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Protocol, runtime_checkable

from nightshift.compute import jobs
from nightshift.compute.cost import Node
from nightshift.compute.resources import Finders, Removals
from nightshift.config import Settings
from nightshift.failures.causes import Cause
from nightshift.run.run_context import RunContext


class JobState(StrEnum):
    """The state of a submitted job."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"  # it ended without an error of its own

    @property
    def ended(self) -> bool:
        return self in {JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED}


class PlaceState(StrEnum):
    """What a place is good for."""

    STARTING = "STARTING"
    READY = "READY"  # it takes jobs and runs them
    STOPPING = "STOPPING"
    GONE = "GONE"


@dataclass(frozen=True)
class Place:
    """A place as it is now. `words` is the service's own word for its state, `code` and `reason` its reason for it."""

    id: str
    name: str
    state: PlaceState
    words: str
    code: str = ""
    reason: str = ""
    created_at: datetime | None = None
    ready_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def why(self) -> str:
        """Code and reason in one phrase."""
        return ": ".join(part for part in (self.code, self.reason) if part)

    @property
    def usable(self) -> bool:
        """Whether it takes jobs, now or soon."""
        return self.state in {PlaceState.STARTING, PlaceState.READY}


@dataclass(frozen=True)
class SubmittedJob:
    """A submitted job as it is now. `words` is the service's own state, `said` its reason for it, '' if none. `billed`:
    what the service bills for it, in the target's own units; empty while it is not known."""

    id: str
    name: str
    state: JobState
    words: str
    said: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    log_uri: str = ""
    billed: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Ingredients:
    """What a place is made from: outputs of the foundation and the transient stack, and the published jobs."""

    foundation: Mapping[str, Any]
    transient: Mapping[str, Any]
    jobs_uri: str
    jars: Sequence[str] = ()


@dataclass(frozen=True)
class Attempt:
    """Another attempt to get a place, after the place `gone` went for the reason `why`. `number` counts from 1, `how`
    says what is asked for now, `avoid` is what the target shall not use again."""

    number: int
    why: str
    gone: str
    how: str
    avoid: frozenset[str] = frozenset()


class LogEnds(Protocol):
    """The logs of one job."""

    def are_there(self) -> bool:
        """Whether the service has delivered one of them; also true if that cannot be known."""

    def ends(self) -> dict[str, list[str]]:
        """The last lines of "stdout" and "stderr", as far as they can be read."""


def request_text(call: str, body: Mapping[str, Any]) -> str:
    """A request as text, one line for each part of its body: Airflow shows 4,096 characters of a rendered field."""
    parts = (f"{name}: {json.dumps(value, separators=(',', ':'))}" for name, value in body.items())
    return "\n".join([call, *parts])


@runtime_checkable
class ListsNodes(Protocol):
    """A target whose places are billed by node and second, from their start to their end."""

    def nodes(self, places: Sequence[Place], now: datetime) -> list[Node]:
        """Every node that the places had; none if the service does not list them."""


@runtime_checkable
class SharesPlaces(Protocol):
    """A target whose places other runs use too."""

    def seconds(self, places: Sequence[Place], now: datetime) -> Mapping[str, float]:
        """The run's own seconds of the places: {"billed", "start_up", "working", "idle"}."""


@runtime_checkable
class ShowsRequests(Protocol):
    """A target that can say what it requests, for Airflow's page of rendered templates."""

    def place_request(self, run: RunContext, made_from: Ingredients) -> str:
        """What is requested for the place, in its first attempt."""

    def job_request(self, run: RunContext, job: jobs.Job, made_from: Ingredients) -> str:
        """What is requested for a job: its command line or the service's body."""


class ComputeTarget(Protocol):
    """Where jobs run. Errors are ComputeError with the service's words, or botocore's."""

    name: ClassVar[str]
    noun: ClassVar[str]  # what a person calls a place: cluster, application
    places_kind: ClassVar[str]  # the kind of resource that its places are
    queues: ClassVar[bool]  # whether it runs submitted jobs one after the other; else each waits for its predecessor
    remembers: ClassVar[bool]  # whether the service still knows a place and its jobs when the place is gone
    next_actions: ClassVar[Mapping[Cause, str]]  # what a person does about a failed job, where the remedy differs
    finders: ClassVar[Finders]
    removals: ClassVar[Removals]  # of those kinds that `stop` leaves

    def __init__(self, settings: Settings) -> None: ...

    def refusal(self, run: RunContext, /) -> str:
        """Why the target cannot run this run's jobs, and which can; '' if it can. Raises PreflightError if the price of
        what it would use is not known, with the command that adds it."""

    def plan(self, run: RunContext, jobs_uri: str, specs: Sequence[jobs.Job]) -> Iterator[str]:
        """What would be requested, for a dry run: one text a request."""

    def prices(self) -> dict[str, str]:
        """Where the prices come from, in a phrase: {"prices_as_of": a date, "prices": their source}."""

    def shape(self, run: RunContext) -> str:
        """The machines that it would use, in a phrase: nights are compared with others of the same shape."""

    def estimate(self, run: RunContext, minutes: float) -> float:
        """The price in dollars of `minutes` of work, with what starting the place costs. Raises PreflightError, as
        `measured` does, if a price is not known."""

    def measured(self, run: RunContext, places: Sequence[Place], entries: Sequence[Any], now: datetime) -> float:
        """The price in dollars of what the run used until `now`; `entries` are its ledger's."""

    def start(self, run: RunContext, made_from: Ingredients, attempt: Attempt | None = None) -> str:
        """The id of the run's one usable place: the one it has, else a new one. Does not wait."""

    def next_attempt(self, run: RunContext, first: str) -> Attempt:
        """What to try after the last place of this try, which began with `first`, is gone. Raises ComputeError with the
        service's reason when no attempt is left."""

    def place(self, place_id: str) -> Place:
        """One place, however long ago it ended."""

    def places(self, run: RunContext, first: str = "") -> list[Place]:
        """Every place that the run had, oldest first; from `first` on if it is given."""

    def submit(
        self,
        run: RunContext,
        place_id: str,
        specs: Sequence[jobs.Job],
        known: Collection[str],
        made_from: Ingredients,
        /,
        *,
        independent: bool,
    ) -> dict[str, str]:
        """Submit jobs, to run in this order; returns name -> id. Adopts those of a submission whose response was lost.
        `known`: the ids that earlier submissions returned. `independent`: whether one runs though another failed."""

    def job(self, place_id: str, job_id: str) -> SubmittedJob:
        """One submitted job."""

    def jobs(self, place_id: str) -> list[SubmittedJob]:
        """Every job of a place, oldest first."""

    def logs(self, place_id: str, job_id: str) -> LogEnds:
        """The logs of a job."""

    def links(self, run: RunContext, place_id: str, job_id: str = "") -> dict[str, str]:
        """Links of a failure report: "cluster" to the place's page, "step_log" to the job's logs."""

    def stop(self, place_ids: Collection[str]) -> None:
        """End jobs and ask for the end of these places. Returns before they are gone. A service that needs several
        requests for that gets the next one when this is called again, as long as a place is usable."""
