"""What every task of a night shares: its night, its ledger bracket, its way of waiting."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import BaseOperator, Context, TriggerRule
from airflow.sdk.bases.operator import TRIGGER_FAIL_REPR, TriggerFailureReason
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from nightshift import failures, links, shown, tracebacks
from nightshift import night as nights
from nightshift.config import Settings
from nightshift.errors import NightshiftError, ParameterError, Stopped, TriggerDied, WaitTimeout
from nightshift.hooks import aws
from nightshift.hooks.lake import LakeHook
from nightshift.ledger import Ledger
from nightshift.night import Night
from nightshift.pipeline import Pipeline
from nightshift.symptoms import AWS, cause_in
from nightshift.triggers import ProbeTrigger

BELT_SECONDS = 600  # after a wait's own deadline the scheduler ends it, should no triggerer be alive to do so


class NightOperator(BaseOperator):
    """A task that does its work between two ledger entries. Subclasses write `work`; what it returns is the XCom.

    Whatever ends the work becomes a failure card, in the ledger and in the task's log; the card's cause decides
    whether Airflow may try again (nightshift.causes).
    """

    _told_to_stop = False

    def __init__(self, *, pipeline: Pipeline, settings: Settings, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pipeline, self.settings = pipeline, settings

    @property
    def limit(self) -> timedelta | None:
        """How long the task may take; a wait has its own measure."""
        return self.execution_timeout

    def execute(self, context: Context) -> Any:
        return self._bracketed(context, lambda night: self.work(night, context))

    def work(self, night: Night, context: Context) -> Any:
        """The act itself. The dict or value that it returns goes to the ledger and to XCom."""
        raise NotImplementedError(f"{type(self).__name__} must say what its work is")

    def on_kill(self) -> None:
        """Called by Airflow at SIGTERM: the work goes on, and what it ends with is read in this light."""
        self._told_to_stop = True

    def night(self, context: Context) -> Night:
        """The night as it was asked for. Raises ParameterError, except in a task that runs whatever happened: that
        one gets the run without them, since a refused run has to be torn down and told as well."""
        try:
            return self._night(context, context["params"])
        except ParameterError:
            if self.is_teardown or self.trigger_rule == TriggerRule.ALL_DONE:
                return self._refused(context)
            raise

    def identity(self, context: Context) -> Night:
        """The night, or just its identity when its parameters are refused: enough to know where its ledger is."""
        try:
            return self.night(context)
        except ParameterError:
            return self._refused(context)

    def lake(self, night: Night) -> LakeHook:
        """The buckets, behind the names of the night."""
        return LakeHook(aws.client(self.settings, "s3"), night)

    def output_of(self, context: Context, task_id: str) -> Any:
        """What an earlier task returned, or None if it did not get that far."""
        return context["ti"].xcom_pull(task_ids=task_id)

    @contextmanager
    def carded(self, night: Night) -> Iterator[None]:
        """Whatever ends the body becomes a card in the task's log, and final if the cause is not worth a retry."""
        try:
            yield
        except TaskDeferred:
            raise
        except BaseException as error:  # also a timeout, which is none of Exception's
            card = failures.card(error, self.task_id, {"record": links.record(night)})
            self.log.error("%s", failures.text(card))  # noqa: TRY400 - Airflow prints the traceback below it
            if isinstance(error, AirflowFailException) or failures.is_worth_a_retry(card, error):
                raise
            words = shown.plain(f"{card['message']} Next: {card['next_action']}")
            # How one of our own sentences came about is no news; the way of an unforeseen error is.
            raise AirflowFailException(words) from None if isinstance(error, NightshiftError) else error

    def _refused(self, context: Context) -> Night:
        """The run with default parameters, but for its date if that one is good."""
        try:
            return self._night(context, {"business_date": context["params"].get("business_date")})
        except ParameterError:
            return self._night(context, {})

    def _night(self, context: Context, params: Mapping[str, Any]) -> Night:
        run = context["dag_run"]
        times = {"started_at": run.start_date, "eve_of": _eve_of(run)}
        return nights.from_run(self.settings, self.pipeline, run.run_id, run.run_after, params, **times)

    def _bracketed(self, context: Context, work: Callable[[Night], Any], *, resumed: bool = False) -> Any:
        night, attempt = self.identity(context), context["ti"].try_number
        with self.carded(night):
            ledger = Ledger(aws.client(self.settings, "s3"), night)
            with ledger.act(self.task_id, attempt, limit=self.limit, resumed=resumed) as facts:
                result = self._done(work, context)
                facts.update(result if isinstance(result, dict) else {})
        return result

    def _done(self, work: Callable[[Night], Any], context: Context) -> Any:
        """The work's result. An error that came after SIGTERM is taken for its consequence."""
        try:
            return work(self.night(context))
        except AirflowFailException:  # embedded.stop says so itself, and that it is final
            raise
        except Exception as error:
            if self._told_to_stop:
                raise Stopped(f"{self.task_id} was told to stop (SIGTERM); it ended with: {error}") from error
            raise


def _eve_of(dag_run: Any) -> datetime | None:
    """The moment on whose eve a run works by default: of a scheduled one, and of Airflow's own backfill, the end of its
    interval, of any other its logical date; None for one without."""
    if getattr(dag_run, "run_type", None) in {"scheduled", "backfill"}:
        return getattr(dag_run, "data_interval_end", None)
    return getattr(dag_run, "logical_date", None)


class WaitOperator(NightOperator):
    """A task that starts something and waits for a probe to answer.

    `work` ends in `return self.wait(…)`; `finish` turns the probe's answer into the task's result. Deferrable by
    setting: the triggerer holds the wait then, and the worker's slot is free.
    """

    _context: Context  # of this try
    _last_chance = False

    def __init__(self, *, wait_minutes: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.wait_minutes = wait_minutes

    @property
    def limit(self) -> timedelta:
        return timedelta(minutes=self.wait_minutes)

    def finish(self, night: Night, answer: dict[str, Any]) -> Any:
        """What the task makes of the probe's answer. Raises when the answer is bad news."""
        raise NotImplementedError(f"{type(self).__name__} must say what it makes of the answer")

    def wait(self, night: Night, probe: str, arguments: dict[str, Any], minutes: float | None = None) -> Any:
        """Ask PROBES[probe](settings, **arguments) until it answers, then `finish`. Raises WaitTimeout. `minutes` is
        what is left of the task's own."""
        seconds = 0 if self._last_chance else (self.wait_minutes if minutes is None else minutes) * 60
        trigger = ProbeTrigger(probe, arguments, self.settings.poll_seconds, time.time() + seconds)
        answer = trigger.ask(self.settings)
        if answer is None and self.settings.deferrable:
            belt, attempt = timedelta(seconds=seconds + BELT_SECONDS), self._context["ti"].try_number
            self.defer(trigger=trigger, method_name="resume", kwargs={"attempt": attempt}, timeout=belt)
        return self._finish(night, answer if answer is not None else trigger.block(self.settings))

    def resume(self, context: Context, event: dict[str, Any], attempt: int | None = None) -> Any:
        """Called by Airflow when the trigger fired, of the try that was deferred as `attempt`.

        A task that is cleared while it runs begins its next try here too, with the news of the one before
        (clear_task_instances in Airflow 3.3.1 leaves next_method to a running task): that try begins anew.
        """
        if attempt not in {None, context["ti"].try_number}:
            return self.execute(context)
        return self._bracketed(context, lambda night: self._finish(night, event), resumed=True)

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Airflow's entry after a deferral. A trigger that died or went silent arrives here as "__fail__", past
        every bracket (airflow.sdk.bases.operator); it becomes a card like any other failure."""
        if next_method != TRIGGER_FAIL_REPR:
            return super().resume_execution(next_method, next_kwargs, context)
        why = next_kwargs or {}
        return self._bracketed(context, lambda night: self._after_the_trigger(night, context, why), resumed=True)

    def overdue(self, night: Night) -> NightshiftError:
        """The error for a wait that ran out."""
        return WaitTimeout(f"{self.task_id} of {night.run} had no answer in {self.wait_minutes:g} minutes.")

    def _bracketed(self, context: Context, work: Callable[[Night], Any], *, resumed: bool = False) -> Any:
        self._context = context
        return super()._bracketed(context, work, resumed=resumed)

    def _after_the_trigger(self, night: Night, context: Context, why: Mapping[str, Any]) -> Any:
        """Silence until the belt: ask once more from here, for there may be news that nobody brought. An error in
        the trigger: tell it, with the cause that its last words give away."""
        if why.get("error") == TriggerFailureReason.TRIGGER_TIMEOUT:
            self._last_chance = True
            return self.work(night, context)
        traceback = tracebacks.last_of([line for part in why.get("traceback") or () for line in part.splitlines()])
        words = traceback.error[0] if traceback and traceback.error else str(why.get("error", "no reason given"))
        raise TriggerDied(
            f"The wait of {self.task_id} broke in Airflow's triggerer: {words}",
            cause=cause_in(words, AWS),
            details={"traceback": tracebacks.card_entry(traceback)},
        )

    def _finish(self, night: Night, event: dict[str, Any]) -> Any:
        if event.get("overdue"):
            raise self.overdue(night)
        return self.finish(night, event)
