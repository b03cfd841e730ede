"""A cluster that several runs use, as the compute target of one of them.

What differs from a run's own cluster: who requests and who ends it (packs), that steps are named by their run and
submitted one at a time, since EMR would cancel the others' steps behind a failed one, and that the run pays for its
share (shares).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from nightshift.aws import clock
from nightshift.compute import cost, one_by_one
from nightshift.compute.emr import packs, shares, spec
from nightshift.compute.emr.client import USABLE, creating, refuse_if_dead
from nightshift.compute.emr.packs import Pack
from nightshift.compute.emr.shares import Span
from nightshift.compute.emr.target import EmrTarget, place_of
from nightshift.compute.jobs import Job
from nightshift.compute.target import Attempt, Ingredients, Place, PlaceState, SubmittedJob, request_text
from nightshift.run.run_context import RunContext

LEFT = "LEFT"  # the word for a cluster that the run no longer uses and another does


class SharedEmrTarget(EmrTarget):
    """The cluster of a pack. To a member, a cluster that it has left is gone."""

    queues: ClassVar = False

    def __init__(self, pack: Pack) -> None:
        super().__init__(pack.member.settings)
        self._pack, self._whole = pack, EmrTarget(pack.member.settings)

    def shape(self, run: RunContext) -> str:
        """The fleets, and that they are shared: what a night costs depends on that."""
        return f"{super().shape(run)}, shared in {self._pack.context.pipeline.name}"

    def start(self, _run: RunContext, made_from: Ingredients, attempt: Attempt | None = None) -> str:
        """The cluster that the run uses from now on: its own, another member's, else a new one. While another member
        requests one, this waits for it, packs.START at most."""
        return self._pack.board(self._usable, lambda: self._whole.create(self._pack.context, made_from, attempt))

    def place_request(self, _run: RunContext, made_from: Ingredients) -> str:
        return super().place_request(self._pack.context, made_from)

    def job_request(self, run: RunContext, job: Job, _made_from: Ingredients) -> str:
        return request_text("AddJobFlowSteps", spec.shared_step(run, job, None))

    def next_attempt(self, _run: RunContext, first: str) -> Attempt:
        return super().next_attempt(self._pack.context, first)

    def places(self, _run: RunContext, first: str = "") -> list[Place]:
        """The clusters that the run has used since it joined its pack, each once; from `first` on if it is given."""
        stays = {stay.place_id: stay for stay in self._pack.stays()}
        ids = list(stays)
        own = ids[ids.index(first) :] if first in ids else ids
        return [self._seen(self.place(place_id), stays[place_id]) for place_id in own]

    def submit(
        self,
        run: RunContext,
        place_id: str,
        specs: Sequence[Job],
        known: Collection[str],
        _made_from: Ingredients,
        *,
        independent: bool,  # noqa: ARG002 - of a pack every step is
    ) -> dict[str, str]:
        """Submit steps under the run's name. Where the run's dollars buy less than a step may take, the step has their
        time as its limit. Raises ComputeError if they buy none."""
        emr = creating(self._settings)
        refuse_if_dead(emr.cluster(place_id))
        minutes = one_by_one.limit_minutes(run, self.estimate, self.jobs(place_id))
        limit = minutes if minutes < self._settings.step_timeout_minutes else None
        names = {f"{run.run} {job.name}": job.name for job in specs}
        ids = emr.submit(place_id, [spec.shared_step(run, job, limit) for job in specs], known)
        return {names[name]: step_id for name, step_id in ids.items()}

    def jobs(self, place_id: str) -> list[SubmittedJob]:
        """The run's own jobs of a cluster, by the names that the pipeline gives them."""
        own = f"{self._pack.member.run} "
        every = super().jobs(place_id)
        return [replace(job, name=job.name.removeprefix(own)) for job in every if job.name.startswith(own)]

    def stop(self, place_ids: Collection[str]) -> None:
        """Leave the clusters, cancel what the run still has there, and end those that nobody uses now."""
        own = [stay.place_id for stay in self._pack.stays() if not stay.end]
        ended = self._pack.leave_places()
        deserted = self._alive() if self._pack.is_deserted else []
        ending = [place.id for place in map(self.place, dict.fromkeys([*ended, *deserted])) if place.usable]
        for place_id in {*own, *place_ids} - {*ending}:
            self._emr.cancel(place_id, [job.id for job in self.jobs(place_id) if not job.state.ended])
        super().stop(ending)

    def nodes(self, places: Sequence[Place], now: datetime) -> list[cost.Node]:
        by_id = {place.id: place for place in places}
        return [self._shared(node, by_id[node.place_id], now) for node in super().nodes(places, now)]

    def measured(self, run: RunContext, places: Sequence[Place], _entries: Sequence[Any], now: datetime) -> float:
        """The run's share of the price of the clusters' lives."""
        return round(sum(super().measured(run, [place], (), now) * self._part(place, now) for place in places), 4)

    def seconds(self, places: Sequence[Place], now: datetime) -> Mapping[str, float]:
        """The run's seconds of the clusters, by what they were."""
        lives = [(place, place.created_at, place.ready_at, place.ended_at or now) for place in places]
        known = [(place, begin, min(ready or end, end), end) for place, begin, ready, end in lives if begin]
        billed = sum(self._owned(place, begin, end) for place, begin, _, end in known)
        start_up = sum(self._owned(place, begin, ready) for place, begin, ready, _ in known)
        working = sum(one_by_one.seconds(self.jobs(place.id)) for place in places)
        idle = max(0.0, round(billed - start_up - working, 3))
        return {"billed": round(billed, 3), "start_up": round(start_up, 3), "working": working, "idle": idle}

    def _usable(self) -> list[str]:
        """The clusters of the pack that take another member: half of their time limit is left."""
        settings = self._settings
        oldest = clock.now(settings) - timedelta(minutes=settings.cluster_limit_minutes / 2)
        own = {stay.place_id for stay in self._pack.stays() if not stay.end}
        found = map(place_of, self._emr.clusters(self._pack.context, USABLE))
        return [place.id for place in found if place.id in own or (place.created_at and place.created_at > oldest)]

    def _alive(self) -> list[str]:
        return [str(cluster["Id"]) for cluster in self._emr.clusters(self._pack.context, USABLE)]

    def _seen(self, place: Place, stay: packs.Stay) -> Place:
        """A cluster as the member sees it: gone once it has left it to others."""
        if stay.end is None or stay.last or (place.ended_at and place.ended_at <= stay.end):
            return place
        why = f"others of {self._pack.context.run} use it"
        return replace(place, state=PlaceState.GONE, words=LEFT, code="", reason=why, ended_at=stay.end)

    def _shared(self, node: cost.Node, place: Place, now: datetime) -> cost.Node:
        end = node.ended_at or now
        until = min(end, place.ended_at or now) if place.words == LEFT else end
        lived = max((end - node.started_at).total_seconds(), 60)
        own = self._owned(place, node.started_at, until) if until > node.started_at else 0.0
        return replace(node, share=own / lived)

    def _part(self, place: Place, now: datetime) -> float:
        begin, end = place.created_at, place.ended_at or now
        return self._owned(place, begin, end) / max((end - begin).total_seconds(), 1) if begin and begin < end else 0.0

    def _owned(self, place: Place, begin: datetime, end: datetime) -> float:
        stays = [Span(stay.run, stay.begin, stay.end) for stay in self._pack.stays(place.id)]
        steps = super().jobs(place.id)
        works = [Span(job.name.rpartition(" ")[0], job.started_at, job.ended_at) for job in steps if job.started_at]
        return shares.owned(self._pack.member.run, stays, works, begin, end)


def of(run: RunContext) -> SharedEmrTarget | None:
    """The target of a run that has joined a pack; None for any other."""
    home = packs.home(run)
    return SharedEmrTarget(home) if isinstance(home, Pack) else None
