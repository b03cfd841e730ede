"""The input against its contract, before the cluster exists: drift costs a look, not a night."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Context

from nightshift import drift
from nightshift.errors import SchemaDrifted
from nightshift.hooks import aws
from nightshift.hooks.deliveries import DeliveriesHook
from nightshift.night import Night
from nightshift.operators.base import NightOperator

MOST_TOLD = 20


class CheckInputsOperator(NightOperator):
    """Report the columns that drifted from the contract of their source; refuse what the contract says to refuse.

    The XCom is {"drifted": number of deliveries} and, if there are any, the `warning` that goes into the record.
    """

    def work(self, night: Night, context: Context) -> dict[str, Any]:
        if night.replay or not self.pipeline.reads_files:  # the job holds a database against its contract
            return {"drifted": 0}
        found = DeliveriesHook(aws.client(self.settings, "s3"), night).drifts()
        told = drift.report(found)
        for line in told:
            self.log.warning("%s", line)
        words = f"The input drifted from its contract: {'; '.join(told[:MOST_TOLD])}."
        if any(d.rule == "refuse" for drifted in found.values() for d in drifted):
            raise SchemaDrifted(words)
        return {"drifted": len(found), **({"warning": words} if told else {})}
