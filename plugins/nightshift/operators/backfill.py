"""Operators of a backfill that differ from a night's: many days on one place, each with its own result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import Any

from airflow.sdk import Context
from botocore.exceptions import BotoCoreError, ClientError

from nightshift.aws import clients
from nightshift.compute import jobs, targets
from nightshift.compute.cost import PROVISIONING_MINUTES
from nightshift.compute.target import JobState, SubmittedJob
from nightshift.failures import steplog
from nightshift.failures.english import counted
from nightshift.failures.errors import ComputeError, DaysFailed, NightshiftError, PreflightError
from nightshift.lake.gaps import Gap, GapsHook
from nightshift.operators import gold
from nightshift.operators.base import NightOperator, WaitOperator
from nightshift.operators.compute import SubmitJobsOperator, known, made_from
from nightshift.operators.preflight import PreflightOperator
from nightshift.run import parameters
from nightshift.run.run_context import RunContext
from nightshift.run.tasks import Task
from nightshift.state import partition_locks


class PlanBackfillOperator(PreflightOperator):
    """Find the gaps and price them; a dry run, or a range without gaps, ends here. The XCom has the `days`: the oldest,
    as many as fit into a cluster's time limit. If others are left, the run gets a warning."""

    _gaps: Sequence[Gap] = ()
    _known = False

    def execute(self, context: Context) -> Any:
        with suppress(NightshiftError, BotoCoreError, ClientError):  # work raises it again, inside the ledger entries
            self._find(self.night(context), context)
        return super().execute(context)

    def is_plan_only(self, context: Context) -> bool:
        return super().is_plan_only(context) or (self._known and not self._gaps)

    def work(self, night: RunContext, context: Context) -> dict[str, Any]:
        if not self._known:
            self._find(night, context)
        left = self._leave(night)
        why = {str(gap.day): gap.why for gap in self._gaps}
        facts = {"days": list(why), "why": why, "minutes": self._minutes, **left}
        return {**self.checked(night, len(self._gaps)), **facts}

    def outline(self, night: RunContext) -> Iterator[str]:
        """Nothing: `why` has a line for each day."""
        yield from ()

    def show_plan(self, night: RunContext, context: Context) -> None:
        for gap in self._gaps:
            self.log.info("%s: %s", gap.day, gap.why)
        self.log.info("About %g minutes on one cluster. Nothing was created.", self._minutes)

    def _find(self, night: RunContext, context: Context) -> None:
        """Find the days to make. Raises ParameterError for an invalid range."""
        params = context["params"]
        first, last = parameters.days(params.get("first"), params.get("last"), night.today)
        force = bool(params.get("force"))
        self._gaps = GapsHook(clients.client(self.settings, "s3"), night).between(first, last, force=force)
        self._known = True
        self.log.info("%d of the days from %s to %s have a gap.", len(self._gaps), first, last)

    @property
    def _minutes(self) -> float:
        return PROVISIONING_MINUTES + self.pipeline.expected_minutes * len(self._gaps)

    def _leave(self, night: RunContext) -> dict[str, str]:
        """Leave the days beyond the cluster's time limit to another run. Raises PreflightError if not one day fits."""
        most = int((night.limit_minutes - PROVISIONING_MINUTES) // self.pipeline.expected_minutes)
        if most < 1:
            raise PreflightError(
                f"One day takes about {self.pipeline.expected_minutes:g} minutes, longer than a cluster may live"
                f" ({night.limit_minutes:g} with its start).",
                "Raise NIGHTSHIFT_LIFETIME_HOURS.",
            )
        self._gaps, left = self._gaps[:most], self._gaps[most:]
        if not left:
            return {}
        warning = (
            f"One cluster has no time for {counted(len(left), 'day')} from {left[0].day} on: run the backfill again"
        )
        self.log.warning("%s.", warning)
        return {"warning": warning}


class ClaimDaysOperator(NightOperator):
    """Claim each day; a day that another live run holds is left out. The XCom is {"days", "held"}."""

    def work(self, night: RunContext, context: Context) -> dict[str, Any]:
        held = {}
        days = self.output_of(context, Task.PREFLIGHT)["days"]
        for day in days:
            one_day = night.on(date.fromisoformat(day))
            claim = partition_locks.of(one_day)
            if taken := claim.take():
                partition_locks.note_takeover(one_day, self.task_id, taken)
            else:
                held[day] = f"held by {claim.holder()}"
                self.log.warning("%s is skipped: it is %s.", day, held[day])
        if len(held) == len(days):
            raise partition_locks.DateHeld(f"Every day is {'; '.join(sorted(set(held.values())))}: nothing to make.")
        return {"days": [day for day in days if day not in held], "held": held}


class SubmitDaysOperator(SubmitJobsOperator):
    """Submit one step a day, all in one call, to a target with a queue. The XCom is {day: step id}."""

    independent = True

    def specs(self, night: RunContext, context: Context, published: Any) -> list[jobs.Job]:
        return _specs(self, night, context, published)


class WaitForDaysOperator(WaitOperator):
    """Wait until every day's job has ended, and log how many have. The XCom is {"failed": {day: its error message}}.

    Where the target has no queue it submits each day's job when the one before has ended, and the XCom has {day: job
    id} too. A failed day does not fail this task: the others go on, and PublishDaysOperator names it.
    """

    def work(self, night: RunContext, context: Context) -> Any:
        return self._watch(night, seen=0) if targets.of(night).queues else self._submit(night, 0)

    def finish(self, night: RunContext, answer: dict[str, Any]) -> Any:
        if lost := answer.get("lost"):
            raise ComputeError(f"The {targets.of(night).noun} ended before the days: {lost}.")
        if "job_id" in answer:
            return self._go_on(night, answer["job_id"])
        states: dict[str, str] = answer["states"]
        self.log.info("%d of %d days have ended.", answer["ended"], len(states))
        if answer["ended"] < len(states):
            return self._watch(night, seen=answer["ended"])
        bad = [day for day, words in states.items() if words != JobState.COMPLETED]
        target = targets.of(night)
        return {"failed": self._failed(night, {day: target.job(self._place_id, self._jobs[day]) for day in bad})}

    def _submit(self, night: RunContext, number: int) -> Any:
        """Submit the job of one day, or adopt it, and wait for it. `number` counts from 0."""
        given = made_from(self, self._context)
        specs = _specs(self, night, self._context, self.output_of(self._context, Task.PUBLISH_JOBS))
        one, ours = [specs[number]], known(self, night, specs)
        submitted = targets.of(night).submit(night, self._place_id, one, ours, given, independent=True)
        job = {"target": night.compute, "place_id": self._place_id, "job_id": submitted[one[0].name]}
        return self.wait(night, "job_ended", job)

    def _go_on(self, night: RunContext, job_id: str) -> Any:
        """The next day after the one whose job has ended; after the last one the result."""
        days: list[str] = self.output_of(self._context, Task.CLAIM_DAYS)["days"]
        last = {job.name: job for job in targets.of(night).jobs(self._place_id)}
        ended = 1 + days.index(next(name for name, job in last.items() if job.id == job_id))
        self.log.info("%d of %d days have ended.", ended, len(days))
        if ended < len(days):
            return self._submit(night, ended)
        return {"failed": self._failed(night, {day: last[day] for day in days}), **{day: last[day].id for day in days}}

    def _watch(self, night: RunContext, seen: int) -> Any:
        arguments = {"target": night.compute, "place_id": self._place_id, "job_ids": self._jobs, "seen": seen}
        return self.wait(night, "jobs_ended", arguments)

    @property
    def _place_id(self) -> str:
        return str(self.output_of(self._context, Task.WAIT_FOR_COMPUTE)["id"])

    @property
    def _jobs(self) -> Mapping[str, str]:
        job_ids: Mapping[str, str] = self.output_of(self._context, Task.SUBMIT_JOBS)
        return job_ids

    def _failed(self, night: RunContext, by_day: Mapping[str, SubmittedJob]) -> dict[str, str]:
        """Why each day failed, of those that did."""
        bad = {day: job for day, job in by_day.items() if job.state != JobState.COMPLETED}
        return {day: self._words(night, day, job) for day, job in bad.items()}

    def _words(self, night: RunContext, day: str, job: SubmittedJob) -> str:
        """Why the day's job failed, from its log."""
        failed = job.state == JobState.FAILED
        logs = targets.of(night).logs(self._place_id, job.id).ends() if failed else {}
        message, *_ = steplog.diagnose(logs, job.said or "no log was pushed")
        words = f"its step is {job.words}" + (f": {message}" if failed else "")
        self.log.error("%s failed: %s", day, words)
        return words


class PublishDaysOperator(gold.PublishingOperator):
    """Audit and publish each day that was made. Raises DaysFailed naming the other days and why."""

    def work(self, night: RunContext, context: Context) -> dict[str, Any]:
        claimed = self.output_of(context, Task.CLAIM_DAYS)
        failed = {**claimed["held"], **self.output_of(context, Task.WAIT_FOR_DAYS)["failed"]}
        for day in claimed["days"]:
            if day not in failed and (why := self._publish(night.on(date.fromisoformat(day)))):
                failed[day] = why
        if failed:
            every = len(claimed["days"]) + len(claimed["held"])
            raise DaysFailed(f"{len(failed)} of {every} days were not made: {'; '.join(_reasons(failed))}.")
        if self.pipeline.restates:
            self._clear_unpublished(night, claimed["days"])
        self.announce(context, [night.on(date.fromisoformat(day)) for day in sorted(claimed["days"])])
        return {"published": claimed["days"]}

    def _clear_unpublished(self, night: RunContext, days: Sequence[str]) -> None:
        """Remove the `_unpublished` marks of all staged days, since every day is published now."""
        made = [m for day in days for m in self.lake(night.on(date.fromisoformat(day))).manifests()]
        staged = {day for manifest in made for table in manifest["gold"] for day in table.get("days", ())}
        self.lake(night).clear_unpublished(map(date.fromisoformat, sorted(staged)))

    def _publish(self, one_day: RunContext) -> str:
        """Audit and publish one day; returns '' if its gold is in place, else why it is not."""
        if broken := gold.violations(one_day, self.lake(one_day).manifests()):
            return "; ".join(broken)
        try:
            dict(gold.publish(one_day, self.task_id))
        except NightshiftError as refused:
            return str(refused.args[0])
        self.log.info("%s is published.", one_day.business_date)
        return ""


def _specs(task: NightOperator, night: RunContext, context: Context, published: Any) -> list[jobs.Job]:
    """The jobs of the days that are claimed."""
    days = [date.fromisoformat(day) for day in task.output_of(context, Task.CLAIM_DAYS)["days"]]
    return jobs.of_days(night, days, published["jobs_uri"], published.get("jars", ()))


def _reasons(failed: Mapping[str, str]) -> Iterator[str]:
    for day in sorted(failed):
        yield f"{day}: {failed[day]}"
