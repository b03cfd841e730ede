"""Base operators: the run context, the ledger entries around a task's work, and deferrable waits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import BaseOperator, Context, TriggerRule
from airflow.sdk.bases.operator import TRIGGER_FAIL_REPR, TriggerFailureReason
from airflow.sdk.exceptions import AirflowFailException, TaskAwaitingInput, TaskDeferred

from nightshift.aws import clients
from nightshift.config import Settings
from nightshift.contracts.pipeline import Pipeline
from nightshift.failures import cards, shown, tracebacks
from nightshift.failures.errors import NightshiftError, ParameterError, Stopped, TriggerDied, WaitTimeout
from nightshift.failures.symptoms import AWS, cause_in
from nightshift.lake import assets
from nightshift.lake.storage import LakeHook
from nightshift.operators.links import PluginLink, spoken
from nightshift.run import links
from nightshift.run.run_context import RunContext, from_run
from nightshift.state.ledger import Ledger
from nightshift.waits.triggers import ProbeTrigger

SAFETY_SECONDS = 600  # safety timeout: so long after its deadline the scheduler ends a wait that no triggerer ended


class NightOperator(BaseOperator):
    """A task that does its work between two ledger entries. Subclasses implement `work`; its return value is the XCom.

    Any error becomes a failure report (card), in the ledger and at the end of the task's log; its cause decides whether
    Airflow may retry (nightshift.failures.causes).
    """

    operator_extra_links: tuple[PluginLink, ...] = ()
    last_words = ""  # the failure report of this try
    _stop_requested = False

    def __init__(self, *, pipeline: Pipeline, settings: Settings, **kwargs: Any) -> None:
        super().__init__(on_failure_callback=say_last_words, on_retry_callback=say_last_words, **kwargs)
        self.pipeline, self.settings = pipeline, settings
        self.operator_extra_links = spoken(self.operator_extra_links, settings.language)

    @property
    def limit(self) -> timedelta | None:
        """How long the task may take; a WaitOperator uses its wait_minutes."""
        return self.execution_timeout

    def execute(self, context: Context) -> Any:
        return self._bracketed(context, lambda night: self.work(night, context))

    def work(self, night: RunContext, context: Context) -> Any:
        """Do the task's work. The return value goes to XCom and, if it is a dict, to the ledger."""
        raise NotImplementedError(f"{type(self).__name__} must implement work")

    def on_kill(self) -> None:
        """Called by Airflow at SIGTERM. The work goes on; an error after this is raised as Stopped."""
        self._stop_requested = True

    def night(self, context: Context) -> RunContext:
        """The night with the run's parameters. Raises ParameterError, except in a teardown or ALL_DONE task: that one
        gets the night with default parameters, since a refused run needs its teardown and report as well."""
        try:
            return self._night(context, context["params"])
        except ParameterError:
            if self.is_teardown or self.trigger_rule == TriggerRule.ALL_DONE:
                return self._refused(context)
            raise

    def identity(self, context: Context) -> RunContext:
        """The night, with default parameters when its own are refused: enough to locate its ledger."""
        try:
            return self.night(context)
        except ParameterError:
            return self._refused(context)

    def lake(self, night: RunContext) -> LakeHook:
        """The S3 hook for this night's keys."""
        return LakeHook(clients.client(self.settings, "s3"), night)

    def output_of(self, context: Context, task_id: str) -> Any:
        """The XCom of an earlier task, or None if it has none."""
        return context["ti"].xcom_pull(task_ids=task_id)

    @contextmanager
    def reporting_failure(self, night: RunContext) -> Iterator[None]:
        """Keep the failure report of any error of the body; raise AirflowFailException if a retry is not worthwhile."""
        try:
            yield
        except (TaskDeferred, TaskAwaitingInput):
            raise
        except BaseException as error:  # also AirflowTaskTimeout, a BaseException
            card = cards.card(error, self.task_id, {"record": links.record(night)}, self.settings.again)
            self.last_words = cards.text(card)
            if isinstance(error, AirflowFailException) or cards.is_worth_a_retry(card, error):
                raise
            words = shown.plain(f"{card['message']} Next: {card['next_action']}")
            # The traceback of one of our own errors adds nothing; that of an unexpected error does.
            raise AirflowFailException(words) from None if isinstance(error, NightshiftError) else error

    def _refused(self, context: Context) -> RunContext:
        """The night with default parameters, and with its own business date if that is valid."""
        try:
            return self._night(context, {"business_date": context["params"].get("business_date")})
        except ParameterError:
            return self._night(context, {})

    def _night(self, context: Context, params: Mapping[str, Any]) -> RunContext:
        run = context["dag_run"]
        if self.pipeline.after and not params.get("business_date"):
            params = {**params, "business_date": assets.date_of(context["triggering_asset_events"], self.pipeline)}
        times = {"started_at": run.start_date, "eve_of": _eve_of(run)}
        return from_run(self.settings, self.pipeline, run.run_id, run.run_after, params, **times)

    def _bracketed(self, context: Context, work: Callable[[RunContext], Any], *, resumed: bool = False) -> Any:
        night, attempt = self.identity(context), context["ti"].try_number
        with self.reporting_failure(night):
            ledger = Ledger(clients.client(self.settings, "s3"), night)
            with ledger.act(self.task_id, attempt, limit=self.limit, resumed=resumed) as facts:
                result = self._done(work, context)
                facts.update(result if isinstance(result, dict) else {})
        return result

    def _done(self, work: Callable[[RunContext], Any], context: Context) -> Any:
        """The work's result. Raises Stopped for an error after SIGTERM, which is taken as its consequence."""
        try:
            return work(self.night(context))
        except AirflowFailException:  # final, with a message of its own
            raise
        except Exception as error:
            if self._stop_requested:
                raise Stopped(f"{self.task_id} was stopped (SIGTERM); it ended with: {error}") from error
            raise


def say_last_words(context: Context) -> None:
    """Log the failure report of a task that failed: called by Airflow after it has logged the traceback. The line
    before closes the group of lines that Airflow has opened, which its UI shows folded."""
    task = context["task"]
    if words := getattr(task, "last_words", ""):  # none after a kill: then Airflow calls this elsewhere
        task.log.info("::endgroup::")
        task.log.error("%s", words)


def _eve_of(dag_run: Any) -> datetime | None:
    """The moment whose previous day is the default business date: data_interval_end of a scheduled run or one of
    Airflow's own backfill, logical_date of any other; None for a run without it."""
    if getattr(dag_run, "run_type", None) in {"scheduled", "backfill"}:
        return getattr(dag_run, "data_interval_end", None)
    return getattr(dag_run, "logical_date", None)


class WaitOperator(NightOperator):
    """A task that starts something and waits for a probe's result.

    `work` ends in `return self.wait(…)`; `finish` turns the probe's result into the task's result. With the setting
    `deferrable` the wait runs in the triggerer and the worker slot is free.
    """

    _context: Context  # of this try
    _last_chance = False

    def __init__(self, *, wait_minutes: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.wait_minutes = wait_minutes

    @property
    def limit(self) -> timedelta:
        return timedelta(minutes=self.wait_minutes)

    def finish(self, night: RunContext, answer: dict[str, Any]) -> Any:
        """Turn the probe's result into the task's result. Raises if the result is a failure."""
        raise NotImplementedError(f"{type(self).__name__} must implement finish")

    def wait(self, night: RunContext, probe: str, arguments: dict[str, Any], minutes: float | None = None) -> Any:
        """Poll PROBES[probe](settings, **arguments) until it returns a result, then call `finish`. `minutes` is the
        time left, by default wait_minutes. Raises what `overdue` gives, by default WaitTimeout."""
        seconds = 0 if self._last_chance else (self.wait_minutes if minutes is None else minutes) * 60
        trigger = ProbeTrigger(probe, arguments, self.settings.poll_seconds, time.time() + seconds)
        answer = trigger.poll(self.settings)
        if answer is None and self.settings.deferrable:
            safety_timeout, attempt = timedelta(seconds=seconds + SAFETY_SECONDS), self._context["ti"].try_number
            self.defer(trigger=trigger, method_name="resume", kwargs={"attempt": attempt}, timeout=safety_timeout)
        return self._finish(night, answer if answer is not None else trigger.block(self.settings))

    def resume(self, context: Context, event: dict[str, Any], attempt: int | None = None) -> Any:
        """Called by Airflow when the trigger fired; `attempt` is the number of the try that deferred.

        A task that is cleared while it runs also starts its next try here, with the event of the previous one
        (clear_task_instances in Airflow 3.3.1 keeps next_method of a running task): that try starts from the beginning.
        """
        if attempt not in {None, context["ti"].try_number}:
            return self.execute(context)
        return self._bracketed(context, lambda night: self._finish(night, event), resumed=True)

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Airflow's entry after a deferral. A trigger that failed or timed out arrives here as "__fail__", outside
        `execute` and `resume` (airflow.sdk.bases.operator); it gets a failure report like any other failure."""
        if next_method != TRIGGER_FAIL_REPR:
            return super().resume_execution(next_method, next_kwargs, context)
        why = next_kwargs or {}
        return self._bracketed(context, lambda night: self._after_the_trigger(night, context, why), resumed=True)

    def overdue(self, night: RunContext) -> NightshiftError:
        """The error for a wait that timed out."""
        return WaitTimeout(f"{self.task_id} of {night.run} timed out after {self.wait_minutes:g} minutes.")

    def _bracketed(self, context: Context, work: Callable[[RunContext], Any], *, resumed: bool = False) -> Any:
        self._context = context
        return super()._bracketed(context, work, resumed=resumed)

    def _after_the_trigger(self, night: RunContext, context: Context, why: Mapping[str, Any]) -> Any:
        """After the safety timeout, poll once more here: the trigger may have missed the result. After an error in the
        trigger, raise TriggerDied with the cause that the error's text shows."""
        if why.get("error") == TriggerFailureReason.TRIGGER_TIMEOUT:
            self._last_chance = True
            return self.work(night, context)
        traceback = tracebacks.last_of([line for part in why.get("traceback") or () for line in part.splitlines()])
        words = traceback.error[0] if traceback and traceback.error else str(why.get("error", "no reason given"))
        raise TriggerDied(
            f"The wait of {self.task_id} failed in Airflow's triggerer: {words}",
            cause=cause_in(words, AWS),
            details={"traceback": tracebacks.card_entry(traceback)},
        )

    def _finish(self, night: RunContext, event: dict[str, Any]) -> Any:
        if event.get("overdue"):
            raise self.overdue(night)
        return self.finish(night, event)
