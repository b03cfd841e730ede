"""What every task of a night shares: its night, its ledger bracket, its way of waiting."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any, NoReturn

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException

from nightshift import night as nights
from nightshift.config import Settings
from nightshift.errors import NightshiftError, WaitTimeout
from nightshift.hooks import aws
from nightshift.hooks.lake import LakeHook
from nightshift.ledger import Ledger
from nightshift.night import Night
from nightshift.pipeline import Pipeline
from nightshift.probes import PROBES
from nightshift.triggers import ProbeTrigger


class NightOperator(BaseOperator):
    """A task that does its work between two ledger entries. Subclasses write `work`; what it returns is the XCom.

    Errors of ours that a retry cannot mend fail the task at once; everything else is retried as the DAG says.
    """

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

    def night(self, context: Context) -> Night:
        dag_run = context["dag_run"]
        run_id, asked_at, started_at = dag_run.run_id, dag_run.run_after, dag_run.start_date
        return nights.from_run(self.settings, self.pipeline, run_id, asked_at, context["params"], started_at=started_at)

    def lake(self, night: Night) -> LakeHook:
        return LakeHook(aws.client(self.settings, "s3"), night)

    def output_of(self, context: Context, task_id: str) -> Any:
        """What an earlier task returned, or None if it did not get that far."""
        return context["ti"].xcom_pull(task_ids=task_id)

    def _bracketed(self, context: Context, work: Any, *, resumed: bool = False) -> Any:
        try:
            night = self.night(context)
            ledger = Ledger(aws.client(self.settings, "s3"), night)
            with ledger.act(self.task_id, context["ti"].try_number, limit=self.limit, resumed=resumed) as facts:
                result = work(night)
                facts.update(result if isinstance(result, dict) else {})
        except NightshiftError as error:
            self._fail(error)
        return result

    def _fail(self, error: NightshiftError) -> NoReturn:
        if error.retryable:
            raise error
        raise AirflowFailException(str(error)) from error


class WaitOperator(NightOperator):
    """A task that starts something and waits for a probe to answer.

    `work` ends in `return self.wait(…)`; `finish` turns the probe's answer into the task's result. Deferrable by
    setting: the triggerer holds the wait then, and the worker's slot is free.
    """

    def __init__(self, *, wait_minutes: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.wait_minutes = wait_minutes

    @property
    def limit(self) -> timedelta:
        return timedelta(minutes=self.wait_minutes)

    def finish(self, night: Night, answer: dict[str, Any]) -> Any:
        """What the task makes of the probe's answer. Raises when the answer is bad news."""
        raise NotImplementedError(f"{type(self).__name__} must say what it makes of the answer")

    def wait(self, night: Night, probe: str, arguments: dict[str, Any]) -> Any:
        """Ask PROBES[probe](settings, **arguments) until it answers, then `finish`. Raises WaitTimeout."""
        trigger = ProbeTrigger(probe, arguments, self.settings.poll_seconds, time.time() + self.wait_minutes * 60)
        answer = PROBES[probe](self.settings, **arguments)
        if answer is None and self.settings.deferrable:
            self.defer(trigger=trigger, method_name="resume")
        return self._finish(night, answer if answer is not None else trigger.block(self.settings))

    def resume(self, context: Context, event: dict[str, Any]) -> Any:
        """Called by Airflow when the trigger fired."""
        return self._bracketed(context, lambda night: self._finish(night, event), resumed=True)

    def overdue(self, night: Night) -> NightshiftError:
        """The error for a wait that ran out."""
        return WaitTimeout(f"{self.task_id} of {night.run} had no answer in {self.wait_minutes:g} minutes.")

    def _finish(self, night: Night, event: dict[str, Any]) -> Any:
        if event.get("overdue"):
            raise self.overdue(night)
        return self.finish(night, event)
