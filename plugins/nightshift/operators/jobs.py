"""Wait for one job and fail with the job's own error unless it COMPLETED."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Context

from nightshift.compute import cost_limit, jobs, one_by_one, targets
from nightshift.compute.target import JobState
from nightshift.failures import steplog
from nightshift.failures.causes import Cause
from nightshift.failures.errors import ComputeError, JobFailed, NightshiftError
from nightshift.failures.symptoms import CUT_SHORT, cause_in
from nightshift.operators.base import WaitOperator
from nightshift.operators.compute import input_bytes, known, made_from, requests
from nightshift.operators.links import COMPUTE, STEP_LOG
from nightshift.run import links
from nightshift.run.links import JOB_KEY
from nightshift.run.run_context import RunContext
from nightshift.run.tasks import Task

SHOWN_LINES = 15  # of a successful job's log


class WaitForJobOperator(WaitOperator):
    """One waiting task per pipeline step, so that the graph shows which layer failed. Where the target has no queue, it
    submits the step's job first. If a step is several jobs, the task waits for the last one and reports the one that
    failed."""

    template_fields = ("command",)
    overwrite_rtif_after_execution = True  # Airflow's flag to show the fields as they are when the task has ended
    operator_extra_links = (STEP_LOG, COMPUTE)
    command = ""

    def __init__(self, *, step: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.step = step

    def work(self, night: RunContext, context: Context) -> Any:
        place_id = self.output_of(context, Task.WAIT_FOR_COMPUTE)["id"]
        job_id = self._submitted(night, context, place_id)
        self.log.info("Waiting for job %s (%s) on %s %s", self.step, job_id, night.compute, place_id)
        return self._wait_for(night, place_id, job_id)

    def finish(self, night: RunContext, answer: dict[str, Any]) -> Any:
        self._show(night)
        if answer["state"] == JobState.COMPLETED:
            self._log_end(night, answer)
            return {"state": answer["words"], self.step: answer["job_id"]}
        if answer["state"] == JobState.CANCELLED and (culprit := self._failed_before(night, answer)):
            return self._wait_for(night, answer["place_id"], culprit)  # it has ended; this waits for its logs
        self._refuse_dollars(night, answer)
        raise self._failed(night, answer) if answer["state"] == JobState.FAILED else self._lost(night, answer)

    def _show(self, night: RunContext) -> None:
        """The job's command line, for Airflow's page of rendered templates. A task that lost its XComs shows none."""
        if not self.output_of(self._context, Task.PUBLISH_JOBS):
            return
        self.command = requests(night, self._specs(night), made_from(self, self._context))

    def _specs(self, night: RunContext) -> list[jobs.Job]:
        """The jobs of this step."""
        given = made_from(self, self._context)
        step = next(step for step in self.pipeline.steps if step.name == self.step)
        return jobs.of_step(night, step, given.jobs_uri, given.jars, input_bytes(self, self._context))

    def _log_end(self, night: RunContext, answer: dict[str, Any]) -> None:
        """Log the last lines of a successful job and where its log is; a service may deliver it minutes later."""
        logs = targets.of(night).logs(answer["place_id"], answer["job_id"])
        ends = logs.ends() if logs.are_there() else {}
        for stream, lines in ends.items():
            self.log.info("The last lines of %s:\n%s", stream, "\n".join(steplog.tail(lines, SHOWN_LINES)))
        where = self._links(night, answer, self.step).get("step_log", "")
        link = STEP_LOG.title.of(self.settings.language)
        self.log.info("Whole log: %s (and the link %s). %s", where, link, "" if ends else "It is not delivered yet.")

    def _submitted(self, night: RunContext, context: Context, place_id: str) -> str:
        """The id of the step's (last) job: from submit_jobs, or of the job that this task submits or adopts."""
        target = targets.of(night)
        if target.queues:
            return str(self.output_of(context, Task.SUBMIT_JOBS)[self.step])
        specs = self._specs(night)
        ours, given = known(self, night, specs), made_from(self, context)
        return target.submit(night, place_id, specs, ours, given, independent=False)[self.step]

    def _wait_for(self, night: RunContext, place_id: str, job_id: str) -> Any:
        job = {"target": night.compute, "place_id": place_id, "job_id": job_id}
        self._context["ti"].xcom_push(key=JOB_KEY, value=job)
        return self.wait(night, "job_ended", {"target": night.compute, "place_id": place_id, "job_id": job_id})

    def _failed_before(self, night: RunContext, answer: dict[str, Any]) -> str | None:
        """The failed job that cancelled this one, if the step is several jobs."""
        target = targets.of(night)
        ids = [job_id for job_id in self._parts(night) if job_id != answer["job_id"]]
        return next((i for i in ids if target.job(answer["place_id"], i).state == JobState.FAILED), None)

    def _parts(self, night: RunContext) -> dict[str, str]:
        """The jobs of this step, if there are several: id -> name, in order; else empty."""
        step = next(step for step in self.pipeline.steps if step.name == self.step)
        names = jobs.names(night, step)
        submitted = self.output_of(self._context, Task.SUBMIT_JOBS) if len(names) > 1 else {}
        return {submitted[name]: name for name in names if name in submitted}

    def _failed(self, night: RunContext, answer: dict[str, Any]) -> NightshiftError:
        """The error from the job's logs, else the service's reason; of a job without logs whose place ended, that
        end."""
        logs = targets.of(night).logs(answer["place_id"], answer["job_id"]).ends()
        if not logs and answer["lost"]:
            return self._lost(night, answer)
        message, cause, details = steplog.diagnose(logs, _last_line(answer["said"]))
        name = self._parts(night).get(answer["job_id"], self.step)
        details["links"] = self._links(night, answer, name)
        of_log = details.pop("next_action", None)
        advice = targets.of(night).next_actions.get(cause) or of_log
        return JobFailed(f"Step {name} is {answer['words']}: {message}", advice, cause=cause, details=details)

    def _refuse_dollars(self, night: RunContext, answer: dict[str, Any]) -> None:
        """Raise ComputeError if the job was ended because its run's dollars were used. Where jobs queue, it is the
        place's own reason."""
        target, job_id = targets.of(night), answer["job_id"]
        if target.queues:
            return
        every = target.jobs(answer["place_id"])
        upto = next((every[: n + 1] for n, job in enumerate(every) if job.id == job_id), [])
        if upto and (why := one_by_one.dollars_ended(night, target.estimate, upto)):
            words = f"Step {self.step} is {answer['words']}: {why}."
            details = {"links": self._links(night, answer, self.step)}
            raise ComputeError(words, cost_limit.raise_it(night.dollar_limit or 0), kind="dollars", details=details)

    def _lost(self, night: RunContext, answer: dict[str, Any]) -> NightshiftError:
        """The error for a job without one of its own: cancelled, interrupted, or its place ended before it."""
        reason = answer["lost"] or answer["said"] or f"{night.compute} gives no reason"
        words = f"Step {self.step} is {answer['words']}: {reason}."
        details: dict[str, Any] = {"links": self._links(night, answer, self.step)}
        if cost_limit.REACHED in reason:
            return ComputeError(words, cost_limit.raise_it(night.dollar_limit or 0), kind="dollars", details=details)
        if answer["lost"]:
            return ComputeError(words, details=details)
        target, cause = targets.of(night), cause_in(words, CUT_SHORT) or Cause.STOPPED
        details |= steplog.tail_of(target.logs(answer["place_id"], answer["job_id"]).ends())
        return JobFailed(words, target.next_actions.get(cause), cause=cause, details=details)

    def _links(self, night: RunContext, answer: dict[str, Any], name: str) -> dict[str, str]:
        return links.there(night, targets.of(night).links(night, answer["place_id"], answer["job_id"]), name)


def _last_line(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1].strip() if lines else ""
