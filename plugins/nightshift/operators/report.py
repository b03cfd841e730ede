"""The report: runs whatever happened, writes the record, tells SNS."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Context
from botocore.exceptions import BotoCoreError, ClientError

from nightshift.hooks import aws
from nightshift.hooks.emr import ALIVE, EmrHook
from nightshift.ledger import Ledger
from nightshift.night import Night
from nightshift.operators.base import NightOperator
from nightshift.report import message
from nightshift.report.record import Findings, build

EVER = (*ALIVE, "TERMINATED", "TERMINATED_WITH_ERRORS")


class ReportOperator(NightOperator):
    """Gathers what the ledger, Airflow, EMR and the manifests say. That SNS is down is logged and recorded; it does
    not change what the night was."""

    def work(self, night: Night, context: Context) -> dict[str, Any]:
        record = build(night, self._findings(night, context))
        uri = night.uri("lake", f"{night.record_prefix}record.json")
        record["notified"] = self._notify(record, uri, self.output_of(context, "apply_foundation") or {})
        self._keep(night, record)
        self.log.info("%s", message.body(record, uri))
        return {"outcome": record["outcome"], "record": uri, "notified": record["notified"]}

    def _findings(self, night: Night, context: Context) -> Findings:
        emr = EmrHook(aws.client(self.settings, "emr"))
        clusters = emr.clusters(night, EVER)
        states = context["ti"].get_task_states(dag_id=self.dag_id, run_ids=[night.run_id])[night.run_id]
        in_order = {task: states.get(task) for task in self.dag.task_ids}
        return Findings(
            entries=Ledger(aws.client(self.settings, "s3"), night).entries(),
            states=in_order,
            clusters=clusters,
            steps=emr.steps(clusters[-1]["Id"]) if clusters else (),
            manifests=self._manifests(night),
        )

    def _manifests(self, night: Night) -> list[dict[str, Any]]:
        try:
            return self.lake(night).manifests()
        except ClientError as missing:
            self.log.warning("No manifests: %s", missing)
            return []

    def _notify(self, record: dict[str, Any], uri: str, foundation: dict[str, Any]) -> bool:
        topic = foundation.get("topic_arn")
        if not topic:
            self.log.warning("Nobody was told: the foundation gave no topic.")
            return False
        try:
            aws.client(self.settings, "sns").publish(
                TopicArn=topic, Subject=message.subject(self.settings.name, record), Message=message.body(record, uri)
            )
        except (BotoCoreError, ClientError):
            self.log.exception("Nobody was told: SNS refused. The record stands at %s", uri)
            return False
        return True

    def _keep(self, night: Night, record: dict[str, Any]) -> None:
        try:
            self.lake(night).write_record(record)
        except ClientError as missing:
            self.log.warning("The record could not be kept: %s", missing)
