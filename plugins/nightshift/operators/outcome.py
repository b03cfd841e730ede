"""Set the run's state in Airflow from its record."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Context

from nightshift.failures.causes import Cause
from nightshift.failures.errors import NotASuccess
from nightshift.operators.base import NightOperator
from nightshift.operators.links import GOLD, PAGE, RECORD
from nightshift.report.reporter import Reporter
from nightshift.run.run_context import RunContext


class OutcomeOperator(NightOperator):
    """Succeed only if the run's closing entry and its record say success, so that Airflow, SNS and the reaper agree.
    Writes no ledger entry, since the closing one is the last."""

    operator_extra_links = (PAGE, RECORD, GOLD)

    def execute(self, context: Context) -> Any:
        night = self.identity(context)
        with self.reporting_failure(night):
            return self.work(night, context)

    def work(self, night: RunContext, context: Context) -> str:
        record = Reporter(self.settings, night).closed_record()
        if record is None:
            words = f"{night.run} has no closing ledger entry: its report did not end."
            raise NotASuccess(words, cause=Cause.STOPPED)
        if failure := record["failure"]:
            shown = {key: failure[key] for key in ("traceback", "tail", "tail_of", "input_file", "links")}
            words = f"{failure['task']} failed: {failure['message']}"
            raise NotASuccess(words, failure["next_action"], cause=Cause(failure["cause"]), details=shown)
        return str(record["outcome"])
