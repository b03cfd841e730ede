"""Wait until the night's input has arrived and settled, before a cluster exists and costs money."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Context

from nightshift.failures.errors import InputsMissing, NightshiftError
from nightshift.operators.base import WaitOperator
from nightshift.run.run_context import RunContext


class WaitForInputsOperator(WaitOperator):
    """The XCom is {"files", "bytes"} of the input and, if there are any, `unreadable`: keys that no job can read."""

    def work(self, night: RunContext, context: Context) -> dict[str, Any]:
        if night.replay:
            self.log.info("A replay reads the quarantine of %s, no input.", night.business_date)
            return {"files": 0, "bytes": 0}
        if not night.input_prefix:
            self.log.info("All input comes from the database whose secret is %s.", night.source_secret)
            return {"files": 0, "bytes": 0}
        what = f"gold {self.pipeline.after} of {night.business_date}" if self.pipeline.after else "files"
        self.log.info("Waiting for %s in %s", what, night.input_uri)
        where = {"prefix": night.input_prefix, "kind": self.pipeline.input_kind}
        result: dict[str, Any] = self.wait(night, "inputs_settled", where)
        return result

    def finish(self, night: RunContext, answer: dict[str, Any]) -> dict[str, Any]:
        self.log.info("%(files)d files with %(bytes)d bytes have arrived.", answer)
        for key in answer.get("unreadable", ()):
            self.log.warning(
                "%r is skipped: a key with an empty part, . or .. is not a path. Rename it and run again.", key
            )
        return answer

    def overdue(self, night: RunContext) -> NightshiftError:
        where = night.input_uri
        return InputsMissing(
            f"No complete input in {where} after {self.wait_minutes:g} minutes: nothing came, or files kept coming."
        )
