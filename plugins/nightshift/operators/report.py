"""Write the run's record and notify, whatever happened before."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Context

from nightshift.operators.base import NightOperator
from nightshift.operators.links import GOLD, PAGE, RECORD
from nightshift.report import message
from nightshift.report.reporter import Reporter
from nightshift.run import links
from nightshift.run.run_context import RunContext
from nightshift.run.tasks import Task


class ReportOperator(NightOperator):
    """Pass Airflow's states of the run's tasks, in the DAG's order, to the Reporter (report/reporter.py)."""

    operator_extra_links = (PAGE, RECORD, GOLD)

    def work(self, night: RunContext, context: Context) -> dict[str, Any]:
        states = context["ti"].get_task_states(dag_id=self.dag_id, run_ids=[night.run_id])[night.run_id]
        in_order = {task: states.get(task) for task in self.dag.task_ids}
        foundation = self.output_of(context, Task.APPLY_FOUNDATION) or {}
        run_record = Reporter(self.settings, night).report(
            in_order, reported_by="report", topic_arn=foundation.get("topic_arn")
        )
        uri = links.record(night)
        words = {"outcome": run_record["outcome"], "note": message.note(run_record, uri, self.settings.language)}
        return {**words, "record": links.record_uri(night), "notified": run_record["notified"]}
